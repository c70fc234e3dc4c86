package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"gorm.io/gorm"
)

// maxGroup bounds how many changes wait for the same commit.
const maxGroup = 64

var errClosed = errors.New("the database was closed")

// sqliteWriter makes the changes to the file, one group after the other.
//
// A commit waits for the disk. While it does, other changes queue up; the next
// transaction takes all of them, each inside a savepoint, so that one that
// fails leaves no trace and the others stand. Nobody is told of a change
// before the commit that holds it. With one caller at a time a group is one
// change, at no extra cost.
type sqliteWriter struct {
	db    *sql.DB
	orm   *gorm.DB
	sent  *atomic.Int64
	queue chan *job
	stop  func() // ends the loop, once
	ended chan struct{}

	// What follows belongs to the loop.
	prepared map[string]*sql.Stmt
	wanted   []string // texts to prepare when the connection is free
}

// job is one change that waits for its turn and its commit.
type job struct {
	ctx   context.Context
	f     func(context.Context, *conn) error
	taken atomic.Bool // by the loop, or back by the caller who gave up
	err   error
	done  chan struct{}
}

func newSQLiteWriter(db *sql.DB, orm *gorm.DB, sent *atomic.Int64) *sqliteWriter {
	stopped := make(chan struct{})
	w := &sqliteWriter{
		db: db, orm: orm, sent: sent,
		queue:    make(chan *job, maxGroup),
		stop:     sync.OnceFunc(func() { close(stopped) }),
		ended:    make(chan struct{}),
		prepared: map[string]*sql.Stmt{},
	}
	go w.loop(stopped)
	return w
}

// run implements writer. Every change is in a transaction, whether it is one
// statement or several. When the deadline comes while f is under way, run does
// not wait for it: then it is not known whether the change was made, and what
// f writes to may not be looked at.
func (w *sqliteWriter) run(ctx context.Context, several bool, f func(context.Context, *conn) error) error {
	j := &job{ctx: ctx, f: f, done: make(chan struct{})}
	if !several {
		// One statement waits for nothing once the transaction has begun. A
		// context that can end would cost the driver a goroutine.
		j.ctx = context.WithoutCancel(ctx)
	}
	select {
	case w.queue <- j:
	case <-w.ended:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-j.done:
		return j.err
	case <-ctx.Done():
		j.taken.Store(true)
		return ctx.Err()
	case <-w.ended:
		if j.taken.CompareAndSwap(false, true) {
			return errClosed
		}
		<-j.done
		return j.err
	}
}

// share implements writer: all changes share their commits here.
func (w *sqliteWriter) share(ctx context.Context, f func(context.Context, *conn) error) error {
	return w.run(ctx, false, f)
}

func (w *sqliteWriter) loop(stopped <-chan struct{}) {
	defer close(w.ended)
	for {
		select {
		case <-stopped:
			return
		case j := <-w.queue:
			if !j.taken.CompareAndSwap(false, true) {
				continue
			}
			jobs, err := w.group(j)
			for _, j := range jobs {
				if j.err == nil {
					j.err = err
				}
				close(j.done)
			}
			w.prepare()
		}
	}
}

// group runs the job and what else is waiting in one transaction. It returns
// the jobs that it took, and the error that is that of all, if there is one.
func (w *sqliteWriter) group(first *job) (jobs []*job, err error) {
	jobs = []*job{first}
	w.sent.Add(2) // BEGIN, and COMMIT or ROLLBACK
	// IMMEDIATE, by the connection's settings: another process is waited for
	// here, as long as busy_timeout says, and never later.
	tx, err := w.db.BeginTx(context.Background(), nil)
	if err != nil {
		return jobs, err
	}
	defer tx.Rollback() // after a Commit it does nothing; an error ended the transaction already
	t := &writeTx{transaction{tx, w.sent}, w}
	if first.err = w.do(t, first); first.err != nil {
		return jobs, nil
	}
	for len(jobs) < maxGroup {
		j := w.next()
		if j == nil {
			break
		}
		jobs = append(jobs, j)
		if err := w.within(t, j); err != nil {
			// What one change met undid those of the others, who ask again.
			return jobs, fmt.Errorf("%w: %v", errAgain, err)
		}
	}
	return jobs, tx.Commit()
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

// within runs the job inside a savepoint. An error is one that ends the group:
// a change that is interrupted, or meets a full disk, ends the transaction that
// it is in.
func (w *sqliteWriter) within(t *writeTx, j *job) error {
	ctx := context.Background()
	if _, err := t.change(ctx, "SAVEPOINT change"); err != nil {
		return err
	}
	if j.err = w.do(t, j); j.err != nil {
		if _, err := t.change(ctx, "ROLLBACK TO change"); err != nil {
			return err
		}
	}
	_, err := t.change(ctx, "RELEASE change")
	return err
}

// do runs the job's function. It runs on the writer's goroutine, where a panic
// would take more with it than the one request that caused it.
func (w *sqliteWriter) do(t *writeTx, j *job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a change: %v", p)
		}
	}()
	return j.f(j.ctx, &conn{t, w.orm})
}

// prepare prepares the texts that the last group asked for, now that the
// connection is free. One that cannot be prepared stays as it is, and tells
// why when it is run.
func (w *sqliteWriter) prepare() {
	for _, text := range w.wanted {
		if s, err := w.db.Prepare(text); err == nil {
			w.prepared[text] = s
		}
	}
	w.wanted = w.wanted[:0]
}

func (w *sqliteWriter) stats() []PoolStats { return []PoolStats{{"write", w.db.Stats()}} }

func (w *sqliteWriter) close() error {
	w.stop()
	<-w.ended
	for _, s := range w.prepared {
		s.Close() // the pool's Close reports what matters
	}
	return w.db.Close()
}

// writeTx is the transaction of a group, with the writer's prepared statements.
type writeTx struct {
	transaction
	w *sqliteWriter
}

func (t *writeTx) row(ctx context.Context, text string, args []any, dest ...any) (bool, error) {
	s := t.statement(ctx, text)
	if s == nil {
		return t.transaction.row(ctx, text, args, dest...)
	}
	t.sent.Add(1)
	rows, err := s.QueryContext(ctx, args...)
	if err != nil {
		return false, err
	}
	return first(rows, dest)
}

func (t *writeTx) change(ctx context.Context, text string, args ...any) (int64, error) {
	s := t.statement(ctx, text)
	if s == nil {
		return t.transaction.change(ctx, text, args...)
	}
	t.sent.Add(1)
	return affected(s.ExecContext(ctx, args...))
}

// statement returns the prepared form of the text, from the second group that
// asks for it: to prepare it for good, the connection must be free.
func (t *writeTx) statement(ctx context.Context, text string) *sql.Stmt {
	if s := t.w.prepared[text]; s != nil {
		return t.StmtContext(ctx, s)
	}
	if !slices.Contains(t.w.wanted, text) {
		t.w.wanted = append(t.w.wanted, text)
	}
	return nil
}
