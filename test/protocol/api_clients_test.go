package protocol

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"signet/internal/testenv"
)

// asApp is the app that was made, which proves who it is by the secret.
func asApp(t *testing.T, e *testenv.Env, made *testenv.Answer, secret string) *testenv.App {
	t.Helper()
	return e.App(t, testenv.App{ID: made.Str("client_id"), Secret: secret})
}

// mayGet reports whether the app gets a token of its own.
func mayGet(app *testenv.App) bool {
	return app.Call("/token", "grant_type", "client_credentials").Status == http.StatusOK
}

const newTill = `{"client_id":"till","client_name":"Till","grant_types":["client_credentials"],"scopes":["devices:read"],"resources":["https://fleet.example"],"contacts":["ops@example.com"]}`

// TestAPIAnAppsLife: registered, changed, given another secret and removed by the
// operator, on all nodes within two seconds.
func TestAPIAnAppsLife(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		e.Apply(managed)
		operator := itself(t, e.App(t, robot))
		made := operator.want(http.StatusCreated, "POST", "/clients", newTill)
		first := made.Str("client_secret")
		if made.Str("client_id") != "till" || made.Str("token_endpoint_auth_method") != "client_secret_basic" || made.Fields["trusted"] != false || len(first) < 40 {
			t.Errorf("made: %s", made.Body)
		}
		soon := func(what string, holds func() bool) {
			t.Helper()
			within(t, 4*time.Second, what, holds) // two, and a slow machine's
		}
		soon("it gets tokens with the secret", func() bool { return mayGet(asApp(t, e, made, first)) })
		for _, path := range []string{"/clients/till", "/clients?limit=100"} {
			if got := operator.want(http.StatusOK, "GET", path, ""); strings.Contains(got.Body, "client_secret\"") || strings.Contains(got.Body, first) {
				t.Errorf("%s shows the secret: %s", path, got.Body)
			}
		}
		operator.refused(http.StatusConflict, "POST", "/clients", newTill)

		// What is left out stays, what is empty goes, and what is good all the same.
		got := operator.want(http.StatusOK, "PATCH", "/clients/till", `{"client_name":"Counter","contacts":[],"localized":{"client_name#de":"Kasse"},"access_token_format":"opaque"}`)
		if got.Str("client_name") != "Counter" || got.Fields["contacts"] != nil || fmt.Sprint(got.Fields["scopes"]) != "[devices:read]" || fmt.Sprint(got.Fields["localized"]) != "map[client_name#de:Kasse]" || got.Fields["client_secret"] != nil {
			t.Errorf("changed: %s", got.Body)
		}
		if got := operator.want(http.StatusOK, "PATCH", "/clients/till", `{"access_token_format":"","localized":{}}`); got.Fields["access_token_format"] != nil || got.Fields["localized"] != nil || got.Str("client_name") != "Counter" {
			t.Errorf("changed back: %s", got.Body)
		}
		if !mayGet(asApp(t, e, made, first)) {
			t.Error("its secret was lost")
		}
		// One that signs with it needs one that is kept in another way.
		second := operator.want(http.StatusOK, "PATCH", "/clients/till", `{"token_endpoint_auth_method":"client_secret_jwt"}`).Str("client_secret")
		if second == "" || second == first {
			t.Errorf("the secret that it signs with is %q", second)
		}
		operator.want(http.StatusOK, "PATCH", "/clients/till", `{"token_endpoint_auth_method":"client_secret_basic"}`)
		third := operator.want(http.StatusOK, "POST", "/clients/till/secret", "").Str("client_secret")
		soon("the secret before is refused, and the new one taken", func() bool {
			return !mayGet(asApp(t, e, made, first)) && !mayGet(asApp(t, e, made, second)) && mayGet(asApp(t, e, made, third))
		})

		theirs := itself(t, asApp(t, e, made, third), "resource", e.Issuer+"/api/v1", "scope", "devices:read")
		operator.want(http.StatusNoContent, "DELETE", "/clients/till", "")
		soon("who was removed is nobody", func() bool {
			return !mayGet(asApp(t, e, made, third)) && theirs.call("GET", "/clients", "").Status == http.StatusUnauthorized
		})
		for _, c := range [][2]string{{"GET", ""}, {"PATCH", "{}"}, {"DELETE", ""}} {
			operator.refused(http.StatusNotFound, c[0], "/clients/till", c[1])
		}
		operator.refused(http.StatusNotFound, "POST", "/clients/till/secret", "")

		log := recorded(t, e, "client")
		for _, want := range []string{"client.create", "client.update", "client.secret", "client.delete", `"fields": "access_token_format client_name contacts localized"`, `"actor": "operator"`, `"client_id": "robot"`} {
			if !strings.Contains(log, want) {
				t.Errorf("the audit log has no %s:\n%s", want, log)
			}
		}
		for _, secret := range []string{first, second, third} {
			if strings.Contains(log, secret) || strings.Contains(e.Log(), secret) {
				t.Error("a log has a secret")
			}
		}
	})
}

