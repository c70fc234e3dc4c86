package sqlstore

import (
	"context"

	"signet/internal/fault"
	"signet/internal/org"
	"signet/internal/outbox"
)

var _ org.IdentityStore = (*DB)(nil)

const (
	identityColumns = "connection_id, issuer, subject, account_id, email, created_at, last_sign_in"

	identityOf = "SELECT issuer, account_id, email, created_at, last_sign_in FROM identities WHERE connection_id = $1 AND subject = $2"

	identitiesOf = "SELECT " + identityColumns + " FROM identities WHERE account_id = ? ORDER BY connection_id"

	belongs = `SELECT EXISTS (SELECT 1 FROM connection_uses u JOIN organizations o ON o.id = u.organization_id AND o.erase_at IS NULL
		JOIN members m ON m.organization_id = u.organization_id AND m.account_id = $2 WHERE u.connection_id = $1)`

	insertIdentity = "INSERT INTO identities (" + identityColumns + ") VALUES ($1, $2, $3, $4, $5, $6, $7)"

	// What another issuer said of the subject, or of the account, counts no more.
	deleteForeign = `DELETE FROM identities
		WHERE connection_id = $1 AND issuer NOT IN ('', $2) AND (subject = $3 OR account_id = $4)`

	deleteUnnoted = "DELETE FROM identities WHERE connection_id = $1 AND issuer = ''"

	seeIdentity = "UPDATE identities SET email = $3, last_sign_in = $4, issuer = $5 WHERE connection_id = $1 AND subject = $2"

	deleteIdentity = "DELETE FROM identities WHERE connection_id = $1 AND account_id = $2"

	// Two connections of one account that are taken away at once wait for each other
	// here: the second one sees what is left.
	holdAccount = "UPDATE accounts SET status = status WHERE id = $1"

	disconnectIdentity = `DELETE FROM identities WHERE connection_id = $1 AND account_id = $2 AND (
		EXISTS (SELECT 1 FROM accounts a WHERE a.id = $2 AND a.password_hash <> '')
		OR EXISTS (SELECT 1 FROM identities i JOIN connections c ON c.id = i.connection_id AND c.enabled
			WHERE i.account_id = $2 AND i.connection_id <> $1))`

	hasIdentity = "SELECT EXISTS (SELECT 1 FROM identities WHERE connection_id = $1 AND account_id = $2)"

	joinOrganization = `INSERT INTO members (organization_id, account_id, role, joined_at)
		SELECT id, $2, $3, $4 FROM organizations WHERE id = $1 AND erase_at IS NULL
		ON CONFLICT (organization_id, account_id) DO NOTHING`

	followRole = `UPDATE members SET role = $3 WHERE organization_id = $1 AND account_id = $2 AND role <> 'owner' AND role <> $3`

	// Who decides about its members meanwhile has to look again.
	touchOrganization = "UPDATE organizations SET version = version + 1 WHERE id = $1"
)

type identityRow struct {
	ConnectionID string
	Issuer       string
	Subject      string
	AccountID    string
	Email        string
	CreatedAt    instant
	LastSignIn   instant
}

func (r *identityRow) identity() *org.Identity {
	return &org.Identity{
		ConnectionID: r.ConnectionID, Issuer: r.Issuer, Subject: r.Subject, AccountID: r.AccountID, Email: r.Email,
		CreatedAt: r.CreatedAt.Time, LastSignIn: r.LastSignIn.Time,
	}
}

// Identity implements org.IdentityStore.
func (db *DB) Identity(ctx context.Context, connectionID, subject string) (*org.Identity, error) {
	if !validID(connectionID) || !storable(subject) {
		return nil, nil
	}
	row := identityRow{ConnectionID: connectionID, Subject: subject}
	found := false
	err := db.view(ctx, func(ctx context.Context, c *conn) (err error) {
		found, err = c.row(ctx, identityOf, []any{connectionID, subject}, &row.Issuer, &row.AccountID, &row.Email, &row.CreatedAt, &row.LastSignIn)
		return err
	})
	if err != nil || !found {
		return nil, err
	}
	return row.identity(), nil
}

// Belongs implements org.IdentityStore.
func (db *DB) Belongs(ctx context.Context, connectionID, accountID string) (there bool, err error) {
	if !validID(connectionID) || !validID(accountID) {
		return false, nil
	}
	err = db.view(ctx, func(ctx context.Context, c *conn) error {
		_, err := c.row(ctx, belongs, []any{connectionID, accountID}, &there)
		return err
	})
	return there, err
}

// IdentitiesOf implements org.IdentityStore.
func (db *DB) IdentitiesOf(ctx context.Context, accountID string) ([]*org.Identity, error) {
	if !validID(accountID) {
		return nil, nil
	}
	var rows []identityRow
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		rows = nil
		return c.orm(ctx).Raw(identitiesOf, accountID).Scan(&rows).Error
	})
	return convert(rows, (*identityRow).identity), err
}

