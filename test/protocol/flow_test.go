package protocol

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"signet/internal/testenv"
)

// TestFlowIsBoundToItsBrowser: the address of a sign-in under way is worth
// nothing in another browser, neither to read, nor to go on with, nor to make
// somebody sign in for somebody else (login CSRF).
func TestFlowIsBoundToItsBrowser(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, guest)
		attacker := e.Browser().For(t)
		p := attacker.Get(app.Request().Path())
		flow := p.URL.Query().Get("flow")
		if flow == "" {
			t.Fatalf("%s: no flow", p.URL)
		}
		p = attacker.Submit(p.Form("username"), "submit", "username", ada.Email)
		form := p.Form("password")

		for who, victim := range map[string]*testenv.Browser{
			"nobody": e.Browser().For(t), "bob": signedIn(t, e, e.App(t, web), bob),
		} {
			for _, path := range []string{"/signin", "/signin/password", "/signin/account", "/consent", "/authorize/resume", "/signout"} {
				p := victim.Get(path + "?flow=" + flow)
				wantPage(t, p, http.StatusGone)
				if strings.Contains(p.Body, ada.Email) || strings.Contains(p.Body, "A guest of the house") {
					t.Errorf("%s: %s tells of another browser's flow", who, path)
				}
			}
			wantPage(t, victim.Submit(form, "submit", "password", ada.Password), http.StatusGone)
			wantPage(t, victim.Post("/consent", url.Values{"flow": {flow}, "decision": {"allow"}}), http.StatusGone)
			wantSession(t, e, victim, who == "bob")
		}
		// It still goes on where it began.
		if p := attacker.Finish(attacker.Submit(form, "submit", "password", ada.Password), ada); p.Location == "" {
			t.Errorf("the flow's own browser: %d at %s", p.Status, p.URL)
		}
	})
}

// TestForms from another site are refused, whatever cookies come along.
func TestForms(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		b := e.Browser().For(t)
		p := b.Get(app.Request().Path())
		flow := p.URL.Query().Get("flow")
		for name, header := range map[string]http.Header{
			"origin": {"Origin": {"https://evil.example"}}, "fetch metadata": {"Sec-Fetch-Site": {"cross-site"}, "Origin": {"null"}},
			"sibling": {"Sec-Fetch-Site": {"same-site"}, "Origin": {"http://app.localhost"}},
		} {
			evil := b.For(t)
			for k, v := range header {
				evil.Header[k] = v
			}
			for _, path := range []string{"/signin", "/signin/password", "/consent", "/device", "/device/asks", "/signout", "/account/signout", "/account/signout/everywhere", "/language"} {
				if p := evil.Post(path, url.Values{"flow": {flow}, "username": {ada.Email}, "password": {ada.Password}}); p.Status != http.StatusForbidden {
					t.Errorf("%s to %s: %d, want 403", name, path, p.Status)
				}
			}
		}
		wantSession(t, e, b, false)
	})
}

// TestTabs: two tabs of one browser, each with its own request, end each at
// its own app; reloading, going back and pressing twice break nothing.
func TestTabs(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		b := e.Browser().For(t)
		first, second := e.App(t, web).Request(), e.App(t, post).Request()
		one, two := b.Get(first.Path()), b.Get(second.Path())
		one = b.Submit(one.Form("username"), "submit", "username", ada.Email)
		two = b.Submit(two.Form("username"), "submit", "username", ada.Email)

		// Reload, and back to the address of the first page.
		one = b.Get(one.URL.String())
		back := b.Get("/signin?flow=" + one.URL.Query().Get("flow"))
		if back.Form("username") == nil || back.Form("username").Fields.Get("username") != ada.Email {
			t.Errorf("back: %s has lost what was typed", back.URL)
		}
		wrong := b.Submit(one.Form("password"), "submit", "password", "not it")
		if wrong.Form("password") == nil || !strings.Contains(wrong.Body, "aria-invalid") {
			t.Fatalf("wrong password: %d at %s, want the form again with the fault", wrong.Status, wrong.URL)
		}
		form := wrong.Form("password")
		p := b.Submit(form, "submit", "password", ada.Password)
		answer := wantAnswer(t, e, first, p, "")
		if got := e.App(t, web).Redeem(first, answer); got.Status != http.StatusOK {
			t.Errorf("first tab: %s", got.Body)
		}
		// The same form once more: the flow is over, and says so.
		again := b.Submit(form, "submit", "password", ada.Password)
		wantPage(t, again, http.StatusGone)
		wantSession(t, e, b, true)

		// The second tab goes on, by its form or by a reload.
		p = b.Submit(two.Form("password"), "submit", "password", ada.Password)
		answer = wantAnswer(t, e, second, p, "")
		if got := e.App(t, post).Redeem(second, answer); got.Status != http.StatusOK {
			t.Errorf("second tab: %s", got.Body)
		}
	})
}

// TestSessionID changes at each sign-in, and no planted one is taken over
// (ASVS 5.0 §7.2.4); where it was signed out nobody comes back.
func TestSessionID(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		b := e.Browser().For(t)
		planted := strings.Repeat("A", 43)
		b.SetCookie("signet_session", planted)
		b.SignIn(app.Request(), ada)
		first := b.Cookie("signet_session")
		if first == planted || first == "" {
			t.Fatalf("the session id is the planted one, or none")
		}
		b.SignIn(app.Request("prompt", "login"), ada)
		second := b.Cookie("signet_session")
		if second == first {
			t.Error("the session id did not change at the second sign-in")
		}
		old := e.Browser().For(t)
		old.SetCookie("signet_session", first)
		wantSession(t, e, old, false)

		copied := e.Browser().For(t)
		copied.SetCookie("signet_session", second)
		wantSession(t, e, copied, true)
		b.Post("/account/signout", nil)
		for range 2 * len(e.Nodes) { // whichever node is asked
			wantSession(t, e, copied, false)
		}
		for _, bad := range []string{"", "x", strings.Repeat("A", 43), strings.Repeat("A", 5000), second + "A", "' OR 1=1 --"} {
			b.SetCookie("signet_session", bad)
			wantSession(t, e, b, false)
		}
	})
}

