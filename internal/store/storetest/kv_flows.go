package storetest

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"signet/internal/handle"
	"signet/internal/org"
	"signet/internal/session"
	"signet/internal/store/kv"
)

func pushedOnce(t *testing.T, b KVStore, s session.Store) {
	ctx := t.Context()
	want := newFlow(b, time.Minute).Request
	must(t, s.PutPushed(ctx, "p1", &want, time.Minute))
	nodes := sessionNodes(b)
	if won := race(t, func(i int) (bool, error) {
		r, err := nodes[i%2].TakePushed(ctx, "p1")
		if r != nil && !reflect.DeepEqual(r, &want) {
			t.Errorf("TakePushed = %+v, want %+v", r, want)
		}
		return r != nil, err
	}); won != 1 {
		t.Errorf("%d callers took the request", won)
	}
	must(t, s.PutPushed(ctx, "p1", &want, time.Minute)) // put back: several were asked about it
	if won := race(t, func(i int) (bool, error) { return nodes[i%2].UsePushed(ctx, "p1", time.Minute) }); won != 1 {
		t.Errorf("%d callers used the request", won)
	}
	if r, err := s.TakePushed(ctx, "p1"); err != nil || r != nil {
		t.Errorf("after its use: %+v, %v", r, err)
	}
	must(t, s.PutPushed(ctx, "p2", &want, time.Minute))
	b.Pass(time.Minute + time.Second)
	if r, err := s.TakePushed(ctx, "p2"); err != nil || r != nil {
		t.Errorf("after its end: %+v, %v", r, err)
	}
}

func departuresOnce(t *testing.T, b KVStore, s session.Store) {
	ctx := t.Context()
	want := &session.Departure{Flow: "f1", Browser: "b1", Connection: "c1", Version: 7, Fresh: true, At: b.Now().UTC(),
		Remembered: session.Remembered{Nonce: "n", Verifier: "v", Request: "r"}}
	must(t, s.PutDeparture(ctx, "d1", want, time.Minute))
	for range 2 { // looking at it takes nothing
		if d, err := s.Departure(ctx, "d1"); err != nil || !reflect.DeepEqual(d, want) {
			t.Errorf("Departure = %+v, %v", d, err)
		}
	}
	nodes := sessionNodes(b)
	if won := race(t, func(i int) (bool, error) {
		d, err := nodes[i%2].TakeDeparture(ctx, "d1")
		if d != nil && !reflect.DeepEqual(d, want) {
			t.Errorf("TakeDeparture = %+v, want %+v", d, want)
		}
		return d != nil, err
	}); won != 1 {
		t.Errorf("%d callers took the departure", won)
	}
	must(t, s.PutDeparture(ctx, "d2", want, time.Minute))
	b.Pass(time.Minute + time.Second)
	if d, err := s.TakeDeparture(ctx, "d2"); err != nil || d != nil {
		t.Errorf("after its end: %+v, %v", d, err)
	}
}

func landingsOnce(t *testing.T, b KVStore, s session.Store) {
	ctx := t.Context()
	want := &session.Landing{Connection: "c1", Request: "r", Arrival: &org.Arrival{Subject: "s", Attributes: map[string][]string{"a": {"b"}}}, Why: "w", Detail: "d"}
	must(t, s.PutLanding(ctx, "l1", want, time.Minute))
	nodes := sessionNodes(b)
	if won := race(t, func(i int) (bool, error) {
		l, err := nodes[i%2].TakeLanding(ctx, "l1")
		if l != nil && !reflect.DeepEqual(l, want) {
			t.Errorf("TakeLanding = %+v, want %+v", l, want)
		}
		return l != nil, err
	}); won != 1 {
		t.Errorf("%d callers took the landing", won)
	}
	must(t, s.PutLanding(ctx, "l2", want, time.Minute))
	b.Pass(time.Minute + time.Second)
	if l, err := s.TakeLanding(ctx, "l2"); err != nil || l != nil {
		t.Errorf("after its end: %+v, %v", l, err)
	}
}

// Flows holds the session store on a backend to what session.Store says about
// flows.
func Flows(t *testing.T, open KVOpener) {
	t.Run("A flow lives once, until its end, and changes in place", func(t *testing.T) {
		t.Parallel()
		b := open(t)
		flowLife(t, b, kv.NewSessions(b.Backend, b.Now))
	})
	t.Run("Of many callers one takes the flow", func(t *testing.T) {
		t.Parallel()
		b := open(t)
		nodes := sessionNodes(b)
		must(t, nodes[0].PutFlow(t.Context(), "f1", newFlow(b, time.Minute)))
		if won := race(t, func(i int) (bool, error) {
			f, err := nodes[i%2].TakeFlow(t.Context(), "f1")
			return f != nil, err
		}); won != 1 {
			t.Errorf("%d callers took the flow", won)
		}
	})
	t.Run("A pushed request is used once, until its end", func(t *testing.T) {
		t.Parallel()
		b := open(t)
		pushedOnce(t, b, kv.NewSessions(b.Backend, b.Now))
	})
	t.Run("Who was sent away comes back once, until its end", func(t *testing.T) {
		t.Parallel()
		b := open(t)
		departuresOnce(t, b, kv.NewSessions(b.Backend, b.Now))
	})
	t.Run("What was posted is believed once, until its end", func(t *testing.T) {
		t.Parallel()
		b := open(t)
		landingsOnce(t, b, kv.NewSessions(b.Backend, b.Now))
	})
	t.Run("What may come once comes once", func(t *testing.T) {
		t.Parallel()
		b := open(t)
		once := kv.NewOnce(b.Backend)
		for _, name := range []string{"a", "a b", "A"} {
			if won := race(t, func(int) (bool, error) { return once.First(t.Context(), name, time.Minute) }); won != 1 {
				t.Errorf("%q came first %d times", name, won)
			}
		}
		b.Pass(time.Minute + time.Second)
		if first, err := once.First(t.Context(), "a", time.Minute); err != nil || !first {
			t.Errorf("after its time: %v, %v", first, err)
		}
	})
	t.Run("No change is forgotten", func(t *testing.T) {
		t.Parallel()
		b := open(t)
		nodes := sessionNodes(b)
		must(t, nodes[0].PutFlow(t.Context(), "f1", newFlow(b, time.Minute)))
		race(t, func(i int) (bool, error) {
			f, err := nodes[i%2].UpdateFlow(t.Context(), "f1", nil, func(f *session.Flow) error { f.Progress.Consented = append(f.Progress.Consented, "x"); return nil })
			return f != nil, err
		})
		f, err := nodes[0].Flow(t.Context(), "f1")
		must(t, err)
		if len(f.Progress.Consented) != racers {
			t.Errorf("%d changes of %d", len(f.Progress.Consented), racers)
		}
	})
}

