package protocol

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"signet/internal/mail/mailtest"
	"signet/internal/testenv"
)

// received waits until the address has got so many mails, and returns the plain
// text of the last one.
func received(t *testing.T, server *mailtest.Server, to string, n int) (text string) {
	t.Helper()
	within(t, 20*time.Second, "mails to "+to, func() bool {
		got := 0
		for _, m := range server.Mails() {
			if m.To == to {
				got++
				text = m.Text()
			}
		}
		return got >= n
	})
	return text
}

var linkIn = regexp.MustCompile(`https?://\S+\?link=\S+`)

// mailedLink is the link in a mail, as a path.
func mailedLink(t *testing.T, text string) string {
	t.Helper()
	u, err := url.Parse(linkIn.FindString(text))
	if err != nil || u.Path == "" {
		t.Fatalf("no link in %q", text)
	}
	return u.RequestURI()
}

// TestChangePassword: the current password is asked for, other devices and apps
// are signed out if wished, and the browser of the change stays.
func TestChangePassword(t *testing.T) {
	recovering(t, nil, func(t *testing.T, e *testenv.Env, server *mailtest.Server) {
		app := e.App(t, web)
		elsewhere := e.Browser().For(t)
		old := tokens(t, elsewhere, app, ada, "scope", allScopes)
		b, p := atAccount(t, e, "/account/password", ada)
		const next = "another-Horse-8"
		for _, wrong := range [][]string{
			{"current", "", "password", next, "confirmation", next},
			{"current", "wrong-Horse-9", "password", next, "confirmation", next},
			{"current", ada.Password, "password", "short", "confirmation", "short"},
			{"current", ada.Password, "password", next, "confirmation", next + "x"},
			{"current", ada.Password, "password", "Lovelace-9", "confirmation", "Lovelace-9"},
		} {
			if p = submit(t, b, p, "submit", wrong...); p.URL.Path != "/account/password" || !strings.Contains(p.Body, `class="fault"`) || strings.Contains(p.Body, next) {
				t.Errorf("%v: %s", wrong, p.URL)
			}
		}
		kept := submit(t, b, p, "submit", "current", ada.Password, "password", next, "confirmation", next, "others", "")
		if kept.URL.RawQuery != "done=password" {
			t.Fatalf("changed: %s", kept.URL)
		}
		at(t, elsewhere.Get("/account"), "/account")
		text := received(t, server, ada.Email, 2) // the first tells of the second browser
		if !strings.Contains(text, e.Issuer+"/recover") {
			t.Errorf("the notice: %s", text)
		}

		p = submit(t, b, kept, "submit", "current", next, "password", ada.Password, "confirmation", ada.Password, "others", "1")
		if p.URL.RawQuery != "done=password" {
			t.Fatalf("changed again: %s", p.URL)
		}
		at(t, b.Get("/account"), "/account")
		if p := elsewhere.Get("/account"); p.URL.Path != "/signin" {
			t.Errorf("the other browser is still at %s", p.URL)
		}
		wantError(t, "refresh", app.Refresh(old.Str("refresh_token")), http.StatusBadRequest, "invalid_grant")
		wantError(t, "userinfo", app.Userinfo(old.Str("access_token")), http.StatusUnauthorized, "invalid_token")
		at(t, elsewhere.Finish(elsewhere.Get("/account"), ada), "/account")
		if out := entries(t, e, ada, "account"); strings.Count(out, `"account.password"`) != 2 || strings.Count(out, `"account.refuse"`) != 1 || strings.Contains(out, "Horse") {
			t.Errorf("the audit log: %s", out)
		}
	})
}

// TestGuessingAtTheAccount: the current password is guessed no more often on
// the account pages than at the sign-in.
func TestGuessingAtTheAccount(t *testing.T) {
	t.Parallel()
	e := testenv.Start(t, testenv.Options{Declare: declared, Env: map[string]string{"SIGNET_LIMITS_SIGN_IN_ACCOUNT": "3/1h"}})
	b, p := atAccount(t, e, "/account/close", ada)
	for i, want := range []int{200, 200, 200, 429} {
		if p = submit(t, b, p, "submit", "current", "wrong-Horse-9"); p.Status != want {
			t.Errorf("guess %d: status %d, want %d", i, p.Status, want)
		}
	}
	if p = submit(t, b, p, "submit", "current", ada.Password); p.URL.Path != "/account/close" || p.Status != http.StatusTooManyRequests {
		t.Errorf("the right one after too many: %s, status %d", p.URL, p.Status)
	}
}

