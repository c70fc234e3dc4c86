package device_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"signet/internal/device"
	"signet/internal/fault"
	"signet/internal/grant"
	"signet/internal/session"
	"signet/internal/store/kv"
	"signet/internal/store/storetest"
)

// guard counts what it is asked and what was given back.
type guard struct{ asked, refunded int }

func (g *guard) Guess(context.Context, device.Typist) (func(context.Context) error, error) {
	g.asked++
	return func(context.Context) error { g.refunded++; return nil }, nil
}

// house is a service with a clock of its own, on the embedded store.
type house struct {
	*device.Service
	guard guard
	clock *storetest.Clock
}

func newHouse(t *testing.T) *house {
	h := &house{clock: storetest.NewClock()}
	_, backend := storetest.Embedded(t, h.clock.Now)
	h.Service = device.NewService(kv.NewDevices(backend), func(context.Context, string) error { return nil }, &h.guard,
		device.Rules{Life: 10 * time.Minute, Interval: 5 * time.Second}, h.clock.Now)
	return h
}

func (h *house) ask(t *testing.T) *device.Codes {
	t.Helper()
	codes, err := h.Ask(t.Context(), "192.0.2.1", &session.Request{ClientID: "tv", Scopes: []string{"openid"}})
	if err != nil {
		t.Fatal(err)
	}
	return codes
}

func (h *house) wantPoll(t *testing.T, codes *device.Codes, after time.Duration, want error) {
	t.Helper()
	h.clock.Pass(after)
	if _, err := h.Poll(t.Context(), codes.Device, "tv"); !errors.Is(err, want) {
		t.Errorf("Poll = %v, want %v", err, want)
	}
}

// TestPace: who asks too soon waits longer from then on (RFC 8628 §3.5), and
// nobody waits for what is decided.
func TestPace(t *testing.T) {
	h := newHouse(t)
	codes := h.ask(t)
	h.wantPoll(t, codes, 0, device.ErrPending)
	h.wantPoll(t, codes, 4900*time.Millisecond, device.ErrPending) // the way is not always equally long
	h.wantPoll(t, codes, 3*time.Second, device.ErrSlowDown)
	h.wantPoll(t, codes, 5*time.Second, device.ErrSlowDown) // 10 from now on
	h.wantPoll(t, codes, 15*time.Second, device.ErrPending)
	h.wantPoll(t, codes, 14*time.Second, device.ErrSlowDown)
	for range 20 {
		h.wantPoll(t, codes, time.Second, device.ErrSlowDown)
	}
	h.wantPoll(t, codes, time.Minute, device.ErrPending)
	r, err := h.Find(t.Context(), codes.User, device.Typist{Address: "192.0.2.2"})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Approve(t.Context(), r.Device.Key, &grant.Grant{ID: "g", ClientID: "tv", AccountID: "ada"}); err != nil {
		t.Fatal(err)
	}
	if g, err := h.Poll(t.Context(), codes.Device, "tv"); err != nil || g.ID != "g" {
		t.Errorf("Poll = %+v, %v", g, err)
	}
	h.wantPoll(t, codes, time.Minute, device.ErrUnknown)
}

// TestExpired: a code that is too old is told so for a while, and nobody finds
// or allows it.
func TestExpired(t *testing.T) {
	h := newHouse(t)
	codes, late := h.ask(t), h.ask(t)
	r, err := h.Find(t.Context(), late.User, device.Typist{Address: "192.0.2.2"})
	if err != nil {
		t.Fatal(err)
	}
	if r.Device.Address != "192.0.2.1" || !r.Device.AskedAt.Equal(h.clock.Now()) || r.Device.UserCode != late.User || r.ClientID != "tv" {
		t.Errorf("Find = %+v", r)
	}
	h.wantPoll(t, codes, 9*time.Minute, device.ErrPending)
	h.wantPoll(t, codes, time.Minute, device.ErrExpired)
	if err := h.Approve(t.Context(), r.Device.Key, &grant.Grant{ID: "g"}); !fault.Is(err, fault.Expired) {
		t.Errorf("Approve = %v", err)
	}
	if err := h.Refuse(t.Context(), r.Device.Key); !fault.Is(err, fault.Expired) {
		t.Errorf("Refuse = %v", err)
	}
	h.wantPoll(t, late, 0, device.ErrExpired)
	asked := h.guard.asked
	for _, typed := range []string{codes.User, "BBBB-BBBB", "nonsense"} {
		if _, err := h.Find(t.Context(), typed, device.Typist{Address: "192.0.2.2"}); !fault.Is(err, fault.NotFound) || fault.Public(err) != "No device waits with this code." {
			t.Errorf("Find(%q) = %v", typed, err)
		}
	}
	if h.guard.asked != asked+3 || h.guard.refunded != 1 {
		t.Errorf("of %d tries %d were given back; every wrong one counts", h.guard.asked, h.guard.refunded)
	}
}
