package storetest

import (
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"signet/internal/store/kv"
)

// racers is how many callers meet at each use-once operation.
const racers = 50

// race runs f on every racer at once and returns how many it was true for.
func race(t *testing.T, f func(i int) (bool, error)) int {
	t.Helper()
	var (
		won   atomic.Int64
		start = make(chan struct{})
		wg    sync.WaitGroup
	)
	for i := range racers {
		wg.Go(func() {
			<-start
			ok, err := f(i)
			if err != nil {
				t.Errorf("racer %d: %v", i, err)
			}
			if ok {
				won.Add(1)
			}
		})
	}
	close(start)
	wg.Wait()
	return int(won.Load())
}

// node returns the backend that racer i works on.
func (s KVStore) node(i int) kv.Backend {
	if i%2 == 1 {
		return s.Peer
	}
	return s.Backend
}

// kvRaces holds a backend to its atomicity: of racers callers on two nodes,
// one wins. Each
// race is run several times, because one may go well by chance.
func kvRaces(t *testing.T, open KVOpener) {
	const rounds = 5
	cases := []struct {
		name string
		race func(b kv.Backend, key string, i int) (bool, error)
		left string // the value after the race; "": none, "*": a racer's number
	}{
		{"Create", func(b kv.Backend, key string, i int) (bool, error) {
			return b.Create(t.Context(), key+":new", fmt.Append(nil, i), time.Minute)
		}, "v"},
		{"Take", func(b kv.Backend, key string, _ int) (bool, error) {
			v, err := b.Take(t.Context(), key)
			return v != nil, err
		}, ""},
		{"Take with operations", func(b kv.Backend, key string, i int) (bool, error) {
			v, err := b.Take(t.Context(), key, kv.Delete(key+":other"), kv.Remove(key+":set", strconv.Itoa(i)))
			return v != nil, err
		}, ""},
		{"Swap", func(b kv.Backend, key string, _ int) (bool, error) {
			v, err := b.Swap(t.Context(), key, []byte("used"), time.Minute)
			if v == nil && err == nil {
				err = fmt.Errorf("nothing was there")
			}
			return string(v) == "v", err
		}, "used"},
		{"Replace", func(b kv.Backend, key string, i int) (bool, error) {
			return b.Replace(t.Context(), key, []byte("v"), fmt.Append(nil, "changed by ", i))
		}, "*"},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("Of %d callers of %s one wins", racers, c.name), func(t *testing.T) {
			t.Parallel()
			b := open(t)
			for round := range rounds {
				key := fmt.Sprintf("race:{%d}", round)
				must(t, b.Write(t.Context(), kv.Put(key, []byte("v"), time.Minute)))
				if won := race(t, func(i int) (bool, error) { return c.race(b.node(i), key, i) }); won != 1 {
					t.Errorf("round %d: %d winners", round, won)
				}
				left, err := b.Get(t.Context(), key)
				must(t, err)
				if c.left != "*" && string(left[0]) != c.left {
					t.Errorf("round %d leaves %q, want %q", round, left[0], c.left)
				}
			}
		})
	}
	t.Run("No addition to a counter is lost", func(t *testing.T) {
		t.Parallel()
		b := open(t)
		var seen sync.Map
		race(t, func(i int) (bool, error) {
			n, err := b.node(i).Count(t.Context(), kv.Tally{Key: "n:{a}", N: 1, TTL: time.Minute}, kv.Tally{Key: "n:{b}", N: 2, TTL: time.Minute})
			if err == nil {
				if _, twice := seen.LoadOrStore(n[0], true); twice {
					t.Errorf("two callers counted %d", n[0])
				}
			}
			return true, err
		})
		n, err := b.Count(t.Context(), kv.Tally{Key: "n:{a}"}, kv.Tally{Key: "n:{b}"})
		must(t, err)
		if n[0] != racers || n[1] != 2*racers {
			t.Errorf("counted %d", n)
		}
	})
	t.Run("Writes that meet in several keys all succeed", func(t *testing.T) {
		t.Parallel()
		b := open(t)
		race(t, func(i int) (bool, error) {
			var ops []kv.Op
			for j := range 8 {
				key := fmt.Sprintf("meet:{%d}", (i*3+j*5)%8)
				ops = append(ops, kv.Put(key, fmt.Append(nil, i), time.Minute))
				ops = append(ops, kv.Add(key+":set", strconv.Itoa(i), time.Minute))
			}
			return true, b.node(i).Write(t.Context(), ops...)
		})
		members, err := b.Members(t.Context(), "meet:{0}:set")
		must(t, err)
		if len(members) != racers {
			t.Errorf("%d members", len(members))
		}
	})
}
