package sqlstore_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/org"
	sqlstore "signet/internal/store/sql"
	"signet/internal/store/storetest"
)

// The size of the house whose plans are looked at.
const (
	manyOrganizations = 10_000
	manyMembers       = 1_000 // of the first one
)

// id is the i-th of a kind, as a UUIDv7.
func id(kind, i int) string { return fmt.Sprintf("%08x-0000-7000-8000-%012x", kind, i) }

const (
	accountID = iota + 1
	orgID
	invitationID
	connectionID
)

// rows are the statements that insert n rows, a thousand at a time.
func rows(table string, n int, row func(i int) string) []string {
	var texts, values []string
	for i := range n {
		values = append(values, "("+row(i)+")")
		if len(values) == 1000 || i == n-1 {
			texts = append(texts, "INSERT INTO "+table+" VALUES "+strings.Join(values, ","))
			values = nil
		}
	}
	return texts
}

// fill makes the house: each organization has an owner, an invitation that waits
// and one that ended, a proven domain, and a connection; the first one has many
// members and invitations.
func fill(t *testing.T, db *sqlstore.DB, now string) {
	t.Helper()
	var texts []string
	add := func(table string, n int, row func(i int) string) { texts = append(texts, rows(table, n, row)...) }
	add("accounts (id, email, email_key, email_verified, password_hash, status, profile, created_at, updated_at)", manyOrganizations, func(i int) string {
		return fmt.Sprintf("'%s', 'p%d@example.com', 'p%d@example.com', true, '', 'active', '{}', %s, %s", id(accountID, i), i, i, now, now)
	})
	add("organizations (id, name, slug, version, created_at, updated_at, erase_at)", manyOrganizations, func(i int) string {
		erase := "NULL"
		if i%100 == 99 {
			erase = now
		}
		return fmt.Sprintf("'%s', 'Engines', 's%d', 1, %s, %s, %s", id(orgID, i), i, now, now, erase)
	})
	add("members (organization_id, account_id, role, joined_at)", manyOrganizations, func(i int) string {
		return fmt.Sprintf("'%s', '%s', 'owner', %s", id(orgID, i), id(accountID, i), now)
	})
	add("members (organization_id, account_id, role, joined_at)", manyMembers, func(i int) string {
		return fmt.Sprintf("'%s', '%s', 'viewer', %s", id(orgID, 0), id(accountID, i+1), now)
	})
	add("invitations (id, organization_id, email, email_key, role, client_id, link_key, created_at, sent_at, expires_at, ended_at)", 2*manyOrganizations, func(i int) string {
		ended := "NULL"
		if i%2 == 1 {
			ended = now
		}
		of := i / 2
		if of < manyMembers {
			of = 0
		}
		return fmt.Sprintf("'%s', '%s', 'i%d@example.com', 'i%d@example.com', 'viewer', '', 'k%d', %s, %s, %s, %s",
			id(invitationID, i), id(orgID, of), i, i, i, now, now, now, ended)
	})
	add("connections (id, name, protocol, settings, enabled, version, created_at, updated_at)", manyOrganizations, func(i int) string {
		return fmt.Sprintf("'%s', 'Entra', 'oidc', '{}', true, 1, %s, %s", id(connectionID, i), now, now)
	})
	add("connection_uses (connection_id, organization_id, enforced)", manyOrganizations, func(i int) string {
		return fmt.Sprintf("'%s', '%s', true", id(connectionID, i), id(orgID, i))
	})
	add("identities (connection_id, subject, account_id, email, created_at, last_sign_in)", manyMembers, func(i int) string {
		return fmt.Sprintf("'%s', 'sub%d', '%s', '', %s, %s", id(connectionID, 0), i, id(accountID, i), now, now)
	})
	add("domains (organization_id, name, skeleton, token, created_at, proven_at, checked_at, vouched)", manyOrganizations, func(i int) string {
		return fmt.Sprintf("'%s', 'd%d.example', 'd%d.example', 't', %s, %s, %s, false", id(orgID, i), i, i, now, now, now)
	})
	if err := db.Exec(t.Context(), append(texts, "ANALYZE")...); err != nil {
		t.Fatal(err)
	}
}

