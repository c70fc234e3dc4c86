package keys_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/keys"
	"signet/internal/store/storetest"
)

// boxOf is the published key to encrypt to by the algorithm.
func boxOf(t *testing.T, s *keys.Set, alg string) jose.JSONWebKey {
	t.Helper()
	var doc jose.JSONWebKeySet
	if err := json.Unmarshal(s.JWKS(), &doc); err != nil {
		t.Fatal(err)
	}
	var found []jose.JSONWebKey
	for _, k := range doc.Keys {
		if k.Use == "enc" && k.Algorithm == alg {
			found = append(found, k)
		}
	}
	if len(found) != 1 || !found[0].IsPublic() || s.Verifier(found[0].KeyID) != nil {
		t.Fatalf("%d keys are published for %s, or they verify: %v", len(found), alg, found)
	}
	return found[0]
}

func encryptTo(t *testing.T, key jose.JSONWebKey, alg, enc, text string, zip jose.CompressionAlgorithm) string {
	t.Helper()
	e, err := jose.NewEncrypter(jose.ContentEncryption(enc), jose.Recipient{Algorithm: jose.KeyAlgorithm(alg), Key: key}, &jose.EncrypterOptions{Compression: zip})
	if err != nil {
		t.Fatal(err)
	}
	jwe, err := e.Encrypt([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := jwe.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestOthersEncryptToThePublishedKey(t *testing.T) {
	clock := storetest.NewClock()
	db, _ := storetest.Embedded(t, clock.Now)
	set := ensure(t, keys.NewManager(db, master(t), config, clock.Now))
	for _, alg := range keys.EncryptionAlgorithms {
		key := boxOf(t, set, alg)
		for _, enc := range keys.ContentEncryptions {
			raw := encryptTo(t, key, alg, enc, "for us", "")
			if plain, err := set.Decrypt(raw); err != nil || string(plain) != "for us" {
				t.Errorf("%s %s: %q, %v", alg, enc, plain, err)
			}
			parts := strings.Split(raw, ".")
			for i := range parts {
				bad := append([]string{}, parts...)
				bad[i] = base64.RawURLEncoding.EncodeToString([]byte("another"))
				if plain, err := set.Decrypt(strings.Join(bad, ".")); !errors.Is(err, keys.ErrSealed) {
					t.Errorf("%s %s with part %d changed: %q, %v", alg, enc, i, plain, err)
				}
			}
		}
		if _, err := set.Decrypt(encryptTo(t, key, alg, "A128GCM", strings.Repeat("x", 1000), jose.DEFLATE)); !errors.Is(err, keys.ErrSealed) {
			t.Errorf("%s, compressed: %v", alg, err)
		}
		if _, err := set.Decrypt(encryptTo(t, key, alg, "A192GCM", "x", "")); !errors.Is(err, keys.ErrSealed) {
			t.Errorf("%s with another content encryption: %v", alg, err)
		}
		if _, err := set.Signer(alg); err == nil {
			t.Errorf("a key of %s signs", alg)
		}
	}
	rsa := boxOf(t, set, "RSA-OAEP-256")
	rsa.Algorithm = ""
	ec := boxOf(t, set, "ECDH-ES")
	ec.Algorithm = ""
	for alg, key := range map[string]any{
		"RSA1_5": rsa, "RSA-OAEP": rsa, "ECDH-ES+A128KW": ec, "dir": make([]byte, 16), "A128KW": make([]byte, 16), "PBES2-HS256+A128KW": []byte("a password"),
	} {
		if _, err := set.Decrypt(encryptTo(t, jose.JSONWebKey{Key: key, KeyID: rsa.KeyID}, alg, "A128GCM", "x", "")); !errors.Is(err, keys.ErrSealed) {
			t.Errorf("%s: %v", alg, err)
		}
	}
}

// TestABoxLife follows a key that others encrypt to: the newest is published as
// soon as every node has it, and the one before decrypts until nobody keeps it.
func TestABoxLife(t *testing.T) {
	clock := storetest.NewClock()
	db, _ := storetest.Embedded(t, clock.Now)
	m := keys.NewManager(db, master(t), config, clock.Now)
	old := boxOf(t, ensure(t, m), "ECDH-ES")
	sealed := encryptTo(t, old, "ECDH-ES", "A128GCM", "for us", "")
	clock.Pass(config.RotateEvery - 2*time.Second)
	if got := boxOf(t, ensure(t, m), "ECDH-ES"); got.KeyID != old.KeyID {
		t.Error("the next key is published before every node has it")
	}
	clock.Pass(2 * time.Second)
	set := ensure(t, m)
	next := boxOf(t, set, "ECDH-ES")
	if next.KeyID == old.KeyID {
		t.Fatal("the key was not replaced")
	}
	for _, raw := range []string{sealed, encryptTo(t, next, "ECDH-ES", "A128GCM", "for us", "")} {
		if _, err := set.Decrypt(raw); err != nil {
			t.Error(err)
		}
	}
	old.KeyID = ""
	bare := encryptTo(t, old, "ECDH-ES", "A128GCM", "for us", "")
	if _, err := set.Decrypt(bare); err != nil {
		t.Errorf("without a kid: %v", err)
	}
	clock.Pass(config.PublishAhead)
	if _, err := ensure(t, m).Decrypt(sealed); !errors.Is(err, keys.ErrSealed) {
		t.Errorf("the old key decrypts when nobody should have it: %v", err)
	}
}

// FuzzDecrypt: whatever is sent, there is one error for it.
func FuzzDecrypt(f *testing.F) {
	clock := storetest.NewClock()
	db, _ := storetest.Embedded(f, clock.Now)
	master, err := keys.ParseMaster(strings.Repeat("A", 43))
	if err != nil {
		f.Fatal(err)
	}
	m := keys.NewManager(db, master, config, clock.Now)
	if err := m.Ensure(f.Context()); err != nil {
		f.Fatal(err)
	}
	for _, header := range []string{`{"alg":"ECDH-ES","enc":"A128GCM"}`, `{"alg":"RSA-OAEP-256","enc":"A256GCM","zip":"DEF"}`, `{"alg":"PBES2-HS256+A128KW","p2c":100000000}`, `{"alg":"ECDH-ES","enc":"A128GCM","epk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}}`} {
		f.Add(base64.RawURLEncoding.EncodeToString([]byte(header)) + "..AA.AA.AA")
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if plain, err := m.Set().Decrypt(raw); err != keys.ErrSealed {
			t.Errorf("%q gives %q, %v", raw, plain, err)
		}
	})
}
