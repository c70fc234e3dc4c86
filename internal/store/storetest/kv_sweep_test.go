package storetest_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"signet/internal/store/kv"
)

// TestSweep: what has ended leaves the tables, however much it is, and what
// lives stays.
func TestSweep(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		writer, reader := openSQLiteFile(t, filepath.Join(t.TempDir(), "kv.db"), 10*time.Second)
		testSweep(t, kv.SQLite, writer, reader)
	})
	t.Run("Postgres", func(t *testing.T) {
		t.Parallel()
		db := openDB(t, "pgx", postgresSchema(t), 16)
		testSweep(t, kv.Postgres, db, db)
	})
}

func testSweep(t *testing.T, d kv.Dialect, writer, reader *sql.DB) {
	clock := newClock()
	s := openSQL(t, d, writer, reader, clock)
	for i := range 1500 { // several batches, with the living among the dead
		life := time.Minute
		if i%10 == 0 {
			life = time.Hour
		}
		key := fmt.Sprintf("k:{%d}", i)
		if err := s.Write(t.Context(), kv.Put(key, []byte("v"), life), kv.Add("set", key, life)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Count(t.Context(), kv.Tally{Key: key, N: 1, TTL: life}); err != nil {
			t.Fatal(err)
		}
	}
	clock.pass(2 * time.Minute)
	for _, table := range []string{"kv", "kv_member", "kv_counter"} {
		want, rows := 150, 0
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
			if err := reader.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&rows); err != nil {
				t.Fatal(err)
			}
			if rows <= want {
				break
			}
		}
		if rows != want {
			t.Errorf("%s: %d rows are left, want %d", table, rows, want)
		}
	}
}
