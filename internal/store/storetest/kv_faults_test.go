package storetest_test

import (
	"context"
	"database/sql"
	"sync"
	"testing"
	"time"

	"signet/internal/fault"
	"signet/internal/store/kv"
	"signet/internal/store/storetest"
)

// onEverySQL runs a test on a new database of each kind, by its address.
func onEverySQL(t *testing.T, test func(t *testing.T, address string)) {
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, storetest.SQLiteURL(t))
	})
	t.Run("Postgres", func(t *testing.T) {
		t.Parallel()
		test(t, storetest.PostgresURL(t))
	})
}

// TestManyNodesStartAtOnce: all find or make the tables.
func TestManyNodesStartAtOnce(t *testing.T) {
	onEverySQL(t, func(t *testing.T, address string) {
		var wg sync.WaitGroup
		for range 8 {
			o := sqlOptions(t, address, patience)
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
	})
}

// TestSQLHangs: while somebody else holds the lock that a write needs, the
// write is given up at the deadline with the right kind of fault, reads of
// other rows go on, and once the lock is free all is well by itself.
func TestSQLHangs(t *testing.T) {
	onEverySQL(t, func(t *testing.T, address string) {
		o := sqlOptions(t, address, 300*time.Millisecond)
		o.SweepEvery = -1
		b := openSQL(t, o)
		if err := b.Write(t.Context(), kv.Put("a", []byte("v"), time.Hour), kv.Put("b", []byte("v"), time.Hour)); err != nil {
			t.Fatal(err)
		}
		unlock := lockTable(t, sqlOptions(t, address, patience).Writer)
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
		unlock()
		// What was given up is not done later: its callers were told no.
		time.Sleep(50 * time.Millisecond)
		if v, err := b.Take(t.Context(), "a"); err != nil || string(v) != "v" {
			t.Errorf("Take after the lock = %q, %v", v, err)
		}
	})
}

// lockTable changes every row in a transaction that stays open.
func lockTable(t *testing.T, db *sql.DB) (unlock func()) {
	tx, err := db.BeginTx(context.WithoutCancel(t.Context()), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), "UPDATE kv SET expires_at = expires_at"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
	}
}
