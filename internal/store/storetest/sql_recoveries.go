package storetest

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/handle"
	"signet/internal/outbox"
	sqlstore "signet/internal/store/sql"
)

// ticket returns a reset of the account's password that is not stored yet. Its
// code is "right", and it is good for ten minutes.
func ticket(t testing.TB, a *account.Account) *account.Ticket {
	t.Helper()
	return &account.Ticket{
		ID: newID(t), AccountID: a.ID, EmailKey: a.EmailKey, FlowKey: "flow", CodeHash: "right",
		PasswordKey: handle.Sum(a.PasswordHash), CreatedAt: epoch, ExpiresAt: epoch.Add(10 * time.Minute),
	}
}

func addTicket(t testing.TB, db *sqlstore.DB, a *account.Account) *account.Ticket {
	t.Helper()
	tk := ticket(t, a)
	ok(t, db.AddRecovery(t.Context(), tk, letter(a.Email, epoch)))
	return tk
}

// prove tries the code at the time.
func prove(t testing.TB, db *sqlstore.DB, tk *account.Ticket, flow, code string, at time.Time) account.Proof {
	t.Helper()
	p, err := db.ProveRecovery(t.Context(), tk.ID, flow, code, 5, at, at.Add(10*time.Minute))
	ok(t, err)
	return p
}

func use(a *account.Account, tk *account.Ticket, flow string) account.RecoveryUse {
	return account.RecoveryUse{ID: tk.ID, FlowKey: flow, Old: a.PasswordHash, New: "new hash", BrowserKey: "here"}
}

func testRecoveries(t *testing.T, fresh func(testing.TB) string) {
	t.Run("a reset", func(t *testing.T) { testReset(t, OpenSQL(t, fresh(t))) })
	t.Run("codes", func(t *testing.T) { testCodes(t, OpenSQL(t, fresh(t))) })
	t.Run("what is refused", func(t *testing.T) { testRefusedResets(t, OpenSQL(t, fresh(t))) })
	t.Run("decoys", func(t *testing.T) { testDecoys(t, OpenSQL(t, fresh(t))) })
	t.Run("deletion", func(t *testing.T) {
		db := OpenSQL(t, fresh(t))
		a := makeAccount(t, db, "ada")
		for range 3 {
			addTicket(t, db, a)
		}
		// Ids carry the time of the clock, not that of the story.
		for _, step := range []struct {
			before      time.Time
			limit, gone int
		}{{time.Now().Add(-time.Hour), 9, 0}, {time.Now().Add(time.Hour), 2, 2}, {time.Now().Add(time.Hour), 9, 1}} {
			n, err := db.DeleteRecoveries(t.Context(), step.before, step.limit)
			ok(t, err)
			if n != step.gone {
				t.Errorf("removed %d, want %d", n, step.gone)
			}
		}
	})
	t.Run("races", func(t *testing.T) { testRecoveryRaces(t, fresh(t)) })
}

func testReset(t *testing.T, db *sqlstore.DB) {
	ctx := t.Context()
	a := makeAccount(t, db, "ada")
	a.EmailVerified, a.UpdatedAt = false, epoch.Add(time.Second)
	ok(t, db.UpdateAccount(ctx, a, epoch))
	limits := account.BrowserLimits{Kept: 9, Notices: 9, Window: time.Hour}
	for _, browser := range []string{"here", "there"} {
		ok(t, db.AddBrowser(ctx, a.ID, browser, epoch, limits, nil))
	}
	tk := addTicket(t, db, a)
	if got, err := db.ProvenRecovery(ctx, tk.ID, "flow", epoch); got != nil || err != nil {
		t.Fatalf("proven before the code was typed: %+v, %v", got, err)
	}
	if used, err := db.UseRecovery(ctx, use(a, tk, "flow"), epoch, nil); used || err != nil {
		t.Fatalf("used before the code was typed: %v, %v", used, err)
	}
	late := epoch.Add(9 * time.Minute)
	if p := prove(t, db, tk, "flow", "right", late); p != account.Proven {
		t.Fatalf("the right code is %v", p)
	}
	got, err := db.ProvenRecovery(ctx, tk.ID, "flow", late.Add(9*time.Minute))
	ok(t, err)
	if got == nil || got.AccountID != a.ID || got.EmailKey != "ada" || got.PasswordKey != tk.PasswordKey {
		t.Fatalf("proven: %+v", got)
	}
	now := late.Add(9 * time.Minute)
	used, err := db.UseRecovery(ctx, use(a, tk, "flow"), now, letter(a.Email, now))
	ok(t, err)
	if !used {
		t.Fatal("the ticket could not be used")
	}
	changed, err := db.Account(ctx, a.ID)
	ok(t, err)
	if changed.PasswordHash != "new hash" || !changed.EmailVerified || !changed.UpdatedAt.Equal(now) {
		t.Errorf("the account is %+v", changed)
	}
	for browser, known := range map[string]bool{"here": true, "there": false} {
		seen, err := db.Browser(ctx, a.ID, browser)
		ok(t, err)
		if seen.IsZero() == known {
			t.Errorf("the browser %q was last seen at %v", browser, seen)
		}
	}
	mails, err := db.Mails(ctx, 9)
	ok(t, err)
	if len(mails) != 2 {
		t.Errorf("%d mails, want the code and the notice", len(mails))
	}
	if used, err := db.UseRecovery(ctx, use(changed, tk, "flow"), now, nil); used || err != nil {
		t.Errorf("used twice: %v, %v", used, err)
	}
	if p := prove(t, db, tk, "flow", "right", now); p != account.Over {
		t.Errorf("a used ticket's code is %v", p)
	}
	if got, err = db.ProvenRecovery(ctx, tk.ID, "flow", now.Add(time.Hour)); err != nil || got == nil || !got.Used {
		t.Errorf("a used ticket is %+v, %v", got, err)
	}
}

