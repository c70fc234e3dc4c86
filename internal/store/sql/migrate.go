package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"path"

	"github.com/pressly/goose/v3"

	"signet/internal/fault"
)

// The schema, one numbered file per step and dialect. A file is never changed
// once it was released, and each step leaves a database that the version
// before it still works on: columns and tables come in one release and go in a
// later one.
//
//go:embed migrations
var migrations embed.FS

// Migrate brings the schema up to date. Of several nodes that start at once
// one does it, under a lock, and the others wait for it. It has no deadline of
// its own: ctx ends it, between two steps.
func (db *DB) Migrate(ctx context.Context) error { return db.MigrateTo(ctx, goose.MaxVersion) }

// MigrateTo is Migrate up to the numbered step and no further. It never goes
// back.
func (db *DB) MigrateTo(ctx context.Context, version int64) error {
	pending, err := db.Pending(ctx)
	if err != nil || len(pending) == 0 {
		return err // the common case takes no lock
	}
	steps, err := db.steps()
	if err != nil {
		return err
	}
	provider, err := db.dialect.provider(goose.WithGoMigrations(steps...))
	if err != nil {
		return translate(err)
	}
	_, err = provider.UpTo(ctx, version)
	if closeErr := provider.Close(); err == nil {
		err = closeErr
	}
	return translate(err)
}

// Version returns the number of the last step that was applied; 0: none.
func (db *DB) Version(ctx context.Context) (int64, error) {
	var version int64
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		var there bool
		_, err := c.row(ctx, db.dialect.hasTable, []any{goose.DefaultTablename}, &there)
		if err != nil || !there {
			return err
		}
		_, err = c.row(ctx, "SELECT coalesce(max(version_id), 0) FROM "+goose.DefaultTablename, nil, &version)
		return err
	})
	return version, err
}

// Pending returns the names of the steps that are still to be applied, in
// their order. It changes nothing.
func (db *DB) Pending(ctx context.Context) ([]string, error) {
	version, err := db.Version(ctx)
	if err != nil {
		return nil, err
	}
	files, err := db.files()
	if err != nil {
		return nil, err
	}
	var pending []string
	for _, f := range files {
		if f.number > version {
			pending = append(pending, f.name)
		}
	}
	return pending, nil
}

// steps are the migrations as goose runs them: a transaction each, to which the
// file's text goes whole. For goose to cut it into statements would cost more
// than the database needs to run them.
func (db *DB) steps() ([]*goose.Migration, error) {
	files, err := db.files()
	if err != nil {
		return nil, err
	}
	var steps []*goose.Migration
	for _, f := range files {
		text, err := migrations.ReadFile(path.Join(db.dialect.migrations, f.name))
		if err != nil {
			return nil, internal(err)
		}
		run := func(ctx context.Context, tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, string(text)); err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
			return nil
		}
		steps = append(steps, goose.NewGoMigration(f.number, &goose.GoFunc{RunTx: run}, nil))
	}
	return steps, nil
}

// migration is a step's file.
type migration struct {
	number int64
	name   string
}

// files are the dialect's steps, in their order.
func (db *DB) files() ([]migration, error) {
	entries, err := migrations.ReadDir(db.dialect.migrations) // sorted
	if err != nil {
		return nil, internal(err)
	}
	var files []migration
	for _, e := range entries {
		number, err := goose.NumericComponent(e.Name())
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "The migration %s has no number.", e.Name())
		}
		files = append(files, migration{number, e.Name()})
	}
	return files, nil
}
