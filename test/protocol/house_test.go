package protocol

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"signet/internal/testenv"
)

// The people of the house.
var (
	ada = testenv.Person{Email: "ada@example.com", Password: "correct-Horse-9"}
	bob = testenv.Person{Email: "bob@example.com", Password: "battery-Staple-7"}
)

const allScopes = "openid profile email phone address organizations offline_access"

// The apps of the house, as declared below.
var (
	web    = testenv.App{ID: "web", Secret: "a secret: with+odd%signs", Redirect: "https://web.example/callback?from=signet", Scope: "openid profile email"}
	post   = testenv.App{ID: "post", Secret: "secret-of-post", Post: true, Redirect: "https://post.example/cb", Scope: "openid email"}
	spa    = testenv.App{ID: "spa", Redirect: "https://spa.example/cb", Scope: "openid"}
	native = testenv.App{ID: "native", Redirect: "http://127.0.0.1/done", Scope: "openid"}
	guest  = testenv.App{ID: "guest", Secret: "secret-of-guest", Redirect: "https://guest.example/cb", Scope: "openid email"}
	es256  = testenv.App{ID: "es256", Secret: "secret-of-es256", Redirect: "https://es256.example/cb", Scope: "openid"}
	eddsa  = testenv.App{ID: "eddsa", Secret: "secret-of-eddsa", Redirect: "https://eddsa.example/cb", Scope: "openid"}
	opaque = testenv.App{ID: "opaque", Secret: "secret-of-opaque", Redirect: "https://opaque.example/cb", Scope: "openid email offline_access"}
	hybrid = testenv.App{ID: "hybrid", Secret: "secret-of-hybrid", Redirect: "https://hybrid.example/cb", Scope: "openid email"}
	fleet  = testenv.App{ID: "fleet", Secret: "secret-of-fleet", Scope: "devices:read"}
	audit  = testenv.App{ID: "audit", Secret: "secret-of-audit"}
)

const declared = `
clients:
  - id: web
    name: Web shop
    secret: "a secret: with+odd%signs"
    auth_method: client_secret_basic
    redirect_uris: ["https://web.example/callback?from=signet", "https://web.example/other"]
    post_logout_redirect_uris: ["https://web.example/bye", "https://web.example/bye?from=signet"]
    grant_types: [authorization_code, refresh_token]
    scopes: [openid, profile, email, phone, address, organizations, offline_access]
    trusted: true
  - id: post
    name: Post office
    secret: secret-of-post
    auth_method: client_secret_post
    redirect_uris: ["https://post.example/cb"]
    scopes: [openid, email]
    trusted: true
  - id: spa
    name: Single page
    redirect_uris: ["https://spa.example/cb"]
    grant_types: [authorization_code, refresh_token]
    scopes: [openid, email, offline_access]
    trusted: true
  - id: native
    name: Native app
    application_type: native
    redirect_uris: ["http://127.0.0.1/done", "http://[::1]/done", "com.example.app:/done", "http://localhost:7777/done"]
    scopes: [openid]
    trusted: true
  - id: guest
    name: A guest of the house
    secret: secret-of-guest
    redirect_uris: ["https://guest.example/cb"]
    post_logout_redirect_uris: ["https://guest.example/bye"]
    grant_types: [authorization_code, refresh_token]
    scopes: [openid, profile, email, offline_access]
  - id: es256
    name: Elliptic
    secret: secret-of-es256
    redirect_uris: ["https://es256.example/cb"]
    scopes: [openid]
    id_token_signed_response_alg: ES256
    trusted: true
  - id: eddsa
    name: Edwards
    secret: secret-of-eddsa
    redirect_uris: ["https://eddsa.example/cb"]
    scopes: [openid]
    id_token_signed_response_alg: EdDSA
    trusted: true
  - id: opaque
    name: Opaque
    secret: secret-of-opaque
    redirect_uris: ["https://opaque.example/cb"]
    grant_types: [authorization_code, refresh_token, client_credentials]
    scopes: [openid, email, offline_access, "devices:read"]
    access_token_format: opaque
    trusted: true
  - id: hybrid
    name: Hybrid
    secret: secret-of-hybrid
    redirect_uris: ["https://hybrid.example/cb", "https://hybrid.example/cb?from=signet"]
    grant_types: [authorization_code, implicit, refresh_token]
    response_types: [code, id_token, token id_token, code id_token, code token, code token id_token, none]
    scopes: [openid, profile, email, phone, address, organizations, offline_access]
    trusted: true
  - id: fleet
    name: Fleet
    secret: secret-of-fleet
    grant_types: [client_credentials]
    scopes: ["devices:read", "devices:write", openid]
  - id: audit
    name: Auditor
    secret: secret-of-audit
    grant_types: [client_credentials]
    scopes: ["audit"]
    trusted: true
users:
  - email: ada@example.com
    password: correct-Horse-9
    verified: true
    given_name: Ada
    middle_name: Augusta
    family_name: Lovelace
    nickname: Enchantress
    preferred_username: ada
    profile: https://people.example/ada
    picture: https://people.example/ada.png
    website: https://ada.example
    gender: female
    birthdate: "1815-12-10"
    zoneinfo: Europe/London
    locale: en-GB
    phone_number: "+441234567890"
    phone_number_verified: true
    address:
      formatted: "St James's Square, London"
      country: UK
  - email: bob@example.com
    password: battery-Staple-7
    verified: false
    given_name: Bob
    family_name: Builder
`

