package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/textproto"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"signet/internal/outbox"
)

// Server is a mail server that takes mail for everybody (RFC 6409).
type Server struct {
	// URL is smtp://user:password@host:587 or smtps://user:password@host:465;
	// those ports are the defaults. With smtp, ?starttls= says when TLS begins
	// (RFC 3207): always (the default with a user, but for this machine's own
	// server), offered (the default without), or never. Certificates are checked
	// in any case, and a password never crosses a network in clear.
	URL string
	// Hello is the name by which this node greets; "": that of the machine.
	Hello string
	// Roots are the authorities to trust; nil: those of the system.
	Roots *x509.CertPool
	// Timeout is for connecting, and again for each mail; 0: 20 s.
	Timeout time.Duration
}

// restFor is how long a connection is kept without use: servers close them
// after some minutes, and count those that are open.
const restFor = 15 * time.Second

// goodbye is how long a server may take to answer QUIT.
const goodbye = 2 * time.Second

// dialer makes connections to a server.
type dialer struct {
	Server
	scheme, host   string
	port           int
	user, password string
	policy         gomail.TLSPolicy
}

// dialer reads the address. Its errors do not quote it: it has a password.
func (s Server) dialer() (*dialer, error) {
	u, err := url.Parse(s.URL)
	if err != nil || u.Hostname() == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		return nil, errors.New("the mail server's address is not one like smtp://user:password@host:587 or smtps://host:465")
	}
	d := &dialer{Server: s, scheme: u.Scheme, host: u.Hostname(), port: 587, user: u.User.Username()}
	d.password, _ = u.User.Password()
	if u.Scheme == "smtps" {
		d.port = 465
	}
	if u.Port() != "" {
		if d.port, err = strconv.Atoi(u.Port()); err != nil {
			return nil, errors.New("the mail server's port is not a number")
		}
	}
	if d.Timeout == 0 {
		d.Timeout = 20 * time.Second
	}
	if d.Hello == "" {
		if d.Hello, err = os.Hostname(); err != nil {
			d.Hello = "localhost"
		}
	}
	if ip := net.ParseIP(d.Hello); ip != nil {
		d.Hello = "[" + d.Hello + "]" // RFC 5321 §4.1.3
	}
	switch policy := u.Query().Get("starttls"); {
	case policy == "always", policy == "" && d.user != "" && !d.own():
		d.policy = gomail.TLSMandatory
	case policy == "offered", policy == "":
		d.policy = gomail.TLSOpportunistic
	case policy == "never":
		d.policy = gomail.NoTLS
	default:
		return nil, errors.New("the mail server's starttls is none of always, offered and never")
	}
	return d, nil
}

// own reports whether the server is on this machine.
func (d *dialer) own() bool {
	ip := net.ParseIP(d.host)
	return d.host == "localhost" || ip != nil && ip.IsLoopback()
}

// connection is an open one, for one goroutine.
type connection struct {
	raw    net.Conn
	client *gomail.Client
	smtp   *smtp.Client
	used   time.Time
}

// dial connects, begins TLS and signs in, as the address says. The end of the
// context cuts it off. It makes a client for each connection, because the library's
// keeps what it once found out about a server.
func (d *dialer) dial(ctx context.Context) (*connection, error) {
	return d.dialBy(ctx, (&net.Dialer{}).DialContext)
}

func (d *dialer) dialBy(whole context.Context, reach gomail.DialContextFunc) (*connection, error) {
	c, stop := &connection{}, func() bool { return true }
	trust := &tls.Config{ServerName: d.host, RootCAs: d.Roots, MinVersion: tls.VersionTLS12}
	options := []gomail.Option{
		gomail.WithPort(d.port), gomail.WithTimeout(d.Timeout), gomail.WithHELO(d.Hello),
		gomail.WithTLSPolicy(d.policy), gomail.WithTLSConfig(trust), gomail.WithoutNoop(), gomail.WithoutRset(),
		gomail.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
			raw, err := reach(ctx, network, address)
			if err != nil {
				return nil, err
			}
			c.raw, stop = raw, context.AfterFunc(whole, func() { raw.Close() })
			if d.scheme == "smtps" {
				return tls.Client(raw, trust), nil
			}
			return raw, nil
		}),
	}
	if d.scheme == "smtps" {
		options = append(options, gomail.WithSSL())
	}
	if d.user != "" {
		options = append(options, gomail.WithUsername(d.user), gomail.WithPassword(d.password), gomail.WithOpportunisticSMTPAuth(
			gomail.SMTPAuthPlain, gomail.SMTPAuthLogin, gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthCramMD5))
	}
	var err error
	if c.client, err = gomail.NewClient(d.host, options...); err != nil {
		return nil, err
	}
	defer func() { stop() }()
	if c.smtp, err = c.client.DialToSMTPClientWithContext(whole); err != nil {
		if c.raw != nil {
			c.raw.Close()
		}
		return nil, err
	}
	c.used = time.Now()
	return c, nil
}

// quit ends the connection politely.
func (c *connection) quit() error {
	c.raw.SetDeadline(time.Now().Add(goodbye)) // one that cannot be set is broken, and Quit finds out
	err := c.smtp.Quit()
	c.raw.Close()
	return err
}

// Check connects to the server as a worker would, signs in where the address
// has a user, and sends nothing.
func (s Server) Check(ctx context.Context) error {
	d, err := s.dialer()
	if err != nil {
		return err
	}
	c, err := d.dial(ctx)
	if err != nil {
		return err
	}
	return c.quit()
}

