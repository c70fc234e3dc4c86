package protocol

import (
	"net/url"
	"regexp"
	"testing"
	"time"

	"signet/internal/mail/mailtest"
	"signet/internal/testenv"
)

// ending is a session of the person in the browser, of which the app is to be told
// that it ended.
type ending struct {
	*testing.T
	house   *testenv.Env
	mail    *mailtest.Server
	who     testenv.Person
	browser *testenv.Browser
	app     *testenv.App
	hint    string // the app's ID token
}

// run gives signet the command.
func (s *ending) run(stdin string, args ...string) {
	s.Helper()
	if code, _, errs := s.house.Run(stdin, args...); code != 0 {
		s.Fatal(errs)
	}
}

// another is a second browser of the person, at the page of the account.
func (s *ending) another(path string) (*testenv.Browser, *testenv.Page) {
	s.Helper()
	return atAccount(s.T, s.house, path, s.who)
}

var restoreLink = regexp.MustCompile(`/account/email/restore\?link=\S+`)

// mailedTo waits for a letter to the address that has the link.
func (s *ending) mailedTo(address string, link *regexp.Regexp) (found string) {
	s.Helper()
	within(s.T, time.Minute, "a letter with a link to "+address, func() bool {
		for _, m := range s.mail.Mails() {
			if m.To == address && found == "" {
				found = link.FindString(m.Text())
			}
		}
		return found != ""
	})
	return found
}

// A person for each of the ends after which an account is not what it was.
const leaving = `users:
  - {email: mover@example.com, password: correct-Horse-9, verified: true}
  - {email: forgetful@example.com, password: correct-Horse-9, verified: true}
  - {email: erased@example.com, password: correct-Horse-9, verified: true}
  - {email: barred@example.com, password: correct-Horse-9, verified: true}
  - {email: closed@example.com, password: correct-Horse-9, verified: true}
`

func leaver(name string) testenv.Person {
	return testenv.Person{Email: name + "@example.com", Password: "correct-Horse-9"}
}

// ends are the ways in which a session ends before its time.
var ends = []struct {
	name string
	who  testenv.Person
	end  func(s *ending)
}{
	{"hint", ada, func(s *ending) { endSession(s.browser, "GET", []string{"id_token_hint", s.hint}) }},
	{"form of another site", ada, func(s *ending) {
		endSession(s.house.Browser().For(s), "POST", []string{"id_token_hint", s.hint})
	}},
	{"question", ada, func(s *ending) { s.browser.Submit(endSession(s.browser, "GET", nil).Form("stay"), "submit") }},
	{"sign out here", ada, func(s *ending) { at(s.T, s.browser.Post("/account/signout", nil), "/signed-out") }},
	{"sign out everywhere", ada, func(s *ending) {
		other, _ := s.another("/account")
		at(s.T, other.Post("/account/signout/everywhere", nil), "/signed-out")
	}},
	{"session ended on the account's page", ada, func(s *ending) {
		other, _ := s.another("/account")
		other.Post("/account/sessions/end", url.Values{"session": {claimsOf(s.T, s.hint)["sid"].(string)}})
	}},
	{"password changed", bob, func(s *ending) {
		other, p := s.another("/account/password")
		const next = "another-Staple-7"
		p = submit(s.T, other, p, "submit", "current", bob.Password, "password", next, "confirmation", next, "others", "1")
		submit(s.T, other, p, "submit", "current", next, "password", bob.Password, "confirmation", bob.Password)
	}},
	{"password set anew by a code", leaver("forgetful"), func(s *ending) {
		other := s.house.Browser().For(s)
		p := askCode(s.T, other, other.Get(s.app.Request().Path()), s.who.Email)
		p = submit(s.T, other, p, "submit", "code", s.mail.Codes(s.who.Email, 1)[0])
		at(s.T, newPasswordAt(other, p, newPassword), "/recover/done")
	}},
	{"e-mail address restored", leaver("mover"), func(s *ending) {
		const next = "mover@new.example"
		other, p := s.another("/account/email")
		submit(s.T, other, p, "submit", "email", next, "current", s.who.Password)
		link := mailedLink(s.T, received(s.T, s.mail, next, 1))
		submit(s.T, other, other.Get(link), "submit")
		owner := s.house.Browser().For(s)
		at(s.T, submit(s.T, owner, owner.Get(s.mailedTo(s.who.Email, restoreLink)), "submit"), "/account/email/restore")
	}},
	{"somebody else signs in", ada, func(s *ending) {
		p := at(s.T, s.browser.Get(s.app.Request("prompt", "login").Path()), "/signin/password")
		s.browser.Finish(s.browser.Get("/signin?other=1&"+p.URL.RawQuery), bob)
	}},
	{"signet user signout", ada, func(s *ending) { s.run("", "user", "signout", s.who.Email) }},
	{"signet user password", bob, func(s *ending) { s.run("battery-Staple-7\n", "user", "password", s.who.Email) }},
	{"signet user disable", ada, func(s *ending) { s.run("", "user", "disable", s.who.Email) }},
	{"signet user delete", leaver("erased"), func(s *ending) { s.run("", "user", "delete", s.who.Email, "--yes") }},
	{"signet apply, disabled", leaver("barred"), func(s *ending) {
		s.run("users: [{email: "+s.who.Email+", disabled: true}]", "apply", "-f", "-")
	}},
	{"account closed", leaver("closed"), func(s *ending) {
		submit(s.T, s.browser, s.browser.Get("/account/close"), "submit", "current", s.who.Password)
	}},
}

// TestEveryEndIsTold: however a session ends, its apps are told.
func TestEveryEndIsTold(t *testing.T) {
	t.Parallel()
	for _, backend := range testenv.Backends {
		t.Run(string(backend), func(t *testing.T) {
			l, mail := listen(t, nil), mailtest.Start(t, mailtest.Options{})
			one, declaration := l.declare("one")
			e := boot(t, testenv.Options{Backend: backend, Nodes: 1 + map[testenv.Backend]int{testenv.Full: 1}[backend], Env: map[string]string{
				"SIGNET_OUTBOUND_ALLOW_PRIVATE": "true", "SIGNET_SMTP_URL": mail.URL(), "SIGNET_SMTP_FROM": "House <no-reply@id.example>",
			}})
			e.Apply("clients:\n" + declaration + leaving)
			seen := 0
			for _, c := range ends {
				t.Run(c.name, func(t *testing.T) {
					s := &ending{T: t, house: e, mail: mail, who: c.who, browser: e.Browser().For(t), app: e.App(t, one)}
					s.hint = tokens(t, s.browser, s.app, c.who).Str("id_token")
					c.end(s)
					sid := claimsOf(t, s.hint)["sid"].(string)
					for found := false; !found; {
						seen++
						found = verifyLogout(t, e, one.ID, l.wait(one.ID, seen)[seen-1].token).SessionID == sid
					}
				})
			}
		})
	}
}
