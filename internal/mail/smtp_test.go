package mail

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	gomail "github.com/wneessen/go-mail"

	"signet/internal/mail/mailtest"
	"signet/internal/outbox"
)

const sender = "Exämple ID <no-reply@id.example>"

var written = time.Date(2031, 5, 6, 10, 8, 9, 0, time.FixedZone("", 3*3600))

func sample(to string) *outbox.Mail {
	return outbox.New(outbox.Mail{
		Kind: "account.sign_in", To: to, Language: "ja", Subject: "アカウントへの新しいサインイン", Text: "本文 418230\n.\nend\n", HTML: "<p>本文</p>",
	}, written)
}

func courier(t *testing.T, s Server) *SMTP {
	t.Helper()
	if s.Timeout == 0 {
		s.Timeout = 10 * time.Second
	}
	c, err := NewSMTP(s, sender)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// failure is the Failure that the delivery ends with, whose reason must hold
// nothing of the mail or the password.
func failure(t *testing.T, c *SMTP, m *outbox.Mail) *Failure {
	t.Helper()
	err := c.Deliver(t.Context(), m)
	f, ok := errors.AsType[*Failure](err)
	if !ok {
		t.Fatalf("delivered, or failed with %v", err)
	}
	for _, secret := range []string{"ada", "hunter2", "418230", "アカ"} {
		if strings.Contains(f.Reason, secret) {
			t.Errorf("the reason %q has %q in it", f.Reason, secret)
		}
	}
	return f
}

func TestDelivery(t *testing.T) {
	for _, how := range []string{mailtest.InClear, mailtest.StartTLS, mailtest.FromTLS} {
		for _, user := range []string{"", "signet@example.com"} {
			t.Run(how+" "+user, func(t *testing.T) {
				server := mailtest.Start(t, mailtest.Options{TLS: how, User: user, Password: "hunter2 /?"})
				s := Server{URL: server.URL(), Roots: server.Roots, Hello: "id.example"}
				if err := s.Check(t.Context()); err != nil {
					t.Fatal(err)
				}
				c := courier(t, s)
				for range 3 {
					if err := c.Deliver(t.Context(), sample("ada@example.com")); err != nil {
						t.Fatal(err)
					}
				}
				mails := server.Wait(3)
				if m := mails[0]; m.From != "no-reply@id.example" || m.To != "ada@example.com" {
					t.Errorf("from %s to %s", m.From, m.To)
				}
				if mails[0].Connection != mails[2].Connection {
					t.Error("the connection was not used again")
				}
				if how == mailtest.InClear {
					return
				}
				if err := Check(t.Context(), server.URL()); err == nil || !strings.Contains(err.Error(), "certificate") {
					t.Errorf("a certificate of nobody's was trusted: %v", err)
				}
			})
		}
	}
	t.Run("wrong password", func(t *testing.T) {
		server := mailtest.Start(t, mailtest.Options{User: "signet", Password: "hunter2"})
		address := strings.Replace(server.URL(), "hunter2", "hunter22", 1)
		if f := failure(t, courier(t, Server{URL: address}), sample("ada@example.com")); f.Why != Unreachable || !strings.Contains(f.Reason, "535") {
			t.Errorf("%+v", f)
		}
		if err := Check(t.Context(), address); err == nil {
			t.Error("the check found nothing wrong")
		}
	})
}

// TestPolicy checks when TLS is demanded: a server in between must not be able
// to talk a password out of a node.
func TestPolicy(t *testing.T) {
	for address, want := range map[string]gomail.TLSPolicy{
		"smtp://relay.example":                           gomail.TLSOpportunistic,
		"smtp://u:p@relay.example":                       gomail.TLSMandatory,
		"smtp://u:p@127.0.0.1":                           gomail.TLSOpportunistic,
		"smtp://u:p@localhost:25":                        gomail.TLSOpportunistic,
		"smtp://relay.example/?starttls=always":          gomail.TLSMandatory,
		"smtp://u:p@relay.example:2525?starttls=offered": gomail.TLSOpportunistic,
		"smtp://relay.example?starttls=never":            gomail.NoTLS,
		"smtps://u:p@[2001:db8::1]:465?starttls=always":  gomail.TLSMandatory,
	} {
		d, err := Server{URL: address}.dialer()
		if err != nil {
			t.Fatalf("%s: %v", address, err)
		}
		if d.policy != want {
			t.Errorf("%s: %v, want %v", address, d.policy, want)
		}
	}
	for _, address := range []string{
		"", "relay.example:25", "imap://relay.example", "smtp://", "smtp://u:hunter2@relay.example?starttls=maybe", "smtp://u:hunter2@relay.example:99x", "smtp://u:hunter2%zz@h",
	} {
		_, err := Server{URL: address}.dialer()
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", address, err)
		}
	}
	t.Run("a password in clear", func(t *testing.T) {
		// The server is told to the client by a name that is not of this machine,
		// and offers no TLS.
		server := mailtest.Start(t, mailtest.Options{User: "signet", Password: "hunter2"})
		d, err := Server{URL: server.URL() + "?starttls=never", Timeout: time.Second}.dialer()
		if err != nil {
			t.Fatal(err)
		}
		d.host = "relay.example"
		_, port, _ := net.SplitHostPort(server.Address)
		_, err = d.dialBy(t.Context(), func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
		})
		if err == nil {
			t.Error("the password was sent in clear")
		}
	})
}

func TestAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		o    mailtest.Options
		want Failure
	}{
		"greylisted": {
			mailtest.Options{Rcpt: func(string) error { return mailtest.Answer(451, 4, 7, 1, "ada: later") }},
			Failure{Why: Deferred, Reason: "RCPT TO was answered 451 4.7.1"},
		},
		"nobody there": {
			mailtest.Options{Rcpt: func(to string) error { return mailtest.Answer(550, 5, 1, 1, to+" is unknown") }},
			Failure{Why: Refused, Reason: "RCPT TO was answered 550 5.1.1"},
		},
		"relaying denied": {
			mailtest.Options{Rcpt: func(string) error { return mailtest.Answer(550, 5, 7, 1, "relaying denied") }},
			Failure{Why: Deferred, Reason: "RCPT TO was answered 550 5.7.1"},
		},
		"sender refused": {
			mailtest.Options{Mail: func(string) error { return mailtest.Answer(553, 5, 1, 8, "sender unknown") }},
			Failure{Why: Deferred, Reason: "MAIL FROM was answered 553 5.1.8"},
		},
		"content refused": {
			mailtest.Options{Data: func(mailtest.Mail) error { return mailtest.Answer(554, 5, 6, 0, "spam") }},
			Failure{Why: Deferred, Reason: "the end of the message was answered 554 5.6.0"},
		},
		"server is leaving": {
			mailtest.Options{Mail: func(string) error { return mailtest.Answer(421, 4, 3, 2, "bye") }},
			Failure{Why: Deferred, Reason: "the connection was lost"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := mailtest.Start(t, c.o)
			smtp := courier(t, Server{URL: server.URL()})
			if f := failure(t, smtp, sample("ada@example.com")); *f != c.want {
				t.Errorf("%+v, want %+v", *f, c.want)
			}
			// What one mail was answered is nothing to the next.
			server.Rcpt, server.Data, server.Options.Mail = nil, nil, nil
			if err := smtp.Deliver(t.Context(), sample("bob@example.com")); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestConnections breaks them in each way that there is.
func TestConnections(t *testing.T) {
	t.Run("nobody listens", func(t *testing.T) {
		server := mailtest.Listen(t, mailtest.Options{})
		if f := failure(t, courier(t, Server{URL: server.URL()}), sample("ada@example.com")); f.Why != Unreachable {
			t.Errorf("%+v", f)
		}
	})
	t.Run("restarted while it rested", func(t *testing.T) {
		server := mailtest.Start(t, mailtest.Options{TLS: mailtest.StartTLS})
		c := courier(t, Server{URL: server.URL(), Roots: server.Roots})
		for range 3 {
			if err := c.Deliver(t.Context(), sample("ada@example.com")); err != nil {
				t.Fatal(err)
			}
			server.Down()
			server.Up()
		}
		if n := len(server.Mails()); n != 3 {
			t.Errorf("%d mails", n)
		}
	})
	t.Run("hangs at the greeting", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		for _, scheme := range []string{"smtp", "smtps"} {
			c := courier(t, Server{URL: scheme + "://" + l.Addr().String(), Timeout: 200 * time.Millisecond})
			began := time.Now()
			if f := failure(t, c, sample("ada@example.com")); f.Why != Unreachable || time.Since(began) > 5*time.Second {
				t.Errorf("%s: %+v after %v", scheme, f, time.Since(began))
			}
		}
	})
	t.Run("hangs at the end of the mail", func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		server := mailtest.Start(t, mailtest.Options{Data: func(mailtest.Mail) error { <-release; return nil }})
		c := courier(t, Server{URL: server.URL(), Timeout: 200 * time.Millisecond})
		if f := failure(t, c, sample("ada@example.com")); f.Why != Deferred || f.Reason != "the connection was lost at the end of the message" {
			t.Errorf("%+v", f)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		c = courier(t, Server{URL: server.URL(), Timeout: time.Minute})
		began := time.Now()
		if err := c.Deliver(ctx, sample("ada@example.com")); err == nil || time.Since(began) > 10*time.Second {
			t.Errorf("the end of the context: %v after %v", err, time.Since(began))
		}
	})
}

// received is a mail as a mail reader sees it.
type received struct {
	netmail.Message
	text, html string
}

func read(t testing.TB, raw []byte) received {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	r := received{Message: *m}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s: %v", m.Header.Get("Content-Type"), err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for _, into := range []*string{&r.text, &r.html} { // the plainest comes first (RFC 2046 §5.1.4)
		p, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		*into = strings.ReplaceAll(string(body), "\r\n", "\n")
	}
	if _, err := parts.NextRawPart(); err != io.EOF {
		t.Errorf("after the two parts: %v", err)
	}
	return r
}

func TestMessage(t *testing.T) {
	server := mailtest.Start(t, mailtest.Options{})
	m := sample("ada+signet@xn--bcher-kva.example")
	if err := courier(t, Server{URL: server.URL()}).Deliver(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := read(t, server.Wait(1)[0].Raw)
	for name, want := range map[string]string{
		"Date":                     "Tue, 06 May 2031 07:08:09 +0000",
		"Message-ID":               "<" + m.ID + "@id.example>",
		"Auto-Submitted":           "auto-generated",
		"X-Auto-Response-Suppress": "All",
		"Content-Language":         "ja",
		"MIME-Version":             "1.0",
		"To":                       "<ada+signet@xn--bcher-kva.example>",
		"User-Agent":               "",
		"X-Mailer":                 "",
	} {
		if h := got.Header.Get(name); h != want {
			t.Errorf("%s: %q, want %q", name, h, want)
		}
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
	if err != nil || subject != m.Subject {
		t.Errorf("subject %q, %v", subject, err)
	}
	from, err := got.Header.AddressList("From")
	if err != nil || len(from) != 1 || from[0].String() != (&netmail.Address{Name: "Exämple ID", Address: "no-reply@id.example"}).String() {
		t.Errorf("from %v, %v", from, err)
	}
	if strings.TrimSpace(got.text) != strings.TrimSpace(m.Text) || strings.TrimSpace(got.html) != m.HTML {
		t.Errorf("text %q, HTML %q", got.text, got.html)
	}
	t.Run("no address", func(t *testing.T) {
		for _, to := range []string{"", "ada", "Ada <ada@example.com>", "ada@example.com, bob@example.com", "ada@example.com\r\nRCPT TO:<bob@example.com>"} {
			err := courier(t, Server{URL: server.URL()}).Deliver(t.Context(), sample(to))
			if f, ok := errors.AsType[*Failure](err); !ok || f.Why != Refused {
				t.Errorf("%q: %v", to, err)
			}
		}
		if n := len(server.Mails()); n != 1 {
			t.Errorf("%d mails", n)
		}
	})
}

// FuzzMessage lets strangers choose what they can: their address, and by it and
// their names what stands in subjects and texts.
func FuzzMessage(f *testing.F) {
	f.Add("ada@example.com", "Hello", "Example", "text")
	f.Add("ada@example.com", "Hi\r\nBcc: bob@example.com", "Ex\r\nBcc: bob@example.com", "\r\n.\r\nQUIT\r\n")
	f.Add("\"a b\"@example.com", "=?utf-8?q?=0D=0ABcc:_bob?=", "=?x?", "--boundary")
	f.Add("用户@例子.example", strings.Repeat("長い", 300), "\u202e\u0000", "\x00\xff")
	f.Fuzz(func(t *testing.T, to, subject, name, text string) {
		from := netmail.Address{Name: name, Address: "no-reply@id.example"}
		c := &SMTP{from: &from}
		m := outbox.New(outbox.Mail{To: to, Subject: subject, Text: text, HTML: text, Language: "en"}, written)
		msg, err := c.compose(m)
		if err != nil {
			return // refused, and never sent
		}
		var raw bytes.Buffer
		if _, err := msg.WriteTo(&raw); err != nil {
			return
		}
		got := read(t, raw.Bytes())
		var names []string
		for name, values := range got.Header {
			names = append(names, name)
			if len(values) != 1 {
				t.Errorf("%s is there %d times", name, len(values))
			}
		}
		slices.Sort(names)
		want := []string{"Auto-Submitted", "Content-Language", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To", "X-Auto-Response-Suppress"}
		if !slices.Equal(names, want) {
			t.Errorf("headers %q, want %q", names, want)
		}
		if all, err := got.Header.AddressList("To"); err == nil && (len(all) != 1 || all[0].Address != to) {
			t.Errorf("to %q became %v", to, all)
		}
		if plain, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject")); err != nil || strings.ContainsAny(plain, "\r\n") {
			t.Errorf("subject %q, %v", plain, err)
		}
	})
}
