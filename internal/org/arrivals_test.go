package org_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/org"
)

// gate is a house with a connection, whose organization has proven contoso.example.
type gate struct {
	*house
	arrivals *org.Arrivals
	c        *org.Connection
}

func newGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{house: newHouse(t)}
	g.arrivals = org.NewArrivals(g.db, g.db, func(_ context.Context, domain string) (string, error) {
		switch domain {
		case "contoso.example", "xn--bcher-kva.example":
			return g.o.ID, nil
		case "fabrikam.example":
			return "0198c0de-0000-7000-8000-00000000fab1", nil
		}
		return "", nil
	}, g.clock.Now)
	g.c = &org.Connection{
		ID: "0198c0de-0000-7000-8000-000000000001", Name: "Contoso", Protocol: org.OIDC, Version: 1, CreatedAt: g.clock.Now(), UpdatedAt: g.clock.Now(),
		Uses: []org.Use{{OrgID: g.o.ID}}, Mapping: org.Mapping{Roles: []org.RoleRule{{Value: "it", Role: org.Admin}, {Value: "staff", Role: org.Viewer}}},
	}
	g.ok(g.db.CreateConnection(t.Context(), g.c))
	return g
}

func (g *gate) settle(a org.Arrival) *org.Settled {
	g.t.Helper()
	settled, err := g.arrivals.Settle(g.t.Context(), g.c, &a)
	g.ok(err)
	return settled
}

// TestWhoIsBelieved: an account is made for an address of a proven domain that
// nobody has, and for no other.
func TestWhoIsBelieved(t *testing.T) {
	g := newGate(t)
	for i, test := range []struct {
		arrival org.Arrival
		made    bool
		taken   bool
		address string
	}{
		{org.Arrival{Email: "Grace@Contoso.example", GivenName: " Grace ", FamilyName: "Hopper", Name: "Dr. Hopper"}, true, false, "Grace@contoso.example"},
		{org.Arrival{Email: "grace@contoso.example"}, false, true, ""},
		{org.Arrival{Email: "ÉMILE@bücher.example"}, true, false, "ÉMILE@xn--bcher-kva.example"},
		{org.Arrival{Email: "joan@contoso.example", EmailRefused: true}, false, false, ""},
		{org.Arrival{Email: "joan@fabrikam.example"}, false, false, ""},
		{org.Arrival{Email: "joan@elsewhere.example"}, false, false, ""},
		{org.Arrival{Email: "joan@contoso.example.evil.example"}, false, false, ""},
		{org.Arrival{Email: "joan@sub.contoso.example"}, false, false, ""},
		{org.Arrival{Email: "joan@evil.example,joan@contoso.example"}, false, false, ""},
		{org.Arrival{Email: "<joan@contoso.example>"}, false, false, ""},
		{org.Arrival{Email: "joan"}, false, false, ""},
		{org.Arrival{}, false, false, ""},
	} {
		test.arrival.Subject = fmt.Sprint("s", i)
		got := g.settle(test.arrival)
		if got.Made != test.made || got.Taken != test.taken || (got.Account != nil) != test.made {
			t.Errorf("%q: %+v", test.arrival.Email, got)
			continue
		}
		if !test.made {
			continue
		}
		a, err := g.db.Account(t.Context(), got.Account.ID)
		g.ok(err)
		if a.Email != test.address || !a.EmailVerified || a.PasswordHash != "" || a.Status != account.Active {
			t.Errorf("%q became %+v", test.arrival.Email, a)
		}
		again := g.settle(org.Arrival{Subject: test.arrival.Subject, Email: "other@elsewhere.example"})
		if again.Account == nil || again.Account.ID != a.ID || again.Made {
			t.Errorf("%q again: %+v", test.arrival.Email, again)
		}
	}
	a, err := g.db.AccountByEmailKey(t.Context(), "grace@contoso.example")
	g.ok(err)
	if a.DisplayName() != "Grace Hopper" {
		t.Errorf("called %q", a.DisplayName())
	}
}

