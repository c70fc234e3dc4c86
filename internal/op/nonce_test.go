package op

import (
	"testing"
	"time"
)

// TestNonceRotates: a nonce is good from its period to the end of the next, on
// every node that has the secret, and on none that has another.
func TestNonceRotates(t *testing.T) {
	here, there, stranger := nonces{[]byte("secret")}, nonces{[]byte("secret")}, nonces{[]byte("other")}
	began := time.Unix(0, 0).Add(1000 * noncePeriod)
	given := here.at(began)
	for _, c := range []struct {
		after time.Duration
		good  bool
	}{
		{0, true}, {noncePeriod - time.Second, true}, {noncePeriod, true}, {2*noncePeriod - time.Second, true},
		{2 * noncePeriod, false}, {time.Hour, false},
		{-time.Second, true}, // of a node whose clock is ahead
		{-noncePeriod - time.Second, false},
	} {
		if got := there.valid(given, began.Add(c.after)); got != c.good {
			t.Errorf("after %s it is good: %t, want %t", c.after, got, c.good)
		}
	}
	if here.at(began.Add(noncePeriod-time.Second)) != given || here.at(began.Add(noncePeriod)) == given {
		t.Error("a nonce is given out for its period, and not after it")
	}
	for _, bad := range []string{"", "x", given + "A", stranger.at(began)} {
		if here.valid(bad, began) {
			t.Errorf("%q is good", bad)
		}
	}
}
