// Package mailtest runs a real SMTP server for tests, which takes mail, refuses
// it or hangs as it is told. Only tests import it; it knows nothing of what
// sends the mail.
package mailtest

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/url"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// When TLS begins.
const (
	InClear  = "smtp"
	StartTLS = "starttls"
	FromTLS  = "smtps"
)

// Options say how the server behaves. The functions may be nil, and are called
// by many goroutines.
type Options struct {
	TLS            string // InClear (also ""), StartTLS or FromTLS
	User, Password string // when set, only who signs in may send

	Rcpt func(to string) error   // what RCPT TO is answered; see Answer
	Data func(mail Mail) error   // what the end of the mail is answered; with nil, it is in the mailbox
	Mail func(from string) error // what MAIL FROM is answered
}

// Mail is one that was taken.
type Mail struct {
	From, To   string
	Raw        []byte
	Connection int // from 1
}

// ID is the mail's Message-ID, or "".
func (m Mail) ID() string {
	parsed, err := mail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		return ""
	}
	return parsed.Header.Get("Message-ID")
}

// Text is the part of the mail that is plain text; "" when it has none.
func (m Mail) Text() string {
	parsed, err := mail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		return ""
	}
	_, params, err := mime.ParseMediaType(parsed.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	part, err := multipart.NewReader(parsed.Body, params["boundary"]).NextPart() // decodes quoted-printable
	if err != nil {
		return ""
	}
	text, err := io.ReadAll(part)
	if err != nil {
		return ""
	}
	return string(text)
}

// Answer is a refusal, such as 451 with 4.7.1.
func Answer(code, class, subject, detail int, message string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{class, subject, detail}, Message: message}
}

// Server is a running server on a port of its own.
type Server struct {
	Options
	Address string // host:port
	Roots   *x509.CertPool

	t       testing.TB
	tls     *tls.Config
	mu      sync.Mutex
	running *smtp.Server
	open    int // connections so far
	mails   []Mail
}

// Start starts the server, which stops with the test.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s := Listen(t, o)
	s.Up()
	return s
}

// Listen returns a server that is not up yet; its port refuses connections.
func Listen(t testing.TB, o Options) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Options: o, Address: l.Addr().String(), t: t}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	// The certificate that net/http has for tests, of 127.0.0.1.
	web := httptest.NewTLSServer(http.NotFoundHandler())
	s.tls, s.Roots = &tls.Config{Certificates: web.TLS.Certificates}, x509.NewCertPool()
	s.Roots.AddCert(web.Certificate())
	web.Close()
	t.Cleanup(s.Down)
	return s
}

// URL is the server's address, with the user and password it wants.
func (s *Server) URL() string {
	u := url.URL{Scheme: "smtp", Host: s.Address}
	if s.TLS == FromTLS {
		u.Scheme = "smtps"
	}
	if s.User != "" {
		u.User = url.UserPassword(s.User, s.Password)
	}
	return u.String()
}

// Up starts the server, again if need be.
func (s *Server) Up() {
	s.t.Helper()
	srv := smtp.NewServer(smtp.BackendFunc(s.session))
	srv.Domain, srv.AllowInsecureAuth = "mail.test", true
	srv.ErrorLog = log.New(io.Discard, "", 0)
	srv.ReadTimeout, srv.WriteTimeout = time.Minute, time.Minute
	srv.EnableSMTPUTF8 = true
	l, err := net.Listen("tcp", s.Address)
	if err != nil {
		s.t.Fatal(err)
	}
	switch s.TLS {
	case StartTLS:
		srv.TLSConfig = s.tls
	case FromTLS:
		l = tls.NewListener(l, s.tls)
	}
	s.mu.Lock()
	s.running = srv
	s.mu.Unlock()
	go srv.Serve(l) // ends with an error that says that it was closed
}

// Down stops the server and cuts off who is connected.
func (s *Server) Down() {
	s.mu.Lock()
	srv := s.running
	s.running = nil
	s.mu.Unlock()
	if srv != nil {
		srv.Close()
	}
}

// Mails are those that were taken, in order.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mails...)
}

// Wait returns the mails when there are at least n, and fails the test when
// there are not within half a minute.
func (s *Server) Wait(n int) []Mail {
	s.t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		mails := s.Mails()
		if len(mails) >= n {
			return mails
		}
		if time.Now().After(end) {
			s.t.Fatalf("%d mails after half a minute, want %d", len(mails), n)
		}
	}
}

var codeLine = regexp.MustCompile(`(?m)^(\d{6})\r?$`)

// Codes returns the codes of six digits that were mailed to the address, in
// order, when there are at least n, and fails the test when there are not
// within half a minute.
func (s *Server) Codes(to string, n int) []string {
	s.t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		var codes []string
		for _, m := range s.Mails() {
			if code := codeLine.FindSubmatch(m.Raw); code != nil && m.To == to {
				codes = append(codes, string(code[1]))
			}
		}
		if len(codes) >= n {
			return codes
		}
		if time.Now().After(end) {
			s.t.Fatalf("%d codes for %s after half a minute, want %d", len(codes), to, n)
		}
	}
}

func (s *Server) session(*smtp.Conn) (smtp.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open++
	return &session{server: s, mail: Mail{Connection: s.open}, known: s.User == ""}, nil
}

type session struct {
	server *Server
	mail   Mail
	known  bool
}

// AuthMechanisms implements smtp.AuthSession.
func (c *session) AuthMechanisms() []string {
	if c.server.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

// Auth implements smtp.AuthSession.
func (c *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != c.server.User || password != c.server.Password {
			return smtp.ErrAuthFailed
		}
		c.known = true
		return nil
	}), nil
}

// Mail implements smtp.Session.
func (c *session) Mail(from string, _ *smtp.MailOptions) error {
	if !c.known {
		return smtp.ErrAuthRequired
	}
	c.mail.From = from
	if c.server.Options.Mail != nil {
		return c.server.Options.Mail(from)
	}
	return nil
}

// Rcpt implements smtp.Session.
func (c *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.mail.To = to
	if c.server.Rcpt != nil {
		return c.server.Rcpt(to)
	}
	return nil
}

// Data implements smtp.Session.
func (c *session) Data(r io.Reader) error {
	var err error
	if c.mail.Raw, err = io.ReadAll(r); err != nil {
		return err
	}
	if c.server.Data != nil {
		if err := c.server.Data(c.mail); err != nil {
			return err
		}
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.server.mails = append(c.server.mails, c.mail)
	return nil
}

// Reset implements smtp.Session.
func (*session) Reset() {}

// Logout implements smtp.Session.
func (*session) Logout() error { return nil }
