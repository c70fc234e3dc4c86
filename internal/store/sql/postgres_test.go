package sqlstore_test

import (
	"database/sql"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"signet/internal/fault"
	sqlstore "signet/internal/store/sql"
	"signet/internal/store/storetest"
)

// TestPostgresRestart ends all of the store's connections behind its back, as
// a restart of the server does: the next reads must not notice, nor a write
// that follows.
func TestPostgresRestart(t *testing.T) {
	t.Parallel()
	address := storetest.PostgresURL(t)
	const name = "signet-restart" // no other test's connections
	db := storetest.OpenSQL(t, address+"&application_name="+name)
	admin, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	fill := func() { // several connections, all idle afterwards
		done := make(chan error)
		for range 8 {
			go func() {
				_, err := db.Changes(t.Context())
				done <- err
			}()
		}
		for range 8 {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
	}
	end := func() {
		for left := 1; left > 0; {
			err := admin.QueryRowContext(t.Context(), `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
				WHERE application_name = $1`, name).Scan(&left)
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 3 {
		fill()
		end()
		if _, err := db.Changes(t.Context()); err != nil {
			t.Fatalf("read after a restart: %v", err)
		}
		fill()
		end()
		if err := db.RevokeFamily(t.Context(), "grant", time.Now()); err != nil {
			t.Fatalf("write after a restart: %v", err)
		}
	}
}

// TestPostgresHangs puts a wire between store and server that stops to carry
// anything: each call must end with the deadline, and work again when the wire
// does.
func TestPostgresHangs(t *testing.T) {
	t.Parallel()
	const deadline = 300 * time.Millisecond
	address := storetest.PostgresURL(t)
	storetest.OpenSQL(t, address)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	w := newWire(t, u.Host)
	u.Host = w.listener.Addr().String()
	db, err := sqlstore.Open(t.Context(), sqlstore.Options{URL: u.String(), Deadline: deadline, MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()

	w.dead.Store(true)
	for name, call := range map[string]func() error{
		"a read":  func() error { _, err := db.Changes(t.Context()); return err },
		"a write": func() error { return db.RevokeFamily(t.Context(), "grant", time.Now()) },
		"a shared write": func() error {
			_, err := db.RotateFamily(t.Context(), "root", "client", 0, time.Now(), time.Now())
			return err
		},
		"a transaction": func() error {
			_, err := db.DeleteSigningKeys(t.Context(), time.Now())
			return err
		},
		"opening": func() error {
			other, err := sqlstore.Open(t.Context(), sqlstore.Options{URL: u.String(), Deadline: deadline})
			if err == nil {
				other.Close()
			}
			return err
		},
	} {
		start := time.Now()
		err := call()
		if took := time.Since(start); !fault.Is(err, fault.Unavailable) || took > 4*deadline {
			t.Errorf("%s: %v after %v; the deadline is %v", name, err, took, deadline)
		}
	}
	w.dead.Store(false)
	if _, err := db.Changes(t.Context()); err != nil {
		t.Errorf("the wire is back: %v", err)
	}
}

// wire carries bytes between the store and the server while it is not dead.
type wire struct {
	listener net.Listener
	server   string
	dead     atomic.Bool
}

func newWire(t *testing.T, server string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	w := &wire{listener: l, server: server}
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", w.server)
			if err != nil {
				near.Close()
				continue
			}
			go w.carry(near, far)
			go w.carry(far, near)
		}
	}()
	return w
}

// carry swallows what arrives while the wire is dead, as a network does.
func (w *wire) carry(from, to net.Conn) {
	defer to.Close()
	buf := make([]byte, 16<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 && !w.dead.Load() {
			if _, err := to.Write(buf[:n]); err != nil {
				from.Close()
				return
			}
		}
		if err != nil {
			return
		}
	}
}
