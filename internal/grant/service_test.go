package grant_test

import (
	"context"
	"encoding/base64"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"signet/internal/account"
	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/grant"
	"signet/internal/store/kv"
	sqlstore "signet/internal/store/sql"
	"signet/internal/store/storetest"
)

var lifetimes = grant.Lifetimes{
	Code: time.Minute, AccessToken: 10 * time.Minute, RefreshIdle: 24 * time.Hour, RefreshAbsolute: 72 * time.Hour, RefreshGrace: 10 * time.Second,
}

// house is the service with an account "ada" and a client "web".
type house struct {
	*grant.Service
	db    *sqlstore.DB
	clock *storetest.Clock
	ada   string
}

func newHouse(t *testing.T) *house {
	clock := storetest.NewClock()
	db, backend := storetest.Embedded(t, clock.Now)
	h := &house{db: db, clock: clock, ada: uuid.Must(uuid.NewV7()).String()}
	h.on(backend)
	err := db.CreateAccount(t.Context(), &account.Account{
		ID: h.ada, Email: "ada@example.com", EmailKey: "ada@example.com", Status: account.Active, CreatedAt: clock.At, UpdatedAt: clock.At,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"web", "other"} {
		if err := db.PutClient(t.Context(), &client.Client{ID: id, Metadata: client.Metadata{Name: id}}, clock.At); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func (h *house) on(short kv.Backend) {
	h.Service = grant.NewService(kv.NewCodes(short), h.db, h.db, make([]byte, 32), lifetimes, h.clock.Now)
}

// loseShortLived is what happens when Redis comes back empty.
func (h *house) loseShortLived(t *testing.T) {
	_, empty := storetest.Embedded(t, h.clock.Now)
	h.on(empty)
}

func (h *house) code(t *testing.T) (string, *grant.Code) {
	t.Helper()
	c := &grant.Code{Grant: grant.Grant{ClientID: "web", AccountID: h.ada, Scopes: []string{"openid", "offline_access"}}, RedirectURI: "https://web.example/cb"}
	code, err := h.IssueCode(t.Context(), c, 0)
	if err != nil {
		t.Fatal(err)
	}
	return code, c
}

func (h *house) family(t *testing.T) (token, grantID string) {
	t.Helper()
	_, c := h.code(t)
	token, err := h.StartFamily(t.Context(), c.Grant, grant.Confirmation{})
	if err != nil {
		t.Fatal(err)
	}
	return token, c.Grant.ID
}

func (h *house) alive(t *testing.T, id string) bool {
	t.Helper()
	g, err := h.Grant(t.Context(), id, nil)
	if err != nil {
		t.Fatal(err)
	}
	return g != nil
}

func TestACodeWorksOnceAndItsSecondUseKillsTheGrant(t *testing.T) {
	h := newHouse(t)
	code, c := h.code(t)
	got, err := h.Redeem(t.Context(), code)
	if err != nil || got.Grant.ID != c.Grant.ID || got.RedirectURI != c.RedirectURI {
		t.Fatalf("Redeem = %+v, %v", got, err)
	}
	token, err := h.StartFamily(t.Context(), got.Grant, grant.Confirmation{})
	if err != nil {
		t.Fatal(err)
	}
	if !h.alive(t, c.Grant.ID) {
		t.Fatal("the grant is not alive after its code was redeemed")
	}
	if _, err := h.Redeem(t.Context(), code); !fault.Is(err, fault.Expired) {
		t.Errorf("second use: %v, want expired", err)
	}
	if h.alive(t, c.Grant.ID) {
		t.Error("the access tokens live on")
	}
	if _, _, err := h.Refresh(t.Context(), token, "web", grant.Confirmation{}); !fault.Is(err, fault.Expired) {
		t.Errorf("the refresh token lives on: %v", err)
	}
	if err := h.Live(t.Context(), &got.Grant, "", nil); !fault.Is(err, fault.Expired) {
		t.Errorf("an answer under way revived the grant: %v", err)
	}
}

func TestASecondUseBeforeTheFamilyExistsKillsTheFamily(t *testing.T) {
	h := newHouse(t)
	code, _ := h.code(t)
	got, err := h.Redeem(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Redeem(t.Context(), code); !fault.Is(err, fault.Expired) {
		t.Fatalf("second use: %v", err)
	}
	token, err := h.StartFamily(t.Context(), got.Grant, grant.Confirmation{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.Refresh(t.Context(), token, "web", grant.Confirmation{}); !fault.Is(err, fault.Expired) {
		t.Errorf("a family that began after its grant's end refreshes: %v", err)
	}
}

// TestACodeMayLiveShorter: a client's profile may bound what the house allows.
func TestACodeMayLiveShorter(t *testing.T) {
	h := newHouse(t)
	_, c := h.code(t)
	for after, good := range map[time.Duration]bool{4 * time.Second: true, 6 * time.Second: false} {
		code, err := h.IssueCode(t.Context(), c, 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		h.clock.Pass(after)
		if _, err := h.Redeem(t.Context(), code); (err == nil) != good {
			t.Errorf("after %v: %v", after, err)
		}
	}
}

func TestCodesThatAreNone(t *testing.T) {
	h := newHouse(t)
	code, c := h.code(t)
	h.clock.Pass(61 * time.Second)
	forged := make([]byte, 48)
	id := uuid.MustParse(c.Grant.ID)
	copy(forged, id[:])
	for name, bad := range map[string]string{
		"expired": code, "empty": "", "nonsense": "abc", "forged for a grant that lives": base64.RawURLEncoding.EncodeToString(forged),
	} {
		if _, err := h.Redeem(t.Context(), bad); !fault.Is(err, fault.Expired) {
			t.Errorf("%s: %v, want expired", name, err)
		}
	}
	if !h.alive(t, c.Grant.ID) {
		t.Error("a forged code ended somebody's grant")
	}
}

func TestOfFiftyWhoRedeemACodeOneGetsIt(t *testing.T) {
	h := newHouse(t)
	code, c := h.code(t)
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			switch _, err := h.Redeem(t.Context(), code); {
			case err == nil:
				won.Add(1)
			case !fault.Is(err, fault.Expired):
				t.Errorf("Redeem: %v", err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d callers got the code, want 1", won.Load())
	}
	if h.alive(t, c.Grant.ID) {
		t.Error("the grant outlived the second use of its code")
	}
}

func TestWithdrawingConsentEndsWhatCameFromIt(t *testing.T) {
	h := newHouse(t)
	all, err := h.Allow(t.Context(), h.ada, "web", []string{"openid", "email"})
	if err != nil || len(all) != 2 {
		t.Fatalf("Allow = %v, %v", all, err)
	}
	token, id := h.family(t)
	meanwhile := ""
	forget := func(ctx context.Context, accountID, clientID string, was bool) error {
		if scopes, err := h.Consent(ctx, accountID, clientID); err != nil || scopes != nil || !was {
			t.Errorf("copies are forgotten of what is there: %v, %v, %v", scopes, was, err)
		}
		meanwhile, _ = h.code(t)
		return nil
	}
	if err := h.Withdraw(t.Context(), h.ada, "web", forget); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Redeem(t.Context(), meanwhile); !fault.Is(err, fault.Expired) {
		t.Errorf("what was granted by a copy lives on: %v", err)
	}
	if scopes, err := h.Consent(t.Context(), h.ada, "web"); err != nil || scopes != nil {
		t.Errorf("Consent = %v, %v; want none", scopes, err)
	}
	if _, _, err := h.Refresh(t.Context(), token, "web", grant.Confirmation{}); !fault.Is(err, fault.Expired) {
		t.Errorf("the refresh token lives on: %v", err)
	}
	if h.alive(t, id) {
		t.Error("the access tokens live on")
	}
}

func TestRevokingAllReachesWhatHasNoRefreshTokenYet(t *testing.T) {
	for name, clientID := range map[string]string{"one client's": "web", "all": ""} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			code, c := h.code(t)
			redeemed, d := h.code(t)
			if _, err := h.Redeem(t.Context(), redeemed); err != nil {
				t.Fatal(err)
			}
			if err := h.RevokeAll(t.Context(), h.ada, "other"); err != nil || !h.alive(t, c.Grant.ID) {
				t.Fatalf("another client's revocation ended this one's grant: %v", err)
			}
			if err := h.RevokeAll(t.Context(), h.ada, clientID); err != nil {
				t.Fatal(err)
			}
			for _, c := range []*grant.Code{c, d} {
				token, err := h.StartFamily(t.Context(), c.Grant, grant.Confirmation{}) // of an answer that was under way
				if err != nil {
					t.Fatal(err)
				}
				if _, _, err := h.Refresh(t.Context(), token, "web", grant.Confirmation{}); !fault.Is(err, fault.Expired) {
					t.Errorf("a code from before the revocation gave a refresh token that works: %v", err)
				}
			}
			if _, err := h.Redeem(t.Context(), code); !fault.Is(err, fault.Expired) {
				t.Errorf("a code from before the revocation: %v, want expired", err)
			}
			if h.alive(t, c.Grant.ID) || h.alive(t, d.Grant.ID) {
				t.Error("access tokens without refresh tokens live on")
			}
		})
	}
}

func TestNarrow(t *testing.T) {
	granted := []string{"openid", "email", "offline_access"}
	for _, c := range []struct {
		asked, want []string
		ok          bool
	}{
		{nil, granted, true},
		{[]string{"email"}, []string{"email"}, true},
		{[]string{"email", "phone"}, nil, false},
	} {
		got, ok := grant.Narrow(granted, c.asked)
		if ok != c.ok || !slices.Equal(got, c.want) {
			t.Errorf("Narrow(%v) = %v, %v; want %v, %v", c.asked, got, ok, c.want, c.ok)
		}
	}
}
