package protocol

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"signet/internal/testenv"
)

// flowID and requestID change with every visit.
var changing = regexp.MustCompile(`[\w-]{43}|<code dir="ltr">[\w-]{22}</code>`)

// answered is what a stranger can see of an answer.
func answered(p *testenv.Page, who testenv.Person) string {
	header := p.Header.Clone()
	for _, h := range []string{"Date", "Set-Cookie"} {
		header.Del(h)
	}
	body := changing.ReplaceAllString(strings.ReplaceAll(p.Body, who.Email, "EMAIL"), "HANDLE")
	header.Del("Content-Length") // follows from the body, and from the address
	return fmt.Sprintf("%d %s %v\n%s", p.Status, p.URL.Path, header, body)
}

// TestSignUpTellsNobody: an address with an account gets the same answers on
// every page; only its mail differs.
func TestSignUpTellsNobody(t *testing.T) {
	t.Parallel()
	for _, backend := range []testenv.Backend{testenv.Embedded, testenv.Postgres} {
		t.Run(string(backend), func(t *testing.T) {
			t.Parallel()
			h := newcomersAt(t, testenv.Options{Backend: backend, Env: map[string]string{"SIGNET_SIGN_UP_RESEND_AFTER": "1m"}})
			var seen [2][]string
			for i, who := range []testenv.Person{
				{Email: "new@example.com", Password: eve.Password}, {Email: ada.Email, Password: eve.Password},
			} {
				b := h.env.Browser().For(t)
				p := b.Get("/signup")
				see := func(p *testenv.Page) *testenv.Page {
					seen[i] = append(seen[i], answered(p, who))
					return p
				}
				p = see(fillIn(t, b, p, who))
				for range 6 { // the last is one too many
					p = see(b.Submit(p.Form("code"), "submit", "code", "000000"))
				}
				p = see(b.Submit(p.Form("resend"), "resend"))
				see(b.Get(p.URL.Path + "?" + p.URL.RawQuery))
				seen[i] = append(seen[i], state(t, b, p))
				// The stranger knows the password that was made up, too.
				signIn := b.Submit(b.Get("/signin").Form("username"), "submit", "username", who.Email)
				see(b.Submit(signIn.Form("password"), "submit", "password", who.Password))
			}
			for k := range seen[0] {
				if seen[0][k] != seen[1][k] {
					t.Errorf("answer %d tells who has an account:\n%s\n%s", k, seen[0][k], seen[1][k])
				}
			}
			var subjects []string
			for _, m := range h.mail.Wait(2) {
				subjects = append(subjects, m.To+": "+sixDigits.ReplaceAllString(read(t, m).subject, "N"))
			}
			slices.Sort(subjects)
			if want := []string{"ada@example.com: You have an account already", "new@example.com: N is your code"}; !slices.Equal(subjects, want) {
				t.Errorf("the letters: %q", subjects)
			}
		})
	}
}

// TestParallelSignUps: fifty people sign up with one address at once, on two
// nodes: one letter goes out, and its code makes the one account.
func TestParallelSignUps(t *testing.T) {
	t.Parallel()
	for backend, nodes := range map[testenv.Backend]int{testenv.Embedded: 1, testenv.Postgres: 2, testenv.Full: 2} {
		t.Run(string(backend), func(t *testing.T) {
			t.Parallel()
			parallelSignUps(t, newcomersAt(t, testenv.Options{Backend: backend, Nodes: nodes, Env: map[string]string{"SIGNET_SIGN_UP_RESEND_AFTER": "1h"}}))
		})
	}
}

