package sqlstore

import (
	"context"
	"database/sql"
	"io/fs"
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
	config, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return badURL(err, "is not one that PostgreSQL's driver understands") // the cause shows no password
	}
	if config.ConnectTimeout == 0 || config.ConnectTimeout > o.Deadline {
		config.ConnectTimeout = o.Deadline
	}
	setDefault(config.RuntimeParams, "application_name", "signet")

	limited := config.Copy()
	// The server gives up a little before the client does, so that what waits
	// for a lock ends there too, is not done behind the caller's back, and the
	// connection lives on.
	setDefault(limited.RuntimeParams, "statement_timeout",
		strconv.FormatInt((o.Deadline*9/10).Milliseconds(), 10))
	main := stdlib.OpenDB(*limited)
	main.SetMaxOpenConns(o.MaxConns)
	main.SetMaxIdleConns(o.MaxConns)
	main.SetConnMaxLifetime(connLife)

	db.reader = &pool{name: "main", db: main, sent: &db.sent}
	if db.orm, err = gormOn(postgres.New(postgres.Config{Conn: db.reader})); err != nil {
		return err
	}
	db.writer = &postgresWriter{db.reader, db.orm}
	db.dialect = dialect{
		migrations: "migrations/postgres",
		hasTable:   "SELECT to_regclass($1) IS NOT NULL",
		provider:   func(files fs.FS) (*goose.Provider, error) { return postgresProvider(config, files) },
		seed:       func(ctx context.Context, rows []accountRow) error { return copyAccounts(ctx, config, rows) },
	}
	return nil
}

func setDefault(params map[string]string, name, value string) {
	if _, ok := params[name]; !ok {
		params[name] = value
	}
}

// postgresProvider migrates under PostgreSQL's own lock, on a connection that
// has no time limit.
func postgresProvider(config *pgx.ConnConfig, files fs.FS) (*goose.Provider, error) {
	// Asked for again each second, for as long as a migration may take.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 3600))
	if err != nil {
		return nil, err
	}
	unlimited := config.Copy()
	unlimited.RuntimeParams["statement_timeout"] = "0"
	return goose.NewProvider(goose.DialectPostgres, stdlib.OpenDB(*unlimited), files,
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
}

// postgresWriter writes through the same connections that read.
type postgresWriter struct {
	main *pool
	orm  *gorm.DB
}

func (w *postgresWriter) run(ctx context.Context, several bool, f func(context.Context, *conn) error) error {
	if !several {
		return f(ctx, &conn{w.main, w.orm, w.main.sent})
	}
	w.main.sent.Add(2) // BEGIN, and COMMIT or ROLLBACK
	tx, err := w.main.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after a Commit it does nothing
	if err := f(ctx, &conn{&postgresTx{tx, w.main}, w.orm, w.main.sent}); err != nil {
		return err
	}
	return tx.Commit()
}

func (w *postgresWriter) pool() *sql.DB      { return w.main.db }
func (w *postgresWriter) stats() []PoolStats { return nil }
func (w *postgresWriter) close() error       { return nil }

// postgresTx is a transaction that counts what is sent through it.
type postgresTx struct {
	tx *sql.Tx
	*pool
}

func (t *postgresTx) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	return t.tx.PrepareContext(ctx, query)
}

func (t *postgresTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	t.sent.Add(1)
	return t.tx.ExecContext(ctx, query, args...)
}

func (t *postgresTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	t.sent.Add(1)
	return t.tx.QueryContext(ctx, query, args...)
}

func (t *postgresTx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	t.sent.Add(1)
	return t.tx.QueryRowContext(ctx, query, args...)
}
