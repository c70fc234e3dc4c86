package storetest

import (
	"fmt"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/handle"
	sqlstore "signet/internal/store/sql"
)

// often lets letters out as fast as they are asked for; seldom lets out one.
var (
	often  = account.MailLimits{Most: 1000, Window: 24 * time.Hour}
	seldom = account.MailLimits{Pause: time.Minute, Most: 3, Window: time.Hour}
)

// signUp returns one that is not stored yet; its code hash says which it is.
func signUp(t testing.TB, key string) *account.SignUp {
	t.Helper()
	s := &account.SignUp{
		ID: newID(t), Email: key, EmailKey: key, PasswordHash: "$argon2id$" + handle.Short(),
		Profile:  account.Profile{GivenName: "Ada", FamilyName: "Lovelace", Birthdate: "1815-12-10", Locale: "pt-BR"},
		ClientID: "console", Browser: handle.Sum("browser"), CodeHash: handle.Short(), LinkKey: handle.Sum(handle.New()),
		CreatedAt: epoch, ExpiresAt: epoch.Add(24 * time.Hour),
	}
	s.News = account.NewAgreement(account.Agreement{
		AccountID: s.ID, Kind: account.AgreeNews, Given: true, Wording: "Novidades?", Version: "1", Language: "pt-BR",
		Source: account.FromSignUp, ClientID: "console",
	}, epoch.UTC())
	return s
}

// answers are the two letters that may answer the sign-up.
func answers(s *account.SignUp) account.SignUpLetters {
	known, activate := letter(s.Email, s.CreatedAt), letter(s.Email, s.CreatedAt)
	known.Kind, activate.Kind = "known", "activate"
	return account.SignUpLetters{Activate: activate, Known: known}
}

func addSignUp(t testing.TB, db *sqlstore.DB, s *account.SignUp, limits account.MailLimits) {
	t.Helper()
	made, err := db.AddSignUp(t.Context(), s, answers(s), limits)
	ok(t, err)
	if !made {
		t.Fatal("AddSignUp: it is there already")
	}
}

// lettersTo are the kinds of the mails to the address, newest first.
func lettersTo(t testing.TB, db *sqlstore.DB, to string) []string {
	t.Helper()
	all, err := db.Mails(t.Context(), 1000)
	ok(t, err)
	var kinds []string
	for _, m := range all {
		if m.To == to {
			kinds = append(kinds, m.Kind)
		}
	}
	return kinds
}

func testSignUps(t *testing.T, fresh func(testing.TB) string) {
	t.Run("a sign-up becomes an account", func(t *testing.T) { testActivation(t, OpenSQL(t, fresh(t))) })
	t.Run("letters", func(t *testing.T) { testSignUpLetters(t, OpenSQL(t, fresh(t))) })
	t.Run("codes", func(t *testing.T) { testSignUpCodes(t, OpenSQL(t, fresh(t))) })
	t.Run("what waits is found", func(t *testing.T) { testWaiting(t, OpenSQL(t, fresh(t))) })
	t.Run("expiry", func(t *testing.T) { testSignUpExpiry(t, OpenSQL(t, fresh(t))) })
	t.Run("races", func(t *testing.T) { testSignUpRaces(t, fresh(t)) })
}