func parallelSignUps(t *testing.T, h *newHouse) {
	t.Helper()
	const crowd = 50
	var pages [crowd]*testenv.Page
	var browsers [crowd]*testenv.Browser
	var all sync.WaitGroup
	for i := range crowd {
		browsers[i] = h.env.Browser().For(t)
		p := browsers[i].Get("/signup")
		all.Go(func() { pages[i] = fillIn(t, browsers[i], p, eve) })
	}
	all.Wait()
	code := read(t, h.mail.Wait(1)[0]).code
	entered := 0
	for i := range crowd {
		got := browsers[i].Submit(pages[i].Form("code"), "submit", "code", code)
		if got.URL.Path == "/account" {
			entered++
		}
	}
	if _, out, _ := h.env.Run("", "user", "list"); entered != 1 || strings.Count(out, eve.Email) != 1 {
		t.Errorf("%d of them entered; the accounts:\n%s", entered, out)
	}
	if n := len(h.mail.Mails()); n != 1 {
		t.Errorf("%d letters", n)
	}
}

// TestSignUpCode: five tries for a code, and a new one has five of its own.
func TestSignUpCode(t *testing.T) {
	t.Parallel()
	h := newcomersAt(t, testenv.Options{})
	b := h.env.Browser().For(t)
	p, r, first := h.waitingFor(t, b, eve)
	for _, typed := range []string{"", "12345", "1234567", "abcdef"} { // no code, no try
		if p = b.Submit(p.Form("code"), "submit", "code", typed); !strings.Contains(p.Body, "Enter the code") {
			t.Errorf("the code %q: %s", typed, p.Body)
		}
	}
	wrong := "000000"
	if first.code == wrong {
		wrong = "000001"
	}
	for range 5 {
		p = b.Submit(p.Form("code"), "submit", "code", wrong)
	}
	if got := b.Submit(p.Form("code"), "submit", "code", first.code); !strings.Contains(got.Body, "no longer works") {
		t.Fatalf("the sixth try: %d %s", got.Status, got.Body)
	}
	p = b.Submit(p.Form("resend"), "resend")
	second := read(t, h.mail.Wait(2)[1])
	if old := h.env.Browser().For(t).Get(first.link); old.Status != http.StatusGone {
		t.Errorf("the link of the first letter: %d", old.Status)
	}
	// In the digits that the person's keyboard has.
	arabic := strings.Map(func(c rune) rune { return '\u0660' + c - '0' }, second.code)
	if answer := r.Answer(b.Submit(p.Form("code"), "submit", "code", arabic)); answer.Get("code") == "" {
		t.Errorf("the second letter's code: %v", answer)
	}
}

// TestSignUpLimits: the limits hold for one network, too.
func TestSignUpLimits(t *testing.T) {
	t.Parallel()
	h := newcomersAt(t, testenv.Options{Env: map[string]string{
		"SIGNET_LIMITS_EXEMPT": "", "SIGNET_LIMITS_SIGN_UP_NETWORK": "2/1h", "SIGNET_LIMITS_SIGN_UP_CODE": "3/1h",
	}})
	b := h.env.Browser().For(t)
	p, _, _ := h.waitingFor(t, b, eve)
	for range 3 {
		p = b.Submit(p.Form("code"), "submit", "code", "000000")
	}
	if p = b.Submit(p.Form("code"), "submit", "code", "000000"); p.Status != http.StatusTooManyRequests || p.Header.Get("Retry-After") == "" {
		t.Errorf("the fourth code: %d", p.Status)
	}
	b.Submit(p.Form("resend"), "resend")
	h.mail.Wait(2)
	if p = b.Submit(p.Form("resend"), "resend"); !strings.Contains(p.Body, "just written") {
		t.Errorf("the third letter: %d %s", p.Status, p.Body)
	}
	other := h.env.Browser().For(t)
	flow := other.Get("/signup").URL.Query().Get("flow")
	post := func(path string, pairs ...string) *testenv.Page {
		fields := url.Values{"flow": {flow}}
		for i := 0; i+1 < len(pairs); i += 2 {
			fields.Set(pairs[i], pairs[i+1])
		}
		return other.Post(path, fields)
	}
	post("/signup", "username", "mallory@example.com")
	post("/signup/password", "password", eve.Password, "confirmation", eve.Password)
	about := []string{"given_name", "M", "family_name", "N", "birthdate", "1990-12-09"}
	if p := post("/signup/about", about...); p.Status != http.StatusTooManyRequests || p.Header.Get("Retry-After") == "" {
		t.Errorf("the fourth sign-up: %d %s", p.Status, p.Body)
	}
	// Nothing was lost: the page can be sent again.
	if p := other.Get("/signup/about?flow=" + flow); p.Status != http.StatusOK || p.Form("given_name").Fields.Get("given_name") != "M" {
		t.Errorf("after it: %d %s", p.Status, p.Body)
	}
}

