package protocol

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"signet/internal/testenv"
)

// counter asks people away from the browser, for single things and for APIs.
var counter = testenv.App{ID: "counter", Secret: "secret-of-counter", Scope: "openid email offline_access bills:read"}

const counters = `clients:
  - id: counter
    name: Counter
    secret: secret-of-counter
    grant_types: ["` + grantCIBA + `", refresh_token]
    scopes: [openid, email, offline_access, bills:read]
    resources: ["` + billAPI + `"]
    authorization_details_types: [payment]
`

// TestCIBADetails: what is asked for finely, and for which API, is shown to the
// person, and is what the token is for (RFC 9396, RFC 8707).
func TestCIBADetails(t *testing.T) {
	eachWithAPIs(t, func(t *testing.T, e *testenv.Env) {
		e.Apply(counters)
		app, b := e.App(t, counter), e.Browser().For(t)
		r := askFor(t, app, ada, "authorization_details", "["+payBob+"]")
		page := approval(t, e, b, ada)
		wantPage(t, page, http.StatusOK, "Allow Counter to do this?", "Pay 12.50 EUR to Bob &lt;b&gt;&amp; Sons")
		b.Submit(page.Form("allow"), "allow")
		got := r.poll()
		wantDetails(t, "the answer", got.Fields, payBob)
		wantDetails(t, "the access token", claimsOf(t, got.Str("access_token")), payBob)
		wantDetails(t, "refreshed", claimsOf(t, app.Refresh(got.Str("refresh_token")).Str("access_token")), payBob)

		r = askFor(t, app, ada, "authorization_details", "["+payCarol+"]", "resource", billAPI)
		page = approval(t, e, b, ada)
		wantPage(t, page, http.StatusOK, "Pay 7 CHF to Carol", "Billing", billAPI)
		b.Submit(page.Form("allow"), "allow")
		got = r.poll()
		wantDetails(t, "for an API", got.Fields, payCarol)
		told := app.Call("/introspect", "token", got.Str("access_token")).Fields
		wantToken(t, "for an API", told, "bills:read", billAPI)
		wantDetails(t, "to the API", told, payCarol)

		good := []string{"scope", "openid", "login_hint", ada.Email}
		for _, bad := range []string{"{}", `[{"type":"other"}]`, `[{"type":"payment"}]`, `[{"type":"payment","amount":1}`} {
			wantError(t, bad, app.Call("/bc-authorize", append(good, "authorization_details", bad)...), http.StatusBadRequest, "invalid_authorization_details")
		}
		for _, bad := range []string{fleetAPI, "bills"} {
			wantError(t, bad, app.Call("/bc-authorize", append(good, "resource", bad)...), http.StatusBadRequest, "invalid_target")
		}
	})
}

// TestOpenIDClientCIBA: npm's openid-client asks a person, polls, and fetches its
// tokens; and does so when it was told that they decided.
func TestOpenIDClientCIBA(t *testing.T) {
	t.Parallel()
	for _, backend := range testenv.Backends {
		t.Run(string(backend), func(t *testing.T) {
			env := map[string]string{"SIGNET_OUTBOUND_ALLOW_PRIVATE": "true", "SIGNET_LIFETIMES_BACKCHANNEL_INTERVAL": "1s"}
			e := boot(t, testenv.Options{Backend: backend, Nodes: 1 + map[testenv.Backend]int{testenv.Full: 1}[backend], Env: env})
			address, told := pinged(t, func(int) int { return http.StatusNoContent })
			e.Apply("clients:\n" + tills + "  - id: bell\n    secret: secret-of-bell\n    grant_types: [\"" + grantCIBA + "\"]\n    scopes: [openid, email]\n" +
				"    backchannel_token_delivery_mode: ping\n    backchannel_client_notification_endpoint: " + address + "\n")
			b := e.Browser().For(t)

			n := startNode(t, e, till)
			asked := n.must("askPerson", "parameters", parameters{"scope": till.Scope, "login_hint": ada.Email, "binding_message": "W4SCT", "requested_expiry": "120"})
			if asked.Asked.ID == "" || asked.Asked.Expires != 120 {
				t.Errorf("asked: %+v", asked.Asked)
			}
			polls := e.Metric("signet_token_requests_total")
			n.must("pollPerson")
			within(t, time.Minute, "it polls while nobody decides", func() bool { return e.Metric("signet_token_requests_total") > polls })
			b.Submit(approval(t, e, b, ada).Form("allow"), "allow")
			done := n.must("personDecided")
			if info := n.must("userinfo", "token", done.Tokens.Access, "subject", done.Claims["sub"]); info.Claims["email"] != ada.Email {
				t.Errorf("userinfo: %v", info.Claims)
			}
			if again := n.must("refresh", "token", done.Tokens.Refresh); again.Claims["sub"] != done.Claims["sub"] {
				t.Errorf("refreshed: %v", again.Claims)
			}
			n.must("askPerson", "parameters", parameters{"scope": "openid", "id_token_hint": done.Tokens.ID})
			b.Submit(approval(t, e, b, ada).Form("deny"), "deny")
			n.must("pollPerson")
			if refused := n.do("personDecided"); refused.Error != "access_denied" {
				t.Errorf("refused: %+v", refused)
			}

			n = startNode(t, e, testenv.App{ID: "bell", Secret: "secret-of-bell"})
			asked = n.must("askPerson", "parameters", parameters{"scope": "openid email", "login_hint": ada.Email, "client_notification_token": "a-token"})
			b.Submit(approval(t, e, b, ada).Form("allow"), "allow")
			var body struct {
				ID string `json:"auth_req_id"`
			}
			if err := json.NewDecoder((<-told).Body).Decode(&body); err != nil || body.ID != asked.Asked.ID {
				t.Errorf("told of %+v, %v", body, err)
			}
			n.must("pollPerson")
			if done := n.must("personDecided"); done.Claims["sub"] == nil || !strings.Contains(done.Tokens.Scope, "email") {
				t.Errorf("%+v", done)
			}
			within(t, time.Minute, "the ping is counted", func() bool { return e.Metric("signet_pings_sent_total") == 1 })
		})
	}
}
