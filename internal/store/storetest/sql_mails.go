package storetest

import (
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/outbox"
	sqlstore "signet/internal/store/sql"
)

// letter returns a mail that was written at the time and is not stored yet.
func letter(to string, at time.Time) *outbox.Mail {
	return outbox.New(outbox.Mail{
		Kind: "account.sign_in", To: to, Language: "ar", Subject: "تسجيل دخول", Text: "نص\n", HTML: "<p>نص</p>\n",
	}, at)
}

func claim(t testing.TB, db *sqlstore.DB, now, ends time.Time) *outbox.Mail {
	t.Helper()
	m, err := db.ClaimMail(t.Context(), now, ends)
	ok(t, err)
	return m
}

func testMails(t *testing.T, fresh func(testing.TB) string) {
	t.Run("a mail's life", func(t *testing.T) { testMailLife(t, OpenSQL(t, fresh(t))) })
	t.Run("failures", func(t *testing.T) { testMailFailures(t, OpenSQL(t, fresh(t))) })
	t.Run("deletion", func(t *testing.T) { testMailDeletion(t, OpenSQL(t, fresh(t))) })
	t.Run("workers race", func(t *testing.T) { testMailRace(t, fresh(t)) })
	t.Run("unstorable", func(t *testing.T) {
		db := OpenSQL(t, fresh(t))
		m := letter("a\x00b@example.com", epoch)
		want(t, db.AddMail(t.Context(), m), fault.Invalid)
		m = letter("a@example.com", epoch)
		m.ID = "1"
		want(t, db.AddMail(t.Context(), m), fault.Invalid)
		_, err := db.Mail(t.Context(), "1")
		want(t, err, fault.NotFound)
	})
}

func testMailLife(t *testing.T, db *sqlstore.DB) {
	ctx := t.Context()
	m := letter("ada@example.com", epoch)
	m.AccountID = newID(t) // of nobody: a mail may outlive its account
	ok(t, db.AddMail(ctx, m))
	select {
	case <-db.Mailed():
	default:
		t.Error("the worker was not woken")
	}
	if early := claim(t, db, epoch.Add(-time.Second), epoch.Add(time.Hour)); early != nil {
		t.Errorf("claimed before it was due: %+v", early)
	}
	ends := epoch.Add(3 * time.Minute)
	got := claim(t, db, epoch, ends)
	expect := *m
	expect.CreatedAt, expect.Attempts, expect.DueAt = m.CreatedAt.UTC(), 1, ends.UTC()
	if !reflect.DeepEqual(got, &expect) {
		t.Fatalf("claimed %+v, want %+v", got, &expect)
	}
	if again := claim(t, db, ends.Add(-time.Microsecond), ends.Add(time.Hour)); again != nil {
		t.Errorf("claimed twice: %+v", again)
	}
	// The worker died, and the claim ends.
	later := ends.Add(3 * time.Minute)
	if got = claim(t, db, ends, later); got == nil || got.Attempts != 2 {
		t.Fatalf("after the claim: %+v", got)
	}
	// The first worker was only slow: what it handed over is sent.
	ok(t, db.MailSent(ctx, m, ends, false))
	ok(t, db.MailFailed(ctx, &outbox.Mail{ID: m.ID, State: outbox.State{Attempts: 9, DueAt: ends}}, "too late", later))
	got, err := db.Mail(ctx, m.ID)
	ok(t, err)
	if got.Text != m.Text || !got.SentAt.Equal(ends) || !got.DueAt.IsZero() || got.Attempts != 2 || got.LastError != "" {
		t.Errorf("sent and kept: %+v", got)
	}

	second := letter("bob@example.com", epoch.Add(time.Second))
	ok(t, db.AddMail(ctx, second))
	ok(t, db.MailSent(ctx, second, ends, true))
	if got, err = db.Mail(ctx, second.ID); err != nil || got.Subject+got.Text+got.HTML != "" || got.To != second.To {
		t.Errorf("sent and erased: %+v, %v", got, err)
	}
	list, err := db.Mails(ctx, 10)
	ok(t, err)
	if len(list) != 2 || list[0].ID != second.ID || list[1].ID != m.ID {
		t.Errorf("listed %+v", list)
	}
	if list, err = db.Mails(ctx, 1); err != nil || len(list) != 1 {
		t.Errorf("a list of one has %d, %v", len(list), err)
	}
}

