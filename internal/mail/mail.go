// Package mail carries the messages of the outbox to a mail server.
//
//	outbox ──claim──> Worker ──Deliver──> Courier: SMTP, or a Tray in the demo
//	   ▲                 │
//	   └──sent, or when to try again
//
// A worker sends one mail after the other, so that a crash repeats at most the
// one that was handed over and not yet recorded; a mail that is repeated has the
// same Message-ID, and mail readers show it once. Several nodes share the
// outbox by claiming: nodes, not settings, make it faster.
//
// The package knows neither HTTP nor a store, and nothing of what a message
// says: whoever writes it does. No log line and no stored reason has an address
// or a word of a message.
package mail

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"signet/internal/outbox"
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

// Why a mail was not handed over.
type Why int

// The reasons, by what is to be done.
const (
	Unreachable Why = iota // nobody to hand it to: no fault of this mail, all have to wait
	Deferred               // not now: try this mail again later
	Refused                // never: nobody is there to get it
)

// Failure says why a mail was not handed over. Reason is for the operator and
// has no address in it.
type Failure struct {
	Why    Why
	Reason string
}

// Error implements error.
func (f *Failure) Error() string { return f.Reason }

// Keep is how long a mail is kept after it was written, to tell that it was
// sent and when.
const Keep = 30 * 24 * time.Hour

// Pace is how often and how long things are tried. The zero value of a field
// is its default.
type Pace struct {
	Poll time.Duration // between two looks into the outbox, when nobody nudges: 1 s
	// Claim is how long a mail is one worker's: 1 min. Handing it over may take
	// three quarters of that. If the worker dies, somebody waits for the mail
	// that it had in hand for as long.
	Claim time.Duration

	// A mail that was deferred is tried again after FirstRetry (10 s), each time
	// after twice as long, up to LongestRetry (1 h); the times are random by a
	// quarter. After Tries (20), or GiveUp (72 h) after it was written, it is
	// given up.
	FirstRetry, LongestRetry, GiveUp time.Duration
	Tries                            int

	// When the server cannot be reached, nothing is tried for FirstPause (1 s),
	// and then for twice as long, up to LongestPause (5 s): people wait for these
	// mails, and to find nobody costs nothing. No mail pays for it with one of its
	// tries.
	FirstPause, LongestPause time.Duration

	// Linger is how long a mail that is under way may take when the worker is
	// told to stop: 5 s.
	Linger time.Duration
}

func (p Pace) filled() Pace {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&p.Poll, time.Second}, {&p.Claim, time.Minute},
		{&p.FirstRetry, 10 * time.Second}, {&p.LongestRetry, time.Hour}, {&p.GiveUp, 72 * time.Hour},
		{&p.FirstPause, time.Second}, {&p.LongestPause, 5 * time.Second}, {&p.Linger, 5 * time.Second},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if p.Tries == 0 {
		p.Tries = 20
	}
	return p
}

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
	Options
	pause time.Duration // the last one while the server cannot be reached; 0: it can
	stats struct{ sent, failed, dead atomic.Int64 }
}

// NewWorker returns a worker, which does nothing until Run.
func NewWorker(o Options) *Worker {
	o.Pace = o.Pace.filled()
	return &Worker{Options: o}
}

// Stats are how many mails this worker sent, how many tries failed, and how
// many mails it gave up.
func (w *Worker) Stats() (sent, failed, dead int64) {
	return w.stats.sent.Load(), w.stats.failed.Load(), w.stats.dead.Load()
}

