package sqlstore

import (
	"context"
	"time"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/outbox"
)

var _ account.ChangeStore = (*DB)(nil)

const (
	emailChangeColumns = "id, account_id, old_email, old_email_key, new_email, new_email_key, confirm_key, created_at, expires_at"

	insertEmailChange = "INSERT INTO email_changes (" + emailChangeColumns + ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"

	// Changes nothing, and makes those who ask for changes of one account wait for
	// each other: what one of them counts is what there is.
	lockAccount = "UPDATE accounts SET updated_at = updated_at WHERE id = $1"

	countEmailChanges = "SELECT count(*) FROM email_changes WHERE account_id = $1 AND created_at > $2"

	endWaitingChanges = "UPDATE email_changes SET over_at = $2 WHERE account_id = $1 AND confirmed_at IS NULL AND over_at IS NULL"

	isTaken = "SELECT 1 FROM accounts WHERE email_key = $1 AND id <> $2"

	waitingChange = "SELECT " + emailChangeColumns + ` FROM email_changes
		WHERE account_id = $1 AND confirmed_at IS NULL AND over_at IS NULL AND expires_at > $2`

	// One statement that checks and changes: of any number of callers one gets
	// the row.
	confirmChange = `UPDATE email_changes SET confirmed_at = $2, restore_key = $3
		WHERE confirm_key = $1 AND confirmed_at IS NULL AND over_at IS NULL AND expires_at > $2
		RETURNING ` + emailChangeColumns

	moveAccount = `UPDATE accounts SET email = $3, email_key = $4, email_verified = $5, updated_at = $6
		WHERE id = $1 AND email_key = $2 AND status = 'active'`

	restorableChange = "SELECT " + emailChangeColumns + ` FROM email_changes
		WHERE restore_key = $1 AND over_at IS NULL AND confirmed_at > $2`

	restoreChange = `UPDATE email_changes SET over_at = $3
		WHERE restore_key = $1 AND over_at IS NULL AND confirmed_at > $2
		RETURNING confirmed_at, ` + emailChangeColumns

	// Whoever moved the account on from the address that is taken back has no
	// claim to it.
	endLaterChanges = `UPDATE email_changes SET over_at = $2
		WHERE account_id = $1 AND over_at IS NULL AND (confirmed_at IS NULL OR confirmed_at >= $3)`

	lostAddress = "SELECT email FROM accounts WHERE id = $1 AND email_key <> $2 AND email_verified"

	restoreAccount = `UPDATE accounts SET email = $2, email_key = $3, email_verified = $4, password_hash = '',
			status = CASE WHEN status = 'closing' THEN 'active' ELSE status END, updated_at = $5
		WHERE id = $1`

	// Ids begin with the time, so that their own index finds what is old.
	deleteEmailChanges = `DELETE FROM email_changes WHERE id IN (
		SELECT id FROM email_changes WHERE id < $1 ORDER BY id LIMIT $2)`
)

type emailChangeRow struct {
	account.EmailChange
	createdAt, expiresAt instant
}

// targets are in the order of emailChangeColumns.
func (r *emailChangeRow) targets() []any {
	return []any{&r.ID, &r.AccountID, &r.OldEmail, &r.OldEmailKey, &r.NewEmail, &r.NewEmailKey, &r.ConfirmKey, &r.createdAt, &r.expiresAt}
}

func (r *emailChangeRow) change() *account.EmailChange {
	c := r.EmailChange
	c.CreatedAt, c.ExpiresAt = r.createdAt.Time, r.expiresAt.Time
	return &c
}

func linkOver() error {
	return fault.New(fault.Expired, "This link was used already, or too much time has passed.")
}

// errTaken: another account has the address.
func errTaken(err error) error {
	if fault.Is(err, fault.Conflict) {
		return fault.Wrap(fault.Conflict, err, "Another account has this address.")
	}
	return err
}

// AddEmailChange implements account.ChangeStore.
func (db *DB) AddEmailChange(ctx context.Context, e *account.EmailChange, free, taken *outbox.Mail, limits account.EmailLimits) error {
	if !validID(e.ID) || !storable(e.OldEmail, e.OldEmailKey, e.NewEmail, e.NewEmailKey, e.ConfirmKey) {
		return errUnstorable()
	}
	if !validID(e.AccountID) {
		return noAccount()
	}
	for _, m := range []*outbox.Mail{free, taken} {
		if err := checkMail(m); err != nil {
			return err
		}
	}
	err := db.transact(ctx, func(ctx context.Context, c *conn) error {
		if err := countChange(ctx, c, e, limits); err != nil {
			return err
		}
		if _, err := c.change(ctx, endWaitingChanges, e.AccountID, at(e.CreatedAt)); err != nil {
			return err
		}
		_, err := c.change(ctx, insertEmailChange, e.ID, e.AccountID, e.OldEmail, e.OldEmailKey, e.NewEmail, e.NewEmailKey,
			e.ConfirmKey, at(e.CreatedAt), at(e.ExpiresAt))
		if err != nil {
			return err
		}
		since := at(e.CreatedAt.Add(-limits.Window))
		allowed, err := c.change(ctx, countLetter, letterOfChange+e.NewEmailKey, at(e.CreatedAt), at(e.CreatedAt), since, limits.Address)
		if err != nil {
			return err
		}
		var one int
		elses, err := c.row(ctx, isTaken, []any{e.NewEmailKey, e.AccountID}, &one)
		if err != nil || allowed == 0 {
			return err
		}
		if elses {
			return addMail(ctx, c, taken)
		}
		return addMail(ctx, c, free)
	})
	if err == nil {
		db.ring()
	}
	return err
}

