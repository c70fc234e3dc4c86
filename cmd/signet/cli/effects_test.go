package cli

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"signet/config"
	"signet/internal/account"
	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/grant"
	"signet/internal/handle"
	"signet/internal/session"
	"signet/internal/store/storetest"
	"signet/internal/telemetry"
)

// program runs commands on stores of its own.
type program struct {
	t       testing.TB
	environ []string
}

func newProgram(t testing.TB, more ...string) *program {
	return &program{t, append([]string{
		"SIGNET_DATA=" + filepath.Join(t.TempDir(), "data"), "SIGNET_HASHING_MEMORY=7MiB", "SIGNET_HASHING_ITERATIONS=1",
	}, more...)}
}

// run runs a command as an operator does and returns what it printed.
func (p *program) run(stdin string, args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = Main(p.t.Context(), Process{Args: args, Environ: p.environ, Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs})
	return status, out.String(), errs.String()
}

// house opens the stores until the test ends.
func (p *program) house() *house {
	p.t.Helper()
	process := &Process{Environ: p.environ}
	cfg, err := config.Load("", process.getenv, p.environ)
	if err != nil {
		p.t.Fatal(err)
	}
	h, err := openHouse(p.t.Context(), cfg)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		if err := h.close(); err != nil {
			p.t.Error(err)
		}
	})
	return h
}

// TestSignedOut: whoever is disabled, erased or given another password has no
// session and no refresh token any more, whichever command did it.
func TestSignedOut(t *testing.T) {
	const email = "ada@example.com"
	for _, test := range []struct {
		name, stdin string
		args        []string
		kept        bool
	}{
		{name: "disable", args: []string{"user", "disable", email}},
		{name: "signout", args: []string{"user", "signout", email}},
		{name: "delete", args: []string{"user", "delete", email, "--yes"}},
		{name: "password", stdin: "correct-Horse-8\n", args: []string{"user", "password", email}},
		{name: "password, sessions kept", stdin: "correct-Horse-8\n", args: []string{"user", "password", email, "--keep-sessions"}, kept: true},
		{name: "apply, disabled", stdin: "users: [{email: " + email + ", disabled: true}]", args: []string{"apply", "-f", "-"}},
		{name: "apply, another password", stdin: "users: [{email: " + email + ", password: correct-Horse-8}]", args: []string{"apply", "-f", "-"}},
		{name: "apply, the same password", stdin: "users: [{email: " + email + ", password: correct-Horse-9}]", args: []string{"apply", "-f", "-"}, kept: true},
		{name: "apply, a name", stdin: "users: [{email: " + email + ", given_name: Ada}]", args: []string{"apply", "-f", "-"}, kept: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newProgram(t)
			h := p.house()
			accountID, token := signedIn(t, h, email, "correct-Horse-9")
			if status, _, stderr := p.run(test.stdin, test.args...); status != 0 {
				t.Fatalf("status %d: %s", status, stderr)
			}
			live, err := h.sessions.Live(t.Context(), accountID)
			if err != nil || (len(live) > 0) != test.kept {
				t.Errorf("%d sessions live, %v; want them kept: %t", len(live), err, test.kept)
			}
			_, _, err = h.grants.Refresh(t.Context(), token, "app", grant.Confirmation{})
			if (err == nil) != test.kept || err != nil && !fault.Is(err, fault.Expired) {
				t.Errorf("refresh: %v; want it to work: %t", err, test.kept)
			}
		})
	}
}

// signedIn makes an account with a session and a refresh token.
func signedIn(t *testing.T, h *house, email, password string) (accountID, token string) {
	t.Helper()
	ctx := t.Context()
	err := h.clients.Put(ctx, &client.Client{ID: "app", Metadata: client.Metadata{RedirectURIs: []string{"http://localhost:1/"}, GrantTypes: []string{client.GrantCode, client.GrantRefresh}}}, "")
	if err != nil {
		t.Fatal(err)
	}
	a, err := h.accounts.Create(ctx, account.New{Email: email, Password: password, Verified: true})
	if err != nil {
		t.Fatal(err)
	}
	f, err := h.sessions.StartFlow(ctx, "", handle.New(), session.Request{}, session.Progress{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = h.sessions.Begin(ctx, f, nil, session.SignIn{AccountID: a.ID}); err != nil {
		t.Fatal(err)
	}
	token, err = h.grants.StartFamily(ctx, grant.Grant{ID: grant.NewID(), ClientID: "app", AccountID: a.ID}, grant.Confirmation{})
	if err != nil {
		t.Fatal(err)
	}
	return a.ID, token
}

// TestApplyAtOnce: of several that apply the same to empty stores at once, each
// succeeds, and what is declared is made once.
func TestApplyAtOnce(t *testing.T) {
	for name, url := range map[string]func(testing.TB) string{"SQLite": storetest.SQLiteURL, "Postgres": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			p := newProgram(t, "SIGNET_DATABASE_URL="+url(t), "SIGNET_DATABASE_DEADLINE=20s")
			declared := "clients: [{id: app, secret: a-long-secret, redirect_uris: [\"http://localhost:1/\"]}]\nusers:\n"
			for i := range 5 {
				declared += fmt.Sprintf("  - {email: user%d@example.com, password: correct-Horse-9, verified: true}\n", i)
			}
			const callers = 4
			var wg sync.WaitGroup
			for range callers {
				wg.Go(func() {
					if status, _, stderr := p.run(declared, "apply", "-f", "-"); status != 0 {
						t.Errorf("status %d: %s", status, stderr)
					}
				})
			}
			wg.Wait()
			if _, stdout, stderr := p.run(declared, "apply", "-f", "-"); stdout != "6 unchanged\n" {
				t.Errorf("afterwards: %s%s", stdout, stderr)
			}
			if accounts, err := p.house().accounts.List(t.Context(), "", 10); err != nil || len(accounts) != 5 {
				t.Errorf("%d accounts, %v; want 5", len(accounts), err)
			}
		})
	}
}

