package fault

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"signet/internal/mail/mailtest"
	"signet/internal/testenv"
)

// kills is how often a node is killed while people sign up.
const kills = 5

// TestKilled kills the built program as the want of memory would.
func TestKilled(t *testing.T) {
	t.Parallel()
	program := testenv.Build(t)
	t.Run("during sign-ups", func(t *testing.T) { killedDuringSignUps(t, program) })
	t.Run("while an account is closed", func(t *testing.T) { killedWhileClosing(t, program) })
	t.Run("while people are signed out", func(t *testing.T) { killedWhileSigningOut(t, program) })
	t.Run("while apps are told of sign-outs", func(t *testing.T) { killedWhileTelling(t, program) })
}

// killedDuringSignUps: nodes are killed, again and again and at random moments,
// while people make accounts. Whoever was told to look for a letter gets it, and
// no second one but the same once more for a kill; the code makes the account;
// and an account that somebody was let into is there.
func killedDuringSignUps(t *testing.T, program string) {
	t.Parallel()
	for backend, nodes := range map[testenv.Backend]int{testenv.Embedded: 1, testenv.Postgres: 2, testenv.Full: 2} {
		t.Run(string(backend), func(t *testing.T) {
			t.Parallel()
			mail := mailtest.Start(t, mailtest.Options{})
			e := testenv.Start(t, testenv.Options{Backend: backend, Nodes: nodes, Program: program, Env: map[string]string{
				"SIGNET_LIMITS_EXEMPT": "127.0.0.0/8,::1/128", "SIGNET_SMTP_URL": mail.URL(),
				"SIGNET_SMTP_FROM": "House <no-reply@id.example>", "SIGNET_SMTP_TIMEOUT": "1s",
			}})
			people := rush(t, e, mail)
			for _, p := range people {
				p.finish(mail)
			}
			allThere(t, e, people)
			onceEach(t, mail, people)
		})
	}
}

// rush lets people sign up for as long as nodes are killed, and returns them.
func rush(t *testing.T, e *testenv.Env, mail *mailtest.Server) []*newcomer {
	t.Helper()
	var over atomic.Bool
	var answered atomic.Int32
	var mu sync.Mutex
	var people []*newcomer
	var queue sync.WaitGroup
	for place := range 8 {
		queue.Go(func() {
			for i := 0; !over.Load(); i++ {
				p := &newcomer{t: t, email: fmt.Sprintf("nova%d.%d@example.com", place, i), browser: e.Browser().For(t)}
				mu.Lock()
				people = append(people, p)
				mu.Unlock()
				p.signUp()
				answered.Add(1)
				if i%2 == 0 {
					p.finish(mail)
				}
			}
		})
	}
	for range kills {
		before := answered.Load()
		for end := time.Now().Add(time.Minute); answered.Load() == before && time.Now().Before(end); {
			time.Sleep(5 * time.Millisecond) // somebody was served since the last
		}
		wait, node := rand.N(400*time.Millisecond), rand.IntN(len(e.Nodes))
		time.Sleep(wait)
		e.Kill(node)
		t.Logf("node %d was killed %v after a sign-up; %d were answered by then", node, wait, answered.Load())
		e.Restart(node)
	}
	over.Store(true)
	queue.Wait()
	return people
}

// newcomer is somebody who makes an account, and does again what failed.
type newcomer struct {
	t       *testing.T
	email   string
	browser *testenv.Browser
	page    *testenv.Page // that says to look for the letter
	entered bool          // the code led to the account
	over    bool          // and whether it did or not, the person is there
}

const newPassword = "Sturdy-bridge-77"

// insist does it until a node answers.
func (p *newcomer) insist(do func() *testenv.Page) *testenv.Page { return insist(p.t, p.email, do) }

func insist(t *testing.T, who string, do func() *testenv.Page) *testenv.Page {
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		page := do()
		if page.Status != http.StatusBadGateway && page.Status != http.StatusServiceUnavailable {
			return page
		}
		if time.Now().After(end) {
			t.Errorf("%s: no node answers: %d", who, page.Status)
			return page
		}
	}
}

