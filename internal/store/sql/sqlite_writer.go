package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"gorm.io/gorm"
)

// maxGroup bounds how many changes wait for the same commit.
const maxGroup = 64

var errClosed = errors.New("the database was closed")

// sqliteWriter owns the one connection that writes to the file, and commits
// changes in groups.
//
// A commit waits for the disk. While it does, other changes queue up; the next
// transaction takes all of them, each inside a savepoint, so that one that
// fails leaves no trace and the others stand. Nobody is told of a change
// before the commit that holds it. With one caller at a time a group is one
// change, at no extra cost.
type sqliteWriter struct {
	db     *sql.DB
	orm    *gorm.DB
	sent   *atomic.Int64
	queue  chan *job
	stop   chan struct{}
	done   chan struct{} // closed when the goroutine has ended
	close1 sync.Once

	conn *writeConn // belongs to the goroutine; nil: to be opened
}

// job is one change that waits for its turn and its commit.
type job struct {
	ctx   context.Context
	f     func(context.Context, *conn) error
	taken atomic.Bool // by the writer, or back by the caller who gave up
	err   error
	done  chan struct{}
}

func newSQLiteWriter(db *sql.DB, orm *gorm.DB, sent *atomic.Int64) *sqliteWriter {
	db.SetMaxOpenConns(1)
	w := &sqliteWriter{
		db: db, orm: orm, sent: sent,
		queue: make(chan *job, maxGroup),
		stop:  make(chan struct{}),
		done:  make(chan struct{}),
	}
	go w.loop()
	return w
}

// run implements writer. Every change is in a transaction, whether it is one
// statement or several.
func (w *sqliteWriter) run(ctx context.Context, _ bool, f func(context.Context, *conn) error) error {
	j := &job{ctx: ctx, f: f, done: make(chan struct{})}
	select {
	case w.queue <- j:
	case <-w.done:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-j.done:
		return j.err
	case <-ctx.Done():
	case <-w.done:
	}
	if j.taken.CompareAndSwap(false, true) {
		if err := ctx.Err(); err != nil {
			return err
		}
		return errClosed
	}
	// It is being done, and only its end tells whether it was. That comes
	// soon: the statements have the same context.
	<-j.done
	return j.err
}

func (w *sqliteWriter) loop() {
	defer close(w.done)
	for {
		select {
		case <-w.stop:
			w.drop(nil)
			return
		case j := <-w.queue:
			if j.taken.CompareAndSwap(false, true) {
				w.group(j)
			}
		}
	}
}

// group runs the job and what else is waiting in one transaction, and then
// tells each caller how it went.
func (w *sqliteWriter) group(first *job) {
	jobs := append(make([]*job, 0, maxGroup), first)
	finish := func(err error) {
		for _, j := range jobs {
			if j.err == nil {
				j.err = err
			}
			close(j.done)
		}
	}
	c, err := w.begin(first.ctx)
	if err != nil {
		finish(err)
		return
	}
	if first.err = w.do(c, first); first.err != nil {
		w.rollback(c)
		finish(nil)
		return
	}
	for len(jobs) < maxGroup {
		j := w.next()
		if j == nil {
			break
		}
		jobs = append(jobs, j)
		if err := w.within(c, j); err != nil {
			w.rollback(c)
			finish(err)
			return
		}
	}
	// Without a context: a commit that is cut off would have to be rolled back
	// for all.
	if err := c.command("COMMIT"); err != nil {
		w.rollback(c)
		finish(err)
		return
	}
	finish(nil)
}

// next returns a job that is waiting now and still wanted, or nil.
func (w *sqliteWriter) next() *job {
	for {
		select {
		case j := <-w.queue:
			if j.taken.CompareAndSwap(false, true) {
				return j
			}
		default:
			return nil
		}
	}
}

// within runs the job inside a savepoint. An error is one that ends the group.
func (w *sqliteWriter) within(c *writeConn, j *job) error {
	if err := c.command("SAVEPOINT change"); err != nil {
		return err
	}
	if j.err = w.do(c, j); j.err != nil {
		if err := c.command("ROLLBACK TO change"); err != nil {
			return err // an error of the disk ends the whole transaction
		}
	}
	return c.command("RELEASE change")
}

// do runs the job's function. It runs on the writer's goroutine, where a panic
// would take more with it than the one request that caused it.
func (w *sqliteWriter) do(c *writeConn, j *job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a change: %v", p)
		}
	}()
	return j.f(j.ctx, &conn{c, w.orm, w.sent})
}

// begin opens the connection if need be, and a transaction that may write:
// IMMEDIATE, so that another process is waited for here and nowhere later.
func (w *sqliteWriter) begin(ctx context.Context) (*writeConn, error) {
	if w.conn == nil {
		c, err := w.db.Conn(ctx)
		if err != nil {
			return nil, err
		}
		w.conn = &writeConn{Conn: c, sent: w.sent, prepared: map[string]*sql.Stmt{}}
	}
	if _, err := w.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		if !retryable(err) {
			w.drop(err)
		}
		return nil, err
	}
	return w.conn, nil
}

// rollback ends the transaction. After an error of the disk SQLite may have
// ended it already; a new connection is sure to have none.
func (w *sqliteWriter) rollback(c *writeConn) {
	if err := c.command("ROLLBACK"); err != nil {
		w.drop(err)
	}
}

// drop closes the connection; with a cause, the pool may not use it again.
func (w *sqliteWriter) drop(cause error) {
	if w.conn == nil {
		return
	}
	for _, s := range w.conn.prepared {
		s.Close()
	}
	if cause != nil {
		w.conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	w.conn.Close()
	w.conn = nil
}

func (w *sqliteWriter) stats() []PoolStats { return []PoolStats{{"write", w.db.Stats()}} }

func (w *sqliteWriter) close() error {
	w.close1.Do(func() { close(w.stop) })
	<-w.done
	return w.db.Close()
}

// writeConn is the writing connection with its prepared statements. It is a
// source.
type writeConn struct {
	*sql.Conn
	sent     *atomic.Int64
	prepared map[string]*sql.Stmt
}

func (c *writeConn) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	c.sent.Add(1)
	return c.Conn.ExecContext(ctx, query, args...)
}

func (c *writeConn) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	c.sent.Add(1)
	return c.Conn.QueryContext(ctx, query, args...)
}

func (c *writeConn) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	c.sent.Add(1)
	return c.Conn.QueryRowContext(ctx, query, args...)
}

func (c *writeConn) statement(_ context.Context, text string) (*sql.Stmt, error) {
	if s, ok := c.prepared[text]; ok {
		return s, nil
	}
	s, err := c.PrepareContext(context.Background(), text)
	if err != nil {
		return nil, err
	}
	c.prepared[text] = s
	return s, nil
}

// command runs one of the words around changes.
func (c *writeConn) command(text string) error {
	s, err := c.statement(context.Background(), text)
	if err != nil {
		return err
	}
	c.sent.Add(1)
	_, err = s.Exec()
	return err
}
