package grant_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"signet/internal/fault"
	"signet/internal/grant"
)

func TestRefreshRotatesAndAnswersARetryAlike(t *testing.T) {
	h := newHouse(t)
	first, _ := h.family(t)
	_, second, err := h.Refresh(t.Context(), first, "web", grant.Confirmation{})
	if err != nil || second == first {
		t.Fatalf("Refresh: %v", err)
	}
	h.clock.Pass(9 * time.Second)
	_, again, err := h.Refresh(t.Context(), first, "web", grant.Confirmation{})
	if err != nil || again != second {
		t.Errorf("a retry within the grace: %v, the same token: %v", err, again == second)
	}
	f, third, err := h.Refresh(t.Context(), second, "web", grant.Confirmation{})
	if err != nil || third == second || f.Generation != 2 {
		t.Errorf("the next refresh: generation %d, %v", f.Generation, err)
	}
}

func TestReuseOfAnOldRefreshTokenEndsTheFamily(t *testing.T) {
	cases := map[string]func(h *house, t *testing.T, first string) (old, newest string){
		"after the grace": func(h *house, t *testing.T, first string) (string, string) {
			_, second, err := h.Refresh(t.Context(), first, "web", grant.Confirmation{})
			if err != nil {
				t.Fatal(err)
			}
			h.clock.Pass(11 * time.Second)
			return first, second
		},
		"two behind, within the grace": func(h *house, t *testing.T, first string) (string, string) {
			_, second, err := h.Refresh(t.Context(), first, "web", grant.Confirmation{})
			if err != nil {
				t.Fatal(err)
			}
			_, third, err := h.Refresh(t.Context(), second, "web", grant.Confirmation{})
			if err != nil {
				t.Fatal(err)
			}
			return first, third
		},
	}
	for name, steps := range cases {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			first, id := h.family(t)
			old, newest := steps(h, t, first)
			if _, _, err := h.Refresh(t.Context(), old, "web", grant.Confirmation{}); !errors.Is(err, grant.ErrReuse) {
				t.Errorf("reuse: %v, want ErrReuse", err)
			}
			if _, _, err := h.Refresh(t.Context(), newest, "web", grant.Confirmation{}); !fault.Is(err, fault.Expired) {
				t.Errorf("the newest token lives on: %v", err)
			}
			if h.alive(t, id) {
				t.Error("the access tokens live on")
			}
		})
	}
}

// TestReuseKeepsTheToken: the same token is good as often as its client uses it,
// until its family is revoked; one that was rotated away betrays a theft as ever.
func TestReuseKeepsTheToken(t *testing.T) {
	h := newHouse(t)
	token, grantID := h.family(t)
	for range 3 {
		h.clock.Pass(time.Minute)
		if f, err := h.Reuse(t.Context(), token, "web", grant.Confirmation{}); err != nil || f.Grant.ID != grantID || f.Generation != 0 {
			t.Fatalf("Reuse: %+v, %v", f, err)
		}
	}
	if _, err := h.Reuse(t.Context(), token, "other", grant.Confirmation{}); !fault.Is(err, fault.Expired) {
		t.Errorf("another client: %v, want expired", err)
	}
	if _, err := h.Reuse(t.Context(), "x", "web", grant.Confirmation{}); !fault.Is(err, fault.Expired) {
		t.Errorf("no token: %v, want expired", err)
	}
	if err := h.Revoke(t.Context(), grantID); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Reuse(t.Context(), token, "web", grant.Confirmation{}); !fault.Is(err, fault.Expired) {
		t.Errorf("after revocation: %v, want expired", err)
	}

	token, grantID = h.family(t)
	if _, _, err := h.Refresh(t.Context(), token, "web", grant.Confirmation{}); err != nil {
		t.Fatal(err)
	}
	h.clock.Pass(11 * time.Second)
	if _, err := h.Reuse(t.Context(), token, "web", grant.Confirmation{}); !errors.Is(err, grant.ErrReuse) {
		t.Errorf("one that was rotated away: %v, want reuse", err)
	}
	if h.alive(t, grantID) {
		t.Error("the grant outlived the reuse")
	}
}

