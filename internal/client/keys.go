package client

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/fault"
)

// Bounds of a client's key set: enough for any rotation, and no more work than
// a request is worth.
const (
	MaxKeySet  = 64 << 10 // bytes
	maxKeys    = 20
	minRSABits = 2048
	maxRSABits = 8192
)

// KeySet is a JSON Web Key Set (RFC 7517 §5) in one canonical form, so that
// equal sets are equal texts; "" is none.
type KeySet string

// ParseKeySet reads a key set.
func ParseKeySet(raw []byte) (KeySet, error) {
	if len(raw) > MaxKeySet {
		return "", fault.New(fault.Invalid, "a key set has at most %d bytes", MaxKeySet)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var set map[string]any
	if err := d.Decode(&set); err != nil || d.More() {
		return "", fault.New(fault.Invalid, "this is not a JSON Web Key Set")
	}
	canonical, err := json.Marshal(set)
	return KeySet(canonical), err
}

// MarshalJSON writes the set as the object that it is.
func (s KeySet) MarshalJSON() ([]byte, error) {
	if s == "" {
		return []byte("null"), nil
	}
	return []byte(s), nil
}

// UnmarshalJSON reads the object.
func (s *KeySet) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" {
		*s = ""
		return nil
	}
	set, err := ParseKeySet(raw)
	*s = set
	return err
}

// Keys returns the public keys of the set that can be used here. Others, such as
// those of a curve that is not known, are left out (RFC 7517 §5); a set with a
// private or a weak key is refused, because whoever published it needs to know.
func (s KeySet) Keys() ([]jose.JSONWebKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal([]byte(s), &set); err != nil || set.Keys == nil {
		return nil, fault.New(fault.Invalid, "this is not a JSON Web Key Set: it has no list of keys")
	}
	if len(set.Keys) > maxKeys {
		return nil, fault.New(fault.Invalid, "a key set has at most %d keys", maxKeys)
	}
	var out []jose.JSONWebKey
	for _, raw := range set.Keys {
		if Private(raw) {
			return nil, fault.New(fault.Invalid, "a key set holds a private or secret key: publish public keys only, and replace this one")
		}
		var k jose.JSONWebKey
		if json.Unmarshal(raw, &k) != nil || !k.Valid() {
			continue
		}
		if known, err := Usable(&k); err != nil {
			return nil, err
		} else if !known {
			continue
		}
		out = append(out, k)
	}
	return out, nil
}

// Usable reports whether a public key of somebody else is of a kind that is
// known here; one that is weak, or so long that it is too much work, is a fault.
func Usable(k *jose.JSONWebKey) (bool, error) {
	switch public := k.Key.(type) {
	case *rsa.PublicKey:
		if bits := public.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return true, fault.New(fault.Invalid, "an RSA key has %d bits; %d to %d are taken", bits, minRSABits, maxRSABits)
		}
	case *ecdsa.PublicKey, ed25519.PublicKey:
	default:
		return false, nil
	}
	return true, nil
}

// Private reports whether the key has a private or secret part (RFC 7518 §6).
// It is asked first: to read a private key of a stranger is work that only they
// choose how much of it there is.
func Private(raw json.RawMessage) bool {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return false
	}
	for _, name := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"} {
		if _, ok := members[name]; ok {
			return true
		}
	}
	return false
}

// Algorithms of encryption to a client (RFC 7518 §4.1, §5.1).
var (
	KeyAlgs     = []string{"RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"}
	ContentEncs = []string{"A128CBC-HS256", "A128GCM", "A256GCM"}
)

// defaultEnc is the content encryption where only the other is named
// (OpenID Connect Registration 1.0 §2).
const defaultEnc = "A128CBC-HS256"

// Encryption is how something is encrypted to the client; without Alg: not at
// all.
type Encryption struct{ Alg, Enc string }

// encryptions are the client's, each with the stem of its metadata's names.
func (c *Client) encryptions() []namedEncryption {
	return []namedEncryption{
		{"id_token_encrypted_response", Encryption{c.IDTokenEncAlg, c.IDTokenEnc}},
		{"userinfo_encrypted_response", Encryption{c.UserinfoEncAlg, c.UserinfoEnc}},
		{"authorization_encrypted_response", Encryption{c.AnswerEncAlg, c.AnswerEnc}},
		{"introspection_encrypted_response", Encryption{c.IntrospectionEncAlg, c.IntrospectionEnc}},
	}
}

type namedEncryption struct {
	stem string
	Encryption
}

// fillKeys sets what follows from the rest.
func (c *Client) fillKeys() {
	for _, pair := range [][2]*string{
		{&c.IDTokenEncAlg, &c.IDTokenEnc}, {&c.UserinfoEncAlg, &c.UserinfoEnc}, {&c.AnswerEncAlg, &c.AnswerEnc}, {&c.IntrospectionEncAlg, &c.IntrospectionEnc},
		{&c.RequestObjectEncAlg, &c.RequestObjectEnc}} {
		if *pair[0] != "" && *pair[1] == "" {
			*pair[1] = defaultEnc
		}
	}
}

func (c *Client) checkKeys(p *problems, r Rules) {
	p.when(c.JWKS != "" && c.JWKSURI != "", "jwks_uri", "jwks and jwks_uri exclude each other (RFC 7591 §2): give one")
	var keys []jose.JSONWebKey
	if c.JWKS != "" {
		var err error
		if keys, err = c.JWKS.Keys(); err != nil {
			p.add("jwks", "jwks: %s", fault.Public(err))
		}
	}
	for _, e := range c.encryptions() {
		stem := e.stem
		switch {
		case e.Alg == "":
			p.when(e.Enc != "", stem+"_enc", "%s_enc needs %s_alg beside it", stem, stem)
			continue
		case !slices.Contains(KeyAlgs, e.Alg):
			p.add(stem+"_alg", "%s_alg is one of %s, not %q", stem, strings.Join(KeyAlgs, ", "), e.Alg)
			continue
		}
		p.when(!slices.Contains(ContentEncs, e.Enc), stem+"_enc", "%s_enc is one of %s, not %q", stem, strings.Join(ContentEncs, ", "), e.Enc)
		p.when(c.JWKSURI == "" && EncryptionKey(keys, e.Alg) == nil, stem+"_alg",
			"%s_alg %s needs a key of its kind in jwks, or jwks_uri", stem, e.Alg)
	}
	algs := strings.Join(r.Algs, ", ")
	for _, pair := range [][2]string{{"authorization_signed_response_alg", c.AnswerAlg}, {"introspection_signed_response_alg", c.IntrospectionAlg}} {
		p.when(!slices.Contains(r.Algs, pair[1]), pair[0], "%s is one of %s, not %q", pair[0], algs, pair[1])
	}
	p.when(c.UserinfoAlg != "" && !slices.Contains(r.Algs, c.UserinfoAlg),
		"userinfo_signed_response_alg", "userinfo_signed_response_alg is one of %s, not %q", algs, c.UserinfoAlg)
}

// EncryptionKey returns the first of the keys to which the algorithm can
// encrypt, or nil (RFC 7517 §4.2, §4.4).
func EncryptionKey(keys []jose.JSONWebKey, alg string) *jose.JSONWebKey {
	for i, k := range keys {
		if k.Use == "sig" || k.Algorithm != "" && k.Algorithm != alg {
			continue
		}
		_, isRSA := k.Key.(*rsa.PublicKey)
		_, isEC := k.Key.(*ecdsa.PublicKey)
		if strings.HasPrefix(alg, "RSA") && isRSA || strings.HasPrefix(alg, "ECDH") && isEC {
			return &keys[i]
		}
	}
	return nil
}
