package ciba_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"signet/internal/ciba"
	"signet/internal/fault"
	"signet/internal/session"
	"signet/internal/store/kv"
	"signet/internal/store/storetest"
)

// bearer answers each ping with an error, or nil, and notes it.
type bearer struct {
	answer error
	told   chan struct{}
}

func (b bearer) Ping(context.Context, string, string, []byte) error {
	b.told <- struct{}{}
	return b.answer
}

// TestWhoIsToldAgain: an app that was out of reach is told again, and one that
// refused what it was told is not (CIBA Core 1.0 §10.2).
func TestWhoIsToldAgain(t *testing.T) {
	for name, test := range map[string]struct {
		answer error
		again  bool
	}{
		"told":         {nil, false},
		"out of reach": {fault.New(fault.Invalid, "status 503"), true},
		"refused":      {fault.New(fault.Forbidden, "status 401"), false},
		"crowded here": {fault.New(fault.Unavailable, "too much"), true},
	} {
		t.Run(name, func(t *testing.T) {
			_, backend := storetest.Embedded(t, time.Now)
			store := kv.NewCIBA(backend)
			s := ciba.NewService(store, make([]byte, 32), ciba.Times{Life: time.Minute, Most: time.Minute, Interval: time.Second}, time.Now)
			r := &ciba.Request{AccountID: "ada", Request: session.Request{ClientID: "till"}, Token: "token"}
			if _, err := s.Begin(t.Context(), r, 0); err != nil {
				t.Fatal(err)
			}
			b := bearer{test.answer, make(chan struct{}, 10)}
			p := ciba.NewPinger(s, b, func(context.Context, string) (string, error) { return "https://till.example/told", nil }, slog.New(slog.DiscardHandler))
			go p.Run(t.Context())
			if err := s.Deny(t.Context(), r.ID, "ada"); err != nil {
				t.Fatal(err)
			}
			<-b.told
			settled := func() bool {
				left, err := store.Pings(t.Context())
				now, also := store.CIBA(t.Context(), r.ID)
				if err = errors.Join(err, also); err != nil {
					t.Fatal(err)
				}
				return (len(left) > 0) == test.again && (now.Tries > 0) == test.again
			}
			for end := time.Now().Add(10 * time.Second); !settled(); time.Sleep(time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("it is not so that it is told again: %t", test.again)
				}
			}
		})
	}
}
