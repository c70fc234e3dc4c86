package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"

	"github.com/go-crypt/crypt/algorithm"
	cryptargon2 "github.com/go-crypt/crypt/algorithm/argon2"
	"github.com/go-crypt/crypt/algorithm/bcrypt"
	"github.com/go-crypt/crypt/algorithm/pbkdf2"
	"github.com/go-crypt/crypt/algorithm/scrypt"

	"github.com/go-crypt/crypt"

	"signet/internal/argon2"
	"signet/internal/fault"
)

// MaxPasswordBytes is the longest password that is ever hashed; a longer one
// is refused before it costs anything. The longest that a policy allows has
// room in it, however its characters are composed.
const MaxPasswordBytes = 2048

// The form of our hashes: salt and key of as many bytes as RFC 9106 §4 asks for.
const (
	argon2idCosts = "$argon2id$v=19$m=%d,t=%d,p=%d$" // and then salt and key
	saltBytes     = 16
	keyBytes      = 32
	maxLanes      = 255
)

// HashParams are the costs of argon2id (RFC 9106), and how many hashes may be
// under way at once: each takes Memory for as long as it runs.
type HashParams struct {
	Memory      int // KiB
	Iterations  int
	Parallelism int
	AtOnce      int // 0: as many as there are processors
}

// Hasher hashes and checks passwords, a bounded number at once.
type Hasher struct {
	costs   HashParams
	prefix  string // of a hash with today's costs
	decoder *crypt.Decoder
	turns   *turns
	dummy   string
}

// NewHasher returns a hasher with the costs.
func NewHasher(p HashParams) (*Hasher, error) {
	if p.Iterations < 1 || p.Parallelism < 1 || p.Parallelism > maxLanes || p.Memory < 8*p.Parallelism { // RFC 9106 §3.1
		return nil, fmt.Errorf("argon2id costs: %d KiB, %d passes, %d lanes are none", p.Memory, p.Iterations, p.Parallelism)
	}
	decoder := crypt.NewDecoder()
	for _, register := range []func(algorithm.DecoderRegister) error{
		cryptargon2.RegisterDecoderArgon2id, bcrypt.RegisterDecoder, scrypt.RegisterDecoderScrypt, pbkdf2.RegisterDecoder,
	} {
		if err := register(decoder); err != nil {
			return nil, err
		}
	}
	if p.AtOnce <= 0 {
		p.AtOnce = runtime.GOMAXPROCS(0)
	}
	hasher := &Hasher{
		costs: p, decoder: decoder, turns: newTurns(p.AtOnce, p.Memory<<10),
		prefix: fmt.Sprintf(argon2idCosts, p.Memory, p.Iterations, p.Parallelism),
	}
	// Random bytes where a hash would be: no password fits, checking one costs
	// the same, and starting costs no memory.
	hasher.dummy = hasher.encode(random(saltBytes), random(keyBytes))
	return hasher, nil
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// encode is the PHC string of a hash with today's costs.
func (h *Hasher) encode(salt, key []byte) string {
	enc := base64.RawStdEncoding.EncodeToString
	return h.prefix + enc(salt) + "$" + enc(key)
}

// Hash returns the argon2id hash, as a PHC string, of the password in its
// normalised form.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if len(password) > MaxPasswordBytes {
		return "", fault.New(fault.Invalid, "This password is too long.").On("password")
	}
	memory, err := h.turns.acquire(ctx)
	if err != nil {
		return "", err
	}
	defer h.turns.release(memory)
	salt := random(saltBytes)
	c := h.costs
	key := memory.IDKey([]byte(NormalizePassword(password)), salt, uint32(c.Iterations), uint32(c.Memory), uint8(c.Parallelism), keyBytes)
	return h.encode(salt, key), nil
}

// Verify reports whether the password is the one that was hashed, and whether
// the hash should be made again with today's costs. An empty hash (no account,
// or no password) takes as long as any other and never matches.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (ok, renew bool, err error) {
	err = h.inTurn(ctx, password, func(m *argon2.Memory) (err error) {
		ok, renew, err = h.verify(m, hash, password)
		return err
	})
	return ok, renew, err
}

// inTurn calls check once, when it is the caller's turn, with the memory for its
// hashes; what it checks is one person's try, however many that takes. It is not called for a password
// that is too long for any hash.
func (h *Hasher) inTurn(ctx context.Context, password string, check func(*argon2.Memory) error) error {
	if len(password) > MaxPasswordBytes {
		return nil
	}
	memory, err := h.turns.acquire(ctx)
	if err != nil {
		return err
	}
	defer h.turns.release(memory)
	return check(memory)
}

// verify is Verify for a caller whose turn it is.
func (h *Hasher) verify(m *argon2.Memory, hash, password string) (ok, renew bool, err error) {
	none := hash == ""
	if none {
		hash = h.dummy
	}
	digest, err := h.decoder.Decode(hash)
	if err != nil {
		return false, false, fmt.Errorf("stored password hash: %w", err)
	}
	ok, err = matches(m, digest, NormalizePassword(password))
	asTyped := false
	if err == nil && !ok && password != NormalizePassword(password) {
		// Who made the hash may not have normalised. This costs a second one for
		// the few passwords that a keyboard composes in its own way, whoever's
		// account it is, and only until the hash is renewed.
		ok, err = matches(m, digest, password)
		asTyped = ok
	}
	if err != nil {
		return false, false, err
	}
	return ok && !none, asTyped || !h.current(hash), nil
}

// matches compares at the cost of one hash.
func matches(m *argon2.Memory, digest algorithm.Digest, password string) (bool, error) {
	if d, ok := digest.(*cryptargon2.Digest); ok {
		return matchesArgon2(m, d, password)
	}
	ok, err := digest.MatchAdvanced(password)
	if errors.Is(err, algorithm.ErrPasswordInvalid) {
		return false, nil // bcrypt refuses passwords of over 72 bytes; that is no match
	}
	return ok, err
}

// matchesArgon2 is what the digest's own method does, in memory that is kept.
func matchesArgon2(m *argon2.Memory, d *cryptargon2.Digest, password string) (bool, error) {
	var memory, times, lanes uint32 // of which the digest tells by its text alone
	if _, err := fmt.Sscanf(d.Encode(), argon2idCosts, &memory, &times, &lanes); err != nil || lanes > maxLanes {
		return false, fmt.Errorf("stored password hash: no costs that can be: %w", err)
	}
	key := m.IDKey([]byte(password), d.Salt(), times, memory, uint8(lanes), uint32(len(d.Key())))
	return subtle.ConstantTimeCompare(key, d.Key()) == 1, nil
}
