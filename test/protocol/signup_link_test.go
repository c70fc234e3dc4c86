package protocol

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"signet/internal/testenv"
)

// waitingFor begins a sign-up at the app and returns the page that waits, the
// app's request, and the letter.
func (h *newHouse) waitingFor(t *testing.T, b *testenv.Browser, who testenv.Person) (*testenv.Page, *testenv.Request, letter) {
	t.Helper()
	n := len(h.mail.Mails())
	r := h.app.Request()
	p := fillIn(t, b, createPage(t, b, b.Get(r.Path())), who)
	for h.mail.Wait(n + 1)[n].To != who.Email { // late news for somebody else
		n++
	}
	return p, r, read(t, h.mail.Mails()[n])
}

// state asks as the script of the waiting page does.
func state(t *testing.T, b *testenv.Browser, p *testenv.Page) string {
	t.Helper()
	got := b.Get("/signup/state?flow=" + p.URL.Query().Get("flow"))
	if got.Header.Get("Content-Type") != "application/json" || got.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the state comes as %v", got.Header)
	}
	return strings.TrimSpace(got.Body)
}

const (
	waits  = `{"state":"waiting"}`
	active = `{"state":"active"}`
	gone   = `{"state":"gone"}`
)

// goOn presses the button of the waiting page once the account is active.
func goOn(t *testing.T, b *testenv.Browser, p *testenv.Page) *testenv.Page {
	t.Helper()
	p = b.Get(p.URL.Path + "?" + p.URL.RawQuery)
	for _, f := range p.Forms {
		if strings.HasSuffix(f.Action, "/signup/done") {
			return b.Submit(f, "submit")
		}
	}
	t.Fatalf("nothing to go on by at %s %d:\n%s", p.URL.Path, p.Status, p.Body)
	return nil
}

// TestSignUpByLink: the link, opened by a scanner first, activates the account
// by its button alone in the browser that it was made in; the first tab goes on.
func TestSignUpByLink(t *testing.T) {
	t.Parallel()
	h := newcomersAt(t, testenv.Options{})
	b := h.env.Browser().For(t)
	p, r, mail := h.waitingFor(t, b, eve)
	scanner := h.env.Browser().For(t)
	for range 3 {
		if got := scanner.Get(mail.link); got.Status != http.StatusOK || got.Form("password") == nil {
			t.Fatalf("the link in another browser: %d %s", got.Status, got.Body)
		}
	}
	if got := state(t, b, p); got != waits {
		t.Fatalf("after a scanner: %s", got)
	}
	if got := state(t, scanner, p); got != gone {
		t.Errorf("another browser hears of the flow: %s", got)
	}
	link := b.Get(mail.link)
	if link.Form("password") != nil {
		t.Errorf("the browser of the sign-up is asked for the password: %s", link.Body)
	}
	if done := b.Submit(link.Form("submit"), "submit"); !strings.Contains(done.Body, "Your account is active") {
		t.Fatalf("after the button: %d %s", done.Status, done.Body)
	}
	if got := state(t, b, p); got != active {
		t.Fatalf("after the button: %s", got)
	}
	if answer := r.Answer(goOn(t, b, p)); answer.Get("code") == "" {
		t.Errorf("the first tab: %v", answer)
	}
	// Nothing of it can be used again.
	if again := scanner.Get(mail.link); again.Status != http.StatusGone {
		t.Errorf("a used link: %d", again.Status)
	}
	if again := b.Get("/signup/check?flow=" + p.URL.Query().Get("flow")); again.Status != http.StatusGone {
		t.Errorf("a finished flow: %d", again.Status)
	}
}

// TestSignUpElsewhere: in another browser the link asks for the password, and
// the first tab goes on all the same.
func TestSignUpElsewhere(t *testing.T) {
	t.Parallel()
	h := newcomersAt(t, testenv.Options{})
	b, phone := h.env.Browser().For(t), h.env.Browser().For(t)
	p, r, mail := h.waitingFor(t, b, eve)
	link := phone.Get(mail.link)
	for _, wrong := range []string{"", "Wander-berg-32"} {
		got := phone.Submit(link.Form("password"), "submit", "password", wrong)
		if got.Status != http.StatusOK || got.Form("password") == nil || state(t, b, p) != waits {
			t.Fatalf("the password %q: %d %s", wrong, got.Status, got.Body)
		}
	}
	done := phone.Submit(link.Form("password"), "submit", "password", eve.Password)
	if !strings.Contains(done.Body, "Your account is active") || phone.Cookie("signet_session") != "" {
		t.Fatalf("after the right password: %d %s", done.Status, done.Body)
	}
	if answer := r.Answer(goOn(t, b, p)); answer.Get("code") == "" {
		t.Errorf("the first tab: %v", answer)
	}
}

