package session

import (
	"context"
	"time"

	"signet/internal/fault"
	"signet/internal/handle"
)

// Push stores an authorization request that an app sent from its server, at the
// network address, and returns the handle under which the browser brings it
// back, and for how long it is kept (RFC 9126).
func (s *Service) Push(ctx context.Context, ip string, r *Request) (string, time.Duration, error) {
	if s.gate != nil {
		if err := s.gate(ctx, ip); err != nil {
			return "", 0, err
		}
	}
	id := handle.New()
	return id, s.life.Pushed, s.store.PutPushed(ctx, handle.Sum(id), r, s.life.Pushed)
}

// Pushed uses up a pushed request and returns it to the one who uses it first;
// to the others, and for one whose time is over, a fault of kind Expired.
func (s *Service) Pushed(ctx context.Context, id string) (*Request, error) {
	if !handle.Valid(id) {
		return nil, errPushedGone()
	}
	r, err := s.store.TakePushed(ctx, handle.Sum(id))
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, errPushedGone()
	}
	return r, nil
}

func errPushedGone() error {
	return fault.New(fault.Expired, "the pushed request was used before, has expired, or never was")
}
