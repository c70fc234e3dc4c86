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
	return decodeFlow(raw[0])
}

func decodeFlow(raw []byte) (*session.Flow, error) {
	f, err := decode[session.Flow](raw)
	if f != nil {
		f.Stored = raw
	}
	return f, err
}

// FlowAndSession is Flow and Session in one round trip.
func (s *Sessions) FlowAndSession(ctx context.Context, flow, key string) (*session.Flow, *session.Session, error) {
	raw, err := s.b.Get(ctx, flowKey(flow), sessionKey(key), seenKey(key))
	if err != nil {
		return nil, nil, err
	}
	f, err := decodeFlow(raw[0])
	if err != nil {
		return nil, nil, err
	}
	sess, err := decodeSession(key, raw[1], raw[2])
	return f, sess, err
}

// UpdateFlow changes a stored flow by edit and returns it as stored, or nil.
// The flow's remaining life stays as it is; an error of edit changes nothing.
func (s *Sessions) UpdateFlow(ctx context.Context, key string, last []byte, edit func(*session.Flow) error) (*session.Flow, error) {
	return s.updateFlow(ctx, key, last, edit)
}

// updateFlow is UpdateFlow with the operations in the same round trip, which are
// applied at least once, unless edit fails or the flow is found gone before.
func (s *Sessions) updateFlow(ctx context.Context, key string, last []byte, edit func(*session.Flow) error, also ...Op) (*session.Flow, error) {
	f, raw, err := update(ctx, s.b, flowKey(key), last, edit, also...)
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