// TestChangeEmail: a link to the new address moves the account, by a button and
// in a browser that is signed in to it; a link to the old one takes it back.
func TestChangeEmail(t *testing.T) {
	recovering(t, nil, func(t *testing.T, e *testenv.Env, server *mailtest.Server) {
		app := e.App(t, web)
		moved := testenv.Person{Email: "ada@new.example", Password: ada.Password}
		b, p := atAccount(t, e, "/account/email", ada)
		token := tokens(t, b, app, ada).Str("access_token")
		for _, wrong := range [][]string{
			{"email", "", "current", ada.Password}, {"email", "nobody", "current", ada.Password},
			{"email", "ADA@example.com", "current", ada.Password}, {"email", moved.Email, "current", "wrong-Horse-9"},
		} {
			if p = submit(t, b, p, "submit", wrong...); p.URL.Path != "/account/email" || !strings.Contains(p.Body, `class="fault"`) {
				t.Errorf("%v: %s", wrong, p.URL)
			}
		}
		p = submit(t, b, p, "submit", "email", moved.Email, "current", ada.Password)
		if !strings.Contains(p.Body, `id="waiting"`) {
			t.Fatalf("asked: %s", p.URL)
		}
		link := mailedLink(t, received(t, server, moved.Email, 1))

		// A scanner, somebody else, and the person's other browser.
		if p := e.Browser().For(t).Get(link); p.URL.Path != "/signin" {
			t.Errorf("without a sign-in the link opens %s", p.URL)
		}
		other := e.Browser().For(t)
		if p := other.Finish(other.Get(link), bob); p.Status != http.StatusGone {
			t.Errorf("for somebody else: %s, status %d", p.URL, p.Status)
		}
		elsewhere := e.Browser().For(t)
		p = elsewhere.Finish(elsewhere.Get(link), ada)
		wantGuards(t, p)
		if p.Form("submit") == nil || p.URL.Path != "/account/email/confirm" {
			t.Fatalf("signed in by the link: %s", p.URL)
		}
		if _, _, errs := e.Run("", "user", "show", moved.Email); errs == "" {
			t.Error("opening the link moved the account")
		}
		if p = submit(t, elsewhere, p, "submit"); p.URL.RequestURI() != "/account/email?done=email" {
			t.Fatalf("confirmed: %s", p.URL)
		}
		within(t, 20*time.Second, "userinfo tells the new address", func() bool {
			return app.Userinfo(token).Str("email") == moved.Email
		})
		if p := b.Get(link); p.Status != http.StatusGone {
			t.Errorf("the link once more: status %d", p.Status)
		}
		at(t, b.Finish(b.Get("/account"), moved), "/account")

		text := received(t, server, ada.Email, 2) // the first tells of the other browser
		if !strings.Contains(text, moved.Email) {
			t.Errorf("the notice: %s", text)
		}
		back := mailedLink(t, text)
		owner := e.Browser().For(t)
		p = owner.Get(back)
		wantGuards(t, p)
		at(t, b.Get("/account"), "/account")
		p = submit(t, owner, p, "submit")
		if p.Status != http.StatusOK || !strings.Contains(p.Body, `href="/recover"`) {
			t.Errorf("restored: %s, status %d", p.URL, p.Status)
		}
		if p := b.Get("/account"); p.URL.Path != "/signin" {
			t.Errorf("whoever was in is at %s", p.URL)
		}
		wantError(t, "userinfo", app.Userinfo(token), http.StatusUnauthorized, "invalid_token")
		if p := owner.Get(back); p.Status != http.StatusGone {
			t.Errorf("the way back once more: status %d", p.Status)
		}
		start := owner.Get("/account")
		p = askCode(t, owner, start, ada.Email)
		p = submit(t, owner, p, "submit", "code", server.Codes(ada.Email, 1)[0])
		at(t, newPasswordAt(owner, p, newPassword), "/recover/done")
		at(t, b.Finish(b.Get("/account"), testenv.Person{Email: ada.Email, Password: newPassword}), "/account")
	})
}

