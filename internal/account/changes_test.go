package account_test

import (
	"errors"
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/audit"
	"signet/internal/fault"
	"signet/internal/handle"
	"signet/internal/outbox"
	sqlstore "signet/internal/store/sql"
	"signet/internal/store/storetest"
)

// changing is a house with one account, ada@example.com.
type changing struct {
	*account.Changes
	accounts *account.Service
	db       *sqlstore.DB
	guard    *open
	clock    *storetest.Clock
	ada      *account.Account
}

const adasPassword = "correct-Horse-9"

func newChanging(t *testing.T) *changing {
	t.Helper()
	clock := storetest.NewClock()
	accounts, db, guard := serviceOn(t, storetest.OpenSQL(t, storetest.SQLiteURL(t)), cheap, clock)
	ada, err := accounts.Create(t.Context(), account.New{Email: "ada@example.com", Password: adasPassword, Verified: true})
	if err != nil {
		t.Fatal(err)
	}
	return &changing{account.NewChanges(db, accounts, 30*24*time.Hour, clock.Now), accounts, db, guard, clock, ada}
}

func (c *changing) signIn(t *testing.T, email, password string) (*account.Authenticated, error) {
	return c.accounts.Authenticate(t.Context(), account.Credentials{Email: email, Password: password, IP: "192.0.2.1"})
}

func note(to string) *outbox.Mail {
	return outbox.New(outbox.Mail{Kind: "test", To: to, Language: "en", Subject: "s", Text: "t", HTML: "h"}, time.Now())
}

// TestProve: the current password is one guess, and none when it is right.
func TestProve(t *testing.T) {
	c := newChanging(t)
	if err := c.accounts.Prove(t.Context(), c.ada, account.Credentials{Password: adasPassword}); err != nil {
		t.Error(err)
	}
	err := c.accounts.Prove(t.Context(), c.ada, account.Credentials{Password: "wrong-Horse-9"})
	if !fault.Is(err, fault.Unauthenticated) || c.guard.guesses.Load() != 2 || c.guard.given.Load() != 1 {
		t.Errorf("%v, %d guesses, %d given back", err, c.guard.guesses.Load(), c.guard.given.Load())
	}
	none := *c.ada
	none.PasswordHash = ""
	if err := c.accounts.Prove(t.Context(), &none, account.Credentials{}); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("an account without a password: %v", err)
	}
}

// TestNewPassword: the old one is over, and whoever is late with it too.
func TestNewPassword(t *testing.T) {
	c := newChanging(t)
	if err := c.SetPassword(t.Context(), c.ada, "another-Horse-8", "b", nil); err != nil {
		t.Fatal(err)
	}
	if err := c.SetPassword(t.Context(), c.ada, "third-Horse-7", "b", nil); !fault.Is(err, fault.Conflict) {
		t.Errorf("from the state before: %v", err)
	}
	if _, err := c.signIn(t, "ada@example.com", adasPassword); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("the old password: %v", err)
	}
	if _, err := c.signIn(t, "ada@example.com", "another-Horse-8"); err != nil {
		t.Errorf("the new one: %v", err)
	}
}

// TestMovedAddress walks to a new address and back, with the links as they are
// mailed.
func TestMovedAddress(t *testing.T) {
	c, ctx := newChanging(t), t.Context()
	var link, back string
	letters := func(address, l string) (free, taken *outbox.Mail, err error) {
		link = l
		return note(address), note(address), nil
	}
	for typed, kind := range map[string]fault.Kind{"ADA@Example.com ": fault.Conflict, "nobody": fault.Invalid} {
		if err := c.AskEmail(ctx, c.ada, typed, letters); !fault.Is(err, kind) {
			t.Errorf("%q: %v, want %s", typed, err, kind)
		}
	}
	if err := c.AskEmail(ctx, c.ada, " Ada@New.example", letters); err != nil {
		t.Fatal(err)
	}
	if _, err := c.EmailOf(ctx, c.ada, handle.New()); !fault.Is(err, fault.Expired) {
		t.Errorf("another link: %v", err)
	}
	e, err := c.EmailOf(ctx, c.ada, link)
	if err != nil || e.NewEmail != "Ada@new.example" {
		t.Fatalf("the link stands for %+v, %v", e, err)
	}
	c.clock.Pass(account.ConfirmWithin)
	if _, err := c.EmailOf(ctx, c.ada, link); !fault.Is(err, fault.Expired) {
		t.Errorf("a day later: %v", err)
	}
	if err := c.AskEmail(ctx, c.ada, "ada@new.example", letters); err != nil {
		t.Fatal(err)
	}
	if e, err = c.EmailOf(ctx, c.ada, link); err != nil {
		t.Fatal(err)
	}
	failure := errors.New("no letter")
	if err := c.ConfirmEmail(ctx, c.ada, e, func(string) (*outbox.Mail, error) { return nil, failure }); !errors.Is(err, failure) {
		t.Errorf("without a letter: %v", err)
	}
	tell := func(b string) (*outbox.Mail, error) { back = b; return note(c.ada.Email), nil }
	if err := c.ConfirmEmail(ctx, c.ada, e, tell); err != nil {
		t.Fatal(err)
	}
	if _, err := c.signIn(t, "ada@new.example", adasPassword); err != nil {
		t.Errorf("at the new address: %v", err)
	}
	if _, err := c.signIn(t, "ada@example.com", adasPassword); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("at the old one: %v", err)
	}

	if e, err = c.Restorable(ctx, back); err != nil || e.OldEmail != "ada@example.com" {
		t.Errorf("restorable: %+v, %v", e, err)
	}
	var told string
	lost := func(a *account.Account) (*outbox.Mail, error) { told = a.Email; return note(a.Email), nil }
	for _, none := range []string{"", "x", link} {
		if _, err := c.RestoreEmail(ctx, none, lost); !fault.Is(err, fault.Expired) {
			t.Errorf("by %q: %v", none, err)
		}
	}
	unwritten := func(*account.Account) (*outbox.Mail, error) { return nil, failure }
	if _, err := c.RestoreEmail(ctx, back, unwritten); !errors.Is(err, failure) || told != "" {
		t.Errorf("without a letter: %v; told %q", err, told)
	}
	c.clock.Pass(account.RestoreWithin - time.Second)
	if e, err = c.RestoreEmail(ctx, back, lost); err != nil || e.AccountID != c.ada.ID || told != "ada@new.example" {
		t.Fatalf("restored: %+v, %v; told %q", e, err, told)
	}
	now, err := c.accounts.ByEmail(ctx, "ada@example.com")
	if err != nil || now.ID != c.ada.ID || now.PasswordHash != "" {
		t.Errorf("after: %+v, %v", now, err)
	}
}

