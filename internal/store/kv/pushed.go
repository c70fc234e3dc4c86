package kv

import (
	"context"
	"time"

	"signet/internal/session"
)

//	pushed:{key}       a pushed request
//	pushed-used:{key}  its app was answered

func pushedKey(key string) string     { return "pushed:{" + key + "}" }
func pushedUsedKey(key string) string { return "pushed-used:{" + key + "}" }

// PutPushed stores a pushed request, or puts it back, for life.
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

// UsePushed notes that the request was used, and reports whether it is the first to
// do so.
func (s *Sessions) UsePushed(ctx context.Context, key string, keep time.Duration) (bool, error) {
	return s.b.PutUnless(ctx, used, pushedUsedKey(key), used, keep, Delete(pushedKey(key)))
}