func testCodes(t *testing.T, db *sqlstore.DB) {
	a := makeAccount(t, db, "ada")
	tk := addTicket(t, db, a)
	for i, step := range []struct {
		flow, code string
		after      time.Duration
		want       account.Proof
	}{
		{"another flow", "right", 0, account.Over},
		{"flow", "right", 10 * time.Minute, account.Over},
		{"flow", "w1", 0, account.Wrong},
		{"flow", "w2", 0, account.Wrong},
		{"flow", "w3", 0, account.Wrong},
		{"flow", "w4", 0, account.Wrong},
		{"flow", "w5", 0, account.Over},
		{"flow", "right", 0, account.Over},
	} {
		if got := prove(t, db, tk, step.flow, step.code, epoch.Add(step.after)); got != step.want {
			t.Errorf("try %d: %v, want %v", i, got, step.want)
		}
	}
	second := addTicket(t, db, a)
	for range 4 {
		prove(t, db, second, "flow", "wrong", epoch)
	}
	if got := prove(t, db, second, "flow", "right", epoch); got != account.Proven {
		t.Errorf("the fifth try: %v, want proven", got)
	}
	// A button that is pressed twice, and a code that is forgotten again.
	third := addTicket(t, db, a)
	for _, step := range []struct {
		code string
		want account.Proof
	}{{"right", account.Proven}, {"right", account.Proven}, {"wrong", account.Wrong}} {
		if got := prove(t, db, third, "flow", step.code, epoch); got != step.want {
			t.Errorf("%s: %v, want %v", step.code, got, step.want)
		}
	}
	if got, err := db.ProvenRecovery(t.Context(), third.ID, "flow", epoch); got == nil || err != nil {
		t.Errorf("a proof was lost: %v, %v", got, err)
	}
}

func testRefusedResets(t *testing.T, db *sqlstore.DB) {
	ctx := t.Context()
	type change func(a *account.Account, u *account.RecoveryUse, now *time.Time)
	for name, change := range map[string]change{
		"too late":          func(_ *account.Account, _ *account.RecoveryUse, now *time.Time) { *now = epoch.Add(time.Hour) },
		"another flow":      func(_ *account.Account, u *account.RecoveryUse, _ *time.Time) { u.FlowKey = "another" },
		"another password":  func(a *account.Account, _ *account.RecoveryUse, _ *time.Time) { a.PasswordHash = "changed meanwhile" },
		"another address":   func(a *account.Account, _ *account.RecoveryUse, _ *time.Time) { a.EmailKey += " moved" },
		"disabled":          func(a *account.Account, _ *account.RecoveryUse, _ *time.Time) { a.Status = account.Disabled },
		"no such ticket":    func(_ *account.Account, u *account.RecoveryUse, _ *time.Time) { u.ID = newID(t) },
		"no ticket's name":  func(_ *account.Account, u *account.RecoveryUse, _ *time.Time) { u.ID = "1" },
		"an unstorable key": func(_ *account.Account, u *account.RecoveryUse, _ *time.Time) { u.FlowKey = "a\x00b" },
	} {
		t.Run(name, func(t *testing.T) {
			a := makeAccount(t, db, name)
			tk := addTicket(t, db, a)
			prove(t, db, tk, "flow", "right", epoch)
			u, now := use(a, tk, "flow"), epoch
			change(a, &u, &now)
			a.UpdatedAt = epoch.Add(time.Second)
			ok(t, db.UpdateAccount(ctx, a, epoch))
			used, err := db.UseRecovery(ctx, u, now, letter(a.Email, now))
			ok(t, err)
			after, err := db.Account(ctx, a.ID)
			ok(t, err)
			if used || after.PasswordHash == "new hash" {
				t.Errorf("used %v, and the hash is %q", used, after.PasswordHash)
			}
			if got, err := db.ProvenRecovery(ctx, tk.ID, "flow", epoch); err != nil || got == nil || got.Used {
				t.Errorf("what was refused left %+v, %v", got, err)
			}
		})
	}
	want(t, db.AddRecovery(ctx, &account.Ticket{ID: "1"}, letter("ada", epoch)), fault.Invalid)
}

