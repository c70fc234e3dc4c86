package protocol

import (
	"net/http"
	"net/url"
	"testing"

	"signet/internal/testenv"
)

// TestEndSessionFromAnotherSite: a form of another site brings no SameSite=Lax
// cookie along, and signs out all the same (RP-Initiated Logout 1.0 §2 wants
// POST to work).
func TestEndSessionFromAnotherSite(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		b := e.Browser()
		hint := tokens(t, b, e.App(t, web), ada).Str("id_token")
		const bye = "https://web.example/bye"
		other := e.Browser() // is what the provider sees of the form: no cookie
		p := other.Post("/end_session", url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {bye}})
		if p.Location != bye {
			t.Errorf("sent to %q, want %q", p.Location, bye)
		}
		// The browser that has the cookie shows it at the page on the way, and
		// apps see its state change (Session Management 1.0 §3.2).
		state := b.Cookie("signet_state")
		b.SetCookie("signet_browser", other.Cookie("signet_browser"))
		if again := b.Get(p.Hops[0]); again.Location != bye {
			t.Errorf("sent to %q, want %q", again.Location, bye)
		}
		if b.Cookie("signet_state") == state || b.Cookie("signet_session") != "" {
			t.Errorf("the browser's state is as before")
		}
		wantSession(t, e, b, false)
	})
}

// TestRevokingReachesTokensWithoutRefresh: what "sign out everywhere" and a
// removed app end includes access tokens that came without a refresh token, and
// codes that are not redeemed yet.
func TestRevokingReachesTokensWithoutRefresh(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		b := signedIn(t, e, app, ada)
		token := tokens(t, b, app, ada, "scope", "openid email").Str("access_token")
		if a := app.Userinfo(token); a.Status != http.StatusOK {
			t.Fatalf("userinfo: %d %s", a.Status, a.Body)
		}
		r := app.Request("scope", "openid email offline_access")
		code := b.SignIn(r, ada)
		if p := b.Post("/account/signout/everywhere", nil); p.Status != http.StatusOK {
			t.Fatalf("sign out everywhere: %d", p.Status)
		}
		wantError(t, "userinfo", app.Userinfo(token), http.StatusUnauthorized, "invalid_token")
		wantError(t, "a late code", app.Redeem(r, code), http.StatusBadRequest, "invalid_grant")
	})
}

// TestRevokingAClientsOwnToken: of such a token nothing is stored when it is made
// (ADR 0013), and yet it dies at once and on every node, whether or not anybody
// had asked about it.
func TestRevokingAClientsOwnToken(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, fleet)
		token := func() string {
			return app.Call("/token", "grant_type", "client_credentials").Str("access_token")
		}
		want := func(what, token string, active bool) {
			t.Helper()
			for range 2 { // nodes take turns
				if got := app.Call("/introspect", "token", token).Fields["active"]; got != active {
					t.Errorf("%s: active is %v, want %v", what, got, active)
				}
			}
		}
		asked, unasked, other := token(), token(), token()
		want("new", asked, true)
		for _, dead := range []string{asked, unasked} {
			if a := app.Call("/revoke", "token", dead); a.Status != http.StatusOK {
				t.Fatalf("revoke: %d %s", a.Status, a.Body)
			}
		}
		want("revoked", asked, false)
		want("revoked before anybody asked", unasked, false)
		want("another one", other, true)
	})
}
