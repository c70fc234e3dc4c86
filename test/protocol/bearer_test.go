package protocol

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/testenv"
)

const (
	grantBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	elsewhere   = "https://hr.example"
)

// asserter is an app that brings assertions of an issuer, with the issuer's key.
type asserter struct {
	*testenv.Env
	app, guest *testenv.App
	key        jose.JSONWebKey
	n          int
}

func newAsserter(t *testing.T, e *testenv.Env) *asserter {
	t.Helper()
	key := keyFor(t, "ES256", "hr")
	set := publicSet(t, key)
	e.Apply(`clients:
  - id: payroll
    secret: secret-of-payroll
    grant_types: ["` + grantBearer + `"]
    scopes: [openid, email, "pay:read", offline_access]
    trusted: true
    assertion_issuer: ` + elsewhere + `
    assertion_jwks: ` + set + `
    assertion_subjects: ["4711=ada@example.com", "4712=bob@example.com", "4713=nobody@example.com"]
  - id: visitor
    secret: secret-of-visitor
    redirect_uris: ["https://visitor.example/cb"]
    grant_types: [authorization_code, "` + grantBearer + `"]
    scopes: [openid, email, "pay:read"]
    access_token_format: opaque
    assertion_issuer: ` + elsewhere + `
    assertion_jwks: ` + set + `
    assertion_subjects: [email]
`)
	return &asserter{
		Env: e, key: key,
		app:   e.App(t, testenv.App{ID: "payroll", Secret: "secret-of-payroll", Scope: "pay:read"}),
		guest: e.App(t, testenv.App{ID: "visitor", Secret: "secret-of-visitor", Redirect: "https://visitor.example/cb", Scope: "openid email"}),
	}
}

// claims are those of a good assertion, each with a jti of its own, changed by
// the pairs; nil leaves one out.
func (x *asserter) claims(pairs ...any) jwtClaims {
	x.n++
	now := time.Now()
	all := jwtClaims{
		"iss": elsewhere, "sub": "4711", "aud": x.Issuer, "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Minute).Unix(),
		"jti": strings.Repeat("i", x.n),
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		all[pairs[i].(string)] = pairs[i+1]
		if pairs[i+1] == nil {
			delete(all, pairs[i].(string))
		}
	}
	return all
}

func (x *asserter) assertion(t *testing.T, pairs ...any) string {
	t.Helper()
	return sign(t, x.key, "ES256", "JWT", x.claims(pairs...))
}

func (x *asserter) bring(app *testenv.App, assertion string, pairs ...string) *testenv.Answer {
	return app.Call("/token", append([]string{"grant_type", grantBearer, "assertion", assertion}, pairs...)...)
}

// TestBearer: a JWT of an issuer that the operator trusts for the client is good
// for an access token, once, and for nothing that lasts (RFC 7523 §2.1).
func TestBearer(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		x := newAsserter(t, e)
		for _, aud := range []any{x.Issuer, x.Issuer + "/token", []string{"https://other.example", x.Issuer}} {
			got := x.bring(x.app, x.assertion(t, "aud", aud))
			if got.Status != http.StatusOK || got.Str("scope") != "email pay:read" || got.Str("refresh_token")+got.Str("id_token") != "" {
				t.Fatalf("%v: %d %s", aud, got.Status, got.Body)
			}
			claims := claimsOf(t, got.Str("access_token"))
			if claims["client_id"] != "payroll" || claims["sub"] == "4711" || claims["auth_time"] != nil || claims["acr"] != nil {
				t.Errorf("%v", claims)
			}
			if about := x.app.Call("/introspect", "token", got.Str("access_token")); about.Fields["active"] != true || about.Fields["sub"] != claims["sub"] {
				t.Errorf("introspection: %s", about.Body)
			}
		}
		for name, c := range map[string]struct {
			pairs []any
		}{
			"another issuer":       {[]any{"iss", "https://evil.example"}},
			"no subject":           {[]any{"sub", nil}},
			"a subject unknown":    {[]any{"sub", "4799"}},
			"no account":           {[]any{"sub", "4713"}},
			"an unproven address":  {[]any{"sub", "4712"}},
			"the address itself":   {[]any{"sub", "ada@example.com"}},
			"another audience":     {[]any{"aud", "https://other.example"}},
			"no audience":          {[]any{"aud", nil}},
			"no end":               {[]any{"exp", nil}},
			"a far end":            {[]any{"exp", time.Now().Add(2 * time.Hour).Unix()}},
			"an end that is over":  {[]any{"exp", time.Now().Add(-time.Second).Unix()}},
			"not yet":              {[]any{"nbf", time.Now().Add(5 * time.Minute).Unix()}},
			"of the future":        {[]any{"iat", time.Now().Add(5 * time.Minute).Unix()}},
			"no name":              {[]any{"jti", nil}},
			"a claim of no number": {[]any{"nbf", "now"}},
		} {
			wantError(t, name, x.bring(x.app, x.assertion(t, c.pairs...)), http.StatusBadRequest, "invalid_grant")
		}
		stranger := keyFor(t, "ES256", "hr")
		for name, assertion := range map[string]string{
			"another's key":     sign(t, stranger, "ES256", "JWT", x.claims()),
			"another type":      sign(t, x.key, "ES256", "at+jwt", x.claims()),
			"an ID token":       tokens(t, e.Browser().For(t), e.App(t, web), ada, "scope", "openid").Str("id_token"),
			"nonsense":          "x",
			"too long":          strings.Repeat("a", 9000),
			"the client's name": sign(t, stranger, "ES256", "JWT", x.claims("iss", "payroll")),
		} {
			wantError(t, name, x.bring(x.app, assertion), http.StatusBadRequest, "invalid_grant")
		}
		wantError(t, "no assertion", x.app.Call("/token", "grant_type", grantBearer), http.StatusBadRequest, "invalid_request")
		wantError(t, "only what lasts", x.bring(x.app, x.assertion(t), "scope", "openid offline_access"), http.StatusBadRequest, "invalid_scope")
		wantError(t, "a client that may not", x.bring(e.App(t, fleet), x.assertion(t)), http.StatusBadRequest, "unauthorized_client")

		// An app that is not of the house acts for people who allowed it.
		wantError(t, "nobody allowed it", x.bring(x.guest, x.assertion(t, "sub", ada.Email)), http.StatusBadRequest, "invalid_scope")
		b := e.Browser().For(t)
		tokens(t, b, x.guest, ada)
		got := x.bring(x.guest, x.assertion(t, "sub", ada.Email))
		if got.Status != http.StatusOK || got.Str("scope") != "email" {
			t.Errorf("what was allowed: %d %s", got.Status, got.Body)
		}
		// What ends all that the account granted ends this.
		b.Submit(b.Get("/account").Form("sign-out-everywhere"), "sign-out-everywhere")
		inactive(t, x.guest, "after signing out everywhere", got.Str("access_token"))
	})
}