// testDecoys: a ticket of nobody is stored as any other, and is good for
// nothing; its mail is claimed as any other, and seen by nobody.
func testDecoys(t *testing.T, db *sqlstore.DB) {
	ctx := t.Context()
	a := makeAccount(t, db, "ada")
	costs := map[string]int64{}
	for name, who := range map[string]*account.Account{"somebody": a, "nobody": {EmailKey: "nobody"}} {
		tk := ticket(t, who)
		before := db.Statements()
		ok(t, db.AddRecovery(ctx, tk, letter(who.Email, epoch)))
		costs[name] = db.Statements() - before
		if who == a {
			continue
		}
		for range 2 {
			if p := prove(t, db, tk, "flow", "right", epoch); p != account.Wrong {
				t.Errorf("the code of nobody is %v", p)
			}
		}
	}
	if costs["somebody"] != costs["nobody"] {
		t.Errorf("statements: %v", costs)
	}
	list, err := db.Mails(ctx, 9)
	ok(t, err)
	if len(list) != 1 || list[0].To != a.Email {
		t.Errorf("listed %+v", list)
	}
	var decoy *outbox.Mail
	for range 2 {
		if m := claim(t, db, epoch, epoch.Add(time.Hour)); m.Decoy() {
			decoy = m
		}
	}
	if decoy == nil || decoy.Text == "" {
		t.Fatalf("the decoy is %+v", decoy)
	}
	_, err = db.Mail(ctx, decoy.ID)
	want(t, err, fault.NotFound)
}

func testRecoveryRaces(t *testing.T, address string) {
	nodes := []*sqlstore.DB{OpenSQL(t, address), OpenSQL(t, address)}
	db, ctx := nodes[0], t.Context()
	a := makeAccount(t, db, "ada")

	tk := addTicket(t, db, a)
	var evaluated atomic.Int64
	raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
		p, err := db.ProveRecovery(ctx, tk.ID, "flow", fmt.Sprint("guess ", i), 5, epoch, epoch.Add(time.Hour))
		if p == account.Wrong {
			evaluated.Add(1)
		}
		return p == account.Proven, err
	})
	// The last of five says that it was the last.
	if n := evaluated.Load(); n != 4 {
		t.Errorf("%d callers were told that another try is left, want 4", n)
	}

	tk = addTicket(t, db, a)
	prove(t, db, tk, "flow", "right", epoch)
	won := raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
		u := use(a, tk, "flow")
		u.New = fmt.Sprint("hash ", i)
		return db.UseRecovery(ctx, u, epoch, letter(a.Email, epoch))
	})
	if won != 1 {
		t.Errorf("%d of %d uses of one ticket won, want 1", won, callers)
	}

	// Two proven tickets: the second does not undo what the first has done.
	a, err := db.Account(ctx, a.ID)
	ok(t, err)
	tickets := make([]*account.Ticket, callers)
	for i := range tickets {
		tickets[i] = addTicket(t, db, a)
		prove(t, db, tickets[i], "flow", "right", epoch)
	}
	won = raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
		u := use(a, tickets[i], "flow")
		u.New = fmt.Sprint("another hash ", i)
		return db.UseRecovery(ctx, u, epoch, nil)
	})
	if won != 1 {
		t.Errorf("%d of %d tickets of one account won, want 1", won, callers)
	}
}
