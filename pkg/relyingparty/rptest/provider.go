// Package rptest is a small OpenID provider for the tests of apps that sign
// people in with pkg/relyingparty. It is a real HTTP server that issues really
// signed tokens and refuses what a provider must refuse; only the person is
// missing: whoever is set as its user is signed in at once.
//
// It must not grow into a second provider: no pages, no stores, no policy.
package rptest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Client is the app as the provider knows it.
type Client struct {
	ID     string
	Secret string // empty: a public client
	// Method is the token endpoint authentication method: by default
	// client_secret_basic with a secret, and none without.
	Method       string
	RedirectURIs []string
	// PostLogoutURIs are where sign-out may lead.
	PostLogoutURIs []string
}

// Provider is a running provider. Set its fields before use, or through Change
// while it runs.
type Provider struct {
	// Issuer is the provider's identifier and address.
	Issuer string
	// Client is the one registered app.
	Client Client
	// User holds the claims of who is signed in: sub for the ID token, and all
	// of them for userinfo. Nil means nobody is, which is answered with
	// login_required. Of its organizations, a list of Organization, an app may ask
	// for one; for * it gets the first.
	User map[string]any
	// AccessLife is how long access tokens live. Zero: expires_in is left out.
	AccessLife time.Duration
	// Scopes, if not nil, are granted instead of those asked for.
	Scopes []string
	// Deny, if set, answers each authorization request with this error code.
	Deny string
	// Now is the provider's clock.
	Now func() time.Time

	// Tamper hooks change an honest answer into one that a client must refuse.
	// A value that they set to nil is left out.
	TamperAnswer   func(url.Values)     // parameters of the authorization response
	TamperIDToken  func(map[string]any) // claims, before they are signed
	TamperResponse func(map[string]any) // the token response
	TamperMetadata func(map[string]any) // the discovery document
	// SignWith, if not nil, signs ID tokens with this key instead, which is
	// not in the key set.
	SignWith *jose.SigningKey
	// TokenStatus, if not zero, is answered by the token endpoint to all, and
	// UserInfoStatus by the userinfo endpoint.
	TokenStatus, UserInfoStatus int

	mu      sync.Mutex
	server  *httptest.Server
	key     jose.SigningKey
	public  jose.JSONWebKeySet
	codes   map[string]request
	refresh map[string]request
	access  map[string]request
	used    map[string]bool
	seen    Seen
}

// Seen counts what the provider was asked.
type Seen struct {
	Discovery, Exchanges, Refreshes, Reuses, Revocations, EndSessions, UserInfos int
	// Authorize holds the parameters of the last authorization request, and
	// EndSession those of the last sign-out.
	Authorize, EndSession url.Values
}

// request is what a code or a refresh token stands for.
type request struct {
	params url.Values
	scopes []string
	user   map[string]any
	authAt time.Time

	organization string // the id, or ""
}

// Organization is one that the user belongs to.
type Organization struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Role string `json:"role"`
}

// organization is the one of the user's that is asked for, as it is now, or nil.
func (p *Provider) organization(asked string) *Organization {
	all, _ := p.User["organizations"].([]Organization)
	for _, o := range all {
		if asked == "*" || asked == o.ID {
			return &o
		}
	}
	return nil
}

// New starts a provider that signs with ES256, and stops it when the test ends.
func New(tb testing.TB, client Client) *Provider {
	tb.Helper()
	return NewSigning(tb, client, jose.ES256)
}

// NewSigning is New with RS256, ES256 or EdDSA.
func NewSigning(tb testing.TB, client Client, alg jose.SignatureAlgorithm) *Provider {
	tb.Helper()
	key, err := newKey(alg)
	if err != nil {
		tb.Fatalf("rptest: %v", err)
	}
	p := &Provider{
		Client: client, AccessLife: 10 * time.Minute, Now: time.Now,
		User: map[string]any{"sub": "ada", "name": "Ada Lovelace", "given_name": "Ada", "family_name": "Lovelace", "email": "ada@example.com", "email_verified": true, "nickname": "Countess"},
		key:  key, public: publicKeys(key),
		codes: map[string]request{}, refresh: map[string]request{}, access: map[string]request{}, used: map[string]bool{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.locked(p.discovery))
	mux.HandleFunc("GET /keys", p.locked(p.keys))
	mux.HandleFunc("GET /authorize", p.locked(p.authorize))
	mux.HandleFunc("POST /token", p.locked(p.token))
	mux.HandleFunc("GET /userinfo", p.locked(p.userinfo))
	mux.HandleFunc("POST /revoke", p.locked(p.revoke))
	mux.HandleFunc("GET /end_session", p.locked(p.endSession))
	p.server = httptest.NewServer(mux)
	tb.Cleanup(p.server.Close)
	p.Issuer = p.server.URL
	return p
}

// Change alters the provider while it runs.
func (p *Provider) Change(f func(*Provider)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(p)
}

// RevokeAll makes all refresh tokens invalid.
func (p *Provider) RevokeAll() {
	p.Change(func(p *Provider) { clear(p.refresh) })
}

// Seen returns what the provider was asked so far.
func (p *Provider) Seen() Seen {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen
}

// Close stops the provider before the test ends.
func (p *Provider) Close() { p.server.Close() }

// Rotate replaces the signing key; the old one is no longer published.
func (p *Provider) Rotate(tb testing.TB) {
	tb.Helper()
	key, err := newKey(p.key.Algorithm)
	if err != nil {
		tb.Fatalf("rptest: %v", err)
	}
	p.Change(func(p *Provider) { p.key, p.public = key, publicKeys(key) })
}

func (p *Provider) locked(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		h(w, r)
	}
}
