package sqlstore

import (
	"context"
	"time"

	"gorm.io/gorm/clause"

	"signet/internal/fault"
	"signet/internal/resource"
)

var _ resource.Store = (*DB)(nil)

// registeredRow is one thing that is registered, with all that is said of it in
// Metadata.
type registeredRow[T any] struct {
	ID        string
	Metadata  document[T]
	CreatedAt instant `gorm:"autoCreateTime:false"`
	UpdatedAt instant `gorm:"autoUpdateTime:false"`
}

const (
	tableServers = "resource_servers"
	tableTypes   = "detail_types"

	registeredColumns = "id, metadata, created_at, updated_at"
)

func registered[T any](ctx context.Context, db *DB, table string) ([]registeredRow[T], error) {
	var rows []registeredRow[T]
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		rows = nil
		return c.orm(ctx).Table(table).Select(registeredColumns).Order("id").Find(&rows).Error
	})
	return rows, err
}

func putRegistered[T any](ctx context.Context, db *DB, table, id string, v T, now time.Time) error {
	if id == "" || !storable(id) {
		return errUnstorable()
	}
	row := registeredRow[T]{ID: id, Metadata: document[T]{v}, CreatedAt: at(now), UpdatedAt: at(now)}
	return db.transact(ctx, func(ctx context.Context, c *conn) error {
		err := c.orm(ctx).Table(table).Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "id"}},
			DoUpdates: clause.AssignmentColumns([]string{"metadata", "updated_at"}),
		}).Create(&row).Error
		if err != nil {
			return err
		}
		return bump(ctx, c, topicResources)
	})
}

func deleteRegistered(ctx context.Context, db *DB, table, id string, missing func() error) error {
	if !storable(id) {
		return missing()
	}
	return db.transact(ctx, func(ctx context.Context, c *conn) error {
		n, err := c.change(ctx, "DELETE FROM "+table+" WHERE id = $1", id)
		if err == nil && n == 0 {
			err = missing()
		}
		if err != nil {
			return err
		}
		return bump(ctx, c, topicResources)
	})
}

// Servers implements resource.Store.
func (db *DB) Servers(ctx context.Context) ([]*resource.Server, error) {
	rows, err := registered[resource.Server](ctx, db, tableServers)
	return convert(rows, func(r *registeredRow[resource.Server]) *resource.Server {
		s := r.Metadata.V
		s.ID, s.CreatedAt, s.UpdatedAt = r.ID, r.CreatedAt.Time, r.UpdatedAt.Time
		return &s
	}), err
}

// PutServer implements resource.Store.
func (db *DB) PutServer(ctx context.Context, s *resource.Server, now time.Time) error {
	return putRegistered(ctx, db, tableServers, s.ID, *s, now)
}

// DeleteServer implements resource.Store.
func (db *DB) DeleteServer(ctx context.Context, id string) error {
	return deleteRegistered(ctx, db, tableServers, id, func() error {
		return fault.New(fault.NotFound, "There is no such API.")
	})
}

// Types implements resource.Store.
func (db *DB) Types(ctx context.Context) ([]*resource.Type, error) {
	rows, err := registered[resource.Type](ctx, db, tableTypes)
	return convert(rows, func(r *registeredRow[resource.Type]) *resource.Type {
		t := r.Metadata.V
		t.ID, t.CreatedAt, t.UpdatedAt = r.ID, r.CreatedAt.Time, r.UpdatedAt.Time
		return &t
	}), err
}

// PutType implements resource.Store.
func (db *DB) PutType(ctx context.Context, t *resource.Type, now time.Time) error {
	return putRegistered(ctx, db, tableTypes, t.ID, *t, now)
}

// DeleteType implements resource.Store.
func (db *DB) DeleteType(ctx context.Context, id string) error {
	return deleteRegistered(ctx, db, tableTypes, id, func() error {
		return fault.New(fault.NotFound, "There is no such type of authorization details.")
	})
}
