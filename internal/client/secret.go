package client

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"signet/internal/handle"
)

// sealedPrefix names the way in which a secret was sealed.
const sealedPrefix = "hmac256:"

// NewSecret returns a client secret of 256 random bits.
func NewSecret() string { return handle.New() }

// Secrets seals and checks client secrets. A sealed secret is an HMAC-SHA-256
// under a key that is not in the database: it is checked in a microsecond, and
// a stolen database gives away not even a secret that somebody chose badly.
type Secrets struct{ key []byte }

// NewSecrets returns Secrets under a key of 32 bytes that all nodes share.
func NewSecrets(key []byte) *Secrets { return &Secrets{key: key} }

// Seal returns how the client's secret is stored.
func (s *Secrets) Seal(clientID, secret string) string {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(clientID))
	mac.Write([]byte{0})
	mac.Write([]byte(secret))
	return sealedPrefix + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Verify reports whether the secret is the client's, in a time that does not
// depend on how much of it is right.
func (s *Secrets) Verify(c *Client, secret string) bool {
	return hmac.Equal([]byte(c.SecretHash), []byte(s.Seal(c.ID, secret)))
}
