package kv

import (
	"context"

	"signet/internal/session"
)

func flowKey(key string) string { return "flow:{" + key + "}" }

// PutFlow stores a new flow until its ExpiresAt.
func (s *Sessions) PutFlow(ctx context.Context, key string, f *session.Flow) error {
	raw, err := encode(f)
	if err != nil {
		return err
	}
	return s.b.Write(ctx, Put(flowKey(key), raw, f.ExpiresAt.Sub(s.now())))
}

// Flow returns the flow, without its ID, or nil.
func (s *Sessions) Flow(ctx context.Context, key string) (*session.Flow, error) {
	raw, err := s.b.Get(ctx, flowKey(key))
	if err != nil {
		return nil, err
	}
	f, err := decode[session.Flow](raw[0])
	if f != nil {
		f.Stored = raw[0]
	}
	return f, err
}

// UpdateFlow changes a stored flow by edit and returns it as stored, or nil.
// The flow's remaining life stays as it is; an error of edit changes nothing.
func (s *Sessions) UpdateFlow(ctx context.Context, key string, last []byte, edit func(*session.Flow) error) (*session.Flow, error) {
	f, raw, err := update(ctx, s.b, flowKey(key), last, edit)
	if f != nil {
		f.Stored = raw
	}
	return f, err
}

// TakeFlow removes the flow and returns it to exactly one of several callers.
func (s *Sessions) TakeFlow(ctx context.Context, key string) (*session.Flow, error) {
	raw, err := s.b.Take(ctx, flowKey(key))
	if err != nil {
		return nil, err
	}
	return decode[session.Flow](raw)
}
