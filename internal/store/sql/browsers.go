package sqlstore

import (
	"context"
	"time"

	"signet/internal/account"
	"signet/internal/outbox"
)

var _ account.BrowserStore = (*DB)(nil)

const (
	browserSeenAt = "SELECT last_seen FROM known_browsers WHERE account_id = $1 AND browser_key = $2"

	insertBrowser = `INSERT INTO known_browsers (account_id, browser_key, first_seen, last_seen)
		VALUES ($1, $2, $3, $3) ON CONFLICT (account_id, browser_key) DO NOTHING`

	// The count may be that before the row or after it: the databases differ.
	insertCountingBrowser = insertBrowser + " RETURNING (SELECT count(*) FROM known_browsers WHERE account_id = $1)"

	seeBrowser = "UPDATE known_browsers SET last_seen = $3 WHERE account_id = $1 AND browser_key = $2 AND last_seen < $3"

	countBrowsers = `SELECT count(*), coalesce(sum(CASE WHEN first_seen > $2 THEN 1 ELSE 0 END), 0)
		FROM known_browsers WHERE account_id = $1`

	forgetBrowsers = `DELETE FROM known_browsers WHERE account_id = $1 AND browser_key IN (
		SELECT browser_key FROM known_browsers WHERE account_id = $1 ORDER BY last_seen LIMIT $2)`

	forgetOtherBrowsers = "DELETE FROM known_browsers WHERE account_id = $1 AND browser_key <> $2"
)

// Browser implements account.BrowserStore.
func (db *DB) Browser(ctx context.Context, accountID, key string) (time.Time, error) {
	if !validID(accountID) || !storable(key) {
		return time.Time{}, nil
	}
	var seen instant
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		_, err := c.row(ctx, browserSeenAt, []any{accountID, key}, &seen)
		return err
	})
	return seen.Time, err
}

// ForgetBrowsers implements account.BrowserStore.
func (db *DB) ForgetBrowsers(ctx context.Context, accountID string) error {
	if !validID(accountID) {
		return nil
	}
	_, err := db.changed(ctx, forgetOtherBrowsers, accountID, "")
	return err
}

// AddBrowser implements account.BrowserStore.
func (db *DB) AddBrowser(ctx context.Context, accountID, key string, now time.Time, limits account.BrowserLimits, notice *outbox.Mail) error {
	if !validID(accountID) {
		return noAccount()
	}
	if !storable(key) {
		return errUnstorable()
	}
	if notice != nil {
		if err := checkMail(notice); err != nil {
			return err
		}
	}
	if notice == nil {
		return db.addBrowser(ctx, accountID, key, now, limits.Kept)
	}
	told := false
	err := db.transact(ctx, func(ctx context.Context, c *conn) error {
		told = false
		made, err := c.change(ctx, insertBrowser, accountID, key, at(now))
		if err != nil {
			return err
		}
		if made == 0 {
			_, err := c.change(ctx, seeBrowser, accountID, key, at(now))
			return err
		}
		var all, lately int
		if _, err := c.row(ctx, countBrowsers, []any{accountID, at(now.Add(-limits.Window))}, &all, &lately); err != nil {
			return err
		}
		if all > limits.Kept {
			if _, err := c.change(ctx, forgetBrowsers, accountID, all-limits.Kept); err != nil {
				return err
			}
		}
		if all == 1 || lately > limits.Notices {
			return nil
		}
		told = true
		return addMail(ctx, c, notice)
	})
	if err == nil && told {
		db.ring()
	}
	return err
}

// addBrowser is AddBrowser with nobody to tell: one statement, unless the browser
// is known, or there are so many that some must be forgotten.
func (db *DB) addBrowser(ctx context.Context, accountID, key string, now time.Time, kept int) error {
	made, before := false, 0
	err := db.change(ctx, func(ctx context.Context, c *conn) (err error) {
		made, err = c.row(ctx, insertCountingBrowser, []any{accountID, key, at(now)}, &before)
		return err
	})
	if err != nil {
		return err
	}
	if !made {
		return db.change(ctx, func(ctx context.Context, c *conn) error {
			_, err := c.change(ctx, seeBrowser, accountID, key, at(now))
			return err
		})
	}
	if before < kept {
		return nil
	}
	return db.transact(ctx, func(ctx context.Context, c *conn) error {
		var all, lately int
		if _, err := c.row(ctx, countBrowsers, []any{accountID, at(now)}, &all, &lately); err != nil || all <= kept {
			return err
		}
		_, err := c.change(ctx, forgetBrowsers, accountID, all-kept)
		return err
	})
}

type browserRow struct{ FirstSeen, LastSeen instant }

func (browserRow) TableName() string { return "known_browsers" }

// BrowsersOf implements account.BrowserStore.
func (db *DB) BrowsersOf(ctx context.Context, accountID string) ([]account.KnownBrowser, error) {
	if !validID(accountID) {
		return nil, nil
	}
	var rows []browserRow
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		rows = nil
		return c.orm(ctx).Select("first_seen, last_seen").Where("account_id = ?", accountID).Order("first_seen").Find(&rows).Error
	})
	return convert(rows, func(r *browserRow) account.KnownBrowser {
		return account.KnownBrowser{FirstSeen: r.FirstSeen.Time, LastSeen: r.LastSeen.Time}
	}), err
}
