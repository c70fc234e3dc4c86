package storetest

import (
	"context"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"signet/internal/limit"
	"signet/internal/store/kv"
)

// Limits holds the limiter on a backend to what package limit says.
func Limits(t *testing.T, open KVOpener) {
	cases := []struct {
		name string
		test func(t *testing.T, f *limits)
	}{
		{"Of a thousand guesses at once no more pass than the rule allows", limitRace},
		{"After the wait that was named a try passes", limitWait},
		{"Who keeps knocking does not make the wait longer", limitKnocking},
		{"A window's budget is not doubled at its end", limitBoundary},
		{"What is given back can be used again", limitRefund},
		{"A try that one rule refuses counts under none", limitSeveral},
		{"Exempt networks are not counted", limitExempt},
		{"Nodes share the counters, subjects and journeys do not", limitShared},
		{"A try costs one round trip and shows the store no address", limitKeys},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, newLimits(open(t)))
		})
	}
}

// limits is a limiter whose clock stands still. Its windows are so long that
// none of the counters' own lives ends during a test.
type limits struct {
	*limit.Limiter
	b      KVStore
	now    time.Time
	keys   []string // that the limiter used
	exempt []netip.Prefix
}

func newLimits(b KVStore) *limits {
	f := &limits{b: b, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), exempt: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}
	f.Limiter = f.node(b.Backend)
	return f
}

// node returns a limiter on the counters as one node has them.
func (f *limits) node(b kv.Backend) *limit.Limiter {
	return limit.New(keyLog{kv.NewCounters(b), f}, f.exempt, func() time.Time { return f.now })
}

// keyLog writes down which keys are used.
type keyLog struct {
	limit.Counter
	f *limits
}

var keyLogs sync.Mutex

func (k keyLog) Count(ctx context.Context, tallies ...limit.Tally) ([]int64, error) {
	keyLogs.Lock()
	for _, t := range tallies {
		k.f.keys = append(k.f.keys, t.Key)
	}
	keyLogs.Unlock()
	return k.Counter.Count(ctx, tallies...)
}

var (
	stranger = netip.MustParseAddr("192.0.2.7")
	fivePerH = limit.Rule{Journey: "sign-in", Max: 5, Window: time.Hour}
)

// pass is one try of ada's; it returns how long to wait, 0 for none.
func (f *limits) pass(t *testing.T) time.Duration {
	t.Helper()
	ok, wait, err := f.Allow(t.Context(), fivePerH, stranger, "ada")
	must(t, err)
	if ok != (wait == 0) {
		t.Errorf("ok %t, wait %v", ok, wait)
	}
	return wait
}

// exhaust uses up ada's budget and returns how many tries passed.
func (f *limits) exhaust(t *testing.T) int {
	t.Helper()
	for n := range 100 {
		if f.pass(t) > 0 {
			return n
		}
	}
	t.Fatal("a hundred tries passed")
	return 0
}

