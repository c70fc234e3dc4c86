package sqlstore

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm/clause"

	"signet/internal/grant"
)

var _ grant.Consents = (*DB)(nil)

type consentRow struct {
	AccountID string `gorm:"primaryKey"`
	ClientID  string `gorm:"primaryKey"`
	Scopes    document[[]string]
	GrantedAt instant
	UpdatedAt instant `gorm:"autoUpdateTime:false"`
}

func (consentRow) TableName() string { return "consents" }

const consentColumns = "account_id, client_id, scopes, granted_at, updated_at"

func (r *consentRow) consent() *grant.Consent {
	return &grant.Consent{
		AccountID: r.AccountID, ClientID: r.ClientID, Scopes: r.Scopes.V,
		GrantedAt: r.GrantedAt.Time, UpdatedAt: r.UpdatedAt.Time,
	}
}

// Consent implements grant.Consents.
func (db *DB) Consent(ctx context.Context, accountID, clientID string) (*grant.Consent, error) {
	if !validID(accountID) || !storable(clientID) {
		return nil, nil
	}
	var rows []consentRow
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		rows = nil
		return c.orm(ctx).Select(consentColumns).
			Where("account_id = ? AND client_id = ?", accountID, clientID).Limit(1).Find(&rows).Error
	})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0].consent(), nil
}

// ConsentsOf implements grant.Consents.
func (db *DB) ConsentsOf(ctx context.Context, accountID string) ([]*grant.Consent, error) {
	if !validID(accountID) {
		return nil, nil
	}
	var rows []consentRow
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		rows = nil
		return c.orm(ctx).Select(consentColumns).Where("account_id = ?", accountID).
			Order("granted_at DESC, client_id").Find(&rows).Error
	})
	return convert(rows, (*consentRow).consent), err
}

// AddConsent implements grant.Consents. An account or a client that does not
// exist is a fault of kind NotFound.
func (db *DB) AddConsent(ctx context.Context, accountID, clientID string, scopes []string, now time.Time) ([]string, error) {
	if !validID(accountID) || !storable(clientID) {
		return nil, gone(nil)
	}
	if !storable(scopes...) {
		return nil, errUnstorable()
	}
	var all []string
	err := db.transact(ctx, func(ctx context.Context, c *conn) error {
		row := consentRow{accountID, clientID, document[[]string]{union(nil, scopes)}, at(now), at(now)}
		res := c.orm(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected > 0 {
			all = row.Scopes.V
			return nil
		}
		var err error
		all, err = extendConsent(ctx, c, accountID, clientID, scopes, now)
		return err
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// extendConsent adds to the scopes of a consent that is there, and keeps it
// from others until the transaction ends.
func extendConsent(ctx context.Context, c *conn, accountID, clientID string, scopes []string, now time.Time) ([]string, error) {
	var row consentRow
	err := c.orm(ctx).Select(consentColumns).Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate}).
		Where("account_id = ? AND client_id = ?", accountID, clientID).Take(&row).Error
	if err != nil {
		// Withdrawn between the two statements: begin anew.
		return nil, orNotFound(err, func() error { return errAgain })
	}
	all := union(row.Scopes.V, scopes)
	if len(all) == len(row.Scopes.V) {
		return all, nil
	}
	err = c.orm(ctx).Model(&consentRow{}).Where("account_id = ? AND client_id = ?", accountID, clientID).
		Updates(map[string]any{"scopes": document[[]string]{all}, "updated_at": at(now)}).Error
	return all, err
}

// union returns the scopes of both, each once, in their order. It is not nil.
func union(have, more []string) []string {
	out := make([]string, 0, len(have)+len(more))
	for _, s := range slices.Concat(have, more) {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// WithdrawConsent implements grant.Consents.
func (db *DB) WithdrawConsent(ctx context.Context, accountID, clientID string) (bool, error) {
	if !validID(accountID) || !storable(clientID) {
		return false, nil
	}
	var n int64
	err := db.change(ctx, func(ctx context.Context, c *conn) error {
		res := c.orm(ctx).Where("account_id = ? AND client_id = ?", accountID, clientID).Delete(&consentRow{})
		n = res.RowsAffected
		return res.Error
	})
	if err != nil {
		return false, err
	}
	return n > 0, nil
}
