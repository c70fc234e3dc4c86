// Package device is about device authorizations (RFC 8628): a device without a
// keyboard asks, shows a short code, and waits until its owner has typed that
// code in a browser and has said yes or no.
//
//	Ask ──> pending ──Approve──> approved ──Poll──> used
//	          │  ▲
//	          │  └── Poll: wait, or wait longer
//	          └────Refuse──────> refused
//
// It knows neither HTTP nor a store; the store it needs is the interface Store.
package device

import (
	"context"
	"errors"
	"time"

	"signet/internal/fault"
	"signet/internal/grant"
	"signet/internal/handle"
	"signet/internal/session"
)

// Status is what became of what a device asked for.
type Status string

// The statuses.
const (
	Pending  Status = "pending"
	Approved Status = "approved"
	Refused  Status = "refused"
	Used     Status = "used" // the device has its tokens
)

// Authorization is what a device asked for, and what became of it.
type Authorization struct {
	UserCode  string          `json:"user_code,omitempty"`
	Request   session.Request `json:"request"`
	Address   string          `json:"address,omitempty"` // from which the device asked
	AskedAt   time.Time       `json:"asked_at"`
	ExpiresAt time.Time       `json:"expires_at"`
	Interval  time.Duration   `json:"interval"` // that must lie between two questions of the device
	PolledAt  time.Time       `json:"polled_at,omitzero"`
	Status    Status          `json:"status"`
	Grant     *grant.Grant    `json:"grant,omitempty"` // once approved
}

// Store keeps authorizations for as long as they live. Losing it costs a new
// code on the device and nothing else.
type Store interface {
	// PutDevice stores a new authorization under its key for life, and leads the
	// user code's key to it; false, and nothing stored, where another
	// authorization has that user code.
	PutDevice(ctx context.Context, key, userKey string, a *Authorization, life time.Duration) (bool, error)
	// DeviceOf returns the key of the user code's authorization, and the
	// authorization; nil where there is none.
	DeviceOf(ctx context.Context, userKey string) (string, *Authorization, error)
	// UpdateDevice changes a stored authorization by edit, which may be called
	// more than once, and returns it as stored; nil when there is none. An error
	// of edit changes nothing.
	UpdateDevice(ctx context.Context, key string, edit func(*Authorization) error) (*Authorization, error)
	// UseDevice puts mark in the authorization's place for keep, and returns
	// what was there; nil where there was nothing. Of several callers one gets
	// the authorization, the others the mark.
	UseDevice(ctx context.Context, key string, mark *Authorization, keep time.Duration) (*Authorization, error)
}

// Typist is who types a code.
type Typist struct {
	AccountID string // who is signed in; "": nobody
	Browser   string // the value of its cookie; "": not known
	Address   string // of the network
}

// Guard bounds how often codes are guessed.
type Guard interface {
	// Guess counts a code that is typed, before it is looked at, and returns how to
	// give that back when the code was right; or a fault of kind Limited when there
	// were too many: ErrCrowded where strangers used up what there is for people who
	// are not signed in.
	Guess(ctx context.Context, who Typist) (refund func(context.Context) error, err error)
}

// ErrCrowded says that a person who signs in first may type a code.
var ErrCrowded = fault.New(fault.Limited, "Too many wrong codes are typed at the moment. Sign in first, and type the code again.")

// Rules say how long a device may wait.
type Rules struct {
	Life     time.Duration // of the codes
	Interval time.Duration // between two questions of a device
}

// What a device is told that has no tokens yet (RFC 8628 §3.5).
var (
	ErrPending  = errors.New("the person has not decided yet")
	ErrSlowDown = errors.New("the device asks too often")
	ErrRefused  = errors.New("the person refused")
	ErrExpired  = errors.New("the codes have expired")
	ErrUnknown  = errors.New("the device code was used before or never given out")
)

const (
	// slower is what is added to the interval when a device asks too soon (§3.5).
	slower = 5 * time.Second
	// slowest is where that ends: an app that asks twice at once, again and
	// again, is not put off for the whole life of its code.
	slowest = time.Minute
	// early is how much too soon a question may come: the way here is not always
	// equally long.
	early = 500 * time.Millisecond
	// afterlife is how long it is remembered that a code has expired or was used.
	afterlife = 10 * time.Minute
	// draws is how often a user code is drawn that nobody else has.
	draws = 5
)

// Service is what the protocol and the pages do with authorizations.
type Service struct {
	store Store
	gate  session.Gate
	guard Guard
	rules Rules
	now   func() time.Time
}

// NewService returns the service on the store. gate says whether one more may
// be stored, guard whether one more code may be tried; now is the clock.
func NewService(store Store, gate session.Gate, guard Guard, rules Rules, now func() time.Time) *Service {
	return &Service{store: store, gate: gate, guard: guard, rules: rules, now: now}
}

