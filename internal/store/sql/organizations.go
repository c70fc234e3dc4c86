package sqlstore

import (
	"context"
	"time"

	"gorm.io/gorm/clause"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/org"
)

var _ org.Store = (*DB)(nil)

const (
	organizationColumns = "id, name, slug, version, created_at, updated_at, erase_at"

	insertOrganization = "INSERT INTO organizations (" + organizationColumns + ") VALUES ($1, $2, $3, $4, $5, $6, NULL)"

	// Who decided by another version changes nothing.
	updateOrganization = `UPDATE organizations SET name = $3, slug = $4, updated_at = $5, erase_at = $6, version = version + 1
		WHERE id = $1 AND version = $2`

	putMember = `INSERT INTO members (organization_id, account_id, role, joined_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (organization_id, account_id) DO UPDATE SET role = excluded.role`

	deleteMember = "DELETE FROM members WHERE organization_id = $1 AND account_id = $2"

	memberOf = "SELECT role, joined_at FROM members WHERE organization_id = $1 AND account_id = $2"

	activeRole = `SELECT members.role FROM members JOIN accounts ON accounts.id = members.account_id AND accounts.status = 'active'
		WHERE members.organization_id = $1 AND members.account_id = $2`

	// The accounts are looked up one by one: a planner that takes owners for many
	// would read all accounts instead.
	countOwners = `SELECT count(*) FROM members WHERE organization_id = $1 AND role = 'owner'
		AND (SELECT status FROM accounts WHERE accounts.id = members.account_id) = 'active'`

	ownersOf = "SELECT account_id FROM members WHERE organization_id = ? AND role = 'owner' ORDER BY account_id LIMIT ?"

	// Deleted ones count until they are erased, since they can come back.
	countOwned = "SELECT count(*) FROM members WHERE account_id = $1 AND role = 'owner'"

	membersPage = `SELECT members.organization_id, members.account_id, members.role, members.joined_at, accounts.email, accounts.profile
		FROM members JOIN accounts ON accounts.id = members.account_id
		WHERE members.organization_id = ? AND members.account_id > ? ORDER BY members.account_id LIMIT ?`

	membershipsPage = `SELECT o.id, o.name, o.slug, o.version, o.created_at, o.updated_at, o.erase_at, members.role
		FROM members JOIN organizations o ON o.id = members.organization_id
		WHERE members.account_id = ? AND members.organization_id > ? AND `

	membershipIn = `SELECT o.id, o.name, o.slug, o.version, o.created_at, o.updated_at, o.erase_at, members.role
		FROM organizations o JOIN members ON members.organization_id = o.id AND members.account_id = ?
		WHERE o.erase_at IS NULL AND `

	eraseOrganizations = `DELETE FROM organizations WHERE id IN (
		SELECT id FROM organizations WHERE erase_at <= $1 ORDER BY erase_at LIMIT $2)`
)

// firstUUID comes before every id; PostgreSQL takes no empty text for one.
const firstUUID = "00000000-0000-0000-0000-000000000000"

type organizationRow struct {
	ID        string
	Name      string
	Slug      *string
	Version   int64
	CreatedAt instant
	UpdatedAt instant
	EraseAt   instant
}

func (organizationRow) TableName() string { return "organizations" }

func (r *organizationRow) organization() *org.Organization {
	o := &org.Organization{
		ID: r.ID, Name: r.Name, Version: r.Version, CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time, EraseAt: r.EraseAt.Time,
	}
	if r.Slug != nil {
		o.Slug = *r.Slug
	}
	return o
}

// noOrganization reads as the answer about one that is not there for who asks.
func noOrganization() error { return org.NotFound() }

// orNull is NULL for an empty text.
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// CreateOrganization implements org.Store.
func (db *DB) CreateOrganization(ctx context.Context, o *org.Organization, owner org.Member, most int) error {
	if !validID(o.ID) || !storable(o.Name, o.Slug, string(owner.Role)) {
		return errUnstorable()
	}
	if !validID(owner.AccountID) {
		return noAccount()
	}
	return db.transact(ctx, func(ctx context.Context, c *conn) error {
		if most > 0 {
			if err := mayOwnMore(ctx, c, owner.AccountID, most); err != nil {
				return err
			}
		}
		if _, err := c.change(ctx, insertOrganization, o.ID, o.Name, orNull(o.Slug), o.Version, at(o.CreatedAt), at(o.UpdatedAt)); err != nil {
			return err
		}
		_, err := c.change(ctx, putMember, o.ID, owner.AccountID, string(owner.Role), at(owner.JoinedAt))
		return err
	})
}

