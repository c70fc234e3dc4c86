package account_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/handle"
	"signet/internal/outbox"
	sqlstore "signet/internal/store/sql"
	"signet/internal/store/storetest"
)

// gate lets everything pass, and counts.
type gate struct{ letters, codes int }

func (g *gate) Password(context.Context, string) error       { return nil }
func (g *gate) Letter(context.Context, string, string) error { g.letters++; return nil }
func (g *gate) Code(context.Context, string) error           { g.codes++; return nil }

// desk is where people sign up in a test.
type desk struct {
	*account.SignUps
	accounts *account.Service
	db       *sqlstore.DB
	clock    *storetest.Clock
	guard    *open
	gate     *gate
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	clock := storetest.NewClock()
	db, _ := storetest.Embedded(t, clock.Now)
	h, err := account.NewHasher(cheap)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{db: db, clock: clock, guard: &open{}, gate: &gate{}}
	d.accounts = account.NewService(db, h, d.guard, clock.Now)
	rules := account.SignUpRules{Waiting: time.Hour, Mails: account.MailLimits{Most: 100, Window: time.Hour}}
	d.SignUps = account.NewSignUps(db, h, d.guard, d.gate, make([]byte, 32), rules, clock.Now)
	return d
}

// keep signs up and returns what the letter to the address would say.
func (d *desk) keep(t *testing.T, email, password, browser string) (*account.SignUp, account.Secrets) {
	t.Helper()
	hash, err := d.Hash(t.Context(), "192.0.2.1", password)
	if err != nil {
		t.Fatal(err)
	}
	_, key, err := account.NormalizeEmail(email)
	if err != nil {
		t.Fatal(err)
	}
	su := &account.SignUp{ID: d.NewID(), Email: email, EmailKey: key, PasswordHash: hash, Browser: browser}
	var secrets account.Secrets
	if _, err := d.Keep(t.Context(), "192.0.2.1", su, d.compose(email, &secrets)); err != nil {
		t.Fatal(err)
	}
	return su, secrets
}

func (d *desk) compose(to string, secrets *account.Secrets) account.Compose {
	return func(s account.Secrets) (account.SignUpLetters, error) {
		*secrets = s
		mail := func(kind string) *outbox.Mail {
			return outbox.New(outbox.Mail{Kind: kind, To: to, Language: "en", Subject: s.Code, Text: s.Link, HTML: s.Link}, d.clock.Now())
		}
		return account.SignUpLetters{Activate: mail("activate"), Known: mail("known")}, nil
	}
}

func TestCodesOfSignUps(t *testing.T) {
	d := newDesk(t)
	mine, secrets := d.keep(t, "Ada@Example.com", "correct-Horse-9", "b")
	other, others := d.keep(t, "ada@example.com", "another-Horse-9", "c")
	if mine.CodeHash == other.CodeHash || len(secrets.Code) != 6 || secrets.Link == others.Link {
		t.Fatalf("secrets %+v and %+v", secrets, others)
	}
	try := func(id, code string) fault.Kind {
		_, err := d.TryCode(t.Context(), "192.0.2.1", id, code)
		return fault.KindOf(err)
	}
	if secrets.Code != others.Code {
		if got := try(mine.ID, others.Code); got != fault.Invalid {
			t.Errorf("another sign-up's code: %q", got)
		}
	}
	if got := try(mine.ID, secrets.Code); got != "" {
		t.Fatalf("the code: %q", got)
	}
	if got := try(other.ID, others.Code); got != fault.Invalid {
		t.Errorf("a code of the sign-up that came second: %q", got)
	}
	a, err := d.accounts.Authenticate(t.Context(), account.Credentials{Email: "ada@example.com", Password: "correct-Horse-9"})
	if err != nil || a.ID != mine.ID || a.Email != "Ada@Example.com" {
		t.Errorf("signs in as %+v, %v", a, err)
	}
	if d.gate.codes < 2 || d.gate.letters != 2 {
		t.Errorf("counted: %+v", d.gate)
	}
}

func TestConfirmNeedsThePassword(t *testing.T) {
	d := newDesk(t)
	su, secrets := d.keep(t, "ada@example.com", "correct-Horse-9", "b")
	found, err := d.ByLink(t.Context(), secrets.Link)
	if err != nil || found.ID != su.ID {
		t.Fatalf("by the link: %+v, %v", found, err)
	}
	if _, err := d.ByLink(t.Context(), secrets.Code); !fault.Is(err, fault.NotFound) {
		t.Errorf("by something else: %v", err)
	}
	if _, err := d.Confirm(t.Context(), found, "correct-Horse-8", "192.0.2.1"); !fault.Is(err, fault.Unauthenticated) || d.guard.given.Load() != 0 {
		t.Errorf("a wrong password: %v", err)
	}
	if a, err := d.Confirm(t.Context(), found, "correct-Horse-9", "192.0.2.1"); err != nil || a.ID != su.ID || d.guard.given.Load() != 1 {
		t.Errorf("the right one: %v, %v", a, err)
	}
	if n := d.guard.guesses.Load(); n != 2 {
		t.Errorf("%d guesses were counted", n)
	}
}

