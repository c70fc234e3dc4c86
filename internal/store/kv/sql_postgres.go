package kv

import (
	"context"
	"database/sql"
)

// postgresEngine runs a single statement as it is, in autocommit, and several
// in a transaction. pgx prepares and caches the statements per connection.
type postgresEngine struct {
	db *sql.DB
}

func (e *postgresEngine) read(ctx context.Context, f func(runner) error) error {
	return f(&dbRunner{ctx, e.db})
}

func (e *postgresEngine) write(ctx context.Context, single bool, f func(runner) error) error {
	for attempt := 0; ; attempt++ {
		err := e.try(ctx, single, f)
		if !isConflict(err) {
			return err
		}
		if pause(ctx, attempt) != nil {
			return err
		}
	}
}

func (e *postgresEngine) try(ctx context.Context, single bool, f func(runner) error) error {
	if single {
		return f(&dbRunner{ctx, e.db})
	}
	tx, err := e.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // of no effect after Commit
	if err := f(&dbRunner{ctx, tx}); err != nil {
		return err
	}
	return tx.Commit()
}

func (e *postgresEngine) close() error { return nil }

// dbRunner runs statements on a *sql.DB or a *sql.Tx.
type dbRunner struct {
	ctx context.Context
	db  interface {
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	}
}

func (r *dbRunner) exec(query string, args ...any) (int64, error) {
	res, err := r.db.ExecContext(r.ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (r *dbRunner) query(query string, args []any, row func([]any)) error {
	rows, err := r.db.QueryContext(r.ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	columns, into := make([]any, len(names)), make([]any, len(names))
	for i := range columns {
		into[i] = &columns[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		row(columns)
	}
	return rows.Err()
}
