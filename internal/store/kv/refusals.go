package kv

import (
	"context"
	"time"

	"signet/internal/refusal"
)

// Refusals implements refusal.Store.
//
//	refusal:{request}    why the request was refused
type Refusals struct{ b Backend }

var _ refusal.Store = (*Refusals)(nil)

// NewRefusals returns the store of refusals on the backend.
func NewRefusals(b Backend) *Refusals { return &Refusals{b} }

func refusalKey(request string) string { return "refusal:{" + request + "}" }

// PutRefusal stores the refusal for life.
func (s *Refusals) PutRefusal(ctx context.Context, r *refusal.Record, life time.Duration) error {
	raw, err := encode(r)
	if err != nil {
		return err
	}
	return s.b.Write(ctx, Put(refusalKey(r.Request), raw, life))
}

// Refusal returns the refusal of the request, or nil.
func (s *Refusals) Refusal(ctx context.Context, request string) (*refusal.Record, error) {
	return load[refusal.Record](ctx, s.b, refusalKey(request))
}
