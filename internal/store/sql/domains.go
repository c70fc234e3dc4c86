package sqlstore

import (
	"context"
	"time"

	"signet/internal/fault"
	"signet/internal/org"
)

var _ org.DomainStore = (*DB)(nil)

const (
	domainColumns = "organization_id, name, token, created_at, proven_at, checked_at, missed_at, vouched, connection_id"

	insertDomain = `INSERT INTO domains (organization_id, name, skeleton, token, created_at, vouched) VALUES ($1, $2, $3, $4, $5, false)
		ON CONFLICT (organization_id, name) DO NOTHING`

	countDomains = "SELECT count(*) FROM domains WHERE organization_id = $1"

	domainNamed = "SELECT " + domainColumns + " FROM domains WHERE organization_id = ? AND name = ?"

	domainsPage = "SELECT " + domainColumns + " FROM domains WHERE organization_id = ? AND name > ? ORDER BY name LIMIT ?"

	beginDomainCheck = `UPDATE domains SET checked_at = $4 WHERE organization_id = $1 AND name = $2
		AND (checked_at IS NULL OR checked_at <= $3)`

	alikeDomain = `SELECT domains.name FROM domains JOIN organizations o ON o.id = domains.organization_id AND o.erase_at IS NULL
		WHERE domains.skeleton = $2 AND domains.proven_at IS NOT NULL AND domains.organization_id <> $1 LIMIT 1`

	// What was deleted lets go of its domains as soon as somebody else proves them.
	freeDomain = `UPDATE domains SET proven_at = NULL, vouched = false, connection_id = NULL
		WHERE name = $2 AND proven_at IS NOT NULL AND organization_id <> $1
		AND EXISTS (SELECT 1 FROM organizations o WHERE o.id = domains.organization_id AND o.erase_at IS NOT NULL)`

	proveDomain = `UPDATE domains SET proven_at = coalesce(proven_at, $4), checked_at = $4, missed_at = NULL, vouched = $3
		WHERE organization_id = $1 AND name = $2 RETURNING proven_at`

	missDomain = `UPDATE domains SET missed_at = coalesce(missed_at, $3)
		WHERE organization_id = $1 AND name = $2 AND proven_at IS NOT NULL AND NOT vouched`

	loseDomain = `UPDATE domains SET proven_at = NULL, missed_at = NULL, connection_id = NULL
		WHERE organization_id = $1 AND name = $2 AND proven_at IS NOT NULL AND NOT vouched AND missed_at <= $3`

	leadDomain = `UPDATE domains SET connection_id = $3 WHERE organization_id = $1 AND name = $2
		AND EXISTS (SELECT 1 FROM connection_uses u WHERE u.organization_id = $1 AND u.connection_id = $3)`

	leadNowhere = "UPDATE domains SET connection_id = NULL WHERE organization_id = $1 AND name = $2"

	deleteDomain = "DELETE FROM domains WHERE organization_id = $1 AND name = $2"

	domainsToCheck = "SELECT " + domainColumns + ` FROM domains
		WHERE proven_at IS NOT NULL AND NOT vouched AND checked_at <= ? ORDER BY checked_at LIMIT ?`

	provenDomain = "SELECT " + domainColumns + ` FROM domains WHERE name = ? AND proven_at IS NOT NULL
		AND EXISTS (SELECT 1 FROM organizations o WHERE o.id = domains.organization_id AND o.erase_at IS NULL)`
)

type domainRow struct {
	OrganizationID string
	Name           string
	Token          string
	CreatedAt      instant
	ProvenAt       instant
	CheckedAt      instant
	MissedAt       instant
	Vouched        bool
	ConnectionID   *string
}

func (r *domainRow) domain() *org.Domain {
	d := &org.Domain{
		OrgID: r.OrganizationID, Name: r.Name, Token: r.Token, CreatedAt: r.CreatedAt.Time, ProvenAt: r.ProvenAt.Time,
		CheckedAt: r.CheckedAt.Time, MissedAt: r.MissedAt.Time, Vouched: r.Vouched,
	}
	if r.ConnectionID != nil {
		d.ConnectionID = *r.ConnectionID
	}
	return d
}

// domains are the rows that the text reads.
func (db *DB) domains(ctx context.Context, text string, args ...any) ([]*org.Domain, error) {
	var rows []domainRow
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		rows = nil
		return c.orm(ctx).Raw(text, args...).Scan(&rows).Error
	})
	return convert(rows, (*domainRow).domain), err
}

// AddDomain implements org.DomainStore.
func (db *DB) AddDomain(ctx context.Context, d *org.Domain, most int) (bool, error) {
	if !validID(d.OrgID) || !storable(d.Name, d.Token) {
		return false, errUnstorable()
	}
	args := []any{d.OrgID, d.Name, d.Skeleton(), d.Token, at(d.CreatedAt)}
	return db.changeWith(ctx, nil, insertDomain, args, func(ctx context.Context, c *conn) error {
		n := 0
		if _, err := c.row(ctx, countDomains, []any{d.OrgID}, &n); err != nil {
			return err
		}
		if n > most {
			return fault.New(fault.Limited, "An organization has at most %d domains.", most).On("domain")
		}
		return nil
	})
}