// TestAPIAppsThatCannotBe: what is wrong with an app is said at once, by the names
// that were sent, and nothing is stored.
func TestAPIAppsThatCannotBe(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		e.Apply(managed)
		operator := itself(t, e.App(t, robot))
		before := operator.want(http.StatusOK, "GET", "/clients?limit=100", "").Body
		for body, blamed := range map[string]string{
			`{"client_id":"a b"}`: "client_id",
			`{"client_name":"x\u202ey","redirect_uris":["http://shop.example/cb"],"accent_color":"red"}`: "client_name redirect_uris accent_color",
			`{"grant_types":["password"]}`: "grant_types",
			`{"token_endpoint_auth_method":"none","grant_types":["client_credentials"]}`: "grant_types",
			`{"token_endpoint_auth_method":"private_key_jwt"}`:                           "token_endpoint_auth_method",
			`{"redirect_uris":"https://shop.example/cb"}`:                                "redirect_uris",
			`{"secret":"chosen"}`:                    "secret",
			`{"client_secret":"chosen"}`:             "client_secret",
			`{"registration_access_token_hash":"x"}`: "registration_access_token_hash",
			`{"jwks":"none"}`:                        "jwks",
		} {
			got := operator.refused(http.StatusUnprocessableEntity, "POST", "/clients", body)
			for field := range strings.FieldsSeq(blamed) {
				if !strings.Contains(got.Body, `"location":"body.`+field) {
					t.Errorf("%s: %s is not blamed: %s", body, field, got.Body)
				}
			}
		}
		for _, body := range []string{`"software_id":"\u0000"`, `"jwks":{"keys":[],"x":"\u0000"}`, `"localized":{"client_name#\u0000":"x"}`, `"tls_client_auth_subject_dn":"\u0000"`, `"accent_color":"\u0000"`} {
			if got := operator.call("POST", "/clients", `{"client_id":"odd","redirect_uris":["https://shop.example/cb"],`+body+`}`); got.Status < 400 || got.Status >= 500 {
				t.Errorf("%s: %d %s", body, got.Status, got.Body)
			}
		}
		operator.refused(http.StatusUnprocessableEntity, "PATCH", "/clients/web", `{"redirect_uris":["https://web.example/#x"]}`)
		operator.refused(http.StatusUnprocessableEntity, "PATCH", "/clients/web", `{"client_id":"other"}`)
		operator.refused(http.StatusConflict, "POST", "/clients/spa/secret", "")
		if after := operator.want(http.StatusOK, "GET", "/clients?limit=100", "").Body; after != before {
			t.Errorf("something was stored:\n%s\nwas\n%s", after, before)
		}
	})
}

// TestAPIWhatIsTheOperators: no person's token, no app that is not of the house and no
// scope that only reads changes apps or accounts.
func TestAPIWhatIsTheOperators(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{})
	e.Apply(managed)
	app := e.App(t, desk)
	const all = "openid organizations:read users:read users:write clients:read clients:write"
	b := signedIn(t, e, app, ada)
	callers := map[string]*manager{
		"a person": {t, app, tokens(t, b, app, ada, "scope", all).Str("access_token")}, "an app that is not the house's": itself(t, app),
		"one that may read": itself(t, e.App(t, robot), "scope", "users:read clients:read"), "one that may change the others": itself(t, e.App(t, robot), "scope", "organizations:write organizations:read"),
	}
	ops := operations(t, callers["a person"])
	ops["create-client"] = [2]string{"POST", "/clients"}
	names := side{"client": "web", "user": idOf(t, e, bob), "connection": "019e6f6a-6e53-7c39-9d0c-2f6f6a3b1c55"}
	tried := 0
	for id, o := range ops {
		if !strings.HasPrefix(o[1], "/clients") && !strings.HasPrefix(o[1], "/users") || o[0] == "GET" {
			continue
		}
		for who, m := range callers {
			tried++
			if got := m.refused(http.StatusForbidden, o[0], names.fill(o[1]), swapBodies[id]); got.Str("detail") == "" {
				t.Errorf("%s by %s: %s", id, who, got.Body)
			}
		}
	}
	if tried < 16 {
		t.Errorf("%d were tried", tried)
	}
	if got := itself(t, e.App(t, robot)).want(http.StatusOK, "GET", "/clients/web", ""); got.Str("client_name") != "Web shop" {
		t.Errorf("changed: %s", got.Body)
	}
}

