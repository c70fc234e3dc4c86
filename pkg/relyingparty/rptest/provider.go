// Package rptest is a small OpenID provider for the tests of apps that sign
// people in with pkg/relyingparty. It is a real HTTP server that issues really
// signed tokens and refuses what a provider must refuse; only the person is
// missing: whoever is set as its user is signed in at once.
//
// It must not grow into a second provider: no pages, no stores, no policy.
package rptest

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
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

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	p.seen.Discovery++
	doc := map[string]any{
		"issuer":                       p.Issuer,
		"authorization_endpoint":       p.Issuer + "/authorize",
		"token_endpoint":               p.Issuer + "/token",
		"userinfo_endpoint":            p.Issuer + "/userinfo",
		"jwks_uri":                     p.Issuer + "/keys",
		"end_session_endpoint":         p.Issuer + "/end_session",
		"revocation_endpoint":          p.Issuer + "/revoke",
		"backchannel_logout_supported": true, "backchannel_logout_session_supported": true,
		"frontchannel_logout_supported": true, "frontchannel_logout_session_supported": true,
		"authorization_response_iss_parameter_supported": true,
		"response_types_supported":                       []string{"code"},
		"subject_types_supported":                        []string{"public"},
		"id_token_signing_alg_values_supported":          []string{string(p.key.Algorithm)},
		"code_challenge_methods_supported":               []string{"S256"},
	}
	if p.TamperMetadata != nil {
		p.TamperMetadata(doc)
	}
	reply(w, http.StatusOK, doc)
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, p.public) }

// refusal ends a description as Signet's do: the rule that was broken, and the
// request that its operator can look up.
const refusal = " (some-rule, request AAAAAAAAAAAAAAAAAAAAAA)"

// authorize answers at once, as a provider does whose user is signed in.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	p.seen.Authorize = q
	to := q.Get("redirect_uri")
	if q.Get("client_id") != p.Client.ID || !slices.Contains(p.Client.RedirectURIs, to) {
		http.Error(w, "unknown client or redirect_uri", http.StatusBadRequest)
		return
	}
	answer := url.Values{"iss": {p.Issuer}, "state": q["state"]}
	switch {
	case q.Get("response_type") != "code", q.Get("code_challenge") == "", q.Get("code_challenge_method") != "S256", !strings.Contains(" "+q.Get("scope")+" ", " openid "):
		answer.Set("error", "invalid_request")
	case p.Deny != "":
		answer.Set("error", p.Deny)
		answer.Set("error_description", "<b>text that must not be shown</b>"+refusal)
	case p.User == nil:
		answer.Set("error", "login_required")
	case q.Get("organization") != "" && p.organization(q.Get("organization")) == nil:
		answer.Set("error", "interaction_required")
	default:
		scopes := p.Scopes
		if scopes == nil {
			scopes = strings.Fields(q.Get("scope"))
		}
		req := request{params: q, scopes: scopes, user: maps.Clone(p.User), authAt: p.Now()}
		if o := p.organization(q.Get("organization")); o != nil {
			req.organization = o.ID
		}
		code := random()
		p.codes[code] = req
		answer.Set("code", code)
	}
	if p.TamperAnswer != nil {
		p.TamperAnswer(answer)
	}
	http.Redirect(w, r, to+"?"+answer.Encode(), http.StatusFound)
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	if p.TokenStatus != 0 {
		reply(w, p.TokenStatus, map[string]any{"error": "server_error"})
		return
	}
	if !p.authenticated(r) {
		reply(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	}
	switch r.PostFormValue("grant_type") {
	case "authorization_code":
		p.exchange(w, r)
	case "refresh_token":
		p.refreshed(w, r)
	default:
		reply(w, http.StatusBadRequest, map[string]any{"error": "unsupported_grant_type"})
	}
}

// authenticated holds the client to its registered method (RFC 6749 §2.3).
func (p *Provider) authenticated(r *http.Request) bool {
	method := p.Client.Method
	if method == "" {
		method = "client_secret_basic"
		if p.Client.Secret == "" {
			method = "none"
		}
	}
	id, secret, basic := r.BasicAuth()
	if id, err := url.QueryUnescape(id); basic && err == nil {
		if secret, err = url.QueryUnescape(secret); err != nil {
			return false
		}
		return method == "client_secret_basic" && id == p.Client.ID && same(secret, p.Client.Secret) && r.PostFormValue("client_secret") == ""
	}
	posted := r.PostFormValue("client_secret")
	if r.PostFormValue("client_id") != p.Client.ID {
		return false
	}
	if method == "none" {
		return posted == ""
	}
	return method == "client_secret_post" && same(posted, p.Client.Secret)
}

