package sqlstore

import (
	"context"
	"errors"

	"gorm.io/gorm"
)

// page reads up to limit rows with an id greater than after, by id, and of them
// those that the filters let through. An after that valid refuses is no id, and
// nothing comes after it.
func page[R any](ctx context.Context, db *DB, columns, after string, limit int, valid func(string) bool, filters ...func(*gorm.DB) *gorm.DB) ([]R, error) {
	if limit <= 0 || (after != "" && !valid(after)) {
		return nil, nil
	}
	var rows []R
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		q := c.orm(ctx).Select(columns).Order("id").Limit(limit)
		if after != "" {
			q = q.Where("id > ?", after)
		}
		for _, filter := range filters {
			q = filter(q)
		}
		rows = nil
		return q.Find(&rows).Error
	})
	return rows, err
}

// convert turns rows into what callers know.
func convert[R, T any](rows []R, f func(*R) T) []T {
	if len(rows) == 0 {
		return nil
	}
	out := make([]T, len(rows))
	for i := range rows {
		out[i] = f(&rows[i])
	}
	return out
}

// orNotFound turns gorm's word for no row into the fault that missing makes.
func orNotFound(err error, missing func() error) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return missing()
	}
	return err
}