// TestStrangersUseUpLetters: one network does not get all the letters of an
// address, and who reads them gets them back.
func TestStrangersUseUpLetters(t *testing.T) {
	t.Parallel()
	h := newcomersAt(t, testenv.Options{Env: map[string]string{
		"SIGNET_LIMITS_EXEMPT": "", "SIGNET_LIMITS_MAILS_NETWORK": "2/1h", "SIGNET_LIMITS_SIGN_UP_MAILS": "3/1d",
		"SIGNET_TRUSTED_PROXIES": "127.0.0.0/8,::1/128",
	}})
	from := func(network string) *testenv.Browser {
		b := h.env.Browser().For(t)
		b.Header.Set("X-Forwarded-For", network)
		return b
	}
	for _, network := range []string{"192.0.2.1", "198.51.100.1"} {
		b := from(network)
		p := fillIn(t, b, b.Get("/signup"), testenv.Person{Email: eve.Email, Password: "Fremder-Plan-66"})
		b.Submit(p.Form("resend"), "resend")
		if got := b.Submit(p.Form("resend"), "resend"); !strings.Contains(got.Body, "just written") {
			t.Errorf("the third letter for %s: %d %s", network, got.Status, got.Body)
		}
		other := testenv.Person{Email: network + "@example.com", Password: eve.Password}
		b = from(network)
		fillIn(t, b, b.Get("/signup"), other) // another address is another matter
		h.mail.Codes(other.Email, 1)
	}
	owner := from("203.0.113.1")
	fillIn(t, owner, owner.Get("/signup"), eve)
	var last string
	mails := h.mail.Wait(5)
	for _, m := range mails {
		if l := read(t, m); l.to == eve.Email {
			last = l.link
		}
	}
	if len(mails) != 5 || last == "" {
		t.Fatalf("%d letters, want three to the owner and two to others", len(mails))
	}
	link := owner.Get(last)
	if denied := owner.Submit(link.Form("deny"), "deny"); denied.URL.Path != "/signup/deny" || denied.Status != http.StatusOK {
		t.Fatalf("denied: %d %s", denied.Status, denied.Body)
	}
	owner = from("203.0.113.1")
	p := fillIn(t, owner, owner.Get("/signup"), eve)
	code := h.mail.Codes(eve.Email, 4)[3]
	if got := owner.Submit(p.Form("code"), "submit", "code", code); got.URL.Path != "/account" {
		t.Errorf("the owner: %d %s", got.Status, got.URL)
	}
}

// TestSignUpPasswords: a password is hashed before any challenge, and no more of
// them than allowed; what is kept needs no new one.
func TestSignUpPasswords(t *testing.T) {
	t.Parallel()
	h := newcomersAt(t, testenv.Options{Env: map[string]string{
		"SIGNET_LIMITS_EXEMPT": "", "SIGNET_LIMITS_SIGN_UP_PASSWORD": "2/1h",
	}})
	b := h.env.Browser().For(t)
	p := b.Submit(b.Get("/signup").Form("username"), "submit", "username", eve.Email)
	password := p.Form("password")
	for i, status := range []int{http.StatusOK, http.StatusOK, http.StatusTooManyRequests} {
		got := b.Submit(password, "submit", "password", eve.Password, "confirmation", eve.Password)
		if got.Status != status {
			t.Errorf("password %d: %d, want %d", i+1, got.Status, status)
		}
	}
	if got := b.Submit(password, "submit"); got.URL.Path != "/signup/about" {
		t.Errorf("on with the one that is kept: %d %s", got.Status, got.URL)
	}
}

