// Package limit says "too often": it counts tries per journey and per who
// tries, over a sliding window, in counters that all nodes share.
//
// A try is counted before it is evaluated, so that of a thousand guesses at
// once no more are evaluated than the rule allows; one that turns out to be
// harmless (the right password) is given back. A refused try does not count:
// whoever keeps knocking does not make the wait longer, for himself or for the
// owner of the account he knocks at, and the wait is never longer than two
// windows.
//
// Under a rule per account a stranger can still use up the owner's tries. So
// that he does not lock the owner out, the caller names the owner's known
// browser as a subject of its own (account and browser together) and applies
// the account's rule only to browsers that never signed in to it.
//
// The package knows neither HTTP nor a store; the counters it needs are the
// interface Counter.
package limit

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/netip"
	"strconv"
	"time"
)

// Rule is how often something may be tried.
type Rule struct {
	Journey string // what is tried, as "sign-in"; part of the counter's key
	Max     int64  // tries within any Window; 0 or less: no limit
	Window  time.Duration
}

// Try is one try under one rule.
type Try struct {
	Rule Rule
	Who  string // account key, Address, client id, ...; stored as a hash only
}

// Tally is an addition to a counter; N of 0 reads it. The counter ends TTL
// after the addition that made it.
type Tally struct {
	Key string
	N   int64
	TTL time.Duration
}

// Counter keeps counters that all nodes share.
type Counter interface {
	// Count adds to the counters, each atomically, and returns their values
	// after, in their order, in one round trip.
	Count(ctx context.Context, tallies ...Tally) ([]int64, error)
}

// Limiter applies rules.
type Limiter struct {
	counter Counter
	exempt  []netip.Prefix
	now     func() time.Time
}

// New returns a limiter on the counters. Nothing from the exempt networks is
// ever counted or refused; now is the clock.
func New(counter Counter, exempt []netip.Prefix, now func() time.Time) *Limiter {
	return &Limiter{counter: counter, exempt: exempt, now: now}
}

// Address returns the subject for the network block that an address belongs
// to: its first v4 bits for IPv4, its first v6 bits for IPv6, of which one
// customer has at least a /64.
func Address(a netip.Addr, v4, v6 int) string {
	a = a.Unmap().WithZone("")
	bits := v6
	if a.Is4() {
		bits = v4
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return "unknown" // the zero Addr: all such callers share one budget
	}
	return p.String()
}

// Pass says whether tries may be evaluated.
type Pass struct {
	OK         bool
	RetryAfter time.Duration // where not OK: when one more try may be worth it
	Refused    Rule          // where not OK: the rule with the longest wait

	counted []Tally
}

// Take counts one try under each of the given, in one round trip, and says
// whether it may be evaluated: it may when all allow it. Where one refuses, it
// counts under none. from is the address that the request came from.
//
// On an error nothing may be evaluated.
func (l *Limiter) Take(ctx context.Context, from netip.Addr, tries ...Try) (Pass, error) {
	if l.isExempt(from) {
		return Pass{OK: true}, nil
	}
	now := l.now()
	var windows []window
	var tallies []Tally
	for _, t := range tries {
		if t.Rule.Max <= 0 || t.Rule.Window <= 0 {
			continue
		}
		w := windowOf(t, now)
		windows = append(windows, w)
		tallies = append(tallies, w.current(1), w.previous())
	}
	if len(windows) == 0 {
		return Pass{OK: true}, nil
	}
	counts, err := l.counter.Count(ctx, tallies...)
	if err != nil {
		return Pass{}, err
	}
	pass := Pass{OK: true}
	for i, w := range windows {
		pass.counted = append(pass.counted, w.current(-1))
		if wait := w.wait(counts[2*i], counts[2*i+1]); wait > 0 {
			pass.OK = false
			if wait > pass.RetryAfter {
				pass.RetryAfter, pass.Refused = wait, w.rule
			}
		}
	}
	if !pass.OK {
		return pass, l.Refund(ctx, &pass)
	}
	return pass, nil
}

// Allow is Take for one rule whose tries are never given back.
func (l *Limiter) Allow(ctx context.Context, rule Rule, from netip.Addr, who string) (ok bool, retryAfter time.Duration, err error) {
	p, err := l.Take(ctx, from, Try{rule, who})
	return p.OK && err == nil, p.RetryAfter, err
}

// Refund gives back what Take counted, because the try was harmless. A second
// refund of the same pass does nothing.
func (l *Limiter) Refund(ctx context.Context, p *Pass) error {
	if len(p.counted) == 0 {
		return nil
	}
	counted := p.counted
	p.counted = nil
	// A caller who hangs up meanwhile does not keep what was counted for him.
	_, err := l.counter.Count(context.WithoutCancel(ctx), counted...)
	return err
}

func (l *Limiter) isExempt(from netip.Addr) bool {
	from = from.Unmap().WithZone("")
	for _, p := range l.exempt {
		if p.Contains(from) {
			return true
		}
	}
	return false
}

// window is the moment of a try within its rule's fixed windows, of which the
// sliding one is made: the tries of the current one, and of the one before it
// the share that the sliding window still covers.
type window struct {
	rule  Rule
	key   string
	index int64
	into  time.Duration // since the current window began
}

func windowOf(t Try, now time.Time) window {
	sum := sha256.Sum256([]byte(t.Rule.Journey + "\x00" + t.Who))
	ns, size := now.UnixNano(), t.Rule.Window.Nanoseconds()
	return window{
		rule: t.Rule, index: ns / size, into: time.Duration(ns % size),
		// Half of the hash: no two subjects meet in 128 bits.
		key: "limit:{" + base64.RawURLEncoding.EncodeToString(sum[:16]) + "}:",
	}
}

func (w window) current(n int64) Tally {
	return Tally{Key: w.key + strconv.FormatInt(w.index, 36), N: n, TTL: 2 * w.rule.Window}
}

func (w window) previous() Tally {
	return Tally{Key: w.key + strconv.FormatInt(w.index-1, 36)}
}

// wait returns how long the try, which is among current, is too early, rounded
// up; 0 when it is allowed. Nothing is allowed beyond Max in the current window, whatever
// the clocks of the nodes say about where in it we are.
func (w window) wait(current, previous int64) time.Duration {
	limit, size := w.rule.Max, float64(w.rule.Window)
	// More than Max can be counted for a moment, until refused tries are given
	// back; they must not weigh on others.
	previous = min(max(previous, 0), limit)
	left := w.rule.Window - w.into
	covered := float64(previous) * float64(left) / size
	switch {
	case float64(current)+covered <= float64(limit):
		return 0
	case current <= limit && previous > 0:
		// Later in this window, when less of the one before is covered.
		free := float64(limit-current) / float64(previous) // share that may be covered
		return left - time.Duration(free*size) + time.Millisecond
	default:
		// In the next window, when this one, full, has become the one before:
		// one try is free once limit-1 of its limit are covered.
		return left + time.Duration(size/float64(limit)) + time.Millisecond
	}
}
