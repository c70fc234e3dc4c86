package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/handle"
	"signet/internal/outbox"
	sqlstore "signet/internal/store/sql"
)

// note is a mail about nothing.
func note(kind string) *outbox.Mail {
	return outbox.New(outbox.Mail{Kind: kind, To: "ada@example.com", Language: "en", Subject: kind, Text: kind, HTML: kind}, epoch)
}

// kinds counts the mails of each kind.
func kinds(t testing.TB, db *sqlstore.DB) map[string]int {
	t.Helper()
	mails, err := db.Mails(t.Context(), 1000)
	ok(t, err)
	n := map[string]int{}
	for _, m := range mails {
		n[m.Kind]++
	}
	return n
}

// changeTo is a change of the account's address that is not stored yet.
func changeTo(t testing.TB, a *account.Account, key string, at time.Time) *account.EmailChange {
	return &account.EmailChange{
		ID: newID(t), AccountID: a.ID, OldEmail: a.Email, OldEmailKey: a.EmailKey, NewEmail: key, NewEmailKey: key,
		ConfirmKey: handle.Sum(handle.New()), CreatedAt: at, ExpiresAt: at.Add(time.Hour),
	}
}

var roomy = account.EmailLimits{Account: 100, Address: 100, Window: time.Hour}

// moved stores and confirms a change of the account's address, and returns the
// key that takes it back.
func moved(t testing.TB, db *sqlstore.DB, a *account.Account, key string, at time.Time) string {
	t.Helper()
	e, back := changeTo(t, a, key, at), handle.Sum(handle.New())
	ok(t, db.AddEmailChange(t.Context(), e, note("free"), note("taken"), roomy))
	ok(t, db.ConfirmEmailChange(t.Context(), e.ConfirmKey, back, note("notice"), at))
	now, err := db.Account(t.Context(), a.ID)
	ok(t, err)
	*a = *now
	return back
}

func testPasswordChanges(t *testing.T, fresh func(testing.TB) string) {
	db := OpenSQL(t, fresh(t))
	ctx := t.Context()
	a := makeAccount(t, db, "ada")
	for _, key := range []string{"here", "elsewhere"} {
		ok(t, db.AddBrowser(ctx, a.ID, key, epoch, account.BrowserLimits{Kept: 10}, nil))
	}
	for _, test := range []struct {
		id, old string
		want    bool
	}{{a.ID, "wrong", false}, {newID(t), a.PasswordHash, false}, {"ada", a.PasswordHash, false}, {a.ID, a.PasswordHash, true}, {a.ID, a.PasswordHash, false}} {
		done, err := db.ChangePassword(ctx, account.PasswordChange{AccountID: test.id, Old: test.old, New: "new", BrowserKey: "here"}, note("password"), epoch)
		ok(t, err)
		if done != test.want {
			t.Errorf("ChangePassword(%+v) = %t", test, done)
		}
	}
	for key, known := range map[string]bool{"here": true, "elsewhere": false} {
		if seen, err := db.Browser(ctx, a.ID, key); err != nil || seen.IsZero() == known {
			t.Errorf("browser %s: %v, %v", key, seen, err)
		}
	}
	if now, err := db.Account(ctx, a.ID); err != nil || now.PasswordHash != "new" || kinds(t, db)["password"] != 1 {
		t.Errorf("hash %v, %v, mails %v", now, err, kinds(t, db))
	}
}

