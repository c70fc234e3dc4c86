package protocol

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"signet/internal/mail/mailtest"
	"signet/internal/testenv"
)

// recovering boots a house on each backend whose mail the test reads.
func recovering(t *testing.T, env map[string]string, test func(t *testing.T, e *testenv.Env, server *mailtest.Server)) {
	t.Helper()
	t.Parallel()
	for _, backend := range testenv.Backends {
		t.Run(string(backend), func(t *testing.T) {
			t.Parallel()
			nodes := 1
			if backend == testenv.Full {
				nodes = 2
			}
			server := mailtest.Start(t, mailtest.Options{})
			settings := map[string]string{"SIGNET_SMTP_URL": server.URL(), "SIGNET_SMTP_FROM": "House <no-reply@id.example>"}
			for k, v := range env {
				settings[k] = v
			}
			test(t, boot(t, testenv.Options{Backend: backend, Nodes: nodes, Env: settings, Declare: polyglots}), server)
		})
	}
}

// askCode goes from the app's request to the page that asks for the code.
func askCode(t *testing.T, b *testenv.Browser, start *testenv.Page, email string) *testenv.Page {
	t.Helper()
	p := b.Submit(start.Form("username"), "submit", "username", email)
	forgot := regexp.MustCompile(`href="(/recover\?[^"]+)"`).FindStringSubmatch(p.Body)
	if forgot == nil {
		t.Fatalf("%s: no way to reset the password", p.URL)
	}
	p = b.Get(strings.ReplaceAll(forgot[1], "&amp;", "&"))
	if got := p.Form("username").Fields.Get("username"); got != email {
		t.Errorf("the address is filled in as %q", got)
	}
	return at(t, b.Submit(p.Form("submit"), "submit"), "/recover/code")
}

// at checks that the browser is at the page.
func at(t *testing.T, p *testenv.Page, path string) *testenv.Page {
	t.Helper()
	if p.Location != "" || p.URL.Path != path || p.Status != http.StatusOK {
		t.Fatalf("at %s %s, status %d, want %s", p.URL, p.Location, p.Status, path)
	}
	return p
}

const newPassword = "another-Horse-8"

// newPasswordAt types the new password twice.
func newPasswordAt(b *testenv.Browser, p *testenv.Page, password string) *testenv.Page {
	return b.Submit(p.Form("submit"), "submit", "password", password, "confirmation", password)
}

// TestReset walks from an app to a new password and back to the app; whatever
// was open with the old one is closed.
func TestReset(t *testing.T) {
	recovering(t, nil, func(t *testing.T, e *testenv.Env, server *mailtest.Server) {
		app := e.App(t, web)
		elsewhere := e.Browser().For(t)
		old := tokens(t, elsewhere, app, ada, "scope", allScopes)

		b, r := e.Browser().For(t), app.Request()
		p := askCode(t, b, b.Get(r.Path()), ada.Email)
		wantGuards(t, p)
		code := server.Codes(ada.Email, 1)[0]
		p = at(t, b.Submit(p.Form("code"), "submit", "code", " "+code[:3]+" "+code[3:]+"\u00a0"), "/recover/password")
		p = at(t, newPasswordAt(b, p, "short"), "/recover/password")
		p = at(t, b.Submit(p.Form("submit"), "submit", "password", newPassword, "confirmation", "another"), "/recover/password")
		p = at(t, newPasswordAt(b, p, newPassword), "/recover/done")
		if b.Cookie("signet_session") != "" {
			t.Error("signed in by the reset itself")
		}

		if got := elsewhere.Get("/account"); got.URL.Path != "/signin" {
			t.Errorf("a session of the old password still opens %s", got.URL.Path)
		}
		wantError(t, "refresh", app.Refresh(old.Str("refresh_token")), http.StatusBadRequest, "invalid_grant")
		wantError(t, "userinfo", app.Userinfo(old.Str("access_token")), http.StatusUnauthorized, "invalid_token")

		next := regexp.MustCompile(`id="next" href="([^"]+)"`).FindStringSubmatch(p.Body)
		if next == nil {
			t.Fatalf("no way on from %s", p.URL)
		}
		p = at(t, b.Get(strings.ReplaceAll(next[1], "&amp;", "&")), "/signin")
		if got := p.Form("username").Fields.Get("username"); got != ada.Email {
			t.Errorf("the address is filled in as %q", got)
		}
		p = at(t, b.Submit(p.Form("username"), "submit"), "/signin/password")
		p = at(t, b.Submit(p.Form("password"), "submit", "password", ada.Password), "/signin/password")
		answer := r.Answer(b.Submit(p.Form("password"), "submit", "password", newPassword))
		if got := app.Redeem(r, answer); got.Status != http.StatusOK {
			t.Errorf("the app's request after the reset: %d %s", got.Status, got.Body)
		}
		mails := server.Wait(2)
		if len(mails) != 2 || mails[1].To != ada.Email || len(server.Codes(ada.Email, 1)) != 1 {
			t.Errorf("%d mails; the second should tell the owner", len(mails))
		}
		if code, out, errs := e.Run("", "audit", "-o", "json"); code != 0 || strings.Count(out, "account.recovery_asked") != 1 ||
			strings.Count(out, "account.password_reset") != 1 || strings.Contains(out, ada.Email) {
			t.Errorf("the audit log: %s %s", out, errs)
		}
	})
}