func testActivation(t *testing.T, db *sqlstore.DB) {
	ctx, now := t.Context(), epoch.Add(time.Hour)
	mine, strangers, other := signUp(t, "ada@example.com"), signUp(t, "ada@example.com"), signUp(t, "bob@example.com")
	other.News = nil
	for _, s := range []*account.SignUp{mine, strangers, other} {
		addSignUp(t, db, s, often)
	}
	got, err := db.SignUpByLink(ctx, mine.LinkKey, now)
	ok(t, err)
	if !got.CreatedAt.Equal(epoch) || got.Active() {
		t.Errorf("stored at %v, active %v", got.CreatedAt, got.Active())
	}
	got.CreatedAt, got.ExpiresAt = mine.CreatedAt, mine.ExpiresAt
	if !reflect.DeepEqual(got, mine) {
		t.Errorf("got %+v\nwant %+v", got, mine)
	}
	a, err := db.ActivateSignUp(ctx, mine.ID, now)
	ok(t, err)
	stored, err := db.Account(ctx, mine.ID)
	ok(t, err)
	if stored.ID != mine.ID || stored.PasswordHash != mine.PasswordHash || !stored.EmailVerified || stored.Status != account.Active ||
		!stored.Profile.Equal(mine.Profile) || a.PasswordHash != stored.PasswordHash || !stored.CreatedAt.Equal(now) {
		t.Errorf("the account %+v", stored)
	}
	agreed, err := db.AgreementsOf(ctx, mine.ID)
	ok(t, err)
	if len(agreed) != 1 || *agreed[0] != *mine.News {
		t.Errorf("the ledger: %+v", agreed)
	}
	// The stranger's waits in vain, as for an address with an account; another
	// address's does not, and nothing is made twice.
	if s, err := db.SignUp(ctx, strangers.ID, now); err != nil || s.Active() {
		t.Errorf("the stranger's sign-up: %+v, %v", s, err)
	}
	if hash, err := db.CountCode(ctx, strangers.ID, 5, now); err != nil || hash == "" || hash == strangers.CodeHash {
		t.Errorf("the stranger's code: %q, %v", hash, err)
	}
	_, err = db.SignUpByLink(ctx, strangers.LinkKey, now)
	want(t, err, fault.NotFound)
	if hash, err := db.CountCode(ctx, other.ID, 5, now); err != nil || hash != other.CodeHash {
		t.Errorf("the code for another address: %q, %v", hash, err)
	}
	_, err = db.ActivateSignUp(ctx, mine.ID, now)
	want(t, err, fault.NotFound)
	_, err = db.SignUp(ctx, other.ID, now)
	ok(t, err)
	if dropped, err := db.DropSignUp(ctx, mine.ID); err != nil || dropped {
		t.Errorf("an account was dropped as if it waited: %v, %v", dropped, err)
	}
	for i, first := range []bool{true, false} {
		if took, err := db.TakeSignUp(ctx, mine.ID); err != nil || took != first {
			t.Errorf("take %d: %v, %v", i, took, err)
		}
	}
	if took, err := db.TakeSignUp(ctx, other.ID); err != nil || took {
		t.Errorf("one that waits was taken: %v, %v", took, err)
	}
	if dropped, err := db.DropSignUp(ctx, other.ID); err != nil || !dropped {
		t.Errorf("one that waits was not dropped: %v, %v", dropped, err)
	}
	testDenied(t, db)
	_, err = db.ActivateSignUp(ctx, other.ID, now)
	want(t, err, fault.NotFound)
	testPasswordSince(t, db)
	// An address that got an account by other means.
	late := signUp(t, "cyd@example.com")
	addSignUp(t, db, late, often)
	makeAccount(t, db, "cyd@example.com")
	_, err = db.ActivateSignUp(ctx, late.ID, now)
	want(t, err, fault.Conflict)
}

// testPasswordSince: whoever sets another password shuts out the browser in
// which the account was made and that has not gone on yet.
func testPasswordSince(t *testing.T, db *sqlstore.DB) {
	ctx := t.Context()
	s := signUp(t, "dan@example.com")
	addSignUp(t, db, s, often)
	a, err := db.ActivateSignUp(ctx, s.ID, epoch)
	ok(t, err)
	a.PasswordHash = "$argon2id$another"
	ok(t, db.UpdateAccount(ctx, a, a.UpdatedAt))
	if took, err := db.TakeSignUp(ctx, s.ID); err != nil || took {
		t.Errorf("taken after a new password: %v, %v", took, err)
	}
}

