package storetest

import (
	"fmt"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/keys"
	"signet/internal/org"
	sqlstore "signet/internal/store/sql"
)

func connections(t testing.TB, db *sqlstore.DB) *org.Connections {
	t.Helper()
	master, err := keys.ParseMaster("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")
	ok(t, err)
	return org.NewConnections(domains(db), db, master.Sealer("connections"), func() time.Time { return epoch })
}

func domains(db *sqlstore.DB) *org.Domains {
	return org.NewDomains(organizations(db, epoch), db, nil, org.DomainRules{}, func() time.Time { return epoch })
}

// tried is a trial of the connection as it is, that passed.
func tried(c *org.Connection) org.Trial {
	return org.Trial{By: org.Operator, Version: c.Version, Outlook: &org.Outlook{Believed: true}}
}

// switched is a change of how far people of the organization sign in by a connection.
func switched(o *org.Organization, to org.Policy) org.ConnectionChange {
	return org.ConnectionChange{OrgID: o.ID, By: org.Operator, To: to}
}

func makeConnection(t testing.TB, db *sqlstore.DB, uses ...*org.Organization) *org.Connection {
	t.Helper()
	c := &org.Connection{
		Name: "Contoso", Protocol: org.OIDC,
		OIDC:    org.OIDCSettings{MetadataURL: "https://idp.example/.well-known/openid-configuration", Metadata: `{"b":1,"a":"ü"}`, ClientID: "signet", Scopes: []string{"email"}},
		Mapping: org.Mapping{Groups: "groups", Roles: []org.RoleRule{{Value: "admins", Role: org.Admin}}},
	}
	for _, o := range uses {
		c.Uses = append(c.Uses, org.Use{OrgID: o.ID})
	}
	s := connections(t, db)
	ok(t, s.Create(t.Context(), c, org.Secrets{ClientSecret: "s3cret"}))
	c, err := s.Change(t.Context(), c.ID, org.ConnectionChange{By: org.Operator, To: org.PolicyOn, Untried: true})
	ok(t, err)
	return c
}

// utc is the connection with its times as the store gives them back.
func utc(c *org.Connection) org.Connection {
	out := *c
	out.CreatedAt, out.UpdatedAt, out.TestedAt = out.CreatedAt.UTC(), out.UpdatedAt.UTC(), out.TestedAt.UTC()
	return out
}

func testConnections(t *testing.T, fresh func(testing.TB) string) {
	db := OpenSQL(t, fresh(t))
	ctx, s := t.Context(), connections(t, db)
	ada := makeAccount(t, db, "ada")
	one, two := makeOrganization(t, db, ada), makeOrganization(t, db, ada)
	c := makeConnection(t, db, one, two)

	t.Run("what is stored is read, and its secrets are sealed", func(t *testing.T) {
		got, err := db.Connection(ctx, c.ID)
		ok(t, err)
		if want := utc(c); !reflect.DeepEqual(*got, want) {
			t.Errorf("read %+v, want %+v", *got, want)
		}
		secrets, err := s.Secrets(got)
		if err != nil || secrets.ClientSecret != "s3cret" || !got.Serves(one.ID) || got.Serves(newID(t)) {
			t.Errorf("secrets %v, %v; uses %v", secrets, err, got.Uses)
		}
		for _, none := range []string{"", "x", newID(t)} {
			_, err := db.Connection(ctx, none)
			want(t, err, fault.NotFound)
		}
		other := makeConnection(t, db)
		other.Sealed = got.Sealed
		if _, err := s.Secrets(other); err == nil {
			t.Error("one connection's secrets are opened as another's")
		}
		ok(t, s.Remove(ctx, "", other.ID, org.Operator))
		want(t, s.Remove(ctx, "", other.ID, org.Operator), fault.NotFound)
	})

	t.Run("those of an organization, and pages of all", func(t *testing.T) {
		alone := makeConnection(t, db, two)
		of, err := db.ConnectionsOf(ctx, two.ID)
		ok(t, err)
		if len(of) != 2 || of[0].ID != c.ID || of[1].ID != alone.ID || len(of[0].Uses) != 2 || len(of[1].Uses) != 1 {
			t.Errorf("of the second: %+v", of)
		}
		rest, err := db.Connections(ctx, c.ID, 1)
		if err != nil || len(rest) != 1 || rest[0].ID != alone.ID {
			t.Errorf("the second page: %+v, %v", rest, err)
		}
		bad := *alone
		bad.ID, bad.Uses = "", []org.Use{{OrgID: newID(t)}}
		want(t, s.Create(ctx, &bad, org.Secrets{}), fault.NotFound)
	})

	t.Run("a trial counts for the settings that it was run with", func(t *testing.T) {
		addDomain(t, db, one, "engines.example")
		ok(t, db.ProveDomain(ctx, one.ID, "engines.example", false, epoch))
		c := makeConnection(t, db, one)
		_, err := s.Change(ctx, c.ID, switched(one, org.PolicyRequired))
		want(t, err, fault.Conflict)
		ok(t, s.Passed(ctx, c.ID, tried(c)))
		want(t, s.Passed(ctx, c.ID, tried(c)), fault.Conflict)
		got, err := s.Change(ctx, c.ID, switched(one, org.PolicyRequired))
		ok(t, err)
		if stored, err := db.Connection(ctx, c.ID); err != nil || !stored.Enforced(one.ID) || stored.TestedAt.IsZero() || stored.Version != got.Version {
			t.Errorf("enforced: %+v, %v", stored, err)
		}
		_, err = s.Change(ctx, c.ID, switched(two, org.PolicyRequired))
		want(t, err, fault.NotFound)
	})

	t.Run("an organization that is erased uses none", func(t *testing.T) {
		_, err := organizations(db, epoch).Delete(ctx, two.ID, org.Operator)
		ok(t, err)
		_, err = db.EraseOrganizations(ctx, epoch.Add(grace), 10)
		ok(t, err)
		got, err := db.Connection(ctx, c.ID)
		if err != nil || got.Serves(two.ID) || !got.Serves(one.ID) {
			t.Errorf("uses %+v, %v", got.Uses, err)
		}
	})
}

