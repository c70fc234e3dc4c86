package cli

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

const (
	// readyTimeout is how long a store may take to say that it is there.
	readyTimeout = 2 * time.Second
	// readyFor is how long its answer is given to all who ask: a stranger who asks
	// without end costs the stores one question in that time.
	readyFor = 500 * time.Millisecond
)

// readiness is what the stores said last.
type readiness struct {
	now    func() time.Time
	mu     sync.Mutex
	at     time.Time
	checks map[string]string
}

// look returns what the stores say, or said a moment ago. Who comes while they are
// asked waits for that answer.
func (r *readiness) look(ask func(context.Context) map[string]string) map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.checks == nil || r.now().Sub(r.at) >= readyFor {
		// Not with the request's own context: that one went away tells nothing to
		// the others.
		ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
		defer cancel()
		r.checks = ask(ctx)
		r.at = r.now()
	}
	return r.checks
}

// ready says whether this node can do its work: the stores answer, and it is
// not about to stop.
func (s *server) ready(w http.ResponseWriter, _ *http.Request) {
	if s.leaving.Load() {
		health(w, http.StatusServiceUnavailable, map[string]string{"node": "stopping"})
		return
	}
	checks := s.readiness.look(func(ctx context.Context) map[string]string {
		return map[string]string{"database": state(s.db.Ping(ctx)), "kv": state(s.kv.Ping(ctx))}
	})
	status := http.StatusOK
	for _, v := range checks {
		if v != "ok" {
			status = http.StatusServiceUnavailable
		}
	}
	health(w, status, checks)
}

// warnOfRedis says at the start that Redis is away, by the setting that may be to
// blame. The node starts all the same, and recovers by itself.
func (s *server) warnOfRedis(ctx context.Context) {
	r := s.cfg.Redis.URL
	if r.IsZero() {
		return
	}
	if err := s.kv.Ping(ctx); err != nil && ctx.Err() == nil {
		s.log.Warn("redis does not answer: start it, or correct redis.url (SIGNET_REDIS_URL); nobody can sign in until then", "redis", r.Address(), "cause", err)
	}
}

func state(err error) string {
	if err != nil {
		return "unreachable" // the log of the operator's tools has more; strangers see this
	}
	return "ok"
}

func health(w http.ResponseWriter, status int, checks map[string]string) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	answer := map[string]any{"status": "ok"}
	if status != http.StatusOK {
		answer["status"] = "unavailable"
	}
	if checks != nil {
		answer["checks"] = checks
	}
	json.NewEncoder(w).Encode(answer) // a reader that went away is no error of ours
}