// mayOwnMore keeps others from counting for the same account until the
// transaction ends.
func mayOwnMore(ctx context.Context, c *conn, accountID string, most int) error {
	var ids []string
	err := c.orm(ctx).Table("accounts").Select("id").Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate}).
		Where("id = ?", accountID).Find(&ids).Error
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		return noAccount()
	}
	owned := 0
	if _, err := c.row(ctx, countOwned, []any{accountID}, &owned); err != nil {
		return err
	}
	if owned >= most {
		return fault.New(fault.Limited, "One person owns at most %d organizations.", most)
	}
	return nil
}

// named is the condition that finds an organization by its id or its slug.
func named(idOrSlug string) string {
	if validID(idOrSlug) {
		return "id = ?"
	}
	return "slug = ?"
}

// Organization implements org.Store.
func (db *DB) Organization(ctx context.Context, idOrSlug string) (*org.Organization, error) {
	if idOrSlug == "" || !storable(idOrSlug) {
		return nil, noOrganization()
	}
	var row organizationRow
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		row = organizationRow{}
		return orNotFound(c.orm(ctx).Select(organizationColumns).Where(named(idOrSlug), idOrSlug).Take(&row).Error, noOrganization)
	})
	if err != nil {
		return nil, err
	}
	return row.organization(), nil
}

// Organizations implements org.Store.
func (db *DB) Organizations(ctx context.Context, after string, limit int) ([]*org.Organization, error) {
	rows, err := page[organizationRow](ctx, db, organizationColumns, after, limit, validID)
	return convert(rows, (*organizationRow).organization), err
}

// UpdateOrganization implements org.Store.
func (db *DB) UpdateOrganization(ctx context.Context, o *org.Organization, change org.Change) (bool, error) {
	if !validID(o.ID) {
		return false, nil
	}
	if !storable(o.Name, o.Slug) {
		return false, errUnstorable()
	}
	for _, m := range change.Set {
		if !validID(m.AccountID) {
			return false, noAccount()
		}
	}
	for _, m := range change.Mails {
		if err := checkMail(m); err != nil {
			return false, err
		}
	}
	args := []any{o.ID, o.Version, o.Name, orNull(o.Slug), at(o.UpdatedAt), at(o.EraseAt)}
	done, err := db.changeWith(ctx, nil, updateOrganization, args, func(ctx context.Context, c *conn) error {
		if change.Accept != nil {
			if err := acceptInvitation(ctx, c, change.Accept, o.UpdatedAt); err != nil {
				return err
			}
		}
		for _, m := range change.Set {
			if _, err := c.change(ctx, putMember, o.ID, m.AccountID, string(m.Role), at(m.JoinedAt)); err != nil {
				return err
			}
		}
		for _, id := range change.Remove {
			if _, err := c.change(ctx, deleteMember, o.ID, id); err != nil {
				return err
			}
		}
		if change.SignOut {
			if err := beginSignOut(ctx, c, o.ID, o.UpdatedAt); err != nil {
				return err
			}
		}
		return addMails(ctx, c, change.Mails)
	})
	if done {
		o.Version++
	}
	if done && change.SignOut {
		wake(db.required)
	}
	if done && len(change.Mails) > 0 {
		db.ring()
	}
	return done, err
}

// Member implements org.Store.
func (db *DB) Member(ctx context.Context, orgID, accountID string) (*org.Member, error) {
	if !validID(orgID) || !validID(accountID) {
		return nil, nil
	}
	m := org.Member{OrgID: orgID, AccountID: accountID}
	var joined instant
	found := false
	err := db.view(ctx, func(ctx context.Context, c *conn) (err error) {
		found, err = c.row(ctx, memberOf, []any{orgID, accountID}, &m.Role, &joined)
		return err
	})
	if err != nil || !found {
		return nil, err
	}
	m.JoinedAt = joined.Time
	return &m, nil
}