// TestAPIASecretThatIsAskedForAgain: who did not see the answer gets it again by the
// same key, with the secret that counts.
func TestAPIASecretThatIsAskedForAgain(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		e.Apply(managed)
		operator := itself(t, e.App(t, robot))
		const key = "Idempotency-Key"
		made := operator.want(http.StatusCreated, "POST", "/clients", newTill, key, "1")
		again := operator.want(http.StatusCreated, "POST", "/clients", newTill, key, "1")
		if again.Body != made.Body || again.Str("client_secret") == "" || again.Header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("%s, then %v %s", made.Body, again.Header, again.Body)
		}
		renewed := operator.want(http.StatusOK, "POST", "/clients/till/secret", "", key, "2").Str("client_secret")
		if got := operator.want(http.StatusOK, "POST", "/clients/till/secret", "", key, "2").Str("client_secret"); got != renewed || got == made.Str("client_secret") {
			t.Errorf("renewed once: %q, then %q", renewed, got)
		}
		within(t, 4*time.Second, "the secret that was told is the one", func() bool { return mayGet(asApp(t, e, made, renewed)) })
	})
}

// TestAPIAppsAtOnce: of many who make an app of one id one does, and changes that
// come together lose nothing of one another.
func TestAPIAppsAtOnce(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		e.Apply(managed)
		operator := itself(t, e.App(t, robot))
		const callers = 20
		atOnce := func(do func(i int) *testenv.Answer) (done int) {
			var wg sync.WaitGroup
			var mu sync.Mutex
			for i := range callers {
				wg.Go(func() {
					got := do(i)
					mu.Lock()
					defer mu.Unlock()
					if got.Status < 300 {
						done++
					} else if got.Status != http.StatusConflict {
						t.Errorf("%d %s", got.Status, got.Body)
					}
				})
			}
			wg.Wait()
			return done
		}
		if n := atOnce(func(int) *testenv.Answer { return operator.call("POST", "/clients", newTill) }); n != 1 {
			t.Errorf("%d made it", n)
		}
		var mu sync.Mutex
		want := map[string]string{}
		texts := []string{"client_name", "client_uri", "logo_uri", "policy_uri", "tos_uri"}
		atOnce(func(i int) *testenv.Answer {
			name, text := texts[i%len(texts)], fmt.Sprintf("https://till.example/%d", i%len(texts))
			body, _ := json.Marshal(map[string]string{name: text})
			got := operator.call("PATCH", "/clients/till", string(body))
			if got.Status == http.StatusOK {
				mu.Lock()
				want[name] = text
				mu.Unlock()
			}
			return got
		})
		got := operator.want(http.StatusOK, "GET", "/clients/till", "")
		within(t, 4*time.Second, "each node has forgotten what it was", func() bool {
			got = operator.want(http.StatusOK, "GET", "/clients/till", "")
			for name, text := range want {
				if got.Str(name) != text {
					return false
				}
			}
			return true
		})
		if len(want) == 0 {
			t.Error("nobody changed anything")
		}
	})
}

// TestAPIAppsThatRegisteredThemselves are the operator's from the first change on: what
// they would write after would undo it.
func TestAPIAppsThatRegisteredThemselves(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{Env: map[string]string{"SIGNET_REGISTRATION_MODE": "open"}})
	e.Apply(managed)
	operator := itself(t, e.App(t, robot))
	req, err := http.NewRequestWithContext(t.Context(), "POST", e.Issuer+"/register", strings.NewReader(`{"redirect_uris":["https://guests.example/cb"]}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	made, err := testenv.Do(req)
	if err != nil || made.Status != http.StatusCreated {
		t.Fatal(err, made)
	}
	own := func() int {
		return fetch(t, made.Str("registration_client_uri"), map[string]string{"Authorization": "Bearer " + made.Str("registration_access_token")}).Status
	}
	at := "/clients/" + made.Str("client_id")
	if got := operator.want(http.StatusOK, "GET", at, ""); got.Fields["self_registered"] != true || own() != http.StatusOK {
		t.Errorf("registered: %s", got.Body)
	}
	if got := operator.want(http.StatusOK, "POST", at+"/secret", ""); got.Str("client_secret") == "" || own() != http.StatusOK {
		t.Errorf("another secret: %s", got.Body)
	}
	if got := operator.want(http.StatusOK, "PATCH", at, `{"trusted":true}`); got.Fields["self_registered"] != false || got.Fields["trusted"] != true || own() != http.StatusUnauthorized {
		t.Errorf("the operator's: %s, and its own token answers %d", got.Body, own())
	}
}
