package account_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/audit"
	"signet/internal/fault"
	sqlstore "signet/internal/store/sql"
	"signet/internal/store/storetest"
)

// cheap costs keep the tests fast; what they cost is not what is tested.
var cheap = account.HashParams{Memory: 64, Iterations: 1, Parallelism: 1, AtOnce: 2}

// open is a guard that lets everybody try, and counts.
type open struct {
	guesses, given atomic.Int32
	browser        atomic.Value // a string: of the last guess
}

func (g *open) Guess(_ context.Context, _, browser, _ string) (func(context.Context) error, error) {
	g.guesses.Add(1)
	g.browser.Store(browser)
	return func(context.Context) error { g.given.Add(1); return nil }, nil
}

func serviceOn(t *testing.T, db *sqlstore.DB, p account.HashParams, clock *storetest.Clock) (*account.Service, *sqlstore.DB, *open) {
	t.Helper()
	h, err := account.NewHasher(p)
	if err != nil {
		t.Fatal(err)
	}
	g := &open{}
	return account.NewService(db, h, g, clock.Now), db, g
}

func TestNormalizeEmail(t *testing.T) {
	same := map[string][]string{
		"ada@example.com":       {"ada@example.com", " Ada@Example.COM ", "ADA@EXAMPLE.com", "\uff21da@example.com"},
		"ada.l@example.com":     {"Ada.L@example.com"},
		"ada+shop@example.com":  {"ada+Shop@example.com"},
		"ada@xn--mnchen-3ya.de": {"ada@münchen.de", "ada@MÜNCHEN.de", "ada@xn--mnchen-3ya.de", "ada@mu\u0308nchen.de"},
		"zo\u00eb@example.com":  {"zoë@example.com", "zoe\u0308@example.com", "ZOË@example.com"},
		"o'brien@example.com":   {"O'Brien@example.com"},
		"ada@localhost":         {"ada@localhost"},
	}
	for want, typed := range same {
		for _, s := range typed {
			if _, got, err := account.NormalizeEmail(s); err != nil || got != want {
				t.Errorf("key of %q = %q, %v; want %q", s, got, err, want)
			}
		}
	}
	for _, bad := range []string{
		"", "ada", "@example.com", "ada@", "ada@example", "ada@ex ample.com", "ada@example..com", "a\r\nBcc: x@example.com",
		"ada@-example.com", "ada@example.com\x00", "Ada <ada@example.com>", "a,b@example.com", "ada@[127.0.0.1]", "a\u200bda@example.com", "ada\u202e@example.com", "a\u2028da@example.com", strings.Repeat("a", 250) + "@example.com",
	} {
		if address, key, err := account.NormalizeEmail(bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("NormalizeEmail(%q) = %q, %q, %v; want invalid", bad, address, key, err)
		}
	}
}

// Hashes of "password" that other programs made.
var imported = map[string]string{
	"bcrypt, by Python's bcrypt":         "$2b$05$E5CM0Q/daVP/TGp3RGqF/.T2mIcXHr39foSp8I2RPVeUnwl8l2hbG",
	"argon2id, by argon2-cffi":           "$argon2id$v=19$m=1024,t=1,p=2$p9dpwiVsLC0uXkn3mEiX/w$8eGuBBPH9FrEK4Oqp7v9QEdWi8NA/ZnlpHj4fKUfukA",
	"scrypt, by passlib":                 "$scrypt$ln=10,r=8,p=1$fA8hxFirtTaGcE5p7V2rdQ$fiO0uorf734F90gASX2jBKKQAHWj5rFkH+KY8hCayL4",
	"pbkdf2-sha512, by passlib":          "$pbkdf2-sha512$1000$pBQCIOQc4xzDOEeIEeIcIw$.ZYAi7BfAOi5Widm3oDMbQkTFVm0kkEJTrChHaDpvtaDBvcCe0xEWbl1Dbu913JgR97CiCEveX6IhlnU5swZsw",
	"pbkdf2-sha256, by Python's hashlib": "$pbkdf2-sha256$29000$MDEyMzQ1Njc4OWFiY2RlZg$G/O7bynZBig0xpI9OJ2.zH5iXh/vIAuDcj9JVCTUa3k",
}

