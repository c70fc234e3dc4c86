package protocol

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"signet/internal/testenv"
)

// atAccount returns a browser in which the person is signed in, at the page of
// the account.
func atAccount(t *testing.T, e *testenv.Env, path string, who testenv.Person) (*testenv.Browser, *testenv.Page) {
	t.Helper()
	b := e.Browser().For(t)
	b.Finish(b.Get("/account"), who)
	p := b.Get(path)
	if p.Status != http.StatusOK || p.URL.Path != path {
		t.Fatalf("signed in to %s, status %d; want %s", p.URL.Path, p.Status, path)
	}
	return b, p
}

// submit posts the form that has the button, with other values for some fields.
func submit(t *testing.T, b *testenv.Browser, p *testenv.Page, button string, pairs ...string) *testenv.Page {
	t.Helper()
	f := p.Form(button)
	if f == nil {
		t.Fatalf("%s has no button %s", p.URL.Path, button)
	}
	return b.Submit(f, button, pairs...)
}

// entries are what the audit log has on the person, as "action detail".
func entries(t *testing.T, e *testenv.Env, who testenv.Person, action string) string {
	t.Helper()
	code, out, errs := e.Run("", "audit", "--user", who.Email, "--action", action, "-o", "json")
	if code != 0 {
		t.Fatal(errs)
	}
	return out
}

// TestProfile: what a person changes is kept, told to apps within two seconds,
// and shown in the language chosen; what cannot be is refused at its field.
func TestProfile(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		b, p := atAccount(t, e, "/account/profile", ada)
		token := tokens(t, b, app, ada).Str("access_token")
		bad := submit(t, b, p, "submit", "given_name", "", "birthdate", "2199-01-01")
		if bad.Status != http.StatusOK || !strings.Contains(bad.Body, `id="given_name-fault"`) || !strings.Contains(bad.Body, `id="birthdate-fault"`) {
			t.Errorf("faults: status %d", bad.Status)
		}
		p = submit(t, b, bad, "submit", "given_name", " Augusta  Ada ", "birthdate", "1990-12-10", "locale", "de", "news", "1")
		if p.URL.RequestURI() != "/account/profile?done=profile" || !strings.Contains(p.Body, `lang="de"`) {
			t.Errorf("saved: %s", p.URL.RequestURI())
		}
		within(t, 20*time.Second, "userinfo says the new name", func() bool {
			a := app.Userinfo(token)
			return a.Str("given_name") == "Augusta Ada" && a.Str("birthdate") == "1990-12-10" && a.Str("locale") == "de" &&
				a.Str("middle_name") == "Augusta"
		})
		submit(t, b, p, "submit") // changes nothing
		for action, want := range map[string]int{"account.profile": 1, "agreement.give": 1, "session.begin": 1} {
			if n := strings.Count(entries(t, e, ada, action), `"action"`); n != want {
				t.Errorf("%d entries of %s, want %d", n, action, want)
			}
		}
		if strings.Contains(entries(t, e, ada, "account"), "Augusta") {
			t.Error("the audit log keeps what was typed")
		}
	})
}

// within waits for the condition.
func within(t *testing.T, d time.Duration, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(d); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Errorf("not within %v: %s", d, what)
			return
		}
	}
}

var withdrawal = regexp.MustCompile(`/news/stop\?link=\S+`)

