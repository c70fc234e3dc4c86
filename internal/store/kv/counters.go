package kv

import (
	"context"

	"signet/internal/limit"
)

// Counters implements limit.Counter.
type Counters struct {
	b Backend
}

var _ limit.Counter = Counters{}

// NewCounters returns the counters on the backend.
func NewCounters(b Backend) Counters { return Counters{b} }

// Count adds to the counters, in one round trip.
func (c Counters) Count(ctx context.Context, tallies ...limit.Tally) ([]int64, error) {
	own := make([]Tally, len(tallies))
	for i, t := range tallies {
		own[i] = Tally(t)
	}
	return c.b.Count(ctx, own...)
}
