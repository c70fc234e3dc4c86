package storetest

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"signet/internal/ciba"
	"signet/internal/handle"
	"signet/internal/session"
	"signet/internal/store/kv"
)

// CIBA holds the store of backchannel requests on a backend to what ciba.Store says.
func CIBA(t *testing.T, open KVOpener) {
	cases := []struct {
		name string
		test func(t *testing.T, b KVStore, s ciba.Store)
	}{
		{"A request is stored, found by its account, changed, and used once", cibaUse},
		{"Of many callers one uses the request, and of many decisions one counts", cibaRace},
		{"Apps that are to be told are listed, and each is told by one node", cibaPings},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := open(t)
			c.test(t, b, kv.NewCIBA(b.Backend))
		})
	}
}

func newCIBA(b KVStore, account string) *ciba.Request {
	now := b.Now().UTC().Truncate(time.Millisecond)
	return &ciba.Request{
		ID: handle.New(), AccountID: account, Message: "W4SCT \"<&", IP: "192.0.2.7", Token: "t", Interval: 5 * time.Second,
		Request: session.Request{ClientID: "till", Scopes: []string{"openid"}, LoginHint: "ada@example.com"}, CreatedAt: now, ExpiresAt: now.Add(time.Minute),
	}
}

func cibaUse(t *testing.T, b KVStore, s ciba.Store) {
	ctx, r := t.Context(), newCIBA(b, "ada")
	wantTrips(t, b, 1, "PutCIBA", func() error { return s.PutCIBA(ctx, r, 250*time.Millisecond) })
	wantTrips(t, b, 1, "PutCIBA of nobody", func() error { return s.PutCIBA(ctx, newCIBA(b, ""), 250*time.Millisecond) })
	peer := kv.NewCIBA(b.Peer)
	got, err := peer.CIBA(ctx, r.ID)
	must(t, err)
	if !reflect.DeepEqual(got, r) {
		t.Errorf("another node reads %+v, want %+v", got, r)
	}
	for account, want := range map[string]int{"ada": 1, "bob": 0} {
		all, err := peer.CIBAsOf(ctx, account)
		must(t, err)
		if len(all) != want || want == 1 && !reflect.DeepEqual(all[0], r) {
			t.Errorf("of %s: %+v", account, all)
		}
	}
	stop := errors.New("no")
	if _, err := s.UpdateCIBA(ctx, r.ID, func(r *ciba.Request) error { r.Denied = true; return stop }); !errors.Is(err, stop) {
		t.Errorf("UpdateCIBA: %v", err)
	}
	r.Approval = &ciba.Approval{GrantID: "g", AuthTime: r.CreatedAt, ACR: "1", AMR: []string{"pwd"}}
	got, err = s.UpdateCIBA(ctx, r.ID, func(stored *ciba.Request) error { stored.Approval = r.Approval; return nil })
	must(t, err)
	if !reflect.DeepEqual(got, r) {
		t.Errorf("changed: %+v, want %+v", got, r)
	}
	wantTrips(t, b, 1, "UseCIBA", func() error {
		got, err := s.UseCIBA(ctx, r.ID, 250*time.Millisecond)
		if !reflect.DeepEqual(got, r) {
			t.Errorf("used: %+v, want %+v", got, r)
		}
		return err
	})
	for _, id := range []string{r.ID, "never"} {
		used, err := s.UseCIBA(ctx, id, 250*time.Millisecond)
		must(t, err)
		found, err := s.CIBA(ctx, id)
		must(t, err)
		changed, err := s.UpdateCIBA(ctx, id, func(*ciba.Request) error { t.Error("edited"); return nil })
		must(t, err)
		if used != nil || found != nil || changed != nil {
			t.Errorf("%s: %+v, %+v, %+v; want none", id, used, found, changed)
		}
	}
	if all, err := s.CIBAsOf(ctx, "ada"); len(all) != 0 || err != nil {
		t.Errorf("after its use: %+v, %v", all, err)
	}
	late := newCIBA(b, "ada")
	must(t, s.PutCIBA(ctx, late, 150*time.Millisecond))
	b.Pass(200 * time.Millisecond)
	if got, err := s.CIBA(ctx, late.ID); got != nil || err != nil {
		t.Errorf("after its time: %+v, %v", got, err)
	}
}

func cibaRace(t *testing.T, b KVStore, s ciba.Store) {
	ctx := t.Context()
	over := errors.New("decided")
	for range 5 {
		r := newCIBA(b, "ada")
		must(t, s.PutCIBA(ctx, r, time.Minute))
		decided := race(t, func(i int) (bool, error) {
			_, err := kv.NewCIBA(b.node(i)).UpdateCIBA(ctx, r.ID, func(r *ciba.Request) error {
				if r.Denied || r.Approval != nil {
					return over
				}
				if r.Denied = i%3 == 0; !r.Denied {
					r.Approval = &ciba.Approval{GrantID: "g"}
				}
				return nil
			})
			if errors.Is(err, over) {
				return false, nil
			}
			return err == nil, err
		})
		used := race(t, func(i int) (bool, error) {
			got, err := kv.NewCIBA(b.node(i)).UseCIBA(ctx, r.ID, time.Minute)
			return got != nil, err
		})
		if decided != 1 || used != 1 {
			t.Errorf("%d decisions counted, %d callers used it; want one of each", decided, used)
		}
	}
	// Who changes a request while another uses it finds none, and no mistake.
	r := newCIBA(b, "ada")
	must(t, s.PutCIBA(ctx, r, time.Minute))
	race(t, func(i int) (bool, error) {
		if i == 7 {
			_, err := s.UseCIBA(ctx, r.ID, time.Minute)
			return true, err
		}
		_, err := kv.NewCIBA(b.node(i)).UpdateCIBA(ctx, r.ID, func(r *ciba.Request) error { r.Tries++; return nil })
		return true, err
	})
}

func cibaPings(t *testing.T, b KVStore, s ciba.Store) {
	ctx := t.Context()
	a, c := handle.New(), handle.New()
	must(t, s.AddPing(ctx, a, time.Minute))
	must(t, s.AddPing(ctx, c, 150*time.Millisecond))
	got, err := kv.NewCIBA(b.Peer).Pings(ctx)
	must(t, err)
	want := []string{a, c}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
	if n := race(t, func(i int) (bool, error) { return kv.NewCIBA(b.node(i)).ClaimPing(ctx, a, 150*time.Millisecond) }); n != 1 {
		t.Errorf("%d nodes tell the app", n)
	}
	b.Pass(200 * time.Millisecond)
	if again, err := s.ClaimPing(ctx, a, time.Minute); !again || err != nil {
		t.Errorf("when the claim is over: %v, %v", again, err)
	}
	must(t, s.DropPing(ctx, a))
	if got, err := s.Pings(ctx); len(got) != 0 || err != nil {
		t.Errorf("afterwards listed: %v, %v", got, err)
	}
}