// Domain implements org.DomainStore.
func (db *DB) Domain(ctx context.Context, orgID, name string) (*org.Domain, error) {
	if !validID(orgID) || !storable(name) {
		return nil, org.DomainNotFound()
	}
	some, err := db.domains(ctx, domainNamed, orgID, name)
	if err != nil {
		return nil, err
	}
	if len(some) == 0 {
		return nil, org.DomainNotFound()
	}
	return some[0], nil
}

// Domains implements org.DomainStore.
func (db *DB) Domains(ctx context.Context, orgID, after string, limit int) ([]*org.Domain, error) {
	if limit <= 0 || !validID(orgID) || !storable(after) {
		return nil, nil
	}
	return db.domains(ctx, domainsPage, orgID, after, limit)
}

// BeginDomainCheck implements org.DomainStore.
func (db *DB) BeginDomainCheck(ctx context.Context, orgID, name string, since, now time.Time) (bool, error) {
	return db.changeOwned(ctx, beginDomainCheck, orgID, name, at(since), at(now))
}

// changeOwned runs a statement about one thing of an organization and reports
// whether it changed it.
func (db *DB) changeOwned(ctx context.Context, text, orgID, name string, args ...any) (bool, error) {
	if !validID(orgID) || !storable(name) {
		return false, nil
	}
	var n int64
	err := db.change(ctx, func(ctx context.Context, c *conn) (err error) {
		n, err = c.change(ctx, text, append([]any{orgID, name}, args...)...)
		return err
	})
	return n > 0, err
}

// AlikeDomain implements org.DomainStore.
func (db *DB) AlikeDomain(ctx context.Context, orgID, skeleton string) (name string, err error) {
	if !validID(orgID) || !storable(skeleton) {
		return "", nil
	}
	err = db.view(ctx, func(ctx context.Context, c *conn) error {
		_, err := c.row(ctx, alikeDomain, []any{orgID, skeleton}, &name)
		return err
	})
	return name, err
}

// ProveDomain implements org.DomainStore.
func (db *DB) ProveDomain(ctx context.Context, orgID, name string, vouched bool, now time.Time) error {
	if !validID(orgID) || !storable(name) {
		return org.DomainNotFound()
	}
	begun := false
	err := db.transact(ctx, func(ctx context.Context, c *conn) error {
		if _, err := c.change(ctx, freeDomain, orgID, name); err != nil {
			return err
		}
		var since instant
		found, err := c.row(ctx, proveDomain, []any{orgID, name, vouched, at(now)}, &since)
		if err == nil && !found {
			err = org.DomainNotFound()
		}
		if begun = since.Equal(now.Truncate(time.Microsecond)); err != nil || !begun {
			return err // it was proven before
		}
		return beginSignOut(ctx, c, orgID, now, name)
	})
	if err == nil && begun {
		wake(db.required)
	}
	return err
}

// MissDomain implements org.DomainStore.
func (db *DB) MissDomain(ctx context.Context, orgID, name string, now, lost time.Time) (gone bool, err error) {
	if !validID(orgID) || !storable(name) {
		return false, nil
	}
	err = db.transact(ctx, func(ctx context.Context, c *conn) error {
		if _, err := c.change(ctx, missDomain, orgID, name, at(now)); err != nil {
			return err
		}
		n, err := c.change(ctx, loseDomain, orgID, name, at(lost))
		gone = n > 0
		return err
	})
	return gone, err
}

// LeadDomain implements org.DomainStore.
func (db *DB) LeadDomain(ctx context.Context, orgID, name, connectionID string) (bool, error) {
	switch {
	case connectionID == "":
		return db.changeOwned(ctx, leadNowhere, orgID, name)
	case !validID(connectionID):
		return false, nil
	}
	return db.changeOwned(ctx, leadDomain, orgID, name, connectionID)
}

// RemoveDomain implements org.DomainStore.
func (db *DB) RemoveDomain(ctx context.Context, orgID, name string) (bool, error) {
	return db.changeOwned(ctx, deleteDomain, orgID, name)
}

// DomainsToCheck implements org.DomainStore.
func (db *DB) DomainsToCheck(ctx context.Context, before time.Time, limit int) ([]*org.Domain, error) {
	return db.domains(ctx, domainsToCheck, at(before), limit)
}

// ProvenDomain implements org.DomainStore.
func (db *DB) ProvenDomain(ctx context.Context, name string) (*org.Domain, error) {
	if !storable(name) {
		return nil, nil
	}
	some, err := db.domains(ctx, provenDomain, name)
	if err != nil || len(some) == 0 {
		return nil, err
	}
	return some[0], nil
}
