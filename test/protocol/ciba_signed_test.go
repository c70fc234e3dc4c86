package protocol

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"signet/internal/handle"
	"signet/internal/testenv"
)

// askingBy is a client that asks people away from the browser and proves itself by
// the key.
func askingBy(t *testing.T, e *testenv.Env, id string, key jose.JSONWebKey, lines ...string) *testenv.App {
	t.Helper()
	yaml := "clients:\n  - id: " + id + "\n    auth_method: private_key_jwt\n    jwks: " + publicSet(t, key) +
		"\n    grant_types: [\"" + grantCIBA + "\", refresh_token]\n    scopes: [openid, email, offline_access]\n    trusted: true\n"
	for _, line := range lines {
		yaml += "    " + line + "\n"
	}
	e.Apply(yaml)
	app := testenv.App{ID: id, Scope: "openid"}
	app.Assert = func() string { return sign(t, key, key.Algorithm, "JWT", assertion(e, id, nil)) }
	return e.App(t, app)
}

// backchannelObject are the claims of a signed request for ada, good in all; the
// edit changes them.
func backchannelObject(e *testenv.Env, app *testenv.App, edit func(jwtClaims)) jwtClaims {
	now := time.Now()
	claims := jwtClaims{
		"iss": app.ID, "aud": e.Issuer, "jti": handle.Short(), "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Minute).Unix(),
		"scope": "openid", "login_hint": ada.Email, "binding_message": "1234",
	}
	if edit != nil {
		edit(claims)
	}
	return claims
}

// signedBackchannelWorks checks that a request signed with the algorithm is read,
// by a client that is registered for it.
func signedBackchannelWorks(t *testing.T, e *testenv.Env, alg string) {
	key := keyFor(t, alg, "1")
	app := askingBy(t, e, "by-"+handle.Short(), key, "backchannel_authentication_request_signing_alg: "+alg)
	if got := app.Call("/bc-authorize", "request", sign(t, key, alg, "", backchannelObject(e, app, nil))); got.Status != http.StatusOK {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	wantError(t, "unsigned", app.Call("/bc-authorize", "scope", "openid", "login_hint", ada.Email), http.StatusBadRequest, "invalid_request")
}

// TestEncryptedBackchannelRequest: what is signed and then encrypted is read; what
// is encrypted alone is not, although the client's authorization requests may be
// unsigned (CIBA Core 1.0 §7.1.1).
func TestEncryptedBackchannelRequest(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		key := keyFor(t, "ES256", "1")
		app := askingBy(t, e, "seals", key, "backchannel_authentication_request_signing_alg: ES256", "request_object_signing_alg: none")
		box := boxOf(t, e, "RSA-OAEP-256")
		send := func(text string) *testenv.Answer {
			return app.Call("/bc-authorize", "request", encrypted(t, box, "RSA-OAEP-256", "A256GCM", text, nil))
		}
		claims := backchannelObject(e, app, nil)
		if got := send(sign(t, key, "ES256", "", claims)); got.Status != http.StatusOK {
			t.Errorf("signed: %d %s", got.Status, got.Body)
		}
		wantError(t, "no signature", send(asJSON(t, claims)), http.StatusBadRequest, "invalid_request")
		wantError(t, "alg none", send(unsigned(t, claims)), http.StatusBadRequest, "invalid_request")
	})
}

