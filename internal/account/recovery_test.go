package account_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/outbox"
	sqlstore "signet/internal/store/sql"
	"signet/internal/store/storetest"
)

// resets is a house in which passwords are reset, and the codes that were mailed.
type resets struct {
	*account.Recoveries
	db    *sqlstore.DB
	s     *account.Service
	clock *storetest.Clock
	ask   *open             // counts codes that were asked for
	guess *open             // and those that were typed
	codes map[string]string // ticket -> code
}

func newResets(t *testing.T) *resets {
	t.Helper()
	clock := storetest.NewClock()
	db, _ := storetest.Embedded(t, clock.Now)
	s, _, _ := serviceOn(t, db, cheap, clock)
	r := &resets{db: db, s: s, clock: clock, ask: &open{}, guess: &open{}, codes: map[string]string{}}
	r.Recoveries = account.NewRecoveries(db, s, r.ask, r.guess, []byte("a key of the house"),
		account.RecoveryRules{Code: 10 * time.Minute, Tries: 5}, clock.Now)
	for _, n := range []account.New{
		{Email: "ada@example.com", Password: "correct-Horse-9"},
		{Email: "gone@example.com", Password: "correct-Horse-9", Disabled: true},
		{Email: "bare@münchen.de"},
	} {
		if _, err := s.Create(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func by(email string) account.Asked {
	return account.Asked{Email: email, FlowKey: "flow", IP: "192.0.2.1"}
}

// send asks for a code and returns the ticket and the letter.
func (r *resets) send(t *testing.T, email string) (*account.Ticket, *outbox.Mail) {
	t.Helper()
	var sent *outbox.Mail
	var code string
	tk, err := r.Ask(t.Context(), by(email), func(a *account.Account, c string) (*outbox.Mail, error) {
		m := outbox.Mail{Kind: "account.reset_code", Language: "en", Subject: "Code", Text: c, HTML: c}
		if a != nil {
			m.To, m.AccountID = a.Email, a.ID
		}
		code, sent = c, outbox.New(m, r.clock.Now())
		return sent, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r.codes[tk.ID] = code
	return tk, sent
}

func (r *resets) prove(t *testing.T, tk *account.Ticket, email, code string) account.Proof {
	t.Helper()
	p, err := r.Prove(t.Context(), tk.ID, code, by(email))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestReset(t *testing.T) {
	r := newResets(t)
	ctx := t.Context()
	tk, m := r.send(t, " ADA@Example.com")
	if m.To != "ada@example.com" || tk.EmailKey != "ada@example.com" {
		t.Fatalf("the code goes to %q under %q", m.To, tk.EmailKey)
	}
	if strings.Contains(tk.CodeHash, r.codes[tk.ID]) {
		t.Error("the code is in the ticket")
	}
	if _, err := r.Whose(ctx, tk.ID, "flow"); !fault.Is(err, fault.Expired) {
		t.Errorf("before the code: %v, want expired", err)
	}
	if p := r.prove(t, tk, "ada@example.com", "none"); p != account.Wrong {
		t.Errorf("a wrong code is %v", p)
	}
	r.clock.Pass(9 * time.Minute)
	if p := r.prove(t, tk, "ada@example.com", r.codes[tk.ID]); p != account.Proven {
		t.Fatalf("the right code is %v", p)
	}
	if r.guess.guesses.Load() != 2 || r.guess.given.Load() != 1 {
		t.Errorf("%d guesses were counted and %d given back, want 2 and 1", r.guess.guesses.Load(), r.guess.given.Load())
	}
	if _, err := r.Whose(ctx, tk.ID, "another flow"); !fault.Is(err, fault.Expired) {
		t.Errorf("in another flow: %v, want expired", err)
	}
	r.clock.Pass(9 * time.Minute) // the proof has a time of its own
	a, err := r.Whose(ctx, tk.ID, "flow")
	if err != nil || a.Email != "ada@example.com" {
		t.Fatalf("Whose = %+v, %v", a, err)
	}
	reset := account.Reset{Ticket: tk.ID, FlowKey: "flow", Account: a, Password: "another-Horse-8"}
	if err := r.Reset(ctx, reset); err != nil {
		t.Fatal(err)
	}
	if err := r.Reset(ctx, reset); !fault.Is(err, fault.Conflict) {
		t.Errorf("a second time: %v, want conflict", err)
	}
	for password, want := range map[string]fault.Kind{"another-Horse-8": "", "correct-Horse-9": fault.Unauthenticated} {
		now, err := r.s.Authenticate(ctx, account.Credentials{Email: a.Email, Password: password})
		if fault.KindOf(err) != want {
			t.Errorf("%s: %v", password, err)
		}
		if err == nil && !now.EmailVerified {
			t.Error("who read the mail of the address has not proven it")
		}
	}
}

// TestResetWhileClosing: who has closed the account and forgot the password can
// still come to where it may be kept.
func TestResetWhileClosing(t *testing.T) {
	r := newResets(t)
	ctx := t.Context()
	a, err := r.s.ByEmail(ctx, "ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.s.SetStatus(ctx, a, account.Closed); err != nil {
		t.Fatal(err)
	}
	tk, m := r.send(t, "ada@example.com")
	if m.To != "ada@example.com" || r.prove(t, tk, "ada@example.com", r.codes[tk.ID]) != account.Proven {
		t.Fatalf("the code goes to %q, and is no good", m.To)
	}
	if a, err = r.Whose(ctx, tk.ID, "flow"); err != nil {
		t.Fatal(err)
	}
	if err := r.Reset(ctx, account.Reset{Ticket: tk.ID, FlowKey: "flow", Account: a, Password: "another-Horse-7"}); err != nil {
		t.Fatal(err)
	}
	got, err := r.s.Authenticate(ctx, account.Credentials{Email: "ada@example.com", Password: "another-Horse-7"})
	if err != nil || got.Status != account.Closed {
		t.Errorf("the new password: %+v, %v", got, err)
	}
}

// TestResetIsOver: what makes a proven ticket worthless.
func TestResetIsOver(t *testing.T) {
	for name, end := range map[string]func(r *resets, a *account.Account) error{
		"time": func(r *resets, _ *account.Account) error { r.clock.Pass(10 * time.Minute); return nil },
		"another password": func(r *resets, a *account.Account) error {
			return r.s.SetPassword(t.Context(), a, "operators-Choice-1")
		},
		"disabled": func(r *resets, a *account.Account) error { return r.s.SetStatus(t.Context(), a, account.Disabled) },
		"deleted":  func(r *resets, a *account.Account) error { return r.s.Delete(t.Context(), a.ID, time.Time{}) },
		"another address": func(r *resets, a *account.Account) error {
			_, err := r.s.Update(t.Context(), a, account.New{Email: "ada@elsewhere.example"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newResets(t)
			tk, _ := r.send(t, "ada@example.com")
			r.prove(t, tk, "ada@example.com", r.codes[tk.ID])
			a, err := r.Whose(t.Context(), tk.ID, "flow")
			if err != nil {
				t.Fatal(err)
			}
			before := *a
			if err := end(r, a); err != nil {
				t.Fatal(err)
			}
			if _, err := r.Whose(t.Context(), tk.ID, "flow"); !fault.Is(err, fault.Expired) {
				t.Errorf("asked: %v, want expired", err)
			}
			// The page was shown before.
			err = r.Reset(t.Context(), account.Reset{Ticket: tk.ID, FlowKey: "flow", Account: &before, Password: "another-Horse-8"})
			if !fault.Is(err, fault.Expired) {
				t.Errorf("used: %v, want expired", err)
			}
		})
	}
}

// TestNobodysReset: an address without an account that may have a password costs
// the same statements, is told the same, and gets no mail.
func TestNobodysReset(t *testing.T) {
	r := newResets(t)
	var asked, typed []int64
	for _, email := range []string{"ada@example.com", "nobody@example.com", "gone@example.com", "bare@xn--mnchen-3ya.de"} {
		before := r.db.Statements()
		tk, m := r.send(t, email)
		asked = append(asked, r.db.Statements()-before)
		if known := email == "ada@example.com" || strings.HasPrefix(email, "bare"); m.Decoy() == known || (tk.AccountID != "") != known {
			t.Errorf("%s: a mail to %q for the account %q", email, m.To, tk.AccountID)
		}
		before = r.db.Statements()
		if p := r.prove(t, tk, email, "none"); p != account.Wrong {
			t.Errorf("%s: a wrong code is %v", email, p)
		}
		typed = append(typed, r.db.Statements()-before)
		if tk.AccountID == "" {
			if p := r.prove(t, tk, email, r.codes[tk.ID]); p != account.Wrong {
				t.Errorf("%s: nobody's code is %v", email, p)
			}
		}
	}
	for i := range asked {
		if asked[i] != asked[0] || typed[i] != typed[0] {
			t.Errorf("statements of asking %v and of typing %v differ", asked, typed)
		}
	}
	// The sign-in, too.
	var signIns []int64
	for _, email := range []string{"ada@example.com", "nobody@example.com", "gone@example.com", "bare@münchen.de", "no address"} {
		before := r.db.Statements()
		if _, err := r.s.Authenticate(t.Context(), account.Credentials{Email: email, Password: "wrong"}); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%s: %v", email, err)
		}
		signIns = append(signIns, r.db.Statements()-before)
	}
	for i := range signIns {
		if signIns[i] != signIns[0] {
			t.Errorf("statements of signing in %v differ", signIns)
		}
	}
}

// TestVariantsOfAnAddress: however its owner writes it, an address is one
// account's, and mail goes to the form that is stored.
func TestVariantsOfAnAddress(t *testing.T) {
	r := newResets(t)
	if _, err := r.s.Create(t.Context(), account.New{Email: "zo\u00eb.l@m\u00fcnchen.de", Password: "correct-Horse-9"}); err != nil {
		t.Fatal(err)
	}
	for typed, same := range map[string]bool{
		"zo\u00eb.l@m\u00fcnchen.de":           true,
		"ZO\u00cb.L@M\u00dcNCHEN.DE":           true,
		"zoe\u0308.l@mu\u0308nchen.de":         true, // decomposed
		"zo\u00eb.l@xn--mnchen-3ya.de":         true,
		"\uff3ao\u00eb\uff0el@m\u00fcnchen.de": true, // full width
		" zo\u00eb.l@m\u00fcnchen.de\t":        true,
		"zo\u00ebl@m\u00fcnchen.de":            false, // dots matter
		"zoe.l@m\u00fcnchen.de":                false,
		"zo\u00eb.l+x@m\u00fcnchen.de":         false,
	} {
		_, err := r.s.Authenticate(t.Context(), account.Credentials{Email: typed, Password: "correct-Horse-9"})
		if same != (err == nil) {
			t.Errorf("sign-in as %q: %v", typed, err)
		}
		if _, m := r.send(t, typed); same != (m.To == "zo\u00eb.l@xn--mnchen-3ya.de") {
			t.Errorf("a code for %q goes to %q", typed, m.To)
		}
	}
}

// full is a guard that lets nobody try.
type full struct{}

func (full) Guess(context.Context, string, string, string) (func(context.Context) error, error) {
	return nil, fault.New(fault.Limited, "Too many tries.")
}

func TestResetsAreLimited(t *testing.T) {
	r := newResets(t)
	tk, _ := r.send(t, "ada@example.com")
	limited := account.NewRecoveries(r.db, r.s, full{}, full{}, []byte("a key of the house"),
		account.RecoveryRules{Code: 10 * time.Minute, Tries: 5}, r.clock.Now)
	if _, err := limited.Prove(t.Context(), tk.ID, r.codes[tk.ID], by("ada@example.com")); !fault.Is(err, fault.Limited) {
		t.Errorf("a code too many: %v, want limited", err)
	}
	_, err := limited.Ask(t.Context(), by("ada@example.com"), func(*account.Account, string) (*outbox.Mail, error) {
		t.Error("a letter was written")
		return nil, nil
	})
	if !fault.Is(err, fault.Limited) {
		t.Errorf("asked too often: %v, want limited", err)
	}
	// What was not evaluated used up nothing.
	if p := r.prove(t, tk, "ada@example.com", r.codes[tk.ID]); p != account.Proven {
		t.Errorf("the right code is %v", p)
	}
}
