package relyingparty

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// refreshMemory is how long the outcome of a refresh is kept for requests
	// that still carry the cookie from before it: those already under way, and
	// those of a browser that never received the new cookie.
	refreshMemory = 5 * time.Minute
	// refreshPause is how long a failed refresh is not tried again, so that a
	// provider in trouble is not asked at every request.
	refreshPause = 5 * time.Second
)

// errEnded: the session is over, by itself or by a sign-out.
var errEnded = errors.New("the session was signed out")

// refresher makes sure that a refresh token is used once, however many requests
// of a session come at the same time. It holds only what is under way or just
// over. Several nodes of one app do not see
// each other's: the provider's grace for a retried refresh covers the rare case
// that two refresh at once.
type refresher struct {
	mu      sync.Mutex
	flights map[string]*flight // by session id
	swept   time.Time
}

func newRefresher() *refresher {
	return &refresher{flights: map[string]*flight{}}
}

type flight struct {
	done chan struct{}
	// Set before done is closed.
	session *session
	err     error
	until   time.Time // after which this outcome is forgotten
}

// refresh returns a newer s. Of callers with the same session one runs fetch;
// the rest wait for it, or take what it just brought. Fetch is given the newest
// state known, whose refresh token is the only one not used yet.
func (f *refresher) refresh(ctx context.Context, s *session, now func() time.Time, fetch func(*session) (*session, error)) (*session, error) {
	f.mu.Lock()
	current := f.flights[s.ID]
	if current == nil || current.over(s, now()) {
		from := current.newer(s)
		current = &flight{done: make(chan struct{})}
		f.sweep(now())
		f.flights[s.ID] = current
		go current.run(now, func() (*session, error) { return fetch(from) })
	}
	f.mu.Unlock()

	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-current.done:
		return current.session, current.err
	}
}

// over tells whether the outcome is of no use to s: forgotten, or not newer, or
// due for a refresh itself.
func (f *flight) over(s *session, now time.Time) bool {
	select {
	case <-f.done:
	default:
		return false
	}
	if f.err != nil {
		return !now.Before(f.until)
	}
	return !now.Before(f.until) || f.session.Generation <= s.Generation || f.session.due(now)
}

func (f *flight) run(now func() time.Time, fetch func() (*session, error)) {
	f.session, f.err = fetch()
	f.until = now().Add(refreshMemory)
	if f.err != nil && !rejected(f.err) {
		f.until = now().Add(refreshPause)
	}
	close(f.done)
}

// newer returns the outcome of a finished flight if it is newer than s, else s.
func (f *flight) newer(s *session) *session {
	if f != nil && f.err == nil && f.session.Generation > s.Generation {
		return f.session
	}
	return s
}

// forget drops the outcome of a session that was signed out.
func (f *refresher) forget(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.flights, id)
}

// sweep drops what is of no use any more, at most once per refreshMemory; f.mu
// is held.
func (f *refresher) sweep(now time.Time) {
	if now.Sub(f.swept) < refreshMemory {
		return
	}
	f.swept = now
	for id, known := range f.flights {
		select {
		case <-known.done:
			if !now.Before(known.until) {
				delete(f.flights, id)
			}
		default:
		}
	}
}
