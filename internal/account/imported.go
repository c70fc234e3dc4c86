package account

import (
	"fmt"
	"math"
	"strings"

	"signet/internal/fault"
)

// The most that checking an imported hash may cost, in memory and in about ten
// seconds of a processor: somebody who may import accounts must not be able to
// stop the house with one.
const (
	maxImportLength = 512       // characters
	maxImportMemory = 1 << 20   // KiB
	maxImportPassed = 8 << 20   // KiB of memory gone over, argon2id and scrypt
	maxImportLanes  = 64        // argon2id: each is a thread
	maxImportRounds = 5_000_000 // pbkdf2
	maxImportCost   = 16        // bcrypt: a power of two
)

// CheckImported says whether a hash from elsewhere can be used: argon2id,
// bcrypt, scrypt or pbkdf2, as a PHC or MCF string.
func (h *Hasher) CheckImported(hash string) error {
	if len(hash) > maxImportLength {
		return fault.New(fault.Invalid, "a password hash of %d characters is too long to be one", len(hash)).On("password_hash")
	}
	digest, err := h.decoder.Decode(hash)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the password hash is not argon2id, bcrypt, scrypt or pbkdf2 as a PHC or MCF string").On("password_hash")
	}
	if tooDear(digest.Encode()) {
		return fault.New(fault.Invalid, "the password hash asks for more memory or time than a sign-in may take").On("password_hash")
	}
	return nil
}

// tooDear reports whether checking the hash would cost more than is allowed.
// What it cannot read, it does not allow.
func tooDear(encoded string) bool {
	// As floats, which no cost is too large for.
	read := func(form string, costs ...any) bool {
		_, err := fmt.Sscanf(encoded, form, costs...)
		return err == nil
	}
	var memory, times, lanes, log2, block, rounds float64
	_, rest, _ := strings.Cut(strings.TrimPrefix(encoded, "$"), "$") // after the name
	switch {
	case read("$argon2id$v=19$m=%g,t=%g,p=%g$", &memory, &times, &lanes):
		return memory > maxImportMemory || memory*times > maxImportPassed || lanes > maxImportLanes
	case read("$scrypt$ln=%g,r=%g,p=%g$", &log2, &block, &lanes):
		memory = math.Exp2(log2) * block / 8 // 128 bytes each
		return memory > maxImportMemory || memory*lanes > maxImportPassed
	case strings.HasPrefix(encoded, "$pbkdf2"):
		_, err := fmt.Sscanf(rest, "%g$", &rounds)
		return err != nil || rounds > maxImportRounds
	case strings.HasPrefix(encoded, "$bcrypt-sha256$"):
		_, err := fmt.Sscanf(rest, "v=2,t=2b,r=%g$", &log2)
		return err != nil || log2 > maxImportCost
	case strings.HasPrefix(encoded, "$2"):
		_, err := fmt.Sscanf(rest, "%g$", &log2)
		return err != nil || log2 > maxImportCost
	}
	return true
}