func (p *Provider) exchange(w http.ResponseWriter, r *http.Request) {
	p.seen.Exchanges++
	code := r.PostFormValue("code")
	req, known := p.codes[code]
	delete(p.codes, code)
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !known || r.PostFormValue("redirect_uri") != req.params.Get("redirect_uri") ||
		base64.RawURLEncoding.EncodeToString(challenge[:]) != req.params.Get("code_challenge") {
		reply(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant", "error_description": "code " + code + refusal})
		return
	}
	p.issue(w, req, req.params.Get("nonce"))
}

// refreshed rotates: each refresh token works once.
func (p *Provider) refreshed(w http.ResponseWriter, r *http.Request) {
	p.seen.Refreshes++
	token := r.PostFormValue("refresh_token")
	req, known := p.refresh[token]
	delete(p.refresh, token)
	if p.used[token] {
		p.seen.Reuses++
	}
	p.used[token] = true
	for _, scope := range strings.Fields(r.PostFormValue("scope")) {
		if !slices.Contains(req.scopes, scope) {
			reply(w, http.StatusBadRequest, map[string]any{"error": "invalid_scope"})
			return
		}
	}
	if !known {
		reply(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant", "error_description": "token " + token})
		return
	}
	p.issue(w, req, "")
}

func (p *Provider) issue(w http.ResponseWriter, req request, nonce string) {
	access := random()
	p.access[access] = req
	claims := map[string]any{
		"iss": p.Issuer, "sub": req.user["sub"], "aud": p.Client.ID, "sid": "session-1", "acr": "1", "amr": []string{"pwd"},
		"iat": p.Now().Unix(), "exp": p.Now().Add(5 * time.Minute).Unix(), "auth_time": req.authAt.Unix(),
		"at_hash": p.leftHalf(access),
	}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	if o := p.organization(req.organization); o != nil {
		claims["organization"], claims["organizations"] = o.ID, []Organization{*o}
	}
	if p.TamperIDToken != nil {
		p.TamperIDToken(claims)
	}
	signed, err := p.sign("JWT", claims)
	if err != nil {
		reply(w, http.StatusInternalServerError, map[string]any{"error": "server_error"})
		return
	}
	body := map[string]any{"access_token": access, "token_type": "Bearer", "id_token": signed, "scope": strings.Join(req.scopes, " ")}
	if p.AccessLife > 0 {
		body["expires_in"] = int(p.AccessLife / time.Second)
	}
	if slices.Contains(req.scopes, "offline_access") {
		token := random()
		p.refresh[token] = req
		body["refresh_token"] = token
	}
	if p.TamperResponse != nil {
		p.TamperResponse(body)
	}
	reply(w, http.StatusOK, body)
}

func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) {
	p.seen.UserInfos++
	if p.UserInfoStatus != 0 {
		reply(w, p.UserInfoStatus, map[string]any{"error": "server_error"})
		return
	}
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	req, known := p.access[token]
	if !known {
		reply(w, http.StatusUnauthorized, map[string]any{"error": "invalid_token"})
		return
	}
	reply(w, http.StatusOK, req.user)
}

func (p *Provider) revoke(w http.ResponseWriter, r *http.Request) {
	if !p.authenticated(r) {
		reply(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	}
	p.seen.Revocations++
	delete(p.refresh, r.PostFormValue("token"))
}

// endSession signs the user out and goes back where that is registered.
func (p *Provider) endSession(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	p.seen.EndSessions++
	p.seen.EndSession = q
	if hint := q.Get("id_token_hint"); hint != "" && !p.signed(hint) {
		http.Error(w, "not our token", http.StatusBadRequest)
		return
	}
	p.User = nil
	if to := q.Get("post_logout_redirect_uri"); slices.Contains(p.Client.PostLogoutURIs, to) {
		http.Redirect(w, r, to, http.StatusFound)
		return
	}
	_, _ = w.Write([]byte("signed out\n")) // the browser may be gone
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}