// TestOneBearerManyCallers: of 50 parallel callers on all nodes one gets a token.
func TestOneBearerManyCallers(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		x := newAsserter(t, e)
		fields := url.Values{"grant_type": {grantBearer}, "assertion": {x.assertion(t)}}
		got := statuses(atOnce(t, callers, func() *http.Request { return x.app.NewRequest("/token", maps.Clone(fields)) }))
		if got[http.StatusOK] != 1 || got[http.StatusBadRequest] != callers-1 {
			t.Errorf("%v, want one that gets a token", got)
		}
	})
}

// TestBearerKeys: an issuer's keys are found at its address, and looked for once
// more where one is not known; what signed before and is not there any more signs
// nothing (RFC 7517 §4.5).
func TestBearerKeys(t *testing.T) {
	t.Parallel()
	for _, backend := range testenv.Backends {
		t.Run(string(backend), func(t *testing.T) {
			e := boot(t, testenv.Options{Backend: backend, Env: mayCall})
			old, next := keyFor(t, "ES256", "old"), keyFor(t, "PS256", "next")
			var published atomic.Value
			published.Store(publicSet(t, old))
			keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/jwk-set+json")
				io.WriteString(w, published.Load().(string))
			}))
			t.Cleanup(keys.Close)
			e.Apply("clients:\n  - id: payroll\n    secret: secret-of-payroll\n    grant_types: [\"" + grantBearer + "\"]\n    scopes: [\"pay:read\"]\n    trusted: true\n" +
				"    assertion_issuer: " + elsewhere + "\n    assertion_jwks_uri: " + keys.URL + "/keys\n    assertion_subjects: [\"4711=ada@example.com\"]\n")
			x := &asserter{Env: e, app: e.App(t, testenv.App{ID: "payroll", Secret: "secret-of-payroll"})}
			by := func(key jose.JSONWebKey) *testenv.Answer {
				t.Helper()
				return x.bring(x.app, sign(t, key, key.Algorithm, "JWT", x.claims()))
			}
			if got := by(old); got.Status != http.StatusOK {
				t.Fatalf("%d %s", got.Status, got.Body)
			}
			published.Store(publicSet(t, next))
			// An address is asked again after five seconds at the earliest.
			within(t, time.Minute, "the new key is found", func() bool { return by(next).Status == http.StatusOK })
			wantError(t, "by a key that is gone", by(old), http.StatusBadRequest, "invalid_grant")
			keys.Close()
			if got := by(next); got.Status != http.StatusOK {
				t.Errorf("while the address is away: %d %s", got.Status, got.Body)
			}
			wantError(t, "by a key that nobody knows", by(keyFor(t, "ES256", "new")), http.StatusBadRequest, "invalid_grant")
		})
	}
}

// TestNobodyActsForPeopleUnasked: an app that registers itself gets no grant in
// which no person takes part, whatever it says of itself and whoever has signed it.
func TestNobodyActsForPeopleUnasked(t *testing.T) {
	t.Parallel()
	key := keyFor(t, "ES256", "f")
	const issuer = "https://federation.example"
	e := boot(t, testenv.Options{Env: map[string]string{
		"SIGNET_REGISTRATION_MODE": "open", "SIGNET_REGISTRATION_STATEMENT_ISSUER": issuer, "SIGNET_REGISTRATION_STATEMENT_JWKS": publicSet(t, key),
	}})
	for _, grant := range []string{grantBearer, grantExchange, "client_credentials"} {
		m := metadata{
			"redirect_uris": []string{"https://app.example/cb"}, "grant_types": []string{"authorization_code", grant},
			"assertion_issuer": "https://app.example", "assertion_jwks_uri": "https://app.example/keys", "assertion_subjects": []string{"email"},
			"token_exchange": []string{"impersonation"}, "token_exchange_from": []string{web.ID}, "resources": []string{"https://api.example"},
		}
		wantError(t, grant, call(t, "POST", e.Issuer+"/register", "", m), http.StatusBadRequest, "invalid_client_metadata")
		signed := jwtClaims{"iss": issuer}
		maps.Copy(signed, m)
		statement := metadata{"redirect_uris": m["redirect_uris"], "software_statement": sign(t, key, "ES256", "JWT", signed)}
		wantError(t, grant+", signed", call(t, "POST", e.Issuer+"/register", "", statement), http.StatusBadRequest, "invalid_client_metadata")
	}
}
