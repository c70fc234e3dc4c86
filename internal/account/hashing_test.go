package account_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/store/storetest"
)

// TestACrowdAtTheDoor: five hundred people sign in at once, each hash with the
// memory of the default. They wait their turn, so that the memory is that of
// the hashes under way; and meanwhile others are served.
func TestACrowdAtTheDoor(t *testing.T) {
	const people, atOnce, memory = 500, 2, 19 << 10 // KiB
	clock := storetest.NewClock()
	db, _ := storetest.Embedded(t, clock.Now)
	s, _, _ := serviceOn(t, db, account.HashParams{Memory: memory, Iterations: 1, Parallelism: 1, AtOnce: atOnce}, clock)
	const password = "correct-Horse-9"
	ada, err := s.Create(t.Context(), account.New{Email: "ada@example.com", Password: password})
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	before := heap()

	var in, away, served, peak atomic.Int64
	ctx, gone := context.WithCancel(t.Context())
	var crowd, others sync.WaitGroup
	for i := range people {
		crowd.Go(func() {
			typed := password
			if i%2 == 1 {
				typed = fmt.Sprint("wrong ", i)
			}
			_, err := s.Authenticate(t.Context(), account.Credentials{Email: ada.Email, Password: typed})
			switch {
			case fault.Is(err, fault.Unavailable):
				away.Add(1) // a slow machine: the wait was too long
			case (i%2 == 1) == fault.Is(err, fault.Unauthenticated):
				in.Add(1)
			default:
				t.Errorf("%q: %v", typed, err)
			}
		})
	}
	others.Go(func() {
		for ctx.Err() == nil {
			if _, err := s.Get(t.Context(), ada.ID); err != nil {
				t.Error(err)
			}
			served.Add(1)
			peak.Store(max(peak.Load(), heap()))
			time.Sleep(time.Millisecond) // as requests come in
		}
	})
	began := time.Now()
	crowd.Wait()
	took := time.Since(began)
	gone()
	others.Wait()

	t.Logf("%d of %d checked in %v, %d turned away; %d other requests meanwhile; %d MiB beside the %d before",
		in.Load(), people, took, away.Load(), served.Load(), (peak.Load()-before)>>20, before>>20)
	if in.Load() == 0 || in.Load()+away.Load() != people {
		t.Errorf("%d were checked and %d turned away, of %d", in.Load(), away.Load(), people)
	}
	// What was used waits for the collector: a few times the memory in use.
	if most := int64(8 * (atOnce + 1) * memory << 10); peak.Load()-before > most {
		t.Errorf("the heap grew by %d MiB, want at most %d", (peak.Load()-before)>>20, most>>20)
	}
	if least := int64(took / (200 * time.Millisecond)); served.Load() < least {
		t.Errorf("%d other requests were served in %v, want %d", served.Load(), took, least)
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse)
}

