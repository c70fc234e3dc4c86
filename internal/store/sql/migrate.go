package sqlstore

import (
	"context"
	"embed"
	"io/fs"
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
	files, err := db.files()
	if err != nil {
		return err
	}
	provider, err := db.dialect.provider(files)
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
	names, err := fs.Glob(files, "*.sql") // sorted
	if err != nil {
		return nil, internal(err)
	}
	var pending []string
	for _, name := range names {
		number, err := goose.NumericComponent(path.Base(name))
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "The migration %s has no number.", name)
		}
		if number > version {
			pending = append(pending, name)
		}
	}
	return pending, nil
}

func (db *DB) files() (fs.FS, error) {
	files, err := fs.Sub(migrations, db.dialect.migrations)
	if err != nil {
		return nil, internal(err)
	}
	return files, nil
}