// exempt keeps the limits of failed sign-ins, which have tests of their own,
// out of these.
var exempt = map[string]string{"SIGNET_LIMITS_EXEMPT": "127.0.0.0/8,::1/128"}

// boot starts a house with the declared apps and people.
func boot(t *testing.T, o testenv.Options) *testenv.Env {
	t.Helper()
	env := map[string]string{}
	for _, m := range []map[string]string{exempt, o.Env} {
		for k, v := range m {
			env[k] = v
		}
	}
	o.Env, o.Declare = env, declared+o.Declare
	return testenv.Start(t, o)
}

// each runs the test on every backend, the one for many nodes with two.
func each(t *testing.T, test func(t *testing.T, e *testenv.Env)) {
	t.Helper()
	t.Parallel()
	for _, backend := range testenv.Backends {
		t.Run(string(backend), func(t *testing.T) {
			t.Parallel()
			nodes := 1
			if backend == testenv.Full {
				nodes = 2
			}
			test(t, boot(t, testenv.Options{Backend: backend, Nodes: nodes}))
		})
	}
}

// signedIn returns a browser in which the person has signed in to the app.
func signedIn(t *testing.T, e *testenv.Env, app *testenv.App, who testenv.Person) *testenv.Browser {
	t.Helper()
	b := e.Browser().For(t)
	if answer := b.SignIn(app.Request(), who); answer.Get("code") == "" {
		t.Fatalf("sign-in: %v", answer)
	}
	return b
}

// tokens signs the browser's person in (who may be signed in already) and
// returns the tokens of the request.
func tokens(t *testing.T, b *testenv.Browser, app *testenv.App, who testenv.Person, pairs ...string) *testenv.Answer {
	t.Helper()
	r := app.Request(pairs...)
	answer := b.SignIn(r, who)
	if answer.Get("code") == "" {
		t.Fatalf("no code: %v", answer)
	}
	got := app.Redeem(r, answer)
	if got.Status != http.StatusOK {
		t.Fatalf("the code was not exchanged: %d %s", got.Status, got.Body)
	}
	return got
}

// wantError checks an app's own call that must be refused.
func wantError(t *testing.T, what string, a *testenv.Answer, status int, code string) {
	t.Helper()
	if a.Status != status || a.Str("error") != code {
		t.Errorf("%s: %d %s, want %d with error %q", what, a.Status, strings.TrimSpace(a.Body), status, code)
	}
	if a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: Cache-Control is %q, want no-store", what, a.Header.Get("Cache-Control"))
	}
	if status == http.StatusUnauthorized && a.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("%s: 401 without WWW-Authenticate (RFC 9110 §15.5.2)", what)
	}
}

// wantAnswer checks what an app is told in the front channel: the error, and
// state and iss with it.
func wantAnswer(t *testing.T, e *testenv.Env, r *testenv.Request, p *testenv.Page, code string) url.Values {
	t.Helper()
	got := r.Answer(p)
	if got == nil {
		t.Errorf("%s %d is no answer to the app, want error %q", p.URL.Path, p.Status, code)
		return url.Values{}
	}
	if got.Get("error") != code {
		t.Errorf("error is %q (%s), want %q", got.Get("error"), got.Get("error_description"), code)
	}
	if got.Get("state") != r.Get("state") || got.Get("iss") != e.Issuer {
		t.Errorf("state %q and iss %q, want %q and %q", got.Get("state"), got.Get("iss"), r.Get("state"), e.Issuer)
	}
	return got
}

// wantPage checks a request that must not be answered to the app: a page with
// the reason and the request's id, and no redirect.
func wantPage(t *testing.T, p *testenv.Page, status int, texts ...string) {
	t.Helper()
	if p.Location != "" {
		t.Errorf("the browser was sent to %s, want a page", p.Location)
		return
	}
	if p.Status != status {
		t.Errorf("%s: status %d, want %d", p.URL.Path, p.Status, status)
	}
	wantGuards(t, p)
	for _, text := range texts {
		if !strings.Contains(p.Body, text) {
			t.Errorf("%s: the page does not say %q", p.URL.Path, text)
		}
	}
}

// wantGuards checks what every page brings along: it is not kept, not framed,
// runs no script of its own text, and tells no other site where one came from.
func wantGuards(t *testing.T, p *testenv.Page) {
	t.Helper()
	csp := p.Header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe-inline") {
		t.Errorf("%s: the policy is %q", p.URL.Path, csp)
	}
	for name, value := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
	} {
		if p.Header.Get(name) != value {
			t.Errorf("%s: %s is %q, want %s", p.URL.Path, name, p.Header.Get(name), value)
		}
	}
}

// header returns the header of a JWS, unverified.
func header(t *testing.T, raw string) map[string]any { t.Helper(); return part(t, raw, 0) }

// claimsOf returns the claims of a JWT, unverified.
func claimsOf(t *testing.T, raw string) map[string]any { t.Helper(); return part(t, raw, 1) }

func part(t *testing.T, raw string, i int) map[string]any {
	t.Helper()
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		t.Fatalf("%d parts are no JWT", len(parts))
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[i])
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
