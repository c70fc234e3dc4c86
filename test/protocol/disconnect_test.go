package protocol

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"signet/internal/mail/mailtest"
	"signet/internal/testenv"
)

// mailed are the settings of a house that sends its letters to the server.
func mailed(server *mailtest.Server) map[string]string {
	return map[string]string{"SIGNET_SMTP_URL": server.URL(), "SIGNET_SMTP_FROM": "House <no-reply@id.example>"}
}

// arrive signs in at the provider from an app, and returns the request, the browser
// and the page to which that leads.
func (p *pair) arrive(t *testing.T, who testenv.Person) (*testenv.Request, *testenv.Browser, *testenv.Page) {
	t.Helper()
	b, r := p.Browser().For(t), p.App(t, web).Request("connection", contoso, "scope", "openid offline_access")
	return r, b, b.Get(onward(t, b.Get(p.there(t, b.Get(r.Path()), who))))
}

// link connects the account of who is here with who arrives from the provider.
func (p *pair) link(t *testing.T, there, here testenv.Person) {
	t.Helper()
	r, b, page := p.arrive(t, there)
	page = b.Finish(b.Submit(page.Form("sign-in"), "sign-in"), here)
	if answer := r.Answer(b.Submit(page.Form("connect"), "connect")); answer.Get("code") == "" {
		t.Fatalf("not connected: %v", answer)
	}
}

// countLetters is how many mails to the address say the text.
func countLetters(server *mailtest.Server, to, text string) (n int) {
	for _, m := range server.Mails() {
		if m.To == to && strings.Contains(m.Text(), text) {
			n++
		}
	}
	return n
}

// TestDisconnect: the owner of an account takes a provider away from it. Who signed
// in by it is signed out, apps have to ask again, and it opens the account no more.
func TestDisconnect(t *testing.T) {
	t.Parallel()
	for _, backend := range testenv.Backends {
		t.Run(string(backend), func(t *testing.T) {
			t.Parallel()
			server := mailtest.Start(t, mailtest.Options{})
			p := federatedWith(t, testenv.Options{Backend: backend, Env: mailed(server)}, hopperThere, "")
			app := p.App(t, web)
			p.link(t, hopper, ada)
			r, company, page := p.arrive(t, hopper)
			old := app.Redeem(r, r.Answer(page))

			b, page := atAccount(t, p.Env, "/account", ada)
			if !strings.Contains(page.Body, `id="providers"`) || !strings.Contains(page.Body, hopper.Email) {
				t.Fatalf("the provider is not on the page: %s", page.Body)
			}
			const path = "/account/disconnect?connection=" + contoso
			page = b.Get(path)
			for _, wrong := range []string{"", "wrong-Horse-9"} {
				if page = submit(t, b, page, "submit", "current", wrong); page.URL.Path != "/account/disconnect" || !strings.Contains(page.Body, `class="fault"`) {
					t.Errorf("by the password %q: %s", wrong, page.URL)
				}
			}
			at(t, company.Get("/account"), "/account")
			first := submit(t, b, page, "submit", "current", ada.Password)
			if first.URL.RawQuery != "done=disconnected" || strings.Contains(first.Body, `id="providers"`) {
				t.Fatalf("disconnected: %s\n%s", first.URL, first.Body)
			}
			if again := submit(t, b, page, "submit", "current", ada.Password); again.URL.Path != "/account" {
				t.Errorf("twice: %s", again.URL)
			}
			if page = company.Get("/account"); page.URL.Path != "/signin" {
				t.Errorf("who signed in by the provider still is: %s", page.URL)
			}
			wantError(t, "refresh", app.Refresh(old.Str("refresh_token")), http.StatusBadRequest, "invalid_grant")
			if _, _, page = p.arrive(t, hopper); page.Form("sign-in") == nil {
				t.Errorf("it still opens the account: %s", page.URL)
			}
			within(t, 20*time.Second, "the letter", func() bool { return countLetters(server, ada.Email, "no longer opens your account") > 0 })
			if n := countLetters(server, ada.Email, "no longer opens your account"); n != 1 {
				t.Errorf("%d letters", n)
			}
			if out := entries(t, p.Env, ada, "account"); strings.Count(out, `"account.disconnect"`) != 1 || strings.Count(out, `"account.refuse"`) != 1 {
				t.Errorf("the audit log: %s", out)
			}

			// In the browser that came by it: connected again, and signed out.
			p.link(t, hopper, ada)
			_, company, _ = p.arrive(t, hopper)
			page = submit(t, company, company.Get(path), "submit", "current", ada.Password)
			if page.URL.Path != "/signed-out" || company.Cookie("signet_session") != "" {
				t.Errorf("here: %s\n%s", page.URL, page.Body)
			}
		})
	}
}

// TestDisconnectOnlyWayIn: an account that the provider made has nothing else that
// opens it, and stays connected.
func TestDisconnectOnlyWayIn(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, mailtest.Options{})
	p := federatedWith(t, testenv.Options{Backend: testenv.Embedded, Env: mailed(server)}, hopperThere, "")
	if code, _, errs := p.Run("", "org", "domain", "add", "contoso", "contoso.example", "--proven"); code != 0 {
		t.Fatal(errs)
	}
	_, b, _ := p.arrive(t, hopper)
	const path = "/account/disconnect?connection=" + contoso
	page := b.Get(path)
	if page.Form("submit") != nil || !strings.Contains(page.Body, `id="set-password"`) {
		t.Fatalf("offered: %s", page.Body)
	}
	if page = b.Post("/account/disconnect", url.Values{"connection": {contoso}}); page.Status != http.StatusConflict || !strings.Contains(page.Body, `id="set-password"`) {
		t.Errorf("posted: status %d\n%s", page.Status, page.Body)
	}
}

// TestDisconnectRequired: where the organization lets its people in by the provider
// alone, it is not theirs to take away.
func TestDisconnectRequired(t *testing.T) {
	t.Parallel()
	c := newMove(t, testenv.Embedded)
	bob := c.signedIn(t, contosoBob)
	page := c.setUp(t, bob, c.overview(t, bob))
	if page = bob.Submit(page.Form("switch-button"), "switch-button", "to", "required"); page.URL.Query().Get("done") != "connection-required" {
		t.Fatalf("not required: %s\n%s", page.URL, page.Body)
	}
	id := regexp.MustCompile(`[0-9a-f-]{36}$`).FindString(page.URL.Path)
	grace := c.Browser().For(t)
	if at := c.through(t, grace, grace.Get("/federation/"+id+"/start"), hopper); at.URL.Path != "/account" {
		t.Fatalf("not signed in: %s\n%s", at.URL, at.Body)
	}
	page = grace.Get("/account/disconnect?connection=" + id)
	if page.Status != http.StatusOK || page.Form("submit") != nil || !strings.Contains(page.Body, "this provider only") {
		t.Errorf("offered: %s\n%s", page.URL, page.Body)
	}
	if page = grace.Post("/account/disconnect", url.Values{"connection": {id}}); page.Status != http.StatusConflict {
		t.Errorf("posted: status %d\n%s", page.Status, page.Body)
	}
}
