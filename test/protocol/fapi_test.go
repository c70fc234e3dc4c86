package protocol

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/testenv"
)

// profiled is a client of the profile that proves itself by the key, and proves to
// have another to which its tokens are bound.
func profiled(t *testing.T, e *testenv.Env, profile string, key jose.JSONWebKey, lines ...string) testenv.App {
	t.Helper()
	app := asserting(t, e, strings.ToLower(profile+"."+key.Algorithm), key, append(lines, "profile: "+profile)...)
	app.Prove = newProver(t, "ES256").prove
	return app
}

// redeemPushed pushes the request, brings it, and redeems the code.
func redeemPushed(t *testing.T, e *testenv.Env, app *testenv.App, b *testenv.Browser, r *testenv.Request, pairs ...string) *testenv.Answer {
	t.Helper()
	pushed := push(app, r, pairs...)
	if pushed.Status != http.StatusCreated {
		t.Fatalf("pushed: %d %s", pushed.Status, pushed.Body)
	}
	got := app.Redeem(r, wantAnswer(t, e, r, b.Finish(b.Get(bring(e, app.ID, pushed.Str("request_uri"))), ada), ""))
	if got.Status != http.StatusOK {
		t.Fatalf("redeemed: %d %s", got.Status, got.Body)
	}
	return got
}

func getRequest(t *testing.T, address string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// TestFAPI2: a client of the profile has the code flow with pushed requests and
// PKCE, tokens by good algorithms, and refresh tokens that stay (FAPI 2.0
// Security Profile §5.3.2).
func TestFAPI2(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		for _, alg := range []string{"PS256", "ES256", "EdDSA"} {
			key := keyFor(t, alg, "1")
			c := profiled(t, e, "fapi2", key, "id_token_signed_response_alg: EdDSA")
			app, b := e.App(t, c), e.Browser().For(t)
			r := app.Request("scope", "openid offline_access", "nonce", strings.Repeat("n", 64))
			wantAnswer(t, e, r, b.Get(r.Path()), "invalid_request") // not pushed
			stranger, err := testenv.Do(getRequest(t, bring(e, app.ID, push(app, r).Str("request_uri"))))
			if err != nil || stranger.Status != http.StatusSeeOther {
				t.Errorf("sent on with status %d (%v), want 303", stranger.Status, err)
			}
			first := redeemPushed(t, e, app, b, r)
			if claimsOf(t, first.Str("id_token"))["nonce"] != r.Get("nonce") {
				t.Error("the nonce is not what was sent")
			}
			if header := part(t, first.Str("id_token"), 0); header["alg"] != "EdDSA" {
				t.Errorf("the ID token is signed with %v", header["alg"])
			}
			if first.Str("token_type") != "DPoP" || cnf(claimsOf(t, first.Str("access_token")))["jkt"] == nil {
				t.Errorf("the access token is bound to nothing: %s", first.Body)
			}
			wantError(t, "refresh without a proof", bearing(*app).Refresh(first.Str("refresh_token")), http.StatusBadRequest, "invalid_dpop_proof")
			wantError(t, "refresh with a proof by RS256", proving(*app, newProver(t, "RS256")).Refresh(first.Str("refresh_token")), http.StatusBadRequest, "invalid_dpop_proof")
			if header := part(t, first.Str("access_token"), 0); header["alg"] != "ES256" {
				t.Errorf("the access token is signed with %v", header["alg"])
			}
			refresh := first.Str("refresh_token")
			for range 3 {
				again := app.Refresh(refresh)
				if again.Status != http.StatusOK || again.Str("refresh_token") != "" || again.Str("access_token") == "" {
					t.Fatalf("refreshed: %d %s", again.Status, again.Body)
				}
			}
			if about := app.Call("/introspect", "token", refresh); about.Fields["active"] != true {
				t.Errorf("the refresh token is not active: %s", about.Body)
			}
			app.Call("/revoke", "token", refresh)
			wantError(t, "after revocation", app.Refresh(refresh), http.StatusBadRequest, "invalid_grant")

			wantError(t, "no PKCE", push(app, r, "code_challenge", "", "code_challenge_method", ""), http.StatusBadRequest, "invalid_request")
			wantError(t, "plain PKCE", push(app, r, "code_challenge_method", "plain"), http.StatusBadRequest, "invalid_request")
			wantError(t, "no redirect_uri", push(app, r, "redirect_uri", ""), http.StatusBadRequest, "invalid_request")
			wantError(t, "hybrid", push(app, r, "response_type", "code id_token"), http.StatusBadRequest, "unauthorized_client")
		}
	})
}

