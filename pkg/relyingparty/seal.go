package relyingparty

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// errSealed is the one answer to whatever cannot be opened: a reader learns
// nothing of why.
var errSealed = errors.New("not sealed by this app")

// encoding is strict, so that one sealed value has exactly one spelling.
var encoding = base64.RawURLEncoding.Strict()

// sealer encrypts and authenticates what is given to browsers, with
// XChaCha20-Poly1305: its 192-bit nonces may be random for any number of
// cookies. The first key seals; all of them open.
type sealer struct {
	aeads []cipher.AEAD
}

// newSealer derives one key per given key. The owner is mixed in, so that apps
// which share a key by mistake still cannot read each other's cookies.
func newSealer(owner string, keys ...[]byte) (*sealer, error) {
	s := &sealer{}
	for _, key := range keys {
		derived, err := hkdf.Key(sha256.New, key, nil, "relyingparty cookie v1\x00"+owner, chacha20poly1305.KeySize)
		if err != nil {
			return nil, fmt.Errorf("deriving a cookie key: %w", err)
		}
		aead, err := chacha20poly1305.NewX(derived)
		if err != nil {
			return nil, fmt.Errorf("deriving a cookie key: %w", err)
		}
		s.aeads = append(s.aeads, aead)
	}
	return s, nil
}

// seal returns plain as cookie-safe text that only open with the same purpose
// accepts.
func (s *sealer) seal(purpose string, plain []byte) string {
	nonce := make([]byte, chacha20poly1305.NonceSizeX, chacha20poly1305.NonceSizeX+len(plain)+chacha20poly1305.Overhead)
	rand.Read(nonce) // never fails (crypto/rand)
	return encoding.EncodeToString(s.aeads[0].Seal(nonce, nonce, plain, []byte(purpose)))
}

// open returns what was sealed for the purpose, or errSealed.
func (s *sealer) open(purpose, text string) ([]byte, error) {
	// The decoder skips line breaks; a second spelling would be accepted.
	if strings.ContainsAny(text, "\r\n") {
		return nil, errSealed
	}
	raw, err := encoding.DecodeString(text)
	if err != nil || len(raw) < chacha20poly1305.NonceSizeX+chacha20poly1305.Overhead {
		return nil, errSealed
	}
	nonce, sealed := raw[:chacha20poly1305.NonceSizeX], raw[chacha20poly1305.NonceSizeX:]
	for _, aead := range s.aeads {
		if plain, err := aead.Open(nil, nonce, sealed, []byte(purpose)); err == nil {
			return plain, nil
		}
	}
	return nil, errSealed
}

// handle returns a random 256-bit value as text.
func handle() string {
	var b [32]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return encoding.EncodeToString(b[:])
}
