package config

import (
	"slices"
	"time"
)

// Keys are the signing keys. There is one of each algorithm; the next is
// published before it signs, and the last stays published until all that it
// signed has expired.
type Keys struct {
	// Age at which a signing key is replaced.
	RotateEvery time.Duration `yaml:"rotate_every" default:"90d" min:"1h" max:"3650d"`

	// How long a new key is published before it signs. Longer than apps cache
	// the key set.
	PublishAhead time.Duration `yaml:"publish_ahead" default:"24h" min:"1s" max:"30d"`

	// Algorithms to hold keys for. RS256 must be among them: OpenID Connect
	// Discovery §3 requires it, and it is what a client gets that asks for nothing.
	// Keys of one that is added are made at the next start.
	Algorithms []string `yaml:"algorithms" default:"RS256,ES256,EdDSA" oneof:"RS256|RS384|RS512|PS256|PS384|PS512|ES256|ES384|ES512|EdDSA"`

	// Size of RSA keys. A longer key makes each signature several times slower.
	RSABits int `yaml:"rsa_bits" default:"2048" oneof:"2048|3072|4096"`
}

func (k Keys) check(r *report) {
	if k.PublishAhead >= k.RotateEvery {
		r.fault("keys.publish_ahead", formatDuration(k.PublishAhead)+" is not shorter than keys.rotate_every, "+formatDuration(k.RotateEvery),
			"make it shorter, or the other longer")
	}
	if !slices.Contains(k.Algorithms, "RS256") {
		r.fault("keys.algorithms", "RS256 is missing, which every provider must offer", "add RS256")
	}
}

// Values of Tokens.AccessTokenFormat.
const (
	FormatJWT    = "jwt"
	FormatOpaque = "opaque"
)

// Tokens is how tokens are made for a client that says nothing else.
type Tokens struct {
	// Form of access tokens: `jwt` (RFC 9068), which an API checks by itself, or
	// `opaque`, which it must ask the provider about.
	AccessTokenFormat string `yaml:"access_token_format" default:"jwt" oneof:"jwt|opaque"`

	// Algorithm that signs JWT access tokens, one of `keys.algorithms`. ES256 costs
	// a small part of what RS256 does.
	AccessTokenSigningAlg string `yaml:"access_token_signing_alg" default:"ES256" oneof:"RS256|RS384|RS512|PS256|PS384|PS512|ES256|ES384|ES512|EdDSA"`
}

func (t Tokens) check(r *report, algorithms []string) {
	if !slices.Contains(algorithms, t.AccessTokenSigningAlg) {
		r.fault("tokens.access_token_signing_alg", quote(t.AccessTokenSigningAlg)+" is not one of keys.algorithms",
			"choose one that is, or add it there")
	}
}

// Values of DPoP.Nonce.
const (
	NonceOptional = "optional"
	NonceRequired = "required"
)

// DPoP is what is asked of the proofs with which apps bind their tokens to a key
// (RFC 9449).
type DPoP struct {
	// Whether a proof must hold a nonce of the provider's. `required` costs an app's
	// first request another try, which libraries make by themselves; then nobody who
	// could use an app's key for a moment can make proofs for later. `optional`: none
	// is given out, and only one that is sent must be right.
	Nonce string `yaml:"nonce" default:"optional" oneof:"optional|required"`
}