func testSignUpLetters(t *testing.T, db *sqlstore.DB) {
	ctx := t.Context()
	makeAccount(t, db, "known@example.com")
	for _, c := range []struct{ to, kind string }{{"new@example.com", "activate"}, {"known@example.com", "known"}} {
		s := signUp(t, c.to)
		addSignUp(t, db, s, seldom)
		if made, err := db.AddSignUp(ctx, s, answers(s), often); err != nil || made {
			t.Errorf("%s: made twice: %v, %v", c.to, made, err)
		}
		if got := lettersTo(t, db, c.to); len(got) != 1 || got[0] != c.kind {
			t.Errorf("%s got %v, want %s", c.to, got, c.kind)
		}
		// Too soon: the sign-up stays as it is.
		renewed := *s
		renewed.CodeHash, renewed.LinkKey = handle.Short(), handle.Sum(handle.New())
		early, err := db.RenewSignUp(ctx, &renewed, answers(&renewed), seldom, epoch.Add(59*time.Second))
		ok(t, err)
		if _, err := db.SignUpByLink(ctx, s.LinkKey, epoch); early || err != nil {
			t.Errorf("%s: a letter too soon: %v, %v", c.to, early, err)
		}
		for minute := 1; minute <= 4; minute++ {
			sent, err := db.RenewSignUp(ctx, &renewed, answers(&renewed), seldom, epoch.Add(time.Duration(minute)*time.Minute))
			ok(t, err)
			if want := minute < 3; sent != want {
				t.Errorf("%s: letter %d was sent: %v", c.to, minute+1, sent)
			}
		}
		_, err = db.SignUpByLink(ctx, s.LinkKey, epoch)
		want(t, err, fault.NotFound)
		// The window is over.
		if sent, err := db.RenewSignUp(ctx, &renewed, answers(&renewed), seldom, epoch.Add(time.Hour)); err != nil || !sent {
			t.Errorf("%s: no letter in the next window: %v, %v", c.to, sent, err)
		}
		if got := lettersTo(t, db, c.to); len(got) != 4 {
			t.Errorf("%s got %v", c.to, got)
		}
	}
	// Somebody else signs up with the same address, too soon for a letter: no code is good.
	second := signUp(t, "new@example.com")
	second.CreatedAt = epoch.Add(time.Hour)
	addSignUp(t, db, second, seldom)
	hash, err := db.CountCode(ctx, second.ID, 5, epoch)
	if err != nil || hash == "" || hash == second.CodeHash {
		t.Errorf("a code that nobody was sent is good: %q, %v", hash, err)
	}
	gone := signUp(t, "gone@example.com")
	_, err = db.RenewSignUp(ctx, gone, answers(gone), often, epoch)
	want(t, err, fault.NotFound)
	if got := lettersTo(t, db, "gone@example.com"); len(got) != 0 {
		t.Errorf("letters without a sign-up: %v", got)
	}
}

func testSignUpCodes(t *testing.T, db *sqlstore.DB) {
	ctx := t.Context()
	makeAccount(t, db, "known@example.com")
	fresh, known := signUp(t, "new@example.com"), signUp(t, "known@example.com")
	for _, s := range []*account.SignUp{fresh, known} {
		addSignUp(t, db, s, often)
		for try := range 7 {
			hash, err := db.CountCode(ctx, s.ID, 5, epoch)
			ok(t, err)
			if (hash != "") != (try < 5) {
				t.Errorf("%s, try %d: %q", s.Email, try, hash)
			}
			if match := hash == s.CodeHash; match != (s == fresh && try < 5) {
				t.Errorf("%s, try %d: the code is good: %v", s.Email, try, match)
			}
		}
	}
	fresh.CodeHash = handle.Short()
	if sent, err := db.RenewSignUp(ctx, fresh, answers(fresh), often, epoch); err != nil || !sent {
		t.Fatalf("RenewSignUp: %v, %v", sent, err)
	}
	if hash, err := db.CountCode(ctx, fresh.ID, 5, epoch); err != nil || hash != fresh.CodeHash {
		t.Errorf("a new code has no new tries: %q, %v", hash, err)
	}
	if hash, err := db.CountCode(ctx, "nobody", 5, epoch); err != nil || hash != "" {
		t.Errorf("nobody's code: %q, %v", hash, err)
	}
}

