package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Algorithms that Signet can sign with (RFC 7518 §3.1, RFC 8037 §3.1).
var Algorithms = []string{"RS256", "ES256", "EdDSA"}

// Key is a signing key in memory: parsed once, and its signers kept, so that a
// token costs one signature and no parsing.
type Key struct {
	KID        string
	Alg        string
	Seq        int64
	CreatedAt  time.Time
	ActiveFrom time.Time
	ExpiresAt  *time.Time
	Public     crypto.PublicKey

	private crypto.Signer
	signers sync.Map // typ -> jose.Signer
}

// Sign returns claims as a compact JWS with the typ header (RFC 7515 §4.1.9).
func (k *Key) Sign(typ string, claims any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signer, err := k.signer(typ)
	if err != nil {
		return "", err
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return jws.CompactSerialize()
}

func (k *Key) signer(typ string) (jose.Signer, error) {
	if s, ok := k.signers.Load(typ); ok {
		return s.(jose.Signer), nil
	}
	opts := (&jose.SignerOptions{}).WithType(jose.ContentType(typ))
	jwk := jose.JSONWebKey{Key: k.private, KeyID: k.KID, Algorithm: k.Alg}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(k.Alg), Key: jwk}, opts)
	if err != nil {
		return nil, err
	}
	k.signers.Store(typ, s)
	return s, nil
}

// JWK returns the public key as it is published (RFC 7517).
func (k *Key) JWK() jose.JSONWebKey {
	return jose.JSONWebKey{Key: k.Public, KeyID: k.KID, Algorithm: k.Alg, Use: "sig"}
}

func generate(alg string, rsaBits int) (crypto.Signer, error) {
	switch alg {
	case "RS256":
		return rsa.GenerateKey(rand.Reader, rsaBits)
	case "ES256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "EdDSA":
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	}
	return nil, fmt.Errorf("signing algorithm %q is not one of %v", alg, Algorithms)
}

// seal turns a new private key into what is stored.
func seal(s Sealer, alg string, seq int64, key crypto.Signer, now, activeFrom time.Time) (*Sealed, error) {
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	thumb, err := (&jose.JSONWebKey{Key: key.Public()}).Thumbprint(crypto.SHA256) // RFC 7638
	if err != nil {
		return nil, err
	}
	kid := encode(thumb[:12])
	return &Sealed{
		KID: kid, Alg: alg, Seq: seq, Public: public, CreatedAt: now, ActiveFrom: activeFrom,
		Private: s.Seal(private, kid+" "+alg),
	}, nil
}

func open(s Sealer, k *Sealed) (*Key, error) {
	der, err := s.Open(k.Private, k.KID+" "+k.Alg)
	if err != nil {
		return nil, fmt.Errorf("signing key %s cannot be unsealed: it was sealed under another master key, restore that one", k.KID)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", k.KID, err)
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("signing key %s cannot sign", k.KID)
	}
	return &Key{
		KID: k.KID, Alg: k.Alg, Seq: k.Seq, CreatedAt: k.CreatedAt, ActiveFrom: k.ActiveFrom, ExpiresAt: k.ExpiresAt,
		Public: private.Public(), private: private,
	}, nil
}
