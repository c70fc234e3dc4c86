package storetest

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"signet/internal/device"
	"signet/internal/grant"
	"signet/internal/handle"
	"signet/internal/store/kv"
)

// Devices holds the store of device authorizations on a backend to what
// device.Store says.
func Devices(t *testing.T, open KVOpener) {
	cases := []struct {
		name string
		test func(t *testing.T, b KVStore, s device.Store)
	}{
		{"An authorization is found by either code, until its end", deviceLife},
		{"Of many devices one has the user code", deviceCodeRace},
		{"Of many decisions one is the first, while the device asks", deviceDecisionRace},
		{"Of many callers one uses the authorization", deviceUseRace},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := open(t)
			c.test(t, b, kv.NewDevices(b.Backend))
		})
	}
}

func newDevice(b KVStore) *device.Authorization {
	now := b.Now().UTC().Truncate(time.Millisecond)
	return &device.Authorization{
		UserCode: "WDJBMJHT", Request: newFlow(b, time.Minute).Request, Address: "192.0.2.1", AskedAt: now, ExpiresAt: now.Add(time.Minute),
		Interval: 5 * time.Second, Status: device.Pending,
	}
}

func putDevice(t *testing.T, s device.Store, key, userKey string, a *device.Authorization, life time.Duration) {
	t.Helper()
	if put, err := s.PutDevice(t.Context(), key, userKey, a, life); err != nil || !put {
		t.Fatalf("PutDevice = %t, %v", put, err)
	}
}

func deviceLife(t *testing.T, b KVStore, s device.Store) {
	ctx, a := t.Context(), newDevice(b)
	want := func(userKey, key string, want *device.Authorization) {
		t.Helper()
		gotKey, got, err := s.DeviceOf(ctx, userKey)
		must(t, err)
		if gotKey != key || !reflect.DeepEqual(got, want) {
			t.Errorf("DeviceOf = %q, %+v; want %q, %+v", gotKey, got, key, want)
		}
	}
	want("u1", "", nil)
	putDevice(t, s, "d1", "u1", a, 250*time.Millisecond)
	wantTrips(t, b, 2, "DeviceOf", func() error { want("u1", "d1", a); return nil })
	if put, err := s.PutDevice(ctx, "d2", "u1", a, time.Minute); err != nil || put {
		t.Errorf("a second device with the user code: %t, %v", put, err)
	}
	changed := *a
	changed.PolledAt, changed.Interval = a.AskedAt.Add(time.Second), 10*time.Second
	got, err := s.UpdateDevice(ctx, "d1", func(a *device.Authorization) error {
		a.PolledAt, a.Interval = changed.PolledAt, changed.Interval
		return nil
	})
	must(t, err)
	if !reflect.DeepEqual(got, &changed) {
		t.Errorf("UpdateDevice = %+v, want %+v", got, &changed)
	}
	no := errors.New("no")
	if _, err := s.UpdateDevice(ctx, "d1", func(a *device.Authorization) error { a.Address = "x"; return no }); !errors.Is(err, no) {
		t.Errorf("UpdateDevice = %v, want the error of edit", err)
	}
	want("u1", "d1", &changed)
	b.Pass(300 * time.Millisecond)
	want("u1", "", nil)
	if got, err := s.UpdateDevice(ctx, "d1", func(*device.Authorization) error { return nil }); err != nil || got != nil {
		t.Errorf("after its end: %+v, %v", got, err)
	}
	if got, err := s.UseDevice(ctx, "d1", &device.Authorization{Status: device.Used}, time.Minute); err != nil || got != nil {
		t.Errorf("after its end: %+v, %v", got, err)
	}
}

func deviceCodeRace(t *testing.T, b KVStore, s device.Store) {
	if won := race(t, func(int) (bool, error) {
		return s.PutDevice(t.Context(), handle.Short(), "u1", newDevice(b), time.Minute)
	}); won != 1 {
		t.Errorf("%d devices have the user code", won)
	}
}

func deviceDecisionRace(t *testing.T, b KVStore, s device.Store) {
	putDevice(t, s, "d1", "u1", newDevice(b), time.Minute)
	late := errors.New("somebody was first")
	if won := race(t, func(i int) (bool, error) {
		if i%3 == 0 { // the device asks meanwhile
			_, err := s.UpdateDevice(t.Context(), "d1", func(a *device.Authorization) error { a.Interval += time.Second; return nil })
			return false, err
		}
		_, err := s.UpdateDevice(t.Context(), "d1", func(a *device.Authorization) error {
			if a.Status != device.Pending {
				return late
			}
			a.Status = device.Approved
			return nil
		})
		if errors.Is(err, late) {
			return false, nil
		}
		return true, err
	}); won != 1 {
		t.Errorf("%d decisions were the first", won)
	}
}

func deviceUseRace(t *testing.T, b KVStore, s device.Store) {
	a := newDevice(b)
	a.Status, a.Grant = device.Approved, &grant.Grant{ID: grant.NewID(), ClientID: "tv", AccountID: "ada"}
	putDevice(t, s, "d1", "u1", a, time.Minute)
	mark := &device.Authorization{Status: device.Used}
	if won := race(t, func(int) (bool, error) {
		got, err := s.UseDevice(t.Context(), "d1", mark, time.Minute)
		return got != nil && got.Status == device.Approved && reflect.DeepEqual(got, a), err
	}); won != 1 {
		t.Errorf("%d callers used the authorization", won)
	}
}