// TestWizardOrder: each page leads to the first that is missing, keeps what it
// was given, and makes nothing twice.
func TestWizardOrder(t *testing.T) {
	t.Parallel()
	h := newcomersAt(t, testenv.Options{})
	b := h.env.Browser().For(t)
	first := b.Get("/signup")
	flow := first.URL.Query().Get("flow")
	at := func(path string) string { return path + "?flow=" + flow }
	lead := func(wanted string) {
		t.Helper()
		for _, path := range []string{"/signup/password", "/signup/about", "/signup/robot", "/signup/check"} {
			if got := b.Get(at(path)); got.URL.Path != wanted && path >= wanted {
				t.Errorf("%s leads to %s, want %s", path, got.URL.Path, wanted)
			}
		}
	}
	lead("/signup")
	password := b.Submit(first.Form("username"), "submit", "username", eve.Email)
	if got := b.Get(at("/signup/about")); got.URL.Path != "/signup/password" {
		t.Errorf("about before the password: %s", got.URL.Path)
	}
	if got := b.Submit(password.Form("password"), "submit", "password", "short", "confirmation", "short", "news", "1"); got.Form("password") == nil ||
		!strings.Contains(got.Body, `id="news" value="1" checked`) {
		t.Errorf("a short password: %s", got.Body)
	}
	about := b.Submit(password.Form("password"), "submit", "password", eve.Password, "confirmation", eve.Password, "news", "1")
	// Back, and on without typing: the password stays, the choice can change.
	back := b.Get(at("/signup/password"))
	if !strings.Contains(back.Body, "checked") || strings.Contains(back.Body, eve.Password) {
		t.Errorf("back at the password: %s", back.Body)
	}
	if got := b.Submit(back.Form("password"), "submit"); got.URL.Path != "/signup/about" {
		t.Errorf("on without typing: %s", got.URL.Path)
	}
	fields := []string{"given_name", "Eve", "family_name", "Adams", "birthdate", "1990-12-09"}
	var done sync.WaitGroup
	for range 8 { // the same page in many tabs
		tab := h.env.Browser().For(t)
		tab.SetCookie("signet_browser", b.Cookie("signet_browser"))
		done.Go(func() {
			if got := tab.Submit(about.Form("given_name"), "submit", fields...); got.URL.Path != "/signup/check" {
				t.Errorf("a tab ends at %s %d", got.URL.Path, got.Status)
			}
		})
	}
	done.Wait()
	if mails := h.mail.Wait(1); len(mails) != 1 {
		t.Errorf("%d letters", len(mails))
	}
	lead("/signup/check")
	if got := b.Submit(about.Form("given_name"), "submit", fields...); got.URL.Path != "/signup/check" {
		t.Errorf("the page sent once more: %s", got.URL.Path)
	}
	// The address is corrected; nothing else is asked again.
	correct := b.Get(at("/signup") + "&correct=1")
	got := b.Submit(correct.Form("username"), "submit", "username", "eva@example.com")
	if got.URL.Path != "/signup/check" || !strings.Contains(got.Body, "eva@example.com") {
		t.Fatalf("after the correction: %s %s", got.URL.Path, got.Body)
	}
	mails := h.mail.Wait(2)
	if old := b.Get(read(t, mails[0]).link); old.Status != http.StatusGone {
		t.Errorf("the link to the address before: %d", old.Status)
	}
	if end := b.Submit(got.Form("code"), "submit", "code", read(t, mails[1]).code); end.URL.Path != "/account" || end.Status != http.StatusOK {
		t.Errorf("the end: %s %d", end.URL.Path, end.Status)
	}
}

