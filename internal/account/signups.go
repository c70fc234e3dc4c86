package account

import (
	"context"
	"crypto/hmac"
	"time"

	"github.com/google/uuid"

	"signet/internal/fault"
	"signet/internal/handle"
)

// codeTries is how often one code may be tried. Six digits stand five guesses;
// each letter brings a new code, and MailLimits bound the letters.
const codeTries = 5

// SignUpRules are the operator's.
type SignUpRules struct {
	Waiting time.Duration // how long a sign-up waits to be activated
	Mails   MailLimits
}

// SignUpGuard bounds what strangers can cause from one network; its errors are
// faults of kind Limited.
type SignUpGuard interface {
	// Password counts one password that is hashed.
	Password(ctx context.Context, ip string) error
	// Letter counts one letter to the address with the key that is asked for.
	Letter(ctx context.Context, ip, emailKey string) error
	// Code counts one code that is tried.
	Code(ctx context.Context, ip string) error
}

// SignUps makes accounts out of strangers who prove an address.
type SignUps struct {
	store  SignUpStore
	hasher *Hasher
	guard  Guard
	gate   SignUpGuard
	key    []byte
	rules  SignUpRules
	now    func() time.Time
}

// NewSignUps returns the service on the store. guard counts passwords, gate the
// rest; key, of 32 bytes that all nodes share, seals codes: six digits are
// guessed at once by who has a database to compare with.
func NewSignUps(store SignUpStore, hasher *Hasher, guard Guard, gate SignUpGuard, key []byte, rules SignUpRules, now func() time.Time) *SignUps {
	return &SignUps{store: store, hasher: hasher, guard: guard, gate: gate, key: key, rules: rules, now: now}
}

// Hash returns the hash of the password chosen, which is all that is kept of it.
// It stands before the challenge, and takes a turn that people who sign in wait
// for, hence the limit.
func (s *SignUps) Hash(ctx context.Context, ip, password string) (string, error) {
	if err := s.gate.Password(ctx, ip); err != nil {
		return "", err
	}
	return s.hasher.Hash(ctx, password)
}

// ResendAfter is how long to wait before another letter may go out.
func (s *SignUps) ResendAfter() time.Duration { return s.rules.Mails.Pause }

// Compose writes the two letters that may answer a sign-up.
type Compose func(Secrets) (SignUpLetters, error)

// NewID returns an id for a sign-up. The flow keeps it first, so that of two
// tabs that end the wizard at once both store the same one.
func (s *SignUps) NewID() string { return uuid.Must(uuid.NewV7()).String() }

// Keep stores the sign-up, of which the caller gives the id and what the person
// told, and sends a letter; false: it is there already. Whether the address has
// an account shows neither in what it returns nor in how long it takes.
func (s *SignUps) Keep(ctx context.Context, ip string, su *SignUp, compose Compose) (bool, error) {
	if err := s.gate.Letter(ctx, ip, su.EmailKey); err != nil {
		return false, err
	}
	su.CreatedAt = s.now()
	su.ExpiresAt = su.CreatedAt.Add(s.rules.Waiting)
	letters, err := s.prove(su, compose)
	if err != nil {
		return false, err
	}
	return s.store.AddSignUp(ctx, su, letters, s.rules.Mails)
}

// Resend sends another letter, with a new code and a new link, and reports
// whether it did: an address is not written to without end.
func (s *SignUps) Resend(ctx context.Context, ip string, su *SignUp, compose Compose) (bool, error) {
	if err := s.gate.Letter(ctx, ip, su.EmailKey); err != nil {
		return false, err
	}
	letters, err := s.prove(su, compose)
	if err != nil {
		return false, err
	}
	return s.store.RenewSignUp(ctx, su, letters, s.rules.Mails, s.now())
}

// prove gives the sign-up a code and a link. Both letters are written, whichever
// will be sent.
func (s *SignUps) prove(su *SignUp, compose Compose) (SignUpLetters, error) {
	p := Secrets{Code: newCode(), Link: handle.New()}
	su.CodeHash, su.LinkKey = sealCode(s.key, su.ID, p.Code), handle.Sum(p.Link)
	return compose(p)
}