func testEmailChanges(t *testing.T, fresh func(testing.TB) string) {
	db := OpenSQL(t, fresh(t))
	ctx := t.Context()

	t.Run("it waits, is confirmed once, and moves the account", func(t *testing.T) {
		a := makeAccount(t, db, "ada")
		old, e := changeTo(t, a, "first@new", epoch), changeTo(t, a, "ada@new", epoch)
		for _, c := range []*account.EmailChange{old, e} {
			ok(t, db.AddEmailChange(ctx, c, note("free"), note("taken"), roomy))
		}
		waits, err := db.WaitingEmailChange(ctx, a.ID, epoch)
		ok(t, err)
		if waits == nil || waits.ID != e.ID || waits.NewEmail != "ada@new" || !waits.ExpiresAt.Equal(e.ExpiresAt) {
			t.Fatalf("waiting: %+v", waits)
		}
		back := handle.Sum(handle.New())
		want(t, db.ConfirmEmailChange(ctx, old.ConfirmKey, back, nil, epoch), fault.Expired) // another was asked for
		want(t, db.ConfirmEmailChange(ctx, e.ConfirmKey, back, nil, e.ExpiresAt), fault.Expired)
		want(t, db.ConfirmEmailChange(ctx, "\x00", back, nil, epoch), fault.Expired)
		ok(t, db.ConfirmEmailChange(ctx, e.ConfirmKey, back, note("notice"), epoch))
		want(t, db.ConfirmEmailChange(ctx, e.ConfirmKey, back, note("notice"), epoch), fault.Expired)
		now, err := db.AccountByEmailKey(ctx, "ada@new")
		ok(t, err)
		if now.ID != a.ID || now.Email != "ada@new" || !now.EmailVerified || now.PasswordHash != a.PasswordHash {
			t.Errorf("moved: %+v", now)
		}
		if waits, err := db.WaitingEmailChange(ctx, a.ID, epoch); err != nil || waits != nil {
			t.Errorf("waiting after: %+v, %v", waits, err)
		}
		if k := kinds(t, db); k["free"] != 2 || k["taken"] != 0 || k["notice"] != 1 {
			t.Errorf("mails: %v", k)
		}
	})

	t.Run("an address that has an account gets the other letter, and stays its own", func(t *testing.T) {
		before := kinds(t, db)
		eve := makeAccount(t, db, "eve")
		makeAccount(t, db, "victim")
		e := changeTo(t, eve, "victim", epoch)
		ok(t, db.AddEmailChange(ctx, e, note("free"), note("taken"), roomy))
		if k := kinds(t, db); k["free"] != before["free"] || k["taken"] != before["taken"]+1 {
			t.Errorf("mails: %v, before %v", k, before)
		}
		want(t, db.ConfirmEmailChange(ctx, e.ConfirmKey, handle.New(), note("notice"), epoch), fault.Conflict)
		if now, err := db.Account(ctx, eve.ID); err != nil || now.EmailKey != "eve" {
			t.Errorf("eve has %v, %v", now, err)
		}
	})

	t.Run("an account that is not active, or moved meanwhile, does not move", func(t *testing.T) {
		a := makeAccount(t, db, "moving")
		e := changeTo(t, a, "moving@new", epoch)
		ok(t, db.AddEmailChange(ctx, e, note("free"), note("taken"), roomy))
		for _, edit := range []func(*account.Account){
			func(a *account.Account) { a.Status = account.Disabled },
			func(a *account.Account) { a.EmailKey = "elsewhere" },
		} {
			now, err := db.Account(ctx, a.ID)
			ok(t, err)
			next := *now
			edit(&next)
			ok(t, db.UpdateAccount(ctx, &next, now.UpdatedAt))
			want(t, db.ConfirmEmailChange(ctx, e.ConfirmKey, handle.New(), nil, epoch), fault.Expired)
			*now, next = next, *now
			ok(t, db.UpdateAccount(ctx, &next, now.UpdatedAt))
		}
		ok(t, db.ConfirmEmailChange(ctx, e.ConfirmKey, handle.New(), nil, epoch))
	})

	t.Run("limits", func(t *testing.T) {
		tight := account.EmailLimits{Account: 2, Address: 3, Window: time.Hour}
		before := kinds(t, db)["free"]
		for i := range 4 {
			a := makeAccount(t, db, fmt.Sprint("crowd", i))
			ok(t, db.AddEmailChange(ctx, changeTo(t, a, "bombed", epoch), note("free"), note("taken"), tight))
		}
		if sent := kinds(t, db)["free"] - before; sent != 3 {
			t.Errorf("%d letters went to one address, want 3", sent)
		}
		a := makeAccount(t, db, "restless")
		for i, kind := range []fault.Kind{"", "", fault.Limited} {
			want(t, db.AddEmailChange(ctx, changeTo(t, a, fmt.Sprint("new", i), epoch), note("free"), note("taken"), tight), kind)
		}
		ok(t, db.AddEmailChange(ctx, changeTo(t, a, "new3", epoch.Add(2*time.Hour)), note("free"), note("taken"), tight))
		want(t, db.AddEmailChange(ctx, changeTo(t, &account.Account{ID: newID(t)}, "x", epoch), note("free"), note("taken"), tight), fault.NotFound)
	})

	t.Run("old ones go", func(t *testing.T) {
		n, err := db.DeleteEmailChanges(ctx, time.Now().Add(-time.Hour), 1000)
		ok(t, err)
		all, err := db.DeleteEmailChanges(ctx, time.Now().Add(time.Hour), 1000)
		ok(t, err)
		if n != 0 || all == 0 {
			t.Errorf("%d and %d were removed", n, all)
		}
	})
}

