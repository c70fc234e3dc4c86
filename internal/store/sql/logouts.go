package sqlstore

import (
	"context"
	"time"

	"signet/internal/outbox"
)

var _ outbox.Logouts = (*DB)(nil)

const (
	logoutColumns = "id, client_id, account_id, sid, " + queuedColumns

	insertLogout = `INSERT INTO logouts (id, client_id, account_id, sid, created_at, due_at)
		VALUES ($1, $2, $3, $4, $5, $5)`

	// As claimMail: of any number of workers that saw it due, one gets the row.
	claimLogout = `UPDATE logouts SET due_at = $3, attempts = attempts + 1
		WHERE id = $1 AND due_at <= $2
		RETURNING ` + logoutColumns

	logoutSent = `UPDATE logouts SET sent_at = $2, due_at = NULL, dead_at = NULL, last_error = ''
		WHERE id = $1 AND sent_at IS NULL`

	logoutFailed = `UPDATE logouts SET attempts = $3, last_error = $4, due_at = $5, dead_at = $6
		WHERE id = $1 AND due_at = $2`

	deleteLogouts = `DELETE FROM logouts WHERE id IN (
		SELECT id FROM logouts WHERE id < $1 AND due_at IS NULL ORDER BY id LIMIT $2)`
)

type logoutRow struct {
	ID        string
	ClientID  string
	AccountID string
	SID       string `gorm:"column:sid"`
	Queued    queued `gorm:"embedded"`
}

func (logoutRow) TableName() string { return "logouts" }

// targets are in the order of logoutColumns.
func (r *logoutRow) targets() []any {
	return append([]any{&r.ID, &r.ClientID, &r.AccountID, &r.SID}, r.Queued.targets()...)
}

func (r *logoutRow) logout() *outbox.Logout {
	return &outbox.Logout{
		ID: r.ID, ClientID: r.ClientID, AccountID: r.AccountID, SID: r.SID, CreatedAt: r.Queued.CreatedAt.Time, State: r.Queued.state(),
	}
}

// Ended receives a value when this process has queued notices of logouts since
// it was last received from.
func (db *DB) Ended() <-chan struct{} { return db.ended }

// AddLogouts implements outbox.Logouts.
func (db *DB) AddLogouts(ctx context.Context, notices []*outbox.Logout) error {
	for _, l := range notices {
		if !validID(l.ID) || !validID(l.AccountID) || !storable(l.ClientID, l.SID) {
			return errUnstorable()
		}
	}
	if len(notices) == 0 {
		return nil
	}
	err := db.transact(ctx, func(ctx context.Context, c *conn) error {
		for _, l := range notices {
			if _, err := c.change(ctx, insertLogout, l.ID, l.ClientID, l.AccountID, l.SID, at(l.CreatedAt)); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		wake(db.ended)
	}
	return err
}

// ClaimLogout implements outbox.Logouts.
func (db *DB) ClaimLogout(ctx context.Context, now, ends time.Time) (*outbox.Logout, error) {
	var row logoutRow
	found, err := db.claim(ctx, "logouts", "id", claimLogout, now, ends, func() []any { row = logoutRow{}; return row.targets() })
	if err != nil || !found {
		return nil, err
	}
	return row.logout(), nil
}

// LogoutSent implements outbox.Logouts.
func (db *DB) LogoutSent(ctx context.Context, l *outbox.Logout, now time.Time) error {
	_, err := db.changed(ctx, logoutSent, l.ID, at(now))
	return err
}

// LogoutFailed implements outbox.Logouts.
func (db *DB) LogoutFailed(ctx context.Context, l *outbox.Logout, reason string, claim time.Time) error {
	_, err := db.changed(ctx, logoutFailed, l.ID, at(claim), l.Attempts, storableReason(reason), at(l.DueAt), at(l.DeadAt))
	return err
}

// Logouts implements outbox.Logouts.
func (db *DB) Logouts(ctx context.Context, limit int) ([]*outbox.Logout, error) {
	var rows []logoutRow
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		rows = nil
		return c.orm(ctx).Select(logoutColumns).Order("id DESC").Limit(max(0, limit)).Find(&rows).Error
	})
	return convert(rows, (*logoutRow).logout), err
}

// DeleteLogouts implements outbox.Logouts.
func (db *DB) DeleteLogouts(ctx context.Context, before time.Time, limit int) (int, error) {
	n, err := db.changed(ctx, deleteLogouts, FirstID(before), limit)
	return int(n), err
}
