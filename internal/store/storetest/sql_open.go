package storetest

import (
	"context"
	"database/sql"
	"encoding/hex"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"signet/internal/handle"
	sqlstore "signet/internal/store/sql"
)

// SQLiteURL returns the address of a new SQLite file that goes with the test.
func SQLiteURL(t testing.TB) string {
	t.Helper()
	file := url.URL{Scheme: "sqlite", Path: filepath.ToSlash(filepath.Join(t.TempDir(), "store's test.db"))}
	return file.String()
}

// PostgresURL makes an empty schema in the database that
// SIGNET_TEST_POSTGRES_URL names, and returns the address of that. The schema
// goes with the test; a database for each test would cost a checkpoint when it
// goes. Without the variable the test fails.
func PostgresURL(t testing.TB) string {
	t.Helper()
	server := os.Getenv("SIGNET_TEST_POSTGRES_URL")
	if server == "" {
		t.Fatal("run `make test`, which starts PostgreSQL, or set SIGNET_TEST_POSTGRES_URL")
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal("SIGNET_TEST_POSTGRES_URL is not a URL")
	}
	schema := "test_" + hex.EncodeToString([]byte(handle.Short()))[:24]
	admin := open(t, server)
	mustExec(t, admin, "CREATE SCHEMA "+schema)
	t.Cleanup(func() { mustExec(t, admin, "DROP SCHEMA "+schema+" CASCADE") })
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

// patience is the deadline of databases whose deadline is not the matter: a
// machine that is busy with other tests is no failure.
const patience = 20 * time.Second

// OpenSQL opens the database at the address, migrated, until the test ends.
func OpenSQL(t testing.TB, address string) *sqlstore.DB {
	t.Helper()
	db := openEmpty(t, sqlstore.Options{URL: address, Deadline: patience})
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	return db
}

// openEmpty opens a database as it is, until the test ends.
func openEmpty(t testing.TB, o sqlstore.Options) *sqlstore.DB {
	t.Helper()
	db, err := sqlstore.Open(t.Context(), o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return db
}

// open opens a database beside the store, to look into it or to be in its way.
// The drivers are those that the store registers.
func open(t testing.TB, address string) *sql.DB {
	t.Helper()
	driver, source := "pgx", address
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		driver, source = "sqlite", "file:"+path+"?_busy_timeout=10000&_time_integer_format=unix_micro"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatalf("open %s: %v", driver, err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func mustExec(t testing.TB, db *sql.DB, text string, args ...any) {
	t.Helper()
	// Its own context: that of the test is over when cleaning up begins.
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if _, err := db.ExecContext(ctx, text, args...); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}
