package keys_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/fault"
	"signet/internal/keys"
	"signet/internal/store/storetest"
)

var config = keys.Config{
	Algorithms: []string{"RS256", "ES256", "EdDSA"}, RSABits: 2048,
	RotateEvery: 90 * 24 * time.Hour, PublishAhead: 24 * time.Hour, Linger: time.Hour,
}

func master(t *testing.T) keys.Master {
	t.Helper()
	m, err := keys.LoadMaster(filepath.Join(t.TempDir(), "data", "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func published(t *testing.T, s *keys.Set) []string {
	t.Helper()
	var doc jose.JSONWebKeySet
	if err := json.Unmarshal(s.JWKS(), &doc); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, k := range doc.Keys {
		if k.Use == "enc" && k.IsPublic() {
			continue // TestOthersEncryptToThePublishedKey
		}
		if !k.IsPublic() || k.Use != "sig" {
			t.Errorf("key %s is published as %+v", k.KeyID, k)
		}
		out = append(out, k.KeyID)
	}
	return out
}

func signer(t *testing.T, s *keys.Set, alg string) *keys.Key {
	t.Helper()
	k, err := s.Signer(alg)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func ensure(t *testing.T, m *keys.Manager) *keys.Set {
	t.Helper()
	if err := m.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	return m.Set()
}

func TestEachAlgorithmSignsWhatItsPublishedKeyVerifies(t *testing.T) {
	clock := storetest.NewClock()
	db, _ := storetest.Embedded(t, clock.Now)
	all := config
	all.Algorithms = keys.Algorithms
	set := ensure(t, keys.NewManager(db, master(t), all, clock.Now))
	if got := published(t, set); len(got) != len(all.Algorithms) {
		t.Fatalf("published %v, want one key of each algorithm", got)
	}
	for _, alg := range all.Algorithms {
		token, err := signer(t, set, alg).Sign("at+jwt", map[string]string{"sub": "ada"})
		if err != nil {
			t.Fatal(err)
		}
		jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
		if err != nil {
			t.Fatal(err)
		}
		h := jws.Signatures[0].Protected
		if h.ExtraHeaders[jose.HeaderType] != "at+jwt" {
			t.Errorf("%s: typ %v", alg, h.ExtraHeaders[jose.HeaderType])
		}
		if payload, err := jws.Verify(set.Verifier(h.KeyID).Public); err != nil || string(payload) != `{"sub":"ada"}` {
			t.Errorf("%s: %s, %v", alg, payload, err)
		}
	}
}

// TestAKeysLife follows one key from before it signs until it is gone.
func TestAKeysLife(t *testing.T) {
	clock := storetest.NewClock()
	db, _ := storetest.Embedded(t, clock.Now)
	m := keys.NewManager(db, master(t), config, clock.Now)
	old := signer(t, ensure(t, m), "RS256").KID

	clock.Pass(config.RotateEvery - config.PublishAhead - time.Minute)
	if got := published(t, ensure(t, m)); len(got) != 3 {
		t.Fatalf("a next key came too early: %v", got)
	}
	clock.Pass(time.Minute)
	set := ensure(t, m)
	if got := published(t, set); len(got) != 6 {
		t.Fatalf("no next keys are published ahead: %v", got)
	}
	if got := signer(t, set, "RS256").KID; got != old {
		t.Error("the next key signs before its time")
	}
	if n := len(ensure(t, m).Keys()); n != 6 {
		t.Errorf("a second look made more keys: %d", n)
	}
	clock.Pass(config.PublishAhead)
	// The same set, not loaded again: which key signs follows from the time.
	if got := signer(t, set, "RS256").KID; got == old {
		t.Error("the old key still signs")
	}
	if set = ensure(t, m); set.Verifier(old) == nil || !slices.Contains(published(t, set), old) {
		t.Error("the old key is gone while its tokens live")
	}
	clock.Pass(config.Linger + time.Second)
	if set.Verifier(old) != nil {
		t.Error("the old key verifies after its last token is dead")
	}
	if set = ensure(t, m); len(set.Keys()) != 3 || slices.Contains(published(t, set), old) {
		t.Errorf("the old key is still published: %v", published(t, set))
	}
}

func TestRotateByHand(t *testing.T) {
	clock := storetest.NewClock()
	db, _ := storetest.Embedded(t, clock.Now)
	m := keys.NewManager(db, master(t), config, clock.Now)
	old := signer(t, ensure(t, m), "ES256").KID
	made, err := m.Rotate(t.Context(), false)
	if err != nil || len(made) != 5 { // two of them to encrypt to
		t.Fatalf("Rotate = %d keys, %v", len(made), err)
	}
	if signer(t, m.Set(), "ES256").KID != old {
		t.Error("the next key signs before it was published long enough")
	}
	if _, err := m.Rotate(t.Context(), false); !fault.Is(err, fault.Conflict) {
		t.Errorf("a second next key: %v, want conflict", err)
	}
	clock.Pass(config.PublishAhead)
	if _, err := m.Rotate(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if k := signer(t, m.Set(), "ES256"); k.Seq != 2 {
		t.Errorf("key %d signs before every node has seen it, want 2", k.Seq)
	}
	clock.Pass(2 * time.Second)
	if k := signer(t, m.Set(), "ES256"); k.KID == old || k.Seq != 3 {
		t.Errorf("after rotation at once key %d signs, want 3", k.Seq)
	}
}

func TestNodesThatStartAtOnceAgree(t *testing.T) {
	clock := storetest.NewClock()
	db, _ := storetest.Embedded(t, clock.Now)
	shared := master(t)
	managers := make([]*keys.Manager, 8)
	var wg sync.WaitGroup
	for i := range managers {
		managers[i] = keys.NewManager(db, shared, config, clock.Now)
		wg.Go(func() {
			if err := managers[i].Ensure(t.Context()); err != nil {
				t.Errorf("Ensure: %v", err)
			}
		})
	}
	wg.Wait()
	first := published(t, managers[0].Set())
	for i, m := range managers {
		if err := m.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := published(t, m.Set()); !slices.Equal(got, first) || len(got) != 3 {
			t.Errorf("node %d publishes %v, node 0 %v", i, got, first)
		}
	}
}

func TestKeysAreSealed(t *testing.T) {
	clock := storetest.NewClock()
	db, _ := storetest.Embedded(t, clock.Now)
	ensure(t, keys.NewManager(db, master(t), config, clock.Now))
	err := keys.NewManager(db, master(t), config, clock.Now).Load(t.Context())
	if err == nil || !strings.Contains(err.Error(), "another master key") {
		t.Errorf("opened under another master key: %v", err)
	}
}

func TestMasterKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "master.key")
	var wg sync.WaitGroup
	derived := make([]string, 8)
	for i := range derived {
		wg.Go(func() {
			m, err := keys.LoadMaster(path)
			if err != nil {
				t.Errorf("LoadMaster: %v", err)
				return
			}
			derived[i] = string(m.Derive("test"))
		})
	}
	wg.Wait()
	if slices.ContainsFunc(derived, func(d string) bool { return d != derived[0] }) {
		t.Error("processes that start at once have different keys")
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.LoadMaster(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that others can read: %v, want a refusal that says chmod", err)
	}
	for _, bad := range []string{"", "short", strings.Repeat("A", 42), strings.Repeat("A", 86)} {
		if _, err := keys.ParseMaster(bad); err == nil {
			t.Errorf("ParseMaster(%q) accepted", bad)
		}
	}
}

func TestSealerBindsToItsPurposeAndPlace(t *testing.T) {
	m := master(t)
	s := m.Sealer("one")
	sealed := s.Seal([]byte("secret"), "row 1")
	if plain, err := s.Open(sealed, "row 1"); err != nil || string(plain) != "secret" {
		t.Fatalf("Open = %q, %v", plain, err)
	}
	if _, err := s.Open(sealed, "row 2"); err == nil {
		t.Error("opened in another place")
	}
	if _, err := m.Sealer("two").Open(sealed, "row 1"); err == nil {
		t.Error("opened for another purpose")
	}
	if _, err := s.Open(sealed[:10], "row 1"); err == nil {
		t.Error("opened cut off")
	}
}
