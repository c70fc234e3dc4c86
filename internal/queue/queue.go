// Package queue empties a durable queue: mails to a mail server, notices to
// apps.
//
//	store ──claim──> Worker ──Deliver──> whoever is to have it
//	  ▲                │
//	  └──sent, or when to try again
//
// Several nodes share a queue by claiming. A claim ends by itself, so that a node
// that died holds nothing up; what it had handed over and not recorded is handed
// over once more.
//
// The package knows neither a store nor a transport, and nothing of what is
// carried but how it fares (outbox.State).
package queue

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"signet/internal/outbox"
)

// Item is a thing that waits.
type Item interface {
	// About is its id, what it is ("account.sign_in"), and when it was written.
	About() (id, kind string, written time.Time)
	// Fares is how it fares: the worker changes it.
	Fares() *outbox.State
}

// Store keeps the things until they are delivered.
type Store[T Item] interface {
	// Claim returns the thing that has been due longest and keeps it from
	// other callers until the claim ends; false when none is due. It counts as an
	// attempt.
	Claim(ctx context.Context, now, ends time.Time) (T, bool, error)
	// Sent records that the thing was delivered.
	Sent(ctx context.Context, item T, now time.Time) error
	// Failed records the attempts and the reason. The thing is due again at its
	// DueAt, or was given up at its DeadAt. A claim that has ended records
	// nothing.
	Failed(ctx context.Context, item T, reason string, claim time.Time) error
}

// Why a thing was not delivered.
type Why int

// The reasons, by what is to be done.
const (
	Unreachable Why = iota // nobody takes anything: no fault of this thing, all have to wait
	Deferred               // not now: try this one again later
	Refused                // never: nobody is there to get it
	Crowded                // no place for it at the moment, which it does not answer for: try this one again soon
)

// Failure says why a thing was not delivered. Reason is for the operator and
// has nothing secret or personal in it.
type Failure struct {
	Why    Why
	Reason string
}

// Error implements error.
func (f *Failure) Error() string { return f.Reason }

// Pace is how often and how long things are tried. The zero value of a field
// is its default.
type Pace struct {
	Poll time.Duration // between two looks into the queue, when nobody nudges: 1 s
	// Claim is how long a thing is one worker's: 1 min. Delivering it may take
	// three quarters of that. If the worker dies, somebody waits for the thing
	// that it had in hand for as long.
	Claim time.Duration

	// A thing that was deferred is tried again after FirstRetry (10 s), each time
	// after twice as long, up to LongestRetry (1 h); the times are random by a
	// quarter. After Tries (20), or GiveUp (72 h) after it was written, it is
	// given up.
	FirstRetry, LongestRetry, GiveUp time.Duration
	Tries                            int

	// When nobody can be reached, nothing is tried for FirstPause (1 s), and then
	// for twice as long, up to LongestPause (5 s): people wait for these things,
	// and to find nobody costs nothing. Nothing pays for it with one of its tries.
	FirstPause, LongestPause time.Duration

	// Linger is how long a delivery that is under way may take when the worker is
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
type Options[T Item] struct {
	What    string // what one thing is, in the log: "mail"
	Done    string // what was done to it, in the log; "": "sent"
	Peer    string // who takes them, in the log: "the mail server"
	Store   Store[T]
	Deliver func(context.Context, T) error // hands it over, or returns a *Failure; the end of the context cuts it off
	AtOnce  int                            // deliveries at the same time; 0: 1
	Rest    func()                         // called now and then while there is nothing to deliver; or nil
	GivenUp func(ctx context.Context, item T, reason string)
	Nudge   <-chan struct{} // receives when a thing was queued; nil: nobody says so
	Log     *slog.Logger
	Now     func() time.Time
	Pace    Pace
}

// Worker empties a queue.
type Worker[T Item] struct {
	Options[T]
	stats struct{ sent, failed, dead atomic.Int64 }

	mu    sync.Mutex
	pause time.Duration // the last one while nobody can be reached; 0: somebody can
	hold  bool          // the pause has not been made yet
}

// NewWorker returns a worker, which does nothing until Run.
func NewWorker[T Item](o Options[T]) *Worker[T] {
	o.Pace = o.Pace.filled()
	o.AtOnce, o.Done = max(1, o.AtOnce), cmp.Or(o.Done, "sent")
	return &Worker[T]{Options: o}
}

// Stats are how many things this worker delivered, how many tries failed, and
// how many things it gave up.
func (w *Worker[T]) Stats() (sent, failed, dead int64) {
	return w.stats.sent.Load(), w.stats.failed.Load(), w.stats.dead.Load()
}

// Run delivers what is due until ctx ends, and then lets what is under way end.
func (w *Worker[T]) Run(ctx context.Context) {
	var under sync.WaitGroup
	defer under.Wait()
	places := make(chan struct{}, w.AtOnce)
	for {
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return
		}
		// What was delivered last in this place is settled by now.
		if pause := w.held(); pause > 0 {
			w.wait(ctx, pause, nil) // more of it does not bring anybody back
		}
		if ctx.Err() != nil {
			return
		}
		item, ends, found := w.claim(ctx)
		if !found {
			<-places
			w.wait(ctx, w.Pace.Poll, w.Nudge)
			continue
		}
		under.Go(func() {
			defer func() { <-places }()
			w.carry(ctx, item, ends)
		})
	}
}

