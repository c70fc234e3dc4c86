package protocol

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/handle"
	"signet/internal/testenv"
)

// assertion are the claims of a good client assertion, changed by the edit.
func assertion(e *testenv.Env, clientID string, edit func(jwtClaims)) jwtClaims {
	now := time.Now()
	claims := jwtClaims{
		"iss": clientID, "sub": clientID, "aud": e.Issuer, "jti": handle.Short(),
		"exp": now.Add(time.Minute).Unix(), "iat": now.Unix(),
	}
	if edit != nil {
		edit(claims)
	}
	return claims
}

// asserting is a client that proves itself by the key.
func asserting(t *testing.T, e *testenv.Env, id string, key jose.JSONWebKey, lines ...string) testenv.App {
	t.Helper()
	app, yaml := trusted(id, append(lines, "auth_method: private_key_jwt", "jwks: "+publicSet(t, key), "grant_types: [authorization_code, refresh_token, client_credentials]")...)
	e.Apply("clients:\n" + strings.Replace(yaml, "    secret: "+app.Secret+"\n", "", 1))
	app.Secret = ""
	app.Assert = func() string { return sign(t, key, key.Algorithm, "JWT", assertion(e, id, nil)) }
	return app
}

// TestAssertionAlgs: private_key_jwt by every algorithm, and client_secret_jwt,
// of the tests' own making and of npm's openid-client.
func TestAssertionAlgs(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		through := func(c testenv.App) {
			t.Helper()
			app := e.App(t, c)
			got := tokens(t, e.Browser().For(t), app, ada, "scope", "openid offline_access")
			if again := app.Refresh(got.Str("refresh_token")); again.Status != http.StatusOK {
				t.Errorf("%s: refresh: %s", c.ID, again.Body)
			}
			if about := app.Call("/introspect", "token", got.Str("access_token")); about.Fields["active"] != true {
				t.Errorf("%s: introspection: %s", c.ID, about.Body)
			}
			if gone := app.Call("/revoke", "token", got.Str("access_token")); gone.Status != http.StatusOK {
				t.Errorf("%s: revocation: %s", c.ID, gone.Body)
			}
			if own := app.Call("/token", "grant_type", "client_credentials"); own.Status != http.StatusOK {
				t.Errorf("%s: client_credentials: %s", c.ID, own.Body)
			}
		}
		for _, alg := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"} {
			key := keyFor(t, alg, "of-"+alg)
			through(asserting(t, e, "pkj-"+strings.ToLower(alg), key, "token_endpoint_auth_signing_alg: "+alg))
		}
		secretJWT, yaml := trusted("secret-jwt", "auth_method: client_secret_jwt", "grant_types: [authorization_code, refresh_token, client_credentials]")
		secretJWT.Secret = strings.Repeat("a-long-secret-", 3)
		e.Apply("clients:\n" + strings.Replace(yaml, "secret-of-secret-jwt", secretJWT.Secret, 1))
		e.Apply("clients:\n" + strings.Replace(yaml, "secret-of-secret-jwt", secretJWT.Secret, 1)) // and again changes nothing
		secretJWT.Assert = func() string {
			return sign(t, jose.JSONWebKey{Key: []byte(secretJWT.Secret)}, "HS256", "JWT", assertion(e, "secret-jwt", nil))
		}
		through(secretJWT)
		key := keyFor(t, "PS256", "of-node")
		node := asserting(t, e, "pkj-node", key)
		for _, n := range []*nodeClient{
			startNode(t, e, secretJWT, "method", "client_secret_jwt"),
			startNode(t, e, node, "method", "private_key_jwt", "sign", asJSON(t, key)),
		} {
			b := e.Browser().For(t)
			p := b.Finish(b.Get(n.must("begin", "parameters", parameters{"scope": "openid offline_access"}).URL), ada)
			done := n.must("callback", "url", p.Location)
			n.must("refresh", "token", done.Tokens.Refresh)
			if !n.must("introspect", "token", done.Tokens.Access).Active {
				t.Error("the access token is not active")
			}
			n.must("revoke", "token", done.Tokens.Access)
		}
	})
}