// TestFAPICIBA: signed requests with all that they must have, good algorithms
// alone, and tokens that are bound to a key (CIBA Core 1.0 §7.1.1, FAPI-CIBA
// §5.2.2).
func TestFAPICIBA(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		bare := keyFor(t, "PS256", "1")
		bare.Algorithm = "" // so that the profile, and not the key, decides
		app := askingBy(t, e, "fapi-ciba", bare, "profile: fapi-ciba", "id_token_signed_response_alg: ES256")
		assertAs := func(alg string, edit func(jwtClaims)) {
			app.Assert = func() string { return sign(t, bare, alg, "JWT", assertion(e, app.ID, edit)) }
		}
		assertAs("PS256", func(c jwtClaims) { c["aud"] = e.Issuer + "/token" }) // as FAPI 1.0 has it
		send := func(alg string, edit func(jwtClaims)) *testenv.Answer {
			t.Helper()
			return app.Call("/bc-authorize", "request", sign(t, bare, alg, "", backchannelObject(e, app, edit)))
		}
		b := e.Browser().For(t)
		r := &backchannelRequest{send("PS256", func(c jwtClaims) { c["requested_expiry"] = 300 }), app}
		if r.Status != http.StatusOK || r.Fields["expires_in"] != float64(300) {
			t.Fatalf("%d %s", r.Status, r.Body)
		}
		page := approval(t, e, b, ada)
		wantPage(t, page, http.StatusOK, "1234")
		b.Submit(page.Form("allow"), "allow")
		wantError(t, "without a proof of the key", r.poll(), http.StatusBadRequest, "invalid_dpop_proof")
		app.Prove = newProver(t, "ES256").prove
		got := r.poll()
		if got.Status != http.StatusOK || got.Str("token_type") != "DPoP" || header(t, got.Str("id_token"))["alg"] != "ES256" {
			t.Errorf("%d %s", got.Status, got.Body)
		}

		for sent, kept := range map[string]bool{"C770aef3-6784-41f7-8e0e-ff5f97bddb3a": true, "": false, "none of that form at all, 36 letters": false} {
			req := getRequest(t, e.Issuer+"/userinfo")
			req.Header.Set("X-Fapi-Interaction-Id", sent)
			app.Prove(req, got.Str("access_token"))
			told := app.Do(req).Header.Get("X-Fapi-Interaction-Id")
			if uuid.Validate(told) != nil || (told == sent) != kept {
				t.Errorf("the call %q is answered as %q", sent, told)
			}
		}

		at := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
		for name, edit := range map[string]func(jwtClaims){
			"no iss":         func(c jwtClaims) { delete(c, "iss") },
			"another iss":    func(c jwtClaims) { c["iss"] = web.ID },
			"no aud":         func(c jwtClaims) { delete(c, "aud") },
			"another aud":    func(c jwtClaims) { c["aud"] = "https://other.example" },
			"no exp":         func(c jwtClaims) { delete(c, "exp") },
			"expired":        func(c jwtClaims) { c["exp"] = at(-time.Minute) },
			"an exp far off": func(c jwtClaims) { c["exp"] = at(70 * time.Minute) },
			"no nbf":         func(c jwtClaims) { delete(c, "nbf") },
			"an old nbf":     func(c jwtClaims) { c["nbf"] = at(-70 * time.Minute) },
			"a future nbf":   func(c jwtClaims) { c["nbf"] = at(10 * time.Minute) },
			"no iat":         func(c jwtClaims) { delete(c, "iat") },
			"no jti":         func(c jwtClaims) { delete(c, "jti") },
			"two hints":      func(c jwtClaims) { c["id_token_hint"] = "x" },
			"another client": func(c jwtClaims) { c["client_id"] = web.ID },
		} {
			wantError(t, name, send("PS256", edit), http.StatusBadRequest, "invalid_request")
		}
		for _, alg := range []string{"RS256", "PS512"} {
			wantError(t, alg, send(alg, nil), http.StatusBadRequest, "invalid_request")
		}
		wantError(t, "unsigned", app.Call("/bc-authorize", "request", unsigned(t, backchannelObject(e, app, nil))), http.StatusBadRequest, "invalid_request")
		foreign := sign(t, keyFor(t, "PS256", "2"), "PS256", "", backchannelObject(e, app, nil))
		wantError(t, "signed by another", app.Call("/bc-authorize", "request", foreign), http.StatusBadRequest, "invalid_request")
		wantError(t, "no object", app.Call("/bc-authorize", "scope", "openid", "login_hint", ada.Email), http.StatusBadRequest, "invalid_request")
		// What is beside the object counts for nothing.
		if got := app.Call("/bc-authorize", "request", sign(t, bare, "PS256", "", backchannelObject(e, app, nil)), "login_hint", "nobody@example.com", "scope", "x"); got.Status != http.StatusOK {
			t.Errorf("with more beside it: %d %s", got.Status, got.Body)
		}
		assertAs("RS256", nil)
		wantError(t, "an assertion by RS256", send("PS256", nil), http.StatusUnauthorized, "invalid_client")
		assertAs("PS256", func(c jwtClaims) { c["aud"] = "https://other.example" })
		wantError(t, "an assertion for another", send("PS256", nil), http.StatusUnauthorized, "invalid_client")
	})
}

// pinged is an app's notification endpoint.
func pinged(t *testing.T, answer func(n int) int) (address string, told <-chan *http.Request) {
	t.Helper()
	calls, n := make(chan *http.Request, 20), 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		n++
		w.WriteHeader(answer(n))
		calls <- r
	}))
	t.Cleanup(s.Close)
	return s.URL + "/told", calls
}