// TestTakenEmail: an address that has an account looks like any other on the
// page; the mail to it says so.
func TestTakenEmail(t *testing.T) {
	recovering(t, nil, func(t *testing.T, e *testenv.Env, server *mailtest.Server) {
		b, p := atAccount(t, e, "/account/email", ada)
		bodies := map[string]string{}
		for _, email := range []string{"free@example.com", bob.Email} {
			p = submit(t, b, p, "submit", "email", email, "current", ada.Password)
			bodies[email] = strings.ReplaceAll(p.Body, email, "X")
		}
		if bodies["free@example.com"] != bodies[bob.Email] {
			t.Errorf("the pages differ:\n%s\n%s", bodies["free@example.com"], bodies[bob.Email])
		}
		if text := received(t, server, bob.Email, 1); linkIn.MatchString(text) || !strings.Contains(text, e.Issuer+"/account") {
			t.Errorf("to its owner: %s", text)
		}
		for range 3 {
			p = submit(t, b, p, "submit", "email", "free@example.com", "current", ada.Password)
		}
		if p = submit(t, b, p, "submit", "email", "free@example.com", "current", ada.Password); !strings.Contains(p.Body, `id="email-fault"`) {
			t.Errorf("a sixth letter of the day was sent")
		}
	})
}

// TestCloseAccount: at once nothing works any more; a sign-in offers to keep the
// account, and the flow of the app goes on.
func TestCloseAccount(t *testing.T) {
	recovering(t, nil, func(t *testing.T, e *testenv.Env, server *mailtest.Server) {
		app := e.App(t, web)
		elsewhere := e.Browser().For(t)
		old := tokens(t, elsewhere, app, ada, "scope", allScopes)
		b, p := atAccount(t, e, "/account/close", ada)
		if p = submit(t, b, p, "submit", "current", "wrong-Horse-9"); p.URL.Path != "/account/close" {
			t.Fatalf("with a wrong password: %s", p.URL)
		}
		at(t, submit(t, b, p, "submit", "current", ada.Password), "/account/closed")
		for _, browser := range []*testenv.Browser{b, elsewhere} {
			if p := browser.Get("/account"); p.URL.Path != "/signin" {
				t.Errorf("a closed account is open at %s", p.URL)
			}
		}
		wantError(t, "refresh", app.Refresh(old.Str("refresh_token")), http.StatusBadRequest, "invalid_grant")
		within(t, 20*time.Second, "userinfo of a closed account", func() bool {
			return app.Userinfo(old.Str("access_token")).Status == http.StatusUnauthorized
		})
		if text := received(t, server, ada.Email, 2); !strings.Contains(text, e.Issuer+"/account") {
			t.Errorf("the notice: %s", text)
		}
		if _, out, _ := e.Run("", "user", "show", ada.Email); !strings.Contains(out, "closing") {
			t.Errorf("user show: %s", out)
		}
		e.Apply(declared) // what is declared does not open it again
		if _, out, _ := e.Run("", "user", "show", ada.Email); !strings.Contains(out, "closing") {
			t.Errorf("user show after apply: %s", out)
		}

		r := app.Request()
		p = at(t, b.Finish(b.Get(r.Path()), ada), "/signin/keep")
		wantGuards(t, p)
		if left := submit(t, b, p, "leave"); left.URL.Path != "/signed-out" || b.Cookie("signet_session") != "" {
			t.Errorf("left closed: %s", left.URL)
		}
		stranger := e.Browser().For(t)
		if got := stranger.Get(p.URL.RequestURI()); got.Status == http.StatusOK && got.Form("keep") != nil {
			t.Error("the page opens in another browser")
		}
		// Nor does who sits at the browser next keep the account, and get in by it.
		next := b.Get(p.URL.RequestURI())
		if got := submit(t, b, p, "keep"); next.Form("username") == nil || got.Form("username") == nil {
			t.Errorf("left, the account is kept without a password: %s, %s", next.URL, got.URL)
		}
		p = at(t, b.Finish(next, ada), "/signin/keep")
		kept := submit(t, b, p, "keep")
		if answer := r.Answer(kept); answer.Get("code") == "" || app.Redeem(r, answer).Status != http.StatusOK {
			t.Errorf("kept, the app gets %v at %s", answer, kept.URL)
		}
		wantError(t, "refresh after it was kept", app.Refresh(old.Str("refresh_token")), http.StatusBadRequest, "invalid_grant")
		at(t, elsewhere.Finish(elsewhere.Get("/account"), ada), "/account")
		for _, action := range []string{"account.close", "account.keep"} {
			if n := strings.Count(entries(t, e, ada, action), `"action"`); n != 1 {
				t.Errorf("%d entries of %s, want 1", n, action)
			}
		}
	})
}

