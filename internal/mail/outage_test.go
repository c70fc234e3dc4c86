package mail_test

import (
	"testing"
	"testing/synctest"
	"time"

	"signet/internal/mail"
	"signet/internal/mail/mailtest"
	"signet/internal/store/storetest"
)

// TestOutageOfAMinute: at the pace that people meet, who waits for a code has it
// seconds after a server is back that was away for a minute. The minute is one
// of the worker's clock; the server is outside and knows no other than its own.
func TestOutageOfAMinute(t *testing.T) {
	server := mailtest.Start(t, mailtest.Options{})
	address := storetest.SQLiteURL(t)
	mended, up := make(chan bool), make(chan bool)
	go func() { // what is begun in the bubble would stop its clock
		<-mended
		server.Up()
		close(up)
	}()
	synctest.Test(t, func(t *testing.T) {
		db := storetest.OpenSQL(t, address)
		n := start(t, db, db.Mailed(), server.URL(), mail.Pace{})
		queue(t, db, 1) // and the connection is open
		for len(server.Mails()) < 1 {
			time.Sleep(time.Millisecond)
		}
		server.Down()
		queue(t, db, 100)
		time.Sleep(time.Minute + time.Second)
		if sent, failed, _ := n.Stats(); sent != 1 || failed == 0 {
			t.Fatalf("sent %d, failed %d while the server was away", sent, failed)
		}
		close(mended)
		<-up
		back := time.Now()
		for len(server.Mails()) < 101 && time.Since(back) < time.Minute {
			time.Sleep(100 * time.Millisecond)
		}
		if took := time.Since(back); took > 6*time.Second {
			t.Errorf("the last mail came %v after the server", took)
		}
		if _, failed, dead := n.Stats(); failed > 20 || dead != 0 {
			t.Errorf("failed %d, given up %d", failed, dead)
		}
	})
}
