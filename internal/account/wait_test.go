package account

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"signet/internal/argon2"
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
		h.turns = newTurns(cap(h.turns.slots), h.turns.most) // of this bubble
		var taken []*argon2.Memory
		for range cap(h.turns.slots) {
			memory, err := h.turns.acquire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			taken = append(taken, memory)
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
		time.AfterFunc(5*time.Second, func() { h.turns.release(taken[0]) })
		began = time.Now()
		if _, err := h.Hash(t.Context(), "x"); err != nil || time.Since(began) != 5*time.Second {
			t.Errorf("Hash of the next in the queue: %v after %v", err, time.Since(began))
		}
		h.turns.release(taken[1])
	})
}

// TestMemoryIsKeptForAWhile: the next hash finds that of the last; there is no
// more of it than hashes may be under way, none of a dearer hash, and a while
// after the last hash none at all.
func TestMemoryIsKeptForAWhile(t *testing.T) {
	const kib = 64
	h, err := NewHasher(HashParams{Memory: kib, Iterations: 1, Parallelism: 1, AtOnce: 2})
	if err != nil {
		t.Fatal(err)
	}
	dear, err := NewHasher(HashParams{Memory: 4 * kib, Iterations: 1, Parallelism: 1, AtOnce: 1})
	if err != nil {
		t.Fatal(err)
	}
	dearHash, err := dear.Hash(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		h.turns = newTurns(cap(h.turns.slots), h.turns.most) // of this bubble
		kept := func() (sizes []int) {
			synctest.Wait()
			h.turns.mu.Lock()
			defer h.turns.mu.Unlock()
			for _, m := range h.turns.free {
				sizes = append(sizes, m.Size())
			}
			return sizes
		}
		want := func(when string, n int) {
			t.Helper()
			if got, want := kept(), slices.Repeat([]int{kib << 10}, n); !slices.Equal(got, want) {
				t.Errorf("%s: %v is kept, want %v", when, got, want)
			}
		}
		want("at first", 0)
		for range 3 {
			if _, err := h.Hash(t.Context(), "x"); err != nil {
				t.Fatal(err)
			}
			want("after one at a time", 1)
		}
		var crowd sync.WaitGroup
		for range 20 {
			crowd.Go(func() {
				if _, _, err := h.Verify(t.Context(), "", "x"); err != nil {
					t.Error(err)
				}
			})
		}
		crowd.Wait()
		if n := len(kept()); n < 1 || n > 2 {
			t.Errorf("after a crowd the memory of %d is kept", n)
		}
		time.Sleep(keptFor - 1)
		if ok, renew, err := h.Verify(t.Context(), dearHash, "x"); !ok || !renew || err != nil {
			t.Errorf("the dearer hash: %v, %v, %v", ok, renew, err)
		}
		time.Sleep(keptFor)
		want("a while after the last", 0)
		if _, err := h.Hash(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
		want("later", 1)
		time.Sleep(keptFor)
		want("a while later", 0)
	})
}
