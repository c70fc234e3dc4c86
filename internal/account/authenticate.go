package account

import (
	"context"
	"errors"
	"time"

	"signet/internal/argon2"
	"signet/internal/fault"
	"signet/internal/handle"
)

// errNoMatch is the one answer for an unknown address, a wrong password, and an
// account that may not sign in.
func errNoMatch() *fault.Error {
	return fault.New(fault.Unauthenticated, "That e-mail and password do not match.").On("password")
}

// Refusal is the cause of a sign-in that was refused, for those who write down
// what happened. It tells what the person is not told.
type Refusal struct {
	AccountID string // "": there is no such account
	Why       string // "address", "password", "status" or "elsewhere"
}

// Error implements error.
func (r *Refusal) Error() string { return "sign-in refused for its " + r.Why }

// refuse is errNoMatch for the account, or for an empty one, with the password
// right or not.
func refuse(a *Account, right bool) error {
	err, why := errNoMatch(), "password"
	switch {
	case a.ID == "":
		why = "address"
	case right && a.admits():
		why = "elsewhere"
	case right:
		why = "status"
	}
	err.Cause = &Refusal{AccountID: a.ID, Why: why}
	return err
}

// Credentials are what a person typed to sign in, and from where.
type Credentials struct {
	Email, Password string
	Browser         string // the secret name of the browser, or ""
	IP              string
	// Elsewhere reports whether the account, or an empty one for nobody's address,
	// is signed in to by no password: it is then answered like a wrong one, at the
	// same cost. It is asked at each try; nil: none is.
	Elsewhere func(context.Context, *Account) (bool, error)
}

// admits reports whether the right password of the account leads anywhere.
func (c *Credentials) admits(ctx context.Context, a *Account) (bool, error) {
	if c.Elsewhere == nil {
		return a.admits(), nil
	}
	elsewhere, err := c.Elsewhere(ctx, a)
	return a.admits() && !elsewhere, err
}

// Unproven is the error of a sign-in with the right password of a sign-up that
// still waits: the address is to be proven.
type Unproven struct{ SignUp *SignUp }

// Error implements error.
func (u *Unproven) Error() string { return "the sign-up " + u.SignUp.ID + " waits to be activated" }

// Authenticated is an account whose password somebody knew.
type Authenticated struct {
	*Account
	Seen time.Time // when it last signed in with the browser; the zero time: never
}

// Authenticate returns the account of the address if the password is right; the
// error is an *Unproven when it is that of a sign-up that waits: the one that
// began in this browser, or the newest. A stranger's sign-up waits for an
// address that has an account, too, and must be answered like any other, or
// whoever makes one learns which it is. So that nobody learns it from the time,
// either, a sign-in that is refused costs two hashes, whatever there is to
// compare with. The account is active, or its owner has closed it (Closed) and
// may keep it: then nobody is to be signed in.
func (s *Service) Authenticate(ctx context.Context, c Credentials) (*Authenticated, error) {
	_, key, err := NormalizeEmail(c.Email)
	if err != nil {
		key = "" // is nobody's, and takes as long as anybody's
	}
	browser := handle.Sum(c.Browser)
	a, seen, err := s.store.AccountAndBrowser(ctx, key, browser)
	if fault.Is(err, fault.NotFound) {
		a, err = &Account{}, nil // that no password fits
	}
	if err != nil {
		return nil, err
	}
	admits, err := c.admits(ctx, a)
	if err != nil {
		return nil, err
	}
	known := browser
	if seen.IsZero() {
		known = ""
	}
	right, err := s.guard.Guess(ctx, key, known, c.IP)
	if err != nil {
		return nil, err
	}
	found, err := s.compare(ctx, a, c.Password, admits, func() (*SignUp, error) {
		return s.store.WaitingSignUp(ctx, key, browser, s.now())
	})
	if err != nil {
		// Nothing was evaluated: who is turned away in a rush loses no try.
		return nil, errors.Join(err, right(ctx))
	}
	switch {
	case found.right && admits:
	case found.waits != nil:
		return nil, errors.Join(right(ctx), &Unproven{found.waits})
	default:
		return nil, refuse(a, found.right)
	}
	if found.renew {
		if err := s.renewHash(ctx, a, c.Password); err != nil {
			return nil, err
		}
	}
	return &Authenticated{a, seen}, right(ctx)
}

// admits reports whether its status lets the right password lead anywhere.
func (a *Account) admits() bool { return a.Status == Active || a.Status == Closed }

// compared is what a password was found to be.
type compared struct {
	right bool    // that of the account
	renew bool    // and its hash is to be made again
	waits *SignUp // that of this sign-up, or nil
}

// compare compares the password with that of the account and, unless that is right
// and admits, with that of the sign-up that waits, which may be nil. It is looked
// for only then, by everybody who is refused.
func (s *Service) compare(ctx context.Context, a *Account, password string, admits bool, waiting func() (*SignUp, error)) (found compared, err error) {
	err = s.hasher.inTurn(ctx, password, func(m *argon2.Memory) (err error) {
		found.right, found.renew, err = s.hasher.verify(m, a.PasswordHash, password)
		if err != nil || found.right && admits {
			return err
		}
		waits, err := waiting()
		if err != nil {
			return err
		}
		hash := ""
		if waits != nil {
			hash = waits.PasswordHash
		}
		same, _, err := s.hasher.verify(m, hash, password)
		if same {
			found.waits = waits
		}
		return err
	})
	return found, err
}