// TestDownload: the file holds what is known of the person, and no secret.
func TestDownload(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		e.Apply("organizations:\n  - {slug: engines, name: Analytical Engines, owners: [ada@example.com]}\n")
		b, p := atAccount(t, e, "/account/data", ada)
		guestApp := e.App(t, guest)
		b.SignIn(guestApp.Request(), ada)
		submit(t, b, b.Get("/account/profile"), "submit", "news", "1")
		if p = submit(t, b, p, "submit", "current", "wrong-Horse-9"); !strings.Contains(p.Body, `id="current-fault"`) {
			t.Fatalf("with a wrong password: %s", p.URL)
		}
		p = submit(t, b, p, "submit", "current", ada.Password)
		if p.Status != http.StatusOK || !strings.HasPrefix(p.Header.Get("Content-Disposition"), `attachment; filename="`) ||
			p.Header.Get("Cache-Control") != "no-store" || p.Header.Get("Content-Type") != "application/json" {
			t.Errorf("status %d, headers %v", p.Status, p.Header)
		}
		var file struct {
			Issuer  string
			Account struct{ ID, Email, Status string }
			Profile struct {
				GivenName string `json:"given_name"`
			}
			Agreements []struct {
				Kind, Wording, Source string
				Given                 bool
			}
			Sessions []struct{ IP string }
			Apps     []struct {
				ClientID string `json:"client_id"`
			}
			Organizations []struct{ Name, Role string }
			Browsers      []struct {
				FirstSeen time.Time `json:"first_seen_at"`
			} `json:"known_browsers"`
			History []struct {
				Action string
				ByYou  bool `json:"by_you"`
			}
		}
		if err := json.Unmarshal([]byte(p.Body), &file); err != nil {
			t.Fatal(err)
		}
		if file.Issuer != e.Issuer || file.Account.Email != ada.Email || file.Account.Status != "active" || file.Profile.GivenName != "Ada" ||
			len(file.Agreements) != 1 || !file.Agreements[0].Given || file.Agreements[0].Wording == "" || len(file.Sessions) != 1 ||
			len(file.Apps) != 1 || file.Apps[0].ClientID != "guest" || len(file.Browsers) != 1 || file.Browsers[0].FirstSeen.IsZero() ||
			len(file.Organizations) != 1 || file.Organizations[0].Name != "Analytical Engines" || file.Organizations[0].Role != "owner" {
			t.Errorf("the file: %+v", file)
		}
		var actions []string
		for _, h := range file.History {
			actions = append(actions, h.Action)
		}
		for _, want := range []string{"session.begin", "consent.give", "agreement.give", "account.refuse", "account.download"} {
			if !slices.Contains(actions, want) {
				t.Errorf("the history has no %s, only %v", want, actions)
			}
		}
		for _, secret := range []string{"argon2", b.Cookie("signet_session"), b.Cookie("signet_browser"), "Horse"} {
			if strings.Contains(p.Body, secret) {
				t.Errorf("the file holds %q", secret)
			}
		}
	})
}
