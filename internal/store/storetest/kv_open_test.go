package storetest_test

import (
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"signet/internal/handle"
	"signet/internal/store/kv"
	"signet/internal/store/storetest"
)

// kvBackends are all backends that a KV suite runs on.
var kvBackends = []struct {
	name string
	open storetest.KVOpener
}{
	{"Redis", openRedis},
	{"SQLite", openSQLite},
	{"Postgres", openPostgres},
}

func onEveryKV(t *testing.T, suite func(*testing.T, storetest.KVOpener)) {
	for _, b := range kvBackends {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			suite(t, b.open)
		})
	}
}

func TestKV(t *testing.T)       { onEveryKV(t, storetest.KV) }
func TestSessions(t *testing.T) { onEveryKV(t, storetest.Sessions) }
func TestFlows(t *testing.T)    { onEveryKV(t, storetest.Flows) }
func TestCodes(t *testing.T)    { onEveryKV(t, storetest.Codes) }
func TestLimits(t *testing.T)   { onEveryKV(t, storetest.Limits) }

// testURL returns the address of a server that the tests need.
func testURL(t testing.TB, name string) string {
	url := os.Getenv(name)
	if url == "" {
		t.Fatalf("%s is not set: run \"make test\", which starts what the tests need", name)
	}
	return url
}

// clock is a clock that moves when it is told to.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func openRedis(t testing.TB) storetest.KVStore {
	u := testURL(t, "SIGNET_TEST_REDIS_URL")
	sep := "?"
	if strings.Contains(u, "?") {
		sep = "&"
	}
	// Each test has its own prefix. What it leaves behind ends by itself.
	u += sep + "prefix=" + handle.Short() + ":"
	open := func() kv.Backend {
		b, err := kv.OpenRedis(u, 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { closeAll(t, b) })
		return b
	}
	return storetest.KVStore{Backend: open(), Peer: open(), Now: time.Now, Pass: time.Sleep}
}

func openSQLite(t testing.TB) storetest.KVStore {
	path := filepath.Join(t.TempDir(), "kv.db")
	clock := newClock()
	open := func() kv.Backend {
		writer, reader := openSQLiteFile(t, path, 10*time.Second)
		return openSQL(t, kv.SQLite, writer, reader, clock)
	}
	return storetest.KVStore{Backend: open(), Peer: open(), Now: clock.now, Pass: clock.pass}
}

func openSQLiteFile(t testing.TB, path string, timeout time.Duration) (writer, reader *sql.DB) {
	dsn := kv.SQLiteDSN(path, timeout)
	return openDB(t, "sqlite", dsn, 1), openDB(t, "sqlite", dsn, 4)
}

func openPostgres(t testing.TB) storetest.KVStore {
	dsn := postgresSchema(t)
	clock := newClock()
	open := func() kv.Backend {
		db := openDB(t, "pgx", dsn, 16)
		return openSQL(t, kv.Postgres, db, db, clock)
	}
	return storetest.KVStore{Backend: open(), Peer: open(), Now: clock.now, Pass: clock.pass}
}

// postgresSchema makes a schema for one test and returns the URL that opens it.
func postgresSchema(t testing.TB) string {
	base := testURL(t, "SIGNET_TEST_POSTGRES_URL")
	admin := openDB(t, "pgx", base, 1)
	schema := "kv_" + strings.ToLower(strings.NewReplacer("-", "_").Replace(handle.Short()))
	if _, err := admin.Exec(`CREATE SCHEMA "` + schema + `"`); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec(`DROP SCHEMA "` + schema + `" CASCADE`); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal("SIGNET_TEST_POSTGRES_URL is not a URL")
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

func openDB(t testing.TB, driver, dsn string, conns int) *sql.DB {
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	t.Cleanup(func() { closeAll(t, db) })
	return db
}

func openSQL(t testing.TB, d kv.Dialect, writer, reader *sql.DB, c *clock) kv.Backend {
	b, err := kv.OpenSQL(t.Context(), kv.SQLOptions{
		Dialect: d, Writer: writer, Reader: reader, Now: c.now, Timeout: 10 * time.Second, SweepEvery: 10 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeAll(t, b) })
	return b
}

func closeAll(t testing.TB, c interface{ Close() error }) {
	if err := c.Close(); err != nil {
		t.Error(fmt.Errorf("close: %w", err))
	}
}
