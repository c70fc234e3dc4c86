package sqlstore

import (
	"context"
	"database/sql"
	"sync/atomic"

	"gorm.io/gorm"
)

// pool is a set of connections that counts what is sent through it: gorm's
// ConnPool. Each database adds its short way to it.
type pool struct {
	name string
	db   *sql.DB
	sent *atomic.Int64
}

func (p *pool) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	return p.db.PrepareContext(ctx, query)
}

func (p *pool) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	p.sent.Add(1)
	return p.db.ExecContext(ctx, query, args...)
}

func (p *pool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	p.sent.Add(1)
	return p.db.QueryContext(ctx, query, args...)
}

func (p *pool) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	p.sent.Add(1)
	return p.db.QueryRowContext(ctx, query, args...)
}

func (p *pool) stats() []PoolStats { return []PoolStats{{p.name, p.db.Stats()}} }

// source is where a conn sends its statements: a pool or a transaction. row
// and change are the short way for texts that are run often; their parameters
// are $1, $2, ... on both databases.
type source interface {
	gorm.ConnPool
	// row reads the first row of the answer into dest and reports whether
	// there was one.
	row(ctx context.Context, text string, args []any, dest ...any) (bool, error)
	// change runs a text that gives no rows and returns how many it touched.
	change(ctx context.Context, text string, args ...any) (int64, error)
}

// conn is what the body of a store method works with.
type conn struct {
	source
	base *gorm.DB
}

// orm returns gorm on this connection.
func (c *conn) orm(ctx context.Context) *gorm.DB {
	g := c.base.Session(&gorm.Session{NewDB: true, Context: ctx})
	g.Statement.ConnPool = c.source
	return g
}

// first reads the first row into dest, all others into nothing, and ends the
// reading: SQLite commits an UPDATE ... RETURNING only at its end.
func first(rows *sql.Rows, dest []any) (found bool, err error) {
	defer rows.Close()
	if found = rows.Next(); found {
		if err := rows.Scan(dest...); err != nil {
			return false, err
		}
		for rows.Next() {
		}
	}
	if err := rows.Err(); err != nil {
		return false, err
	}
	return found, rows.Close()
}

func affected(res sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// transaction is a transaction that counts what is sent through it. It is a
// source.
type transaction struct {
	*sql.Tx
	sent *atomic.Int64
}

func (t *transaction) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	t.sent.Add(1)
	return t.Tx.ExecContext(ctx, query, args...)
}

func (t *transaction) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	t.sent.Add(1)
	return t.Tx.QueryContext(ctx, query, args...)
}

func (t *transaction) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	t.sent.Add(1)
	return t.Tx.QueryRowContext(ctx, query, args...)
}

func (t *transaction) row(ctx context.Context, text string, args []any, dest ...any) (bool, error) {
	rows, err := t.QueryContext(ctx, text, args...)
	if err != nil {
		return false, err
	}
	return first(rows, dest)
}

func (t *transaction) change(ctx context.Context, text string, args ...any) (int64, error) {
	return affected(t.ExecContext(ctx, text, args...))
}