// Run sends what is due until ctx ends, and then lets the mail that is under
// way end.
func (w *Worker) Run(ctx context.Context) {
	defer w.Courier.Close()
	for ctx.Err() == nil {
		again, pause := w.step(ctx)
		if again {
			continue
		}
		timer := time.NewTimer(pause)
		nudge := w.Nudge
		if w.pause > 0 {
			nudge = nil // more mail does not bring the server back
		}
		select {
		case <-ctx.Done():
		case <-nudge:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// step sends one mail. again says that there may be another; else pause is how
// long to rest.
func (w *Worker) step(ctx context.Context) (again bool, pause time.Duration) {
	now := w.Now()
	ends := now.Add(w.Pace.Claim).Truncate(time.Microsecond)
	m, err := w.Store.ClaimMail(ctx, now, ends)
	if err != nil {
		if ctx.Err() == nil {
			w.Log.Warn("looking for mail", "cause", err)
		}
		return false, w.Pace.Poll
	}
	if m == nil {
		w.Courier.Rest()
		return false, w.Pace.Poll
	}
	if m.Decoy() {
		w.record(ctx, m, ends, func(ctx context.Context) error { return w.Store.MailSent(ctx, m, w.Now(), true) })
		return true, 0
	}
	began := time.Now()
	err = w.deliver(ctx, m)
	if err == nil {
		w.reached(true, "")
		w.stats.sent.Add(1)
		w.record(ctx, m, ends, func(ctx context.Context) error { return w.Store.MailSent(ctx, m, w.Now(), w.Erase) })
		w.Log.Info("mail sent", "mail", m.ID, "message", m.Kind, "attempt", m.Attempts, "ms", time.Since(began).Milliseconds())
		return true, 0
	}
	return w.failed(ctx, m, ends, err)
}

// deliver hands the mail over, or gives up while the mail is still this worker's:
// the next one would send it once more.
func (w *Worker) deliver(ctx context.Context, m *outbox.Mail) error {
	ctx, cancel := linger(ctx, w.Pace.Linger)
	defer cancel()
	ctx, stop := context.WithTimeout(ctx, w.Pace.Claim*3/4)
	defer stop()
	return w.Courier.Deliver(ctx, m)
}

// linger returns a context that ends some time after ctx does.
func linger(ctx context.Context, grace time.Duration) (context.Context, func()) {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	return out, func() { stop(); cancel() }
}

// failed settles what becomes of a mail that was not handed over.
func (w *Worker) failed(ctx context.Context, m *outbox.Mail, ends time.Time, err error) (again bool, pause time.Duration) {
	w.stats.failed.Add(1)
	f := &Failure{Why: Deferred, Reason: "an error of ours"}
	errors.As(err, &f)
	now := w.Now()
	m.DueAt = now
	switch {
	case f.Why == Unreachable:
		m.Attempts--
	default:
		m.DueAt = now.Add(w.backoff(m.Attempts))
	}
	if f.Why == Refused || m.Attempts >= w.Pace.Tries || now.Sub(m.CreatedAt) > w.Pace.GiveUp {
		m.DueAt, m.DeadAt = time.Time{}, now
	}
	if f.Why != Unreachable {
		w.reached(true, "")
		again = true
	} else {
		w.reached(false, f.Reason)
	}
	if !m.DeadAt.IsZero() {
		w.stats.dead.Add(1)
		w.Log.Error("mail given up", "mail", m.ID, "message", m.Kind, "attempts", m.Attempts, "reason", f.Reason)
	} else if again {
		w.Log.Warn("mail not sent", "mail", m.ID, "message", m.Kind, "attempt", m.Attempts, "reason", f.Reason, "again_at", m.DueAt)
	}
	w.record(ctx, m, ends, func(ctx context.Context) error { return w.Store.MailFailed(ctx, m, f.Reason, ends) })
	return again, w.pause
}

// reached notes whether the server could be talked to, and says so once.
func (w *Worker) reached(yes bool, reason string) {
	switch {
	case yes && w.pause > 0:
		w.pause = 0
		w.Log.Info("the mail server answers again")
	case !yes && w.pause == 0:
		w.pause = w.Pace.FirstPause
		w.Log.Warn("the mail server cannot be reached; mail waits", "reason", reason)
	case !yes:
		w.pause = min(2*w.pause, w.Pace.LongestPause)
	}
}

// backoff is how long to wait after the n-th attempt failed, from 1.
func (w *Worker) backoff(n int) time.Duration {
	wait := w.Pace.FirstRetry
	for i := 1; i < n && wait < w.Pace.LongestRetry; i++ {
		wait *= 2
	}
	wait = min(wait, w.Pace.LongestRetry)
	return wait*3/4 + rand.N(wait/2+1)
}

// record keeps trying until the outcome is stored, for as long as the mail is
// this worker's: a mail that was sent and not recorded is sent again. What must
// be stored must be although the worker was told to stop.
func (w *Worker) record(ctx context.Context, m *outbox.Mail, ends time.Time, store func(context.Context) error) {
	ctx, cancel := linger(ctx, w.Pace.Linger)
	defer cancel()
	for {
		err := store(ctx)
		if err == nil {
			return
		}
		select {
		case <-time.After(w.Pace.Poll):
			if w.Now().Before(ends) {
				continue
			}
		case <-ctx.Done():
		}
		w.Log.Error("what became of a mail could not be recorded", "mail", m.ID, "cause", err)
		return
	}
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
