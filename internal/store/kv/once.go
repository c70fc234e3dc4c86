package kv

import (
	"context"
	"time"

	"signet/internal/handle"
)

// Once remembers what may come once: the jti of an assertion, of a proof.
//
//	once:{key}    it came
type Once struct{ b Backend }

// NewOnce returns the memory on the backend.
func NewOnce(b Backend) *Once { return &Once{b} }

// Forget lets the name come once more: what it stood for could not be carried out.
func (o *Once) Forget(ctx context.Context, name string) error {
	return o.b.Write(ctx, Delete("once:{"+handle.Sum(name)+"}"))
}

// First reports whether the name comes for the first time in life: true for one
// of any number of callers. Only the hash of the name is kept.
func (o *Once) First(ctx context.Context, name string, life time.Duration) (bool, error) {
	return o.b.Create(ctx, "once:{"+handle.Sum(name)+"}", used, life)
}
