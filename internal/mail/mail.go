// Package mail carries the messages of the outbox to a mail server.
//
//	outbox ──claim──> Worker ──Deliver──> Courier: SMTP, or a Tray in the demo
//	   ▲                 │
//	   └──sent, or when to try again
//
// A worker (see package queue) sends one mail after the other, so that a crash
// repeats at most the one that was handed over and not yet recorded; a mail that
// is repeated has the same Message-ID, and mail readers show it once. Several
// nodes share the outbox by claiming: nodes, not settings, make it faster.
//
// The package knows neither HTTP nor a store, and nothing of what a message
// says: whoever writes it does. No log line and no stored reason has an address
// or a word of a message.
package mail

import (
	"context"
	"log/slog"
	"time"

	"signet/internal/outbox"
	"signet/internal/queue"
)

// Courier hands mails over. It is for one goroutine at a time.
type Courier interface {
	// Deliver hands the mail over, or returns a *Failure. The end of ctx cuts
	// it off.
	Deliver(ctx context.Context, m *outbox.Mail) error
	// Rest is called now and then while there is nothing to deliver.
	Rest()
	// Close ends what is open.
	Close()
}

// Failure says why a mail was not handed over. Reason has no address in it.
type Failure = queue.Failure

// The reasons, by what is to be done.
const (
	Unreachable = queue.Unreachable // nobody to hand it to: no fault of this mail, all have to wait
	Deferred    = queue.Deferred    // not now: try this mail again later
	Refused     = queue.Refused     // never: nobody is there to get it
)

// Keep is how long a mail is kept after it was written, to tell that it was
// sent and when.
const Keep = 30 * 24 * time.Hour

// Pace is how often and how long things are tried.
type Pace = queue.Pace

// Options are what a worker needs.
type Options struct {
	Store   outbox.Store
	Courier Courier
	Nudge   <-chan struct{} // receives when a mail was queued; nil: nobody says so
	Erase   bool            // of mails that were sent, keep nothing of what they said
	Log     *slog.Logger
	Now     func() time.Time
	Pace    Pace
}

// Worker empties the outbox.
type Worker struct {
	*queue.Worker[*outbox.Mail]
	courier Courier
}

// NewWorker returns a worker, which does nothing until Run.
func NewWorker(o Options) *Worker {
	return &Worker{courier: o.Courier, Worker: queue.NewWorker(queue.Options[*outbox.Mail]{
		What: "mail", Peer: "the mail server", Store: mails{o.Store, o.Erase},
		Deliver: o.Courier.Deliver, Rest: o.Courier.Rest, Nudge: o.Nudge, Log: o.Log, Now: o.Now, Pace: o.Pace,
	})}
}

// Run sends what is due until ctx ends, and then lets the mail that is under
// way end.
func (w *Worker) Run(ctx context.Context) {
	defer w.courier.Close()
	w.Worker.Run(ctx)
}

// mails is the outbox as a queue.
type mails struct {
	outbox.Store
	erase bool
}

// Claim implements queue.Store. Of a decoy nothing is to be done but to erase
// it.
func (s mails) Claim(ctx context.Context, now, ends time.Time) (*outbox.Mail, bool, error) {
	for {
		m, err := s.ClaimMail(ctx, now, ends)
		if err != nil || m == nil {
			return nil, false, err
		}
		if !m.Decoy() {
			return m, true, nil
		}
		if err := s.MailSent(ctx, m, now, true); err != nil {
			return nil, false, err
		}
	}
}

// Sent implements queue.Store.
func (s mails) Sent(ctx context.Context, m *outbox.Mail, now time.Time) error {
	return s.MailSent(ctx, m, now, s.erase)
}

// Failed implements queue.Store.
func (s mails) Failed(ctx context.Context, m *outbox.Mail, reason string, claim time.Time) error {
	return s.MailFailed(ctx, m, reason, claim)
}

// Tray is the courier of the demo: mails stay in the outbox, where the mailbox
// page shows them.
type Tray struct{}

// Deliver implements Courier.
func (Tray) Deliver(context.Context, *outbox.Mail) error { return nil }

// Rest implements Courier.
func (Tray) Rest() {}

// Close implements Courier.
func (Tray) Close() {}
