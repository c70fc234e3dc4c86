package relyingparty

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// SignOuts remembers which sessions ended before their time: signed out here, or
// at the provider. Sessions are in cookies, and a cookie that was copied, or that
// a browser writes back late, does not know.
//
// An app that runs on several nodes gives them one that they share, in a
// database or a cache, through [Config.SignOuts]; each method is then one
// operation on it. The methods are called by many requests at once.
type SignOuts interface {
	// End remembers that the sessions with the name are over: those whose ID
	// token was issued up to the time, or, with the zero time, all. It may be
	// forgotten at keep. Of two endings of one name the later one counts.
	End(ctx context.Context, name string, issued, keep time.Time) error
	// Ended reports which of the names have an ending, and the time of each.
	Ended(ctx context.Context, names ...string) (map[string]time.Time, error)
	// First reports whether the id comes for the first time before keep: true
	// for one of any number of callers.
	First(ctx context.Context, id string, keep time.Time) (bool, error)
}

// errSignOuts: whether a session ended cannot be told.
var errSignOuts = errors.New("the store of sign-outs does not answer")

// Names under which a session can be ended.
func nameOfSession(id string) string { return "session:" + id }
func nameOfSID(sid string) string    { return "sid:" + sid }
func nameOfSubject(s string) string  { return "sub:" + s }

// over reports whether the session was ended before its time.
func (rp *RP) over(ctx context.Context, s *session) (bool, error) {
	names := []string{nameOfSession(s.ID), nameOfSubject(s.claims.Subject)}
	if s.claims.SessionID != "" {
		names = append(names, nameOfSID(s.claims.SessionID))
	}
	ends, err := rp.config.SignOuts.Ended(ctx, names...)
	if err != nil {
		return false, fmt.Errorf("%w: %w", errSignOuts, err)
	}
	for _, issued := range ends {
		if issued.IsZero() || !s.claims.IssuedAt.AsTime().After(issued) {
			return true, nil
		}
	}
	return false, nil
}

// end ends the sessions with the name, for as long as one of them could last.
func (rp *RP) end(ctx context.Context, name string, issued time.Time) error {
	return rp.config.SignOuts.End(ctx, name, issued, rp.now().Add(rp.config.SessionLifetime+rp.config.ClockSkew))
}

// maxSignOuts bounds what one node remembers, at about 200 bytes each.
const maxSignOuts = 100_000

// memory is the SignOuts of one node. Past its bound it forgets the tenth that
// would have been forgotten first.
type memory struct {
	now  func() time.Time
	most int

	mu    sync.Mutex
	ends  map[string]ending
	first map[string]time.Time // ids that came -> when they are forgotten
	swept time.Time
}

type ending struct{ issued, keep time.Time }

func newMemory(now func() time.Time) *memory {
	return &memory{now: now, most: maxSignOuts, ends: map[string]ending{}, first: map[string]time.Time{}}
}

// End implements SignOuts.
func (m *memory) End(_ context.Context, name string, issued, keep time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep()
	e := ending{issued, keep}
	if before, known := m.ends[name]; known {
		if before.issued.IsZero() || !issued.IsZero() && before.issued.After(issued) {
			e.issued = before.issued
		}
		if before.keep.After(keep) {
			e.keep = before.keep
		}
	}
	m.ends[name] = e
	return nil
}

// Ended implements SignOuts.
func (m *memory) Ended(_ context.Context, names ...string) (map[string]time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found map[string]time.Time
	now := m.now()
	for _, name := range names {
		if e, known := m.ends[name]; known && now.Before(e.keep) {
			if found == nil {
				found = map[string]time.Time{}
			}
			found[name] = e.issued
		}
	}
	return found, nil
}

// First implements SignOuts.
func (m *memory) First(_ context.Context, id string, keep time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep()
	if until, came := m.first[id]; came && m.now().Before(until) {
		return false, nil
	}
	m.first[id] = keep
	return true, nil
}

// sweep forgets what is over, once a minute or when there is too much; m.mu is
// held.
func (m *memory) sweep() {
	now := m.now()
	full := len(m.ends) >= m.most || len(m.first) >= m.most
	if !full && now.Sub(m.swept) < time.Minute {
		return
	}
	m.swept = now
	forget(m.ends, m.most, now, func(e ending) time.Time { return e.keep })
	forget(m.first, m.most, now, func(keep time.Time) time.Time { return keep })
}

func forget[T any](all map[string]T, most int, now time.Time, keep func(T) time.Time) {
	for name, v := range all {
		if !now.Before(keep(v)) {
			delete(all, name)
		}
	}
	if len(all) < most {
		return
	}
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return keep(all[a]).Compare(keep(all[b])) })
	for _, name := range names[:len(names)/10+1] {
		delete(all, name)
	}
}