// TestClosing: who closed an account signs in to nothing, keeps it, or loses it.
func TestClosing(t *testing.T) {
	c, ctx := newChanging(t), t.Context()
	eraseAt := c.EraseAt()
	if err := c.Close(ctx, c.ada, eraseAt, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(ctx, c.ada, eraseAt, nil); !fault.Is(err, fault.Conflict) {
		t.Errorf("closed twice: %v", err)
	}
	a, err := c.signIn(t, "ada@example.com", adasPassword)
	if err != nil || a.Status != account.Closed {
		t.Fatalf("signing in to it: %+v, %v", a, err)
	}
	if still, err := c.accounts.RecordSignIn(ctx, a.Account, &audit.Entry{Action: "session.begin"}); err != nil || still {
		t.Errorf("a session of it may begin: %t, %v", still, err)
	}
	if _, err := c.signIn(t, "ada@example.com", "wrong-Horse-9"); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("with a wrong password: %v", err)
	}
	kept, err := c.Keep(ctx, c.ada)
	if err != nil || kept.Status != account.Active {
		t.Fatalf("kept: %+v, %v", kept, err)
	}
	if _, err := c.Keep(ctx, c.ada); !fault.Is(err, fault.Expired) {
		t.Errorf("kept twice: %v", err)
	}

	if err := c.Close(ctx, kept, eraseAt, nil); err != nil {
		t.Fatal(err)
	}
	due := func(wantRemind, wantErase int) (remind, erase []*account.Closing) {
		t.Helper()
		remind, erase, err := c.Due(ctx)
		if err != nil || len(remind) != wantRemind || len(erase) != wantErase {
			t.Errorf("due: %d to be told, %d to be erased, %v; want %d and %d", len(remind), len(erase), err, wantRemind, wantErase)
		}
		return remind, erase
	}
	due(0, 0)
	c.clock.Pass(27 * 24 * time.Hour)
	remind, _ := due(1, 0)
	if err := c.Remind(ctx, remind[0], note("ada@example.com")); err != nil {
		t.Fatal(err)
	}
	due(0, 0)
	if done, err := c.Erase(ctx, remind[0], nil); err != nil || done {
		t.Errorf("erased before its time: %t, %v", done, err)
	}
	c.clock.Pass(3 * 24 * time.Hour)
	_, erase := due(0, 1)
	if done, err := c.Erase(ctx, erase[0], note("ada@example.com")); err != nil || !done {
		t.Errorf("erased: %t, %v", done, err)
	}
	if _, err := c.accounts.Get(ctx, c.ada.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("the account is there: %v", err)
	}
}

// TestDeclaredWhileClosing: declaring an account again does not undo what its
// owner did; disabling it does.
func TestDeclaredWhileClosing(t *testing.T) {
	c, ctx := newChanging(t), t.Context()
	if err := c.Close(ctx, c.ada, c.EraseAt(), nil); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		declared account.New
		want     account.Status
	}{
		{account.New{Email: "ada@example.com", Verified: true, Profile: account.Profile{GivenName: "Ada"}}, account.Closed},
		{account.New{Email: "ada@example.com", Verified: true, Disabled: true}, account.Disabled},
		{account.New{Email: "ada@example.com", Verified: true}, account.Active},
	} {
		a, err := c.accounts.Get(ctx, c.ada.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.accounts.Update(ctx, a, test.declared); err != nil {
			t.Fatal(err)
		}
		if a, err = c.accounts.Get(ctx, c.ada.ID); err != nil || a.Status != test.want {
			t.Errorf("%+v makes it %s, %v; want %s", test.declared, a.Status, err, test.want)
		}
		c.clock.Pass(time.Second)
	}
}