func limitRace(t *testing.T, f *limits) {
	var passed atomic.Int64
	var wg sync.WaitGroup
	nodes := [2]*limit.Limiter{f.Limiter, f.node(f.b.Peer)}
	for i := range 20 {
		wg.Go(func() {
			for range 50 {
				p, err := nodes[i%2].Take(t.Context(), stranger, limit.Try{Rule: fivePerH, Who: "ada"}, limit.Try{Rule: limit.Rule{Journey: "address", Max: 1000, Window: time.Hour}, Who: limit.Address(stranger, 32, 64)})
				if err != nil {
					t.Error(err)
				}
				if p.OK {
					passed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if n := passed.Load(); n != fivePerH.Max {
		t.Errorf("%d guesses passed, want %d", n, fivePerH.Max)
	}
}

func limitWait(t *testing.T, f *limits) {
	for round := range 8 {
		if n := f.exhaust(t); round == 0 && n != 5 {
			t.Errorf("%d tries passed", n)
		}
		wait := f.pass(t)
		if wait > 2*fivePerH.Window {
			t.Errorf("round %d: wait of %v", round, wait)
		}
		f.now = f.now.Add(wait / 2)
		if f.pass(t) == 0 && round == 0 {
			t.Error("a try passes after half the wait")
		}
		f.now = f.now.Add(wait - wait/2)
		if again := f.pass(t); again != 0 {
			t.Errorf("round %d: after %v still %v to wait", round, wait, again)
		}
	}
}

func limitKnocking(t *testing.T, f *limits) {
	f.exhaust(t)
	first := f.pass(t)
	for range 30 {
		f.now = f.now.Add(time.Minute)
		if wait, want := f.pass(t), first-time.Minute; wait > want {
			t.Fatalf("the wait grew to %v from %v", wait, want)
		} else {
			first = wait
		}
	}
}

func limitBoundary(t *testing.T, f *limits) {
	f.now = f.now.Add(59 * time.Minute)
	n := f.exhaust(t)
	f.now = f.now.Add(2 * time.Minute)
	if n += f.exhaust(t); n != 5 {
		t.Errorf("%d tries passed within two minutes", n)
	}
	f.now = f.now.Add(30 * time.Minute) // half of the window is covered by nothing
	if n := f.exhaust(t); n != 2 {
		t.Errorf("%d tries passed half an hour later", n)
	}
	f.now = f.now.Add(3 * time.Hour)
	if n := f.exhaust(t); n != 5 {
		t.Errorf("%d tries passed hours later", n)
	}
}

func limitRefund(t *testing.T, f *limits) {
	for range 20 {
		p, err := f.Take(t.Context(), stranger, limit.Try{Rule: fivePerH, Who: "ada"})
		must(t, err)
		if !p.OK {
			t.Fatal("a try is refused though all were given back")
		}
		must(t, f.Refund(t.Context(), &p))
		must(t, f.Refund(t.Context(), &p)) // of no effect
	}
	if n := f.exhaust(t); n != 5 {
		t.Errorf("%d tries pass after the refunds", n)
	}
}

func limitSeveral(t *testing.T, f *limits) {
	f.exhaust(t)
	wide := limit.Rule{Journey: "address", Max: 3, Window: time.Minute}
	for range 10 {
		p, err := f.Take(t.Context(), stranger, limit.Try{Rule: wide, Who: "block"}, limit.Try{Rule: fivePerH, Who: "ada"})
		must(t, err)
		if p.OK || p.Refused != fivePerH || p.RetryAfter < time.Hour {
			t.Errorf("Take = %+v", p)
		}
	}
	for i, want := range []bool{true, true, true, false} {
		if ok, _, err := f.Allow(t.Context(), wide, stranger, "block"); err != nil || ok != want {
			t.Errorf("try %d = %t, %v", i, ok, err)
		}
	}
}

func limitExempt(t *testing.T, f *limits) {
	for _, from := range []string{"10.1.2.3", "::ffff:10.1.2.3"} {
		for range 20 {
			if ok, _, err := f.Allow(t.Context(), fivePerH, netip.MustParseAddr(from), "ada"); err != nil || !ok {
				t.Fatalf("from %s: %t, %v", from, ok, err)
			}
		}
	}
	if ok, _, err := f.Allow(t.Context(), limit.Rule{Journey: "off"}, stranger, "ada"); err != nil || !ok {
		t.Errorf("a rule without a limit = %t, %v", ok, err)
	}
	if n := f.exhaust(t); n != 5 {
		t.Errorf("%d tries from elsewhere pass", n)
	}
}

func limitShared(t *testing.T, f *limits) {
	f.exhaust(t)
	node := f.node(f.b.Peer)
	if ok, _, err := node.Allow(t.Context(), fivePerH, stranger, "ada"); err != nil || ok {
		t.Errorf("on another node = %t, %v", ok, err)
	}
	if ok, _, err := node.Allow(t.Context(), fivePerH, stranger, "bob"); err != nil || !ok {
		t.Errorf("another subject = %t, %v", ok, err)
	}
	other := fivePerH
	other.Journey = "reset"
	if ok, _, err := node.Allow(t.Context(), other, stranger, "ada"); err != nil || !ok {
		t.Errorf("another journey = %t, %v", ok, err)
	}
}

func limitKeys(t *testing.T, f *limits) {
	wantTrips(t, f.b, 1, "Take", func() error {
		_, err := f.Take(t.Context(), stranger, limit.Try{Rule: fivePerH, Who: "ada@example.com"}, limit.Try{Rule: fivePerH, Who: limit.Address(stranger, 32, 64)})
		return err
	})
	if len(f.keys) != 4 {
		t.Errorf("keys %q", f.keys)
	}
	for _, key := range f.keys {
		if strings.Contains(key, "ada") || strings.Contains(key, "192") {
			t.Errorf("the key %q shows who it is about", key)
		}
	}
}
