package account

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
)

// newCode returns six random digits: as many as people copy without a mistake.
func newCode() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil { // crypto/rand ends the program instead
		panic(err)
	}
	return fmt.Sprintf("%06d", n)
}

// sealCode is under what a code is kept; id is that of the ticket or the sign-up
// which it is good for. The key is not in the database: who reads that has a
// million codes to try, and nothing to try them on.
func sealCode(key []byte, id, code string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "\x00" + code))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
