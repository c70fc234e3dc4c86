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

// Departure returns the departure, or nil when there is none.
func (s *Sessions) Departure(ctx context.Context, key string) (*session.Departure, error) {
	return load[session.Departure](ctx, s.b, departureKey(key))
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

func landingKey(key string) string { return "landing:{" + key + "}" }

// PutLanding stores a landing for life.
func (s *Sessions) PutLanding(ctx context.Context, key string, l *session.Landing, life time.Duration) error {
	raw, err := encode(l)
	if err != nil {
		return err
	}
	return s.b.Write(ctx, Put(landingKey(key), raw, life))
}

// TakeLanding removes the landing and returns it to exactly one of several callers.
func (s *Sessions) TakeLanding(ctx context.Context, key string) (*session.Landing, error) {
	raw, err := s.b.Take(ctx, landingKey(key))
	if err != nil {
		return nil, err
	}
	return decode[session.Landing](raw)
}
