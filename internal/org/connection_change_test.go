package org_test

import (
	"errors"
	"testing"
	"time"

	"signet/internal/fault"
	"signet/internal/org"
)

// desk is where the connections of the house's organization are changed.
type desk struct {
	*house
	*org.Connections
	owner org.Actor
	c     *org.Connection
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{house: newHouse(t)}
	domains := org.NewDomains(d.Service, d.db, nil, org.DomainRules{}, d.clock.Now)
	d.Connections, d.owner = org.NewConnections(domains, d.db, plainSealer{}, d.clock.Now), d.by("owner1")
	_, err := domains.Add(t.Context(), d.o.ID, "engines.example", d.owner)
	d.ok(err)
	d.c = &org.Connection{Name: "Contoso", Protocol: org.OIDC, OIDC: org.OIDCSettings{MetadataURL: "https://login.example/one", ClientID: "signet"}}
	d.ok(d.Add(t.Context(), d.o.ID, d.c, org.Secrets{ClientSecret: "hunter2"}, d.owner))
	return d
}

func (d *desk) by(name string) org.Actor { return org.Actor{AccountID: d.ids[name]} }

func (d *desk) prove() {
	d.t.Helper()
	d.ok(d.db.ProveDomain(d.t.Context(), d.o.ID, "engines.example", false, d.clock.Now()))
}

// change changes the connection by the owner.
func (d *desk) change(to org.Policy, edit func(*org.Connection, *org.Secrets)) (*org.Connection, error) {
	ch := org.ConnectionChange{OrgID: d.o.ID, By: d.owner, To: to}
	if edit != nil {
		ch.Edit = func(c *org.Connection, s *org.Secrets) error { edit(c, s); return nil }
	}
	return d.Change(d.t.Context(), d.c.ID, ch)
}

func (d *desk) try() {
	d.t.Helper()
	c, err := d.Connections.Get(d.t.Context(), d.c.ID)
	d.ok(err)
	d.ok(d.Passed(d.t.Context(), c.ID, org.Trial{OrgID: d.o.ID, By: d.owner, Version: c.Version, Outlook: &org.Outlook{Believed: true}}))
}

// at brings the connection to the policy, tried.
func (d *desk) at(p org.Policy) {
	d.t.Helper()
	d.try()
	_, err := d.change(p, nil)
	d.ok(err)
}

// TestSwitchedOn: nothing is switched on that was not tried or would lead nobody there.
func TestSwitchedOn(t *testing.T) {
	d := newDesk(t)
	refused := func(to org.Policy, why org.ConnectionProblem) {
		t.Helper()
		_, err := d.change(to, nil)
		if problem, _ := errors.AsType[org.ConnectionProblem](err); problem != why || !fault.Is(err, fault.Conflict) {
			t.Errorf("%s is refused with %v, want %s", to, err, why)
		}
	}
	refused(org.PolicyOn, org.Untried)
	d.prove()
	refused(org.PolicyRequired, org.Untried)
	d.want("a trial of nobody", d.Passed(t.Context(), d.c.ID, org.Trial{OrgID: d.o.ID, By: d.owner, Version: 1, Outlook: &org.Outlook{}}), fault.Conflict)
	d.try()
	for _, to := range []org.Policy{org.PolicyRequired, org.PolicyOn, org.PolicyOff, org.PolicyOn, org.PolicyRequired} {
		if c, err := d.change(to, nil); err != nil || c.PolicyFor(d.o.ID) != to {
			t.Errorf("switched to %s: %+v, %v", to, c, err)
		}
	}
	_, err := d.change("sometimes", nil)
	d.want("another word", err, fault.Invalid)
	d.at(org.PolicyOff)
	if gone, err := d.db.RemoveDomain(t.Context(), d.o.ID, "engines.example"); err != nil || !gone {
		t.Fatal(gone, err)
	}
	refused(org.PolicyOn, org.Unproven)
	refused(org.PolicyRequired, org.Unproven)

	// The operator may answer for it, on all that use it, and require nothing so.
	_, err = d.change(org.PolicyOff, func(c *org.Connection, _ *org.Secrets) { c.OIDC.Scopes = []string{"email"} })
	d.ok(err)
	for _, ch := range []org.ConnectionChange{
		{By: org.Operator, To: org.PolicyOn},
		{By: org.Operator, To: org.PolicyRequired, Untried: true},
		{By: org.Operator, OrgID: d.o.ID, To: org.PolicyOn, Untried: true},
		{By: d.owner, OrgID: d.o.ID, To: org.PolicyOn, Untried: true},
	} {
		_, err := d.Change(t.Context(), d.c.ID, ch)
		d.want(string(ch.To), err, fault.Conflict)
	}
	c, err := d.Change(t.Context(), d.c.ID, org.ConnectionChange{By: org.Operator, To: org.PolicyOn, Untried: true})
	if err != nil || c.PolicyFor(d.o.ID) != org.PolicyOn || !c.TestedAt.IsZero() {
		t.Errorf("the operator answers for it: %+v, %v", c, err)
	}
}

