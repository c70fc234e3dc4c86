package sqlstore

import (
	"context"
	"time"

	"signet/internal/org"
)

var _ org.SignOutStore = (*DB)(nil)

// accountDomain is the domain of an account's address, as org.DomainOf has it: what
// follows the last @. The index accounts_domain is on this expression, to the letter.
const accountDomain = "substr(email_key, length(rtrim(email_key, replace(email_key, '@', ''))) + 1)"

const (
	signOutColumns = "domain, after_id, begun_at, attempts, due_at"

	// Who makes something required, proves a domain or is owner no more waits here for
	// others who do: of two at once, the second one sees what the first one did.
	holdOrganization = "UPDATE organizations SET erase_at = erase_at WHERE id = $1"

	// Who begins anew moves due_at, and so takes the claim from whoever has it.
	beginSignOuts = `INSERT INTO sign_outs (domain, begun_at, due_at)
		SELECT d.name, $2, $2 FROM domains d WHERE d.organization_id = $1 AND d.proven_at IS NOT NULL
		AND EXISTS (SELECT 1 FROM connection_uses u JOIN connections c ON c.id = u.connection_id AND c.enabled
			WHERE u.organization_id = $1 AND u.enforced)`
	beginSignOutsAnew = ` ON CONFLICT (domain) DO UPDATE SET after_id = NULL, begun_at = excluded.begun_at, attempts = 0, due_at = excluded.due_at`

	claimSignOut = `UPDATE sign_outs SET due_at = $3, attempts = attempts + 1
		WHERE domain = $1 AND due_at <= $2
		RETURNING ` + signOutColumns

	signOutReached = "UPDATE sign_outs SET after_id = $3 WHERE domain = $1 AND due_at = $2"

	signOutFailed = "UPDATE sign_outs SET after_id = $3, attempts = $4, due_at = $5 WHERE domain = $1 AND due_at = $2"

	deleteSignOut = "DELETE FROM sign_outs WHERE domain = $1 AND due_at = $2"

	accountsIn = "SELECT id FROM accounts WHERE " + accountDomain + " = ? AND id > ? ORDER BY id LIMIT ?"
)

type signOutRow struct {
	Domain   string
	AfterID  *string
	BegunAt  instant
	Attempts int
	DueAt    instant
}

// targets are in the order of signOutColumns.
func (r *signOutRow) targets() []any {
	return []any{&r.Domain, &r.AfterID, &r.BegunAt, &r.Attempts, &r.DueAt}
}

func (r *signOutRow) signOut() *org.SignOut {
	o := &org.SignOut{Domain: r.Domain, BegunAt: r.BegunAt.Time}
	o.Attempts, o.DueAt = r.Attempts, r.DueAt.Time
	if r.AfterID != nil {
		o.After = *r.AfterID
	}
	return o
}

// beginSignOut writes, with the transaction that c belongs to, that the people of the
// organization's proven domains are to be signed out, if its provider is required; of
// one domain where that is named. After the commit, the caller wakes the worker.
func beginSignOut(ctx context.Context, c *conn, orgID string, now time.Time, domain ...string) error {
	if _, err := c.change(ctx, holdOrganization, orgID); err != nil {
		return err
	}
	text, args := beginSignOuts, []any{orgID, at(now)}
	if len(domain) > 0 {
		text, args = text+" AND d.name = $3", append(args, domain[0])
	}
	_, err := c.change(ctx, text+beginSignOutsAnew, args...)
	return err
}

// Required receives a value when this process has written that people sign in
// elsewhere from now on, since it was last received from.
func (db *DB) Required() <-chan struct{} { return db.required }

// ClaimSignOut implements org.SignOutStore.
func (db *DB) ClaimSignOut(ctx context.Context, now, ends time.Time) (*org.SignOut, error) {
	var row signOutRow
	found, err := db.claim(ctx, "sign_outs", "domain", claimSignOut, now, ends, func() []any { row = signOutRow{}; return row.targets() })
	if err != nil || !found {
		return nil, err
	}
	return row.signOut(), nil
}

// SignOutReached implements org.SignOutStore.
func (db *DB) SignOutReached(ctx context.Context, o *org.SignOut) (bool, error) {
	n, err := db.changed(ctx, signOutReached, o.Domain, at(o.DueAt), orNull(o.After))
	return n > 0, err
}

// SignOutDone implements org.SignOutStore.
func (db *DB) SignOutDone(ctx context.Context, o *org.SignOut) error {
	_, err := db.changed(ctx, deleteSignOut, o.Domain, at(o.DueAt))
	return err
}

// SignOutFailed implements org.SignOutStore.
func (db *DB) SignOutFailed(ctx context.Context, o *org.SignOut, claim time.Time) error {
	_, err := db.changed(ctx, signOutFailed, o.Domain, at(claim), orNull(o.After), o.Attempts, at(o.DueAt))
	return err
}

// AccountsIn implements org.SignOutStore.
func (db *DB) AccountsIn(ctx context.Context, domain, after string, limit int) ([]string, error) {
	if after = pageStart(after); limit <= 0 || !validID(after) || !storable(domain) {
		return nil, nil
	}
	var ids []string
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		ids = nil
		return c.orm(ctx).Raw(accountsIn, domain, after, limit).Scan(&ids).Error
	})
	return ids, err
}