// TestUsualHashesAreNotTooDear: what other systems make by default, and what
// careful ones make.
func TestUsualHashesAreNotTooDear(t *testing.T) {
	h, err := account.NewHasher(cheap)
	if err != nil {
		t.Fatal(err)
	}
	for _, usual := range []string{
		"$argon2id$v=19$m=65536,t=3,p=4$p9dpwiVsLC0uXkn3mEiX/w$8eGuBBPH9FrEK4Oqp7v9QEdWi8NA/ZnlpHj4fKUfukA",
		"$argon2id$v=19$m=1048576,t=4,p=4$p9dpwiVsLC0uXkn3mEiX/w$8eGuBBPH9FrEK4Oqp7v9QEdWi8NA/ZnlpHj4fKUfukA",
		"$scrypt$ln=17,r=8,p=1$fA8hxFirtTaGcE5p7V2rdQ$fiO0uorf734F90gASX2jBKKQAHWj5rFkH+KY8hCayL4",
		"$scrypt$ln=20,r=8,p=1$fA8hxFirtTaGcE5p7V2rdQ$fiO0uorf734F90gASX2jBKKQAHWj5rFkH+KY8hCayL4",
		"$2y$10$E5CM0Q/daVP/TGp3RGqF/.T2mIcXHr39foSp8I2RPVeUnwl8l2hbG",
		"$2a$14$E5CM0Q/daVP/TGp3RGqF/.T2mIcXHr39foSp8I2RPVeUnwl8l2hbG",
		"$pbkdf2-sha256$1000000$MDEyMzQ1Njc4OWFiY2RlZg$G/O7bynZBig0xpI9OJ2.zH5iXh/vIAuDcj9JVCTUa3k",
		"$pbkdf2$1300000$pBQCIOQc4xzDOEeIEeIcIw$.ZYAi7BfAOi5Widm3oDMbQkTFVm0",
	} {
		if err := h.CheckImported(usual); err != nil {
			t.Errorf("%s: %v", usual, err)
		}
	}
}

func FuzzNormalizeEmail(f *testing.F) {
	for _, s := range []string{"ada@example.com", "ADA@münchen.de", "a@b", "@", "a@b@c.de", "\uff21@example.com"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		address, key, err := account.NormalizeEmail(s)
		if err != nil {
			return
		}
		if strings.ContainsAny(address, "\r\n\x00 ") {
			t.Errorf("%q became the address %q", s, address)
		}
		again, key2, err := account.NormalizeEmail(address)
		if err != nil || again != address || key2 != key {
			t.Errorf("%q -> %q, %q -> %q, %q, %v", s, address, key, again, key2, err)
		}
	})
}

