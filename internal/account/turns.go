package account

import (
	"context"
	"runtime/debug"
	"sync"
	"time"

	"signet/internal/argon2"
	"signet/internal/fault"
)

const (
	// longestWait is how long somebody waits for a turn: a crowd at the door is
	// turned away instead of piling up.
	longestWait = 15 * time.Second

	// keptFor is how long the memory of hashes is kept when nobody hashes.
	keptFor = 10 * time.Second
)

// turns are what hashes wait for, and the memory that they take turns in: that
// of as many as may be under way, and none a while after the last (docs/adr/0014).
type turns struct {
	slots chan struct{}
	most  int // bytes: memory that grew larger, for a dearer hash, is not kept

	mu   sync.Mutex
	free []*argon2.Memory // that used last is last
	idle *time.Timer      // nil: nothing is kept
}

func newTurns(atOnce, most int) *turns {
	return &turns{slots: make(chan struct{}, atOnce), most: most}
}

// acquire waits for a turn and returns the memory for it, which goes back by release.
func (t *turns) acquire(ctx context.Context) (*argon2.Memory, error) {
	ctx, cancel := context.WithTimeout(ctx, longestWait)
	defer cancel()
	select {
	case t.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, fault.Wrap(fault.Unavailable, ctx.Err(), "Too many people are signing in at the moment. Please try again shortly.")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(t.free)
	if n == 0 {
		return &argon2.Memory{}, nil
	}
	memory := t.free[n-1]
	t.free = t.free[:n-1]
	return memory, nil
}

func (t *turns) release(memory *argon2.Memory) {
	t.mu.Lock()
	if 0 < memory.Size() && memory.Size() <= t.most {
		t.free = append(t.free, memory)
		if t.idle == nil {
			t.idle = time.AfterFunc(keptFor, t.forget)
		} else {
			t.idle.Reset(keptFor)
		}
	}
	t.mu.Unlock()
	<-t.slots
}

// forget gives the memory that is kept back to the system.
func (t *turns) forget() {
	t.mu.Lock()
	t.free, t.idle = nil, nil
	t.mu.Unlock()
	debug.FreeOSMemory() // it would wait minutes for the collector: nothing else is allocated either
}
