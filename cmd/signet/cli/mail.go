package cli

import (
	"fmt"
	"net/mail"
	"net/url"
	"time"

	"signet/config"
	outgoing "signet/internal/mail"
	"signet/internal/web"
)

// letters says what the pages may write. Without a mail server nothing is
// queued: it would be old news on the day there is one.
func (s *server) letters(o serveOptions) web.Letters {
	return web.Letters{Send: o.mailbox || !s.cfg.SMTP.URL.IsZero(), Home: s.cfg.Issuer}
}

// mailWorker returns the worker that empties the outbox, or nil where there is
// nobody to give the mail to.
func (s *server) mailWorker(o serveOptions) (*outgoing.Worker, error) {
	if !s.letters(o).Send {
		return nil, nil
	}
	var courier outgoing.Courier = outgoing.Tray{}
	if !o.mailbox {
		server, err := mailServer(s.cfg)
		if err != nil {
			return nil, err
		}
		if courier, err = outgoing.NewSMTP(server, s.cfg.SMTP.From); err != nil {
			return nil, fmt.Errorf("smtp: %w", err)
		}
	}
	w := outgoing.NewWorker(outgoing.Options{
		Store: s.db, Courier: courier, Nudge: s.db.Mailed(), Erase: !o.mailbox, Log: s.log, Now: time.Now,
		Pace: outgoing.Pace{Claim: 3 * s.cfg.SMTP.Timeout},
	})
	count := func(which func(sent, failed, dead int64) int64) func() float64 {
		return func() float64 { return float64(which(w.Stats())) }
	}
	s.metrics.Counter("signet_mails_sent_total", "Mails handed to the mail server.", count(func(sent, _, _ int64) int64 { return sent }))
	s.metrics.Counter("signet_mails_failed_total", "Tries to hand over a mail that failed.", count(func(_, failed, _ int64) int64 { return failed }))
	s.metrics.Counter("signet_mails_given_up_total", "Mails that were given up.", count(func(_, _, dead int64) int64 { return dead }))
	return w, nil
}

// mailServer is the server of the configuration, greeted by the issuer's name.
func mailServer(cfg *config.Config) (outgoing.Server, error) {
	roots, err := outboundRoots(cfg)
	server := outgoing.Server{URL: cfg.SMTP.URL.Reveal(), Roots: roots, Timeout: cfg.SMTP.Timeout}
	if u, err := url.Parse(cfg.Issuer); err == nil {
		server.Hello = u.Hostname()
	}
	return server, err
}

// mailbox is the demo's, with the sender that mails would have.
func (s *server) mailbox() mailbox {
	from := mail.Address{Name: s.cfg.Brand.Name, Address: "no-reply@localhost"}
	return mailbox{store: s.db, from: from.String()}
}