func TestAuthenticate(t *testing.T) {
	clock := storetest.NewClock()
	db, _ := storetest.Embedded(t, clock.Now)
	s, _, guard := serviceOn(t, db, cheap, clock)
	for _, n := range []account.New{
		{Email: "ada@example.com", Password: "correct-Horse-9", Verified: true},
		{Email: "gone@example.com", Password: "correct-Horse-9", Disabled: true},
		{Email: "bare@example.com"},
	} {
		if _, err := s.Create(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	a, err := s.Authenticate(t.Context(), account.Credentials{Email: " ADA@example.com", Password: "correct-Horse-9", IP: "192.0.2.1"})
	if err != nil || a.Email != "ada@example.com" {
		t.Fatalf("Authenticate = %+v, %v", a, err)
	}
	if guard.given.Load() != 1 {
		t.Error("the right password counts as a guess")
	}
	var messages []string
	for _, c := range [][2]string{
		{"ada@example.com", "wrong"}, {"ada@example.com", ""}, {"ada@example.com", "Correct-Horse-9"}, {"nobody@example.com", "correct-Horse-9"},
		{"gone@example.com", "correct-Horse-9"}, {"bare@example.com", ""}, {"not an address", "x"}, {"ada@example.com", strings.Repeat("x", 2000)},
	} {
		_, err := s.Authenticate(t.Context(), account.Credentials{Email: c[0], Password: c[1], IP: "192.0.2.1"})
		if !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%q %q: %v, want unauthenticated", c[0], c[1], err)
			continue
		}
		messages = append(messages, fault.Public(err))
	}
	for _, m := range messages {
		if m != messages[0] {
			t.Errorf("refusals differ: %q and %q", m, messages[0])
		}
	}
	if guard.given.Load() != 1 {
		t.Error("a refused guess was given back")
	}
}

func TestAHashIsRenewedWhenTheCostsChange(t *testing.T) {
	clock := storetest.NewClock()
	db, _ := storetest.Embedded(t, clock.Now)
	weak, _, _ := serviceOn(t, db, cheap, clock)
	a, err := weak.Create(t.Context(), account.New{Email: "ada@example.com", Password: "correct-Horse-9"})
	if err != nil {
		t.Fatal(err)
	}
	strong, _, _ := serviceOn(t, db, account.HashParams{Memory: 128, Iterations: 2, Parallelism: 1}, clock)
	for range 2 {
		if _, err := strong.Authenticate(t.Context(), account.Credentials{Email: a.Email, Password: "correct-Horse-9", IP: ""}); err != nil {
			t.Fatal(err)
		}
	}
	now, err := db.Account(t.Context(), a.ID)
	if err != nil || !strings.HasPrefix(now.PasswordHash, "$argon2id$v=19$m=128,t=2,p=1$") {
		t.Errorf("the stored hash is %q, %v", now.PasswordHash, err)
	}
}

func TestDeclaringTwiceChangesNothing(t *testing.T) {
	clock := storetest.NewClock()
	db, _ := storetest.Embedded(t, clock.Now)
	s, _, _ := serviceOn(t, db, cheap, clock)
	n := account.New{Email: "ada@example.com", Password: "correct-Horse-9", Verified: true,
		Profile: account.Profile{GivenName: "Ada", Address: &account.Address{Country: "GB"}}}
	a, err := s.Create(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(t.Context(), n); !fault.Is(err, fault.Conflict) {
		t.Errorf("a second account of the address: %v, want conflict", err)
	}
	if changed, err := s.Update(t.Context(), a, n); err != nil || changed {
		t.Errorf("the same again: changed %v, %v", changed, err)
	}
	n.Profile.Address = &account.Address{Country: "FR"}
	clock.Pass(time.Second)
	if changed, err := s.Update(t.Context(), a, n); err != nil || !changed {
		t.Errorf("another address: changed %v, %v", changed, err)
	}
	if changed, err := s.Update(t.Context(), a, n); !fault.Is(err, fault.Conflict) {
		t.Errorf("an update of what was changed meanwhile: %v, %v; want conflict", changed, err)
	}
}

func TestHashingIsBounded(t *testing.T) {
	h, err := account.NewHasher(account.HashParams{Memory: 8 << 10, Iterations: 20, Parallelism: 1, AtOnce: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	var turnedAway atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := h.Hash(ctx, "x"); fault.Is(err, fault.Unavailable) {
				turnedAway.Add(1)
			}
		})
	}
	wg.Wait()
	if turnedAway.Load() == 0 {
		t.Error("twenty hashes of a hundred milliseconds ran within ten, one at a time")
	}
}

func TestImportedHashes(t *testing.T) {
	h, err := account.NewHasher(cheap)
	if err != nil {
		t.Fatal(err)
	}
	for name, hash := range imported {
		if err := h.CheckImported(hash); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if ok, renew, err := h.Verify(t.Context(), hash, "password"); !ok || !renew || err != nil {
			t.Errorf("%s: ok %v, renew %v, %v", name, ok, renew, err)
		}
		if ok, _, err := h.Verify(t.Context(), hash, "passwordx"); ok || err != nil {
			t.Errorf("%s, wrong password: ok %v, %v", name, ok, err)
		}
	}
	for _, bad := range []string{
		"", "password", "5f4dcc3b5aa765d61d8327deb882cf99", "$1$abc$def", "$argon2id$v=19$m=4194304,t=3,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA",
		strings.Repeat("$", 600),
		"$y$j9T$F5Jx5fExrKuPp53xLKQ..1$tnSYvahCwPBHKZUspmcxMfb0.WiB9W.zEaKlOBL35rC", // yescrypt
		// Hashes that would stop the house: in time, in memory, in threads.
		"$argon2id$v=19$m=1024,t=2000000000,p=2$p9dpwiVsLC0uXkn3mEiX/w$8eGuBBPH9FrEK4Oqp7v9QEdWi8NA/ZnlpHj4fKUfukA",
		"$argon2id$v=19$m=1048576,t=9,p=2$p9dpwiVsLC0uXkn3mEiX/w$8eGuBBPH9FrEK4Oqp7v9QEdWi8NA/ZnlpHj4fKUfukA",
		"$argon2id$v=19$m=1048576,t=1,p=100000$p9dpwiVsLC0uXkn3mEiX/w$8eGuBBPH9FrEK4Oqp7v9QEdWi8NA/ZnlpHj4fKUfukA",
		"$scrypt$ln=30,r=8,p=1$fA8hxFirtTaGcE5p7V2rdQ$fiO0uorf734F90gASX2jBKKQAHWj5rFkH+KY8hCayL4",
		"$scrypt$ln=58,r=1000000,p=1$fA8hxFirtTaGcE5p7V2rdQ$fiO0uorf734F90gASX2jBKKQAHWj5rFkH+KY8hCayL4",
		"$scrypt$ln=14,r=8,p=1000$fA8hxFirtTaGcE5p7V2rdQ$fiO0uorf734F90gASX2jBKKQAHWj5rFkH+KY8hCayL4",
		"$2b$31$E5CM0Q/daVP/TGp3RGqF/.T2mIcXHr39foSp8I2RPVeUnwl8l2hbG",
		"$2b$17$E5CM0Q/daVP/TGp3RGqF/.T2mIcXHr39foSp8I2RPVeUnwl8l2hbG",
		"$pbkdf2-sha512$2000000000$pBQCIOQc4xzDOEeIEeIcIw$.ZYAi7BfAOi5Widm3oDMbQkTFVm0kkEJTrChHaDpvtaDBvcCe0xEWbl1Dbu913JgR97CiCEveX6IhlnU5swZsw",
		"$pbkdf2$5000001$pBQCIOQc4xzDOEeIEeIcIw$.ZYAi7BfAOi5Widm3oDMbQkTFVm0",
	} {
		if err := h.CheckImported(bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("CheckImported(%.40q) = %v, want invalid", bad, err)
		}
	}
}

func TestAKnownBrowserIsCountedApart(t *testing.T) {
	clock := storetest.NewClock()
	db, _ := storetest.Embedded(t, clock.Now)
	s, _, guard := serviceOn(t, db, cheap, clock)
	a, err := s.Create(t.Context(), account.New{Email: "ada@example.com", Password: "correct-Horse-9"})
	if err != nil {
		t.Fatal(err)
	}
	const mine = "the secret name of her browser"
	if err := account.NewBrowsers(db, clock.Now).SignedIn(t.Context(), a.ID, mine, time.Time{}, nil); err != nil {
		t.Fatal(err)
	}
	named := func(email, browser string) string {
		_, err := s.Authenticate(t.Context(), account.Credentials{Email: email, Password: "wrong", Browser: browser})
		if !fault.Is(err, fault.Unauthenticated) {
			t.Fatal(err)
		}
		return guard.browser.Load().(string)
	}
	if named("ada@example.com", mine) == "" {
		t.Error("the owner's browser shares its tries with strangers")
	}
	for _, c := range [][2]string{{"ada@example.com", "another"}, {"ada@example.com", ""}, {"nobody@example.com", mine}} {
		if got := named(c[0], c[1]); got != "" {
			t.Errorf("%v is counted apart", c)
		}
	}
	if err := s.SetPassword(t.Context(), a, "another-Horse-9"); err != nil {
		t.Fatal(err)
	}
	if got := named("ada@example.com", mine); got != "" {
		t.Error("after an operator set another password, a browser that may be a thief's is counted apart")
	}
}

// TestRecordSignIn: a sign-in is recorded, unless the account changed meanwhile.
func TestRecordSignIn(t *testing.T) {
	changes := map[string]func(*testing.T, *account.Service, *account.Account) error{
		"disabled": func(t *testing.T, s *account.Service, a *account.Account) error {
			return s.SetStatus(t.Context(), a, account.Disabled)
		},
		"new password": func(t *testing.T, s *account.Service, a *account.Account) error {
			return s.SetPassword(t.Context(), a, "another-Horse-9")
		},
		"deleted": func(t *testing.T, s *account.Service, a *account.Account) error {
			return s.Delete(t.Context(), a.ID, time.Time{})
		},
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			clock := storetest.NewClock()
			db, _ := storetest.Embedded(t, clock.Now)
			s, _, _ := serviceOn(t, db, cheap, clock)
			if _, err := s.Create(t.Context(), account.New{Email: "ada@example.com", Password: "correct-Horse-9"}); err != nil {
				t.Fatal(err)
			}
			// As after an import: the sign-in itself renews the hash.
			strong, _, _ := serviceOn(t, db, account.HashParams{Memory: 128, Iterations: 1, Parallelism: 1}, clock)
			a, err := strong.Authenticate(t.Context(), account.Credentials{Email: "ada@example.com", Password: "correct-Horse-9"})
			if err != nil {
				t.Fatal(err)
			}
			record := func() bool {
				still, err := strong.RecordSignIn(t.Context(), a.Account, &audit.Entry{At: clock.Now(), Action: "session.begin", Subject: a.ID})
				if err != nil {
					t.Error(err)
				}
				return still
			}
			if !record() {
				t.Error("unchanged: it is said to have changed")
			}
			stored, err := strong.Get(t.Context(), a.ID)
			if err != nil {
				t.Fatal(err)
			}
			clock.Pass(time.Second)
			if err := change(t, strong, stored); err != nil {
				t.Fatal(err)
			}
			if record() {
				t.Errorf("%s: it is said to be unchanged", name)
			}
			if entries, err := db.Audit(t.Context(), audit.Query{Limit: 10, Subject: a.ID}); err != nil || len(entries) != 1 {
				t.Errorf("%d sign-ins are recorded, %v; want 1", len(entries), err)
			}
		})
	}
}

