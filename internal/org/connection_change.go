package org

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"signet/internal/fault"
)

// Policy is how far an organization's people sign in by a connection.
type Policy string

// The policies.
const (
	PolicyOff      Policy = "off"      // nobody is led there
	PolicyOn       Policy = "on"       // addresses in proven domains are led there
	PolicyRequired Policy = "required" // and sign in nowhere else
)

// Policies are all of them.
var Policies = []Policy{PolicyOff, PolicyOn, PolicyRequired}

// PolicyFor is how far the people of the organization sign in by the connection.
func (c *Connection) PolicyFor(orgID string) Policy {
	switch {
	case !c.Enabled || !c.Serves(orgID):
		return PolicyOff
	case c.Enforced(orgID):
		return PolicyRequired
	}
	return PolicyOn
}

// ConnectionProblem is why people cannot sign in by a connection yet.
type ConnectionProblem string

// The problems.
const (
	Untried  ConnectionProblem = "untried"  // no trial passed with the settings that it has
	Unproven ConnectionProblem = "unproven" // its organization has proven no domain, so that no address would lead there
)

// Error implements error.
func (p ConnectionProblem) Error() string { return "connection " + string(p) }

// ConnectionChange is a change of a connection, of its settings, of how far people
// sign in by it, or of both, which is made in one write.
type ConnectionChange struct {
	// OrgID is the organization that changes it: one of its owners, who was delegated
	// to, or the operator. "": all that use it, whom only the operator speaks for.
	OrgID string
	By    Actor
	// Edit changes the settings; nil: they stay. It gets them with what is secret,
	// and may be called more than once.
	Edit func(*Connection, *Secrets) error
	// To is how far the organization's people sign in by it; "": as it was. For all
	// that use it, it is off or on, and stays required where it is.
	To Policy
	// Untried: the operator answers for it that people may sign in by it although no
	// trial has passed. It is not required so.
	Untried bool
}

// operates reports whether it is the operator who changes it for all.
func (ch *ConnectionChange) operates() bool { return ch.OrgID == "" && ch.By.Operator }

// Change changes the connection. A fault of kind Conflict that is a ConnectionProblem
// says why it is not switched on.
//
// Settings that differ end the trial that passed with others, and nothing is required
// that was not tried; who is believed by other settings than were tried is believed by
// nobody: then it is off. What is secret goes to no other provider than it was for.
func (s *Connections) Change(ctx context.Context, id string, ch ConnectionChange) (*Connection, error) {
	if err := s.decides(ctx, ch.OrgID, ch.By); err != nil {
		return nil, err
	}
	return s.change(ctx, id, ch.By, func(c *Connection) error { return s.make(ctx, c, ch) })
}

// Foresee says what Change would make of it, and changes nothing.
func (s *Connections) Foresee(ctx context.Context, id string, ch ConnectionChange) (*Connection, error) {
	c, err := s.store.Connection(ctx, id)
	if err != nil {
		return nil, err
	}
	return c, s.make(ctx, c, ch)
}

// make makes of the connection what the change says.
func (s *Connections) make(ctx context.Context, c *Connection, ch ConnectionChange) error {
	if err := c.changeable(ch.OrgID, ch.By); err != nil {
		return err
	}
	if ch.Edit != nil {
		if err := s.edit(c, ch); err != nil {
			return err
		}
	}
	if err := s.turn(ctx, c, ch); err != nil {
		return err
	}
	return c.check()
}

// edit changes the settings, and what rests on them.
func (s *Connections) edit(c *Connection, ch ConnectionChange) error {
	secrets, err := s.Secrets(c)
	if err != nil {
		return err
	}
	was, kept := *c, secrets
	before, err := settingsOf(c, secrets)
	if err != nil {
		return err
	}
	if err := ch.Edit(c, &secrets); err != nil {
		return err
	}
	c.Enabled = was.Enabled // that is for To to say
	after, err := settingsOf(c, secrets)
	if err != nil || before == after {
		return err
	}
	// Who has the settings of the house has what is secret anyway.
	if secret := secrets.ClientSecret; secret != "" && secret == kept.ClientSecret && !ch.operates() && !was.OIDC.SameProvider(c.OIDC.MetadataURL, c.OIDC.Metadata) {
		return fault.New(fault.Invalid, "the metadata are those of another provider: give the client_secret that it made").On("oidc.client_secret")
	}
	c.TestedAt = time.Time{}
	c.Enabled = c.Enabled && c.believes(&was)
	for i := range c.Uses {
		c.Uses[i].Enforced = false
	}
	return s.seal(c, secrets)
}

