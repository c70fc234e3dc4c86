package sqlstore

import (
	"context"
	"time"

	"signet/internal/grant"
)

var _ grant.Families = (*DB)(nil)

const (
	familyColumns = "grant_data, root_key, generation, created_at, rotated_at, idle_until, expires_at, revoked_at"

	insertFamily = `INSERT INTO token_families
		(grant_id, root_key, account_id, client_id, grant_data, generation,
		 created_at, rotated_at, idle_until, expires_at, revoked_at, end_day, last_day)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (grant_id) DO NOTHING`

	// One statement that finds, checks and changes: of any number of callers
	// with the same generation, one gets the row.
	rotateFamily = "UPDATE token_families SET generation = generation + 1, rotated_at = $5," + useFamily

	// The same for a token that stays: all of them get the row.
	keepFamily = "UPDATE token_families SET" + useFamily

	useFamily = `
			idle_until = CASE WHEN $4 < expires_at THEN $4 ELSE expires_at END,
			end_day = CASE WHEN $6 < last_day THEN $6 ELSE last_day END
		WHERE root_key = $1 AND client_id = $2 AND generation = $3
			AND revoked_at IS NULL AND idle_until > $5 AND expires_at > $5
			AND EXISTS (SELECT 1 FROM accounts WHERE accounts.id = token_families.account_id AND accounts.status = 'active')
		RETURNING ` + familyColumns

	grantRecord = "SELECT grant_data, revoked_at FROM token_families WHERE grant_id = $1"

	familyByRoot = "SELECT " + familyColumns + " FROM token_families WHERE root_key = $1"

	// The row of a grant that has no family yet keeps one from being made.
	revokeFamily = `INSERT INTO token_families (grant_id, revoked_at, end_day, last_day)
		VALUES ($1, $2, $3, $3)
		ON CONFLICT (grant_id) DO UPDATE SET
			revoked_at = excluded.revoked_at,
			end_day = CASE WHEN excluded.end_day < token_families.end_day THEN excluded.end_day ELSE token_families.end_day END
		WHERE token_families.revoked_at IS NULL`

	// end_day is never after the day by which the family has ended, so that
	// its index leaves few rows to look at.
	deleteDeadFamilies = `DELETE FROM token_families WHERE grant_id IN (
		SELECT grant_id FROM token_families
		WHERE end_day <= $1 AND (revoked_at < $2 OR idle_until < $2)
		LIMIT $3)`
)

type familyRow struct {
	grant      document[grant.Grant]
	rootKey    string
	generation int64
	createdAt  instant
	rotatedAt  instant
	idleUntil  instant
	expiresAt  instant
	revokedAt  instant
}

// targets are in the order of familyColumns.
func (r *familyRow) targets() []any {
	return []any{&r.grant, &r.rootKey, &r.generation, &r.createdAt, &r.rotatedAt, &r.idleUntil, &r.expiresAt, &r.revokedAt}
}

func (r *familyRow) family() *grant.Family {
	return &grant.Family{
		Grant: r.grant.V, RootKey: r.rootKey, Generation: r.generation,
		CreatedAt: r.createdAt.Time, RotatedAt: r.rotatedAt.Time,
		IdleUntil: r.idleUntil.Time, ExpiresAt: r.expiresAt.Time, RevokedAt: r.revokedAt.pointer(),
	}
}

// CreateFamily implements grant.Families. The family belongs to its grant's
// account and client; when one of them does not exist, the fault is NotFound.
// A second family for the same grant is not stored either, and false.
func (db *DB) CreateFamily(ctx context.Context, f *grant.Family) (bool, error) {
	if !validID(f.Grant.AccountID) {
		return false, gone(nil)
	}
	if f.Grant.ID == "" || f.RootKey == "" || !storable(f.Grant.ID, f.RootKey, f.Grant.ClientID) {
		return false, errUnstorable()
	}
	idle := f.IdleUntil
	if f.ExpiresAt.Before(idle) {
		idle = f.ExpiresAt
	}
	n, err := db.changed(ctx, insertFamily,
		f.Grant.ID, f.RootKey, f.Grant.AccountID, f.Grant.ClientID, document[grant.Grant]{f.Grant}, f.Generation,
		at(f.CreatedAt), at(f.RotatedAt), at(idle), at(f.ExpiresAt), maybe(f.RevokedAt), day(idle), day(f.ExpiresAt))
	return n > 0, err
}

