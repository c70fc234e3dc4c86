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

// Service has each request done once.
type Service struct {
	store Store
	now   func() time.Time
}

// NewService returns the service of the store.
func NewService(store Store, now func() time.Time) *Service { return &Service{store, now} }

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
		return earlier.Answer, nil
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
	return a, s.store.AnswerRequest(ctx, key, *a)
}