func (w *Worker[T]) wait(ctx context.Context, pause time.Duration, nudge <-chan struct{}) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-nudge:
	case <-timer.C:
	}
}

// claim takes the next thing.
func (w *Worker[T]) claim(ctx context.Context) (item T, ends time.Time, found bool) {
	now := w.Now()
	ends = now.Add(w.Pace.Claim).Truncate(time.Microsecond)
	item, found, err := w.Store.Claim(ctx, now, ends)
	if err != nil && ctx.Err() == nil {
		w.Log.Warn("looking for "+w.What, "cause", err)
	}
	if err == nil && !found && w.Rest != nil {
		w.Rest()
	}
	return item, ends, found && err == nil
}

// carry delivers one thing and records what became of it.
func (w *Worker[T]) carry(ctx context.Context, item T, ends time.Time) {
	began := time.Now()
	if err := w.deliver(ctx, item); err != nil {
		w.failed(ctx, item, ends, err)
		return
	}
	w.reached(true, "")
	w.stats.sent.Add(1)
	w.record(ctx, item, ends, func(ctx context.Context) error { return w.Store.Sent(ctx, item, w.Now()) })
	id, kind, _ := item.About()
	w.Log.Info(w.What+" "+w.Done, w.What, id, "message", kind, "attempt", item.Fares().Attempts, "ms", time.Since(began).Milliseconds())
}

// deliver hands the thing over, or gives up while it is still this worker's: the
// next one would send it once more.
func (w *Worker[T]) deliver(ctx context.Context, item T) error {
	ctx, cancel := linger(ctx, w.Pace.Linger)
	defer cancel()
	ctx, stop := context.WithTimeout(ctx, w.Pace.Claim*3/4)
	defer stop()
	return w.Deliver(ctx, item)
}

// linger returns a context that ends some time after ctx does.
func linger(ctx context.Context, grace time.Duration) (context.Context, func()) {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	return out, func() { stop(); cancel() }
}

// soon is when a thing is tried again for which there was no place.
const soon = 2 * time.Second

// failed settles what becomes of a thing that was not delivered.
func (w *Worker[T]) failed(ctx context.Context, item T, ends time.Time, err error) {
	w.stats.failed.Add(1)
	f := &Failure{Why: Deferred, Reason: "an error of ours"}
	errors.As(err, &f)
	id, kind, written := item.About()
	state, now := item.Fares(), w.Now()
	state.DueAt = now
	switch f.Why {
	case Unreachable:
		state.Attempts--
	case Crowded:
		state.Attempts--
		state.DueAt = now.Add(soon)
	default:
		state.DueAt = now.Add(w.backoff(state.Attempts))
	}
	if f.Why == Refused || state.Attempts >= w.Pace.Tries || now.Sub(written) > w.Pace.GiveUp {
		state.DueAt, state.DeadAt = time.Time{}, now
	}
	w.reached(f.Why != Unreachable, f.Reason)
	if !state.DeadAt.IsZero() {
		w.stats.dead.Add(1)
		w.Log.Error(w.What+" given up", w.What, id, "message", kind, "attempts", state.Attempts, "reason", f.Reason)
	} else if f.Why != Unreachable {
		w.Log.Warn(w.What+" not "+w.Done, w.What, id, "message", kind, "attempt", state.Attempts, "reason", f.Reason, "again_at", state.DueAt)
	}
	w.record(ctx, item, ends, func(ctx context.Context) error { return w.Store.Failed(ctx, item, f.Reason, ends) })
	if !state.DeadAt.IsZero() && w.GivenUp != nil {
		w.GivenUp(context.WithoutCancel(ctx), item, f.Reason)
	}
}

// held returns the pause that is to be made now, once for each time that nobody
// could be reached; 0 for none.
func (w *Worker[T]) held() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.hold {
		return 0
	}
	w.hold = false
	return w.pause
}

// reached notes whether somebody could be talked to, and says so once.
func (w *Worker[T]) reached(yes bool, reason string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hold = !yes
	switch {
	case yes && w.pause > 0:
		w.pause = 0
		w.Log.Info(w.Peer + " answers again")
	case !yes && w.pause == 0:
		w.pause = w.Pace.FirstPause
		w.Log.Warn(w.Peer+" cannot be reached; "+w.What+" waits", "reason", reason)
	case !yes:
		w.pause = min(2*w.pause, w.Pace.LongestPause)
	}
}

// backoff is how long to wait after the n-th attempt failed, from 1.
func (w *Worker[T]) backoff(n int) time.Duration {
	wait := w.Pace.FirstRetry
	for i := 1; i < n && wait < w.Pace.LongestRetry; i++ {
		wait *= 2
	}
	wait = min(wait, w.Pace.LongestRetry)
	return wait*3/4 + rand.N(wait/2+1)
}

// record keeps trying until the outcome is stored, for as long as the thing is
// this worker's: what was delivered and not recorded is delivered again. What must
// be stored must be although the worker was told to stop.
func (w *Worker[T]) record(ctx context.Context, item T, ends time.Time, store func(context.Context) error) {
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
		id, _, _ := item.About()
		w.Log.Error("what became of a "+w.What+" could not be recorded", w.What, id, "cause", err)
		return
	}
}
