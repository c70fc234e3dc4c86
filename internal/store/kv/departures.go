package kv

import (
	"context"
	"time"

	"signet/internal/session"
)

func departureKey(key string) string { return "departure:{" + key + "}" }

// PutDeparture stores a departure for life.
func (s *Sessions) PutDeparture(ctx context.Context, key string, d *session.Departure, life time.Duration) error {
	raw, err := encode(d)
	if err != nil {
		return err
	}
	return s.b.Write(ctx, Put(departureKey(key), raw, life))
}

// TakeDeparture removes the departure and returns it to exactly one of several
// callers.
func (s *Sessions) TakeDeparture(ctx context.Context, key string) (*session.Departure, error) {
	raw, err := s.b.Take(ctx, departureKey(key))
	if err != nil {
		return nil, err
	}
	return decode[session.Departure](raw)
}
