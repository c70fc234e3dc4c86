package org

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"time"

	"signet/internal/outbox"
)

// Protocol is what a sign-in connection speaks.
type Protocol string

// The protocols.
const (
	OIDC Protocol = "oidc" // OpenID Connect Core
	SAML Protocol = "saml" // SAML 2.0
)

// Protocols are all of them.
var Protocols = []Protocol{OIDC, SAML}

// Connection is a way to sign in at a provider of somebody else, for the people
// of one or several organizations. ID is a UUIDv7 in its text form and part of
// the addresses that the provider is told.
//
// It may be incomplete while somebody enters it: Problems says what is missing.
type Connection struct {
	ID       string
	Name     string // for people: "Contoso", "Okta"
	Protocol Protocol
	OIDC     OIDCSettings // where it speaks that
	SAML     SAMLSettings // the same
	Mapping  Mapping
	// Sealed is what must not be read from the database: Connections.Secrets
	// opens it.
	Sealed []byte
	// Uses are the organizations whose people sign in by it.
	Uses []Use
	// Enabled: people may sign in by it. A trial may be run before.
	Enabled bool
	// TestedAt is when a trial sign-in passed with the settings as they are;
	// zero: none did.
	TestedAt  time.Time
	CreatedAt time.Time
	UpdatedAt time.Time
	// Version grows with each change of the settings: a trial counts for those
	// that it was run with.
	Version int64
}

// Use is one organization's use of a connection.
type Use struct {
	OrgID string
	// Enforced: the organization's people sign in by a connection of it and by
	// nothing else, owners excepted.
	Enforced bool
}

// provider is by what the settings name the provider.
func (c *Connection) provider() [3]string {
	saml := c.SAML.MetadataURL
	if saml == "" {
		saml = c.SAML.Metadata
	}
	return [3]string{c.OIDC.MetadataURL, c.OIDC.Metadata, saml}
}

// Serves reports whether the connection is for the organization.
func (c *Connection) Serves(orgID string) bool {
	return slices.ContainsFunc(c.Uses, func(u Use) bool { return u.OrgID == orgID })
}

// Shared reports whether several organizations use it.
func (c *Connection) Shared() bool { return len(c.Uses) > 1 }

// Enforced reports whether the organization lets its people sign in by
// connections only, of which this is one.
func (c *Connection) Enforced(orgID string) bool {
	return slices.Contains(c.Uses, Use{OrgID: orgID, Enforced: true})
}

// required are the organizations whose people sign in by it and by nothing else.
func (c *Connection) required() []string {
	var ids []string
	for _, u := range c.Uses {
		if c.Enabled && u.Enforced {
			ids = append(ids, u.OrgID)
		}
	}
	return ids
}

// OIDCSettings are those of an OpenID Connect provider.
type OIDCSettings struct {
	// MetadataURL is where its discovery document is; or Metadata is one that
	// was given by hand.
	MetadataURL string `json:"metadata_url,omitempty"`
	Metadata    string `json:"metadata,omitempty"`
	ClientID    string `json:"client_id,omitempty"`
	// AuthMethod is how Signet proves itself there, by its name in OAuth client
	// metadata: client_secret_basic, client_secret_post, private_key_jwt.
	AuthMethod string   `json:"auth_method,omitempty"`
	Scopes     []string `json:"scopes,omitempty"` // beyond openid; nil: profile and email
	// Tenants are the ids of the directories that may sign in, where the
	// provider's issuer is one address for all of them (Entra ID's {tenantid}).
	Tenants []string `json:"tenants,omitempty"`
	// SignOut: who signs out here signs out there, too.
	SignOut bool `json:"sign_out,omitempty"`
}

// SameProvider reports whether metadata at the address, or the document where there
// is none, are of the provider that the settings have: at the same host, or the same
// document. The secret that is kept must go to no other.
func (o *OIDCSettings) SameProvider(metadataURL, metadata string) bool {
	if o.MetadataURL == "" && o.Metadata == "" {
		return true // it had none
	}
	if metadataURL == "" || o.MetadataURL == "" {
		return metadataURL == o.MetadataURL && (metadata == "" || metadata == o.Metadata)
	}
	was, err := url.Parse(o.MetadataURL)
	is, err2 := url.Parse(metadataURL)
	return err == nil && err2 == nil && is.Scheme == was.Scheme && is.Host == was.Host
}

// SAMLSettings are those of a SAML identity provider.
type SAMLSettings struct {
	// MetadataURL is where its metadata is; Metadata is the document as it was
	// last fetched, or given by hand.
	MetadataURL string `json:"metadata_url,omitempty"`
	Metadata    string `json:"metadata,omitempty"`
	// FetchedAt is when what is at MetadataURL was last fetched; zero: never.
	FetchedAt time.Time `json:"fetched_at,omitzero"`
	// IDPInitiated: it may send people here who did not begin here.
	IDPInitiated bool `json:"idp_initiated,omitempty"`
	// SignOut: who signs out here signs out there, too.
	SignOut bool `json:"sign_out,omitempty"`
	// OneSignature: it signs the response or the assertion, and not both.
	OneSignature bool `json:"one_signature,omitempty"`
	// Subject is the attribute that names the person for good; "": the NameID does.
	Subject string `json:"subject,omitempty"`
}

