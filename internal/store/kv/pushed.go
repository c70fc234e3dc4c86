package kv

import (
	"context"
	"time"

	"signet/internal/session"
)

func pushedKey(key string) string { return "pushed:{" + key + "}" }

// PutPushed stores a pushed request for life.
func (s *Sessions) PutPushed(ctx context.Context, key string, r *session.Request, life time.Duration) error {
	raw, err := encode(r)
	if err != nil {
		return err
	}
	return s.b.Write(ctx, Put(pushedKey(key), raw, life))
}

// TakePushed removes the pushed request and returns it to exactly one of several
// callers.
func (s *Sessions) TakePushed(ctx context.Context, key string) (*session.Request, error) {
	raw, err := s.b.Take(ctx, pushedKey(key))
	if err != nil {
		return nil, err
	}
	return decode[session.Request](raw)
}
