package federation

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/org"
)

// TestOpenIDRotation: new keys are found when they are met, and made-up key ids do
// not have the provider asked without end.
func TestOpenIDRotation(t *testing.T) {
	p := newIDP(t)
	tr := newTrip(t, p)
	now := clock
	tr.now, tr.keys.now, tr.metadata.now = func() time.Time { return now }, func() time.Time { return now }, func() time.Time { return now }
	if _, err := tr.run(t, code); err != nil {
		t.Fatal(err)
	}
	now = now.Add(pause)
	p.key, _ = rsa.GenerateKey(rand.Reader, 2048)
	p.kid = "k2"
	if _, err := tr.run(t, code); err != nil {
		t.Errorf("after the provider replaced its key: %v", err)
	}
	before := p.fetched.Load()
	honest := p.kid
	for range 5 {
		p.kid = "unknown"
		_, err := tr.run(t, code)
		p.kid = honest
		wantTrouble(t, err, Nonsense, "no key at the provider's jwks_uri")
	}
	if n := p.fetched.Load() - before; n > 1 {
		t.Errorf("the keys were fetched %d times for made-up key ids", n)
	}
}

// TestOpenIDPrivateKey proves Signet with a key, and publishes the public one.
func TestOpenIDPrivateKey(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	p := newIDP(t)
	tr := newTrip(t, p)
	tr.c.OIDC.AuthMethod = "private_key_jwt"
	tr.c.Secrets = org.Secrets{PrivateKey: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))}
	if _, err := tr.run(t, code); err != nil {
		t.Fatal(err)
	}
	jws, err := jose.ParseSignedCompact(p.asked.Get("client_assertion"), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := PublicKeys(&tr.c)
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(raw, &set); err != nil || len(set.Keys) != 1 || !set.Keys[0].IsPublic() || len(set.Key(jws.Signatures[0].Protected.KeyID)) != 1 {
		t.Fatalf("the published keys: %s, %v", raw, err)
	}
	payload, err := jws.Verify(set.Keys[0].Key)
	var claims struct{ Iss, Sub, Aud, Jti string }
	if err != nil || json.Unmarshal(payload, &claims) != nil || claims.Iss != "signet" || claims.Sub != "signet" || claims.Aud != p.URL+"/token" || claims.Jti == "" {
		t.Errorf("the assertion: %s, %v", payload, err)
	}
	for _, bad := range []string{"x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"} {
		if (Checker{}).Check(&org.Connection{Protocol: org.OIDC}, org.Secrets{PrivateKey: bad}) == nil {
			t.Errorf("%q is taken for a key", bad)
		}
	}
}