func TestWhoWaitsIsTold(t *testing.T) {
	d := newDesk(t)
	first, _ := d.keep(t, "ada@example.com", "correct-Horse-9", handle.Sum("mine"))
	d.keep(t, "ada@example.com", "a-strangers-1", handle.Sum("a stranger's"))
	signIn := func(password, browser string) *account.SignUp {
		_, err := d.accounts.Authenticate(t.Context(), account.Credentials{Email: "ada@example.com", Password: password, Browser: browser})
		waits, ok := errors.AsType[*account.Unproven](err)
		if !ok {
			if !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("%q: %v", password, err)
			}
			return nil
		}
		return waits.SignUp
	}
	if got := signIn("correct-Horse-9", "mine"); got == nil || got.ID != first.ID {
		t.Errorf("in the browser of the sign-up: %+v", got)
	}
	if got := signIn("wrong-Horse-99", "mine"); got != nil {
		t.Errorf("a wrong password: %+v", got)
	}
	d.clock.Pass(2 * time.Hour)
	if got := signIn("correct-Horse-9", "mine"); got != nil {
		t.Errorf("after its time: %+v", got)
	}
}

// TestWhoSignedUpLearnsNothing: the sign-up of an address that has an account,
// or gets one, waits for who made it like any other.
func TestWhoSignedUpLearnsNothing(t *testing.T) {
	d := newDesk(t)
	if _, err := d.accounts.Create(t.Context(), account.New{Email: "known@example.com", Password: "correct-Horse-9", Verified: true}); err != nil {
		t.Fatal(err)
	}
	owner, _ := d.keep(t, "new@example.com", "correct-Horse-9", handle.Sum("owner's"))
	for _, email := range []string{"unknown@example.com", "known@example.com", "new@example.com"} {
		su, _ := d.keep(t, email, "a-strangers-1", handle.Sum("mine"))
		if email == owner.Email {
			if _, err := d.Activate(t.Context(), owner); err != nil {
				t.Fatal(err)
			}
		}
		for _, browser := range []string{"mine", "another"} {
			_, err := d.accounts.Authenticate(t.Context(), account.Credentials{Email: email, Password: "a-strangers-1", Browser: browser})
			if waits, is := errors.AsType[*account.Unproven](err); !is || waits.SignUp.ID != su.ID {
				t.Errorf("%s in the browser %s: %v", email, browser, err)
			}
		}
		if got, err := d.Get(t.Context(), su.ID); err != nil || got.Active() {
			t.Errorf("%s: the page that waits shows %+v, %v", email, got, err)
		}
	}
	for _, email := range []string{"known@example.com", "new@example.com"} {
		if _, err := d.accounts.Authenticate(t.Context(), account.Credentials{Email: email, Password: "correct-Horse-9"}); err != nil {
			t.Errorf("the owner of %s: %v", email, err)
		}
	}
}

// TestSignUpsCostTheSame: what the database is asked does not depend on whether
// the address has an account, at the sign-up and at the sign-in.
func TestSignUpsCostTheSame(t *testing.T) {
	d := newDesk(t)
	if _, err := d.accounts.Create(t.Context(), account.New{Email: "known@example.com", Password: "correct-Horse-9", Verified: true}); err != nil {
		t.Fatal(err)
	}
	d.keep(t, "waits@example.com", "correct-Horse-9", "b")
	d.keep(t, "warm@example.com", "correct-Horse-9", "b") // statements are prepared
	cost := func(do func()) int64 {
		before := d.db.Statements()
		do()
		return d.db.Statements() - before
	}
	signUp := func(email string) int64 { return cost(func() { d.keep(t, email, "correct-Horse-9", "b") }) }
	signIn := func(email string) int64 {
		return cost(func() {
			_, err := d.accounts.Authenticate(t.Context(), account.Credentials{Email: email, Password: "wrong-Horse-99", Browser: "b"})
			if !fault.Is(err, fault.Unauthenticated) {
				t.Error(err)
			}
		})
	}
	known, fresh := signUp("known@example.com"), signUp("fresh@example.com")
	if known != fresh {
		t.Errorf("a sign-up costs %d statements with an account and %d without", known, fresh)
	}
	known, waits, nobody := signIn("known@example.com"), signIn("waits@example.com"), signIn("nobody@example.com")
	if known != waits || waits != nobody {
		t.Errorf("a sign-in costs %d statements with an account, %d with one that waits, %d with none", known, waits, nobody)
	}
}
