package protocol

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"signet/internal/mail/mailtest"
	"signet/internal/testenv"
)

// limitedHouse is a house with its limits, on two nodes, whose mail the test reads.
func limitedHouse(t *testing.T, backend testenv.Backend, env map[string]string) (*testenv.Env, *mailtest.Server) {
	t.Helper()
	server := mailtest.Start(t, mailtest.Options{})
	settings := map[string]string{
		"SIGNET_SMTP_URL": server.URL(), "SIGNET_SMTP_FROM": "House <no-reply@id.example>", "SIGNET_LIMITS_EXEMPT": "192.0.2.0/24",
	}
	for k, v := range env {
		settings[k] = v
	}
	nodes := 2
	if backend == testenv.Embedded {
		nodes = 1
	}
	return boot(t, testenv.Options{Backend: backend, Nodes: nodes, Env: settings, Declare: polyglots}), server
}

// manyGuesses submits the form n times at once with different guesses, and
// counts the pages by whether they say that there were too many.
func manyGuesses(t *testing.T, b *testenv.Browser, f *testenv.Form, n int, guess func(i int) []string, evaluated func(p *testenv.Page) bool) int {
	t.Helper()
	var count atomic.Int64
	var group sync.WaitGroup
	start, slots := make(chan struct{}), make(chan struct{}, 100)
	for i := range n {
		tab := b.For(t)
		group.Go(func() {
			<-start
			slots <- struct{}{}
			defer func() { <-slots }()
			p := tab.Submit(f, "submit", guess(i)...)
			if p.Status != http.StatusOK && p.Status != http.StatusTooManyRequests {
				t.Errorf("a guess: %s, status %d", p.URL, p.Status)
			}
			if evaluated(p) {
				count.Add(1)
			}
		})
	}
	close(start)
	group.Wait()
	return int(count.Load())
}

// TestParallelGuesses: of a thousand at once on all nodes no more are evaluated
// than the limit allows, of passwords and of codes.
func TestParallelGuesses(t *testing.T) {
	t.Parallel()
	const guesses = 1000
	for _, backend := range testenv.Backends {
		t.Run(string(backend), func(t *testing.T) {
			e, server := limitedHouse(t, backend, map[string]string{
				"SIGNET_DATABASE_DEADLINE": "1m", "SIGNET_REDIS_DEADLINE": "1m", // a busy machine is not what is tested
				"SIGNET_LIMITS_SIGN_IN_NETWORK": "100000/15m", "SIGNET_LIMITS_CODE_NETWORK": "100000/15m", "SIGNET_LIMITS_CODE_ACCOUNT": "8/1d",
			})
			b := e.Browser().For(t)
			p := b.Get("/signin")
			p = b.Submit(p.Form("username"), "submit", "username", ada.Email)
			n := manyGuesses(t, b, p.Form("password"), guesses,
				func(i int) []string { return []string{"password", "guess " + strconv.Itoa(i)} },
				func(p *testenv.Page) bool { return p.Status == http.StatusOK })
			if n > 10 || n == 0 {
				t.Errorf("%d of %d passwords were evaluated, want 10", n, guesses)
			}

			p = b.Get("/recover")
			p = b.Submit(p.Form("submit"), "submit", "username", grete.Email)
			server.Codes(grete.Email, 1)
			wrong := func(i int) []string { return []string{"code", "guess " + strconv.Itoa(i)} }
			n = manyGuesses(t, b, p.Form("code"), guesses/2, wrong, func(p *testenv.Page) bool { return strings.Contains(p.Body, "not the code") })
			if n > 4 {
				t.Errorf("after %d of %d codes another was allowed, want 4 (and the fifth was the last)", n, guesses/2)
			}
			// A second code does not double the guesses: the address has its own limit.
			other := e.Browser().For(t)
			p = other.Get("/recover")
			p = other.Submit(p.Form("submit"), "submit", "username", grete.Email)
			server.Codes(grete.Email, 2)
			n = manyGuesses(t, other, p.Form("code"), guesses/2, wrong, func(p *testenv.Page) bool { return p.Status == http.StatusOK })
			if n > 8 {
				t.Errorf("%d of %d codes were looked at, want at most 8 for the address", n, guesses/2)
			}
		})
	}
}

