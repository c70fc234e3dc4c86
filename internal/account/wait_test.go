package account

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"signet/internal/fault"
)

// TestTheWaitHasAnEnd: who does not get a slot in fifteen seconds is turned
// away; who leaves the queue, or is given a slot, waits no longer.
func TestTheWaitHasAnEnd(t *testing.T) {
	h, err := NewHasher(HashParams{Memory: 64, Iterations: 1, Parallelism: 1, AtOnce: 2})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		h.slots = make(chan struct{}, cap(h.slots)) // of this bubble
		for range cap(h.slots) {
			if err := h.acquire(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		if _, err := h.Hash(t.Context(), "x"); !fault.Is(err, fault.Unavailable) || time.Since(began) != longestWait {
			t.Errorf("Hash: %v after %v", err, time.Since(began))
		}
		began = time.Now()
		if _, _, err := h.Verify(t.Context(), "", "x"); !fault.Is(err, fault.Unavailable) || time.Since(began) != longestWait {
			t.Errorf("Verify: %v after %v", err, time.Since(began))
		}
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		began = time.Now()
		if _, err := h.Hash(ctx, "x"); !fault.Is(err, fault.Unavailable) || time.Since(began) != time.Second {
			t.Errorf("Hash of who left: %v after %v", err, time.Since(began))
		}
		time.AfterFunc(5*time.Second, h.release)
		began = time.Now()
		if _, err := h.Hash(t.Context(), "x"); err != nil || time.Since(began) != 5*time.Second {
			t.Errorf("Hash of the next in the queue: %v after %v", err, time.Since(began))
		}
		h.release()
	})
}
