package ciba

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"time"

	"signet/internal/fault"
)

// Times are those of requests.
type Times struct {
	Life     time.Duration // of a request that asks for none
	Most     time.Duration // of one that asks for its own
	Interval time.Duration // between two polls
}

const (
	// slower is by how much each poll that came too early lengthens the interval
	// (CIBA Core 1.0 §11).
	slower = 5 * time.Second
	// slowest is where that ends: an app that polls twice at once, again and again, is
	// not put off for the whole life of its request.
	slowest = time.Minute
	// early is how much too early a poll may come: clocks and networks vary.
	early = 500 * time.Millisecond
	// afterwards is how long a request is remembered past its end, so that its app
	// learns that it expired and not that it never was.
	afterwards = 10 * time.Minute
	// mostListed is how many of a person's requests are shown.
	mostListed = 20
)

// Service begins requests, decides them, and answers who polls.
type Service struct {
	store  Store
	secret []byte
	times  Times
	ring   chan struct{}
	now    func() time.Time
}

// NewService returns the service on the store. secret is one that all nodes
// share: it authenticates what apps poll with.
func NewService(store Store, secret []byte, times Times, now func() time.Time) *Service {
	return &Service{store: store, secret: secret, times: times, ring: make(chan struct{}, 1), now: now}
}

// An auth_req_id is the request's public name, 32 random bytes, and a tag under
// the nodes' secret. The name alone is good for nothing but the page of the
// person whose request it is, so that it may stand in a link and in the store;
// the whole can be made again when the app is to be told.
const (
	nameLen = 32
	tagLen  = 16
)

func (s *Service) tag(name []byte) []byte {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write(name)
	return mac.Sum(nil)[:tagLen]
}

// handleOf is the auth_req_id of the request with the name.
func (s *Service) handleOf(id string) string {
	name, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(append(name, s.tag(name)...))
}

// nameOf is the name in a genuine auth_req_id.
func (s *Service) nameOf(handle string) (string, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(handle)
	if err != nil || len(raw) != nameLen+tagLen || !hmac.Equal(raw[nameLen:], s.tag(raw[:nameLen])) {
		return "", false
	}
	return base64.RawURLEncoding.EncodeToString(raw[:nameLen]), true
}

// Begin stores the request, which lives for as long as asked, within bounds (0:
// for the house's time), and returns its auth_req_id. It sets ID and times.
func (s *Service) Begin(ctx context.Context, r *Request, asked time.Duration) (string, error) {
	if asked <= 0 {
		asked = s.times.Life
	}
	name := make([]byte, nameLen)
	rand.Read(name)
	r.ID = base64.RawURLEncoding.EncodeToString(name)
	r.CreatedAt = s.now()
	r.ExpiresAt = r.CreatedAt.Add(min(asked, s.times.Most))
	r.Interval = s.times.Interval
	return s.handleOf(r.ID), s.store.PutCIBA(ctx, r, r.ExpiresAt.Sub(r.CreatedAt)+afterwards)
}

// Poll answers the client that asks for the outcome of the request with the
// auth_req_id. One that is approved is used by that: of any number of callers
// one gets it.
func (s *Service) Poll(ctx context.Context, handle, clientID string) (Outcome, *Request, error) {
	id, ok := s.nameOf(handle)
	if !ok {
		return Unknown, nil, nil
	}
	r, err := s.store.CIBA(ctx, id)
	switch {
	case err != nil || r == nil || r.Request.ClientID != clientID:
		return Unknown, nil, err
	case r.Denied:
		return Denied, r, nil
	case !s.now().Before(r.ExpiresAt):
		return Expired, r, nil
	case r.Approval == nil:
		return s.wait(ctx, id)
	}
	r, err = s.store.UseCIBA(ctx, id, r.ExpiresAt.Sub(s.now())+afterwards)
	if err != nil || r == nil || r.Approval == nil {
		return Unknown, nil, err
	}
	return Granted, r, nil
}

// wait notes the poll of a request that nobody has decided.
func (s *Service) wait(ctx context.Context, id string) (Outcome, *Request, error) {
	outcome := Pending
	r, err := s.store.UpdateCIBA(ctx, id, func(r *Request) error {
		now := s.now()
		outcome = Pending
		if now.Sub(r.PolledAt) < r.Interval-early {
			outcome = SlowDown
			r.Interval = max(r.Interval, min(r.Interval+slower, slowest))
		}
		r.PolledAt = now
		return nil
	})
	if r == nil {
		return Unknown, nil, err
	}
	return outcome, r, err
}

// errOver is the one answer for a request that is over, of somebody else, or
// never was: which of them it is, is nobody's business.
func errOver() error {
	return fault.New(fault.Expired, "This request is over, or it is not for this account.")
}

// Get returns the account's request if it waits for a decision; else a fault of
// kind Expired.
func (s *Service) Get(ctx context.Context, id, accountID string) (*Request, error) {
	r, err := s.store.CIBA(ctx, id)
	if err != nil {
		return nil, err
	}
	if r == nil || !s.waits(r) || r.AccountID != accountID || accountID == "" {
		return nil, errOver()
	}
	return r, nil
}

func (s *Service) waits(r *Request) bool { return !r.decided() && s.now().Before(r.ExpiresAt) }

// Waiting returns the account's requests that wait for a decision, newest first.
func (s *Service) Waiting(ctx context.Context, accountID string) ([]*Request, error) {
	if accountID == "" {
		return nil, nil
	}
	all, err := s.store.CIBAsOf(ctx, accountID)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(r *Request) bool { return !s.waits(r) })
	slices.SortFunc(all, func(a, b *Request) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return all[:min(len(all), mostListed)], nil
}

// Approve records the account's yes. Of any number of decisions one counts; the
// others get a fault of kind Expired.
func (s *Service) Approve(ctx context.Context, id, accountID string, a Approval) error {
	return s.decide(ctx, id, accountID, func(r *Request) { r.Approval = &a })
}

// Deny records the account's no, likewise.
func (s *Service) Deny(ctx context.Context, id, accountID string) error {
	return s.decide(ctx, id, accountID, func(r *Request) { r.Denied = true })
}

func (s *Service) decide(ctx context.Context, id, accountID string, edit func(*Request)) error {
	r, err := s.store.UpdateCIBA(ctx, id, func(r *Request) error {
		if !s.waits(r) || r.AccountID != accountID || accountID == "" {
			return errOver()
		}
		edit(r)
		return nil
	})
	if err == nil && r == nil {
		err = errOver()
	}
	if err != nil || r.Token == "" {
		return err
	}
	if err := s.store.AddPing(ctx, id, r.ExpiresAt.Sub(s.now())+afterwards); err != nil {
		return err
	}
	select {
	case s.ring <- struct{}{}:
	default: // it rings already
	}
	return nil
}