// TestRolesOfGroups: somebody new has the role of a group; it follows the groups,
// if the provider tells of them, and nobody comes back who was removed.
func TestRolesOfGroups(t *testing.T) {
	g := newGate(t)
	arrival := org.Arrival{Subject: "s1", Email: "grace@contoso.example", Groups: []string{"staff", "it"}}
	id := g.settle(arrival).Account.ID
	g.ids["grace"] = id
	for _, step := range []struct {
		groups []string
		want   org.Role
	}{{[]string{"it"}, org.Admin}, {nil, org.Admin}, {[]string{"staff"}, org.Viewer}, {[]string{"it"}, org.Admin}, {[]string{}, org.Viewer}} {
		arrival.Groups = step.groups
		g.settle(arrival)
		if got := g.role("grace"); got != step.want {
			t.Errorf("with %v: %s, want %s", step.groups, got, step.want)
		}
	}
	g.ok(g.Put(t.Context(), g.o.ID, id, org.Owner))
	g.settle(arrival)
	if got := g.role("grace"); got != org.Owner {
		t.Errorf("an owner became %s by a group", got)
	}
	g.ok(g.Remove(t.Context(), g.o.ID, id, g.as("owner1")))
	g.settle(arrival)
	if got := g.role("grace"); got != "" {
		t.Errorf("who was removed is %s", got)
	}
}

// TestLinkedByItsOwner: an identity is linked to one account, once, and of the
// account to one on each connection.
func TestLinkedByItsOwner(t *testing.T) {
	g := newGate(t)
	ctx := t.Context()
	one := &org.Arrival{Subject: "s1", Email: "x@elsewhere.example", Groups: []string{"it"}}
	for range 2 { // two tabs
		g.ok(g.arrivals.Link(ctx, g.c, one, g.ids["stranger"]))
	}
	if got := g.role("stranger"); got != org.Admin {
		t.Errorf("the stranger is %s", got)
	}
	g.want("another account", g.arrivals.Link(ctx, g.c, one, g.ids["viewer1"]), fault.Conflict)
	g.want("another identity", g.arrivals.Link(ctx, g.c, &org.Arrival{Subject: "s2"}, g.ids["stranger"]), fault.Conflict)
	if got := g.settle(*one); got.Account == nil || got.Account.ID != g.ids["stranger"] {
		t.Errorf("arrives as %+v", got)
	}
	// Who leaves takes the account along, unless its address is the organization's.
	g.ok(g.Remove(ctx, g.o.ID, g.ids["stranger"], g.as("owner1")))
	if got := g.settle(*one); !got.Left {
		t.Errorf("who left arrives as %+v", got)
	}
	grace := org.Arrival{Subject: "s3", Email: "grace@contoso.example"}
	g.ok(g.Remove(ctx, g.o.ID, g.settle(grace).Account.ID, g.as("owner1")))
	if got := g.settle(grace); got.Left {
		t.Errorf("whose address is in its domain arrives as %+v", got)
	}
	gone, err := g.arrivals.Unlink(ctx, g.c.ID, g.ids["stranger"])
	if err != nil || !gone || g.settle(*one).Account != nil {
		t.Errorf("after it was taken away: %t, %v", gone, err)
	}
}

// TestSeveralOrganizations: of several organizations somebody new joins the one
// whose domain the address is in, and no other.
func TestSeveralOrganizations(t *testing.T) {
	g := newGate(t)
	second, err := g.Create(t.Context(), "Second", "second", g.ids["owner2"], org.Operator)
	g.ok(err)
	g.c.Uses = append(g.c.Uses, org.Use{OrgID: second.ID})
	a := g.settle(org.Arrival{Subject: "s1", Email: "grace@contoso.example"})
	m, err := g.db.Member(t.Context(), second.ID, a.Account.ID)
	if err != nil || m != nil || len(a.Joins) != 1 || a.Joins[0].OrgID != g.o.ID {
		t.Errorf("joined %+v; in the second: %+v, %v", a.Joins, m, err)
	}
	g.ok(g.arrivals.Link(t.Context(), g.c, &org.Arrival{Subject: "s2", Email: "x@elsewhere.example"}, g.ids["stranger"]))
	if got := g.role("stranger"); got != "" {
		t.Errorf("somebody of no domain became %s", got)
	}
}