// TestChangedSettings: what becomes of a connection whose settings change.
func TestChangedSettings(t *testing.T) {
	d := newDesk(t)
	d.prove()
	secret := func(c *org.Connection, s *org.Secrets) { s.ClientSecret += "x" }
	for _, c := range []struct {
		what         string
		edit         func(*org.Connection, *org.Secrets)
		on, required org.Policy // what these become
		tried        bool
	}{
		{"the name", func(c *org.Connection, _ *org.Secrets) { c.Name += "x" }, org.PolicyOn, org.PolicyRequired, true},
		{"nothing", func(*org.Connection, *org.Secrets) {}, org.PolicyOn, org.PolicyRequired, true},
		{"enabled, by the back door", func(c *org.Connection, _ *org.Secrets) { c.Enabled = !c.Enabled }, org.PolicyOn, org.PolicyRequired, true},
		{"the secret", secret, org.PolicyOn, org.PolicyOn, false},
		{"scopes", func(c *org.Connection, _ *org.Secrets) { c.OIDC.Scopes = append(c.OIDC.Scopes, "x") }, org.PolicyOn, org.PolicyOn, false},
		{"roles", func(c *org.Connection, _ *org.Secrets) { c.Mapping.Groups += "x" }, org.PolicyOn, org.PolicyOn, false},
		{"the address", func(c *org.Connection, _ *org.Secrets) { c.OIDC.MetadataURL += "x" }, org.PolicyOff, org.PolicyOff, false},
		{"the client", func(c *org.Connection, _ *org.Secrets) { c.OIDC.ClientID += "x" }, org.PolicyOff, org.PolicyOff, false},
		{"tenants", func(c *org.Connection, _ *org.Secrets) { c.OIDC.Tenants = append(c.OIDC.Tenants, "x") }, org.PolicyOff, org.PolicyOff, false},
		{"who an address is", func(c *org.Connection, _ *org.Secrets) { c.Mapping.Email += "x" }, org.PolicyOff, org.PolicyOff, false},
		{"who a person is", func(c *org.Connection, _ *org.Secrets) { c.SAML.Subject += "x" }, org.PolicyOff, org.PolicyOff, false},
		{"how it signs", func(c *org.Connection, _ *org.Secrets) { c.SAML.OneSignature = !c.SAML.OneSignature }, org.PolicyOff, org.PolicyOff, false},
		{"its keys, by hand", func(c *org.Connection, _ *org.Secrets) { c.SAML.Metadata += "x" }, org.PolicyOff, org.PolicyOff, false},
	} {
		for was, becomes := range map[org.Policy]org.Policy{org.PolicyOff: org.PolicyOff, org.PolicyOn: c.on, org.PolicyRequired: c.required} {
			d.at(was)
			got, err := d.change("", c.edit)
			if err != nil || got.PolicyFor(d.o.ID) != becomes || got.TestedAt.IsZero() == c.tried {
				t.Errorf("%s changes while it is %s: %+v, %v; want %s, tried %t", c.what, was, got, err, becomes, c.tried)
			}
		}
	}
	// What is switched on in the same write was not tried either.
	d.at(org.PolicyOff)
	_, err := d.change(org.PolicyOn, secret)
	d.want("on with another secret", err, fault.Conflict)
	d.at(org.PolicyRequired)
	_, err = d.change(org.PolicyRequired, secret)
	d.want("required with another secret", err, fault.Conflict)
	// The secret goes to no other provider.
	_, err = d.change("", func(c *org.Connection, _ *org.Secrets) { c.OIDC.MetadataURL = "https://evil.example/one" })
	d.want("another provider with the secret that is kept", err, fault.Invalid)
	if c, err := d.Connections.Get(t.Context(), d.c.ID); err != nil || c.PolicyFor(d.o.ID) != org.PolicyRequired {
		t.Errorf("what was refused changed it: %+v, %v", c, err)
	}
}