// TestResetTakesACode: what a code is good for, and what not.
func TestResetTakesACode(t *testing.T) {
	recovering(t, nil, func(t *testing.T, e *testenv.Env, server *mailtest.Server) {
		app := e.App(t, web)
		b := e.Browser().For(t)
		p := askCode(t, b, b.Get(app.Request().Path()), grete.Email)
		code := server.Codes(grete.Email, 1)[0]
		wrong := "000000"
		if code == wrong {
			wrong = "111111"
		}
		form := p.Form("code")
		// Another browser, with the flow and the code.
		if got := e.Browser().For(t).Submit(form, "submit", "code", code); got.Status != http.StatusGone {
			t.Errorf("in another browser the code leads to %s, status %d", got.URL, got.Status)
		}
		// The next steps, without the code.
		for _, path := range []string{"/recover/password", "/recover/done"} {
			flow := form.Fields.Get("flow")
			if got := b.Get(path + "?flow=" + flow); got.URL.Path != "/recover/code" {
				t.Errorf("%s without a code shows %s", path, got.URL)
			}
			if got := b.Post(path, form.Fields); path != "/recover/done" && got.URL.Path != "/recover/code" {
				t.Errorf("a post to %s without a code leads to %s", path, got.URL)
			}
		}
		// Another flow of the same browser, for the same address.
		other := askCode(t, b, b.Get(app.Request().Path()), grete.Email)
		server.Codes(grete.Email, 2)
		at(t, b.Submit(other.Form("code"), "submit", "code", code), "/recover/code")
		// Five tries, of which the right one comes too late.
		for range 5 {
			at(t, b.Submit(form, "submit", "code", wrong), "/recover/code")
		}
		p = at(t, b.Submit(form, "submit", "code", code), "/recover/code")
		if !strings.Contains(p.Body, "no longer works") {
			t.Error("the page does not say that the code is of no use any more")
		}
		// A new one goes on, and the one before it does not.
		p = at(t, b.Submit(form, "resend"), "/recover/code")
		all := server.Codes(grete.Email, 3)
		at(t, b.Submit(form, "submit", "code", all[2]), "/recover/password")
		// Reload and back: where the reset stands.
		at(t, b.Get(p.URL.String()), "/recover/password")
		p = at(t, b.Get("/recover?flow="+form.Fields.Get("flow")), "/recover")
		at(t, b.Submit(p.Form("submit"), "submit", "username", grete.Email), "/recover/code")
	})
}

// TestResetCodeExpires: the right code that comes too late is good for nothing,
// and the page has the way on.
func TestResetCodeExpires(t *testing.T) {
	recovering(t, map[string]string{"SIGNET_LIFETIMES_RECOVERY_CODE": "1s"}, func(t *testing.T, e *testenv.Env, server *mailtest.Server) {
		b := e.Browser().For(t)
		p := askCode(t, b, b.Get("/signin"), grete.Email)
		asked := time.Now()
		code := server.Codes(grete.Email, 1)[0]
		time.Sleep(time.Until(asked.Add(1100 * time.Millisecond)))
		p = at(t, b.Submit(p.Form("code"), "submit", "code", code), "/recover/code")
		if !strings.Contains(p.Body, "no longer works") {
			t.Error("the page does not say that the code is of no use any more")
		}
		at(t, b.Submit(p.Form("code"), "resend"), "/recover/code")
		if again := server.Codes(grete.Email, 2); again[1] == code {
			t.Error("the same code once more")
		}
	})
}

// TestManyResetsAtOnce: of 50 parallel posts of the new password one sets it,
// and the account has that one.
func TestManyResetsAtOnce(t *testing.T) {
	recovering(t, nil, func(t *testing.T, e *testenv.Env, server *mailtest.Server) {
		b := e.Browser().For(t)
		p := askCode(t, b, b.Get("/signin"), ada.Email)
		p = at(t, b.Submit(p.Form("code"), "submit", "code", server.Codes(ada.Email, 1)[0]), "/recover/password")
		form := p.Form("submit")
		var group sync.WaitGroup
		start := make(chan struct{})
		for i := range callers {
			tab := b.For(t)
			group.Go(func() {
				<-start
				password := newPassword + string(rune('a'+i%26))
				if got := tab.Submit(form, "submit", "password", password, "confirmation", password); got.URL.Path != "/recover/done" || got.Status != http.StatusOK {
					t.Errorf("a post leads to %s, status %d", got.URL, got.Status)
				}
			})
		}
		close(start)
		group.Wait()
		if n := len(server.Wait(2)); n != 2 {
			t.Errorf("%d mails, want the code and one notice", n)
		}
		_, out, _ := e.Run("", "audit", "-o", "json")
		if n := strings.Count(out, "account.password_reset"); n != 1 {
			t.Errorf("%d resets in the audit log, want 1", n)
		}
	})
}

// TestNoReset: without a mail server there is no way to it, and none is offered.
func TestNoReset(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{})
	b := e.Browser()
	p := b.Get("/signin")
	p = b.Submit(p.Form("username"), "submit", "username", ada.Email)
	if strings.Contains(p.Body, "/recover") {
		t.Error("a reset is offered that nobody can finish")
	}
	if p := b.Get("/recover"); p.Status != http.StatusNotFound {
		t.Errorf("/recover: status %d", p.Status)
	}
}
