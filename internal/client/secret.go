package client

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"signet/internal/handle"
)

// sealedPrefix marks a secret that was sealed by Secrets.
const sealedPrefix = "hmac256:"

// NewSecret returns a client secret of 256 random bits.
func NewSecret() string { return handle.New() }

// Secrets seals and checks client secrets. A sealed secret is an HMAC-SHA-256
// under a key that is not in the database: it is checked in a microsecond, and
// a stolen database gives away not even a secret that somebody chose badly.
type Secrets struct {
	key    []byte
	hasher interface { // of imported secrets, whose costs are their own
		Verify(ctx context.Context, hash, secret string) (ok, renew bool, err error)
	}
}

// NewSecrets returns Secrets under a key of 32 bytes that all nodes share.
func NewSecrets(key []byte, imported interface {
	Verify(ctx context.Context, hash, secret string) (ok, renew bool, err error)
}) *Secrets {
	return &Secrets{key: key, hasher: imported}
}

// Seal returns how the client's secret is stored.
func (s *Secrets) Seal(clientID, secret string) string {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(clientID))
	mac.Write([]byte{0})
	mac.Write([]byte(secret))
	return sealedPrefix + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Verify reports whether the secret is the client's, in a time that does not
// depend on how much of it is right. reseal is the sealed form to store in
// place of an imported hash, or "".
func (s *Secrets) Verify(ctx context.Context, c *Client, secret string) (ok bool, reseal string, err error) {
	sealed := s.Seal(c.ID, secret)
	if strings.HasPrefix(c.SecretHash, sealedPrefix) {
		return hmac.Equal([]byte(c.SecretHash), []byte(sealed)), "", nil
	}
	if c.SecretHash == "" || secret == "" {
		return false, "", nil
	}
	ok, _, err = s.hasher.Verify(ctx, c.SecretHash, secret)
	if !ok || err != nil {
		return false, "", err
	}
	return true, sealed, nil
}
