package sqlstore

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"signet/internal/fault"
)

func newWriterDB(t *testing.T, deadline time.Duration) *DB {
	t.Helper()
	db, err := Open(t.Context(), Options{URL: "sqlite://" + filepath.Join(t.TempDir(), "x.db"), Deadline: deadline})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

// count is how often the changes of a test were kept.
func count(t *testing.T, db *DB) int64 {
	t.Helper()
	all, err := db.Changes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all[topicClients]
}

// block holds the writer inside a change until release is called.
func block(t *testing.T, db *DB) (release func()) {
	t.Helper()
	entered, leave := make(chan struct{}), make(chan struct{})
	enter := sync.OnceFunc(func() { close(entered) }) // its group may have to begin anew
	var group sync.WaitGroup
	group.Go(func() {
		err := db.transact(context.Background(), func(context.Context, *conn) error {
			enter()
			<-leave
			return nil
		})
		if err != nil {
			t.Errorf("the change that blocks: %v", err)
		}
	})
	<-entered
	return func() { close(leave); group.Wait() }
}

func waitForQueue(w *sqliteWriter, n int) {
	for len(w.queue) < n {
		time.Sleep(time.Millisecond)
	}
}

// TestGroup puts changes that go well into one group with changes that fail in
// every way: each gets its own result.
func TestGroup(t *testing.T) {
	db := newWriterDB(t, 10*time.Second)
	mine := errors.New("mine")
	good := func(ctx context.Context, c *conn) error { return bump(ctx, c, topicClients) }
	fails := func(ctx context.Context, c *conn) error { return errors.Join(good(ctx, c), mine) }
	panics := func(ctx context.Context, c *conn) error { panic(good(ctx, c)) }
	ends := func(ctx context.Context, c *conn) error { // as a full disk does
		_, err := c.ExecContext(ctx, "ROLLBACK")
		return errors.Join(err, mine)
	}
	release := block(t, db)
	changes := []struct {
		f    func(context.Context, *conn) error
		kept bool
	}{{good, true}, {fails, false}, {good, true}, {panics, false}, {good, true}, {ends, false}, {good, true}}
	var group sync.WaitGroup
	for i, c := range changes {
		group.Go(func() {
			err := db.transact(t.Context(), c.f)
			if (err == nil) != c.kept {
				t.Errorf("change %d: %v, want success %v", i, err, c.kept)
			}
		})
		waitForQueue(db.write.(*sqliteWriter), i+1)
	}
	release()
	group.Wait()
	if n := count(t, db); n != 4 {
		t.Errorf("%d changes were kept, want 4", n)
	}
}

// TestOneCommit checks that changes which wait together are committed together.
func TestOneCommit(t *testing.T) {
	const changes = 10
	db := newWriterDB(t, 10*time.Second)
	release := block(t, db)
	before := db.Statements()
	var group sync.WaitGroup
	for range changes {
		group.Go(func() {
			if err := db.change(t.Context(), func(ctx context.Context, c *conn) error { return bump(ctx, c, topicClients) }); err != nil {
				t.Error(err)
			}
		})
	}
	waitForQueue(db.write.(*sqliteWriter), changes)
	release()
	group.Wait()
	// A savepoint, the change, and the release of the savepoint; the BEGIN and
	// the COMMIT are those of the change that blocked.
	if n := db.Statements() - before; n != 3*changes {
		t.Errorf("%d statements for %d changes, want %d", n, changes, 3*changes)
	}
	if n := count(t, db); n != changes {
		t.Errorf("%d changes were kept, want %d", n, changes)
	}
}

// TestGivenUp checks that a change whose caller gave up before its turn is not
// made, and that closing answers those who wait.
func TestGivenUp(t *testing.T) {
	db := newWriterDB(t, 10*time.Second)
	release := block(t, db)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err := db.change(ctx, func(ctx context.Context, c *conn) error { return bump(ctx, c, topicClients) })
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("given up: %v", err)
	}
	release()
	if n := count(t, db); n != 0 {
		t.Errorf("%d changes were made after their caller gave up", n)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	err = db.change(t.Context(), func(context.Context, *conn) error { return nil })
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("after Close: %v", err)
	}
}
