package sqlstore

import (
	"context"
	"time"

	"signet/internal/account"
	"signet/internal/outbox"
)

const (
	changePassword = `UPDATE accounts SET password_hash = $3, updated_at = $4
		WHERE id = $1 AND password_hash = $2 AND status = 'active'`

	// Each of these moves a status from the one to the other: of any number of
	// callers one gets the row.
	closeAccount = "UPDATE accounts SET status = 'closing', updated_at = $2 WHERE id = $1 AND status = 'active'"
	keepAccount  = "UPDATE accounts SET status = 'active', updated_at = $2 WHERE id = $1 AND status = 'closing'"

	insertClosing = `INSERT INTO closings (account_id, closed_at, erase_at) VALUES ($1, $2, $3)
		ON CONFLICT (account_id) DO UPDATE SET closed_at = excluded.closed_at, erase_at = excluded.erase_at, reminded_at = NULL`

	deleteClosing = "DELETE FROM closings WHERE account_id = $1"

	closingOf = `SELECT account_id, erase_at, reminded_at IS NOT NULL FROM closings
		JOIN accounts ON accounts.id = closings.account_id AND accounts.status = 'closing'
		WHERE account_id = $1`

	remindClosing = "UPDATE closings SET reminded_at = $2 WHERE account_id = $1 AND reminded_at IS NULL"

	eraseClosed = `DELETE FROM accounts WHERE id = $1 AND status = 'closing'
		AND EXISTS (SELECT 1 FROM closings WHERE account_id = accounts.id AND erase_at <= $2)`
)

// changeWith runs the change in a transaction and, where it touches a row, what
// comes with it: other statements, the mail (nil: none), and the word to other
// nodes. It reports whether it touched one.
func (db *DB) changeWith(ctx context.Context, m *outbox.Mail, text string, args []any, also func(context.Context, *conn) error) (bool, error) {
	if m != nil {
		if err := checkMail(m); err != nil {
			return false, err
		}
	}
	done := false
	err := db.transact(ctx, func(ctx context.Context, c *conn) error {
		n, err := c.change(ctx, text, args...)
		if done = n > 0; err != nil || !done {
			return err
		}
		if m != nil {
			if err := addMail(ctx, c, m); err != nil {
				return err
			}
		}
		return also(ctx, c)
	})
	if err != nil {
		return false, err
	}
	if done && m != nil {
		db.ring()
	}
	return done, nil
}

// ChangePassword implements account.ChangeStore.
func (db *DB) ChangePassword(ctx context.Context, p account.PasswordChange, notice *outbox.Mail, now time.Time) (bool, error) {
	if !validID(p.AccountID) || !storable(p.Old) {
		return false, nil
	}
	if !storable(p.New, p.BrowserKey) {
		return false, errUnstorable()
	}
	return db.changeWith(ctx, notice, changePassword, []any{p.AccountID, p.Old, p.New, at(now)}, func(ctx context.Context, c *conn) error {
		_, err := c.change(ctx, forgetOtherBrowsers, p.AccountID, p.BrowserKey)
		return err
	})
}

// CloseAccount implements account.ChangeStore.
func (db *DB) CloseAccount(ctx context.Context, closing account.Closing, notice *outbox.Mail, now time.Time) (bool, error) {
	if !validID(closing.AccountID) {
		return false, nil
	}
	return db.changeWith(ctx, notice, closeAccount, []any{closing.AccountID, at(now)}, func(ctx context.Context, c *conn) error {
		if err := giveUpOwned(ctx, c, closing.AccountID, closing.EraseAt, now); err != nil {
			return err
		}
		if _, err := c.change(ctx, insertClosing, closing.AccountID, at(now), at(closing.EraseAt)); err != nil {
			return err
		}
		return bump(ctx, c, topicAccounts)
	})
}

// KeepAccount implements account.ChangeStore.
func (db *DB) KeepAccount(ctx context.Context, accountID string, now time.Time) (bool, error) {
	if !validID(accountID) {
		return false, nil
	}
	return db.changeWith(ctx, nil, keepAccount, []any{accountID, at(now)}, func(ctx context.Context, c *conn) error {
		if _, err := c.change(ctx, deleteClosing, accountID); err != nil {
			return err
		}
		return bump(ctx, c, topicAccounts)
	})
}

// Closing implements account.ChangeStore.
func (db *DB) Closing(ctx context.Context, accountID string) (*account.Closing, error) {
	if !validID(accountID) {
		return nil, nil
	}
	var closing account.Closing
	var erase instant
	found := false
	err := db.view(ctx, func(ctx context.Context, c *conn) (err error) {
		found, err = c.row(ctx, closingOf, []any{accountID}, &closing.AccountID, &erase, &closing.Reminded)
		return err
	})
	if err != nil || !found {
		return nil, err
	}
	closing.EraseAt = erase.Time
	return &closing, nil
}

type closingRow struct {
	AccountID string
	EraseAt   instant
	Reminded  bool
}

// Closings implements account.ChangeStore.
func (db *DB) Closings(ctx context.Context, before time.Time, limit int) ([]*account.Closing, error) {
	var rows []closingRow
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		rows = nil
		return c.orm(ctx).Table("closings").
			Select("account_id, erase_at, reminded_at IS NOT NULL AS reminded").
			Joins("JOIN accounts ON accounts.id = closings.account_id AND accounts.status = 'closing'").
			Where("erase_at <= ?", at(before)).Order("erase_at").Limit(max(0, limit)).Find(&rows).Error
	})
	return convert(rows, func(r *closingRow) *account.Closing {
		return &account.Closing{AccountID: r.AccountID, EraseAt: r.EraseAt.Time, Reminded: r.Reminded}
	}), err
}

// RemindOfClosing implements account.ChangeStore.
func (db *DB) RemindOfClosing(ctx context.Context, accountID string, letter *outbox.Mail, now time.Time) (bool, error) {
	if !validID(accountID) {
		return false, nil
	}
	return db.changeWith(ctx, letter, remindClosing, []any{accountID, at(now)}, func(context.Context, *conn) error { return nil })
}

// EraseClosed implements account.ChangeStore.
func (db *DB) EraseClosed(ctx context.Context, accountID string, letter *outbox.Mail, now time.Time) (bool, error) {
	if !validID(accountID) {
		return false, nil
	}
	return db.changeWith(ctx, letter, eraseClosed, []any{accountID, at(now)}, func(ctx context.Context, c *conn) error {
		return bump(ctx, c, topicAccounts)
	})
}
