package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"hash/crc32"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

// connLife is how old a connection gets: after it moved, a database behind a
// name is found again, and memory that a backend gathered is given back.
const connLife = time.Hour

func (db *DB) openPostgres(o Options) error {
	config, err := postgresConfig(o)
	if err != nil {
		return err
	}
	main := postgresMain(config, o)
	conns := &postgresPool{pool{name: "main", db: main, sent: &db.sent}}
	if db.orm, err = gormOn(postgres.New(postgres.Config{Conn: conns})); err != nil {
		return err
	}
	db.read, db.write = conns, &postgresWriter{conns, newPostgresShared(conns, o.Deadline), db.orm}
	db.dialect = dialect{
		migrations: "migrations/postgres",
		hasTable:   "SELECT to_regclass($1) IS NOT NULL",
		about:      "SELECT 'PostgreSQL ' || current_setting('server_version'), extract(epoch FROM clock_timestamp())::float8",
		provider:   func(steps goose.ProviderOption) (*goose.Provider, error) { return postgresProvider(config, steps) },
		seed:       func(ctx context.Context, rows []accountRow) error { return copyAccounts(ctx, config, rows) },
	}
	return nil
}

// postgresConfig reads the address and sets what it leaves open.
func postgresConfig(o Options) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return nil, badURL(err, "is not one that PostgreSQL's driver understands") // the cause shows no password
	}
	if config.ConnectTimeout == 0 || config.ConnectTimeout > o.Deadline {
		config.ConnectTimeout = o.Deadline
	}
	setDefault(config.RuntimeParams, "application_name", "signet")
	return config, nil
}

// postgresMain is the pool whose statements have the deadline.
func postgresMain(config *pgx.ConnConfig, o Options) *sql.DB {
	limited := config.Copy()
	// The server gives up a little before the client does, so that what waits
	// for a lock ends there too, is not done behind the caller's back, and the
	// connection lives on.
	setDefault(limited.RuntimeParams, "statement_timeout",
		strconv.FormatInt((o.Deadline*9/10).Milliseconds(), 10))
	db := stdlib.OpenDB(*limited)
	db.SetMaxOpenConns(o.MaxConns)
	db.SetMaxIdleConns(o.MaxConns)
	db.SetConnMaxLifetime(connLife)
	return db
}

func setDefault(params map[string]string, name, value string) {
	if _, ok := params[name]; !ok {
		params[name] = value
	}
}

// postgresProvider migrates under PostgreSQL's own lock, on a connection that
// has no time limit.
func postgresProvider(config *pgx.ConnConfig, steps goose.ProviderOption) (*goose.Provider, error) {
	// Installations may share a database, each in a schema of its own, and a
	// lock is the whole database's.
	id := crc32.ChecksumIEEE([]byte("signet migrations " + config.RuntimeParams["search_path"]))
	// Asked for again each second, for as long as a migration may take.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(int64(id)), lock.WithLockTimeout(1, 3600))
	if err != nil {
		return nil, err
	}
	unlimited := config.Copy()
	unlimited.RuntimeParams["statement_timeout"] = "0"
	return goose.NewProvider(goose.DialectPostgres, stdlib.OpenDB(*unlimited), nil, steps,
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
}

// postgresPool is the connections that read and write. Its short way asks pgx
// without database/sql between: for a statement of one row, that would cost as
// much again as pgx itself.
type postgresPool struct{ pool }

func (p *postgresPool) row(ctx context.Context, text string, args []any, dest ...any) (bool, error) {
	p.sent.Add(1)
	err := p.borrow(ctx, func(c *pgx.Conn) error { return c.QueryRow(ctx, text, args...).Scan(dest...) })
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func (p *postgresPool) change(ctx context.Context, text string, args ...any) (n int64, err error) {
	p.sent.Add(1)
	err = p.borrow(ctx, func(c *pgx.Conn) error {
		tag, err := c.Exec(ctx, text, args...)
		n = tag.RowsAffected()
		return err
	})
	return n, err
}

// borrow lends f a connection. One that breaks is found out when it is
// borrowed next, and replaced.
func (p *postgresPool) borrow(ctx context.Context, f func(*pgx.Conn) error) error {
	c, err := p.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close() // gives it back
	return c.Raw(func(driver any) error { return f(driver.(*stdlib.Conn).Conn()) })
}

func (p *postgresPool) close() error { return p.db.Close() }

// postgresWriter writes through the same connections that read.
type postgresWriter struct {
	conns  *postgresPool
	shared *postgresShared
	orm    *gorm.DB
}

func (w *postgresWriter) share(ctx context.Context, f func(context.Context, *conn) error) error {
	return f(ctx, &conn{w.shared, w.orm})
}

func (w *postgresWriter) run(ctx context.Context, several bool, f func(context.Context, *conn) error) error {
	if !several {
		return f(ctx, &conn{w.conns, w.orm})
	}
	w.conns.sent.Add(2) // BEGIN, and COMMIT or ROLLBACK
	tx, err := w.conns.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after a Commit it does nothing
	if err := f(ctx, &conn{&transaction{tx, w.conns.sent}, w.orm}); err != nil {
		return err
	}
	return tx.Commit()
}

func (w *postgresWriter) stats() []PoolStats { return nil }
func (w *postgresWriter) close() error       { return nil }
