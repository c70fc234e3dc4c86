package browser

import (
	"net/http"
	"strings"
	"testing"

	"signet/internal/testenv"
)

// An app that waits elsewhere: the person is mailed, signs in on the way to the
// page, sees who asks and what the app shows as well, and approves or refuses; a
// further request is found on the account page.
func TestApproval(t *testing.T) {
	const grant = "urn:openid:params:grant-type:ciba"
	h, server := startPostingHouse(t)
	h.Apply("clients:\n  - id: till\n    name: Till\n    secret: secret-of-till\n    client_uri: https://till.example/\n    grant_types: [\"" + grant + "\"]\n    scopes: [openid, email]\n    trusted: true\n")
	till := h.App(t, testenv.App{ID: "till", Secret: "secret-of-till", Scope: "openid email"})
	eachWay(t, func(t *testing.T, w way) {
		app, tab := till.For(t), newVisitor(t, w).NewTab()
		ask := func() func() *testenv.Answer {
			got := app.Call("/bc-authorize", "scope", "openid email", "login_hint", w.email, "binding_message", "W4SCT")
			if got.Status != http.StatusOK {
				t.Fatalf("%d %s", got.Status, got.Body)
			}
			return func() *testenv.Answer {
				return app.Call("/token", "grant_type", grant, "auth_req_id", got.Str("auth_req_id"))
			}
		}
		fetch := ask()
		tab.Open(ownersLink(tab, server, w.email, "/approve"))
		tab.signIn(h.Issuer, w.person())
		tab.See(h.Issuer+"/approve?request=", Look{Has: "#allow"})
		if got := tab.Text(".asking"); !strings.Contains(got, "Till") || !strings.Contains(got, "till.example") {
			t.Errorf("the page says that %q asks, want Till at till.example", got)
		}
		if got := tab.Text(".compare"); !strings.Contains(got, "W4SCT") {
			t.Errorf("the page shows %q, want the message of the app", got)
		}
		tab.Follow("#allow")
		tab.See(h.Issuer+"/approve?done=allowed", Look{Has: "#home"})
		if got := fetch(); got.Status != http.StatusOK {
			t.Errorf("%d %s", got.Status, got.Body)
		}

		fetch = ask()
		tab.Follow("#home")
		tab.See(h.Issuer+"/account", Look{Has: "#waiting a.button"})
		tab.Follow("#waiting a.button")
		tab.See(h.Issuer+"/approve?request=", Look{Has: "#deny"})
		tab.Follow("#deny")
		tab.See(h.Issuer+"/approve?done=denied", Look{Has: "#home"})
		if got := fetch(); got.Str("error") != "access_denied" {
			t.Errorf("%d %s", got.Status, got.Body)
		}
		tab.Open(h.Issuer + "/approve?request=nothing")
		tab.See(h.Issuer+"/approve?request=nothing", Look{Has: "#home", Status: http.StatusGone})
	})
}