// signUp walks through the wizard to the page that waits for the code.
func (p *newcomer) signUp() {
	page := p.insist(func() *testenv.Page { return p.browser.Get("/signup") })
	for _, step := range []struct {
		field string
		pairs []string
	}{
		{"username", []string{"username", p.email}},
		{"confirmation", []string{"password", newPassword, "confirmation", newPassword}},
		{"given_name", []string{"given_name", "Nova", "family_name", "Comer", "birthdate", "1990-12-09"}},
	} {
		form := page.Form(step.field)
		if form == nil {
			p.t.Errorf("%s: %s %d has no field %s", p.email, page.URL.Path, page.Status, step.field)
			return
		}
		page = p.insist(func() *testenv.Page { return p.browser.Submit(form, "submit", step.pairs...) })
	}
	if page.Form("code") == nil {
		p.t.Errorf("%s: the wizard ends at %s %d", p.email, page.URL.Path, page.Status)
		return
	}
	p.page = page
}

// finish types the code of the letter, unless that was done. Where the answer to
// it is lost with a node, the account is there, and its password opens it.
func (p *newcomer) finish(mail *mailtest.Server) {
	if p.page == nil || p.over {
		return
	}
	code := mail.Codes(p.email, 1)[0]
	page := p.insist(func() *testenv.Page { return p.browser.Submit(p.page.Form("code"), "submit", "code", code) })
	p.over, p.entered = true, page.URL.Path == "/account" && page.Status == http.StatusOK
	for end := time.Now().Add(time.Minute); page.URL.Path != "/account"; page = p.signIn() {
		if time.Now().After(end) {
			p.t.Errorf("%s is not let in: %s %d", p.email, page.URL.Path, page.Status)
			return
		}
	}
}

// signIn begins a sign-in and goes through it, unless a session was the answer
// to what was done before.
func (p *newcomer) signIn() *testenv.Page {
	page := p.insist(func() *testenv.Page { return p.browser.Get("/account") })
	if name := page.Form("username"); name != nil {
		page = p.insist(func() *testenv.Page { return p.browser.Submit(name, "submit", "username", p.email) })
	}
	if form := page.Form("password"); form != nil {
		page = p.insist(func() *testenv.Page { return p.browser.Submit(form, "submit", "password", newPassword) })
	}
	return page
}

// allThere checks that everybody has one account.
func allThere(t *testing.T, e *testenv.Env, people []*newcomer) {
	t.Helper()
	_, out, errs := e.Run("", "user", "list", "--limit", "100000")
	entered := 0
	for _, p := range people {
		if n := strings.Count(out, p.email); n != 1 {
			t.Errorf("%s has %d accounts; was let in: %v", p.email, n, p.entered)
		}
		if p.entered {
			entered++
		}
	}
	if entered == 0 {
		t.Errorf("nobody was let in by a code; %s", errs)
	}
	t.Logf("%d accounts; to %d of them the code led at once", len(people), entered)
}

// onceEach checks that everybody got one letter. A server that took a mail from
// a node that dies before it can write that down gets the same mail again (RFC
// 5321 §4.5.4.1, §6.1), and the reader sees by its Message-ID that it is the same.
func onceEach(t *testing.T, mail *mailtest.Server, people []*newcomer) {
	t.Helper()
	ids, mails := map[string]map[string]bool{}, mail.Mails()
	for _, p := range people {
		ids[p.email] = map[string]bool{}
	}
	for _, m := range mails {
		if ids[m.To] == nil {
			t.Fatalf("a letter to %q, who is nobody", m.To)
		}
		ids[m.To][m.ID()] = true
	}
	for email, different := range ids {
		if len(different) != 1 {
			t.Errorf("%s got %d letters", email, len(different))
		}
	}
	repeats := len(mails) - len(people)
	if repeats > kills {
		t.Errorf("%d letters came twice, by %d kills", repeats, kills)
	}
	t.Logf("%d letters, %d of them twice", len(people), repeats)
}
