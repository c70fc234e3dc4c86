package sqlstore

import (
	"context"
	"errors"
	"time"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/outbox"
)

var _ account.RecoveryStore = (*DB)(nil)

const (
	insertRecovery = `INSERT INTO recoveries
		(id, account_id, email_key, flow_key, code_hash, password_key, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`

	// One statement that counts and evaluates: of any number of callers no more
	// than $4 get a row.
	proveRecovery = `UPDATE recoveries SET
			tries = tries + 1,
			proven_at = CASE WHEN account_id IS NOT NULL AND code_hash = $3 AND expires_at > $5 THEN $5 ELSE proven_at END,
			expires_at = CASE WHEN account_id IS NOT NULL AND code_hash = $3 AND expires_at < $6 THEN $6 ELSE expires_at END
		WHERE id = $1 AND flow_key = $2 AND tries < $4 AND expires_at > $5 AND used_at IS NULL
		RETURNING account_id IS NOT NULL AND code_hash = $3, tries`

	provenRecovery = `SELECT account_id, email_key, password_key, used_at IS NOT NULL FROM recoveries
		WHERE id = $1 AND flow_key = $2 AND proven_at IS NOT NULL AND (used_at IS NOT NULL OR expires_at > $3)`

	// Of any number of callers one gets the row.
	useRecovery = `UPDATE recoveries SET used_at = $3
		WHERE id = $1 AND flow_key = $2 AND proven_at IS NOT NULL AND used_at IS NULL AND expires_at > $3
		RETURNING account_id, email_key`

	resetPassword = `UPDATE accounts SET password_hash = $4, email_verified = $5, updated_at = $6
		WHERE id = $1 AND email_key = $2 AND password_hash = $3 AND status IN ('active', 'closing')`

	// Ids begin with the time, so that their own index finds what is old.
	deleteRecoveries = `DELETE FROM recoveries WHERE id IN (
		SELECT id FROM recoveries WHERE id < $1 ORDER BY id LIMIT $2)`
)

// AddRecovery implements account.RecoveryStore. It costs the same whether the
// ticket is somebody's or nobody's.
func (db *DB) AddRecovery(ctx context.Context, t *account.Ticket, m *outbox.Mail) error {
	if !validID(t.ID) || (t.AccountID != "" && !validID(t.AccountID)) || !storable(t.EmailKey, t.FlowKey, t.CodeHash, t.PasswordKey) {
		return errUnstorable()
	}
	if err := checkMail(m); err != nil {
		return err
	}
	var about any // NULL
	if t.AccountID != "" {
		about = t.AccountID
	}
	err := db.transact(ctx, func(ctx context.Context, c *conn) error {
		_, err := c.change(ctx, insertRecovery, t.ID, about, t.EmailKey, t.FlowKey, t.CodeHash, t.PasswordKey, at(t.CreatedAt), at(t.ExpiresAt))
		if err != nil {
			return err
		}
		return addMail(ctx, c, m)
	})
	if err == nil {
		db.ring()
	}
	return err
}

// ProveRecovery implements account.RecoveryStore.
func (db *DB) ProveRecovery(ctx context.Context, id, flowKey, codeHash string, most int, now, until time.Time) (account.Proof, error) {
	if !validID(id) || !storable(flowKey, codeHash) {
		return account.Over, nil
	}
	var found, right bool
	var tries int
	err := db.change(ctx, func(ctx context.Context, c *conn) (err error) {
		found, err = c.row(ctx, proveRecovery, []any{id, flowKey, codeHash, most, at(now), at(until)}, &right, &tries)
		return err
	})
	switch {
	case err != nil:
		return account.Over, err
	case found && right:
		return account.Proven, nil
	case found && tries < most:
		return account.Wrong, nil
	}
	return account.Over, nil
}

// ProvenRecovery implements account.RecoveryStore.
func (db *DB) ProvenRecovery(ctx context.Context, id, flowKey string, now time.Time) (*account.Ticket, error) {
	if !validID(id) || !storable(flowKey) {
		return nil, nil
	}
	t, found := &account.Ticket{ID: id, FlowKey: flowKey}, false
	err := db.view(ctx, func(ctx context.Context, c *conn) (err error) {
		found, err = c.row(ctx, provenRecovery, []any{id, flowKey, at(now)}, &t.AccountID, &t.EmailKey, &t.PasswordKey, &t.Used)
		return err
	})
	if err != nil || !found {
		return nil, err
	}
	return t, nil
}

// errUnused ends a transaction that is to leave nothing.
var errUnused = fault.New(fault.Conflict, "The account was changed meanwhile.")

// UseRecovery implements account.RecoveryStore.
func (db *DB) UseRecovery(ctx context.Context, use account.RecoveryUse, now time.Time, notice *outbox.Mail) (bool, error) {
	if !validID(use.ID) || !storable(use.FlowKey, use.Old, use.New, use.BrowserKey) {
		return false, nil
	}
	if notice != nil {
		if err := checkMail(notice); err != nil {
			return false, err
		}
	}
	err := db.transact(ctx, func(ctx context.Context, c *conn) error {
		var accountID, emailKey string
		found, err := c.row(ctx, useRecovery, []any{use.ID, use.FlowKey, at(now)}, &accountID, &emailKey)
		if err != nil {
			return err
		}
		if !found {
			return errUnused
		}
		n, err := c.change(ctx, resetPassword, accountID, emailKey, use.Old, use.New, true, at(now))
		if err != nil {
			return err
		}
		if n == 0 {
			return errUnused
		}
		if _, err := c.change(ctx, forgetOtherBrowsers, accountID, use.BrowserKey); err != nil || notice == nil {
			return err
		}
		return addMail(ctx, c, notice)
	})
	if errors.Is(err, errUnused) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if notice != nil {
		db.ring()
	}
	return true, nil
}

// DeleteRecoveries implements account.RecoveryStore.
func (db *DB) DeleteRecoveries(ctx context.Context, before time.Time, limit int) (int, error) {
	n, err := db.changed(ctx, deleteRecoveries, FirstID(before), limit)
	return int(n), err
}
