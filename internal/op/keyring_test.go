package op

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/store/storetest"
)

// address is what a client registered: it answers with keys, or not at all.
type address struct {
	mu    sync.Mutex
	keys  []jose.JSONWebKey
	fails bool
	asked int
}

func (a *address) Get(context.Context, string, int64, ...string) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked++
	if a.fails {
		return nil, fault.New(fault.Invalid, "away")
	}
	return json.Marshal(jose.JSONWebKeySet{Keys: a.keys})
}

// signed returns something that a new key of the name signed.
func signed(t *testing.T, kid string) (jose.JSONWebKey, *jose.JSONWebSignature) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: private, KeyID: kid}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign([]byte("said"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	if jws, err = jose.ParseSignedCompact(text, signatureAlgs); err != nil {
		t.Fatal(err)
	}
	return jose.JSONWebKey{Key: private.Public(), KeyID: kid}, jws
}

// TestKeyring: a key that is not known is looked for at the client's address,
// and no more often than it may be asked.
func TestKeyring(t *testing.T) {
	clock := storetest.NewClock()
	first, byFirst := signed(t, "1")
	second, bySecond := signed(t, "2")
	_, forged := signed(t, "2")
	there := &address{keys: []jose.JSONWebKey{first}}
	k, err := newKeyring(there, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	c := &client.Client{ID: "app", Metadata: client.Metadata{JWKSURI: "https://app.example/keys"}}
	check := func(what string, jws *jose.JSONWebSignature, good bool, asked int) {
		t.Helper()
		payload, err := k.verify(t.Context(), c, jws)
		if (err == nil) != good || good && string(payload) != "said" {
			t.Errorf("%s: %s, %v", what, payload, err)
		}
		if there.asked != asked {
			t.Errorf("%s: the address was asked %d times so far, want %d", what, there.asked, asked)
		}
	}
	check("the first key", byFirst, true, 1)
	check("the first key again", byFirst, true, 1)
	there.keys = []jose.JSONWebKey{second}
	check("a new key at once", bySecond, false, 1)
	clock.Pass(keysPause)
	check("a new key", bySecond, true, 2)
	check("the old key", byFirst, false, 2)
	clock.Pass(keysPause)
	check("a known key that did not sign", forged, false, 2)
	there.fails = true
	clock.Pass(keysFresh)
	check("while the address is away", bySecond, true, 3)
	clock.Pass(keysStale)
	check("away for too long", bySecond, false, 4)
	there.fails = false
	clock.Pass(keysPause)
	check("back again", bySecond, true, 5)

	c = &client.Client{ID: "app", Metadata: client.Metadata{JWKS: mustSet(t, first)}}
	if _, err := k.verify(t.Context(), c, byFirst); err != nil {
		t.Error(err)
	}
	if _, err := k.verify(t.Context(), c, bySecond); err == nil {
		t.Error("a key that is not in the set verifies")
	}
	encOnly := first
	encOnly.Use = "enc"
	if _, err := k.verify(t.Context(), &client.Client{Metadata: client.Metadata{JWKS: mustSet(t, encOnly)}}, byFirst); err == nil {
		t.Error("a key for encryption verifies a signature")
	}
	if _, err := k.verify(t.Context(), &client.Client{}, byFirst); err == nil {
		t.Error("a client without keys verifies")
	}

	// Many at once wait for one answer.
	clock.Pass(time.Hour)
	c = &client.Client{ID: "many", Metadata: client.Metadata{JWKSURI: "https://many.example/keys"}}
	before := there.asked
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := k.verify(t.Context(), c, bySecond); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if there.asked != before+1 {
		t.Errorf("the address was asked %d times by many at once", there.asked-before)
	}
}

func mustSet(t *testing.T, keys ...jose.JSONWebKey) client.KeySet {
	t.Helper()
	raw, err := json.Marshal(jose.JSONWebKeySet{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	set, err := client.ParseKeySet(raw)
	if err != nil {
		t.Fatal(err)
	}
	return set
}
