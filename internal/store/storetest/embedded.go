package storetest

import (
	"sync"
	"testing"
	"time"

	"signet/internal/store/kv"
	sqlstore "signet/internal/store/sql"
)

// Embedded opens the stores of a house without servers, fresh and until the
// test ends, for tests of the packages that use them. now is their clock.
func Embedded(t testing.TB, now func() time.Time) (*sqlstore.DB, kv.Backend) {
	t.Helper()
	address := SQLiteURL(t)
	db := OpenSQL(t, address)
	conns, err := sqlstore.OpenShortLived(sqlstore.Options{URL: address, MaxConns: 4, Deadline: 10 * time.Second})
	if err != nil {
		t.Fatalf("OpenShortLived: %v", err)
	}
	backend, err := kv.OpenSQL(t.Context(), kv.SQLOptions{
		Dialect: kv.SQLite, Writer: conns.Writer, Reader: conns.Reader, Now: now, Timeout: 10 * time.Second,
	})
	if err != nil {
		t.Fatalf("OpenSQL: %v", err)
	}
	t.Cleanup(func() {
		if err := backend.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := conns.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return db, backend
}

// Clock is a clock that moves when it is told to, whoever looks at it then.
type Clock struct {
	mu sync.Mutex
	At time.Time
}

// NewClock returns a clock at a fixed moment.
func NewClock() *Clock { return &Clock{At: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)} }

// Now is the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.At
}

// Pass lets time pass.
func (c *Clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.At = c.At.Add(d)
}