// Check is Server.Check for an address and the system's authorities.
func Check(ctx context.Context, url string) error { return Server{URL: url}.Check(ctx) }

// SMTP is the courier to a mail server. It keeps one connection open.
type SMTP struct {
	dialer *dialer
	from   *netmail.Address
	conn   *connection // nil: none is open
}

// NewSMTP returns the courier. from is the sender of every mail, such as
// Example ID <no-reply@example.com>.
func NewSMTP(s Server, from string) (*SMTP, error) {
	d, err := s.dialer()
	if err != nil {
		return nil, err
	}
	sender, err := netmail.ParseAddress(from)
	if err != nil {
		return nil, errors.New("the sender of mails is not an address like Example ID <no-reply@example.com>")
	}
	return &SMTP{dialer: d, from: sender}, nil
}

// Deliver implements Courier.
func (s *SMTP) Deliver(ctx context.Context, m *outbox.Mail) error {
	rested := s.conn != nil
	err := s.try(ctx, m)
	// A server that closed the connection while it rested has taken nothing.
	if rested && errors.Is(err, errLost) && ctx.Err() == nil {
		err = s.try(ctx, m)
	}
	if errors.Is(err, errLost) {
		return &Failure{Why: Deferred, Reason: err.Error()}
	}
	return err
}

// errLost: the connection was lost before the server had been given the mail.
var errLost = errors.New("the connection was lost")

func (s *SMTP) try(ctx context.Context, m *outbox.Mail) error {
	msg, err := s.compose(m)
	if err != nil {
		return &Failure{Why: Refused, Reason: "the address or the message cannot be written: " + err.Error()}
	}
	if s.conn == nil {
		if s.conn, err = s.dialer.dial(ctx); err != nil {
			return &Failure{Why: Unreachable, Reason: connectReason(err)}
		}
	}
	c := s.conn
	stop := context.AfterFunc(ctx, func() { c.raw.Close() })
	defer stop()
	c.smtp.SkipSMTPUTF8(isASCII(m.To)) // asked of a server only where it must be
	err = c.client.SendWithSMTPClient(c.smtp, msg)
	c.used = time.Now()
	if err == nil || msg.IsDelivered() {
		return nil
	}
	var answer *gomail.SendError
	if !errors.As(err, &answer) || answer.ErrorCode() == 0 || answer.ErrorCode() == 421 {
		s.drop()
	}
	return classify(answer)
}

// step is what the conversation had come to, in the words of SMTP.
var step = map[gomail.SendErrReason]string{
	gomail.ErrSMTPMailFrom: "MAIL FROM", gomail.ErrSMTPRcptTo: "RCPT TO", gomail.ErrSMTPData: "DATA",
	gomail.ErrWriteContent: "the message", gomail.ErrSMTPDataClose: "the end of the message",
}

// classify says what an answer of the server means for the mail. Only a
// refusal of the address is for ever: anything else may be the server's
// settings, or its opinion of today.
func classify(answer *gomail.SendError) error {
	if answer == nil {
		return &Failure{Why: Deferred, Reason: "an error of ours"}
	}
	at, code, detail := step[answer.Reason], answer.ErrorCode(), answer.EnhancedStatusCode()
	switch {
	case code == 0 && slices.Contains([]gomail.SendErrReason{gomail.ErrWriteContent, gomail.ErrSMTPDataClose}, answer.Reason):
		return &Failure{Why: Deferred, Reason: "the connection was lost at " + at}
	case code == 0, code == 421 && answer.Reason == gomail.ErrSMTPMailFrom:
		return errLost
	}
	f := &Failure{Why: Deferred, Reason: strings.TrimSpace(fmt.Sprintf("%s was answered %d %s", at, code, detail))}
	nobody := slices.Contains([]int{550, 551, 553}, code) && !strings.HasPrefix(detail, "5.7.")
	if answer.Reason == gomail.ErrSMTPRcptTo && nobody {
		f.Why = Refused
	}
	return f
}

// connectReason says why there is no connection. What a server says when it
// refuses to talk may hold the user's name, so of an answer only the code is
// told.
func connectReason(err error) string {
	if answer, ok := errors.AsType[*textproto.Error](err); ok {
		return "the server answered " + strconv.Itoa(answer.Code)
	}
	return err.Error()
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 0x7e })
}

// drop closes a connection that is of no more use.
func (s *SMTP) drop() {
	if s.conn != nil {
		s.conn.raw.Close()
		s.conn = nil
	}
}

// Rest implements Courier: a connection that was not used for a while is ended.
func (s *SMTP) Rest() {
	if s.conn != nil && time.Since(s.conn.used) > restFor {
		s.Close()
	}
}

// Close implements Courier.
func (s *SMTP) Close() {
	if s.conn != nil {
		s.conn.quit() // the connection is closed whatever the server says to it
		s.conn = nil
	}
}

// compose writes the mail as a message (RFC 5322). It is the same each time, so
// that one that is sent twice is known by its Message-ID.
func (s *SMTP) compose(m *outbox.Mail) (*gomail.Msg, error) {
	to, err := netmail.ParseAddress(m.To)
	if err != nil || to.Address != m.To || to.Name != "" {
		return nil, errors.New("not an address")
	}
	_, domain, _ := strings.Cut(s.from.Address, "@")
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(s.from)
	msg.ToMailAddress(to)
	msg.Subject(m.Subject)
	msg.SetDateWithValue(m.CreatedAt.UTC())
	msg.SetMessageIDWithValue(m.ID + "@" + domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834 §5: no answers, no absence notes
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")  // the same for Exchange
	msg.SetGenHeader("Content-Language", m.Language)
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return msg, nil
}
