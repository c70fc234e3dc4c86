package sqlstore

import (
	"context"
	"time"

	"signet/internal/fault"
	"signet/internal/org"
)

var _ org.SetupStore = (*DB)(nil)

const (
	setupLinkColumns = "id, organization_id, key, created_by, created_at, expires_at, browser, claimed_at"

	insertSetupLink = "INSERT INTO setup_links (" + setupLinkColumns + ") VALUES ($1, $2, $3, $4, $5, $6, NULL, NULL)"

	countSetupLinks = "SELECT count(*) FROM setup_links WHERE organization_id = $1 AND expires_at > $2"

	setupLinkByID = "SELECT " + setupLinkColumns + " FROM setup_links WHERE id = ? AND expires_at > ?"

	setupLinksOf = "SELECT " + setupLinkColumns + " FROM setup_links WHERE organization_id = ? AND expires_at > ? ORDER BY id DESC LIMIT ?"

	claimSetupLink = `UPDATE setup_links SET browser = $3, claimed_at = $4
		WHERE id = $1 AND key = $2 AND browser IS NULL AND expires_at > $4`

	revokeSetupLink = "DELETE FROM setup_links WHERE organization_id = $1 AND id = $2"

	deleteSetupLinks = `DELETE FROM setup_links WHERE id IN (
		SELECT id FROM setup_links WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)`
)

type setupLinkRow struct {
	ID             string
	OrganizationID string
	Key            string
	CreatedBy      string
	CreatedAt      instant
	ExpiresAt      instant
	Browser        *string
	ClaimedAt      instant
}

func (r *setupLinkRow) link() *org.SetupLink {
	l := &org.SetupLink{
		ID: r.ID, OrgID: r.OrganizationID, Key: r.Key, CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt.Time, ExpiresAt: r.ExpiresAt.Time, ClaimedAt: r.ClaimedAt.Time,
	}
	if r.Browser != nil {
		l.Browser = *r.Browser
	}
	return l
}

func (db *DB) setupLinks(ctx context.Context, text string, args ...any) ([]*org.SetupLink, error) {
	var rows []setupLinkRow
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		rows = nil
		return c.orm(ctx).Raw(text, args...).Scan(&rows).Error
	})
	return convert(rows, (*setupLinkRow).link), err
}

// AddSetupLink implements org.SetupStore.
func (db *DB) AddSetupLink(ctx context.Context, l *org.SetupLink, most int) error {
	if !validID(l.ID) || !validID(l.OrgID) || !storable(l.Key, l.CreatedBy) {
		return errUnstorable()
	}
	args := []any{l.ID, l.OrgID, l.Key, l.CreatedBy, at(l.CreatedAt), at(l.ExpiresAt)}
	_, err := db.changeWith(ctx, nil, insertSetupLink, args, func(ctx context.Context, c *conn) error {
		n := 0
		if _, err := c.row(ctx, countSetupLinks, []any{l.OrgID, at(l.CreatedAt)}, &n); err != nil {
			return err
		}
		if n > most {
			return fault.New(fault.Limited, "An organization has at most %d open links. Revoke one first.", most)
		}
		return nil
	})
	return err
}

// SetupLink implements org.SetupStore.
func (db *DB) SetupLink(ctx context.Context, id string, now time.Time) (*org.SetupLink, error) {
	if !validID(id) {
		return nil, nil
	}
	some, err := db.setupLinks(ctx, setupLinkByID, id, at(now))
	if err != nil || len(some) == 0 {
		return nil, err
	}
	return some[0], nil
}

// SetupLinks implements org.SetupStore.
func (db *DB) SetupLinks(ctx context.Context, orgID string, now time.Time, limit int) ([]*org.SetupLink, error) {
	if limit <= 0 || !validID(orgID) {
		return nil, nil
	}
	return db.setupLinks(ctx, setupLinksOf, orgID, at(now), limit)
}

// ClaimSetupLink implements org.SetupStore.
func (db *DB) ClaimSetupLink(ctx context.Context, id, key, browser string, now time.Time) (bool, error) {
	if !validID(id) || !storable(key, browser) {
		return false, nil
	}
	var n int64
	err := db.change(ctx, func(ctx context.Context, c *conn) (err error) {
		n, err = c.change(ctx, claimSetupLink, id, key, browser, at(now))
		return err
	})
	return n > 0, err
}

// RevokeSetupLink implements org.SetupStore.
func (db *DB) RevokeSetupLink(ctx context.Context, orgID, id string) (bool, error) {
	if !validID(id) {
		return false, nil
	}
	return db.changeOwned(ctx, revokeSetupLink, orgID, id)
}

// DeleteSetupLinks implements org.SetupStore.
func (db *DB) DeleteSetupLinks(ctx context.Context, before time.Time, limit int) (int, error) {
	var n int64
	err := db.change(ctx, func(ctx context.Context, c *conn) (err error) {
		n, err = c.change(ctx, deleteSetupLinks, at(before), limit)
		return err
	})
	return int(n), err
}
