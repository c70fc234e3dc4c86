// Package repeat lets a program send a request again when it did not see the
// answer, and have it done once (draft-ietf-httpapi-idempotency-key-header).
//
// It knows neither HTTP nor a store; the store it needs is the interface Store.
package repeat

import (
	"context"
	"errors"
	"time"

	"signet/internal/fault"
)

// Keep is how long a request is remembered.
const Keep = 24 * time.Hour

// Answer is how a request was answered.
type Answer struct {
	Status int
	Body   []byte
	Secret bool // the body shows a secret, and is kept sealed
}

// Earlier is the request that came first under a key.
type Earlier struct {
	Print  string  // tells whether another one asks for the same
	Answer *Answer // nil: it is under way, or was cut off
}

// Store keeps requests for as long as they are remembered.
type Store interface {
	// BeginRequest notes that the request with the key begins. It returns nil to
	// exactly one of several callers, to the others which one came first.
	BeginRequest(ctx context.Context, key, print string, now time.Time) (*Earlier, error)
	// AnswerRequest keeps how it was answered.
	AnswerRequest(ctx context.Context, key string, a Answer) error
	// DropRequest forgets a request that did nothing.
	DropRequest(ctx context.Context, key string) error
	// DeleteRequests removes up to limit that began before the time, and returns
	// how many.
	DeleteRequests(ctx context.Context, before time.Time, limit int) (int, error)
}

// Sealer seals what must be readable again, bound to what it belongs to.
type Sealer interface {
	Seal(plain []byte, bound string) []byte
	Open(sealed []byte, bound string) ([]byte, error)
}

// Service has each request done once.
type Service struct {
	store  Store
	sealer Sealer
	now    func() time.Time
}

// NewService returns the service of the store.
func NewService(store Store, sealer Sealer, now func() time.Time) *Service {
	return &Service{store, sealer, now}
}

// sealed is the first byte of a body that is sealed; no other begins with it.
const sealed = 0

// keep is the answer as it is stored.
func (s *Service) keep(key string, a Answer) Answer {
	if a.Secret {
		a.Body = append([]byte{sealed}, s.sealer.Seal(a.Body, key)...)
	}
	return a
}

// tell is the answer as it was given.
func (s *Service) tell(key string, a *Answer) (*Answer, error) {
	if len(a.Body) == 0 || a.Body[0] != sealed {
		return a, nil
	}
	body, err := s.sealer.Open(a.Body[1:], key)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "an answer that was kept cannot be opened")
	}
	return &Answer{Status: a.Status, Body: body, Secret: true}, nil
}

// Once does the request with the key, or returns how it was answered before. What
// failed without having done anything can be sent again; of what was cut off on our
// side nobody knows, so it is not.
//
// An answer with an error was given and could not be kept.
func (s *Service) Once(ctx context.Context, key, print string, do func() (*Answer, error)) (*Answer, error) {
	earlier, err := s.store.BeginRequest(ctx, key, print, s.now())
	switch {
	case err != nil:
		return nil, err
	case earlier == nil:
	case earlier.Print != print:
		return nil, fault.New(fault.Invalid, "another request was sent with this key before: make a new key for each")
	case earlier.Answer == nil:
		return nil, fault.New(fault.Conflict, "the request with this key is under way, or was cut off: wait, then look whether it was done, and send it with a new key if it was not")
	default:
		return s.tell(key, earlier.Answer)
	}
	a, err := do()
	// Who hung up meanwhile is who comes again.
	ctx = context.WithoutCancel(ctx)
	switch kind := fault.KindOf(err); {
	case kind == fault.Unavailable || kind == fault.Internal:
		return nil, err
	case err != nil:
		return nil, errors.Join(err, s.store.DropRequest(ctx, key))
	}
	return a, s.store.AnswerRequest(ctx, key, s.keep(key, *a))
}
