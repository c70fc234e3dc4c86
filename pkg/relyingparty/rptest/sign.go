package rptest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// newKey makes a signing key with an id of its own.
func newKey(alg jose.SignatureAlgorithm) (jose.SigningKey, error) {
	var key crypto.Signer
	var err error
	switch alg {
	case jose.RS256:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case jose.ES256:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.EdDSA:
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		return jose.SigningKey{}, fmt.Errorf("no keys for %s here", alg)
	}
	if err != nil {
		return jose.SigningKey{}, err
	}
	return jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: random()[:8], Algorithm: string(alg), Use: "sig"}}, nil
}

// Stranger makes a key that no provider published, for Provider.SignWith.
func Stranger(alg jose.SignatureAlgorithm) *jose.SigningKey {
	key, err := newKey(alg)
	if err != nil {
		panic(err) // the test asked for an algorithm that is not here
	}
	return &key
}

func publicKeys(key jose.SigningKey) jose.JSONWebKeySet {
	private := key.Key.(jose.JSONWebKey)
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{private.Public()}}
}

// Signed returns a token with these claims, as the provider would sign it.
func (p *Provider) Signed(claims map[string]any) string { return p.SignedAs("JWT", claims) }

// SignedAs is Signed with a type of its own in the header: "at+jwt" is an access
// token (RFC 9068 §2.1).
func (p *Provider) SignedAs(typ string, claims map[string]any) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.signOrPanic(typ, claims)
}

func (p *Provider) signOrPanic(typ string, claims map[string]any) string {
	token, err := p.sign(typ, claims)
	if err != nil {
		panic(err) // the test gave claims that are no JSON
	}
	return token
}

// LogoutToken returns a token that tells the app of a sign-out of the session
// that all ID tokens are of (Back-Channel Logout 1.0 §2.4), of the type
// "logout+jwt". change may be nil; what it sets to nil is left out.
func (p *Provider) LogoutToken(change func(claims map[string]any)) string {
	return p.LogoutTokenTyped("logout+jwt", change)
}

// LogoutTokenTyped is LogoutToken with another type.
func (p *Provider) LogoutTokenTyped(typ string, change func(claims map[string]any)) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	claims := map[string]any{
		"iss": p.Issuer, "aud": p.Client.ID, "sub": "ada", "sid": "session-1", "jti": random(),
		"iat": p.Now().Unix(), "exp": p.Now().Add(2 * time.Minute).Unix(),
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	}
	if change != nil {
		change(claims)
	}
	return p.signOrPanic(typ, claims)
}

func (p *Provider) sign(typ string, claims map[string]any) (string, error) {
	for name, value := range claims {
		if value == nil {
			delete(claims, name)
		}
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	key := p.key
	if p.SignWith != nil {
		key = *p.SignWith
	}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		return "", err
	}
	token, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return token.CompactSerialize()
}

// signed tells whether the provider signed the token with its current key.
func (p *Provider) signed(token string) bool {
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{p.key.Algorithm})
	if err != nil {
		return false
	}
	_, err = parsed.Verify(p.public.Keys[0])
	return err == nil
}

// leftHalf is at_hash (OpenID Connect Core §3.1.3.6).
func (p *Provider) leftHalf(token string) string {
	hash := crypto.SHA256
	if p.key.Algorithm == jose.EdDSA {
		hash = crypto.SHA512
	}
	h := hash.New()
	h.Write([]byte(token)) // never fails (hash.Hash)
	sum := h.Sum(nil)
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

func random() string {
	var b [32]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Unchecked returns a token with this payload, whatever it is, and a signature of
// nobody.
func Unchecked(typ, payload string) string {
	b64 := base64.RawURLEncoding.EncodeToString
	return b64([]byte(`{"alg":"ES256","typ":"`+typ+`"}`)) + "." + b64([]byte(payload)) + "." + b64([]byte("signature"))
}