// TestFAPI2Assertions: the issuer alone, as a string, is their audience, and
// clocks may be off by a little (FAPI 2.0 Security Profile §5.3.2.1, §5.4.1).
func TestFAPI2Assertions(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		bare := keyFor(t, "PS256", "1")
		bare.Algorithm = "" // so that the profile, and not the key, decides
		app := e.App(t, profiled(t, e, "fapi2", bare))
		send := func(alg string, edit func(jwtClaims)) *testenv.Answer {
			t.Helper()
			return raw401(t, e.Issuer+"/introspect", url.Values{
				"token": {"x"}, "client_assertion": {sign(t, bare, alg, "JWT", assertion(e, app.ID, edit))},
				"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
			}, "")
		}
		ahead := func(d time.Duration, names ...string) func(jwtClaims) {
			return func(c jwtClaims) {
				for _, name := range names {
					c[name] = time.Now().Add(d).Unix()
				}
			}
		}
		for name, edit := range map[string]func(jwtClaims){"as it is": nil, "8 s ahead": ahead(8*time.Second, "iat", "nbf")} {
			if got := send("PS256", edit); got.Status != http.StatusOK {
				t.Errorf("%s: %d %s", name, got.Status, got.Body)
			}
		}
		for name, edit := range map[string]func(jwtClaims){
			"for the token endpoint":   func(c jwtClaims) { c["aud"] = e.Issuer + "/token" },
			"for the issuer in a list": func(c jwtClaims) { c["aud"] = []string{e.Issuer} },
			"for two":                  func(c jwtClaims) { c["aud"] = []string{e.Issuer, "https://other.example"} },
			"iat far ahead":            ahead(70*time.Second, "iat"),
			"nbf far ahead":            ahead(70*time.Second, "nbf"),
		} {
			wantError(t, name, send("PS256", edit), http.StatusUnauthorized, "invalid_client")
		}
		wantError(t, "RS256", send("RS256", nil), http.StatusUnauthorized, "invalid_client")
		wantError(t, "PS512", send("PS512", nil), http.StatusUnauthorized, "invalid_client")
	})
}

// TestFAPI2Refused: a client that cannot meet its profile is not registered, and
// is told everything at once, by declaration, command and registration.
func TestFAPI2Refused(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{Env: openly})
	code, _, stderr := e.Run("clients:\n  - id: bad\n    secret: secret-of-bad\n    profile: fapi2\n    id_token_signed_response_alg: RS256\n    redirect_uris: [http://127.0.0.1/cb]\n", "apply", "-f", "-")
	for _, word := range []string{"auth_method", "id_token_signed_response_alg", "redirect_uris", "§5.3.2.1", "§5.4.1", "§5.3.2.2"} {
		if code == 0 || !strings.Contains(stderr, word) {
			t.Errorf("apply: exit %d, without %s: %s", code, word, stderr)
		}
	}
	code, _, stderr = e.Run("", "client", "create", "bad", "--profile", "fapi2", "--redirect-uri", "https://bad.example/cb")
	if code != 1 || !strings.Contains(stderr, "private_key_jwt") {
		t.Errorf("create: exit %d: %s", code, stderr)
	}
	if code, _, stderr := e.Run("", "client", "create", "good", "--profile", "fapi2", "--auth-method", "private_key_jwt",
		"--jwks-uri", "https://good.example/keys", "--redirect-uri", "https://good.example/cb"); code != 0 {
		t.Errorf("create: exit %d: %s", code, stderr)
	}
	got := call(t, http.MethodPost, e.Issuer+"/register", "", metadata{"redirect_uris": []string{"https://bad.example/cb"}, "profile": "fapi2", "userinfo_signed_response_alg": "RS256"})
	wantError(t, "registration", got, http.StatusBadRequest, "invalid_client_metadata")
	for _, word := range []string{"private_key_jwt", "userinfo_signed_response_alg"} {
		if !strings.Contains(got.Body, word) {
			t.Errorf("registration says nothing of %s: %s", word, got.Body)
		}
	}
}

