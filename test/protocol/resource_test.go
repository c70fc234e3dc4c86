package protocol

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"signet/internal/testenv"
)

const (
	fleetAPI = "https://fleet.example/api"
	billAPI  = "https://bills.example"
	deadAPI  = "https://dead.example"
)

// apis are declared beside the house: two APIs with a client of their own, and
// apps that may have tokens for them.
const apis = `
  - id: mobile
    name: Mobile fleet
    secret: secret-of-mobile
    redirect_uris: ["https://mobile.example/cb"]
    grant_types: [authorization_code, implicit, refresh_token, client_credentials]
    response_types: [code, code token]
    scopes: [openid, email, offline_access, devices:read, devices:write, bills:read]
    resources: ["https://fleet.example/api", "https://bills.example"]
    authorization_details_types: [payment, gone]
  - {id: fleet-api, secret: secret-of-fleet-api, grant_types: [client_credentials], scopes: [nothing]}
  - {id: gateway, secret: secret-of-gateway, grant_types: [client_credentials], scopes: [nothing], trusted: true}
authorization_details_types:
  - type: payment
    fields: [amount, creditor, actions, locations]
    required: [amount]
    show: Pay {amount.value} {amount.currency} to {creditor}
    show#de: "{amount.value} {amount.currency} an {creditor} zahlen"
  - {type: other}
resources:
  - id: https://fleet.example/api
    name: The fleet's API
    scopes: [devices:read, devices:write]
    clients: [fleet-api]
  - id: https://bills.example
    name: Billing
    scopes: [bills:read]
    access_token_format: opaque
    access_token_lifetime: 30
`

var (
	mobile   = testenv.App{ID: "mobile", Secret: "secret-of-mobile", Redirect: "https://mobile.example/cb", Scope: "openid email offline_access devices:read bills:read"}
	fleetOwn = testenv.App{ID: "fleet-api", Secret: "secret-of-fleet-api"}
	gateway  = testenv.App{ID: "gateway", Secret: "secret-of-gateway"}
)

// withAPIs is declared with the APIs put where its clients end.
func withAPIs() string { return strings.Replace(declared, "\nusers:", apis+"\nusers:", 1) }

func eachWithAPIs(t *testing.T, test func(t *testing.T, e *testenv.Env)) {
	t.Parallel()
	for _, backend := range testenv.Backends {
		t.Run(string(backend), func(t *testing.T) {
			nodes := 1
			if backend == testenv.Full {
				nodes = 2
			}
			test(t, testenv.Start(t, testenv.Options{Backend: backend, Nodes: nodes, Env: exempt, Declare: withAPIs()}))
		})
	}
}

// asked is the request with resources, which may be several.
func asked(app *testenv.App, resources ...string) *testenv.Request {
	r := app.Request()
	r.Values["resource"] = resources
	return r
}

func wantToken(t *testing.T, what string, got map[string]any, scope string, aud ...string) {
	t.Helper()
	var has []string
	switch v := got["aud"].(type) {
	case string:
		has = []string{v}
	case []any:
		for _, one := range v {
			has = append(has, one.(string))
		}
	}
	if text, _ := got["scope"].(string); text != scope || !slices.Equal(has, aud) {
		t.Errorf("%s: scope %q for %v, want %q for %v", what, text, has, scope, aud)
	}
}