// Get returns the sign-up, or a fault of kind NotFound.
func (s *SignUps) Get(ctx context.Context, id string) (*SignUp, error) {
	return s.store.SignUp(ctx, id, s.now())
}

// List returns up to limit sign-ups that wait, with an id greater than after,
// by id.
func (s *SignUps) List(ctx context.Context, after string, limit int) ([]*SignUp, error) {
	return s.store.SignUps(ctx, after, limit, s.now())
}

// ByLink returns the sign-up whose letter has the link, or a fault of kind
// NotFound.
func (s *SignUps) ByLink(ctx context.Context, link string) (*SignUp, error) {
	if !handle.Valid(link) {
		return nil, fault.New(fault.NotFound, "There is no such sign-up.")
	}
	return s.store.SignUpByLink(ctx, handle.Sum(link), s.now())
}

// TryCode activates the sign-up if the code is that of its last letter. A fault
// of kind Invalid: it is not; of kind Expired: it was tried too often, and a new
// one must be asked for; of kind Conflict: the address got an account meanwhile.
func (s *SignUps) TryCode(ctx context.Context, ip, id, code string) (*Account, error) {
	if err := s.gate.Code(ctx, ip); err != nil {
		return nil, err
	}
	hash, err := s.store.CountCode(ctx, id, codeTries, s.now())
	if err != nil {
		return nil, err
	}
	if hash == "" {
		return nil, fault.New(fault.Expired, "This code was tried too often. Ask for a new one.").On("code")
	}
	if !hmac.Equal([]byte(hash), []byte(sealCode(s.key, id, code))) {
		return nil, fault.New(fault.Invalid, "This is not the code of the last e-mail.").On("code")
	}
	return s.store.ActivateSignUp(ctx, id, s.now())
}

// Activate activates the sign-up by its link in the browser that it began in.
func (s *SignUps) Activate(ctx context.Context, su *SignUp) (*Account, error) {
	return s.store.ActivateSignUp(ctx, su.ID, s.now())
}

// Confirm is Activate for another browser: who opens the link must know the
// password, too, so that a stranger who signed up with somebody's address gains
// nothing when its owner opens the letter. A fault of kind Unauthenticated: it
// is another password.
func (s *SignUps) Confirm(ctx context.Context, su *SignUp, password, ip string) (*Account, error) {
	right, err := s.guard.Guess(ctx, su.EmailKey, "", ip)
	if err != nil {
		return nil, err
	}
	ok, _, err := s.hasher.Verify(ctx, su.PasswordHash, password)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errNoMatch()
	}
	a, err := s.store.ActivateSignUp(ctx, su.ID, s.now())
	if err != nil {
		return nil, err
	}
	return a, right(ctx)
}

// Admit makes the account at once, of somebody who opened the link of the
// invitation with the id; the address is proven if the link came by mail. A fault of
// kind Expired: it is not open; of kind Conflict: the address has an account.
func (s *SignUps) Admit(ctx context.Context, su *SignUp, invitation string, proven bool) (*Account, error) {
	return s.store.AdmitSignUp(ctx, su, invitation, proven, s.now())
}

// Drop removes a sign-up that who made it gives up, and reports whether it still
// waited.
func (s *SignUps) Drop(ctx context.Context, su *SignUp) (bool, error) {
	return s.store.DropSignUp(ctx, su.ID)
}

// Deny removes a sign-up that the owner of the address does not know of, and
// reports whether it still waited. Who says so reads the mail of the address, so
// that it gets its letters back: strangers may have used up those of today.
func (s *SignUps) Deny(ctx context.Context, su *SignUp) (bool, error) {
	return s.store.DenySignUp(ctx, su.ID)
}

// Finish ends the sign-up of an account that was activated: true for exactly
// one caller, who may sign the person in. Once the account has another password,
// it is true for nobody: whoever set that one wanted the browsers before it out.
func (s *SignUps) Finish(ctx context.Context, id string) (bool, error) {
	return s.store.TakeSignUp(ctx, id)
}