// TestLongPasswordsCostNothing: they are refused before they are hashed.
func TestLongPasswordsCostNothing(t *testing.T) {
	h, err := account.NewHasher(account.HashParams{Memory: 8 << 10, Iterations: 20, Parallelism: 1, AtOnce: 1})
	if err != nil {
		t.Fatal(err)
	}
	endless := strings.Repeat("a", account.MaxPasswordBytes+1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // whoever asks for a slot now is turned away
	if _, err := h.Hash(ctx, endless); !fault.Is(err, fault.Invalid) {
		t.Errorf("Hash: %v, want invalid", err)
	}
	if ok, _, err := h.Verify(ctx, "", endless); ok || err != nil {
		t.Errorf("Verify: %v, %v, want no match", ok, err)
	}
	if flaws := account.NewPolicy(account.PolicyNIST).Check(endless); len(flaws) != 1 || flaws[0] != account.FlawLong {
		t.Errorf("Check: %v, want too long alone", flaws)
	}
}

// TestImportedHashesAreRenewed: an account that was imported with a hash of each
// kind signs in, and the hash is one with today's costs from then on.
func TestImportedHashesAreRenewed(t *testing.T) {
	clock := storetest.NewClock()
	db, _ := storetest.Embedded(t, clock.Now)
	s, _, _ := serviceOn(t, db, cheap, clock)
	n := 0
	for kind, hash := range imported {
		n++
		declared := account.New{Email: fmt.Sprintf("ada%d@example.com", n), PasswordHash: hash}
		if err := s.CheckNew(declared); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		a, err := s.Create(t.Context(), declared)
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		for _, password := range []string{"Password", "password", "password"} {
			_, err := s.Authenticate(t.Context(), account.Credentials{Email: a.Email, Password: password})
			if ok := password == "password"; ok != (err == nil) {
				t.Errorf("%s: %q: %v", kind, password, err)
			}
		}
		stored, err := s.Get(t.Context(), a.ID)
		if err != nil || !strings.HasPrefix(stored.PasswordHash, "$argon2id$v=19$m=64,t=1,p=1$") {
			t.Errorf("%s became %q, %v", kind, stored.PasswordHash, err)
		}
		if differs, err := s.DiffersInPassword(t.Context(), stored, declared); differs || err != nil {
			t.Errorf("%s: declaring the old hash again would change the account: %v, %v", kind, differs, err)
		}
	}
}

// TestPasswordsAreHashedInOneForm: however a keyboard composes a password, it
// is the same one; and a hash of what was typed, made by somebody who did not
// normalise, still fits and is made anew.
func TestPasswordsAreHashedInOneForm(t *testing.T) {
	clock := storetest.NewClock()
	db, _ := storetest.Embedded(t, clock.Now)
	s, _, _ := serviceOn(t, db, cheap, clock)
	const composed = "caf\u00e9 \u1ed9-Horse-9"
	decomposed := norm.NFD.String(composed)
	forms := []string{composed, decomposed, strings.ReplaceAll(composed, " ", "\u00a0"), strings.ReplaceAll(decomposed, " ", "\u3000")}
	for i, chosen := range forms {
		a, err := s.Create(t.Context(), account.New{Email: fmt.Sprintf("form%d@example.com", i), Password: chosen})
		if err != nil {
			t.Fatal(err)
		}
		for _, typed := range forms {
			if _, err := s.Authenticate(t.Context(), account.Credentials{Email: a.Email, Password: typed}); err != nil {
				t.Errorf("chosen %+q, typed %+q: %v", chosen, typed, err)
			}
		}
		for _, other := range []string{"cafe \u1ed9-Horse-9", strings.ToUpper(composed), composed + " "} {
			if _, err := s.Authenticate(t.Context(), account.Credentials{Email: a.Email, Password: other}); !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("chosen %+q, typed %+q: %v, want unauthenticated", chosen, other, err)
			}
		}
	}
	// bcrypt of the decomposed "cafe\u0301-Horse-9", by Python's bcrypt.
	a, err := s.Create(t.Context(), account.New{Email: "mac@example.com", PasswordHash: "$2b$05$pb4TuJ6DnDdvTAAqo7IYmOpnusHq3bxKhIqgsNnNhGPWkiIRYMlAu"})
	if err != nil {
		t.Fatal(err)
	}
	sign := func(typed string) error {
		_, err := s.Authenticate(t.Context(), account.Credentials{Email: a.Email, Password: typed})
		return err
	}
	if err := sign("caf\u00e9-Horse-9"); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("composed, before the hash is renewed: %v; nobody can know that it would fit", err)
	}
	for _, typed := range []string{"cafe\u0301-Horse-9", "caf\u00e9-Horse-9", "cafe\u0301-Horse-9"} {
		if err := sign(typed); err != nil {
			t.Errorf("%+q: %v", typed, err)
		}
	}
}

// TestWhoIsTurnedAwayLosesNoTry: the guess was counted before the wait, and was
// never looked at.
func TestWhoIsTurnedAwayLosesNoTry(t *testing.T) {
	clock := storetest.NewClock()
	db, _ := storetest.Embedded(t, clock.Now)
	s, _, guard := serviceOn(t, db, account.HashParams{Memory: 8 << 10, Iterations: 50, Parallelism: 1, AtOnce: 1}, clock)
	ctx, leave := context.WithCancel(t.Context())
	var crowd sync.WaitGroup
	for range 8 {
		crowd.Go(func() {
			_, err := s.Authenticate(ctx, account.Credentials{Email: "ada@example.com", Password: "a guess"})
			if fault.Is(err, fault.Unauthenticated) {
				leave() // one was checked, and a second may be under way
			} else if !fault.Is(err, fault.Unavailable) {
				t.Errorf("%v, want unavailable", err)
			}
		})
	}
	crowd.Wait()
	leave()
	if counted := guard.guesses.Load() - guard.given.Load(); guard.given.Load() == 0 || counted < 1 {
		t.Errorf("%d guesses, %d given back", guard.guesses.Load(), guard.given.Load())
	}
}