// TestApplyImports: a hash that another program made opens the account, and
// what the person's sign-in made of it is no difference from what is declared.
func TestApplyImports(t *testing.T) {
	const email, password = "ada@example.com", "correct-Horse-9"
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	declared := fmt.Sprintf("users: [{email: %s, password_hash: %s, verified: true}]", email, hash)
	p := newProgram(t)
	if _, stdout, stderr := p.run(declared, "apply", "-f", "-"); stdout != "created user ada@example.com\n0 unchanged\n" {
		t.Fatal(stdout, stderr)
	}
	h := p.house()
	a, err := h.accounts.Authenticate(t.Context(), account.Credentials{Email: email, Password: password, IP: "192.0.2.1"})
	if err != nil {
		t.Fatalf("sign-in with the imported hash: %v", err)
	}
	if now, err := h.accounts.Get(t.Context(), a.ID); err != nil || now.PasswordHash == string(hash) {
		t.Fatalf("the sign-in renewed no hash, %v", err)
	}
	if _, stdout, stderr := p.run(declared, "apply", "-f", "-"); stdout != "1 unchanged\n" {
		t.Errorf("the imported hash took the place of its renewal: %s%s", stdout, stderr)
	}
}

// TestFailedWrites: what cannot be printed is a failure, as scripts that
// redirect to a full disk need to know.
func TestFailedWrites(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	p := newProgram(t)
	for _, args := range [][]string{{"client", "list"}, {"client", "list", "-o", "json"}, {"user", "list"}, {"keys", "list"}, {"audit"}, {"version"}, {"migrate"}} {
		var errs bytes.Buffer
		status := Main(context.WithoutCancel(t.Context()), Process{Args: args, Environ: p.environ, Stdin: strings.NewReader(""), Stdout: full, Stderr: &errs})
		if status != 1 || !strings.Contains(errs.String(), "no space left") {
			t.Errorf("%v: status %d, %q; want 1 and the reason", args, status, errs.String())
		}
	}
}

// TestConsentsExport: the ledger comes out whole, and an operator withdraws for
// somebody who wrote a letter.
func TestConsentsExport(t *testing.T) {
	p := newProgram(t)
	h := p.house()
	ada, _ := signedIn(t, h, "ada@example.com", "correct-Horse-9")
	given := account.Agreement{
		AccountID: ada, Kind: account.AgreeNews, Given: true, Wording: "Schicken Sie mir \"Neues\", bitte.", Version: "1", Language: "de",
		Source: account.FromSignUp, ClientID: "app",
	}
	if _, err := h.ledger.Record(t.Context(), given); err != nil {
		t.Fatal(err)
	}
	_, text, _ := p.run("", "user", "consents", "ada@example.com")
	for _, want := range []string{"news: yes, by sign-up", given.Wording, "de, version 1", "/news/stop?link=news." + ada} {
		if !strings.Contains(text, want) {
			t.Errorf("text: no %q in %s", want, text)
		}
	}
	if status, _, stderr := p.run("", "user", "consents", "ada@example.com", "--withdraw", "news"); status != 0 {
		t.Fatal(stderr)
	}
	_, table, _ := p.run("", "user", "consents", "--all", "-o", "csv")
	rows, err := csv.NewReader(strings.NewReader(table)).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v: %s", len(rows), err, table)
	}
	if rows[1][8] != given.Wording || rows[1][3] != "yes" || rows[2][3] != "no" || rows[2][4] != "operator" || rows[2][9] != "" {
		t.Errorf("rows: %q", rows)
	}
	_, objects, _ := p.run("", "user", "consents", "ada@example.com", "-o", "json")
	var last struct {
		Given   bool
		Wording string
	}
	lines := strings.Split(strings.TrimSpace(objects), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Given || last.Wording != given.Wording {
		t.Errorf("json: %v, %s", err, objects)
	}
}

// TestErasure: every minute the nodes erase the accounts whose time has come, tell
// their owners, and leave a word in the audit log; others they tell that it is near.
func TestErasure(t *testing.T) {
	p := newProgram(t)
	h := p.house()
	ctx := t.Context()
	s := &server{house: h, log: slog.New(slog.DiscardHandler), metrics: telemetry.NewMetrics("test")}
	if _, err := s.handler(serveOptions{mailbox: true}); err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for email, left := range map[string]time.Duration{"over@example.com": -time.Second, "near@example.com": time.Hour, "far@example.com": 20 * 24 * time.Hour} {
		id, _ := signedIn(t, h, email, "correct-Horse-9")
		ids[email] = id
		a, err := h.accounts.Get(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.changes.Close(ctx, a, time.Now().Add(left), nil); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := s.pages.EraseClosed(ctx); err != nil {
			t.Fatal(err)
		}
	}
	for email, id := range ids {
		if _, err := h.accounts.Get(ctx, id); (err == nil) == (email == "over@example.com") {
			t.Errorf("%s: %v", email, err)
		}
	}
	mails, err := h.db.Mails(ctx, 10)
	if err != nil || len(mails) != 2 {
		t.Fatalf("%d mails, %v; want 2", len(mails), err)
	}
	for _, m := range mails {
		if want := map[string]string{"over@example.com": "account.erased", "near@example.com": "account.closing_soon"}[m.To]; m.Kind != want {
			t.Errorf("%s got %s, want %s", m.To, m.Kind, want)
		}
	}
	if _, out, _ := p.run("", "audit", "--user", ids["over@example.com"], "--action", "account.erase"); !strings.Contains(out, "system") {
		t.Errorf("the audit log: %s", out)
	}
}