func testRestoredEmails(t *testing.T, fresh func(testing.TB) string) {
	db := OpenSQL(t, fresh(t))
	ctx := t.Context()
	later := func(hours int) time.Time { return epoch.Add(time.Duration(hours) * time.Hour) }
	from := later(-1)
	key := func(id string) string {
		a, err := db.Account(ctx, id)
		ok(t, err)
		return a.EmailKey
	}

	// told holds that the notice went to the addresses, and no other, since it was
	// last asked.
	seen := map[string]bool{}
	told := func(addresses ...string) {
		t.Helper()
		mails, err := db.Mails(ctx, 1000)
		ok(t, err)
		var got []string
		for _, m := range mails {
			if m.Kind == "lost" && !seen[m.ID] {
				seen[m.ID], got = true, append(got, m.To)
			}
		}
		if !slices.Equal(got, addresses) {
			t.Errorf("the notice went to %q, want %q", got, addresses)
		}
	}

	t.Run("the old address comes back, and whoever is in goes out", func(t *testing.T) {
		a := makeAccount(t, db, "ada")
		ok(t, db.AddBrowser(ctx, a.ID, "thief", epoch, account.BrowserLimits{Kept: 10}, nil))
		back := moved(t, db, a, "ada@new", epoch)
		ok(t, func() error {
			_, err := db.CloseAccount(ctx, account.Closing{AccountID: a.ID, EraseAt: later(9)}, nil, later(1))
			return err
		}())
		e, err := db.RestorableEmailChange(ctx, back, from)
		ok(t, err)
		if e.OldEmail != "ada" || e.AccountID != a.ID {
			t.Errorf("restorable: %+v", e)
		}
		_, err = db.RestoreEmail(ctx, back, note("lost"), later(0), later(2)) // too late
		want(t, err, fault.Expired)
		_, err = db.RestoreEmail(ctx, back, note("lost"), from, later(2))
		ok(t, err)
		told("ada@new")
		now, err := db.Account(ctx, a.ID)
		ok(t, err)
		if now.EmailKey != "ada" || !now.EmailVerified || now.PasswordHash != "" || now.Status != account.Active {
			t.Errorf("restored: %+v", now)
		}
		if seen, err := db.Browser(ctx, a.ID, "thief"); err != nil || !seen.IsZero() {
			t.Errorf("the account knows the browser still: %v, %v", seen, err)
		}
		if closing, err := db.Closing(ctx, a.ID); err != nil || closing != nil {
			t.Errorf("closing: %+v, %v", closing, err)
		}
		for _, key := range []string{back, "nothing", "\x00"} {
			_, err = db.RestoreEmail(ctx, key, note("lost"), from, later(2))
			want(t, err, fault.Expired)
			_, err = db.RestorableEmailChange(ctx, key, from)
			want(t, err, fault.Expired)
		}
		told()
	})

	t.Run("the owner's link outlives what a thief does with his", func(t *testing.T) {
		a := makeAccount(t, db, "owner")
		owners := moved(t, db, a, "thief1", epoch)
		thiefs := moved(t, db, a, "thief2", later(1))
		_, err := db.RestoreEmail(ctx, thiefs, note("lost"), from, later(2))
		ok(t, err)
		told("thief2")
		if key(a.ID) != "thief1" {
			t.Fatalf("the address is %s", key(a.ID))
		}
		_, err = db.RestoreEmail(ctx, owners, note("lost"), from, later(3))
		ok(t, err)
		told("thief1")
		if key(a.ID) != "owner" {
			t.Errorf("the address is %s", key(a.ID))
		}
	})

	t.Run("and ends his", func(t *testing.T) {
		a := makeAccount(t, db, "owner2")
		owners := moved(t, db, a, "thief3", epoch)
		thiefs := moved(t, db, a, "thief4", later(1))
		waits := changeTo(t, a, "thief5", later(1))
		ok(t, db.AddEmailChange(ctx, waits, note("free"), note("taken"), roomy))
		_, err := db.RestoreEmail(ctx, owners, note("lost"), from, later(2))
		ok(t, err)
		told("thief4") // the address it had, not the one of the owner's change
		_, err = db.RestoreEmail(ctx, thiefs, note("lost"), from, later(2))
		want(t, err, fault.Expired)
		want(t, db.ConfirmEmailChange(ctx, waits.ConfirmKey, handle.New(), nil, later(1)), fault.Expired)
		if key(a.ID) != "owner2" {
			t.Errorf("the address is %s", key(a.ID))
		}
	})

	t.Run("no notice to an address that the account keeps, or none that proved it", func(t *testing.T) {
		for name, edit := range map[string]func(*account.Account){
			"kept": func(a *account.Account) { a.Email, a.EmailKey = "kept", "kept" }, "unproven": func(a *account.Account) { a.EmailVerified = false },
		} {
			a := makeAccount(t, db, name)
			back := moved(t, db, a, name+"@new", epoch)
			next := *a
			edit(&next)
			ok(t, db.UpdateAccount(ctx, &next, a.UpdatedAt))
			_, err := db.RestoreEmail(ctx, back, note("lost"), from, later(1))
			ok(t, err)
			told()
		}
	})

	t.Run("not where somebody else has made an account with it", func(t *testing.T) {
		a := makeAccount(t, db, "left")
		back := moved(t, db, a, "left@new", epoch)
		makeAccount(t, db, "left")
		_, err := db.RestoreEmail(ctx, back, note("lost"), from, later(1))
		want(t, err, fault.Conflict)
		told()
		if key(a.ID) != "left@new" {
			t.Errorf("the address is %s", key(a.ID))
		}
	})
}

