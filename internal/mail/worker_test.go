package mail_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"signet/internal/mail"
	"signet/internal/mail/mailtest"
	"signet/internal/outbox"
	sqlstore "signet/internal/store/sql"
	"signet/internal/store/storetest"
)

const sender = "Signet <no-reply@id.example>"

// fast is a pace at which a test sees what takes a day.
var fast = mail.Pace{
	Poll: 20 * time.Millisecond, FirstRetry: 20 * time.Millisecond, LongestRetry: 100 * time.Millisecond, Tries: 4,
	FirstPause: 10 * time.Millisecond, LongestPause: 40 * time.Millisecond, Linger: time.Second,
}

// stores are the two databases, each empty.
func stores(t *testing.T, run func(*testing.T, string)) {
	for name, fresh := range map[string]func(testing.TB) string{"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) { run(t, fresh(t)) })
	}
}

func queue(t testing.TB, db *sqlstore.DB, n int) {
	t.Helper()
	for i := range n {
		m := outbox.New(outbox.Mail{
			Kind: "account.sign_in", To: fmt.Sprintf("ada%d@example.com", i), Language: "en", Subject: "Your code is Rumpelstilz",
			Text: "Rumpelstilz\n", HTML: "<p>Rumpelstilz</p>",
		}, time.Now())
		if err := db.AddMail(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
}

// node is a running worker.
type node struct {
	*mail.Worker
	log  *buffer
	stop func() // returns when the worker has ended
}

func start(t testing.TB, store outbox.Store, nudge <-chan struct{}, url string, pace mail.Pace) *node {
	t.Helper()
	courier, err := mail.NewSMTP(mail.Server{URL: url, Timeout: 20 * time.Second}, sender)
	if err != nil {
		t.Fatal(err)
	}
	n := &node{log: &buffer{}}
	n.Worker = mail.NewWorker(mail.Options{
		Store: store, Courier: courier, Nudge: nudge, Erase: true, Now: time.Now, Pace: pace,
		Log: slog.New(slog.NewTextHandler(n.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { n.Run(ctx); close(ended) }()
	n.stop = sync.OnceFunc(func() { cancel(); <-ended })
	t.Cleanup(func() {
		n.stop()
		if log := n.log.String(); strings.Contains(log, "@example") || strings.Contains(log, "Rumpelstilz") {
			t.Errorf("the log knows too much:\n%s", log)
		}
	})
	return n
}

// settled waits until no mail of the store is due any more.
func settled(t testing.TB, db *sqlstore.DB) []*outbox.Mail {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		mails, err := db.Mails(t.Context(), 1000)
		if err != nil {
			t.Fatal(err)
		}
		due := 0
		for _, m := range mails {
			if !m.DueAt.IsZero() {
				due++
			}
		}
		if due == 0 {
			return mails
		}
		if time.Now().After(end) {
			t.Fatalf("%d mails still wait after half a minute", due)
		}
	}
}

// once checks that n mails arrived, each once.
func once(t testing.TB, mails []mailtest.Mail, n int) {
	t.Helper()
	onceBut(t, mails, n, 0)
}

// onceBut is once, but for so many repeats of a mail under its own Message-ID:
// a server that dies between taking a mail and saying so gets it again.
func onceBut(t testing.TB, mails []mailtest.Mail, n, repeats int) {
	t.Helper()
	people, ids := map[string]int{}, map[string]bool{}
	for _, m := range mails {
		people[m.To]++
		ids[m.ID()] = true
	}
	if len(people) != n || len(ids) != n {
		t.Errorf("%d people got %d mails, want %d", len(people), len(ids), n)
	}
	if extra := len(mails) - n; extra > repeats {
		t.Errorf("%d repeats: %v", extra, people)
	}
}

// TestOutage stops the server while a hundred mails are written, twice.
func TestOutage(t *testing.T) {
	stores(t, func(t *testing.T, address string) {
		db := storetest.OpenSQL(t, address)
		server := mailtest.Listen(t, mailtest.Options{})
		n := start(t, db, db.Mailed(), server.URL(), fast)
		queue(t, db, 100)
		time.Sleep(300 * time.Millisecond) // many more tries than a mail has
		server.Up()
		server.Wait(30)
		server.Down()
		time.Sleep(100 * time.Millisecond)
		server.Up()
		mails := settled(t, db)
		onceBut(t, server.Mails(), 100, 1) // the one that was under way at the second outage
		for _, m := range mails {
			if m.SentAt.IsZero() || m.Subject+m.Text+m.HTML != "" {
				t.Fatalf("sent and not erased: %+v", m)
			}
		}
		if sent, failed, dead := n.Stats(); sent != 100 || failed == 0 || dead != 0 {
			t.Errorf("sent %d, failed %d, given up %d", sent, failed, dead)
		}
		n.stop()
		if c := strings.Count(n.log.String(), "cannot be reached"); c > 3 {
			t.Errorf("two outages were told %d times:\n%s", c, n.log)
		}
	})
}

// TestNodes lets the workers of several nodes share an outbox.
func TestNodes(t *testing.T) {
	stores(t, func(t *testing.T, address string) {
		const n = 4
		var mu sync.Mutex
		busy, all := map[int]bool{}, make(chan struct{})
		// Every node has a connection. None gets an answer before all have a mail
		// under way, however late one comes.
		server := mailtest.Start(t, mailtest.Options{Data: func(m mailtest.Mail) error {
			mu.Lock()
			if !busy[m.Connection] && len(busy)+1 == n {
				close(all)
			}
			busy[m.Connection] = true
			mu.Unlock()
			select {
			case <-all:
			case <-time.After(10 * time.Second): // and the test says which did nothing
			}
			return nil
		}})
		first := storetest.OpenSQL(t, address)
		queue(t, first, 100)
		var dbs []*sqlstore.DB
		for range n {
			dbs = append(dbs, storetest.OpenSQL(t, address))
		}
		var nodes []*node
		for _, db := range dbs {
			nodes = append(nodes, start(t, db, db.Mailed(), server.URL(), fast))
		}
		settled(t, first)
		once(t, server.Mails(), 100)
		for i, n := range nodes {
			if sent, _, _ := n.Stats(); sent == 0 {
				t.Errorf("node %d of %d sent nothing", i, len(nodes))
			}
		}
	})
}

// TestDecoys checks that a mail of nobody is handed over to nobody, counts as no
// mail, is erased, and is in the way of no other, also of one that waits for its
// server.
func TestDecoys(t *testing.T) {
	stores(t, func(t *testing.T, address string) {
		db := storetest.OpenSQL(t, address)
		server := mailtest.Listen(t, mailtest.Options{})
		decoy := func() *outbox.Mail {
			return outbox.New(outbox.Mail{Kind: "account.reset_code", Language: "en", Subject: "S", Text: "Rumpelstilz", HTML: "<p>Rumpelstilz</p>"}, time.Now())
		}
		for range 3 {
			if err := db.AddMail(t.Context(), decoy()); err != nil {
				t.Fatal(err)
			}
			queue(t, db, 1)
		}
		n := start(t, db, db.Mailed(), server.URL(), fast)
		time.Sleep(100 * time.Millisecond)
		server.Up()
		settled(t, db)
		if mails := server.Wait(3); len(mails) != 3 {
			t.Errorf("%d mails arrived, want 3", len(mails))
		}
		n.stop()
		if sent, _, dead := n.Stats(); sent != 3 || dead != 0 || strings.Contains(n.log.String(), "reset_code") {
			t.Errorf("sent %d, given up %d:\n%s", sent, dead, n.log)
		}
		// Nothing is due, so that the decoys have had their turn.
		if m, err := db.ClaimMail(t.Context(), time.Now().Add(time.Hour), time.Now().Add(2*time.Hour)); m != nil || err != nil {
			t.Errorf("still due: %+v, %v", m, err)
		}
	})
}

// TestNudge checks that nobody waits for the next look.
func TestNudge(t *testing.T) {
	db := storetest.OpenSQL(t, storetest.SQLiteURL(t))
	server := mailtest.Start(t, mailtest.Options{})
	slow := fast
	slow.Poll = time.Hour
	start(t, db, db.Mailed(), server.URL(), slow)
	for i := range 3 {
		time.Sleep(20 * time.Millisecond) // let it find nothing, and rest
		queue(t, db, 1)
		server.Wait(i + 1)
	}
}

// TestRefusals gives up what is refused for good, tries again what is not, and
// gives that up after its tries.
func TestRefusals(t *testing.T) {
	db := storetest.OpenSQL(t, storetest.SQLiteURL(t))
	var mu sync.Mutex
	tries := map[string]int{}
	server := mailtest.Start(t, mailtest.Options{Rcpt: func(to string) error {
		mu.Lock()
		defer mu.Unlock()
		tries[to]++
		switch {
		case to == "ada0@example.com":
			return mailtest.Answer(550, 5, 1, 1, to+" is unknown")
		case to == "ada1@example.com", to == "ada2@example.com" && tries[to] < 3:
			return mailtest.Answer(451, 4, 7, 1, to+", greylisted")
		}
		return nil
	}})
	queue(t, db, 4)
	n := start(t, db, db.Mailed(), server.URL(), fast)
	mails := settled(t, db)
	once(t, server.Mails(), 2)
	mu.Lock()
	defer mu.Unlock()
	for i, want := range []struct {
		tries int
		dead  bool
		last  string
	}{{1, true, "RCPT TO was answered 550 5.1.1"}, {4, true, "RCPT TO was answered 451 4.7.1"}, {3, false, ""}, {1, false, ""}} {
		m := mails[len(mails)-1-i]
		if tries[m.To] != want.tries || m.Attempts != want.tries || m.DeadAt.IsZero() == want.dead || m.LastError != want.last {
			t.Errorf("mail %d: %d tries, %+v", i, tries[m.To], m)
		}
		if want.dead && m.Text == "" {
			t.Errorf("mail %d was given up and erased", i)
		}
	}
	if sent, failed, dead := n.Stats(); sent != 2 || failed != 7 || dead != 2 {
		t.Errorf("sent %d, failed %d, given up %d", sent, failed, dead)
	}
}

// TestGiveUp gives up a mail that is old news, though the server was never
// there to refuse it.
func TestGiveUp(t *testing.T) {
	db := storetest.OpenSQL(t, storetest.SQLiteURL(t))
	pace := fast
	pace.GiveUp = 100 * time.Millisecond
	queue(t, db, 1)
	start(t, db, db.Mailed(), mailtest.Listen(t, mailtest.Options{}).URL(), pace)
	if m := settled(t, db)[0]; m.DeadAt.IsZero() || m.Attempts != 0 || m.LastError == "" {
		t.Errorf("%+v", m)
	}
}

// forgetful is a store that cannot record what was sent while fails is above
// zero, as when the database is away for a moment.
type forgetful struct {
	*sqlstore.DB
	fails atomic.Int32
}

func (f *forgetful) MailSent(ctx context.Context, m *outbox.Mail, now time.Time, erase bool) error {
	if f.fails.Add(-1) >= 0 {
		return errors.New("the database is away")
	}
	return f.DB.MailSent(ctx, m, now, erase)
}

// TestRecordIsTriedAgain: what was handed over and could not be recorded at
// once is not sent twice.
func TestRecordIsTriedAgain(t *testing.T) {
	store := &forgetful{DB: storetest.OpenSQL(t, storetest.SQLiteURL(t))}
	store.fails.Store(5)
	server := mailtest.Start(t, mailtest.Options{})
	queue(t, store.DB, 3)
	start(t, store, store.Mailed(), server.URL(), fast)
	settled(t, store.DB)
	once(t, server.Mails(), 3)
}