// asks is everything that is asked, or changed, about organizations and what
// belongs to them.
func asks(t *testing.T, db *sqlstore.DB) {
	t.Helper()
	ctx, now := t.Context(), time.Date(2026, time.January, 2, 0, 0, 0, 0, time.UTC)
	o, who, conn := id(orgID, 0), id(accountID, 7), id(connectionID, 0)
	svc := org.NewService(db, org.Rules{MostOwned: 20, Grace: time.Hour}, func() time.Time { return now })
	for _, ask := range []func() error{
		func() error { _, err := db.Organization(ctx, o); return err },
		func() error { _, err := db.Organization(ctx, "s7"); return err },
		func() error { _, err := db.Organizations(ctx, o, 50); return err },
		func() error { _, err := db.Member(ctx, o, who); return err },
		func() error { _, err := db.Membership(ctx, o, who); return err },
		func() error { _, err := db.Membership(ctx, "s7", who); return err },
		func() error { _, err := db.CountOwners(ctx, o); return err },
		func() error { _, err := db.Owners(ctx, o, 50); return err },
		func() error { _, err := db.SoleOwned(ctx, who, 50); return err },
		func() error { _, err := db.Members(ctx, o, who, 50); return err },
		func() error { _, _, err := svc.FindMembers(ctx, o, "p999@example.com", "", 50); return err },
		func() error { _, err := db.MembershipsOf(ctx, who, false, o, 50); return err },
		func() error { _, err := db.MembershipsOf(ctx, who, true, "", 50); return err },
		func() error { _, err := db.EraseOrganizations(ctx, now.Add(-1000*time.Hour), 50); return err },
		func() error { _, err := svc.Create(ctx, "New", "", who, org.Actor{AccountID: who}); return err },
		func() error { return svc.SetRole(ctx, o, who, org.Admin, org.Operator) },
		func() error { return svc.Remove(ctx, o, who, org.Operator) },
		func() error { _, err := db.MemberByEmail(ctx, o, "p7@example.com"); return err },
		func() error { _, err := db.ActiveRole(ctx, o, who); return err },
		func() error { _, err := db.Invitation(ctx, id(invitationID, 7)); return err },
		func() error { _, err := db.InvitationByLink(ctx, "k7"); return err },
		func() error { _, err := db.Invitations(ctx, o, "", 50); return err },
		func() error { _, err := db.Invitations(ctx, o, id(invitationID, 900), 50); return err },
		func() error { _, err := db.InvitationsFor(ctx, "i7@example.com", now, 50); return err },
		func() error { _, err := db.EndInvitation(ctx, id(invitationID, 8), org.Revoked, "", now); return err },
		func() error { _, err := db.DeleteInvitations(ctx, now.Add(-1000*time.Hour), 50); return err },
		func() error { _, err := db.Connection(ctx, conn); return err },
		func() error { _, err := db.Connections(ctx, conn, 50); return err },
		func() error { _, err := db.ConnectionsOf(ctx, o); return err },
		func() error { _, err := db.Identity(ctx, conn, "sub7"); return err },
		func() error { _, err := db.IdentitiesOf(ctx, who); return err },
		func() error { _, err := db.RemoveIdentity(ctx, conn, who); return err },
		func() error { _, err := db.Domain(ctx, o, "d0.example"); return err },
		func() error { _, err := db.Domains(ctx, o, "", 50); return err },
		func() error { _, err := db.ProvenDomain(ctx, "d7.example"); return err },
		func() error { _, err := db.AlikeDomain(ctx, o, "d7.example"); return err },
		func() error { _, err := db.DomainsToCheck(ctx, now.Add(-1000*time.Hour), 50); return err },
		func() error { _, err := db.BeginDomainCheck(ctx, o, "d0.example", now, now); return err },
		func() error { return db.ProveDomain(ctx, o, "d0.example", false, now) },
		func() error { _, err := db.MissDomain(ctx, o, "d0.example", now, now.Add(-time.Hour)); return err },
		func() error {
			c, err := db.Connection(ctx, conn)
			if err == nil {
				_, err = db.UpdateConnection(ctx, c, org.Following{Required: []string{o}})
			}
			return err
		},
		func() error { _, err := db.AccountsIn(ctx, "example.com", who, 50); return err },
		func() error {
			s, err := db.ClaimSignOut(ctx, now.Add(time.Hour), now.Add(2*time.Hour))
			if err == nil && s != nil {
				_, err = db.SignOutReached(ctx, s)
			}
			return err
		},
		func() error { _, err := db.RemoveDomain(ctx, o, "d0.example"); return err },
		func() error {
			_, err := db.CloseAccount(ctx, account.Closing{AccountID: id(accountID, manyMembers), EraseAt: now}, nil, now)
			return err
		},
	} {
		if err := ask(); err != nil && !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
	}
}

// ours are the tables that grow with organizations.
var ours = regexp.MustCompile(`(?:Seq Scan on|SCAN) (accounts|organizations|members|invitations|connections|connection_uses|identities|domains|a|m|o|x)\b`)

// pageOfMany are the statements that take a page out of what can be many: all
// organizations, and the members or invitations of one.
var pageOfMany = regexp.MustCompile(`members\.account_id > |FROM accounts WHERE substr|FROM "organizations" WHERE id > |FROM "invitations" WHERE organization_id = `)

// TestOrganizationsAreFoundByIndexes looks at the plan of every statement about
// organizations in a house of 10,000, one of which has 1,000 members: none reads
// a table through, and no long list is sorted before a page of it is taken.
func TestOrganizationsAreFoundByIndexes(t *testing.T) {
	for name, c := range map[string]struct {
		fresh func(testing.TB) string
		now   string
	}{
		"sqlite":   {storetest.SQLiteURL, "1767225600000000"},
		"postgres": {storetest.PostgresURL, "'2026-01-01T00:00:00Z'"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := storetest.OpenSQL(t, c.fresh(t))
			fill(t, db, c.now)
			var r sqlstore.Recorder
			r.Record(db)
			asks(t, db)
			seen := map[string]bool{}
			for _, s := range r.Take() {
				if seen[s.Text] && !pageOfMany.MatchString(s.Text) { // the plan of a page depends on its size
					continue
				}
				seen[s.Text] = true
				plan, err := db.Plan(t.Context(), s)
				if err != nil {
					t.Errorf("%s: %v", s.Text, err)
					continue
				}
				if ours.MatchString(plan) {
					t.Errorf("%s\nreads a table through:\n%s", s.Text, plan)
				}
				sorts := strings.Contains(plan, "Sort") || strings.Contains(plan, "TEMP B-TREE FOR ORDER BY")
				if sorts && pageOfMany.MatchString(s.Text) {
					t.Errorf("%s\nsorts:\n%s", s.Text, plan)
				}
			}
			if len(seen) < 40 {
				t.Errorf("%d statements were looked at; there are more", len(seen))
			}
		})
	}
}
