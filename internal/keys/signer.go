package keys

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	_ "crypto/sha512" // for crypto.SHA384 and SHA512
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Algorithms that Signet can sign with (RFC 7518 §3.1, RFC 8037 §3.1).
var Algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// hashes are those of the algorithms, by the end of their names.
var hashes = map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}

// hashOf returns the hash that the algorithm signs; 0 for one that signs the
// message itself.
func hashOf(alg string) crypto.Hash { return hashes[alg[2:]] }

// curves are those of the ES algorithms (RFC 7518 §3.4).
var curves = map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()}

// Key is a signing key in memory, or one that others encrypt to: parsed once, and
// its headers kept, so that a token costs one signature and no parsing.
type Key struct {
	KID        string
	Alg        string
	Seq        int64
	CreatedAt  time.Time
	ActiveFrom time.Time
	ExpiresAt  *time.Time
	Public     crypto.PublicKey

	private crypto.Signer
	hash    crypto.Hash
	headers sync.Map // typ -> encoded header
}

// Sign returns claims as a compact JWS (RFC 7515 §3.1) with the typ header. It
// is put together here, and not by go-jose, because a token's header is the
// same for as long as its key: of an ES256 token, making it anew each time is
// an eighth of the time and a third of the memory.
func (k *Key) Sign(typ string, claims any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	header, err := k.header(typ)
	if err != nil {
		return "", err
	}
	enc := base64.RawURLEncoding
	const most = 512 // bytes of a signature of 4096 bits
	token := make([]byte, 0, len(header)+enc.EncodedLen(len(payload))+enc.EncodedLen(most)+2)
	token = append(append(token, header...), '.')
	token = enc.AppendEncode(token, payload)
	signature, err := k.signature(token)
	if err != nil {
		return "", err
	}
	return string(enc.AppendEncode(append(token, '.'), signature)), nil
}

// header returns the encoded header for the type, which is made once.
func (k *Key) header(typ string) (string, error) {
	if h, ok := k.headers.Load(typ); ok {
		return h.(string), nil
	}
	raw, err := json.Marshal(struct {
		Alg string `json:"alg"`
		KID string `json:"kid"`
		Typ string `json:"typ"`
	}{k.Alg, k.KID, typ})
	if err != nil {
		return "", err
	}
	h := encode(raw)
	k.headers.Store(typ, h)
	return h, nil
}

// signature signs the input as RFC 7518 §3 and RFC 8037 §3.1 say.
func (k *Key) signature(input []byte) ([]byte, error) {
	switch k.Alg[0] {
	case 'R':
		return k.private.Sign(rand.Reader, k.digest(input), k.hash)
	case 'P':
		return k.private.Sign(rand.Reader, k.digest(input), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: k.hash})
	case 'E':
		if k.hash == 0 {
			return k.private.Sign(nil, input, crypto.Hash(0)) // EdDSA
		}
	}
	// Without a source of random bits crypto/ecdsa takes the nonce from key and
	// message (RFC 6979), which costs a fifth less than a random one.
	der, err := k.private.Sign(nil, k.digest(input), k.hash)
	if err != nil {
		return nil, err
	}
	return fixedLength(der, (curves[k.Alg].Params().BitSize+7)/8)
}

func (k *Key) digest(input []byte) []byte {
	if k.hash == crypto.SHA256 {
		sum := sha256.Sum256(input)
		return sum[:]
	}
	h := k.hash.New()
	h.Write(input)
	return h.Sum(nil)
}

// fixedLength turns an ASN.1 signature into two numbers of so many bytes, as
// JWS has it (RFC 7518 §3.4).
func fixedLength(der []byte, half int) ([]byte, error) {
	var point struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &point); err != nil {
		return nil, fmt.Errorf("an ECDSA signature is not ASN.1: %w", err)
	}
	out := make([]byte, 2*half)
	point.R.FillBytes(out[:half])
	point.S.FillBytes(out[half:])
	return out, nil
}

// JWK returns the public key as it is published (RFC 7517).
func (k *Key) JWK() jose.JSONWebKey {
	use := "sig"
	if encrypts(k.Alg) {
		use = "enc"
	}
	return jose.JSONWebKey{Key: k.Public, KeyID: k.KID, Algorithm: k.Alg, Use: use}
}

// Generator makes a private key for the algorithm.
type Generator func(alg string, rsaBits int) (crypto.Signer, error)

type generatorKey struct{}

// WithGenerator has the keys that are made under the context come from the
// generator, which is handed the usual one to fall back on. Only tests ask for it:
// they make many houses that live for a second, and an RSA key costs as much as all
// else of one.
func WithGenerator(ctx context.Context, g func(usual Generator) Generator) context.Context {
	return context.WithValue(ctx, generatorKey{}, g(generate))
}

func generatorOf(ctx context.Context) Generator {
	if g, ok := ctx.Value(generatorKey{}).(Generator); ok {
		return g
	}
	return generate
}

func generate(alg string, rsaBits int) (crypto.Signer, error) {
	switch {
	case alg == "RSA-OAEP-256":
		return rsa.GenerateKey(rand.Reader, rsaBits)
	case alg == "ECDH-ES":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case !slices.Contains(Algorithms, alg):
	case alg == "EdDSA":
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	case curves[alg] != nil:
		return ecdsa.GenerateKey(curves[alg], rand.Reader)
	default:
		return rsa.GenerateKey(rand.Reader, rsaBits)
	}
	return nil, fmt.Errorf("algorithm %q is not one of %v and %v", alg, Algorithms, EncryptionAlgorithms)
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
		return nil, fmt.Errorf("key %s cannot be unsealed: it was sealed under another master key: put that one back, or set master_key (SIGNET_MASTER_KEY_FILE) to it", k.KID)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", k.KID, err)
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("key %s is of no kind that is used here", k.KID)
	}
	return &Key{
		KID: k.KID, Alg: k.Alg, Seq: k.Seq, CreatedAt: k.CreatedAt, ActiveFrom: k.ActiveFrom, ExpiresAt: k.ExpiresAt,
		Public: private.Public(), private: private, hash: hashOf(k.Alg),
	}, nil
}