// TestSignOutEverywhere ends the account's sessions in all browsers, and what
// apps may do while the person is away.
func TestSignOutEverywhere(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		here, there, bobs := signedIn(t, e, app, ada), signedIn(t, e, app, ada), signedIn(t, e, app, bob)
		offline := tokens(t, there, app, ada, "scope", allScopes)
		p := here.Get("/account")
		if p.Form("sign-out-everywhere") == nil {
			t.Fatalf("%s: no such button", p.URL)
		}
		wantPage(t, here.Submit(p.Form("sign-out-everywhere"), "sign-out-everywhere"), http.StatusOK, "signed out")
		for range 2 * len(e.Nodes) {
			wantSession(t, e, here, false)
			wantSession(t, e, there, false)
		}
		wantSession(t, e, bobs, true)
		wantError(t, "refresh", app.Refresh(offline.Str("refresh_token")), http.StatusBadRequest, "invalid_grant")
		wantError(t, "userinfo", app.Userinfo(offline.Str("access_token")), http.StatusUnauthorized, "invalid_token")
	})
}

// TestConsentIsThePersonsOwn: a consent page that ada saw is not answered by
// bob, who signed in meanwhile in another tab.
func TestConsentIsThePersonsOwn(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, guest)
		b := signedIn(t, e, e.App(t, web), ada)
		form := b.Get(app.Request().Path()).Form("allow")
		if form == nil {
			t.Fatal("no consent page")
		}
		other := e.App(t, web).Request("prompt", "login")
		p := b.Get("/signin?other=1&flow=" + b.Get(other.Path()).URL.Query().Get("flow"))
		wantAnswer(t, e, other, b.Finish(p, bob), "")

		p = b.Submit(form, "allow")
		if p.Location != "" || p.Form("allow") == nil || !strings.Contains(p.Body, bob.Email) {
			t.Errorf("%s %d: want the question again, of bob", p.URL, p.Status)
		}
		r := app.Request("prompt", "none")
		wantAnswer(t, e, r, b.Get(r.Path()), "consent_required")
	})
}

// TestConsent is asked of guests for what is new, kept, and can be withdrawn;
// who refuses is told to the app as access_denied.
func TestConsent(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, guest)
		b := signedIn(t, e, e.App(t, web), ada)
		r := app.Request()
		p := b.Get(r.Path())
		if p.Form("allow") == nil || !strings.Contains(p.Body, "A guest of the house") || !strings.Contains(p.Body, "guest.example") || !strings.Contains(p.Body, "not by us") || !strings.Contains(p.Body, ada.Email) {
			t.Fatalf("%s: no consent page that names the app, its domain and what it will see", p.URL)
		}
		got := wantAnswer(t, e, r, b.Submit(p.Form("deny"), "deny"), "access_denied")
		if got.Has("code") {
			t.Error("a code although the person refused")
		}
		r = app.Request("prompt", "none")
		wantAnswer(t, e, r, b.Get(r.Path()), "consent_required")
		r = app.Request()
		p = b.Get(r.Path())
		neither := maps.Clone(p.Form("allow").Fields)
		neither.Set("decision", "maybe")
		wantPage(t, b.Post("/consent", neither), http.StatusBadRequest)
		wantAnswer(t, e, r, b.Submit(p.Form("allow"), "allow"), "")

		for name, browser := range map[string]*testenv.Browser{"the same session": b, "another session": signedIn(t, e, e.App(t, web), ada)} {
			r = app.Request("prompt", "none")
			if got := r.Answer(browser.Get(r.Path())); got.Get("code") == "" {
				t.Errorf("%s: asked again although it is allowed: %v", name, got)
			}
		}
		r = app.Request("scope", "openid email profile")
		if p := b.Get(r.Path()); p.Form("allow") == nil {
			t.Errorf("%s: not asked for a scope that is new", p.URL)
		}
		r = app.Request("prompt", "consent")
		if p := b.Get(r.Path()); p.Form("allow") == nil {
			t.Errorf("%s: prompt=consent did not ask", p.URL)
		}
		r = e.App(t, web).Request("prompt", "consent")
		if p := b.Get(r.Path()); p.Form("allow") == nil || strings.Contains(p.Body, "not by us") {
			t.Errorf("%s: an app of the house is said to be somebody else's, or was not asked for", p.URL)
		}
		offline := tokens(t, b, app, ada, "scope", "openid email offline_access")
		p = b.Get("/account")
		var form *testenv.Form
		for _, f := range p.Forms {
			if f.Fields.Get("client_id") == guest.ID {
				form = f
			}
		}
		if form == nil {
			t.Fatal("the account page does not list the app")
		}
		b.Submit(form, "")
		wantError(t, "refresh after withdrawal", app.Refresh(offline.Str("refresh_token")), http.StatusBadRequest, "invalid_grant")
		wantError(t, "userinfo after withdrawal", app.Userinfo(offline.Str("access_token")), http.StatusUnauthorized, "invalid_token")
		r = app.Request("prompt", "none")
		wantAnswer(t, e, r, b.Get(r.Path()), "consent_required")
	})
}