// settingsOf is what a trial is about, as a text that can be compared.
func settingsOf(c *Connection, secrets Secrets) (string, error) {
	raw, err := json.Marshal([]any{c.OIDC, c.SAML, c.Mapping, secrets})
	if err != nil {
		return "", fault.Wrap(fault.Invalid, err, "the settings are not readable")
	}
	return string(raw), nil
}

// believes reports whether the connection believes whom the other one did: the same
// provider, about the same people. Another secret, other groups or scopes can keep
// people out, but let nobody in as somebody else.
func (c *Connection) believes(was *Connection) bool {
	o, p, s, t := &c.OIDC, &was.OIDC, &c.SAML, &was.SAML
	return o.MetadataURL == p.MetadataURL && o.Metadata == p.Metadata && o.ClientID == p.ClientID && slices.Equal(o.Tenants, p.Tenants) &&
		s.MetadataURL == t.MetadataURL && (s.MetadataURL != "" || s.Metadata == t.Metadata) &&
		s.Subject == t.Subject && s.OneSignature == t.OneSignature && s.IDPInitiated == t.IDPInitiated &&
		c.Mapping.Email == was.Mapping.Email
}

// turn switches the connection off, on, or on for everybody of the organization.
func (s *Connections) turn(ctx context.Context, c *Connection, ch ConnectionChange) error {
	if ch.To == "" || ch.To == PolicyOff {
		c.Enabled = c.Enabled && ch.To == ""
	} else if err := s.tried(ctx, c, ch); err != nil {
		return err
	} else {
		c.Enabled = true
	}
	if i := slices.IndexFunc(c.Uses, func(u Use) bool { return u.OrgID == ch.OrgID }); i >= 0 && ch.To != "" {
		c.Uses[i].Enforced = ch.To == PolicyRequired
	}
	return nil
}

// tried refuses to switch on what nobody has tried, or what would lead nobody there.
// What is on already, and is not to be required, stays so.
func (s *Connections) tried(ctx context.Context, c *Connection, ch ConnectionChange) error {
	field := "enabled"
	switch {
	case ch.To == PolicyRequired:
		field = "enforced"
	case ch.To != PolicyOn:
		return fault.New(fault.Invalid, "switch it to off, on or required").On("to")
	case c.Enabled, ch.Untried && ch.operates():
		return nil
	}
	if c.TestedAt.IsZero() {
		return fault.Wrap(fault.Conflict, Untried, "no trial sign-in has passed with these settings: run one first, on the pages of the organization").On(field)
	}
	if ch.OrgID == "" {
		return nil
	}
	proven, err := s.domains.AnyProven(ctx, ch.OrgID)
	if err == nil && !proven {
		err = fault.Wrap(fault.Conflict, Unproven, "prove a domain of the organization first").On(field)
	}
	return err
}

// decides refuses whoever has no say in how the people of the organization sign in.
func (s *Connections) decides(ctx context.Context, orgID string, by Actor) error {
	if orgID == "" && by.Operator {
		return nil
	}
	return s.domains.mayDecide(ctx, orgID, by)
}

// changeable refuses to touch a connection that is not the organization's, or not its
// alone: that one is the operator's.
func (c *Connection) changeable(orgID string, by Actor) error {
	switch {
	case orgID == "":
		return nil
	case !c.Serves(orgID):
		return NoConnection()
	case c.Shared() && !by.Operator:
		return forbidden("other organizations use this connection, too: the operator changes it")
	}
	return nil
}

// Own returns the organization's connection to who may change it.
func (s *Connections) Own(ctx context.Context, orgID, id string, by Actor) (*Connection, error) {
	if err := s.decides(ctx, orgID, by); err != nil {
		return nil, err
	}
	c, err := s.store.Connection(ctx, id)
	if err != nil {
		return nil, err
	}
	return c, c.changeable(orgID, by)
}
