package sqlstore

import (
	"context"
	"time"

	"signet/internal/repeat"
)

var _ repeat.Store = (*DB)(nil)

const (
	beginRequest  = "INSERT INTO requests (key, print, created_at) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING"
	requestByKey  = "SELECT print, status, body FROM requests WHERE key = $1"
	answerRequest = "UPDATE requests SET status = $2, body = $3 WHERE key = $1"
	dropRequest   = "DELETE FROM requests WHERE key = $1"

	deleteRequests = `DELETE FROM requests WHERE key IN (
		SELECT key FROM requests WHERE created_at < $1 ORDER BY created_at LIMIT $2)`
)

// BeginRequest implements repeat.Store.
func (db *DB) BeginRequest(ctx context.Context, key, print string, now time.Time) (*repeat.Earlier, error) {
	for {
		var began int64
		err := db.change(ctx, func(ctx context.Context, c *conn) (err error) {
			began, err = c.change(ctx, beginRequest, key, print, at(now))
			return err
		})
		if err != nil || began == 1 {
			return nil, err
		}
		var earlier repeat.Earlier
		var status *int
		var body []byte
		found := false
		err = db.view(ctx, func(ctx context.Context, c *conn) (err error) {
			found, err = c.row(ctx, requestByKey, []any{key}, &earlier.Print, &status, &body)
			return err
		})
		if err != nil {
			return nil, err
		}
		if status != nil {
			earlier.Answer = &repeat.Answer{Status: *status, Body: body}
		}
		if found {
			return &earlier, nil
		}
		// It did nothing and was dropped meanwhile.
	}
}

// AnswerRequest implements repeat.Store.
func (db *DB) AnswerRequest(ctx context.Context, key string, a repeat.Answer) error {
	_, err := db.changed(ctx, answerRequest, key, a.Status, a.Body)
	return err
}

// DropRequest implements repeat.Store.
func (db *DB) DropRequest(ctx context.Context, key string) error {
	_, err := db.changed(ctx, dropRequest, key)
	return err
}

// DeleteRequests implements repeat.Store.
func (db *DB) DeleteRequests(ctx context.Context, before time.Time, limit int) (int, error) {
	n, err := db.changed(ctx, deleteRequests, at(before), limit)
	return int(n), err
}
