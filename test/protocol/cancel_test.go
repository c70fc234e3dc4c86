package protocol

import (
	"net/http"
	"strings"
	"testing"

	"signet/internal/mail/mailtest"
	"signet/internal/testenv"
)

// TestCancel: on each page of an app's flow there is a way back to the app, which
// is told that the person would not (RFC 6749 §4.1.2.1). It is a form: following
// no link ends a flow.
func TestCancel(t *testing.T) {
	t.Parallel()
	for _, backend := range testenv.Backends {
		e := posting(t, testenv.Options{Backend: backend}, mailtest.Start(t, mailtest.Options{}))
		app := e.App(t, web)
		b := e.Browser().For(t)
		for name, walk := range map[string]func(r *testenv.Request) *testenv.Page{
			"sign-in": func(r *testenv.Request) *testenv.Page { return b.Get(r.Path()) },
			"password": func(r *testenv.Request) *testenv.Page {
				p := b.Get(r.Path())
				return b.Submit(p.Form("username"), "submit", "username", ada.Email)
			},
			"recovery": func(r *testenv.Request) *testenv.Page {
				p := b.Get(r.Path())
				return b.Get("/recover?flow=" + p.Form("username").Fields.Get("flow"))
			},
			"sign-up": func(r *testenv.Request) *testenv.Page { r.Set("prompt", "create"); return b.Get(r.Path()) },
		} {
			r := app.Request()
			p := walk(r)
			if p.Form("cancel") == nil {
				t.Errorf("%s: no way back to the app: %s", name, p.URL)
				continue
			}
			if got := b.Get("/signin/cancel?" + p.Form("cancel").Fields.Encode()); got.Status != http.StatusMethodNotAllowed && got.Status != http.StatusNotFound {
				t.Errorf("%s: following it answers %d", name, got.Status)
			}
			wantAnswer(t, e, r, b.Submit(p.Form("cancel"), "cancel"), "access_denied")
			if again := b.Submit(p.Form("cancel"), "cancel"); again.Location != "" || !strings.Contains(again.Body, "expired") {
				t.Errorf("%s: a second time: %d %s", name, again.Status, again.Location)
			}
		}
		// A person who is signed in, and is to sign in again or to choose.
		b = signedIn(t, e, app, ada)
		for _, prompt := range []string{"login", "select_account"} {
			r := app.Request("prompt", prompt)
			wantAnswer(t, e, r, b.Submit(b.Get(r.Path()).Form("cancel"), "cancel"), "access_denied")
		}
		if answer := b.SignIn(app.Request(), ada); answer.Get("code") == "" {
			t.Errorf("the session did not outlive that: %v", answer)
		}
		own := b.Get(e.Issuer + "/account/password")
		if own.Form("cancel") != nil {
			t.Error("a page that no app asked for leads back to one")
		}
		stranger := e.Browser().For(t)
		p := b.Get(app.Request("prompt", "login").Path())
		wantPage(t, stranger.Post("/signin/cancel", p.Form("cancel").Fields), http.StatusGone, "")
	}
}