func newFlow(b KVStore, life time.Duration) *session.Flow {
	now, age := b.Now().UTC().Truncate(time.Millisecond), 300
	return &session.Flow{
		Browser: handle.Sum("browser"), CreatedAt: now, ExpiresAt: now.Add(life),
		Request: session.Request{
			ClientID: "console", RedirectURI: "https://app.example/cb?x=1&y=<2>", ResponseType: session.TypeCode | session.TypeIDToken,
			ResponseMode: session.ModeFormPost, Scopes: []string{"openid"}, State: "s\u2028t", Nonce: "n", Prompt: []string{session.PromptLogin},
			MaxAge: &age, Claims: []byte(`{"id_token":{"email":null}}`), Resource: []string{"https://api.example/"},
		},
		Progress: session.Progress{Email: "ada@example.com", SignedInAt: now},
	}
}

// sameFlow compares what flows say, not how they are stored.
func sameFlow(a, b *session.Flow) bool {
	plain := *a
	plain.Stored = nil
	return reflect.DeepEqual(&plain, b)
}

// flowUpdateOfRead changes a flow that was just read, twice in a row, and one
// that was changed since; in the end it is as before.
func flowUpdateOfRead(t *testing.T, b KVStore, s session.Store, f *session.Flow) {
	t.Helper()
	selected := func(last []byte, to bool) func() error {
		return func() (err error) {
			f, err = s.UpdateFlow(t.Context(), "f1", last, func(f *session.Flow) error { f.Progress.Selected = to; return nil })
			return err
		}
	}
	first := f.Stored
	wantTrips(t, b, 1, "UpdateFlow of what was read", selected(first, true))
	wantTrips(t, b, 1, "UpdateFlow of what was changed", selected(f.Stored, false))
	wantTrips(t, b, 1, "UpdateFlow again", selected(f.Stored, true))
	// It is read before it is said to be so already.
	wantTrips(t, b, 2, "UpdateFlow that would change nothing in what was read", selected(first, false))
}

func flowLife(t *testing.T, b KVStore, s session.Store) {
	ctx := t.Context()
	want := newFlow(b, 300*time.Millisecond)
	if f, err := s.Flow(ctx, "f1"); err != nil || f != nil {
		t.Errorf("Flow = %+v, %v", f, err)
	}
	if f, err := s.UpdateFlow(ctx, "f1", nil, func(*session.Flow) error { return nil }); err != nil || f != nil {
		t.Errorf("UpdateFlow of nothing = %+v, %v", f, err)
	}
	wantTrips(t, b, 1, "PutFlow", func() error { return s.PutFlow(ctx, "f1", want) })
	f, err := s.Flow(ctx, "f1")
	must(t, err)
	if !sameFlow(f, want) {
		t.Errorf("Flow = %+v, want %+v", f, want)
	}
	// A Redis node may be asked for the script here for the first time.
	if _, err := s.UpdateFlow(ctx, "f1", nil, func(f *session.Flow) error { f.Progress.Asked = true; return nil }); err != nil {
		t.Fatal(err)
	}
	want.Progress.Asked, want.Progress.Consented = true, []string{"openid"}
	wantTrips(t, b, 2, "UpdateFlow", func() error {
		f, err = s.UpdateFlow(ctx, "f1", nil, func(f *session.Flow) error { f.Progress.Consented = []string{"openid"}; return nil })
		return err
	})
	if !sameFlow(f, want) {
		t.Errorf("UpdateFlow = %+v, want %+v", f, want)
	}
	flowUpdateOfRead(t, b, s, f)
	refused := errors.New("refused")
	if _, err := s.UpdateFlow(ctx, "f1", nil, func(f *session.Flow) error { f.Browser = ""; return refused }); !errors.Is(err, refused) {
		t.Errorf("UpdateFlow = %v, want the edit's error", err)
	}
	if f, err = s.Flow(ctx, "f1"); err != nil || !sameFlow(f, want) {
		t.Errorf("after a refused edit: %+v, %v", f, err)
	}
	b.Pass(350 * time.Millisecond)
	if f, err := s.TakeFlow(ctx, "f1"); err != nil || f != nil {
		t.Errorf("TakeFlow after the end = %+v, %v", f, err)
	}
	want = newFlow(b, time.Minute)
	must(t, s.PutFlow(ctx, "f2", want))
	for i, want := range []*session.Flow{want, nil} {
		if f, err := s.TakeFlow(ctx, "f2"); err != nil || !reflect.DeepEqual(f, want) {
			t.Errorf("TakeFlow %d = %+v, %v", i, f, err)
		}
	}
}