// letterOfChange stands before an address, which has no space, where letters
// about changes are counted apart from those of sign-ups: of any number of
// accounts that want to move to the address at once, so many write to it.
const letterOfChange = "change "

// countChange refuses a change that is one too many for its account.
func countChange(ctx context.Context, c *conn, e *account.EmailChange, limits account.EmailLimits) error {
	n, err := c.change(ctx, lockAccount, e.AccountID)
	if err != nil {
		return err
	}
	if n == 0 {
		return noAccount()
	}
	asked := 0
	if _, err := c.row(ctx, countEmailChanges, []any{e.AccountID, at(e.CreatedAt.Add(-limits.Window))}, &asked); err != nil {
		return err
	}
	if asked >= limits.Account {
		return fault.New(fault.Limited, "The address was changed too often today. Please try again tomorrow.")
	}
	return nil
}

// WaitingEmailChange implements account.ChangeStore.
func (db *DB) WaitingEmailChange(ctx context.Context, accountID string, now time.Time) (*account.EmailChange, error) {
	if !validID(accountID) {
		return nil, nil
	}
	return db.oneEmailChange(ctx, waitingChange, accountID, at(now))
}

// RestorableEmailChange implements account.ChangeStore.
func (db *DB) RestorableEmailChange(ctx context.Context, restoreKey string, after time.Time) (*account.EmailChange, error) {
	if !storable(restoreKey) {
		return nil, linkOver()
	}
	e, err := db.oneEmailChange(ctx, restorableChange, restoreKey, at(after))
	if err == nil && e == nil {
		err = linkOver()
	}
	return e, err
}

func (db *DB) oneEmailChange(ctx context.Context, text string, args ...any) (*account.EmailChange, error) {
	var row emailChangeRow
	found := false
	err := db.view(ctx, func(ctx context.Context, c *conn) (err error) {
		found, err = c.row(ctx, text, args, row.targets()...)
		return err
	})
	if err != nil || !found {
		return nil, err
	}
	return row.change(), nil
}

// ConfirmEmailChange implements account.ChangeStore.
func (db *DB) ConfirmEmailChange(ctx context.Context, confirmKey, restoreKey string, notice *outbox.Mail, now time.Time) error {
	if !storable(confirmKey, restoreKey) {
		return linkOver()
	}
	if notice != nil {
		if err := checkMail(notice); err != nil {
			return err
		}
	}
	err := db.transact(ctx, func(ctx context.Context, c *conn) error {
		var row emailChangeRow
		found, err := c.row(ctx, confirmChange, []any{confirmKey, at(now), restoreKey}, row.targets()...)
		if err != nil {
			return err
		}
		if !found {
			return linkOver()
		}
		n, err := c.change(ctx, moveAccount, row.AccountID, row.OldEmailKey, row.NewEmail, row.NewEmailKey, true, at(now))
		switch {
		case err != nil:
			return err
		case n == 0:
			return linkOver()
		case notice == nil:
			return nil
		}
		return addMail(ctx, c, notice)
	})
	if err == nil && notice != nil {
		db.ring()
	}
	return errTaken(err)
}

// RestoreEmail implements account.ChangeStore.
func (db *DB) RestoreEmail(ctx context.Context, restoreKey string, notice *outbox.Mail, after, now time.Time) (*account.EmailChange, error) {
	if !storable(restoreKey) {
		return nil, linkOver()
	}
	if notice != nil {
		if err := checkMail(notice); err != nil {
			return nil, err
		}
	}
	var row emailChangeRow
	err := db.transact(ctx, func(ctx context.Context, c *conn) error {
		row = emailChangeRow{}
		var confirmed instant
		found, err := c.row(ctx, restoreChange, []any{restoreKey, at(after), at(now)}, append([]any{&confirmed}, row.targets()...)...)
		if err != nil {
			return err
		}
		if !found {
			return linkOver()
		}
		if _, err := c.change(ctx, endLaterChanges, row.AccountID, at(now), confirmed); err != nil {
			return err
		}
		// From here on no link moves the account: its address is the one it loses.
		if err := tellLost(ctx, c, &row.EmailChange, notice); err != nil {
			return err
		}
		for _, step := range []struct {
			text string
			args []any
		}{
			{restoreAccount, []any{row.AccountID, row.OldEmail, row.OldEmailKey, true, at(now)}},
			{deleteClosing, []any{row.AccountID}},
			{forgetOtherBrowsers, []any{row.AccountID, ""}},
		} {
			if _, err := c.change(ctx, step.text, step.args...); err != nil {
				return err
			}
		}
		return bump(ctx, c, topicAccounts)
	})
	if err != nil {
		return nil, errTaken(err)
	}
	if notice != nil {
		db.ring()
	}
	return row.change(), nil
}

// tellLost queues the notice to the address that the account has, unless that is
// the one it gets back.
func tellLost(ctx context.Context, c *conn, e *account.EmailChange, notice *outbox.Mail) error {
	if notice == nil {
		return nil
	}
	m := *notice
	found, err := c.row(ctx, lostAddress, []any{e.AccountID, e.OldEmailKey}, &m.To)
	if err != nil || !found {
		return err
	}
	return addMail(ctx, c, &m)
}

// DeleteEmailChanges implements account.ChangeStore.
func (db *DB) DeleteEmailChanges(ctx context.Context, before time.Time, limit int) (int, error) {
	n, err := db.changed(ctx, deleteEmailChanges, FirstID(before), limit)
	return int(n), err
}
