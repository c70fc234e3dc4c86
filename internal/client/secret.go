package client

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"signet/internal/handle"
)

// The prefixes name the way in which a secret was sealed.
const (
	sealedPrefix    = "hmac256:"
	encryptedPrefix = "aes256:"
)

// NewSecret returns a client secret of 256 random bits.
func NewSecret() string { return handle.New() }

// Secrets seals and checks client secrets. A sealed secret is an HMAC-SHA-256
// under a key that is not in the database: it is checked in a microsecond, and
// a stolen database gives away not even a secret that somebody chose badly.
//
// The secret of a client that signs with it (client_secret_jwt) must be had
// again to verify that, and is encrypted instead, under a key of the same kind.
type Secrets struct {
	key  []byte
	aead cipher.AEAD
}

// NewSecrets returns Secrets under a key of 32 bytes that all nodes share.
func NewSecrets(key []byte) *Secrets {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("encryption"))
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		panic(err) // 32 bytes are a key
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES has the block size of GCM
	}
	return &Secrets{key, aead}
}

// Seal returns how the client's secret is stored, which is the same each time:
// whoever declares a client again must see that nothing changes.
func (s *Secrets) Seal(c *Client, secret string) string {
	if c.AuthMethod == AuthSecretJWT {
		// The nonce follows from all that it is for, so that it is another one
		// for any other secret or client.
		nonce := s.sum("nonce", c.ID, secret)[:s.aead.NonceSize()]
		return encryptedPrefix + base64.RawURLEncoding.EncodeToString(s.aead.Seal(nonce, nonce, []byte(secret), []byte(c.ID)))
	}
	return s.hash(c.ID, secret)
}

func (s *Secrets) hash(clientID, secret string) string {
	return sealedPrefix + base64.RawURLEncoding.EncodeToString(s.sum(clientID, secret))
}

func (s *Secrets) sum(parts ...string) []byte {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(strings.Join(parts, "\x00")))
	return mac.Sum(nil)
}

// reversible reports whether the secret can be had from how it is stored.
func reversible(sealed string) bool { return strings.HasPrefix(sealed, encryptedPrefix) }

// Open returns the secret of a client whose secret can be had.
func (s *Secrets) Open(c *Client) (string, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(c.SecretHash, encryptedPrefix))
	size := s.aead.NonceSize()
	if !reversible(c.SecretHash) || err != nil || len(raw) < size {
		return "", false
	}
	secret, err := s.aead.Open(nil, raw[:size], raw[size:], []byte(c.ID))
	return string(secret), err == nil
}

// Verify reports whether the secret is the client's, in a time that does not
// depend on how much of it is right.
func (s *Secrets) Verify(c *Client, secret string) bool {
	stored := c.SecretHash
	if kept, ok := s.Open(c); ok {
		stored = s.hash(c.ID, kept)
	}
	return hmac.Equal([]byte(stored), []byte(s.hash(c.ID, secret)))
}
