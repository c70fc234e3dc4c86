package sqlstore

import (
	"context"
	"time"

	"gorm.io/gorm"

	"signet/internal/fault"
	"signet/internal/org"
	"signet/internal/outbox"
)

var _ org.InvitationStore = (*DB)(nil)

const (
	invitationColumns = "id, organization_id, email, email_key, role, inviter_id, client_id, link_key, " +
		"created_at, sent_at, expires_at, ended_at, outcome, account_id"

	invitationByID   = "SELECT " + invitationColumns + " FROM invitations WHERE id = $1"
	invitationByLink = "SELECT " + invitationColumns + " FROM invitations WHERE link_key = $1"

	insertInvitation = `INSERT INTO invitations
		(id, organization_id, email, email_key, role, inviter_id, client_id, link_key, created_at, sent_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`

	// What expired makes room for another of the same address.
	dropExpired      = "DELETE FROM invitations WHERE email_key = $1 AND organization_id = $2 AND ended_at IS NULL AND expires_at <= $3"
	dropExpiredHouse = "DELETE FROM invitations WHERE email_key = $1 AND organization_id IS NULL AND ended_at IS NULL AND expires_at <= $2"

	renewInvitation = `UPDATE invitations SET inviter_id = $2, link_key = $3, sent_at = $4, expires_at = $5
		WHERE id = $1 AND ended_at IS NULL`

	// One statement that checks and changes: of any number of callers one does.
	// Only what is revoked may have expired.
	endInvitation = `UPDATE invitations SET ended_at = $2, outcome = $3, account_id = $4
		WHERE id = $1 AND ended_at IS NULL AND (expires_at > $2 OR $3 = 'revoked')`

	memberByEmail = `SELECT 1 FROM accounts JOIN members ON members.account_id = accounts.id AND members.organization_id = $2
		WHERE accounts.email_key = $1`

	// The address is proven to who has the link of one that is open.
	openFor = "SELECT 1 FROM invitations WHERE id = $1 AND email_key = $2 AND ended_at IS NULL AND expires_at > $3"

	deleteInvitations = `DELETE FROM invitations WHERE id IN (
		SELECT id FROM invitations WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)`
)

// lastUUID comes after every id.
const lastUUID = "ffffffff-ffff-ffff-ffff-ffffffffffff"

type invitationRow struct {
	ID             string
	OrganizationID *string
	Email          string
	EmailKey       string
	Role           string
	InviterID      *string
	ClientID       string
	LinkKey        string
	CreatedAt      instant
	SentAt         instant
	ExpiresAt      instant
	EndedAt        instant
	Outcome        string
	AccountID      *string
}

func (invitationRow) TableName() string { return "invitations" }

// targets are in the order of invitationColumns.
func (r *invitationRow) targets() []any {
	return []any{&r.ID, &r.OrganizationID, &r.Email, &r.EmailKey, &r.Role, &r.InviterID, &r.ClientID, &r.LinkKey,
		&r.CreatedAt, &r.SentAt, &r.ExpiresAt, &r.EndedAt, &r.Outcome, &r.AccountID}
}

func (r *invitationRow) invitation() *org.Invitation {
	text := func(p *string) string {
		if p == nil {
			return ""
		}
		return *p
	}
	return &org.Invitation{
		ID: r.ID, OrgID: text(r.OrganizationID), Email: r.Email, EmailKey: r.EmailKey, Role: org.Role(r.Role),
		InviterID: text(r.InviterID), ClientID: r.ClientID, LinkKey: r.LinkKey,
		CreatedAt: r.CreatedAt.Time, SentAt: r.SentAt.Time, ExpiresAt: r.ExpiresAt.Time, EndedAt: r.EndedAt.Time,
		Outcome: org.Standing(r.Outcome), AccountID: text(r.AccountID),
	}
}

func noInvitation() error { return fault.New(fault.NotFound, "There is no such invitation.") }

// checkInvitation refuses what cannot be stored.
func checkInvitation(i *org.Invitation, letter *outbox.Mail) error {
	optional := func(id string) bool { return id == "" || validID(id) }
	switch {
	case i.OrgID != "" && !validID(i.OrgID):
		return noOrganization()
	case !validID(i.ID) || !optional(i.InviterID) || !storable(i.Email, i.EmailKey, string(i.Role), i.ClientID, i.LinkKey):
		return errUnstorable()
	}
	if letter == nil {
		return nil
	}
	return checkMail(letter)
}

// AddInvitation implements org.InvitationStore.
func (db *DB) AddInvitation(ctx context.Context, i *org.Invitation, letter *outbox.Mail) error {
	if err := checkInvitation(i, letter); err != nil {
		return err
	}
	drop, args := dropExpiredHouse, []any{i.EmailKey, at(i.SentAt)}
	if i.OrgID != "" {
		drop, args = dropExpired, []any{i.EmailKey, i.OrgID, at(i.SentAt)}
	}
	err := db.transact(ctx, func(ctx context.Context, c *conn) error {
		if _, err := c.change(ctx, drop, args...); err != nil {
			return err
		}
		_, err := c.change(ctx, insertInvitation, i.ID, orNull(i.OrgID), i.Email, i.EmailKey, string(i.Role), orNull(i.InviterID),
			i.ClientID, i.LinkKey, at(i.CreatedAt), at(i.SentAt), at(i.ExpiresAt))
		if err != nil {
			return err
		}
		if letter == nil {
			return nil
		}
		return addMail(ctx, c, letter)
	})
	if err == nil && letter != nil {
		db.ring()
	}
	return err
}

