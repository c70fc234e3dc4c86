package storetest_test

import (
	"fmt"
	"testing"
	"time"

	"signet/internal/store/kv"
	"signet/internal/store/storetest"
)

// TestSweep: what has ended leaves the tables, however much it is, and what
// lives stays.
func TestSweep(t *testing.T) {
	onEverySQL(t, func(t *testing.T, address string) {
		clock := storetest.NewClock()
		o := sqlOptions(t, address, patience)
		o.Now, o.SweepEvery = clock.Now, 10*time.Millisecond
		b := openSQL(t, o)
		for i := range 1500 { // several batches, with the living among the dead
			life := time.Minute
			if i%10 == 0 {
				life = time.Hour
			}
			key := fmt.Sprintf("k:{%d}", i)
			if err := b.Write(t.Context(), kv.Put(key, []byte("v"), life), kv.Add("set", key, life)); err != nil {
				t.Fatal(err)
			}
			if _, err := b.Count(t.Context(), kv.Tally{Key: key, N: 1, TTL: life}); err != nil {
				t.Fatal(err)
			}
		}
		clock.Pass(2 * time.Minute)
		for _, table := range []string{"kv", "kv_member", "kv_counter"} {
			want, rows := 150, 0
			for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
				if err := o.Reader.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&rows); err != nil {
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
	})
}