// TestStopNews: the link of a mail stops news by a button, and by the post of a
// mail reader that has no cookie and follows no redirect (RFC 8058); opening it
// changes nothing.
func TestStopNews(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		b, p := atAccount(t, e, "/account/profile", ada)
		link := func() string {
			_, out, _ := e.Run("", "user", "consents", ada.Email)
			all := withdrawal.FindAllString(out, -1)
			if len(all) == 0 {
				t.Fatalf("no link in %s", out)
			}
			return all[len(all)-1]
		}
		stands := func(want bool) {
			t.Helper()
			if got := strings.Contains(b.Get("/account/profile").Body, `id="news" value="1" checked`); got != want {
				t.Errorf("news: %t, want %t", got, want)
			}
		}
		submit(t, b, p, "submit", "news", "1")
		stands(true)
		stranger := e.Browser().For(t)
		page := stranger.Get(link())
		stands(true)
		wantGuards(t, page)
		if done := submit(t, stranger, page, "submit"); done.Status != http.StatusOK || done.Form("submit") != nil {
			t.Errorf("stopped: status %d, %s", done.Status, done.URL)
		}
		stands(false)
		submit(t, b, b.Get("/account/profile"), "submit", "news", "1")
		for range 2 {
			req, err := http.NewRequest(http.MethodPost, e.Issuer+link(), strings.NewReader(url.Values{"List-Unsubscribe": {"One-Click"}}.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if a, err := testenv.Do(req); err != nil || a.Status != http.StatusOK {
				t.Errorf("one-click: %v, %v", a, err)
			}
		}
		stands(false)
		if n := strings.Count(entries(t, e, ada, "agreement"), `"action"`); n != 4 {
			t.Errorf("%d entries, want 4", n)
		}
		if p := stranger.Get(link() + "x"); p.Status != http.StatusNotFound {
			t.Errorf("a link that was changed: status %d", p.Status)
		}
	})
}

// TestAuditOfSignIns: each sign-in is on record with its account, each refused
// one with the account if there is one, and none with what was typed.
func TestAuditOfSignIns(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		b := e.Browser().For(t)
		for _, who := range []testenv.Person{{Email: ada.Email, Password: "wrong-Horse-9"}, {Email: "nobody@example.com", Password: "wrong-Horse-9"}, {Email: bob.Email, Password: "wrong-Horse-9"}} {
			p := submit(t, b, b.Get("/account"), "submit", "username", who.Email)
			if p = submit(t, b, p, "submit", "password", who.Password); p.URL.Path != "/signin/password" {
				t.Fatalf("%s got to %s", who.Email, p.URL.Path)
			}
		}
		b, _ = atAccount(t, e, "/account", ada)
		b.Post("/account/signout", nil)
		_, out, _ := e.Run("", "audit", "--action", "session", "-o", "json")
		for text, want := range map[string]int{
			`"action": "session.refuse"`: 3, `"why": "password"`: 2, `"why": "address"`: 1,
			`"action": "session.begin"`: 1, `"action": "session.end"`: 1, `"ip": "127.0.0.1"`: 5,
			"nobody": 0, "example.com": 0, "Horse": 0,
		} {
			if n := strings.Count(out, text); n != want {
				t.Errorf("%s is there %d times, want %d:\n%s", text, n, want, out)
			}
		}
	})
}

// TestAuditOfAppsSignOut: a sign-out that an app asks for, by an ID token, is on
// record with the app.
func TestAuditOfAppsSignOut(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		b := e.Browser()
		hint := tokens(t, b, e.App(t, web), ada).Str("id_token")
		for _, browser := range []*testenv.Browser{b, e.Browser()} { // the second time there is nothing to end
			browser.Post("/end_session", url.Values{"id_token_hint": {hint}})
		}
		out := entries(t, e, ada, "session.end")
		if strings.Count(out, `"session.end"`) != 1 || !strings.Contains(out, `"client_id": "web"`) {
			t.Errorf("the audit log: %s", out)
		}
	})
}

// TestStartAtTheApp: people open an app from their account page where it begins a
// sign-in, and it is told with which provider (OpenID Connect Core §4).
func TestStartAtTheApp(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		e.Apply(`
clients:
  - id: shop
    secret: a-secret-of-the-shop
    redirect_uris: ["https://shop.example/callback"]
    initiate_login_uri: https://start.example/login?from=signet
    scopes: [openid, email]
`)
		app := e.App(t, testenv.App{ID: "shop", Secret: "a-secret-of-the-shop", Redirect: "https://shop.example/callback", Scope: "openid email"})
		b := e.Browser().For(t)
		tokens(t, b, app, ada)
		want := `href="` + html.EscapeString("https://start.example/login?from=signet&iss="+url.QueryEscape(e.Issuer)) + `"`
		if home := b.Get("/account"); !strings.Contains(home.Body, want) {
			t.Errorf("the account page has no %s", want)
		}
	})
}