func testWaiting(t *testing.T, db *sqlstore.DB) {
	ctx := t.Context()
	find := func(browser string, expect *account.SignUp) {
		t.Helper()
		got, err := db.WaitingSignUp(ctx, "ada@example.com", browser, epoch)
		ok(t, err)
		if (got == nil) != (expect == nil) || got != nil && got.ID != expect.ID {
			t.Errorf("found %+v, want %+v", got, expect)
		}
	}
	find("", nil)
	first, second := signUp(t, "ada@example.com"), signUp(t, "ada@example.com")
	first.Browser, second.Browser = "mine", "a stranger's"
	addSignUp(t, db, first, often)
	addSignUp(t, db, second, often)
	find("mine", first)
	find("another", second)
	for after, want := range map[string]int{"": 2, first.ID: 1, second.ID: 0, "no id": 0} {
		if list, err := db.SignUps(ctx, after, 10, epoch); err != nil || len(list) != want || want > 0 && list[want-1].ID != second.ID {
			t.Errorf("%d wait after %q, %v", len(list), after, err)
		}
	}
	_, err := db.ActivateSignUp(ctx, first.ID, epoch)
	ok(t, err)
	find("mine", second)
	if list, err := db.SignUps(ctx, "", 10, epoch); err != nil || len(list) != 1 {
		t.Errorf("%d wait, %v", len(list), err)
	}
}

func testSignUpExpiry(t *testing.T, db *sqlstore.DB) {
	ctx := t.Context()
	s, later := signUp(t, "ada@example.com"), signUp(t, "bob@example.com")
	later.ExpiresAt = later.ExpiresAt.Add(time.Hour)
	addSignUp(t, db, s, often)
	addSignUp(t, db, later, often)
	end := s.ExpiresAt
	_, err := db.SignUp(ctx, s.ID, end.Add(-time.Microsecond))
	ok(t, err)
	_, err = db.SignUp(ctx, s.ID, end)
	want(t, err, fault.NotFound)
	_, err = db.SignUpByLink(ctx, s.LinkKey, end)
	want(t, err, fault.NotFound)
	_, err = db.ActivateSignUp(ctx, s.ID, end)
	want(t, err, fault.NotFound)
	if hash, err := db.CountCode(ctx, s.ID, 5, end); err != nil || hash != "" {
		t.Errorf("the code outlived the sign-up: %q, %v", hash, err)
	}
	if found, err := db.WaitingSignUp(ctx, s.EmailKey, "", end); err != nil || found != nil {
		t.Errorf("found after its end: %v, %v", found, err)
	}
	if n, err := db.DeleteSignUps(ctx, end, 10); err != nil || n != 1 {
		t.Errorf("%d removed, %v", n, err)
	}
	_, err = db.SignUp(ctx, later.ID, end)
	ok(t, err)
}

