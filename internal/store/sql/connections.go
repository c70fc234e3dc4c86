package sqlstore

import (
	"context"

	"signet/internal/fault"
	"signet/internal/org"
)

var _ org.ConnectionStore = (*DB)(nil)

const (
	connectionColumns = "id, name, protocol, settings, sealed, enabled, tested_at, version, created_at, updated_at"

	insertConnection = "INSERT INTO connections (" + connectionColumns + ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"

	// Who decided by another version changes nothing.
	updateConnection = `UPDATE connections SET name = $3, settings = $4, sealed = $5, enabled = $6, tested_at = $7, updated_at = $8,
		version = version + 1 WHERE id = $1 AND version = $2`

	deleteConnection = "DELETE FROM connections WHERE id = $1"

	insertUse  = "INSERT INTO connection_uses (connection_id, organization_id, enforced) VALUES ($1, $2, $3)"
	deleteUses = "DELETE FROM connection_uses WHERE connection_id = $1"

	usesOf = "SELECT connection_id, organization_id, enforced FROM connection_uses WHERE connection_id IN ? ORDER BY connection_id, organization_id"

	connectionsOf = "id IN (SELECT connection_id FROM connection_uses WHERE organization_id = ?)"
)

// connectionSettings are the parts of a connection that are kept as a document.
type connectionSettings struct {
	OIDC    org.OIDCSettings `json:"oidc"`
	SAML    org.SAMLSettings `json:"saml"`
	Mapping org.Mapping      `json:"mapping"`
}

type connectionRow struct {
	ID        string
	Name      string
	Protocol  string
	Settings  document[connectionSettings]
	Sealed    []byte
	Enabled   bool
	TestedAt  instant
	Version   int64
	CreatedAt instant
	UpdatedAt instant
}

func (connectionRow) TableName() string { return "connections" }

func (r *connectionRow) connection() *org.Connection {
	s := r.Settings.V
	return &org.Connection{
		ID: r.ID, Name: r.Name, Protocol: org.Protocol(r.Protocol), OIDC: s.OIDC, SAML: s.SAML, Mapping: s.Mapping, Sealed: r.Sealed,
		Enabled: r.Enabled, TestedAt: r.TestedAt.Time, Version: r.Version, CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time,
	}
}

func settingsOf(c *org.Connection) document[connectionSettings] {
	return document[connectionSettings]{connectionSettings{OIDC: c.OIDC, SAML: c.SAML, Mapping: c.Mapping}}
}

type useRow struct {
	ConnectionID   string
	OrganizationID string
	Enforced       bool
}

// storableConnection looks at what the settings' own form does not.
func storableConnection(c *org.Connection) error {
	if !validID(c.ID) || !storable(c.Name, string(c.Protocol)) {
		return errUnstorable()
	}
	for _, u := range c.Uses {
		if !validID(u.OrgID) {
			return noOrganization()
		}
	}
	return nil
}

// CreateConnection implements org.ConnectionStore.
func (db *DB) CreateConnection(ctx context.Context, of *org.Connection) error {
	if err := storableConnection(of); err != nil {
		return err
	}
	err := db.transact(ctx, func(ctx context.Context, c *conn) error {
		_, err := c.change(ctx, insertConnection, of.ID, of.Name, string(of.Protocol), settingsOf(of), of.Sealed, of.Enabled,
			at(of.TestedAt), of.Version, at(of.CreatedAt), at(of.UpdatedAt))
		if err != nil {
			return err
		}
		return putUses(ctx, c, of)
	})
	return asNoOrganization(err)
}

// asNoOrganization says what a reference of a use has not found.
func asNoOrganization(err error) error {
	if fault.Is(err, fault.NotFound) {
		return noOrganization()
	}
	return err
}

func putUses(ctx context.Context, c *conn, of *org.Connection) error {
	for _, u := range of.Uses {
		if _, err := c.change(ctx, insertUse, of.ID, u.OrgID, u.Enforced); err != nil {
			return err
		}
	}
	return nil
}