// TestConnectionBounds refuses what a connection cannot hold.
func TestConnectionBounds(t *testing.T) {
	g := newGate(t)
	s := org.NewConnections(org.NewDomains(g.Service, g.db, nil, org.DomainRules{}, g.clock.Now), g.db, plainSealer{}, g.clock.Now)
	good := func() *org.Connection { return &org.Connection{Name: "Contoso", Protocol: org.OIDC} }
	for name, change := range map[string]func(*org.Connection){
		"no name":         func(c *org.Connection) { c.Name = " " },
		"another name":    func(c *org.Connection) { c.Name = "a\u202eb" },
		"no protocol":     func(c *org.Connection) { c.Protocol = "ldap" },
		"an owner":        func(c *org.Connection) { c.Mapping.Roles = []org.RoleRule{{Value: "it", Role: org.Owner}} },
		"no group":        func(c *org.Connection) { c.Mapping.Roles = []org.RoleRule{{Role: org.Admin}} },
		"a long address":  func(c *org.Connection) { c.OIDC.MetadataURL = strings.Repeat("x", 600) },
		"a long document": func(c *org.Connection) { c.OIDC.Metadata = strings.Repeat("x", org.MaxMetadata+1) },
		"many uses":       func(c *org.Connection) { c.Uses = make([]org.Use, 60) },
	} {
		c := good()
		change(c)
		g.want(name, s.Create(t.Context(), c, org.Secrets{}), fault.Invalid)
	}
	c := good()
	g.ok(s.Create(t.Context(), c, org.Secrets{}))
	g.clock.Pass(time.Minute)
	got, err := s.Change(t.Context(), c.ID, org.ConnectionChange{By: org.Operator, Edit: func(c *org.Connection, _ *org.Secrets) error {
		c.OIDC.ClientID = "signet"
		return nil
	}})
	if err != nil || got.Version != 2 || !got.UpdatedAt.After(c.UpdatedAt) {
		t.Errorf("changed: %+v, %v", got, err)
	}
}

// plainSealer seals nothing: these tests have no secrets.
type plainSealer struct{}

func (plainSealer) Seal(plain []byte, _ string) []byte           { return plain }
func (plainSealer) Open(sealed []byte, _ string) ([]byte, error) { return sealed, nil }

// TestAnotherIssuer: what a connection's provider says of a subject counts for no
// other provider that the connection is changed to.
func TestAnotherIssuer(t *testing.T) {
	g := newGate(t)
	was := org.Arrival{Issuer: "https://was.example", Subject: "s1", Email: "grace@contoso.example"}
	is := org.Arrival{Issuer: "https://is.example", Subject: "s1", Email: "grace@contoso.example"}
	made := g.settle(was)
	if !made.Made {
		t.Fatalf("the first: %+v", made)
	}
	// The same subject, the same address: whose it is, the owner says.
	if got := g.settle(is); got.Account != nil || got.AccountID != "" || !got.Taken {
		t.Errorf("of another issuer: %+v", got)
	}
	// Another address by the same subject is somebody else.
	other := is
	other.Email = "joan@contoso.example"
	if got := g.settle(other); !got.Made || got.Account.ID == made.Account.ID {
		t.Errorf("somebody new there: %+v", got)
	}
	// The owner says so, and has the new one in place of the old.
	mine := org.Arrival{Issuer: is.Issuer, Subject: "s2"}
	g.ok(g.arrivals.Link(t.Context(), g.c, &mine, made.Account.ID))
	if got := g.settle(mine); got.Account == nil || got.Account.ID != made.Account.ID {
		t.Errorf("linked again: %+v", got)
	}
	if list, err := g.arrivals.Of(t.Context(), made.Account.ID); err != nil || len(list) != 1 || list[0].Issuer != is.Issuer {
		t.Errorf("identities: %+v, %v", list, err)
	}
	if got := g.settle(was); got.Account != nil {
		t.Errorf("the old one: %+v", got)
	}
	// Where none was noted, the first to come is.
	g.person("carl")
	g.ok(g.db.AddIdentity(t.Context(), &org.Newcomer{Identity: org.Identity{ConnectionID: g.c.ID, Subject: "s3", AccountID: g.ids["carl"], CreatedAt: g.clock.Now(), LastSignIn: g.clock.Now()},
		Joins: []org.Member{{OrgID: g.o.ID, Role: org.Viewer, JoinedAt: g.clock.Now()}}}))
	if got := g.settle(org.Arrival{Issuer: is.Issuer, Subject: "s3"}); got.Account == nil {
		t.Errorf("one that was not noted: %+v", got)
	}
	if got := g.settle(org.Arrival{Issuer: was.Issuer, Subject: "s3"}); got.Account != nil {
		t.Errorf("after another one: %+v", got)
	}
}
