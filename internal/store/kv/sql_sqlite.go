package kv

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"sync"

	"signet/internal/store/group"
)

// sqliteEngine commits in groups. SQLite has one writer and a commit costs
// more than a statement, so writes that arrive while one group commits form
// the next group: under load many requests share one commit, and a lone
// request waits for nobody.
//
// It speaks to the driver's connections directly (sql.Conn.Raw): a statement
// here takes a few microseconds, and database/sql's own work would double it.
type sqliteEngine struct {
	writer, reader *sql.DB
	queue          *group.Queue[*job]

	conns sync.Map // driver.Conn -> *sqliteConn
}

// job is a write that waits for its group.
type job struct {
	ctx  context.Context
	f    func(runner) error
	done chan error
}

// maxGroup bounds how many writes share a commit, and so how long the first
// of them waits for the last.
const maxGroup = 128

func newSQLiteEngine(writer, reader *sql.DB) *sqliteEngine {
	e := &sqliteEngine{writer: writer, reader: reader}
	e.queue = group.New(maxGroup, 1, e.commit)
	return e
}

func (e *sqliteEngine) read(ctx context.Context, f func(runner) error) error {
	return e.raw(ctx, e.reader, f)
}

// write queues the function and waits until its group is committed or ctx ends.
func (e *sqliteEngine) write(ctx context.Context, _ bool, f func(runner) error) error {
	j := &job{ctx: ctx, f: f, done: make(chan error, 1)}
	e.queue.Add(j)
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// commit runs the group in one transaction. When that fails, each write gets
// its own, so that nobody fails for another's reason.
func (e *sqliteEngine) commit(jobs []*job) {
	live := jobs[:0]
	for _, j := range jobs {
		if err := j.ctx.Err(); err != nil {
			j.done <- err // nobody waits any more: do nothing
			continue
		}
		live = append(live, j)
	}
	if len(live) > 1 && e.transact(live) == nil {
		for _, j := range live {
			j.done <- nil
		}
		return
	}
	for _, j := range live {
		j.done <- e.retry(j)
	}
}

func (e *sqliteEngine) retry(j *job) error {
	for attempt := 0; ; attempt++ {
		err := e.transact([]*job{j})
		if !isConflict(err) {
			return err
		}
		if pause(j.ctx, attempt) != nil {
			return err
		}
	}
}

// transact does not pass a context on: with one that can end, the driver
// starts a goroutine per statement, and nothing here waits for a network. How
// long it waits for another process is the busy_timeout's business; who waits
// for it has a deadline of his own.
func (e *sqliteEngine) transact(jobs []*job) error {
	return e.raw(context.Background(), e.writer, func(r runner) (err error) {
		// IMMEDIATE: another process is waited for here and nowhere later.
		if _, err := r.exec("BEGIN IMMEDIATE"); err != nil {
			return err
		}
		defer func() {
			if err == nil {
				return
			}
			if _, rollbackErr := r.exec("ROLLBACK"); rollbackErr != nil {
				// Who knows what is open on it: never use it again.
				err = errors.Join(err, rollbackErr, driver.ErrBadConn)
			}
		}()
		for _, j := range jobs {
			// Whoever gave up meanwhile was told that nothing was done.
			if j.ctx.Err() != nil {
				continue
			}
			if err := j.f(r); err != nil {
				return err
			}
		}
		_, err = r.exec("COMMIT")
		return err
	})
}

// raw borrows a connection and runs f on it.
func (e *sqliteEngine) raw(ctx context.Context, db *sql.DB, f func(runner) error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	err = conn.Raw(func(dc any) error {
		c, err := e.conn(dc)
		if err != nil {
			return err
		}
		if err = f(c); errors.Is(err, driver.ErrBadConn) {
			e.conns.Delete(dc)
		}
		return err
	})
	if closeErr := conn.Close(); err == nil {
		return closeErr
	}
	return err // Close has nothing to add, least of all after ErrBadConn
}

func (e *sqliteEngine) conn(dc any) (*sqliteConn, error) {
	if c, ok := e.conns.Load(dc); ok {
		return c.(*sqliteConn), nil
	}
	prepare, ok := dc.(driver.ConnPrepareContext)
	if !ok {
		return nil, fmt.Errorf("the SQL driver %T cannot prepare statements", dc)
	}
	c := &sqliteConn{prepare: prepare, statements: map[string]sqliteStmt{}}
	e.conns.Store(dc, c)
	return c, nil
}

// close ends the prepared statements: SQLite closes a connection, and tidies
// up the journal with the last one, only when none is left.
func (e *sqliteEngine) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), DefaultTimeout)
	defer cancel()
	return errors.Join(e.closeStatements(ctx, e.writer), e.closeStatements(ctx, e.reader))
}

func (e *sqliteEngine) closeStatements(ctx context.Context, db *sql.DB) (err error) {
	var held []*sql.Conn // all at once, or the pool would give the same one again
	defer func() {
		for _, conn := range held {
			err = errors.Join(err, conn.Close())
		}
	}()
	for range db.Stats().OpenConnections {
		conn, err := db.Conn(ctx)
		if err != nil {
			return err
		}
		held = append(held, conn)
		if err := conn.Raw(func(dc any) error {
			c, ok := e.conns.LoadAndDelete(dc)
			if !ok {
				return nil
			}
			var err error
			for _, s := range c.(*sqliteConn).statements {
				err = errors.Join(err, s.Close())
			}
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// sqliteConn is one connection with its prepared statements. database/sql sees
// to it that one goroutine at a time has it.
type sqliteConn struct {
	prepare    driver.ConnPrepareContext
	statements map[string]sqliteStmt
}

type sqliteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

func (c *sqliteConn) stmt(text string) (sqliteStmt, error) {
	if s, ok := c.statements[text]; ok {
		return s, nil
	}
	prepared, err := c.prepare.PrepareContext(context.Background(), text)
	if err != nil {
		return nil, err
	}
	s, ok := prepared.(sqliteStmt)
	if !ok {
		return nil, fmt.Errorf("the SQL driver's statements %T take no context", prepared)
	}
	c.statements[text] = s
	return s, nil
}

func named(args []any) []driver.NamedValue {
	out := make([]driver.NamedValue, len(args))
	for i, a := range args {
		out[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	return out
}

func (c *sqliteConn) exec(query string, args ...any) (int64, error) {
	s, err := c.stmt(query)
	if err != nil {
		return 0, err
	}
	res, err := s.ExecContext(context.Background(), named(args))
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (c *sqliteConn) query(query string, args []any, row func([]any)) error {
	s, err := c.stmt(query)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(context.Background(), named(args))
	if err != nil {
		return err
	}
	columns := make([]driver.Value, len(rows.Columns()))
	given := make([]any, len(columns))
	for {
		if err := rows.Next(columns); errors.Is(err, io.EOF) {
			return rows.Close()
		} else if err != nil {
			return errors.Join(err, rows.Close())
		}
		for i, v := range columns {
			given[i] = v
		}
		row(given)
	}
}
