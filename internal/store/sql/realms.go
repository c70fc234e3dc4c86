package sqlstore

import (
	"context"

	"signet/internal/org"
)

var _ org.RealmStore = (*DB)(nil)

const realmOf = `SELECT d.organization_id, o.name, c.id, c.name,
		EXISTS (SELECT 1 FROM connection_uses e JOIN connections ec ON ec.id = e.connection_id AND ec.enabled
			WHERE e.organization_id = d.organization_id AND e.enforced)
	FROM domains d
	JOIN organizations o ON o.id = d.organization_id AND o.erase_at IS NULL
	JOIN connection_uses u ON u.organization_id = d.organization_id
	JOIN connections c ON c.id = u.connection_id AND c.enabled
	WHERE d.name = $1 AND d.proven_at IS NOT NULL
	ORDER BY CASE WHEN c.id = d.connection_id THEN 0 WHEN u.enforced THEN 1 ELSE 2 END, c.id LIMIT 1`

// realmOfOrganization ends with the column by which the organization is found.
const realmOfOrganization = `SELECT o.id, o.name, c.id, c.name, u.enforced
	FROM organizations o
	JOIN connection_uses u ON u.organization_id = o.id
	JOIN connections c ON c.id = u.connection_id AND c.enabled
	WHERE o.erase_at IS NULL AND `

// RealmOfOrganization implements org.RealmStore.
func (db *DB) RealmOfOrganization(ctx context.Context, idOrSlug string) (*org.Realm, error) {
	if idOrSlug == "" || !storable(idOrSlug) {
		return nil, nil
	}
	text := realmOfOrganization + "o.slug = $1"
	if validID(idOrSlug) {
		text = realmOfOrganization + "o.id = $1"
	}
	return db.realm(ctx, "", text+" ORDER BY CASE WHEN u.enforced THEN 0 ELSE 1 END, c.id LIMIT 1", idOrSlug)
}

// Realm implements org.RealmStore.
func (db *DB) Realm(ctx context.Context, domain string) (*org.Realm, error) {
	if !storable(domain) {
		domain = "" // takes as long
	}
	return db.realm(ctx, domain, realmOf, domain)
}

func (db *DB) realm(ctx context.Context, domain, text, by string) (*org.Realm, error) {
	r := org.Realm{Domain: domain}
	found := false
	err := db.view(ctx, func(ctx context.Context, c *conn) (err error) {
		found, err = c.row(ctx, text, []any{by}, &r.OrgID, &r.OrgName, &r.ConnectionID, &r.Connection, &r.Enforced)
		return err
	})
	if err != nil || !found {
		return nil, err
	}
	return &r, nil
}