func newcomer(t testing.TB, c *org.Connection, subject, email string, joins ...*org.Organization) *org.Newcomer {
	t.Helper()
	a := &account.Account{ID: newID(t), Email: email, EmailKey: email, EmailVerified: true, Status: account.Active, CreatedAt: epoch, UpdatedAt: epoch}
	n := &org.Newcomer{
		Account:  a,
		Identity: org.Identity{ConnectionID: c.ID, Subject: subject, AccountID: a.ID, Email: email, CreatedAt: epoch, LastSignIn: epoch},
	}
	for _, o := range joins {
		n.Joins = append(n.Joins, org.Member{OrgID: o.ID, AccountID: a.ID, Role: org.Viewer, JoinedAt: epoch})
	}
	return n
}

func wantBelongs(t testing.TB, db *sqlstore.DB, connectionID, accountID string, belongs bool) {
	t.Helper()
	if got, err := db.Belongs(t.Context(), connectionID, accountID); err != nil || got != belongs {
		t.Errorf("belongs: %t, %v; want %t", got, err, belongs)
	}
}

func testIdentities(t *testing.T, fresh func(testing.TB) string) {
	address := fresh(t)
	nodes := []*sqlstore.DB{OpenSQL(t, address), OpenSQL(t, address)}
	db, ctx := nodes[0], t.Context()
	ada := makeAccount(t, db, "ada")
	o := makeOrganization(t, db, ada)
	c, other := makeConnection(t, db, o), makeConnection(t, db, o)
	n := newcomer(t, c, "s1", "bob@contoso.example", o)
	ok(t, db.AddIdentity(ctx, n))

	t.Run("a newcomer is account, identity and member at once, or nothing", func(t *testing.T) {
		got, err := db.Identity(ctx, c.ID, "s1")
		if err != nil || got == nil || got.AccountID != n.Account.ID || got.Email != "bob@contoso.example" || !got.LastSignIn.Equal(epoch) {
			t.Fatalf("identity %+v, %v", got, err)
		}
		wantRoles(t, db, o, map[string]org.Role{"ada": org.Owner, "bob@contoso.example": org.Viewer})
		for _, none := range [][2]string{{other.ID, "s1"}, {c.ID, "S1"}, {"x", "s1"}, {c.ID, ""}} {
			if got, err := db.Identity(ctx, none[0], none[1]); err != nil || got != nil {
				t.Errorf("%v is %+v, %v", none, got, err)
			}
		}
		want(t, db.AddIdentity(ctx, newcomer(t, c, "s1", "eve@contoso.example", o)), fault.Conflict)
		want(t, db.AddIdentity(ctx, newcomer(t, c, "s2", "bob@contoso.example", o)), fault.Conflict)
		_, err = db.AccountByEmailKey(ctx, "eve@contoso.example")
		want(t, err, fault.NotFound)
	})

	t.Run("one account has one identity on a connection", func(t *testing.T) {
		link := &org.Newcomer{Identity: org.Identity{ConnectionID: c.ID, Subject: "s3", AccountID: ada.ID, CreatedAt: epoch, LastSignIn: epoch},
			Joins: []org.Member{{OrgID: o.ID, Role: org.Viewer, JoinedAt: epoch}}}
		ok(t, db.AddIdentity(ctx, link))
		link.Identity.Subject = "s4"
		want(t, db.AddIdentity(ctx, link), fault.Conflict)
		link.Identity.ConnectionID = other.ID
		ok(t, db.AddIdentity(ctx, link))
		of, err := db.IdentitiesOf(ctx, ada.ID)
		if err != nil || len(of) != 2 || of[0].Subject != "s3" || of[1].Subject != "s4" {
			t.Errorf("identities %+v, %v", of, err)
		}
		wantRoles(t, db, o, map[string]org.Role{"ada": org.Owner, "bob@contoso.example": org.Viewer})
		if gone, err := db.RemoveIdentity(ctx, other.ID, ada.ID); err != nil || !gone {
			t.Errorf("removed: %t, %v", gone, err)
		}
		link.Identity.AccountID = newID(t)
		want(t, db.AddIdentity(ctx, link), fault.NotFound)
	})

	t.Run("roles follow, but not owners, and nobody comes back", func(t *testing.T) {
		admin := []org.Member{{OrgID: o.ID, Role: org.Admin}}
		see := n.Identity
		see.Email, see.LastSignIn = "bob@new.example", epoch.Add(time.Hour)
		ok(t, db.SeeIdentity(ctx, &see, admin))
		ok(t, db.SeeIdentity(ctx, &org.Identity{ConnectionID: c.ID, Subject: "s3", AccountID: ada.ID, LastSignIn: epoch}, admin))
		wantRoles(t, db, o, map[string]org.Role{"ada": org.Owner, "bob@contoso.example": org.Admin})
		if got, err := db.Identity(ctx, c.ID, "s1"); err != nil || got.Email != "bob@new.example" || !got.LastSignIn.Equal(epoch.Add(time.Hour)) {
			t.Errorf("seen: %+v, %v", got, err)
		}
		wantBelongs(t, db, c.ID, n.Account.ID, true)
		wantBelongs(t, db, newID(t), n.Account.ID, false)
		ok(t, organizations(db, epoch).Remove(ctx, o.ID, n.Account.ID, org.Operator))
		wantBelongs(t, db, c.ID, n.Account.ID, false)
		ok(t, db.SeeIdentity(ctx, &see, admin))
		wantRoles(t, db, o, map[string]org.Role{"ada": org.Owner})
	})

	t.Run("identities of an issuer that was not noted end when the provider is another", func(t *testing.T) {
		moved := makeConnection(t, db, o)
		for _, issuer := range []string{"", "https://idp.example"} {
			i := newcomer(t, moved, "of"+issuer, "of"+issuer+"@contoso.example")
			i.Identity.Issuer = issuer
			ok(t, db.AddIdentity(ctx, i))
		}
		there := func(subject string) bool {
			got, err := db.Identity(ctx, moved.ID, subject)
			ok(t, err)
			return got != nil && got.Issuer == subject[2:]
		}
		for _, step := range []struct {
			change  func(*org.Connection)
			unnoted bool
		}{
			{func(c *org.Connection) { c.Name, c.OIDC.ClientID = "Another", "other" }, true},
			{func(c *org.Connection) { c.OIDC.MetadataURL = "https://is.example/.well-known/openid-configuration" }, false},
		} {
			_, err := connections(t, db).Change(ctx, moved.ID, org.ConnectionChange{By: org.Operator, Edit: func(c *org.Connection, secrets *org.Secrets) error {
				step.change(c)
				secrets.ClientSecret = "of " + c.OIDC.MetadataURL
				return nil
			}})
			ok(t, err)
			if there("of") != step.unnoted || !there("ofhttps://idp.example") {
				t.Errorf("not noted: %t, noted: %t", there("of"), there("ofhttps://idp.example"))
			}
		}
	})

	t.Run("many who arrive as the same person at once", func(t *testing.T) {
		var refused atomic.Int64
		won := raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
			err := db.AddIdentity(ctx, newcomer(t, c, "race", fmt.Sprintf("race%d@contoso.example", i%2), o))
			if fault.Is(err, fault.Conflict) {
				refused.Add(1)
				return false, nil
			}
			return err == nil, err
		})
		if won != 1 || refused.Load() != callers-1 {
			t.Errorf("%d won and %d were refused", won, refused.Load())
		}
	})

	t.Run("a deleted organization is not joined, a removed connection knows nobody", func(t *testing.T) {
		wantBelongs(t, db, other.ID, ada.ID, true)
		_, err := organizations(db, epoch).Delete(ctx, o.ID, org.Operator)
		ok(t, err)
		wantBelongs(t, db, other.ID, ada.ID, false)
		late := newcomer(t, other, "late", "late@contoso.example", o)
		ok(t, db.AddIdentity(ctx, late))
		if m, err := db.Member(ctx, o.ID, late.Account.ID); err != nil || m != nil {
			t.Errorf("a member of what is deleted: %+v, %v", m, err)
		}
		ok(t, db.DeleteConnection(ctx, other.ID))
		if got, err := db.Identity(ctx, other.ID, "late"); err != nil || got != nil {
			t.Errorf("after the connection is gone: %+v, %v", got, err)
		}
		_, err = db.Account(ctx, late.Account.ID)
		ok(t, err)
		want(t, db.AddIdentity(ctx, newcomer(t, other, "later", "later@contoso.example")), fault.NotFound)
	})
}