// TestStrangersLockNobodyOut: whoever uses up the tries at an address, its
// owner's browser has its own.
func TestStrangersLockNobodyOut(t *testing.T) {
	t.Parallel()
	e, server := limitedHouse(t, testenv.Full, map[string]string{
		"SIGNET_LIMITS_SIGN_IN_ACCOUNT": "3/15m", "SIGNET_LIMITS_RECOVERY_ACCOUNT": "2/1h", "SIGNET_LIMITS_CODE_ACCOUNT": "5/1d",
	})
	owner := e.Browser().For(t)
	enter(t, owner, grete, firefox)
	owner.SetCookie("signet_session", "")

	stranger := e.Browser().For(t)
	limited := func(p *testenv.Page) bool { return p.Status == http.StatusTooManyRequests }
	p := stranger.Get("/signin")
	p = stranger.Submit(p.Form("username"), "submit", "username", grete.Email)
	for i := range 5 {
		p = stranger.Submit(p.Form("password"), "submit", "password", "guess "+strconv.Itoa(i))
	}
	if !limited(p) || p.Header.Get("Retry-After") == "" {
		t.Errorf("a stranger's fifth guess: status %d", p.Status)
	}
	p = stranger.Get("/recover")
	ask := p.Form("submit")
	for range 2 {
		p = at(t, stranger.Submit(ask, "submit", "username", grete.Email), "/recover/code")
	}
	if p := stranger.Submit(ask, "submit", "username", strings.ToUpper(grete.Email)); !limited(p) {
		t.Errorf("a third code for the address: status %d", p.Status)
	}
	if p := stranger.Submit(p.Form("code"), "resend"); !limited(p) {
		t.Errorf("a third code for the address, sent again: status %d", p.Status)
	}
	for range 8 {
		p = stranger.Submit(p.Form("code"), "submit", "code", "none")
	}
	if !limited(p) {
		t.Errorf("a stranger's eighth code: status %d", p.Status)
	}
	sent := len(server.Codes(grete.Email, 2))

	// The owner signs in, or sets a new password.
	enter(t, owner, grete, firefox)
	owner.SetCookie("signet_session", "")
	p = owner.Get("/recover")
	p = at(t, owner.Submit(p.Form("submit"), "submit", "username", grete.Email), "/recover/code")
	p = at(t, owner.Submit(p.Form("code"), "submit", "code", server.Codes(grete.Email, sent+1)[sent]), "/recover/password")
	at(t, newPasswordAt(owner, p, newPassword), "/recover/done")

	// Nobody's address is no other.
	p = stranger.Get("/recover")
	for range 3 {
		p = stranger.Submit(ask, "submit", "username", "nobody@example.com")
	}
	if !limited(p) {
		t.Errorf("a third code for nobody: status %d", p.Status)
	}
}

// TestBrowsersAreForgotten: a new password ends what a browser that is not the
// owner's was granted: tries of its own.
func TestBrowsersAreForgotten(t *testing.T) {
	t.Parallel()
	e, server := limitedHouse(t, testenv.Embedded, map[string]string{"SIGNET_LIMITS_SIGN_IN_ACCOUNT": "3/15m"})
	owner, thief := e.Browser().For(t), e.Browser().For(t)
	enter(t, owner, grete, firefox)
	enter(t, thief, grete, liar)
	p := owner.Get("/recover")
	p = at(t, owner.Submit(p.Form("submit"), "submit", "username", grete.Email), "/recover/code")
	p = at(t, owner.Submit(p.Form("code"), "submit", "code", server.Codes(grete.Email, 1)[0]), "/recover/password")
	at(t, newPasswordAt(owner, p, newPassword), "/recover/done")

	// A stranger and the thief share three tries.
	for i, b := range []*testenv.Browser{e.Browser().For(t), thief, e.Browser().For(t), thief} {
		b.SetCookie("signet_session", "")
		p := b.Get("/signin")
		p = b.Submit(p.Form("username"), "submit", "username", grete.Email)
		p = b.Submit(p.Form("password"), "submit", "password", "wrong")
		if limited := p.Status == http.StatusTooManyRequests; limited != (i == 3) {
			t.Errorf("try %d: status %d", i, p.Status)
		}
	}
	enter(t, owner, testenv.Person{Email: grete.Email, Password: newPassword}, firefox)
}