// TestSignUpsWhileMailIsDown: a mail server that is away changes no page, and
// every letter leaves when it is back. How long it takes after a minute,
// TestOutageOfAMinute in internal/mail shows.
func TestSignUpsWhileMailIsDown(t *testing.T) {
	t.Parallel()
	h := newcomersAt(t, testenv.Options{Backend: testenv.Postgres, Nodes: 2})
	h.mail.Down()
	const crowd = 100
	var all sync.WaitGroup
	for i := range crowd {
		b := h.env.Browser().For(t)
		p := b.Get("/signup")
		all.Go(func() {
			fillIn(t, b, p, testenv.Person{Email: fmt.Sprintf("eve%d@example.com", i), Password: eve.Password})
		})
	}
	all.Wait()
	h.mail.Up()
	seen := map[string]int{}
	for _, m := range h.mail.Wait(crowd) {
		seen[m.To]++
	}
	if n := len(h.mail.Mails()); n != crowd {
		t.Errorf("%d letters, want %d", n, crowd)
	}
	for i := range crowd {
		if n := seen[fmt.Sprintf("eve%d@example.com", i)]; n != 1 {
			t.Errorf("%d letters to number %d", n, i)
		}
	}
}

// TestWaitingList: operators see who waits, without a secret, and can remove one.
func TestWaitingList(t *testing.T) {
	t.Parallel()
	h := newcomersAt(t, testenv.Options{})
	b := h.env.Browser().For(t)
	p, _, mail := h.waitingFor(t, b, eve)
	code, out, errs := h.env.Run("", "user", "waiting", "-o", "json")
	id := regexp.MustCompile(`"id": "([0-9a-f-]{36})"`).FindStringSubmatch(out)
	if code != 0 || id == nil || !strings.Contains(out, eve.Email) || strings.Contains(out, "argon2id") || strings.Contains(out, mail.code) {
		t.Fatalf("who waits: %d %s%s", code, out, errs)
	}
	if code, out, errs = h.env.Run("", "user", "waiting", "--delete", id[1]); code != 0 {
		t.Fatalf("removal: %s%s", out, errs)
	}
	if got := state(t, b, p); got != gone {
		t.Errorf("after the removal: %s", got)
	}
	if code, _, errs = h.env.Run("", "user", "waiting", "--delete", id[1]); code != 1 || !strings.Contains(errs, "nobody waits") {
		t.Errorf("removed twice: %d %s", code, errs)
	}
	if _, out, _ = h.env.Run("", "audit"); !strings.Contains(out, "account.sign_up ") || !strings.Contains(out, "account.sign_up_denied") || strings.Contains(out, eve.Email) {
		t.Errorf("the audit log:\n%s", out)
	}
}

// TestNamesInLetters: what an app calls itself that anybody can register is not
// mailed to whom anybody can name; what the operator calls one is.
func TestNamesInLetters(t *testing.T) {
	t.Parallel()
	h := newcomersAt(t, testenv.Options{Env: openly})
	own := registered(t, call(t, "POST", h.env.Issuer+"/register", "", metadata{
		"redirect_uris": []string{"https://evil.example/cb"}, "client_name": "Win at evil.example",
	}))
	b := h.env.Browser().For(t)
	fillIn(t, b, createPage(t, b, b.Get(h.env.App(t, own).Request().Path())), eve)
	h.waitingFor(t, h.env.Browser().For(t), testenv.Person{Email: "new@example.com", Password: eve.Password})
	for _, m := range h.mail.Wait(2) {
		if named := strings.Contains(m.Text(), "Web shop"); named != (m.To == "new@example.com") || strings.Contains(m.Text(), "evil") {
			t.Errorf("to %s: %s", m.To, m.Text())
		}
	}
}
