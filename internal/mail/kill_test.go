package mail_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"signet/internal/mail"
	"signet/internal/mail/mailtest"
	sqlstore "signet/internal/store/sql"
	"signet/internal/store/storetest"
)

// TestStop stops a worker while a mail is under way: it ends, and is recorded.
// One that never ends is cut off.
func TestStop(t *testing.T) {
	db := storetest.OpenSQL(t, storetest.SQLiteURL(t))
	under, release := make(chan struct{}, 10), make(chan struct{})
	server := mailtest.Start(t, mailtest.Options{Data: func(mailtest.Mail) error {
		under <- struct{}{}
		<-release
		return nil
	}})
	queue(t, db, 2)
	pace := fast
	pace.Linger = 10 * time.Second
	n := start(t, db, db.Mailed(), server.URL(), pace)
	<-under
	time.AfterFunc(100*time.Millisecond, func() { release <- struct{}{} })
	n.stop()
	if sent, failed, _ := n.Stats(); sent != 1 || failed != 0 {
		t.Fatalf("sent %d, failed %d; the mail under way ends, and no other begins", sent, failed)
	}
	pace.Linger = 50 * time.Millisecond
	n = start(t, db, db.Mailed(), server.URL(), pace)
	<-under
	began := time.Now()
	n.stop()
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("stopped after %v", took)
	}
	close(release)
	mails, err := db.Mails(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	if mails[0].DueAt.IsZero() || !mails[1].DueAt.IsZero() {
		t.Errorf("what was cut off is tried again: %+v, %+v", mails[0], mails[1])
	}
}

// nodeVariable makes the test program a node of its own, which can be killed:
// it sends the outbox of the database to the server that the variable names.
const nodeVariable = "SIGNET_TEST_MAIL_NODE"

func TestMain(m *testing.M) {
	if database, server, ok := strings.Cut(os.Getenv(nodeVariable), " "); ok {
		if err := beNode(database, server); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func beNode(database, server string) error {
	db, err := sqlstore.Open(context.Background(), sqlstore.Options{URL: database, Deadline: 20 * time.Second})
	if err != nil {
		return err
	}
	defer db.Close()
	courier, err := mail.NewSMTP(mail.Server{URL: server}, sender)
	if err != nil {
		return err
	}
	pace := fast
	pace.Claim = 2 * time.Second
	mail.NewWorker(mail.Options{
		Store: db, Courier: courier, Nudge: db.Mailed(), Log: slog.New(slog.DiscardHandler), Now: time.Now, Pace: pace,
	}).Run(context.Background()) // until it is killed
	return nil
}

// TestKill kills nodes, again and again, just when the server has taken a mail
// and they have not recorded that: each time that one mail is repeated at most,
// and none is lost.
func TestKill(t *testing.T) {
	stores(t, func(t *testing.T, address string) {
		const mails, kills = 40, 3
		db := storetest.OpenSQL(t, address)
		queue(t, db, mails)
		var process atomic.Pointer[os.Process]
		var taken atomic.Int32
		server := mailtest.Start(t, mailtest.Options{Data: func(mailtest.Mail) error {
			if n := taken.Add(1); n%10 == 0 && n <= 10*kills {
				process.Load().Kill()
			}
			return nil
		}})
		for range kills + 1 {
			child := exec.CommandContext(t.Context(), os.Args[0])
			child.Env = append(os.Environ(), nodeVariable+"="+address+" "+server.URL())
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			process.Store(child.Process)
			if int(taken.Load()) < 10*kills {
				child.Wait() // it is killed; the error says so
				continue
			}
			settled(t, db)
			child.Process.Kill()
			child.Wait()
		}
		onceBut(t, server.Mails(), mails, kills)
	})
}

// buffer is a log that several goroutines write.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String returns what was written.
func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
