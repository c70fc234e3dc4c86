package sqlstore

import (
	"context"
	"database/sql"
	"sync"
	"sync/atomic"

	"gorm.io/gorm"
)

// pool is a set of connections that counts what is sent through it. It is
// gorm's ConnPool.
type pool struct {
	name string
	db   *sql.DB
	sent *atomic.Int64
	// prepared holds the statements of conn.row and conn.change by their text,
	// where the driver does not keep them itself (SQLite); else it is nil.
	prepared *sync.Map // string -> *sql.Stmt
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

// statement returns the prepared form of the text, or nil where the driver
// prepares by itself.
func (p *pool) statement(ctx context.Context, text string) (*sql.Stmt, error) {
	if p.prepared == nil {
		return nil, nil
	}
	if s, ok := p.prepared.Load(text); ok {
		return s.(*sql.Stmt), nil
	}
	s, err := p.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	if other, loaded := p.prepared.LoadOrStore(text, s); loaded {
		return other.(*sql.Stmt), s.Close()
	}
	return s, nil
}

func (p *pool) close() error {
	if p.prepared != nil {
		p.prepared.Range(func(_, s any) bool {
			s.(*sql.Stmt).Close() // the pool's Close reports what matters
			return true
		})
	}
	return p.db.Close()
}

// source is where a conn sends its statements: a pool, a transaction, or the
// one connection that writes.
type source interface {
	gorm.ConnPool
	statement(ctx context.Context, text string) (*sql.Stmt, error)
}

// conn is what the body of a store method works with.
type conn struct {
	source source
	base   *gorm.DB
	sent   *atomic.Int64
}

// orm returns gorm on this connection.
func (c *conn) orm(ctx context.Context) *gorm.DB {
	g := c.base.Session(&gorm.Session{NewDB: true, Context: ctx})
	g.Statement.ConnPool = c.source
	return g
}

func (c *conn) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	s, err := c.source.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.source.QueryContext(ctx, text, args...)
	}
	c.sent.Add(1)
	return s.QueryContext(ctx, args...)
}

// row reads the first row of the text's answer into dest and reports whether
// there was one. Parameters are $1, $2, ... on both databases.
func (c *conn) row(ctx context.Context, text string, args []any, dest ...any) (bool, error) {
	rows, err := c.query(ctx, text, args)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	found := rows.Next()
	if found {
		if err := rows.Scan(dest...); err != nil {
			return false, err
		}
		// To the end: SQLite commits an UPDATE ... RETURNING only there.
		for rows.Next() {
		}
	}
	if err := rows.Err(); err != nil {
		return false, err
	}
	return found, rows.Close()
}

// change runs a text that returns no rows and tells how many it touched.
func (c *conn) change(ctx context.Context, text string, args ...any) (int64, error) {
	s, err := c.source.statement(ctx, text)
	if err != nil {
		return 0, err
	}
	var res sql.Result
	if s == nil {
		res, err = c.source.ExecContext(ctx, text, args...)
	} else {
		c.sent.Add(1)
		res, err = s.ExecContext(ctx, args...)
	}
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
