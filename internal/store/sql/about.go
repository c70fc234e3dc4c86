package sqlstore

import (
	"context"
	"time"
)

// About is what a database says of itself.
type About struct {
	Version string        // such as "PostgreSQL 17.6"
	Took    time.Duration // from asking to the answer
	// Skew is how far the database's clock is ahead of this machine's, give or
	// take Took.
	Skew time.Duration
}

// About asks the database for its version and its time.
func (db *DB) About(ctx context.Context) (About, error) {
	var a About
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		var seconds float64
		began := time.Now()
		_, err := c.row(ctx, db.dialect.about, nil, &a.Version, &seconds)
		a.Took = time.Since(began)
		there := time.UnixMicro(int64(seconds * 1e6))
		a.Skew = there.Sub(began.Add(a.Took / 2))
		return err
	})
	return a, err
}