// Secrets are what a connection keeps to itself.
type Secrets struct {
	ClientSecret string `json:"client_secret,omitempty"`
	PrivateKey   string `json:"private_key,omitempty"` // PEM: of private_key_jwt, or of signed SAML requests
}

// Mapping says by which names the provider tells what is to be known of a person
// (claims, or attributes), and which of its groups have which role. An empty name
// is the protocol's own.
type Mapping struct {
	Email      string `json:"email,omitempty" yaml:"email,omitempty"`
	GivenName  string `json:"given_name,omitempty" yaml:"given_name,omitempty"`
	FamilyName string `json:"family_name,omitempty" yaml:"family_name,omitempty"`
	Name       string `json:"name,omitempty" yaml:"name,omitempty"`
	Groups     string `json:"groups,omitempty" yaml:"groups,omitempty"` // of groups or roles
	// Roles are tried in this order. With none, people become viewers, and keep
	// what role they are given here; with any, their role follows them.
	Roles []RoleRule `json:"roles,omitempty" yaml:"roles,omitempty"`
}

// NamesOf is the mapping with the protocol's own names where it has none.
func NamesOf(m, own Mapping) Mapping {
	m.Email = cmp.Or(m.Email, own.Email)
	m.GivenName = cmp.Or(m.GivenName, own.GivenName)
	m.FamilyName = cmp.Or(m.FamilyName, own.FamilyName)
	m.Name = cmp.Or(m.Name, own.Name)
	m.Groups = cmp.Or(m.Groups, own.Groups)
	return m
}

// RoleRule gives the people of a group there a role here. Owners are made here
// and nowhere else.
type RoleRule struct {
	Value string `json:"value" yaml:"value"` // of the claim or attribute that Groups names
	Role  Role   `json:"role" yaml:"role"`   // admin or viewer
}

// RoleFor is the role of somebody in these groups.
func (m *Mapping) RoleFor(groups []string) Role {
	for _, r := range m.Roles {
		if slices.Contains(groups, r.Value) {
			return r.Role
		}
	}
	return Viewer
}

// Arrival is a person as a provider tells of them, whose word was checked: what
// it says is what the provider says, and no more is believed than that.
type Arrival struct {
	// Issuer is who says so: the iss of an ID token, the entity ID of a SAML provider.
	Issuer string `json:"issuer,omitempty"`
	// Subject is the provider's name for the person, which never changes and is
	// nobody else's on this connection.
	Subject string `json:"subject"`
	Email   string `json:"email,omitempty"`
	// EmailRefused: the provider itself says that the address is not proven.
	EmailRefused bool     `json:"email_refused,omitempty"`
	GivenName    string   `json:"given_name,omitempty"`
	FamilyName   string   `json:"family_name,omitempty"`
	Name         string   `json:"name,omitempty"`
	Groups       []string `json:"groups,omitempty"`
	// Attributes are all that arrived, by the provider's names, for people to
	// look at in a trial.
	Attributes map[string][]string `json:"attributes,omitempty"`
	// AuthTime is when the person signed in there; zero: not said.
	AuthTime time.Time `json:"auth_time,omitzero"`
	// Until is when the sign-in there is over, whatever goes on here; zero: not said.
	Until time.Time `json:"until,omitzero"`
	// Session is the provider's name for the person's session there, and Hint
	// what it wants to see again when that is to end (an ID token, a NameID).
	Session string `json:"session,omitempty"`
	Hint    string `json:"hint,omitempty"`
}

// Following is what follows from a change of a connection.
type Following struct {
	// Required are the organizations whose people sign in by it, and nowhere else,
	// from now on: those in their proven domains are to be signed out (SignOut).
	Required []string
	Mails    []*outbox.Mail // queued with the same commit
	// Moved: the settings name another provider than before. Identities whose issuer
	// was not noted end.
	Moved bool
}

// ConnectionStore keeps connections for good.
type ConnectionStore interface {
	// CreateConnection stores a new connection with its Uses; a fault of kind
	// NotFound when there is no such organization.
	CreateConnection(ctx context.Context, c *Connection) error
	// Connection returns the connection, or a fault of kind NotFound.
	Connection(ctx context.Context, id string) (*Connection, error)
	// Connections returns up to limit connections with an id greater than after.
	Connections(ctx context.Context, after string, limit int) ([]*Connection, error)
	// ConnectionsOf returns those that the organization uses, by id.
	ConnectionsOf(ctx context.Context, orgID string) ([]*Connection, error)
	// UpdateConnection replaces all but the id, the protocol and the time of
	// creation, and makes what follows from it, in one transaction, if the stored
	// version is still c.Version. It reports whether it was; c.Version is the next
	// one then.
	UpdateConnection(ctx context.Context, c *Connection, f Following) (bool, error)
	// DeleteConnection removes the connection with its identities, or returns a
	// fault of kind NotFound.
	DeleteConnection(ctx context.Context, id string) error
}