// TestResources: RFC 8707. A token is for what the request named, and for no
// other API.
func TestResources(t *testing.T) {
	eachWithAPIs(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, mobile)
		b := e.Browser().For(t)
		r := asked(app, fleetAPI, e.Issuer)
		p := b.Get(r.Path())
		p = b.Submit(p.Form("username"), "submit", "username", ada.Email)
		p = b.Submit(p.Form("password"), "submit", "password", ada.Password)
		if p.Form("allow") == nil || !strings.Contains(p.Body, "The fleet&#39;s API") || !strings.Contains(p.Body, fleetAPI) || strings.Contains(p.Body, e.Issuer+"</bdi>") {
			t.Fatalf("the consent page does not name the API, and only it:\n%s", p.Body)
		}
		answer := r.Answer(b.Submit(p.Form("allow"), "allow"))
		got := app.Redeem(r, answer)
		if got.Status != http.StatusOK || got.Str("id_token") == "" {
			t.Fatalf("%s", got.Body)
		}
		access := got.Str("access_token")
		wantToken(t, "all of the grant", claimsOf(t, access), "openid email offline_access devices:read", fleetAPI, e.Issuer)
		if info := app.Userinfo(access); info.Str("email") != ada.Email {
			t.Errorf("a token for the provider as well is refused there: %s", info.Body)
		}

		next := app.Refresh(got.Str("refresh_token"), "resource", fleetAPI)
		access = next.Str("access_token")
		wantToken(t, "one of the grant", claimsOf(t, access), "devices:read", fleetAPI)
		if next.Str("scope") != "devices:read" || next.Str("id_token") == "" {
			t.Errorf("the answer: %s", next.Body)
		}
		wantError(t, "userinfo with a token for another API", app.Userinfo(access), http.StatusUnauthorized, "invalid_token")
		for _, who := range []struct {
			app    testenv.App
			active bool
		}{{mobile, true}, {fleetOwn, true}, {gateway, false}, {web, false}} {
			if a := e.App(t, who.app).Call("/introspect", "token", access); a.Fields["active"] != who.active {
				t.Errorf("introspected by %s: %s", who.app.ID, a.Body)
			}
		}

		refused := app.Refresh(next.Str("refresh_token"), "resource", billAPI)
		wantError(t, "more than was granted", refused, http.StatusBadRequest, "invalid_target")
		again := app.Refresh(next.Str("refresh_token"))
		wantToken(t, "the grant is as it was", claimsOf(t, again.Str("access_token")), "openid email offline_access devices:read", fleetAPI, e.Issuer)

		t.Run("several, of which one is opaque", func(t *testing.T) {
			app := app.For(t)
			got := tokens(t, b.For(t), app, ada, "resource", billAPI)
			told := app.Call("/introspect", "token", got.Str("access_token"))
			wantToken(t, "opaque", told.Fields, "bills:read", billAPI)
			if got.Fields["expires_in"] != 30. || strings.Count(got.Str("access_token"), ".") != 0 {
				t.Errorf("not as the API wants it: %s", got.Body)
			}
			if a := e.App(t, fleetOwn).Call("/introspect", "token", got.Str("access_token")); a.Fields["active"] != false {
				t.Errorf("another API learns of it: %s", a.Body)
			}
			r := asked(app, billAPI, fleetAPI)
			answer := b.For(t).SignIn(r, ada)
			both := app.Redeem(r, answer, "resource", "")
			wantToken(t, "both", app.Call("/introspect", "token", both.Str("access_token")).Fields, "devices:read bills:read", billAPI, fleetAPI)
			a := e.App(t, fleetOwn).Call("/introspect", "token", both.Str("access_token"))
			wantToken(t, "both, as one of the APIs sees it", a.Fields, "devices:read", fleetAPI)
		})
		t.Run("refused", func(t *testing.T) { resourcesRefused(t, e, b.For(t)) })
		t.Run("pushed, in the front channel, and of the client itself", func(t *testing.T) {
			app, b := app.For(t), b.For(t)
			r := asked(app, fleetAPI)
			pushed := app.Do(app.NewRequest("/par", r.Values))
			if pushed.Status != http.StatusCreated {
				t.Fatalf("%s", pushed.Body)
			}
			short := app.Request()
			short.Values = map[string][]string{"client_id": {app.ID}, "request_uri": {pushed.Str("request_uri")}}
			wantToken(t, "pushed", claimsOf(t, app.Redeem(r, r.Answer(b.Finish(b.Get(short.Path()), ada))).Str("access_token")), "devices:read", fleetAPI)
			front := asked(app, fleetAPI)
			front.Set("response_type", "code token")
			wantToken(t, "front channel", claimsOf(t, b.SignIn(front, ada).Get("access_token")), "devices:read", fleetAPI)
			own := app.Call("/token", "grant_type", "client_credentials", "resource", fleetAPI, "scope", "devices:write bills:read")
			wantToken(t, "the client's own", claimsOf(t, own.Str("access_token")), "devices:write", fleetAPI)
		})
		t.Run("removed", func(t *testing.T) {
			app := app.For(t)
			if code, _, errs := e.Run("", "resource", "delete", fleetAPI, "--yes"); code != 0 {
				t.Fatal(errs)
			}
			var got *testenv.Answer
			for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
				if got = app.Call("/token", "grant_type", "client_credentials", "resource", fleetAPI); got.Status != http.StatusOK {
					break
				}
			}
			wantError(t, "an API that was removed", got, http.StatusBadRequest, "invalid_target")
		})
	})
}

func resourcesRefused(t *testing.T, e *testenv.Env, b *testenv.Browser) {
	app := e.App(t, mobile)
	for _, resource := range []string{
		deadAPI, fleetAPI + "/", "fleet.example", "https://fleet.example/api#x", "", "https://fleet.example/\x00", "urn:nobody:knows", strings.Repeat("https://x/", 60),
	} {
		r := app.Request("resource", resource)
		want := "invalid_target"
		if resource == "" {
			want = ""
		}
		wantAnswer(t, e, r, b.Get(r.Path()), want)
		if want != "" {
			wantError(t, resource, app.Call("/token", "grant_type", "client_credentials", "resource", resource), http.StatusBadRequest, want)
		}
	}
	// An app that is not registered for the API, though the API is known.
	r := e.App(t, web).Request("resource", fleetAPI)
	wantAnswer(t, e, r, b.Get(r.Path()), "invalid_target")
	// Of the grant of a code that is asked for too much, nothing is left.
	r = asked(app, fleetAPI)
	answer := b.SignIn(r, ada)
	wantError(t, "another than granted", app.Redeem(r, answer, "resource", billAPI), http.StatusBadRequest, "invalid_target")
	wantError(t, "the code again", app.Redeem(r, answer), http.StatusBadRequest, "invalid_grant")
}

// TestOpenIDClientResources: npm's openid-client asks for two APIs and gets a
// token for each.
func TestOpenIDClientResources(t *testing.T) {
	eachWithAPIs(t, func(t *testing.T, e *testenv.Env) {
		n := startNode(t, e, mobile, "par", "yes")
		b := e.Browser().For(t)
		begun := n.must("begin", "parameters", map[string]any{"scope": mobile.Scope, "resource": []string{fleetAPI, e.Issuer}})
		done := n.must("callback", "url", b.Finish(b.Get(begun.URL), ada).Location, "parameters", map[string]any{"resource": e.Issuer})
		if info := n.must("userinfo", "token", done.Tokens.Access, "subject", done.Claims["sub"]); info.Claims["email"] != ada.Email {
			t.Errorf("userinfo: %v", info.Claims)
		}
		next := n.must("refresh", "token", done.Tokens.Refresh, "parameters", map[string]any{"resource": fleetAPI})
		wantToken(t, "for the API", claimsOf(t, next.Tokens.Access), "devices:read", fleetAPI)
	})
}