// AddIdentity implements org.IdentityStore.
func (db *DB) AddIdentity(ctx context.Context, n *org.Newcomer) error {
	i := n.Identity
	if !validID(i.ConnectionID) {
		return org.NoConnection()
	}
	if !validID(i.AccountID) {
		return noAccount()
	}
	if i.Subject == "" || !storable(i.Issuer, i.Subject, i.Email) {
		return errUnstorable()
	}
	var account *accountRow
	if n.Account != nil {
		row := rowOfAccount(n.Account)
		if account = &row; row.ID != i.AccountID || !row.storable() {
			return errUnstorable()
		}
	}
	return db.transact(ctx, func(ctx context.Context, c *conn) error {
		if account != nil {
			if _, err := c.change(ctx, insertAccount, account.values()...); err != nil {
				return err
			}
		}
		if _, err := c.change(ctx, deleteForeign, i.ConnectionID, i.Issuer, i.Subject, i.AccountID); err != nil {
			return err
		}
		if _, err := c.change(ctx, insertIdentity, i.ConnectionID, i.Issuer, i.Subject, i.AccountID, i.Email, at(i.CreatedAt), at(i.LastSignIn)); err != nil {
			return err
		}
		return changeMembers(ctx, c, joinOrganization, n.Joins, func(m org.Member) []any {
			return []any{m.OrgID, i.AccountID, string(m.Role), at(m.JoinedAt)}
		})
	})
}

// changeMembers runs the text for each member, and where it changes anything lets
// those know who decide about the organization's members.
func changeMembers(ctx context.Context, c *conn, text string, members []org.Member, args func(org.Member) []any) error {
	for _, m := range members {
		if !validID(m.OrgID) || !m.Role.Valid() {
			return fault.New(fault.Internal, "a member of %q with the role %q", m.OrgID, m.Role)
		}
		changed, err := c.change(ctx, text, args(m)...)
		if err == nil && changed > 0 {
			_, err = c.change(ctx, touchOrganization, m.OrgID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// SeeIdentity implements org.IdentityStore.
func (db *DB) SeeIdentity(ctx context.Context, i *org.Identity, follow []org.Member) error {
	if !validID(i.ConnectionID) || !validID(i.AccountID) || !storable(i.Issuer, i.Subject, i.Email) {
		return errUnstorable()
	}
	return db.transact(ctx, func(ctx context.Context, c *conn) error {
		if _, err := c.change(ctx, seeIdentity, i.ConnectionID, i.Subject, i.Email, at(i.LastSignIn), i.Issuer); err != nil {
			return err
		}
		return changeMembers(ctx, c, followRole, follow, func(m org.Member) []any {
			return []any{m.OrgID, i.AccountID, string(m.Role)}
		})
	})
}

// RemoveIdentity implements org.IdentityStore.
func (db *DB) RemoveIdentity(ctx context.Context, connectionID, accountID string) (bool, error) {
	if !validID(connectionID) || !validID(accountID) {
		return false, nil
	}
	var n int64
	err := db.change(ctx, func(ctx context.Context, c *conn) (err error) {
		n, err = c.change(ctx, deleteIdentity, connectionID, accountID)
		return err
	})
	return n > 0, err
}

// DisconnectIdentity implements org.IdentityStore.
func (db *DB) DisconnectIdentity(ctx context.Context, connectionID, accountID string, notice *outbox.Mail) (bool, error) {
	if !validID(connectionID) || !validID(accountID) {
		return false, nil
	}
	if notice != nil {
		if err := checkMail(notice); err != nil {
			return false, err
		}
	}
	done := false
	err := db.transact(ctx, func(ctx context.Context, c *conn) error {
		if _, err := c.change(ctx, holdAccount, accountID); err != nil {
			return err
		}
		n, err := c.change(ctx, disconnectIdentity, connectionID, accountID)
		if done = n > 0; err != nil {
			return err
		}
		if !done {
			return mustNotBe(ctx, c, connectionID, accountID)
		}
		if notice == nil {
			return nil
		}
		return addMail(ctx, c, notice)
	})
	if err != nil {
		return false, err
	}
	if done && notice != nil {
		db.ring()
	}
	return done, nil
}

// mustNotBe says that an identity which is still there is the only way in.
func mustNotBe(ctx context.Context, c *conn, connectionID, accountID string) error {
	var there bool
	if _, err := c.row(ctx, hasIdentity, []any{connectionID, accountID}, &there); err != nil || !there {
		return err
	}
	return fault.New(fault.Conflict, "nothing else opens this account: set a password first")
}