// ActiveRole implements org.Store.
func (db *DB) ActiveRole(ctx context.Context, orgID, accountID string) (role org.Role, err error) {
	if !validID(orgID) || !validID(accountID) {
		return "", nil
	}
	err = db.view(ctx, func(ctx context.Context, c *conn) error {
		role = ""
		_, err := c.row(ctx, activeRole, []any{orgID, accountID}, &role)
		return err
	})
	return role, err
}

// CountOwners implements org.Store.
func (db *DB) CountOwners(ctx context.Context, orgID string) (n int, err error) {
	if !validID(orgID) {
		return 0, nil
	}
	err = db.view(ctx, func(ctx context.Context, c *conn) error {
		_, err := c.row(ctx, countOwners, []any{orgID}, &n)
		return err
	})
	return n, err
}

// Owners implements org.Store.
func (db *DB) Owners(ctx context.Context, orgID string, limit int) ([]string, error) {
	if limit <= 0 || !validID(orgID) {
		return nil, nil
	}
	var ids []string
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		ids = nil
		return c.orm(ctx).Raw(ownersOf, orgID, limit).Scan(&ids).Error
	})
	return ids, err
}

type personRow struct {
	OrganizationID string
	AccountID      string
	Role           string
	JoinedAt       instant
	Email          string
	Profile        document[account.Profile]
}

func (r *personRow) person() *org.Person {
	a := account.Account{Profile: r.Profile.V}
	return &org.Person{
		Member: org.Member{OrgID: r.OrganizationID, AccountID: r.AccountID, Role: org.Role(r.Role), JoinedAt: r.JoinedAt.Time},
		Email:  r.Email, Name: a.DisplayName(),
	}
}

// pageStart is where a page begins that is read by id.
func pageStart(after string) string {
	if after == "" {
		return firstUUID
	}
	return after
}

// Members implements org.Store.
func (db *DB) Members(ctx context.Context, orgID, after string, limit int) ([]*org.Person, error) {
	if after = pageStart(after); limit <= 0 || !validID(orgID) || !validID(after) {
		return nil, nil
	}
	var rows []personRow
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		rows = nil
		return c.orm(ctx).Raw(membersPage, orgID, after, limit).Scan(&rows).Error
	})
	return convert(rows, (*personRow).person), err
}

type membershipRow struct {
	Organization organizationRow `gorm:"embedded"`
	Role         string
}

func (r *membershipRow) membership() *org.Membership {
	return &org.Membership{Organization: *r.Organization.organization(), Role: org.Role(r.Role)}
}

// MembershipsOf implements org.Store.
func (db *DB) MembershipsOf(ctx context.Context, accountID string, deleted bool, after string, limit int) ([]*org.Membership, error) {
	if after = pageStart(after); limit <= 0 || !validID(accountID) || !validID(after) {
		return nil, nil
	}
	which := "o.erase_at IS NULL"
	if deleted {
		which = "o.erase_at IS NOT NULL AND members.role = 'owner'"
	}
	var rows []membershipRow
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		rows = nil
		return c.orm(ctx).Raw(membershipsPage+which+" ORDER BY members.organization_id LIMIT ?", accountID, after, limit).Scan(&rows).Error
	})
	return convert(rows, (*membershipRow).membership), err
}

// Membership implements org.Store.
func (db *DB) Membership(ctx context.Context, idOrSlug, accountID string) (*org.Membership, error) {
	if idOrSlug == "" || !storable(idOrSlug) || !validID(accountID) {
		return nil, nil
	}
	var rows []membershipRow
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		rows = nil
		return c.orm(ctx).Raw(membershipIn+"o."+named(idOrSlug), accountID, idOrSlug).Scan(&rows).Error
	})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0].membership(), nil
}

// EraseOrganizations implements org.Store.
func (db *DB) EraseOrganizations(ctx context.Context, now time.Time, limit int) (int, error) {
	var n int64
	err := db.change(ctx, func(ctx context.Context, c *conn) (err error) {
		n, err = c.change(ctx, eraseOrganizations, at(now), limit)
		return err
	})
	return int(n), err
}