// deliveryWorks checks that an app of the delivery mode gets its tokens.
func deliveryWorks(t *testing.T, e *testenv.Env, mode string) {
	lines := []string{"backchannel_token_delivery_mode: " + mode}
	if mode == "ping" {
		lines = append(lines, "backchannel_client_notification_endpoint: https://app.example/told")
	}
	app, b := askingBy(t, e, "by-"+handle.Short(), keyFor(t, "ES256", "1"), lines...), e.Browser().For(t)
	r := askFor(t, app, ada, "client_notification_token", "a-token")
	b.Submit(approval(t, e, b, ada).Form("allow"), "allow")
	if got := r.poll(); got.Status != http.StatusOK {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

// TestPing: an app that wants to be told is told, with its token and the id of its
// request alone; again when it did not take it; and the person never waits for
// that (CIBA Core 1.0 §10.2).
func TestPing(t *testing.T) {
	t.Parallel()
	for _, backend := range testenv.Backends {
		t.Run(string(backend), func(t *testing.T) {
			e := boot(t, testenv.Options{Backend: backend, Nodes: 1 + map[testenv.Backend]int{testenv.Full: 1}[backend], Env: map[string]string{"SIGNET_OUTBOUND_ALLOW_PRIVATE": "true"}})
			address, told := pinged(t, func(n int) int {
				return map[bool]int{true: http.StatusServiceUnavailable, false: http.StatusNoContent}[n == 1]
			})
			app := askingBy(t, e, "bell", keyFor(t, "ES256", "1"), "backchannel_token_delivery_mode: ping", "backchannel_client_notification_endpoint: "+address)
			b := e.Browser().For(t)
			for _, token := range []string{"", "not a token", strings.Repeat("x", 1025)} {
				wantError(t, "the token "+token, app.Call("/bc-authorize", "scope", "openid", "login_hint", ada.Email, "client_notification_token", token), http.StatusBadRequest, "invalid_request")
			}
			for i, button := range []string{"allow", "deny"} {
				r := askFor(t, app, ada, "client_notification_token", "token-of-"+button)
				b.Submit(approval(t, e, b, ada).Form(button), button)
				for range 2 - i { // the very first is not taken
					got := <-told
					var body map[string]string
					if err := json.NewDecoder(got.Body).Decode(&body); err != nil || len(body) != 1 || body["auth_req_id"] != r.Str("auth_req_id") {
						t.Errorf("told %v, %v", body, err)
					}
					if got.Method != http.MethodPost || got.Header.Get("Authorization") != "Bearer token-of-"+button || got.Header.Get("Content-Type") != "application/json" {
						t.Errorf("%s with %v", got.Method, got.Header)
					}
				}
				if got := r.poll(); (got.Status == http.StatusOK) != (button == "allow") {
					t.Errorf("%s: %d %s", button, got.Status, got.Body)
				}
			}
			if len(told) != 0 {
				t.Errorf("told %d times more", len(told))
			}
			within(t, time.Minute, "each try is counted", func() bool {
				return e.Metric("signet_pings_sent_total") == 2 && e.Metric("signet_pings_failed_total") == 1
			})
		})
	}
}

// TestCIBARegistration: an app may register itself for this, within what CIBA Core
// 1.0 §4 allows.
func TestCIBARegistration(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{Env: openly})
	good := func() metadata {
		return metadata{
			"grant_types": []string{grantCIBA}, "response_types": []string{}, "backchannel_user_code_parameter": false,
			"backchannel_token_delivery_mode": "ping", "backchannel_client_notification_endpoint": "https://app.example/told",
		}
	}
	got := call(t, http.MethodPost, e.Issuer+"/register", "", good())
	if got.Status != http.StatusCreated || got.Str("backchannel_token_delivery_mode") != "ping" || got.Str("backchannel_client_notification_endpoint") != "https://app.example/told" {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	app := e.App(t, registered(t, got))
	if asked := app.Call("/bc-authorize", "scope", "openid", "login_hint", ada.Email, "client_notification_token", "x"); asked.Status != http.StatusOK {
		t.Errorf("%d %s", asked.Status, asked.Body)
	}
	for name, value := range map[string]any{
		"backchannel_token_delivery_mode": "push", "backchannel_client_notification_endpoint": "http://app.example/told", "backchannel_user_code_parameter": true,
		"backchannel_authentication_request_signing_alg": "PS256", "token_endpoint_auth_method": "none", // without keys
	} {
		m := good()
		m[name] = value
		wantError(t, name, call(t, http.MethodPost, e.Issuer+"/register", "", m), http.StatusBadRequest, "invalid_client_metadata")
	}
	m := good()
	delete(m, "backchannel_client_notification_endpoint")
	wantError(t, "ping without an address", call(t, http.MethodPost, e.Issuer+"/register", "", m), http.StatusBadRequest, "invalid_client_metadata")
}

// TestCIBAFloods: an app cannot ask a person without end, nor people that it makes up,
// and whether there is such a person makes no difference.
func TestCIBAFloods(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{Env: map[string]string{"SIGNET_LIMITS_BACKCHANNEL": "2/1h", "SIGNET_LIMITS_BACKCHANNEL_CLIENT": "6/1h", "SIGNET_LIMITS_EXEMPT": ""}})
	e.Apply("clients:\n" + tills)
	app := e.App(t, visitor)
	for _, who := range []string{ada.Email, "nobody@example.com"} {
		for range 2 {
			askFor(t, app, testenv.Person{Email: who})
		}
		got := app.Call("/bc-authorize", "scope", "openid", "login_hint", who)
		wantError(t, who, got, http.StatusTooManyRequests, "temporarily_unavailable")
	}
	for i := range 2 {
		askFor(t, app, testenv.Person{Email: fmt.Sprintf("made-up-%d@example.com", i)})
	}
	wantError(t, "one more", app.Call("/bc-authorize", "scope", "openid", "login_hint", "made-up@example.com"), http.StatusTooManyRequests, "temporarily_unavailable")
	askFor(t, e.App(t, till), ada) // another app's is another budget
}