// TestFAPI2MessageSigning: requests are signed objects that are pushed, and live
// for an hour at most (FAPI 2.0 Message Signing §5.3); answers are signed where
// the client asks (§5.4, §5.5).
func TestFAPI2MessageSigning(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		key := keyFor(t, "PS256", "1")
		bare := key
		bare.Algorithm = "" // so that the profile, and not the key, decides
		c := profiled(t, e, "fapi2-message-signing", bare)
		c.Assert = func() string { return sign(t, key, "PS256", "JWT", assertion(e, c.ID, nil)) }
		app, b := e.App(t, c), e.Browser().For(t)
		r := app.Request("response_mode", "jwt")
		send := func(alg, typ string, edit func(jwtClaims)) *testenv.Answer {
			t.Helper()
			return app.Do(app.NewRequest("/par", url.Values{"request": {sign(t, bare, alg, typ, objectOf(e, r, edit))}}))
		}
		for _, typ := range []string{"oauth-authz-req+jwt", "JWT"} {
			pushed := send("PS256", typ, func(c jwtClaims) { c["aud"] = []string{e.Issuer, "https://other.example"} })
			if pushed.Status != http.StatusCreated {
				t.Fatalf("%s: %d %s", typ, pushed.Status, pushed.Body)
			}
			answer := r.Answer(b.Finish(b.Get(bring(e, app.ID, pushed.Str("request_uri"))), ada))
			if header := part(t, answer.Get("response"), 0); header["alg"] != "ES256" {
				t.Errorf("the answer is signed with %v", header["alg"])
			}
			redeemed := app.Redeem(r, opened(t, app, answer))
			if redeemed.Status != http.StatusOK {
				t.Fatalf("%d %s", redeemed.Status, redeemed.Body)
			}
			req := app.NewRequest("/introspect", url.Values{"token": {redeemed.Str("access_token")}})
			req.Header.Set("Accept", "application/token-introspection+jwt")
			if header := part(t, app.Do(req).Body, 0); header["alg"] != "ES256" {
				t.Errorf("the introspection is signed with %v", header["alg"])
			}
		}
		wantError(t, "not an object", push(app, r), http.StatusBadRequest, "invalid_request")
		at := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
		for name, edit := range map[string]func(jwtClaims){
			"no nbf":             func(c jwtClaims) { delete(c, "nbf") },
			"an old nbf":         func(c jwtClaims) { c["nbf"] = at(-70 * time.Minute) },
			"a future nbf":       func(c jwtClaims) { c["nbf"] = at(8 * time.Minute) },
			"no exp":             func(c jwtClaims) { delete(c, "exp") },
			"an exp far off":     func(c jwtClaims) { c["exp"] = at(70 * time.Minute) },
			"an exp far off nbf": func(c jwtClaims) { c["nbf"], c["exp"] = at(-50*time.Minute), at(20*time.Minute) },
			"no aud":             func(c jwtClaims) { delete(c, "aud") },
			"another aud":        func(c jwtClaims) { c["aud"] = "https://other.example" },
			"another iss":        func(c jwtClaims) { c["iss"] = web.ID },
			"expired":            func(c jwtClaims) { c["exp"] = at(-time.Minute) },
		} {
			wantError(t, name, send("PS256", "JWT", edit), http.StatusBadRequest, "invalid_request_object")
		}
		wantError(t, "no redirect_uri", send("PS256", "JWT", func(c jwtClaims) { delete(c, "redirect_uri") }), http.StatusBadRequest, "invalid_request")
		wantError(t, "RS256", send("RS256", "JWT", nil), http.StatusBadRequest, "invalid_request_object")
		if got := send("PS256", "JWT", func(c jwtClaims) { c["nbf"] = at(8 * time.Second) }); got.Status != http.StatusCreated {
			t.Errorf("an nbf 8 seconds ahead: %d %s", got.Status, got.Body)
		}
		foreign := sign(t, keyFor(t, "PS256", "2"), "PS256", "JWT", objectOf(e, r, nil))
		wantError(t, "signed by another", app.Do(app.NewRequest("/par", url.Values{"request": {foreign}})), http.StatusBadRequest, "invalid_request_object")
		wantError(t, "unsigned", app.Do(app.NewRequest("/par", url.Values{"request": {unsigned(t, objectOf(e, r, nil))}})), http.StatusBadRequest, "invalid_request_object")

		n := startNode(t, e, c, "method", "private_key_jwt", "sign", asJSON(t, key), "par", "yes", "jar", "yes", "jarm", "yes", "dpop", "ES256",
			"metadata", asJSON(t, map[string]string{"authorization_signed_response_alg": "ES256", "id_token_signed_response_alg": "ES256"}))
		begun := n.must("begin", "parameters", parameters{"scope": "openid offline_access"})
		done := n.must("callback", "url", b.Get(begun.URL).Location)
		for range 2 {
			n.must("refresh", "token", done.Tokens.Refresh)
		}
	})
}
