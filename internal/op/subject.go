package op

// OpenID Connect Core 1.0 §8: who a person is to a client. A public subject is
// the account's id; a pairwise one is another for each sector, so that apps of
// different houses cannot tell that two of their people are one.

import (
	"crypto/aes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"github.com/google/uuid"

	"signet/internal/client"
)

// subjects makes pairwise subjects: the account's id, which is one block long,
// encrypted under a key of the sector (§8.1 has this among its examples). Nobody
// else can undo that, and there is nothing to store.
type subjects struct{ secret []byte }

// of returns who the account is to the client.
func (s subjects) of(c *client.Client, accountID string) string {
	if !c.Pairwise() || accountID == "" {
		return accountID
	}
	id, err := uuid.Parse(accountID)
	if err != nil {
		return ""
	}
	var out [aes.BlockSize]byte
	if block, err := aes.NewCipher(s.key(c)); err == nil {
		block.Encrypt(out[:], id[:])
	}
	return base64.RawURLEncoding.EncodeToString(out[:])
}

// account returns the account that is known to the client by the subject; what
// is nobody's leads to an id that no account has.
func (s subjects) account(c *client.Client, subject string) string {
	if !c.Pairwise() {
		return subject
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(subject)
	if err != nil || len(raw) != aes.BlockSize {
		return "nobody"
	}
	var id uuid.UUID
	if block, err := aes.NewCipher(s.key(c)); err == nil {
		block.Decrypt(id[:], raw)
	}
	return id.String()
}

func (s subjects) key(c *client.Client) []byte {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte(c.Sector()))
	return mac.Sum(nil)
}
