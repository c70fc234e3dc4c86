package limit

import (
	"net/netip"
	"testing"
	"time"
)

func TestAddress(t *testing.T) {
	cases := []struct{ a, b, want string }{
		{"192.0.2.7", "192.0.2.8", "192.0.2.7/32"},
		{"::ffff:192.0.2.7", "", "192.0.2.7/32"},
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1:3::", "2001:db8:1:2::/64"},
		{"fe80::1%eth0", "", "fe80::/64"},
	}
	for _, c := range cases {
		got := Address(netip.MustParseAddr(c.a), 32, 64)
		if got != c.want {
			t.Errorf("Address(%s) = %s, want %s", c.a, got, c.want)
		}
		if c.b != "" && Address(netip.MustParseAddr(c.b), 32, 64) == got {
			t.Errorf("%s and %s share a budget", c.a, c.b)
		}
	}
	if a, b := Address(netip.MustParseAddr("2001:db8:1:2::1"), 32, 64), Address(netip.MustParseAddr("2001:db8:1:2:ffff::"), 32, 64); a != b {
		t.Errorf("one /64 has two budgets: %s, %s", a, b)
	}
	if Address(netip.Addr{}, 32, 64) == "" {
		t.Error("no subject for an unknown address")
	}
}

// TestWaitIsEnoughAndShort: whatever was counted, the wait is at most two
// windows, and after it, with nothing counted in between, a try is allowed.
func TestWaitIsEnoughAndShort(t *testing.T) {
	const size = time.Minute
	start := time.Unix(0, 0).Add(1000 * size)
	for _, limit := range []int64{1, 2, 3, 10, 1000} {
		rule := Rule{Journey: "j", Max: limit, Window: size}
		for previous := int64(-1); previous <= limit+2; previous += 1 + limit/20 {
			for current := int64(1); current <= limit+3; current += 1 + limit/20 {
				for into := time.Duration(0); into < size; into += 7 * time.Second {
					w := windowOf(Try{Rule: rule}, start.Add(into))
					wait := w.wait(current, previous)
					if wait < 0 || wait > 2*size+time.Millisecond {
						t.Fatalf("limit %d, current %d, previous %d, into %v: wait %v", limit, current, previous, into, wait)
					}
					if wait == 0 {
						if current > limit {
							t.Fatalf("limit %d: %d are allowed in one window", limit, current)
						}
						continue
					}
					// The refused try is given back, and one is made anew.
					counts := map[int64]int64{w.index: min(current, limit+1) - 1, w.index - 1: previous}
					later := windowOf(Try{Rule: rule}, start.Add(into+wait))
					if again := later.wait(counts[later.index]+1, counts[later.index-1]); again != 0 {
						t.Fatalf("limit %d, current %d, previous %d, into %v: after %v still %v", limit, current, previous, into, wait, again)
					}
				}
			}
		}
	}
}