// Connection implements org.ConnectionStore.
func (db *DB) Connection(ctx context.Context, id string) (*org.Connection, error) {
	if !validID(id) {
		return nil, org.NoConnection()
	}
	list, err := db.connections(ctx, 1, "id = ?", id)
	if err == nil && len(list) == 0 {
		err = org.NoConnection()
	}
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// Connections implements org.ConnectionStore.
func (db *DB) Connections(ctx context.Context, after string, limit int) ([]*org.Connection, error) {
	if after = pageStart(after); limit <= 0 || !validID(after) {
		return nil, nil
	}
	return db.connections(ctx, limit, "id > ?", after)
}

// mostConnections is how many connections one organization is shown to have.
const mostConnections = 100

// ConnectionsOf implements org.ConnectionStore.
func (db *DB) ConnectionsOf(ctx context.Context, orgID string) ([]*org.Connection, error) {
	if !validID(orgID) {
		return nil, nil
	}
	return db.connections(ctx, mostConnections, connectionsOf, orgID)
}

// connections reads connections by id, with their uses.
func (db *DB) connections(ctx context.Context, limit int, where string, args ...any) ([]*org.Connection, error) {
	var rows []connectionRow
	var uses []useRow
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		rows, uses = nil, nil
		err := c.orm(ctx).Select(connectionColumns).Where(where, args...).Order("id").Limit(limit).Find(&rows).Error
		if err != nil || len(rows) == 0 {
			return err
		}
		ids := make([]string, len(rows))
		for i := range rows {
			ids[i] = rows[i].ID
		}
		return c.orm(ctx).Raw(usesOf, ids).Scan(&uses).Error
	})
	list := convert(rows, (*connectionRow).connection)
	for _, u := range uses {
		for _, c := range list {
			if c.ID == u.ConnectionID {
				c.Uses = append(c.Uses, org.Use{OrgID: u.OrganizationID, Enforced: u.Enforced})
			}
		}
	}
	return list, err
}

// UpdateConnection implements org.ConnectionStore.
func (db *DB) UpdateConnection(ctx context.Context, of *org.Connection, f org.Following) (bool, error) {
	if err := storableConnection(of); err != nil {
		return false, err
	}
	for _, m := range f.Mails {
		if err := checkMail(m); err != nil {
			return false, err
		}
	}
	args := []any{of.ID, of.Version, of.Name, settingsOf(of), of.Sealed, of.Enabled, at(of.TestedAt), at(of.UpdatedAt)}
	done, err := db.changeWith(ctx, nil, updateConnection, args, func(ctx context.Context, c *conn) error {
		if f.Moved {
			if _, err := c.change(ctx, deleteUnnoted, of.ID); err != nil {
				return err
			}
		}
		if _, err := c.change(ctx, deleteUses, of.ID); err != nil {
			return err
		}
		if err := putUses(ctx, c, of); err != nil {
			return err
		}
		for _, id := range f.Required {
			if err := beginSignOut(ctx, c, id, of.UpdatedAt); err != nil {
				return err
			}
		}
		return addMails(ctx, c, f.Mails)
	})
	if done {
		of.Version++
		db.woken(f)
	}
	return done, asNoOrganization(err)
}

// woken wakes the workers of this node for what follows from a change.
func (db *DB) woken(f org.Following) {
	if len(f.Required) > 0 {
		wake(db.required)
	}
	if len(f.Mails) > 0 {
		db.ring()
	}
}

// DeleteConnection implements org.ConnectionStore.
func (db *DB) DeleteConnection(ctx context.Context, id string) error {
	if !validID(id) {
		return org.NoConnection()
	}
	return db.change(ctx, func(ctx context.Context, c *conn) error {
		n, err := c.change(ctx, deleteConnection, id)
		if err == nil && n == 0 {
			err = org.NoConnection()
		}
		return err
	})
}