func testSignUpRaces(t *testing.T, address string) {
	nodes := []*sqlstore.DB{OpenSQL(t, address), OpenSQL(t, address)}
	db, ctx := nodes[0], t.Context()
	one := func(t *testing.T, n int) {
		t.Helper()
		if n != 1 {
			t.Errorf("%d of %d callers won, want 1", n, callers)
		}
	}
	// activated reports whether this caller made the account.
	activated := func(err error) (bool, error) {
		if fault.Is(err, fault.Conflict) || fault.Is(err, fault.NotFound) {
			return false, nil
		}
		return err == nil, err
	}
	t.Run("one sign-up is activated once, and entered once", func(t *testing.T) {
		s := signUp(t, "once@example.com")
		addSignUp(t, db, s, often)
		one(t, raceNodes(t, nodes, func(db *sqlstore.DB, _ int) (bool, error) {
			_, err := db.ActivateSignUp(ctx, s.ID, epoch)
			return activated(err)
		}))
		one(t, raceNodes(t, nodes, func(db *sqlstore.DB, _ int) (bool, error) { return db.TakeSignUp(ctx, s.ID) }))
	})
	t.Run("two sign-ups of one address make one account", func(t *testing.T) {
		for round := range 5 {
			key := fmt.Sprintf("both%d@example.com", round)
			pair := []*account.SignUp{signUp(t, key), signUp(t, key)}
			addSignUp(t, db, pair[0], often)
			addSignUp(t, db, pair[1], often)
			one(t, raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
				_, err := db.ActivateSignUp(ctx, pair[i/2%2].ID, epoch)
				return activated(err)
			}))
			a, err := db.AccountByEmailKey(ctx, key)
			ok(t, err)
			if a.ID != pair[0].ID && a.ID != pair[1].ID {
				t.Errorf("the account is %s", a.ID)
			}
		}
	})
	t.Run("an account that is made meanwhile", func(t *testing.T) {
		s := signUp(t, "meanwhile@example.com")
		addSignUp(t, db, s, often)
		one(t, raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
			if i%2 == 0 {
				_, err := db.ActivateSignUp(ctx, s.ID, epoch)
				return activated(err)
			}
			return activated(db.CreateAccount(ctx, &account.Account{
				ID: newID(t), Email: s.Email, EmailKey: s.EmailKey, Status: account.Active, CreatedAt: epoch, UpdatedAt: epoch,
			}))
		}))
	})
	t.Run("denied or activated", func(t *testing.T) {
		s := signUp(t, "denied@example.com")
		addSignUp(t, db, s, often)
		one(t, raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
			if i%2 == 0 {
				return db.DropSignUp(ctx, s.ID)
			}
			_, err := db.ActivateSignUp(ctx, s.ID, epoch)
			return activated(err)
		}))
	})
	t.Run("sign-ups of one address send one letter", func(t *testing.T) {
		raceNodes(t, nodes, func(db *sqlstore.DB, _ int) (bool, error) {
			s := signUp(t, "crowd@example.com")
			return db.AddSignUp(ctx, s, answers(s), seldom)
		})
		if got := lettersTo(t, db, "crowd@example.com"); len(got) != 1 {
			t.Errorf("%d letters", len(got))
		}
	})
	t.Run("one sign-up is stored once", func(t *testing.T) {
		s := signUp(t, "twice@example.com")
		one(t, raceNodes(t, nodes, func(db *sqlstore.DB, _ int) (bool, error) {
			mine := *s
			mine.LinkKey = handle.Sum(handle.New())
			return db.AddSignUp(ctx, &mine, answers(&mine), often)
		}))
	})
	t.Run("no more codes than allowed are evaluated", func(t *testing.T) {
		s := signUp(t, "guessed@example.com")
		addSignUp(t, db, s, often)
		var evaluated atomic.Int32
		raceNodes(t, nodes, func(db *sqlstore.DB, _ int) (bool, error) {
			hash, err := db.CountCode(ctx, s.ID, 5, epoch)
			if hash != "" {
				evaluated.Add(1)
			}
			return false, err
		})
		if n := evaluated.Load(); n != 5 {
			t.Errorf("%d codes were evaluated", n)
		}
	})
}

// testDenied: an address that has had all its letters has them back when its
// owner denies one, and not when who made the sign-up gives it up.
func testDenied(t *testing.T, db *sqlstore.DB) {
	t.Helper()
	ctx := t.Context()
	letters := func() int { return kinds(t, db)["activate"] }
	add := func() *account.SignUp {
		s := signUp(t, "flooded")
		addSignUp(t, db, s, account.MailLimits{Most: 1, Window: time.Hour})
		return s
	}
	before, first := letters(), add()
	if dropped, err := db.DropSignUp(ctx, add().ID); err != nil || !dropped {
		t.Fatal(dropped, err)
	}
	add()
	if n := letters() - before; n != 1 {
		t.Errorf("%d letters, want 1", n)
	}
	for i, there := range []bool{true, false} {
		if denied, err := db.DenySignUp(ctx, first.ID); err != nil || denied != there {
			t.Errorf("denied %d: %v, %v", i, denied, err)
		}
	}
	add()
	if n := letters() - before; n != 2 {
		t.Errorf("%d letters after the owner denied one, want 2", n)
	}
}
