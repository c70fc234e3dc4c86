package org

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"signet/internal/fault"
)

// Sealer seals what must be readable again, bound to what it belongs to.
type Sealer interface {
	Seal(plain []byte, bound string) []byte
	Open(sealed []byte, bound string) ([]byte, error)
}

// Connections is what can be done with sign-in connections. Owners of the
// organization that uses one may, and the administrator to whom they delegated it;
// operators may in any, and alone where several use it.
type Connections struct {
	domains *Domains
	store   ConnectionStore
	sealer  Sealer
	now     func() time.Time
}

// NewConnections returns the service of the store.
func NewConnections(domains *Domains, store ConnectionStore, sealer Sealer, now func() time.Time) *Connections {
	return &Connections{domains: domains, store: store, sealer: sealer, now: now}
}

// Create stores a new connection, whose times and version are made here, and its
// ID, unless it has one. Nobody signs in by it yet: Change switches it on.
func (s *Connections) Create(ctx context.Context, c *Connection, secrets Secrets) error {
	if c.ID == "" {
		id, err := uuid.NewV7()
		if err != nil {
			return fault.Wrap(fault.Internal, err, "No id could be made.")
		}
		c.ID = id.String()
	}
	now := s.now()
	c.Version, c.CreatedAt, c.UpdatedAt, c.TestedAt, c.Enabled = 1, now, now, time.Time{}, false
	for i := range c.Uses {
		c.Uses[i].Enforced = false // nothing was tried yet
	}
	if c.Protocol == SAML && secrets.PrivateKey == "" {
		key, err := newKey()
		if err != nil {
			return err
		}
		secrets.PrivateKey = key
	}
	if err := s.seal(c, secrets); err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	return s.store.CreateConnection(ctx, c)
}

// mostConnections bounds those that the owners of one organization make.
const mostConnections = 20

// Add is Create by the organization's owners, for it alone: a fault of kind Limited
// when it has as many as it can have.
func (s *Connections) Add(ctx context.Context, orgID string, c *Connection, secrets Secrets, by Actor) error {
	if err := s.decides(ctx, orgID, by); err != nil {
		return err
	}
	there, err := s.store.ConnectionsOf(ctx, orgID)
	if err != nil {
		return err
	}
	if len(there) >= mostConnections {
		return fault.New(fault.Limited, "an organization has at most %d connections", mostConnections)
	}
	c.Uses = []Use{{OrgID: orgID}}
	return s.Create(ctx, c, secrets)
}

// newKey makes the key by which Signet is known to a SAML provider, in PEM: RSA,
// because some of them read nothing else.
func newKey() (string, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", fault.Wrap(fault.Internal, err, "No key could be made.")
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", fault.Wrap(fault.Internal, err, "No key could be made.")
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
}

// Get returns the connection, or a fault of kind NotFound.
func (s *Connections) Get(ctx context.Context, id string) (*Connection, error) {
	return s.store.Connection(ctx, id)
}

// List returns a page of all connections.
func (s *Connections) List(ctx context.Context, after string, limit int) ([]*Connection, error) {
	return s.store.Connections(ctx, after, limit)
}

// Of returns the connections that the organization uses.
func (s *Connections) Of(ctx context.Context, orgID string) ([]*Connection, error) {
	return s.store.ConnectionsOf(ctx, orgID)
}

// Remove removes the connection. Who signed in by it keeps the account, and signs
// in otherwise. One that several organizations use is removed for all of them only.
func (s *Connections) Remove(ctx context.Context, orgID, id string, by Actor) error {
	c, err := s.Own(ctx, orgID, id, by)
	if err == nil && orgID != "" && c.Shared() {
		err = fault.New(fault.Conflict, "other organizations use this connection, too: signet org connection takes one away")
	}
	if err != nil {
		return err
	}
	return s.store.DeleteConnection(ctx, id)
}

// Refresh keeps what was fetched anew from where the connection's metadata is:
// it is what the trial saw, renewed, and needs no other one.
func (s *Connections) Refresh(ctx context.Context, id string, edit func(*Connection) error) error {
	_, err := s.change(ctx, id, Operator, edit)
	return err
}

// Trial is a trial sign-in that somebody looked at and found right.
type Trial struct {
	OrgID   string // for which organization; "": the operator, for all
	By      Actor
	Version int64 // of the connection, that it was run with
	Outlook *Outlook
}

// Passed notes that a trial passed. What was changed meanwhile was not tried, and who
// arrived has to be one who would get in: otherwise a fault of kind Conflict.
func (s *Connections) Passed(ctx context.Context, id string, t Trial) error {
	if err := s.decides(ctx, t.OrgID, t.By); err != nil {
		return err
	}
	_, err := s.change(ctx, id, t.By, func(c *Connection) error {
		if err := c.changeable(t.OrgID, t.By); err != nil {
			return err
		}
		switch {
		case c.Version != t.Version:
			return fault.New(fault.Conflict, "the connection was changed while the trial ran: try it again")
		case !t.Outlook.Enters():
			return fault.New(fault.Conflict, "what arrived is not enough to sign in")
		}
		c.TestedAt = s.now()
		return nil
	})
	return err
}

