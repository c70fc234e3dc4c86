package federation

// RFC 7523 §3, OpenID Connect Core 1.0 §9: Signet proves itself to a provider with
// a key instead of a secret.

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // x5t is one (RFC 7515 §4.1.7); nothing is proven by it
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"time"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/fault"
	"signet/internal/handle"
)

// assertionLife is how long an assertion is good: it is used at once.
const assertionLife = time.Minute

// clientKey is the private key of a connection, with its certificate where it has
// one: Entra ID knows keys by their certificates.
type clientKey struct {
	signer      crypto.Signer
	alg         jose.SignatureAlgorithm
	kid         string
	certificate *x509.Certificate
}

// parseClientKey reads a key in PEM (PKCS #8, PKCS #1 or SEC 1), before or after
// which there may be its certificate.
func parseClientKey(text string) (*clientKey, error) {
	k := &clientKey{}
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type == "CERTIFICATE" {
			if c, err := x509.ParseCertificate(block.Bytes); err == nil && k.certificate == nil {
				k.certificate = c
			}
			continue
		}
		if signer := parseSigner(block.Bytes); signer != nil && k.signer == nil {
			k.signer = signer
		}
	}
	switch key := k.signer.(type) {
	case *rsa.PrivateKey:
		if bits := key.N.BitLen(); bits < 2048 || bits > 8192 {
			return nil, fault.New(fault.Invalid, "an RSA key has 2048 to 8192 bits").On("private_key")
		}
		k.alg = jose.RS256
	case *ecdsa.PrivateKey:
		if key.Curve != elliptic.P256() {
			return nil, fault.New(fault.Invalid, "an elliptic key is of the curve P-256").On("private_key")
		}
		k.alg = jose.ES256
	default:
		return nil, fault.New(fault.Invalid, "the private key is not an RSA or P-256 key in PEM").On("private_key")
	}
	public := jose.JSONWebKey{Key: k.signer.Public()}
	sum, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the private key cannot be used").On("private_key")
	}
	k.kid = base64.RawURLEncoding.EncodeToString(sum)
	return k, nil
}

func parseSigner(der []byte) crypto.Signer {
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		signer, _ := key.(crypto.Signer)
		return signer
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key
	}
	return nil
}

// PublicKeys is the key set that a provider verifies the connection's assertions
// with, for its jwks_uri.
func PublicKeys(c *Connection) ([]byte, error) {
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	if c.Secrets.PrivateKey != "" {
		k, err := parseClientKey(c.Secrets.PrivateKey)
		if err != nil {
			return nil, err
		}
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.signer.Public(), KeyID: k.kid, Algorithm: string(k.alg), Use: "sig"})
	}
	return json.Marshal(set)
}

// assertionOf makes the connection's assertion for the token endpoint.
func assertionOf(c *Connection, audience string, now time.Time) (string, error) {
	k, err := parseClientKey(c.Secrets.PrivateKey)
	if err != nil {
		return "", err
	}
	options := (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", k.kid)
	if k.certificate != nil {
		one, two := sha1.Sum(k.certificate.Raw), sha256.Sum256(k.certificate.Raw)
		options = options.WithHeader("x5t", base64.RawURLEncoding.EncodeToString(one[:])).
			WithHeader("x5t#S256", base64.RawURLEncoding.EncodeToString(two[:]))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: k.alg, Key: k.signer}, options)
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(map[string]any{
		"iss": c.OIDC.ClientID, "sub": c.OIDC.ClientID, "aud": audience, "jti": handle.New(),
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(assertionLife).Unix(),
	})
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}