func testMailFailures(t *testing.T, db *sqlstore.DB) {
	ctx := t.Context()
	first, second := letter("ada@example.com", epoch), letter("bob@example.com", epoch.Add(time.Millisecond))
	ok(t, db.AddMail(ctx, first))
	ok(t, db.AddMail(ctx, second))
	now, ends := epoch.Add(time.Second), epoch.Add(time.Minute)
	got := claim(t, db, now, ends)
	if got.ID != first.ID {
		t.Fatalf("the mail that is due longest comes first; got %s", got.To)
	}
	got.DueAt = epoch.Add(time.Hour)
	ok(t, db.MailFailed(ctx, got, "greylisted \xff\x00", ends))
	if other := claim(t, db, now, ends); other == nil || other.ID != second.ID {
		t.Fatalf("the next mail waits for the one before: %+v", other)
	}
	if none := claim(t, db, now, ends); none != nil {
		t.Fatalf("due before its time: %+v", none)
	}
	got = claim(t, db, epoch.Add(time.Hour), epoch.Add(2*time.Hour))
	if got == nil || got.ID != second.ID {
		t.Fatalf("a claim that ended first: %+v", got)
	}
	got = claim(t, db, epoch.Add(time.Hour), epoch.Add(2*time.Hour))
	if got == nil || got.ID != first.ID || got.LastError != "greylisted \uFFFD\uFFFD" || got.Attempts != 2 {
		t.Fatalf("tried again: %+v", got)
	}
	got.DueAt, got.DeadAt = time.Time{}, epoch.Add(3*time.Hour)
	ok(t, db.MailFailed(ctx, got, "no such mailbox", epoch.Add(2*time.Hour)))
	if dead := claim(t, db, epoch.Add(99*time.Hour), epoch.Add(100*time.Hour)); dead == nil || dead.ID != second.ID {
		t.Fatalf("claimed %+v, want the other mail", dead)
	}
	if dead := claim(t, db, epoch.Add(99*time.Hour), epoch.Add(100*time.Hour)); dead != nil {
		t.Fatalf("a dead mail was claimed: %+v", dead)
	}
	got, err := db.Mail(ctx, first.ID)
	ok(t, err)
	if got.DeadAt.IsZero() || got.Text == "" || got.LastError != "no such mailbox" {
		t.Errorf("a dead mail keeps what it says and why: %+v", got)
	}
}

func testMailDeletion(t *testing.T, db *sqlstore.DB) {
	ctx := t.Context()
	for range 5 {
		m := letter("ada@example.com", epoch)
		ok(t, db.AddMail(ctx, m))
		ok(t, db.MailSent(ctx, m, epoch, true))
	}
	waiting := letter("bob@example.com", epoch)
	ok(t, db.AddMail(ctx, waiting))
	// Ids carry the time of the clock, not that of the story.
	for _, step := range []struct {
		before time.Time
		limit  int
		gone   int
	}{
		{time.Now().Add(-time.Hour), 10, 0}, {time.Now().Add(time.Hour), 2, 2}, {time.Now().Add(time.Hour), 10, 3}, {time.Now().Add(time.Hour), 10, 0},
	} {
		n, err := db.DeleteMails(ctx, step.before, step.limit)
		ok(t, err)
		if n != step.gone {
			t.Errorf("removed %d, want %d", n, step.gone)
		}
	}
	if _, err := db.Mail(ctx, waiting.ID); err != nil {
		t.Errorf("a mail that waits was removed: %v", err)
	}
}

// testMailRace lets the workers of two nodes empty the outbox.
func testMailRace(t *testing.T, address string) {
	nodes := []*sqlstore.DB{OpenSQL(t, address), OpenSQL(t, address)}
	const mails = 60
	for i := range mails {
		ok(t, nodes[0].AddMail(t.Context(), letter(fmt.Sprintf("%d@example.com", i), epoch)))
	}
	var mu sync.Mutex
	claimed := map[string]int{}
	var group sync.WaitGroup
	for i := range 12 {
		group.Go(func() {
			db := nodes[i%len(nodes)]
			for {
				m, err := db.ClaimMail(t.Context(), epoch, epoch.Add(time.Hour))
				if err != nil {
					t.Errorf("worker %d: %v", i, err)
					return
				}
				mu.Lock()
				done := len(claimed) == mails
				if m != nil {
					claimed[m.ID]++
				}
				mu.Unlock()
				if m == nil && done {
					return
				}
			}
		})
	}
	group.Wait()
	for id, n := range claimed {
		if n != 1 {
			t.Errorf("mail %s was claimed %d times", id, n)
		}
	}
}

