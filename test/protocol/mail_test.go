package protocol

import (
	"bytes"
	"mime"
	"net/mail"
	"strings"
	"testing"
	"time"

	"signet/internal/mail/mailtest"
	"signet/internal/testenv"
)

const polyglots = `
  - email: grete@example.com
    password: wanderung-Berg-3
    verified: true
    locale: de-AT
`

var grete = testenv.Person{Email: "grete@example.com", Password: "wanderung-Berg-3"}

// posting boots a house that sends its mail to the server.
func posting(t *testing.T, o testenv.Options, server *mailtest.Server) *testenv.Env {
	o.Env = map[string]string{"SIGNET_SMTP_URL": server.URL(), "SIGNET_SMTP_FROM": "House <no-reply@id.example>"}
	o.Declare = polyglots
	return boot(t, o)
}

// enter signs the person in at the account page with a browser that calls
// itself by the name.
func enter(t *testing.T, b *testenv.Browser, who testenv.Person, userAgent string) {
	t.Helper()
	b.Header.Set("User-Agent", userAgent)
	b.SetCookie("signet_session", "") // signed out, but the same browser
	if p := b.Finish(b.Get("/account"), who); p.Status != 200 || p.URL.Path != "/account" {
		t.Fatalf("signed in to %s, status %d", p.URL.Path, p.Status)
	}
}

const (
	firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
	liar    = "Visit-https://evil.example/now-or-lose-your-account/1.0"
)

// TestNewSignIn: the owner is told of a sign-in from a browser that is new to
// the account, and of no other.
func TestNewSignIn(t *testing.T) {
	t.Parallel()
	for _, backend := range testenv.Backends {
		t.Run(string(backend), func(t *testing.T) {
			t.Parallel()
			server := mailtest.Start(t, mailtest.Options{})
			nodes := 1
			if backend != testenv.Embedded {
				nodes = 2
			}
			e := posting(t, testenv.Options{Backend: backend, Nodes: nodes}, server)
			laptop, phone := e.Browser(), e.Browser()
			enter(t, laptop, grete, firefox) // the first of all
			enter(t, laptop, grete, firefox) // known
			enter(t, phone, bob, firefox)    // bob's first, and his address is not proven
			enter(t, laptop, bob, firefox)
			enter(t, phone, grete, firefox) // new to grete
			enter(t, phone, grete, firefox)
			enter(t, laptop, grete, liar) // known, whatever it calls itself
			enter(t, e.Browser(), grete, liar)
			mails := server.Wait(2)
			for i, device := range []string{"Firefox unter Windows", "Unbekanntes"} {
				m := mails[i]
				if m.To != grete.Email || m.From != "no-reply@id.example" {
					t.Errorf("from %s to %s", m.From, m.To)
				}
				msg, err := mail.ReadMessage(bytes.NewReader(m.Raw))
				if err != nil {
					t.Fatal(err)
				}
				subject, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject"))
				if err != nil || subject != "Neue Anmeldung bei Ihrem Konto" {
					t.Errorf("subject %q, %v", subject, err)
				}
				for _, want := range []string{device, "127.0.0.1", e.Issuer + "/account#devices", "UTC"} {
					if !bytes.Contains(m.Raw, []byte(want)) {
						t.Errorf("mail %d does not say %q", i, want)
					}
				}
				if bytes.Contains(m.Raw, []byte("evil.example")) {
					t.Error("the owner was sent a stranger's words")
				}
			}
			time.Sleep(200 * time.Millisecond)
			if n := len(server.Mails()); n != 2 {
				t.Errorf("%d mails, want 2", n)
			}
			for line := range strings.Lines(e.Log()) {
				if strings.Contains(line, "mail") && (strings.Contains(line, "grete") || strings.Contains(line, "Anmeldung")) {
					t.Errorf("the log knows too much: %s", line)
				}
			}
		})
	}
}

// TestMailServerDown: a mail server that is away delays no sign-in and loses no
// message.
func TestMailServerDown(t *testing.T) {
	t.Parallel()
	server := mailtest.Listen(t, mailtest.Options{})
	e := posting(t, testenv.Options{Backend: testenv.Embedded}, server)
	enter(t, e.Browser(), ada, firefox)
	for range 3 {
		began := time.Now()
		enter(t, e.Browser(), ada, firefox)
		if took := time.Since(began); took > 15*time.Second { // who waited for the mail server would wait for twenty
			t.Errorf("a sign-in took %v", took)
		}
	}
	server.Up()
	server.Wait(3)
	if got := e.Metric("signet_mails_sent_total"); got > 3 {
		t.Errorf("%v mails were sent", got)
	}
}

// TestNoMailServer: where no mail can be sent none waits for the day when it
// can, and browsers are known by then.
func TestNoMailServer(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{Declare: polyglots})
	enter(t, e.Browser(), grete, firefox)
	enter(t, e.Browser(), grete, firefox)
	if p := e.Browser().Get("/mailbox"); p.Status != 404 {
		t.Errorf("/mailbox outside the demo: status %d", p.Status)
	}
}