// TestNewPasswordShutsOutTheFirstTab: the browser in which the account was made
// is let in without a password, until its owner wants all browsers out.
func TestNewPasswordShutsOutTheFirstTab(t *testing.T) {
	t.Parallel()
	h := newcomersAt(t, testenv.Options{})
	for name, do := range map[string]func(b *testenv.Browser, who testenv.Person){
		"password": func(b *testenv.Browser, who testenv.Person) {
			p := b.Get("/account/password")
			got := b.Submit(p.Form("current"), "submit", "current", who.Password, "password", "Neuer-Plan-77", "confirmation", "Neuer-Plan-77")
			if got.URL.Query().Get("done") != "password" {
				t.Errorf("the new password: %s %s", got.URL, got.Body)
			}
		},
		"everywhere": func(b *testenv.Browser, _ testenv.Person) {
			at(t, b.Post("/account/signout/everywhere", url.Values{}), "/signed-out")
		},
	} {
		who := testenv.Person{Email: name + "@example.com", Password: eve.Password}
		library, phone := h.env.Browser().For(t), h.env.Browser().For(t)
		p, _, mail := h.waitingFor(t, library, who)
		phone.Submit(phone.Get(mail.link).Form("password"), "submit", "password", who.Password)
		at(t, phone.Finish(phone.Get("/account"), who), "/account")
		do(phone, who)
		library.Post("/signup/done", url.Values{"flow": {p.URL.Query().Get("flow")}})
		if got := library.Get("/account"); got.URL.Path != "/signin" || library.Cookie("signet_session") != "" {
			t.Errorf("%s: the first tab is in at %s", name, got.URL)
		}
	}
}

// TestStrangerSignsUp: who signs up with somebody else's address gains nothing
// when its owner opens the letter, says that it was not he, or signs up too.
func TestStrangerSignsUp(t *testing.T) {
	t.Parallel()
	h := newcomersAt(t, testenv.Options{})
	stranger, owner := h.env.Browser().For(t), h.env.Browser().For(t)
	forged := testenv.Person{Email: eve.Email, Password: "Fremder-Plan-66"}
	p, _, mail := h.waitingFor(t, stranger, forged)

	link := owner.Get(mail.link)
	if got := owner.Post("/signup/confirm", url.Values{"link": {linkOf(t, mail)}}); got.Form("password") == nil {
		t.Errorf("the owner's button alone: %d %s", got.Status, got.Body)
	}
	owner.Submit(link.Form("password"), "submit", "password", eve.Password)
	if got := state(t, stranger, p); got != waits {
		t.Fatalf("the owner's own password activated the stranger's account: %s", got)
	}
	denied := owner.Submit(link.Form("deny"), "deny")
	if denied.Status != http.StatusOK || state(t, stranger, p) != gone {
		t.Fatalf("denied: %d %s", denied.Status, denied.Body)
	}
	if again := owner.Get(mail.link); again.Status != http.StatusGone {
		t.Errorf("the link of a denied sign-up: %d", again.Status)
	}
	if tab := stranger.Get("/signup/check?flow=" + p.URL.Query().Get("flow")); tab.Status != http.StatusGone || !strings.Contains(tab.Body, `id="again"`) {
		t.Errorf("the stranger's tab: %d %s", tab.Status, tab.Body)
	}

	// Both sign up: the one that is proven is the account.
	theirs, _, _ := h.waitingFor(t, stranger, forged)
	mine, r, letter := h.waitingFor(t, owner, eve)
	if answer := r.Answer(owner.Submit(mine.Form("code"), "submit", "code", letter.code)); answer.Get("code") == "" {
		t.Fatalf("the owner's code: %v", answer)
	}
	// The stranger does not even learn that there is an account now.
	if got := state(t, stranger, theirs); got != waits {
		t.Errorf("the stranger's sign-up after the owner's: %s", got)
	}
	if got := stranger.Submit(theirs.Form("code"), "submit", "code", letter.code); got.Status != http.StatusOK || got.Form("code") == nil {
		t.Errorf("the owner's code in the stranger's tab: %d", got.Status)
	}
	refused := h.env.Browser().For(t)
	password := refused.Submit(refused.Get("/account").Form("username"), "submit", "username", eve.Email)
	if got := refused.Submit(password.Form("password"), "submit", "password", forged.Password); got.Form("code") == nil || refused.Cookie("signet_session") != "" {
		t.Errorf("the stranger's password leads to %s", got.URL.Path)
	}
}

func linkOf(t *testing.T, l letter) string {
	t.Helper()
	u, err := url.Parse(l.link)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("link")
}

// TestWaitingAtSignIn: the right password of an account that waits leads to
// where it is activated; a wrong one tells nothing.
func TestWaitingAtSignIn(t *testing.T) {
	t.Parallel()
	h := newcomersAt(t, testenv.Options{})
	first := h.env.Browser().For(t)
	p, _, _ := h.waitingFor(t, first, eve)

	b := h.env.Browser().For(t)
	r := h.app.Request()
	password := b.Submit(b.Get(r.Path()).Form("username"), "submit", "username", eve.Email)
	wrong := b.Submit(password.Form("password"), "submit", "password", "Wander-berg-32")
	if wrong.URL.Path != "/signin/password" || !strings.Contains(wrong.Body, "do not match") {
		t.Fatalf("a wrong password: %s %s", wrong.URL.Path, wrong.Body)
	}
	check := b.Submit(password.Form("password"), "submit", "password", eve.Password)
	if check.URL.Path != "/signup/check" || check.Form("code") == nil {
		t.Fatalf("the right password: %s %s", check.URL.Path, check.Body)
	}
	again := b.Submit(check.Form("resend"), "resend")
	if !strings.Contains(again.Body, "on its way") {
		t.Fatalf("another letter: %s", again.Body)
	}
	mail := read(t, h.mail.Wait(2)[1])
	if answer := r.Answer(b.Submit(again.Form("code"), "submit", "code", mail.code)); answer.Get("code") == "" {
		t.Errorf("after the code: %v", answer)
	}
	// The tab where it began has nothing to enter any more, and says how to go on.
	if got := state(t, first, p); got != gone {
		t.Errorf("the first tab: %s", got)
	}
}
