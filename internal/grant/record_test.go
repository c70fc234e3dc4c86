package grant_test

import (
	"sync"
	"testing"
	"time"

	"signet/internal/grant"
	"signet/internal/handle"
)

// own is the grant of a client's own token, of which nothing is stored.
func own() *grant.Grant {
	return &grant.Grant{ID: grant.NewID(), ClientID: "web", Scopes: []string{"devices"}}
}

func (h *house) wantLiving(t *testing.T, what, id string, known *grant.Grant, want bool) {
	t.Helper()
	g, err := h.Grant(t.Context(), id, known)
	if err != nil {
		t.Fatal(err)
	}
	if (g != nil) != want || g != nil && g.ID != id {
		t.Errorf("%s: %+v, want it alive: %t", what, g, want)
	}
}

func TestAClientsOwnTokenNeedsNoRecordToLiveAndOneToDie(t *testing.T) {
	h := newHouse(t)
	living, dead, unseen := own(), own(), own()
	h.wantLiving(t, "at first", living.ID, living, true)
	h.wantLiving(t, "again", living.ID, living, true)
	h.wantLiving(t, "at first", dead.ID, dead, true)
	for _, g := range []*grant.Grant{dead, unseen} {
		if err := h.Revoke(t.Context(), g.ID); err != nil {
			t.Fatal(err)
		}
	}
	check := func(when string) {
		t.Helper()
		h.wantLiving(t, "not revoked, "+when, living.ID, living, true)
		h.wantLiving(t, "revoked, "+when, dead.ID, dead, false)
		h.wantLiving(t, "revoked before anybody asked, "+when, unseen.ID, unseen, false)
	}
	check("at once")
	h.loseShortLived(t)
	check("after Redis was lost")
	h.clock.Pass(lifetimes.AccessToken) // the mark is gone, the row is not
	check("after the mark's end")
}

func TestWhatLosingRedisDoesToAPersonsTokens(t *testing.T) {
	h := newHouse(t)
	_, plain := h.code(t)
	_, kept := h.family(t)
	_, revoked := h.family(t)
	if err := h.Revoke(t.Context(), revoked); err != nil {
		t.Fatal(err)
	}
	h.loseShortLived(t)
	h.wantLiving(t, "without refresh tokens", plain.Grant.ID, nil, false)
	h.wantLiving(t, "with refresh tokens", kept, nil, true)
	h.wantLiving(t, "revoked", revoked, nil, false)
	if err := h.RevokeAll(t.Context(), h.ada, ""); err != nil {
		t.Fatal(err)
	}
	h.wantLiving(t, "with refresh tokens, all revoked", kept, nil, false)
}

// TestALookDoesNotReviveWhatIsBeingRevoked races first looks at a grant with
// its revocation.
func TestALookDoesNotReviveWhatIsBeingRevoked(t *testing.T) {
	h := newHouse(t)
	for range 20 {
		g := own()
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				var err error
				if i == 3 {
					err = h.Revoke(t.Context(), g.ID)
				} else {
					_, err = h.Grant(t.Context(), g.ID, g)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		h.wantLiving(t, "revoked", g.ID, g, false)
	}
}

// TestATokenThatLivesShorterEndsNoOther holds the tokens of one grant apart: an API
// may want its own to live for less.
func TestATokenThatLivesShorterEndsNoOther(t *testing.T) {
	h := newHouse(t)
	_, c := h.code(t)
	live := func(token string, life time.Duration) {
		t.Helper()
		o := &grant.Opaque{GrantID: c.Grant.ID, IssuedAt: h.clock.Now(), ExpiresAt: h.clock.Now().Add(life)}
		if err := h.Live(t.Context(), &c.Grant, token, o); err != nil {
			t.Fatal(err)
		}
	}
	long, short := handle.New(), handle.New()
	live(long, lifetimes.AccessToken)
	live(short, time.Minute)
	h.clock.Pass(2 * time.Minute)
	for token, want := range map[string]bool{long: true, short: false} {
		o, _, err := h.Opaque(t.Context(), token)
		if err != nil || (o != nil) != want {
			t.Errorf("after two minutes: %+v, %v; want it good: %t", o, err, want)
		}
	}
	h.wantLiving(t, "without refresh tokens, while a token of it lives", c.Grant.ID, nil, true)
}
