// Package handle makes the random handles that Signet gives out (session ids,
// flow ids, codes, opaque tokens) and the keys under which they are kept.
//
// A handle is 256 random bits; a store only ever sees its SHA-256, so that
// reading a store gives nobody a handle that works. The package knows neither
// HTTP nor a store.
package handle

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// Len is the length of a handle in characters.
const Len = 43

// New returns 256 random bits as 43 characters of base64url.
func New() string {
	var b [32]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Short returns 128 random bits as 22 characters of base64url, for names that
// must be unique and hard to guess but open nothing (jti, sid, request ids).
func Short() string {
	var b [16]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Sum returns the key under which what belongs to the handle is kept: its
// SHA-256 as 43 characters of base64url.
func Sum(h string) string {
	sum := sha256.Sum256([]byte(h))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Valid reports whether h has the form of a handle, so that a stranger's
// nonsense costs no round trip.
func Valid(h string) bool {
	if len(h) != Len {
		return false
	}
	for i := range len(h) {
		c := h[i]
		if (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
