package session

import (
	"context"
	"time"

	"signet/internal/fault"
	"signet/internal/handle"
)

// Pushed is what a request is known by that an app sent from its server. It is good
// for one answer: until the app has that, the page of a person who is asked may be
// loaded again (FAPI 2.0 Security Profile §5.3.2.2, note 3).
type Pushed struct {
	Key   string    `json:"key"` // under which it is stored
	Until time.Time `json:"until"`
	// Asked: a person was asked about it, and may be once more, so that several
	// flows may come to an answer.
	Asked bool `json:"asked,omitempty"`
}

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
	r.Pushed = &Pushed{Key: handle.Sum(id), Until: s.now().Add(s.life.Pushed)}
	return id, s.life.Pushed, s.store.PutPushed(ctx, r.Pushed.Key, r, s.life.Pushed)
}

// TakePushed takes a pushed request and returns it to the one who comes first; to
// the others, and for one whose time is over, a fault of kind Expired.
func (s *Service) TakePushed(ctx context.Context, id string) (*Request, error) {
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

// ReturnPushed puts a pushed request back that was taken, for the rest of its time,
// because a person must be asked first. A request that was not pushed is left alone.
func (s *Service) ReturnPushed(ctx context.Context, r *Request) error {
	if r.Pushed == nil {
		return nil
	}
	r.Pushed.Asked = true
	left := r.Pushed.Until.Sub(s.now())
	if left <= 0 {
		return nil
	}
	return s.store.PutPushed(ctx, r.Pushed.Key, r, left)
}

// AnswerPushed reports whether the app may be answered: of a pushed request the
// first who asks may, and the others get a fault of kind Expired.
func (s *Service) AnswerPushed(ctx context.Context, r *Request) error {
	if r.Pushed == nil || !r.Pushed.Asked {
		return nil // who took it is the only one who has it
	}
	// Longer than any flow lives that began with it.
	first, err := s.store.UsePushed(ctx, r.Pushed.Key, s.life.Pushed+s.life.Flow)
	if err == nil && !first {
		err = errPushedGone()
	}
	return err
}

func errPushedGone() error {
	return fault.New(fault.Expired, "the pushed request was used before, has expired, or never was")
}