// RotateFamily implements grant.Families.
func (db *DB) RotateFamily(ctx context.Context, rootKey, clientID string, generation int64, idleUntil, now time.Time) (*grant.Family, error) {
	return db.useFamily(ctx, rotateFamily, rootKey, clientID, generation, idleUntil, now)
}

// KeepFamily implements grant.Families.
func (db *DB) KeepFamily(ctx context.Context, rootKey, clientID string, generation int64, idleUntil, now time.Time) (*grant.Family, error) {
	return db.useFamily(ctx, keepFamily, rootKey, clientID, generation, idleUntil, now)
}

func (db *DB) useFamily(ctx context.Context, statement, rootKey, clientID string, generation int64, idleUntil, now time.Time) (*grant.Family, error) {
	if !storable(rootKey, clientID) {
		return nil, nil
	}
	var row familyRow
	found := false
	err := db.changeShared(ctx, func(ctx context.Context, c *conn) (err error) {
		found, err = c.row(ctx, statement,
			[]any{rootKey, clientID, generation, at(idleUntil), at(now), day(idleUntil)}, row.targets()...)
		return err
	})
	if err != nil || !found {
		return nil, err
	}
	return row.family(), nil
}

// GrantRecord implements grant.Families.
func (db *DB) GrantRecord(ctx context.Context, grantID string) (*grant.Grant, bool, error) {
	if !storable(grantID) {
		return nil, false, nil
	}
	var stored document[*grant.Grant]
	var revoked instant
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		_, err := c.row(ctx, grantRecord, []any{grantID}, &stored, &revoked)
		return err
	})
	return stored.V, !revoked.IsZero(), err
}

// FamilyByRoot implements grant.Families.
func (db *DB) FamilyByRoot(ctx context.Context, rootKey string) (*grant.Family, error) {
	if !storable(rootKey) {
		return nil, nil
	}
	var row familyRow
	found := false
	err := db.view(ctx, func(ctx context.Context, c *conn) (err error) {
		found, err = c.row(ctx, familyByRoot, []any{rootKey}, row.targets()...)
		return err
	})
	if err != nil || !found {
		return nil, err
	}
	return row.family(), nil
}

// RevokeFamily implements grant.Families. A family that was revoked before
// keeps the time of the first revocation.
func (db *DB) RevokeFamily(ctx context.Context, grantID string, now time.Time) error {
	if grantID == "" || !storable(grantID) {
		return errUnstorable()
	}
	_, err := db.changed(ctx, revokeFamily, grantID, at(now), day(now))
	return err
}

// RevokeFamiliesOf implements grant.Families. Families that were revoked
// before are not among the ids; those that only ended by time are, because
// what else came from their grants may still live.
func (db *DB) RevokeFamiliesOf(ctx context.Context, accountID, clientID string, now time.Time) ([]string, error) {
	if !validID(accountID) || !storable(clientID) {
		return nil, nil
	}
	var ids []string
	err := db.change(ctx, func(ctx context.Context, c *conn) error {
		ids = nil
		text := `UPDATE token_families SET revoked_at = ?, end_day = CASE WHEN end_day > ? THEN ? ELSE end_day END
			WHERE account_id = ? AND revoked_at IS NULL`
		args := []any{at(now), day(now), day(now), accountID}
		if clientID != "" {
			text, args = text+" AND client_id = ?", append(args, clientID)
		}
		return c.orm(ctx).Raw(text+" RETURNING grant_id", args...).Scan(&ids).Error
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// DeleteDeadFamilies implements grant.Families.
func (db *DB) DeleteDeadFamilies(ctx context.Context, before time.Time, limit int) (int, error) {
	if limit <= 0 {
		return 0, nil
	}
	n, err := db.changed(ctx, deleteDeadFamilies, day(before), at(before), limit)
	return int(n), err
}