// RenewInvitation implements org.InvitationStore.
func (db *DB) RenewInvitation(ctx context.Context, i *org.Invitation, letter *outbox.Mail) (bool, error) {
	if err := checkInvitation(i, letter); err != nil {
		return false, err
	}
	args := []any{i.ID, orNull(i.InviterID), i.LinkKey, at(i.SentAt), at(i.ExpiresAt)}
	return db.changeWith(ctx, letter, renewInvitation, args, func(context.Context, *conn) error { return nil })
}

// Invitation implements org.InvitationStore.
func (db *DB) Invitation(ctx context.Context, id string) (*org.Invitation, error) {
	if !validID(id) {
		return nil, noInvitation()
	}
	return db.oneInvitation(ctx, invitationByID, id)
}

// InvitationByLink implements org.InvitationStore.
func (db *DB) InvitationByLink(ctx context.Context, key string) (*org.Invitation, error) {
	if !storable(key) {
		return nil, noInvitation()
	}
	return db.oneInvitation(ctx, invitationByLink, key)
}

func (db *DB) oneInvitation(ctx context.Context, text string, args ...any) (*org.Invitation, error) {
	var row invitationRow
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		row = invitationRow{}
		found, err := c.row(ctx, text, args, row.targets()...)
		if err == nil && !found {
			return noInvitation()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return row.invitation(), nil
}

// Invitations implements org.InvitationStore.
func (db *DB) Invitations(ctx context.Context, orgID, before string, limit int) ([]*org.Invitation, error) {
	if before == "" {
		before = lastUUID
	}
	if orgID != "" && !validID(orgID) || !validID(before) {
		return nil, nil
	}
	return db.someInvitations(ctx, limit, func(q *gorm.DB) *gorm.DB {
		q = q.Where("id < ?", before).Order("id DESC")
		if orgID == "" {
			return q.Where("organization_id IS NULL")
		}
		return q.Where("organization_id = ?", orgID)
	})
}

// InvitationsFor implements org.InvitationStore.
func (db *DB) InvitationsFor(ctx context.Context, emailKey string, now time.Time, limit int) ([]*org.Invitation, error) {
	if !storable(emailKey) {
		return nil, nil
	}
	return db.someInvitations(ctx, limit, func(q *gorm.DB) *gorm.DB {
		return q.Where("email_key = ? AND organization_id IS NOT NULL AND ended_at IS NULL AND expires_at > ?", emailKey, at(now)).Order("id")
	})
}

func (db *DB) someInvitations(ctx context.Context, limit int, which func(*gorm.DB) *gorm.DB) ([]*org.Invitation, error) {
	if limit <= 0 {
		return nil, nil
	}
	var rows []invitationRow
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		rows = nil
		return which(c.orm(ctx).Select(invitationColumns).Limit(limit)).Find(&rows).Error
	})
	return convert(rows, (*invitationRow).invitation), err
}

// EndInvitation implements org.InvitationStore.
func (db *DB) EndInvitation(ctx context.Context, id string, how org.Standing, accountID string, now time.Time) (bool, error) {
	if !validID(id) || accountID != "" && !validID(accountID) {
		return false, nil
	}
	var n int64
	err := db.change(ctx, func(ctx context.Context, c *conn) (err error) {
		n, err = c.change(ctx, endInvitation, id, at(now), string(how), orNull(accountID))
		return err
	})
	return err == nil && n > 0, err
}

// acceptInvitation uses the invitation up with the transaction that c belongs to.
func acceptInvitation(ctx context.Context, c *conn, a *org.Acceptance, now time.Time) error {
	if !validID(a.InvitationID) || !validID(a.AccountID) {
		return noInvitation()
	}
	n, err := c.change(ctx, endInvitation, a.InvitationID, at(now), string(org.Accepted), a.AccountID)
	if err == nil && n == 0 {
		err = fault.New(fault.Expired, "This invitation is not open any more.")
	}
	return err
}

// MemberByEmail implements org.InvitationStore.
func (db *DB) MemberByEmail(ctx context.Context, orgID, emailKey string) (bool, error) {
	if !storable(emailKey) || orgID != "" && !validID(orgID) {
		return false, nil
	}
	text, args := addressTaken, []any{emailKey}
	if orgID != "" {
		text, args = memberByEmail, []any{emailKey, orgID}
	}
	found := false
	err := db.view(ctx, func(ctx context.Context, c *conn) (err error) {
		var one int
		found, err = c.row(ctx, text, args, &one)
		return err
	})
	return err == nil && found, err
}

// DeleteInvitations implements org.InvitationStore.
func (db *DB) DeleteInvitations(ctx context.Context, before time.Time, limit int) (int, error) {
	var n int64
	err := db.change(ctx, func(ctx context.Context, c *conn) (err error) {
		n, err = c.change(ctx, deleteInvitations, at(before), limit)
		return err
	})
	return int(n), err
}