// TestAssertions: what is not exactly an assertion of this client, for us, now
// and for the first time, lets nobody in (RFC 7523 §3).
func TestAssertions(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		key, stranger := keyFor(t, "ES256", "1"), keyFor(t, "ES256", "1")
		app := asserting(t, e, "asserts", key)
		of := func(edit func(jwtClaims)) string { return sign(t, key, "ES256", "JWT", assertion(e, app.ID, edit)) }
		send := func(assertion string, pairs ...string) *testenv.Answer {
			t.Helper()
			form := url.Values{
				"grant_type": {"client_credentials"}, "client_assertion": {assertion},
				"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
			}
			for i := 0; i+1 < len(pairs); i += 2 {
				form.Set(pairs[i], pairs[i+1])
			}
			return raw401(t, e.Issuer+"/token", form, "")
		}
		for name, good := range map[string]string{
			"issuer":             of(nil),
			"token endpoint":     of(func(c jwtClaims) { c["aud"] = e.Issuer + "/token" }),
			"among others":       of(func(c jwtClaims) { c["aud"] = []string{"https://other.example", e.Issuer} }),
			"without iat":        of(func(c jwtClaims) { delete(c, "iat") }),
			"exp with fractions": of(func(c jwtClaims) { c["exp"] = float64(time.Now().Unix()) + 60.5 }),
		} {
			if got := send(good); got.Status != http.StatusOK {
				t.Errorf("%s: %d %s", name, got.Status, got.Body)
			}
		}
		used := of(nil)
		if got := send(used, "client_id", app.ID); got.Status != http.StatusOK {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		parts := strings.Split(used, ".")
		for name, bad := range map[string]string{
			"used before":           used,
			"the jti of before":     of(func(c jwtClaims) { c["jti"] = claimsOf(t, used)["jti"] }),
			"of another key":        sign(t, stranger, "ES256", "JWT", assertion(e, app.ID, nil)),
			"of a secret":           sign(t, jose.JSONWebKey{Key: []byte(strings.Repeat("x", 32))}, "HS256", "JWT", assertion(e, app.ID, nil)),
			"of the public key":     sign(t, jose.JSONWebKey{Key: []byte(publicSet(t, key))}, "HS256", "JWT", assertion(e, app.ID, nil)),
			"unsigned":              unsigned(t, assertion(e, app.ID, nil)),
			"without its signature": parts[0] + "." + parts[1] + ".",
			"iss of another":        of(func(c jwtClaims) { c["iss"] = web.ID }),
			"sub of another":        of(func(c jwtClaims) { c["sub"] = web.ID }),
			"sub of nobody":         of(func(c jwtClaims) { c["sub"] = "nobody" }),
			"for another":           of(func(c jwtClaims) { c["aud"] = "https://other.example" }),
			"for the start of us":   of(func(c jwtClaims) { c["aud"] = e.Issuer + "/" }),
			"for nobody":            of(func(c jwtClaims) { delete(c, "aud") }),
			"expired":               of(func(c jwtClaims) { c["exp"] = time.Now().Add(-time.Second).Unix() }),
			"without end":           of(func(c jwtClaims) { delete(c, "exp") }),
			"with a far end":        of(func(c jwtClaims) { c["exp"] = time.Now().Add(2 * time.Hour).Unix() }),
			"not yet":               of(func(c jwtClaims) { c["nbf"] = time.Now().Add(time.Hour).Unix() }),
			"of the future":         of(func(c jwtClaims) { c["iat"] = time.Now().Add(time.Hour).Unix() }),
			"without jti":           of(func(c jwtClaims) { delete(c, "jti") }),
			"with a long jti":       of(func(c jwtClaims) { c["jti"] = strings.Repeat("j", 600) }),
			"exp of another type":   of(func(c jwtClaims) { c["exp"] = "soon" }),
			"no JWT":                "x",
			"too large":             of(func(c jwtClaims) { c["x"] = strings.Repeat("x", 10_000) }),
		} {
			wantError(t, name, send(bad), http.StatusUnauthorized, "invalid_client")
		}
		wantError(t, "another client_id", send(of(nil), "client_id", web.ID), http.StatusBadRequest, "invalid_request")
		wantError(t, "a secret, too", send(of(nil), "client_secret", "x"), http.StatusBadRequest, "invalid_request")
		wantError(t, "another type", send(of(nil), "client_assertion_type", "urn:x"), http.StatusBadRequest, "invalid_request")
		wantError(t, "no type", send(of(nil), "client_assertion_type", ""), http.StatusBadRequest, "invalid_request")
		wantError(t, "no assertion", send(""), http.StatusUnauthorized, "invalid_client")
		wantError(t, "no method", raw401(t, e.Issuer+"/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {app.ID}}, ""), http.StatusUnauthorized, "invalid_client")
		basic := e.App(t, web)
		req := basic.NewRequest("/token", url.Values{"grant_type": {"client_credentials"}, "client_assertion": {of(nil)}})
		wantError(t, "basic, too", basic.Do(req), http.StatusBadRequest, "invalid_request")
	})
}

// TestOneAssertionManyCallers: of many who send the same assertion, to two
// nodes, one is let in.
func TestOneAssertionManyCallers(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		key := keyFor(t, "ES256", "1")
		app := asserting(t, e, "asserts", key)
		for range 10 {
			form := url.Values{
				"grant_type": {"client_credentials"}, "client_assertion": {app.Assert()},
				"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
			}
			var in atomic.Int32
			var all sync.WaitGroup
			for range 16 {
				all.Go(func() {
					switch got := raw401(t, e.Issuer+"/token", form, ""); got.Status {
					case http.StatusOK:
						in.Add(1)
					case http.StatusUnauthorized:
					default:
						t.Errorf("%d %s", got.Status, got.Body)
					}
				})
			}
			all.Wait()
			if in.Load() != 1 {
				t.Fatalf("%d were let in by one assertion", in.Load())
			}
		}
	})
}