// testBrowsers checks which sign-ins are announced, and that the announcement
// and the record are one.
func testBrowsers(t *testing.T, fresh func(testing.TB) string) {
	db := OpenSQL(t, fresh(t))
	ctx := t.Context()
	limits := account.BrowserLimits{Kept: 4, Notices: 2, Window: time.Hour}
	ada, bob := makeAccount(t, db, "ada"), makeAccount(t, db, "bob")
	told := func() int {
		list, err := db.Mails(ctx, 100)
		ok(t, err)
		return len(list)
	}
	signIn := func(a *account.Account, browser string, now time.Time) {
		t.Helper()
		ok(t, db.AddBrowser(ctx, a.ID, browser, now, limits, letter(a.Email, now)))
	}
	steps := []struct {
		who     *account.Account
		browser string
		after   time.Duration
		mails   int // in all, from then on
	}{
		{ada, "laptop", 0, 0},                    // an account's first
		{ada, "laptop", time.Minute, 0},          // known
		{ada, "phone", 2 * time.Minute, 1},       // new
		{bob, "laptop", 3 * time.Minute, 1},      // bob's first, in a browser that ada uses
		{ada, "phone", 4 * time.Minute, 1},       // known
		{ada, "tablet", 5 * time.Minute, 1},      // the third new one within the window, the first included
		{ada, "tablet", 90 * time.Minute, 1},     // known all the same
		{ada, "kiosk", 100 * time.Minute, 2},     // the window has passed
		{ada, "kiosk two", 101 * time.Minute, 3}, // forgets the laptop, which was used longest ago
		{ada, "laptop", 102 * time.Minute, 3},    // new again, and too many
	}
	for _, s := range steps {
		signIn(s.who, s.browser, epoch.Add(s.after))
		if n := told(); n != s.mails {
			t.Fatalf("%s in %q after %v: %d mails, want %d", s.who.EmailKey, s.browser, s.after, n, s.mails)
		}
	}
	seen, err := db.Browser(ctx, ada.ID, "tablet")
	ok(t, err)
	if !seen.Equal(epoch.Add(90 * time.Minute)) {
		t.Errorf("the tablet was last seen at %v", seen)
	}
	if seen, err = db.Browser(ctx, ada.ID, "phone"); err != nil || !seen.IsZero() {
		t.Errorf("the phone, unused longest, was not forgotten: %v, %v", seen, err)
	}

	t.Run("with nobody to tell", func(t *testing.T) {
		quiet := makeAccount(t, db, "quiet")
		for i, browser := range []string{"a", "b", "b", "a", "c", "d", "e"} {
			ok(t, db.AddBrowser(ctx, quiet.ID, browser, epoch.Add(time.Duration(i)*time.Minute), limits, nil))
		}
		for browser, last := range map[string]int{"a": 3, "b": -1, "c": 4, "d": 5, "e": 6} {
			got, seen, err := db.AccountAndBrowser(ctx, "quiet", browser)
			ok(t, err)
			want := time.Time{}
			if last >= 0 {
				want = epoch.Add(time.Duration(last) * time.Minute)
			}
			if got.ID != quiet.ID || !seen.Equal(want) {
				t.Errorf("%s in %s: seen %v, want %v", got.ID, browser, seen, want)
			}
		}
		want(t, db.AddBrowser(ctx, newID(t), "a", epoch, limits, nil), fault.NotFound)
		_, _, err := db.AccountAndBrowser(ctx, "nobody", "a")
		want(t, err, fault.NotFound)
	})
	t.Run("forgotten", func(t *testing.T) {
		carl := makeAccount(t, db, "carl")
		signIn(carl, "laptop", epoch)
		ok(t, db.ForgetBrowsers(ctx, carl.ID))
		if seen, err := db.Browser(ctx, carl.ID, "laptop"); err != nil || !seen.IsZero() {
			t.Errorf("the laptop is still known: %v, %v", seen, err)
		}
		if seen, err := db.Browser(ctx, bob.ID, "laptop"); err != nil || seen.IsZero() {
			t.Errorf("bob's laptop is not: %v, %v", seen, err)
		}
	})
	t.Run("no notice without the record", func(t *testing.T) {
		before := told()
		want(t, db.AddBrowser(ctx, newID(t), "laptop", epoch, limits, letter("x@example.com", epoch)), fault.NotFound)
		same := letter("bob", epoch)
		ok(t, db.AddMail(ctx, same)) // its id is taken: the notice fails, and the record with it
		want(t, db.AddBrowser(ctx, bob.ID, "phone", epoch.Add(2*time.Hour), limits, same), fault.Conflict)
		seen, err := db.Browser(ctx, bob.ID, "phone")
		ok(t, err)
		if !seen.IsZero() || told() != before+1 {
			t.Errorf("half of it was kept: seen %v, %d mails", seen, told())
		}
	})
	t.Run("race", func(t *testing.T) {
		before := told()
		one := makeAccount(t, db, "one")
		signIn(one, "first", epoch)
		raceNodes(t, []*sqlstore.DB{db}, func(db *sqlstore.DB, _ int) (bool, error) {
			return true, db.AddBrowser(ctx, one.ID, "second", epoch, limits, letter("one", epoch))
		})
		if n := told() - before; n != 1 {
			t.Errorf("%d notices of one browser", n)
		}
	})
	ok(t, db.DeleteAccount(ctx, ada.ID, epoch, epoch))
	if seen, err := db.Browser(ctx, ada.ID, "tablet"); err != nil || !seen.IsZero() {
		t.Errorf("a deleted account's browser is remembered: %v, %v", seen, err)
	}
}
