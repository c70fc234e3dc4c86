package keys

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Algorithms by which others can encrypt to Signet (RFC 7518 §4.1, §5.1). A key
// has one of the first.
var (
	EncryptionAlgorithms = []string{"RSA-OAEP-256", "ECDH-ES"}
	ContentEncryptions   = []string{"A128CBC-HS256", "A128GCM", "A256GCM"}
)

var (
	joseKeyAlgs = []jose.KeyAlgorithm{jose.RSA_OAEP_256, jose.ECDH_ES}
	joseEncs    = []jose.ContentEncryption{jose.A128CBC_HS256, jose.A128GCM, jose.A256GCM}
)

// encrypts reports whether keys of the algorithm are to be encrypted to, and do
// not sign.
func encrypts(alg string) bool { return slices.Contains(EncryptionAlgorithms, alg) }

// ErrSealed is all that is said of what cannot be decrypted: whoever tries what
// was not meant for them learns nothing of how far it went.
var ErrSealed = errors.New("it cannot be decrypted")

// Decrypt returns what is in a compact JWE (RFC 7516 §7.1) that was encrypted to
// a key of the set, also to one that is not published any more. What is
// compressed is refused: how long it is would tell of what is in it.
func (s *Set) Decrypt(raw string) ([]byte, error) {
	first, rest, _ := strings.Cut(raw, ".")
	text, err := base64.RawURLEncoding.Strict().DecodeString(first)
	var header struct {
		Alg  string          `json:"alg"`
		KID  string          `json:"kid"`
		Zip  json.RawMessage `json:"zip"`
		Crit json.RawMessage `json:"crit"`
	}
	if err != nil || json.Unmarshal(text, &header) != nil || header.Zip != nil || header.Crit != nil || !encrypts(header.Alg) {
		return nil, ErrSealed
	}
	if header.Alg == "ECDH-ES" && !strings.HasPrefix(rest, ".") {
		return nil, ErrSealed // RFC 7516 §5.2, step 10: there is no key beside the agreed one
	}
	jwe, err := jose.ParseEncryptedCompact(raw, joseKeyAlgs, joseEncs)
	if err != nil {
		return nil, ErrSealed
	}
	for _, k := range slices.Backward(s.boxes[header.Alg]) {
		if header.KID != "" && header.KID != k.KID || k.ExpiresAt != nil && !s.now().Before(*k.ExpiresAt) {
			continue
		}
		if plain, err := jwe.Decrypt(k.private); err == nil {
			return plain, nil
		}
	}
	return nil, ErrSealed
}

// Boxes returns the keys that others encrypt to, by algorithm and age.
func (s *Set) Boxes() []*Key {
	var out []*Key
	for _, alg := range EncryptionAlgorithms {
		out = append(out, s.boxes[alg]...)
	}
	return out
}

// Box returns the key of the algorithm that is published: the newest that every
// node has.
func (s *Set) Box(alg string) *Key {
	now := s.now()
	for _, k := range slices.Backward(s.boxes[alg]) {
		if !k.ActiveFrom.After(now) {
			return k
		}
	}
	return nil
}

// lingers is for how long a key is of use after the next one has taken its
// place: to verify what it signed, or to decrypt what is encrypted to it by those
// who keep the published keys.
func (c Config) lingers(alg string) time.Duration {
	if encrypts(alg) {
		return max(c.Linger, c.PublishAhead)
	}
	return c.Linger
}

// ahead is for how long a key is known before it is used. One that others
// encrypt to is of use as soon as every node can decrypt with it.
func (c Config) ahead(alg string) time.Duration {
	if encrypts(alg) {
		return spread
	}
	return c.PublishAhead
}