// change carries out an edit on the connection as it is, and what follows from it.
func (s *Connections) change(ctx context.Context, id string, by Actor, edit func(*Connection) error) (*Connection, error) {
	for range attempts {
		c, err := s.store.Connection(ctx, id)
		if err != nil {
			return nil, err
		}
		before, provider := c.required(), c.provider()
		if err := edit(c); err != nil {
			return nil, err
		}
		follows, err := s.following(ctx, c, before, by)
		if err != nil {
			return nil, err
		}
		c.UpdatedAt, follows.Moved = s.now(), c.provider() != provider
		if done, err := s.store.UpdateConnection(ctx, c, follows); err != nil || done {
			return c, err
		}
	}
	return nil, fault.New(fault.Unavailable, "too many change this connection at this moment; try again")
}

// following is what follows from a change that somebody made, where the connection
// was required for the organizations of before.
func (s *Connections) following(ctx context.Context, c *Connection, before []string, by Actor) (Following, error) {
	var f Following
	for _, id := range c.required() {
		if slices.Contains(before, id) {
			continue
		}
		mails, err := s.domains.orgs.tellRequired(ctx, id, c, by)
		if err != nil {
			return Following{}, err
		}
		f.Required, f.Mails = append(f.Required, id), append(f.Mails, mails...)
	}
	return f, nil
}

// Secrets opens what the connection keeps to itself.
func (s *Connections) Secrets(c *Connection) (Secrets, error) {
	var out Secrets
	if len(c.Sealed) == 0 {
		return out, nil
	}
	plain, err := s.sealer.Open(c.Sealed, c.ID)
	if err == nil {
		err = json.Unmarshal(plain, &out)
	}
	if err != nil {
		return Secrets{}, fault.Wrap(fault.Internal, err, "the secrets of connection %s cannot be opened", c.ID)
	}
	return out, nil
}

func (s *Connections) seal(c *Connection, secrets Secrets) error {
	if secrets == (Secrets{}) {
		c.Sealed = nil
		return nil
	}
	plain, err := json.Marshal(secrets)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "the secrets cannot be written")
	}
	c.Sealed = s.sealer.Seal(plain, c.ID)
	return nil
}

// Bounds of what a connection holds.
const (
	MaxMetadata  = 256 << 10 // bytes of a provider's metadata
	maxUses      = 50
	maxRoleRules = 100
	maxListed    = 50  // scopes, tenants
	longestText  = 512 // of a name, an id, an address
	longestKey   = 16 << 10
)

// check says what is wrong with what is to be stored.
func (c *Connection) check() error {
	name, err := CheckName(c.Name)
	if err != nil {
		return fault.New(fault.Invalid, "a connection has a name of 1 to %d printable characters", longestName).On("name")
	}
	c.Name = name
	if !slices.Contains(Protocols, c.Protocol) {
		return fault.New(fault.Invalid, "a connection speaks oidc or saml").On("protocol")
	}
	if len(c.Uses) > maxUses || len(c.Mapping.Roles) > maxRoleRules || len(c.OIDC.Scopes) > maxListed || len(c.OIDC.Tenants) > maxListed {
		return fault.New(fault.Invalid, "a connection has at most %d organizations, %d rules of roles, %d scopes and %d tenants", maxUses, maxRoleRules, maxListed, maxListed)
	}
	if len(c.OIDC.Metadata) > MaxMetadata || len(c.SAML.Metadata) > MaxMetadata {
		return fault.New(fault.Invalid, "a provider's metadata has at most %d bytes", MaxMetadata).On("metadata")
	}
	m := &c.Mapping
	texts := slices.Concat(c.OIDC.Scopes, c.OIDC.Tenants, []string{
		c.OIDC.MetadataURL, c.OIDC.ClientID, c.OIDC.AuthMethod, c.SAML.MetadataURL, c.SAML.Subject, m.Email, m.GivenName, m.FamilyName, m.Name, m.Groups,
	})
	for i, r := range m.Roles {
		if r.Role != Admin && r.Role != Viewer {
			return fault.New(fault.Invalid, "a group has the role admin or viewer; owners are made here and nowhere else").On(fmt.Sprintf("mapping.roles.%d.role", i))
		}
		if r.Value == "" {
			return fault.New(fault.Invalid, "a rule of roles names a group").On(fmt.Sprintf("mapping.roles.%d.value", i))
		}
		texts = append(texts, r.Value)
	}
	for _, t := range texts {
		if len(t) > longestText {
			return fault.New(fault.Invalid, "a value of a connection has at most %d characters", longestText)
		}
	}
	if len(c.Sealed) > 2*longestKey {
		return fault.New(fault.Invalid, "a secret or key has at most %d characters", longestKey)
	}
	return nil
}

// NoConnection is the answer about a connection that is not there, or not there
// for who asks.
func NoConnection() error { return fault.New(fault.NotFound, "there is no such connection") }
