package storetest_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"signet/internal/handle"
	"signet/internal/store/kv"
	sqlstore "signet/internal/store/sql"
	"signet/internal/store/storetest"
)

// kvBackends are all backends that a KV suite runs on.
var kvBackends = []struct {
	name string
	open storetest.KVOpener
}{
	{"Redis", openRedis},
	{"SQLite", func(t testing.TB) storetest.KVStore { return openSQLStore(t, storetest.SQLiteURL(t)) }},
	{"Postgres", func(t testing.TB) storetest.KVStore { return openSQLStore(t, storetest.PostgresURL(t)) }},
}

func onEveryKV(t *testing.T, suite func(*testing.T, storetest.KVOpener)) {
	for _, b := range kvBackends {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			suite(t, b.open)
		})
	}
}

func TestKV(t *testing.T)         { onEveryKV(t, storetest.KV) }
func TestSessions(t *testing.T)   { onEveryKV(t, storetest.Sessions) }
func TestFlows(t *testing.T)      { onEveryKV(t, storetest.Flows) }
func TestCodes(t *testing.T)      { onEveryKV(t, storetest.Codes) }
func TestChallenges(t *testing.T) { onEveryKV(t, storetest.Challenges) }
func TestRefusals(t *testing.T)   { onEveryKV(t, storetest.Refusals) }
func TestCIBA(t *testing.T)       { onEveryKV(t, storetest.CIBA) }
func TestDevices(t *testing.T)    { onEveryKV(t, storetest.Devices) }
func TestLimits(t *testing.T)     { onEveryKV(t, storetest.Limits) }

// patience is the timeout where it is not the matter: a machine that is busy
// with other tests is no failure.
const patience = 20 * time.Second

func openRedis(t testing.TB) storetest.KVStore {
	u := os.Getenv("SIGNET_TEST_REDIS_URL")
	if u == "" {
		t.Fatal("run `make test`, which starts Redis, or set SIGNET_TEST_REDIS_URL")
	}
	sep := "?"
	if strings.Contains(u, "?") {
		sep = "&"
	}
	// Each test has its own prefix. What it leaves behind ends by itself.
	u += sep + "prefix=" + handle.Short() + ":"
	open := func() kv.Backend {
		b, err := kv.OpenRedis(u, 0, patience)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { closeAll(t, b) })
		return b
	}
	return storetest.KVStore{Backend: open(), Peer: open(), Now: time.Now, Pass: time.Sleep}
}

func openSQLStore(t testing.TB, address string) storetest.KVStore {
	clock := storetest.NewClock()
	open := func() kv.Backend {
		o := sqlOptions(t, address, patience)
		o.Now, o.SweepEvery = clock.Now, 10*time.Millisecond
		return openSQL(t, o)
	}
	return storetest.KVStore{Backend: open(), Peer: open(), Now: clock.Now, Pass: clock.Pass}
}

// sqlOptions opens connections to the database as a server does.
func sqlOptions(t testing.TB, address string, timeout time.Duration) kv.SQLOptions {
	conns, err := sqlstore.OpenShortLived(sqlstore.Options{URL: address, MaxConns: 16, Deadline: timeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeAll(t, conns) })
	o := kv.SQLOptions{Dialect: kv.SQLite, Writer: conns.Writer, Reader: conns.Reader, Timeout: timeout}
	if conns.Postgres {
		o.Dialect = kv.Postgres
	}
	return o
}

func openSQL(t testing.TB, o kv.SQLOptions) kv.Backend {
	b, err := kv.OpenSQL(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeAll(t, b) })
	return b
}

func closeAll(t testing.TB, c interface{ Close() error }) {
	if err := c.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}
