// Package federation is sign-in at somebody else's provider: it sends a browser
// there, and checks what comes back. What becomes of who arrives is the business
// of package org; pages are that of package web.
//
//	Begin ──> the provider ──> the connection's own address here ──> Finish ──> org.Arrival
//
// Each connection has addresses of its own, so that what one provider sends is
// never taken for another's (RFC 9700 §4.4). A protocol is one file, or one
// library with a file about it, behind the interface Provider.
package federation

import (
	"context"
	"fmt"
	"net/url"

	"signet/internal/org"
	"signet/internal/session"
)

// Provider speaks one protocol with the provider of a connection. What goes wrong
// between Signet and the provider is a *Trouble.
type Provider interface {
	// Begin returns where the browser is to go.
	Begin(ctx context.Context, c Connection, ask Ask) (*Going, error)
	// Finish checks what the browser brought to the connection's address and
	// returns who it is. d was made for this browser and this connection, and is
	// used up; nil: the browser was not sent away from here, which only SAML knows,
	// and only where the connection allows it.
	Finish(ctx context.Context, c Connection, d *session.Departure, came url.Values) (*org.Arrival, error)
	// Leave returns where the browser ends its session at the provider, if that is to
	// end with the one here, and comes back from with the state; "": nowhere.
	Leave(ctx context.Context, c Connection, u *session.Upstream, state string) (string, error)
}

// Connection is a connection as a protocol works with it.
type Connection struct {
	*org.Connection
	Secrets org.Secrets
	// Base is the connection's own address, below which are those that the
	// provider is told: https://id.example/federation/{id}.
	Base string
}

// Paths of a connection's addresses below its Base.
const (
	PathCallback = "/callback" // OpenID Connect: redirect URI
	PathKeys     = "/jwks"     // its public key, of private_key_jwt
	PathACS      = "/acs"      // SAML: assertion consumer service
	PathMetadata = "/metadata" // SAML: Signet's metadata, and its name there
	PathLogout   = "/logout"   // SAML: single logout service
	PathStart    = "/start"    // begins a sign-in
)

// Ask is what is asked of the provider.
type Ask struct {
	State     string // comes back with the browser: OAuth's state, SAML's RelayState
	LoginHint string // who the person says they are, or ""
	UILocales string // the languages they read
	Fresh     bool   // they are to sign in there once more
}

// Going is where the browser goes.
type Going struct {
	URL        string
	Form       url.Values // is posted there; nil: the URL is all
	Remembered session.Remembered
}

// Why is what went wrong with a provider, as far as a person is told.
type Why string

// The reasons.
const (
	Down     Why = "down"     // it does not answer, or not in time
	Nonsense Why = "nonsense" // it answers what it should not, or what is not for us
	Refused  Why = "refused"  // it turned the person away, or the person turned back
	Settings Why = "settings" // the connection is not set up right
)

// Trouble is what went wrong between Signet and a provider.
type Trouble struct {
	Why    Why
	Detail string // a sentence for who set up the connection; the provider's own words only where bounded and quoted
	Cause  error  // for the log
}

// Error implements error.
func (t *Trouble) Error() string {
	if t.Cause != nil {
		return fmt.Sprintf("the provider (%s): %s: %v", t.Why, t.Detail, t.Cause)
	}
	return fmt.Sprintf("the provider (%s): %s", t.Why, t.Detail)
}

// Unwrap returns the cause.
func (t *Trouble) Unwrap() error { return t.Cause }

func trouble(why Why, cause error, format string, args ...any) *Trouble {
	return &Trouble{Why: why, Detail: fmt.Sprintf(format, args...), Cause: cause}
}

// Opener opens what a connection keeps to itself.
type Opener interface {
	Secrets(c *org.Connection) (org.Secrets, error)
}

// Service speaks with the providers of all connections.
type Service struct {
	issuer    string
	opener    Opener
	providers map[org.Protocol]Provider
}

// NewService returns the service for the addresses below the issuer.
func NewService(issuer string, opener Opener, providers map[org.Protocol]Provider) *Service {
	return &Service{issuer: issuer, opener: opener, providers: providers}
}

// PathFederation is below the issuer; each connection's addresses are below it,
// by its id.
const PathFederation = "/federation/"

// Base is the connection's own address.
func (s *Service) Base(connectionID string) string { return s.issuer + PathFederation + connectionID }

// Open returns the connection as its protocol works with it.
func (s *Service) Open(c *org.Connection) (Connection, error) {
	_, conn, err := s.open(c)
	return conn, err
}

func (s *Service) open(c *org.Connection) (Provider, Connection, error) {
	p := s.providers[c.Protocol]
	if p == nil {
		return nil, Connection{}, trouble(Settings, nil, "connections of the protocol %q are not spoken here", c.Protocol)
	}
	secrets, err := s.opener.Secrets(c)
	return p, Connection{Connection: c, Secrets: secrets, Base: s.Base(c.ID)}, err
}

// Begin returns where the browser is to go to sign in by the connection.
func (s *Service) Begin(ctx context.Context, c *org.Connection, ask Ask) (*Going, error) {
	p, conn, err := s.open(c)
	if err != nil {
		return nil, err
	}
	return p.Begin(ctx, conn, ask)
}

// Finish returns who the browser brings word of.
func (s *Service) Finish(ctx context.Context, c *org.Connection, d *session.Departure, came url.Values) (*org.Arrival, error) {
	p, conn, err := s.open(c)
	if err != nil {
		return nil, err
	}
	return p.Finish(ctx, conn, d, came)
}

// Leave returns where the browser ends its session at the connection's provider.
func (s *Service) Leave(ctx context.Context, c *org.Connection, u *session.Upstream, state string) (string, error) {
	p, conn, err := s.open(c)
	if err != nil {
		return "", err
	}
	return p.Leave(ctx, conn, u, state)
}
