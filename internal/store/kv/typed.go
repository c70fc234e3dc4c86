package kv

import (
	"bytes"
	"context"
	"encoding/json"
	"math/rand/v2"
	"time"

	"signet/internal/fault"
)

// encode never fails for the domain's own types; that it could is the
// signature of encoding/json, not of the data.
func encode(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "a value cannot be stored")
	}
	return raw, nil
}

// decode reads a stored value; nil for nil.
func decode[T any](raw []byte) (*T, error) {
	if raw == nil {
		return nil, nil
	}
	v := new(T)
	if err := json.Unmarshal(raw, v); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "a stored value cannot be read")
	}
	return v, nil
}

// load reads one value; nil when there is none.
func load[T any](ctx context.Context, b Backend, key string) (*T, error) {
	raw, err := b.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	return decode[T](raw[0])
}

// update changes a stored value by edit, and returns it as stored and in its
// stored form; nil when there is none. last is that form as it was read before,
// which saves reading it again; nil: it was not. Whoever loses against another
// change reads again, until ctx ends: in each round somebody wins, so the wait is
// short. The operations go along with each Replace.
func update[T any](ctx context.Context, b Backend, key string, last []byte, edit func(*T) error, also ...Op) (*T, []byte, error) {
	for attempt := 0; ; attempt++ {
		known := last != nil && attempt == 0
		if !known {
			raw, err := b.Get(ctx, key)
			if err != nil {
				return nil, nil, err
			}
			last = raw[0]
		}
		v, err := decode[T](last)
		if err != nil || v == nil {
			return nil, nil, err
		}
		if err := edit(v); err != nil {
			return nil, nil, err
		}
		changed, err := encode(v)
		if err != nil {
			return nil, nil, err
		}
		if bytes.Equal(changed, last) && len(also) == 0 {
			if known {
				continue // it may be gone by now, or another: read it
			}
			return v, last, nil
		}
		if ok, err := b.Replace(ctx, key, last, changed, also...); err != nil || ok {
			return v, changed, err
		}
		if known {
			continue // it was changed since, not at this moment
		}
		if err := pause(ctx, attempt); err != nil {
			return nil, nil, unavailable(err)
		}
	}
}

// pause waits a random while that grows with the attempts, up to 16 ms, so
// that many who change one value at once do not stay in step.
func pause(ctx context.Context, attempt int) error {
	most := time.Millisecond << min(attempt, 4)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(rand.N(most)):
		return nil
	}
}
