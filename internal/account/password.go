package account

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/go-crypt/crypt/algorithm"
	"github.com/go-crypt/crypt/algorithm/argon2"
	"github.com/go-crypt/crypt/algorithm/bcrypt"
	"github.com/go-crypt/crypt/algorithm/pbkdf2"
	"github.com/go-crypt/crypt/algorithm/scrypt"

	"github.com/go-crypt/crypt"

	"signet/internal/fault"
)

// MaxPasswordBytes is the longest password that is ever hashed; a longer one
// is refused before it costs anything. The longest that a policy allows has
// room in it, however its characters are composed.
const MaxPasswordBytes = 2048

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
	hasher  *argon2.Hasher
	prefix  string // of a hash with today's costs
	decoder *crypt.Decoder
	slots   chan struct{}
	dummy   string
}

// NewHasher returns a hasher with the costs.
func NewHasher(p HashParams) (*Hasher, error) {
	h, err := argon2.New(argon2.WithVariantID(), argon2.WithMemoryInKiB(uint32(p.Memory)),
		argon2.WithIterations(p.Iterations), argon2.WithParallelism(p.Parallelism))
	if err != nil {
		return nil, fmt.Errorf("argon2id costs: %w", err)
	}
	decoder := crypt.NewDecoder()
	for _, register := range []func(algorithm.DecoderRegister) error{
		argon2.RegisterDecoderArgon2id, bcrypt.RegisterDecoder, scrypt.RegisterDecoderScrypt, pbkdf2.RegisterDecoder,
	} {
		if err := register(decoder); err != nil {
			return nil, err
		}
	}
	if p.AtOnce <= 0 {
		p.AtOnce = runtime.GOMAXPROCS(0)
	}
	hasher := &Hasher{
		hasher: h, decoder: decoder, slots: make(chan struct{}, p.AtOnce),
		prefix: fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$", p.Memory, p.Iterations, p.Parallelism),
	}
	// Random bytes where a hash would be: no password fits, checking one costs
	// the same, and starting costs no memory.
	hasher.dummy = hasher.prefix + randomPart(16) + "$" + randomPart(32)
	return hasher, nil
}

func randomPart(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return base64.RawStdEncoding.EncodeToString(b)
}

// longestWait is how long somebody waits for a slot: a crowd at the door is
// turned away instead of piling up.
const longestWait = 15 * time.Second

func (h *Hasher) acquire(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, longestWait)
	defer cancel()
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fault.Wrap(fault.Unavailable, ctx.Err(), "Too many people are signing in at the moment. Please try again shortly.")
	}
}

func (h *Hasher) release() { <-h.slots }

// Hash returns the argon2id hash, as a PHC string, of the password in its
// normalised form.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if len(password) > MaxPasswordBytes {
		return "", fault.New(fault.Invalid, "This password is too long.").On("password")
	}
	if err := h.acquire(ctx); err != nil {
		return "", err
	}
	defer h.release()
	digest, err := h.hasher.Hash(NormalizePassword(password))
	if err != nil {
		return "", err
	}
	return digest.Encode(), nil
}

// Verify reports whether the password is the one that was hashed, and whether
// the hash should be made again with today's costs. An empty hash (no account,
// or no password) takes as long as any other and never matches.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (ok, renew bool, err error) {
	err = h.inTurn(ctx, password, func() (err error) {
		ok, renew, err = h.verify(hash, password)
		return err
	})
	return ok, renew, err
}

// inTurn calls check once, when it is the caller's turn; what it checks is one
// person's try, however many hashes that takes. It is not called for a password
// that is too long for any hash.
func (h *Hasher) inTurn(ctx context.Context, password string, check func() error) error {
	if len(password) > MaxPasswordBytes {
		return nil
	}
	if err := h.acquire(ctx); err != nil {
		return err
	}
	defer h.release()
	return check()
}

// verify is Verify for a caller whose turn it is.
func (h *Hasher) verify(hash, password string) (ok, renew bool, err error) {
	none := hash == ""
	if none {
		hash = h.dummy
	}
	digest, err := h.decoder.Decode(hash)
	if err != nil {
		return false, false, fmt.Errorf("stored password hash: %w", err)
	}
	ok, err = matches(digest, NormalizePassword(password))
	asTyped := false
	if err == nil && !ok && password != NormalizePassword(password) {
		// Who made the hash may not have normalised. This costs a second one for
		// the few passwords that a keyboard composes in its own way, whoever's
		// account it is, and only until the hash is renewed.
		ok, err = matches(digest, password)
		asTyped = ok
	}
	if err != nil {
		return false, false, err
	}
	return ok && !none, asTyped || !h.current(hash), nil
}

// matches compares at the cost of one hash.
func matches(digest algorithm.Digest, password string) (bool, error) {
	ok, err := digest.MatchAdvanced(password)
	if errors.Is(err, algorithm.ErrPasswordInvalid) {
		return false, nil // bcrypt refuses passwords of over 72 bytes; that is no match
	}
	return ok, err
}
