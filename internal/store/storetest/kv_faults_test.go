package storetest_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"signet/internal/fault"
	"signet/internal/store/kv"
)

// TestManyNodesStartAtOnce: all find or make the tables.
func TestManyNodesStartAtOnce(t *testing.T) {
	start := func(t *testing.T, open func() kv.SQLOptions) {
		var wg sync.WaitGroup
		for range 8 {
			o := open()
			wg.Go(func() {
				b, err := kv.OpenSQL(t.Context(), o)
				if err != nil {
					t.Errorf("a node does not start: %v", err)
					return
				}
				t.Cleanup(func() { closeAll(t, b) })
				if err := b.Write(t.Context(), kv.Put("k", []byte("v"), time.Minute)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "kv.db")
		start(t, func() kv.SQLOptions {
			w, r := openSQLiteFile(t, path, 10*time.Second)
			return kv.SQLOptions{Dialect: kv.SQLite, Writer: w, Reader: r, Timeout: 10 * time.Second}
		})
	})
	t.Run("Postgres", func(t *testing.T) {
		t.Parallel()
		dsn := postgresSchema(t)
		start(t, func() kv.SQLOptions {
			db := openDB(t, "pgx", dsn, 4)
			return kv.SQLOptions{Dialect: kv.Postgres, Writer: db, Reader: db, Timeout: 10 * time.Second}
		})
	})
}

// TestSQLHangs: while somebody else holds the lock that a write needs, the
// write is given up at the deadline with the right kind of fault, reads of
// other rows go on, and once the lock is free all is well by itself.
func TestSQLHangs(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "kv.db")
		w, r := openSQLiteFile(t, path, 300*time.Millisecond)
		other, _ := openSQLiteFile(t, path, time.Second)
		testSQLHangs(t, kv.SQLOptions{Dialect: kv.SQLite, Writer: w, Reader: r}, func() func() error {
			conn, err := other.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
				t.Fatal(err)
			}
			return func() error {
				if _, err := conn.ExecContext(context.WithoutCancel(t.Context()), "ROLLBACK"); err != nil {
					return err
				}
				return conn.Close()
			}
		})
	})
	t.Run("Postgres", func(t *testing.T) {
		t.Parallel()
		db := openDB(t, "pgx", postgresSchema(t), 8)
		testSQLHangs(t, kv.SQLOptions{Dialect: kv.Postgres, Writer: db, Reader: db}, func() func() error {
			tx, err := db.BeginTx(t.Context(), &sql.TxOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.ExecContext(t.Context(), "UPDATE kv SET expires_at = expires_at"); err != nil {
				t.Fatal(err)
			}
			return tx.Rollback
		})
	})
}

func testSQLHangs(t *testing.T, o kv.SQLOptions, lock func() (unlock func() error)) {
	o.Timeout, o.SweepEvery = 300*time.Millisecond, -1
	b, err := kv.OpenSQL(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeAll(t, b) })
	if err := b.Write(t.Context(), kv.Put("a", []byte("v"), time.Hour), kv.Put("b", []byte("v"), time.Hour)); err != nil {
		t.Fatal(err)
	}
	unlock := lock()
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			began := time.Now()
			v, err := b.Take(t.Context(), "a")
			if v != nil || !fault.Is(err, fault.Unavailable) {
				t.Errorf("Take under a foreign lock = %q, %v", v, err)
			}
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("given up after %v", took)
			}
		})
	}
	wg.Wait()
	if v, err := b.Get(t.Context(), "b"); err != nil || string(v[0]) != "v" {
		t.Errorf("Get beside a foreign lock = %q, %v", v, err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	// What was given up is not done later: its callers were told no.
	time.Sleep(50 * time.Millisecond)
	if v, err := b.Take(t.Context(), "a"); err != nil || string(v) != "v" {
		t.Errorf("Take after the lock = %q, %v", v, err)
	}
}