// TestWhoChangesConnections: owners of the organization that uses it alone, who was
// delegated to, and operators.
func TestWhoChangesConnections(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	other, err := d.Service.Create(ctx, "Looms", "", d.ids["stranger"], d.by("stranger"))
	d.ok(err)
	all := func(by org.Actor, orgID string) map[string]error {
		_, own := d.Own(ctx, orgID, d.c.ID, by)
		_, change := d.Change(ctx, d.c.ID, org.ConnectionChange{OrgID: orgID, By: by, To: org.PolicyOff})
		return map[string]error{
			"own": own, "change": change,
			"pass":   d.Passed(ctx, d.c.ID, org.Trial{OrgID: orgID, By: by, Outlook: &org.Outlook{}}),
			"remove": d.Connections.Remove(ctx, orgID, d.c.ID, by),
		}
	}
	refused := func(who string, by org.Actor, orgID string, kind fault.Kind) {
		t.Helper()
		for what, err := range all(by, orgID) {
			if fault.KindOf(err) != kind {
				t.Errorf("%s: %s: %v, want %s", who, what, err, kind)
			}
		}
	}
	refused("an admin", d.by("admin1"), d.o.ID, fault.Forbidden)
	refused("a viewer", d.by("viewer1"), d.o.ID, fault.Forbidden)
	refused("a stranger", d.by("stranger"), d.o.ID, fault.NotFound)
	refused("another's owner", d.by("stranger"), other.ID, fault.NotFound)
	refused("another's delegate", org.Actor{Delegate: other.ID}, other.ID, fault.NotFound)
	refused("a delegate elsewhere", org.Actor{Delegate: other.ID}, d.o.ID, fault.NotFound)
	refused("nobody", org.Actor{}, "", fault.NotFound)
	if err := d.Add(ctx, d.o.ID, &org.Connection{Name: "Okta", Protocol: org.SAML}, org.Secrets{}, d.by("admin1")); !fault.Is(err, fault.Forbidden) {
		t.Errorf("an admin adds one: %v", err)
	}
	for _, by := range []org.Actor{d.owner, {Delegate: d.o.ID}, org.Operator} {
		_, err := d.Own(ctx, d.o.ID, d.c.ID, by)
		d.ok(err)
	}
	d.clock.Pass(time.Minute)
	_, err = d.Change(ctx, d.c.ID, org.ConnectionChange{By: org.Operator, Edit: func(c *org.Connection, _ *org.Secrets) error {
		c.Uses = append(c.Uses, org.Use{OrgID: other.ID})
		return nil
	}})
	d.ok(err)
	refused("an owner of one of two", d.owner, d.o.ID, fault.Forbidden)
	d.want("for one of two", d.Connections.Remove(ctx, d.o.ID, d.c.ID, org.Operator), fault.Conflict)
	d.ok(d.Connections.Remove(ctx, "", d.c.ID, org.Operator))
}
