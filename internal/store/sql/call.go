package sqlstore

import (
	"context"
	"math/rand/v2"
	"time"
)

// view runs f on a connection that reads. Each statement sees what was
// committed when it began; there is no transaction.
func (db *DB) view(ctx context.Context, f func(context.Context, *conn) error) error {
	again := func(err error) bool { return retryable(err) || broken(err) }
	return db.call(ctx, again, func(ctx context.Context) error {
		return f(ctx, &conn{db.read, db.orm})
	})
}

// change runs f, which sends one statement that commits by itself.
func (db *DB) change(ctx context.Context, f func(context.Context, *conn) error) error {
	return db.call(ctx, retryable, func(ctx context.Context) error { return db.write.run(ctx, false, f) })
}

// changed is change by one text of the short way, and returns how many rows it
// touched.
func (db *DB) changed(ctx context.Context, text string, args ...any) (n int64, err error) {
	err = db.change(ctx, func(ctx context.Context, c *conn) (err error) {
		n, err = c.change(ctx, text, args...)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// changeShared is change for a statement that many send at the same time: it may
// share its trip and its commit with theirs. f asks with conn.row, and the first
// argument is a text that names the row.
func (db *DB) changeShared(ctx context.Context, f func(context.Context, *conn) error) error {
	return db.call(ctx, retryable, func(ctx context.Context) error { return db.write.share(ctx, f) })
}

// transact runs f in a transaction and commits it unless f fails. It may run f
// more than once, so f starts from nothing each time.
func (db *DB) transact(ctx context.Context, f func(context.Context, *conn) error) error {
	return db.call(ctx, retryable, func(ctx context.Context) error { return db.write.run(ctx, true, f) })
}

// The pause before a repetition: random, up to a limit that doubles from the
// first to the longest.
const (
	firstPause   = 2 * time.Millisecond
	longestPause = 64 * time.Millisecond
)

// call runs f within the deadline, again for as long as again says so of its
// error, and translates the last one.
//
// A caller that goes away does not cut f off, only the deadline does: cutting
// off costs PostgreSQL a connection, which visitors who close a page must not
// be able to do, and leaves open whether a change was made.
func (db *DB) call(ctx context.Context, again func(error) bool, f func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return translate(err)
	}
	end := time.Now().Add(db.deadline)
	if d, ok := ctx.Deadline(); ok && d.Before(end) {
		end = d
	}
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), end)
	defer cancel()
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := f(ctx)
		if err == nil {
			return nil
		}
		if !again(err) {
			return translate(err)
		}
		select {
		case <-ctx.Done():
			return translate(err)
		case <-time.After(rand.N(pause)):
		}
	}
}
