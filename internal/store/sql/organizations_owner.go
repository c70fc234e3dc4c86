package sqlstore

import (
	"context"
	"time"

	"signet/internal/fault"
	"signet/internal/org"
)

const (
	ownedBy = "SELECT organization_id FROM members WHERE account_id = $1 AND role = 'owner'"

	// A new version takes the row, and whoever decided by the older one is not
	// heard: of two last owners who go at once, one sees the other gone.
	touchOwned = "UPDATE organizations SET version = version + 1 WHERE erase_at IS NULL AND id IN (" + ownedBy + ")"

	// soleOwned are the organizations o that only the member m owns, of those
	// whose accounts are active.
	soleOwned = ` FROM members m JOIN organizations o ON o.id = m.organization_id AND o.erase_at IS NULL
		WHERE m.role = 'owner' AND NOT EXISTS (
			SELECT 1 FROM members x JOIN accounts a ON a.id = x.account_id AND a.status = 'active'
			WHERE x.organization_id = o.id AND x.role = 'owner' AND x.account_id <> m.account_id)`

	othersBelong = "EXISTS (SELECT 1 FROM members x WHERE x.organization_id = o.id AND x.account_id <> m.account_id)"

	soleOwnedPage = "SELECT o.id, o.name, " + othersBelong + " AS others" + soleOwned + " AND m.account_id = ? ORDER BY o.id LIMIT ?"

	countOrphans = "SELECT count(*)" + soleOwned + " AND m.account_id = $1 AND " + othersBelong

	deleteLone = `UPDATE organizations SET erase_at = $2, updated_at = $3, version = version + 1
		WHERE erase_at IS NULL AND id IN (` + ownedBy + `) AND NOT EXISTS (
			SELECT 1 FROM members x WHERE x.organization_id = organizations.id AND x.account_id <> $1)`
)

type soleRow struct {
	ID     string
	Name   string
	Others bool
}

// SoleOwned implements org.Store.
func (db *DB) SoleOwned(ctx context.Context, accountID string, limit int) ([]*org.Sole, error) {
	if limit <= 0 || !validID(accountID) {
		return nil, nil
	}
	var rows []soleRow
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		rows = nil
		return c.orm(ctx).Raw(soleOwnedPage, accountID, limit).Scan(&rows).Error
	})
	return convert(rows, func(r *soleRow) *org.Sole { return &org.Sole{ID: r.ID, Name: r.Name, Others: r.Others} }), err
}

// giveUpOwned has an account that is not active any more own nothing that would
// be left without an owner: organizations that nobody else belongs to are
// deleted with it, and where others belong the account cannot go.
func giveUpOwned(ctx context.Context, c *conn, accountID string, eraseAt, now time.Time) error {
	n, err := c.change(ctx, touchOwned, accountID)
	if err != nil || n == 0 {
		return err
	}
	if _, err := c.change(ctx, deleteLone, accountID, at(eraseAt), at(now)); err != nil {
		return err
	}
	orphans := 0
	if _, err := c.row(ctx, countOrphans, []any{accountID}, &orphans); err != nil {
		return err
	}
	if orphans > 0 {
		return fault.New(fault.Conflict, "The account is the last owner of an organization that others belong to.").On("organizations")
	}
	return nil
}
