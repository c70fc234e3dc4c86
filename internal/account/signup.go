package account

import (
	"context"
	"time"

	"signet/internal/outbox"
)

// SignUp is an account that waits until its address is proven. Anybody can
// sign up with any address, so that several may wait for one: each has its own
// password, code and link, and the first that is activated is the account.
//
//	Keep ──letter──> TryCode, or Activate or Confirm by the link ──> Finish
//	                 │ Deny: "this was not me"
//	                 └ or it expires
//
// Its ID is that of the account to be.
type SignUp struct {
	ID           string // a UUIDv7 in its text form
	Email        string // as typed; mail goes here
	EmailKey     string // see NormalizeEmail
	PasswordHash string
	Profile      Profile    // what the person told of itself, and the language
	News         *Agreement // to be sent news, for the ledger; nil: not wanted
	ClientID     string     // the app that it began at, or ""
	Browser      string     // handle.Sum of the name of the browser that it began in
	CodeHash     string     // of the code in its last letter
	LinkKey      string     // handle.Sum of the handle in the link
	CreatedAt    time.Time
	ExpiresAt    time.Time
	ActivatedAt  time.Time // zero: it waits
}

// Active reports whether the address was proven: the account is there.
func (s *SignUp) Active() bool { return !s.ActivatedAt.IsZero() }

// Secrets are what a letter carries to who owns the address, in plain text:
// they are nowhere else.
type Secrets struct{ Code, Link string }

// SignUpLetters are the two letters that answer a sign-up. Which of them goes
// out depends on whether the address has an account, and only who reads its
// mail learns that.
type SignUpLetters struct {
	Activate *outbox.Mail
	Known    *outbox.Mail
}

// MailLimits bound how often one address is written to, whoever asks.
type MailLimits struct {
	Pause  time.Duration // between two letters
	Most   int           // in any Window
	Window time.Duration
}

// SignUpStore keeps what waits. A sign-up that has expired is not there.
type SignUpStore interface {
	// AddSignUp stores the sign-up and queues one of the letters with the same
	// commit; none when the limits do not allow it. Unless it is the letter to
	// activate, no code is good, and is refused as a wrong one is. It costs the
	// same whichever it is. It reports false for a sign-up that is there already,
	// which is left as it is, and nothing is queued.
	AddSignUp(ctx context.Context, s *SignUp, letters SignUpLetters, limits MailLimits) (bool, error)
	// RenewSignUp is AddSignUp for one that waits: it gets the code and the link
	// of s and new tries if a letter may go out, else it stays as it is. It
	// reports whether one did.
	RenewSignUp(ctx context.Context, s *SignUp, letters SignUpLetters, limits MailLimits, now time.Time) (bool, error)
	// SignUp returns the sign-up, or a fault of kind NotFound.
	SignUp(ctx context.Context, id string, now time.Time) (*SignUp, error)
	// SignUpByLink returns the sign-up by its LinkKey, or a fault of kind
	// NotFound.
	SignUpByLink(ctx context.Context, key string, now time.Time) (*SignUp, error)
	// WaitingSignUp returns the newest that waits for the address, or rather the
	// newest that began in the browser; nil when there is none.
	WaitingSignUp(ctx context.Context, emailKey, browser string, now time.Time) (*SignUp, error)
	// SignUps returns up to limit that wait, with an id greater than after, by id.
	SignUps(ctx context.Context, after string, limit int, now time.Time) ([]*SignUp, error)
	// CountCode counts one try of the sign-up's code and returns the hash to
	// compare with; "" when there were most already, or the sign-up does not wait.
	CountCode(ctx context.Context, id string, most int, now time.Time) (string, error)
	// ActivateSignUp makes the account of a sign-up that waits. All others of its
	// address wait in vain from then on, like those for an address with an
	// account: no code or link of theirs is good. Of any number of callers, for
	// any sign-up of the address, one makes it. A fault of kind NotFound when the sign-up does not
	// wait, of kind Conflict when the address has an account.
	ActivateSignUp(ctx context.Context, id string, now time.Time) (*Account, error)
	// AdmitSignUp makes the account of a sign-up that was never stored, since it is
	// admitted by the invitation with the id, which stays open; proven says whether
	// that proves its address. It ends
	// all others as ActivateSignUp does. A fault of kind Expired when that is not
	// an open invitation of the address, of kind Conflict when the address has an
	// account.
	AdmitSignUp(ctx context.Context, s *SignUp, invitation string, proven bool, now time.Time) (*Account, error)
	// TakeSignUp removes a sign-up that was activated, if its account still has
	// the sign-up's password: true for exactly one of several callers.
	TakeSignUp(ctx context.Context, id string) (bool, error)
	// DropSignUp removes a sign-up that waits, and reports whether it did.
	DropSignUp(ctx context.Context, id string) (bool, error)
	// DenySignUp is DropSignUp, and forgets the letters that its address was sent.
	DenySignUp(ctx context.Context, id string) (bool, error)
	// DeleteSignUps removes up to limit that expired before now, and returns how many.
	DeleteSignUps(ctx context.Context, now time.Time, limit int) (int, error)
}