// Codes is what a device is given.
type Codes struct {
	Device   string // the handle with which the device asks
	User     string // what it shows, as XXXX-XXXX
	Life     time.Duration
	Interval time.Duration
}

// Ask stores what a device asks for, from the network address, and returns its
// codes.
func (s *Service) Ask(ctx context.Context, ip string, r *session.Request) (*Codes, error) {
	if err := s.gate(ctx, ip); err != nil {
		return nil, err
	}
	now := s.now()
	device := handle.New()
	a := &Authorization{
		Request: *r, Address: ip, AskedAt: now, ExpiresAt: now.Add(s.rules.Life), Interval: s.rules.Interval, Status: Pending,
	}
	for range draws {
		a.UserCode = newUserCode()
		put, err := s.store.PutDevice(ctx, handle.Sum(device), userKey(a.UserCode), a, s.rules.Life+afterlife)
		if err != nil {
			return nil, err
		}
		if put {
			return &Codes{Device: device, User: Written(a.UserCode), Life: s.rules.Life, Interval: s.rules.Interval}, nil
		}
	}
	return nil, fault.New(fault.Unavailable, "No user code is free at the moment. Please try again shortly.")
}

func userKey(code string) string { return handle.Sum("user code " + code) }

// Find returns what the device asks for that shows the code, as it was typed, to
// become a flow. A code that none shows is a fault of kind NotFound, whether or
// not it ever was one; too many of them are one of kind Limited.
func (s *Service) Find(ctx context.Context, typed string, who Typist) (*session.Request, error) {
	refund, err := s.guard.Guess(ctx, who)
	if err != nil {
		return nil, err
	}
	code, ok := ReadUserCode(typed)
	if !ok {
		return nil, errNoDevice()
	}
	key, a, err := s.store.DeviceOf(ctx, userKey(code))
	if err != nil {
		return nil, err
	}
	if a == nil || a.Status != Pending || !s.now().Before(a.ExpiresAt) {
		return nil, errNoDevice()
	}
	r := a.Request
	r.Device = &session.Device{Key: key, UserCode: Written(a.UserCode), Address: a.Address, AskedAt: a.AskedAt}
	return &r, refund(ctx)
}

func errNoDevice() error { return fault.New(fault.NotFound, "No device waits with this code.") }

// Approve gives the device the grant. When there is nothing to decide any more,
// because the code has expired or another tab was first, it is a fault of kind
// Expired.
func (s *Service) Approve(ctx context.Context, key string, g *grant.Grant) error {
	return s.decide(ctx, key, Approved, g)
}

// Refuse tells the device no; a fault of kind Expired as with Approve.
func (s *Service) Refuse(ctx context.Context, key string) error {
	return s.decide(ctx, key, Refused, nil)
}

func (s *Service) decide(ctx context.Context, key string, status Status, g *grant.Grant) error {
	over := fault.New(fault.Expired, "The device does not wait any more.")
	a, err := s.store.UpdateDevice(ctx, key, func(a *Authorization) error {
		if a.Status != Pending || !s.now().Before(a.ExpiresAt) {
			return over
		}
		a.Status, a.Grant = status, g
		return nil
	})
	if err == nil && a == nil {
		err = over
	}
	return err
}

// Poll answers the client's device: with the grant, to one of any number of
// callers, or with one of the errors above.
func (s *Service) Poll(ctx context.Context, device, clientID string) (*grant.Grant, error) {
	if !handle.Valid(device) {
		return nil, ErrUnknown
	}
	key, now, tooSoon := handle.Sum(device), s.now(), false
	a, err := s.store.UpdateDevice(ctx, key, func(a *Authorization) error {
		tooSoon = false
		if a.Request.ClientID != clientID || a.Status != Pending {
			return nil
		}
		tooSoon = !a.PolledAt.IsZero() && now.Sub(a.PolledAt) < a.Interval-early
		if a.PolledAt = now; tooSoon {
			a.Interval = max(a.Interval, min(a.Interval+slower, slowest))
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case a == nil || a.Request.ClientID != clientID || a.Status == Used:
		return nil, ErrUnknown
	case !now.Before(a.ExpiresAt):
		return nil, ErrExpired
	case a.Status == Refused:
		return nil, ErrRefused
	case a.Status == Approved:
		return s.use(ctx, key, a)
	case tooSoon:
		return nil, ErrSlowDown
	}
	return nil, ErrPending
}

// use hands the grant to the first who comes.
func (s *Service) use(ctx context.Context, key string, a *Authorization) (*grant.Grant, error) {
	mark := &Authorization{Status: Used, Request: session.Request{ClientID: a.Request.ClientID}}
	a, err := s.store.UseDevice(ctx, key, mark, afterlife)
	if err != nil {
		return nil, err
	}
	if a == nil || a.Status != Approved {
		return nil, ErrUnknown
	}
	return a.Grant, nil
}
