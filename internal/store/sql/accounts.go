package sqlstore

import (
	"context"
	"time"

	"gorm.io/gorm"

	"signet/internal/account"
	"signet/internal/fault"
)

var _ account.Store = (*DB)(nil)

type accountRow struct {
	ID            string
	Email         string
	EmailKey      string
	EmailVerified bool
	PasswordHash  string
	Status        string
	Profile       document[account.Profile]
	CreatedAt     instant `gorm:"autoCreateTime:false"`
	UpdatedAt     instant `gorm:"autoUpdateTime:false"`
}

func (accountRow) TableName() string { return "accounts" }

const (
	accountColumns = "id, email, email_key, email_verified, password_hash, status, profile, created_at, updated_at"

	accountByID       = "SELECT " + accountColumns + " FROM accounts WHERE id = $1"
	accountByEmailKey = "SELECT " + accountColumns + " FROM accounts WHERE email_key = $1"
	accountAndBrowser = "SELECT " + accountColumns + `,
		(SELECT last_seen FROM known_browsers WHERE account_id = accounts.id AND browser_key = $2)
		FROM accounts WHERE email_key = $1`
	insertAccount = "INSERT INTO accounts (" + accountColumns + ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
)

func rowOfAccount(a *account.Account) accountRow {
	return accountRow{
		ID: a.ID, Email: a.Email, EmailKey: a.EmailKey, EmailVerified: a.EmailVerified,
		PasswordHash: a.PasswordHash, Status: string(a.Status),
		Profile:   document[account.Profile]{a.Profile},
		CreatedAt: at(a.CreatedAt), UpdatedAt: at(a.UpdatedAt),
	}
}

func (r *accountRow) account() *account.Account {
	return &account.Account{
		ID: r.ID, Email: r.Email, EmailKey: r.EmailKey, EmailVerified: r.EmailVerified,
		PasswordHash: r.PasswordHash, Status: account.Status(r.Status), Profile: r.Profile.V,
		CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time,
	}
}

// values gives the columns in the order of accountColumns.
func (r *accountRow) values() []any {
	return []any{r.ID, r.Email, r.EmailKey, r.EmailVerified, r.PasswordHash, r.Status, r.Profile, r.CreatedAt, r.UpdatedAt}
}

func (r *accountRow) targets() []any {
	return []any{&r.ID, &r.Email, &r.EmailKey, &r.EmailVerified, &r.PasswordHash, &r.Status, &r.Profile, &r.CreatedAt, &r.UpdatedAt}
}

func (r *accountRow) storable() bool {
	return storable(r.Email, r.EmailKey, r.PasswordHash, r.Status)
}

func noAccount() error { return fault.New(fault.NotFound, "There is no such account.") }

// Account implements account.Store.
func (db *DB) Account(ctx context.Context, id string) (*account.Account, error) {
	if !validID(id) {
		return nil, noAccount()
	}
	return db.oneAccount(ctx, accountByID, id)
}

// AccountByEmailKey implements account.Store.
func (db *DB) AccountByEmailKey(ctx context.Context, key string) (*account.Account, error) {
	if !storable(key) {
		return nil, noAccount()
	}
	return db.oneAccount(ctx, accountByEmailKey, key)
}

// AccountAndBrowser implements account.BrowserStore.
func (db *DB) AccountAndBrowser(ctx context.Context, emailKey, browserKey string) (*account.Account, time.Time, error) {
	if !storable(emailKey, browserKey) {
		return nil, time.Time{}, noAccount()
	}
	var row accountRow
	var seen instant
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		found, err := c.row(ctx, accountAndBrowser, []any{emailKey, browserKey}, append(row.targets(), &seen)...)
		if err == nil && !found {
			return noAccount()
		}
		return err
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	return row.account(), seen.Time, nil
}

func (db *DB) oneAccount(ctx context.Context, text, arg string) (*account.Account, error) {
	var row accountRow
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		found, err := c.row(ctx, text, []any{arg}, row.targets()...)
		if err == nil && !found {
			return noAccount()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return row.account(), nil
}

// Accounts implements account.Store. The order is that of the ids, so that of
// creation.
func (db *DB) Accounts(ctx context.Context, after string, limit int) ([]*account.Account, error) {
	rows, err := page[accountRow](ctx, db, accountColumns, after, limit, validID)
	return convert(rows, (*accountRow).account), err
}

// CreateAccount implements account.Store.
func (db *DB) CreateAccount(ctx context.Context, a *account.Account) error {
	row := rowOfAccount(a)
	if !validID(row.ID) || !row.storable() {
		return errUnstorable()
	}
	err := db.change(ctx, func(ctx context.Context, c *conn) error {
		_, err := c.change(ctx, insertAccount, row.values()...)
		return err
	})
	if fault.Is(err, fault.Conflict) {
		return fault.Wrap(fault.Conflict, err, "There is an account with this address already.").On("email")
	}
	return err
}

// UpdateAccount implements account.Store. When the status becomes another one,
// the other nodes are told.
func (db *DB) UpdateAccount(ctx context.Context, a *account.Account, prev time.Time) error {
	row := rowOfAccount(a)
	if !validID(row.ID) {
		return noAccount()
	}
	if !row.storable() {
		return errUnstorable()
	}
	return db.transact(ctx, func(ctx context.Context, c *conn) error {
		var was accountRow
		err := c.orm(ctx).Select("status").Where("id = ?", row.ID).Take(&was).Error
		if err != nil {
			return orNotFound(err, noAccount)
		}
		res := c.orm(ctx).Model(&accountRow{}).Where("id = ? AND updated_at = ?", row.ID, at(prev)).
			Select("email", "email_key", "email_verified", "password_hash", "status", "profile", "updated_at").
			Updates(&row)
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected == 0 {
			return fault.New(fault.Conflict, "The account was changed meanwhile. Please try again.")
		}
		if was.Status != row.Status {
			return bump(ctx, c, topicAccounts)
		}
		return nil
	})
}

// SetPasswordHash implements account.Store.
func (db *DB) SetPasswordHash(ctx context.Context, id, old, hash string, now time.Time) (bool, error) {
	if !validID(id) || !storable(old) {
		return false, nil
	}
	if !storable(hash) {
		return false, errUnstorable()
	}
	var n int64
	err := db.change(ctx, func(ctx context.Context, c *conn) error {
		res := c.orm(ctx).Model(&accountRow{}).Where("id = ? AND password_hash = ?", id, old).
			Updates(map[string]any{"password_hash": hash, "updated_at": at(now)})
		n = res.RowsAffected
		return res.Error
	})
	if err != nil {
		return false, err
	}
	return n > 0, nil
}

// DeleteAccount implements account.Store.
func (db *DB) DeleteAccount(ctx context.Context, id string, organizationsAt, now time.Time) error {
	if !validID(id) {
		return noAccount()
	}
	return db.transact(ctx, func(ctx context.Context, c *conn) error {
		if err := giveUpOwned(ctx, c, id, organizationsAt, now); err != nil {
			return err
		}
		return removeOne(c.orm(ctx).Where("id = ?", id).Delete(&accountRow{}), noAccount, func() error {
			return bump(ctx, c, topicAccounts)
		})
	})
}

// removeOne ends a deletion: nothing removed is missing, else then is called.
func removeOne(res *gorm.DB, missing func() error, then func() error) error {
	switch {
	case res.Error != nil:
		return res.Error
	case res.RowsAffected == 0:
		return missing()
	default:
		return then()
	}
}