// TestSignedInToElsewhere: where no password signs in to an account, the right one
// is answered like a wrong one, and costs as much; others are not touched by it.
func TestSignedInToElsewhere(t *testing.T) {
	clock := storetest.NewClock()
	db, _ := storetest.Embedded(t, clock.Now)
	s, _, guard := serviceOn(t, db, cheap, clock)
	a, err := s.Create(t.Context(), account.New{Email: "ada@example.com", Password: "correct-Horse-9"})
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, asked := true, 0
	try := func(email, password string) (int64, error) {
		before := db.Statements()
		_, err := s.Authenticate(t.Context(), account.Credentials{Email: email, Password: password, Elsewhere: func(context.Context, *account.Account) (bool, error) {
			asked++
			return elsewhere, nil
		}})
		return db.Statements() - before, err
	}
	try("nobody@example.com", "warm") // statements are prepared
	var costs []int64
	for _, c := range []struct{ email, password, why string }{
		{a.Email, "correct-Horse-9", "elsewhere"}, {a.Email, "wrong-Horse-99", "password"}, {"nobody@example.com", "wrong-Horse-99", "address"},
	} {
		cost, err := try(c.email, c.password)
		refusal, _ := errors.AsType[*account.Refusal](err)
		if !fault.Is(err, fault.Unauthenticated) || refusal == nil || refusal.Why != c.why {
			t.Errorf("%s, %s: %v", c.email, c.password, err)
		}
		costs = append(costs, cost)
	}
	if costs[0] != costs[1] || costs[1] != costs[2] || asked != 4 {
		t.Errorf("%v statements, and it was asked %d times", costs, asked)
	}
	if n := guard.given.Load(); n != 0 {
		t.Errorf("%d tries were given back", n)
	}
	elsewhere = false
	if _, err := try(a.Email, "correct-Horse-9"); err != nil {
		t.Error(err)
	}
}