func testClosings(t *testing.T, fresh func(testing.TB) string) {
	db := OpenSQL(t, fresh(t))
	ctx := t.Context()
	c := makeClient(t, db, "console")
	a, f := makeAccount(t, db, "ada"), (*account.Closing)(nil)
	family := makeFamily(t, db, a, c)
	eraseAt := epoch.Add(30 * 24 * time.Hour)
	yes := func(want bool) func(bool, error) {
		return func(got bool, err error) {
			t.Helper()
			ok(t, err)
			if got != want {
				t.Errorf("got %t, want %t", got, want)
			}
		}
	}
	status := func(want account.Status) {
		t.Helper()
		if now, err := db.Account(ctx, a.ID); err != nil || now.Status != want {
			t.Errorf("status %v, %v; want %s", now, err, want)
		}
	}
	closing := account.Closing{AccountID: a.ID, EraseAt: eraseAt}
	yes(false)(db.KeepAccount(ctx, a.ID, epoch))
	yes(false)(db.EraseClosed(ctx, a.ID, note("erased"), eraseAt))
	yes(true)(db.CloseAccount(ctx, closing, note("closed"), epoch))
	yes(false)(db.CloseAccount(ctx, closing, note("closed"), epoch))
	status(account.Closed)
	if got, err := db.RotateFamily(ctx, family.RootKey, c.ID, 0, epoch.Add(time.Hour), epoch); err != nil || got != nil {
		t.Errorf("a refresh token of a closed account was used: %v, %v", got, err)
	}
	f, err := db.Closing(ctx, a.ID)
	ok(t, err)
	if f == nil || !f.EraseAt.Equal(eraseAt) || f.Reminded {
		t.Errorf("closing: %+v", f)
	}
	yes(true)(db.KeepAccount(ctx, a.ID, epoch))
	status(account.Active)
	if f, err = db.Closing(ctx, a.ID); err != nil || f != nil {
		t.Errorf("closing after it was kept: %+v, %v", f, err)
	}

	yes(true)(db.CloseAccount(ctx, closing, nil, epoch))
	due, err := db.Closings(ctx, eraseAt.Add(-time.Second), 10)
	ok(t, err)
	if len(due) != 0 {
		t.Errorf("due before its time: %v", due)
	}
	yes(true)(db.RemindOfClosing(ctx, a.ID, note("soon"), epoch))
	yes(false)(db.RemindOfClosing(ctx, a.ID, note("soon"), epoch))
	if due, err = db.Closings(ctx, eraseAt, 10); err != nil || len(due) != 1 || due[0].AccountID != a.ID || !due[0].Reminded || !due[0].EraseAt.Equal(eraseAt) {
		t.Errorf("due: %v, %v", due, err)
	}
	yes(false)(db.EraseClosed(ctx, a.ID, note("erased"), eraseAt.Add(-time.Second)))

	// An operator who disables it stops the clock.
	now, err := db.Account(ctx, a.ID)
	ok(t, err)
	disabled := *now
	disabled.Status, disabled.UpdatedAt = account.Disabled, epoch.Add(time.Second)
	ok(t, db.UpdateAccount(ctx, &disabled, now.UpdatedAt))
	yes(false)(db.EraseClosed(ctx, a.ID, note("erased"), eraseAt))
	if due, err = db.Closings(ctx, eraseAt, 10); err != nil || len(due) != 0 {
		t.Errorf("due while disabled: %v, %v", due, err)
	}
	disabled.Status = account.Closed
	ok(t, db.UpdateAccount(ctx, &disabled, disabled.UpdatedAt))

	yes(true)(db.EraseClosed(ctx, a.ID, note("erased"), eraseAt))
	yes(false)(db.EraseClosed(ctx, a.ID, note("erased"), eraseAt))
	_, err = db.Account(ctx, a.ID)
	want(t, err, fault.NotFound)
	if k := kinds(t, db); k["closed"] != 1 || k["soon"] != 1 || k["erased"] != 1 {
		t.Errorf("mails: %v", k)
	}
	for _, id := range []string{"ada", ""} {
		yes(false)(db.CloseAccount(ctx, account.Closing{AccountID: id, EraseAt: epoch}, nil, epoch))
		yes(false)(db.KeepAccount(ctx, id, epoch))
		yes(false)(db.EraseClosed(ctx, id, nil, epoch))
	}
	makeAccount(t, db, "ada") // the address is free again
}
