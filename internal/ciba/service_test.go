package ciba_test

import (
	"testing"
	"time"

	"signet/internal/ciba"
	"signet/internal/session"
	"signet/internal/store/kv"
	"signet/internal/store/storetest"
)

// TestPace: each poll that comes too early lengthens the interval, up to a minute
// (CIBA Core 1.0 §11).
func TestPace(t *testing.T) {
	now := time.Now()
	clock := func() time.Time { return now }
	_, backend := storetest.Embedded(t, clock)
	s := ciba.NewService(kv.NewCIBA(backend), make([]byte, 32), ciba.Times{Life: time.Hour, Most: time.Hour, Interval: 5 * time.Second}, clock)
	id, err := s.Begin(t.Context(), &ciba.Request{AccountID: "ada", Request: session.Request{ClientID: "till"}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	poll := func(later time.Duration, want ciba.Outcome) {
		t.Helper()
		now = now.Add(later)
		if got, _, err := s.Poll(t.Context(), id, "till"); err != nil || got != want {
			t.Errorf("after %v: %v, %v", later, got, err)
		}
	}
	poll(0, ciba.Pending)
	poll(4*time.Second, ciba.SlowDown) // 10 from now on
	poll(9*time.Second, ciba.SlowDown) // 15
	poll(15*time.Second, ciba.Pending)
	for range 30 {
		poll(time.Second, ciba.SlowDown)
	}
	poll(59*time.Second, ciba.SlowDown)
	poll(time.Minute, ciba.Pending)
}