func TestRefreshRefusals(t *testing.T) {
	h := newHouse(t)
	token, _ := h.family(t)
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	forge := func(i int) string {
		b := slices.Clone(raw)
		b[i] ^= 1
		return base64.RawURLEncoding.EncodeToString(b)
	}
	for name, c := range map[string]struct{ token, client string }{
		"another client":     {token, "other"},
		"another generation": {forge(7), "web"},
		"another root":       {forge(8), "web"},
		"another tag":        {forge(len(raw) - 1), "web"},
		"nonsense":           {"nonsense", "web"},
		"nothing":            {"", "web"},
		"bits after the end": {token[:len(token)-1] + "_", "web"},
	} {
		if _, _, err := h.Refresh(t.Context(), c.token, c.client, grant.Confirmation{}); !fault.Is(err, fault.Expired) {
			t.Errorf("%s: %v, want expired", name, err)
		}
	}
	if _, _, err := h.Refresh(t.Context(), token, "web", grant.Confirmation{}); err != nil {
		t.Errorf("the genuine token died of forgeries: %v", err)
	}
}

func TestRefreshTokensEndIdleAndOld(t *testing.T) {
	h := newHouse(t)
	token, _ := h.family(t)
	h.clock.Pass(25 * time.Hour)
	if _, _, err := h.Refresh(t.Context(), token, "web", grant.Confirmation{}); !fault.Is(err, fault.Expired) {
		t.Errorf("idle: %v, want expired", err)
	}
	token, _ = h.family(t)
	var err error
	for range 4 {
		h.clock.Pass(20 * time.Hour)
		if _, token, err = h.Refresh(t.Context(), token, "web", grant.Confirmation{}); err != nil {
			break
		}
	}
	if !fault.Is(err, fault.Expired) {
		t.Errorf("after 80 hours of use: %v, want expired", err)
	}
}

func TestOfFiftyWhoRefreshOneFamilyLives(t *testing.T) {
	h := newHouse(t)
	token, _ := h.family(t)
	var mu sync.Mutex
	answers := map[string]int{}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			_, next, err := h.Refresh(t.Context(), token, "web", grant.Confirmation{})
			if err != nil {
				t.Errorf("Refresh: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			answers[next]++
		})
	}
	wg.Wait()
	if len(answers) != 1 {
		t.Errorf("%d different tokens came out, want 1", len(answers))
	}
	for next := range answers {
		if _, _, err := h.Refresh(t.Context(), next, "web", grant.Confirmation{}); err != nil {
			t.Errorf("the family is dead: %v", err)
		}
	}
}

// TestBoundRefreshTokens: a refresh token that is bound to a key is good with
// that alone, and its bond cannot be taken off; who asks without the key uses
// nothing up.
func TestBoundRefreshTokens(t *testing.T) {
	h := newHouse(t)
	ours, other := grant.Confirmation{JKT: "ours"}, grant.Confirmation{JKT: "other"}
	token, err := h.StartFamily(t.Context(), grant.Grant{ID: grant.NewID(), ClientID: "web", AccountID: h.ada}, ours)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	stripped := base64.RawURLEncoding.EncodeToString(slices.Concat(raw[:40], raw[56:]))
	for range 3 {
		for _, kept := range []grant.Confirmation{{}, other, {Certificate: ours.JKT}} {
			if _, _, err := h.Refresh(t.Context(), token, "web", kept); !errors.Is(err, grant.ErrBond) || !fault.Is(err, fault.Expired) {
				t.Errorf("with %+v: %v", kept, err)
			}
			if _, err := h.Reuse(t.Context(), token, "web", kept); !errors.Is(err, grant.ErrBond) {
				t.Errorf("kept, with %+v: %v", kept, err)
			}
		}
		if _, _, err := h.Refresh(t.Context(), stripped, "web", grant.Confirmation{}); !fault.Is(err, fault.Expired) || errors.Is(err, grant.ErrBond) {
			t.Errorf("without its bond: %v", err)
		}
		if _, active, err := h.FamilyOf(t.Context(), token); err != nil || !active {
			t.Errorf("active: %t, %v", active, err)
		}
		if _, token, err = h.Refresh(t.Context(), token, "web", ours); err != nil {
			t.Fatal(err)
		}
	}
}
