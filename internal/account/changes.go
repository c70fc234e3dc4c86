package account

import (
	"context"
	"time"

	"signet/internal/fault"
	"signet/internal/handle"
	"signet/internal/outbox"
)

// ChangeStore keeps what the owner of an account changes of it.
type ChangeStore interface {
	// ChangePassword replaces the hash if it is still old, forgets all browsers
	// but the one with the key and queues the notice, which may be nil, with the
	// same commit. It reports whether the hash was old.
	ChangePassword(ctx context.Context, c PasswordChange, notice *outbox.Mail, now time.Time) (bool, error)

	EmailChangeStore
	ClosingStore
}

// PasswordChange is a new password.
type PasswordChange struct {
	AccountID  string
	Old, New   string // hashes
	BrowserKey string // handle.Sum of the browser that the account goes on knowing
}

// Changes are what the owner of an account does to it. That it is the owner,
// Service.Prove has shown.
type Changes struct {
	store    ChangeStore
	accounts *Service
	grace    time.Duration
	now      func() time.Time
}

// NewChanges returns the service on the store. grace is the time between the
// closing of an account and its erasure.
func NewChanges(store ChangeStore, accounts *Service, grace time.Duration, now func() time.Time) *Changes {
	return &Changes{store: store, accounts: accounts, grace: grace, now: now}
}

// errMeanwhile is the fault of a change to an account that is not as it was.
func errMeanwhile() error {
	return fault.New(fault.Conflict, "The account was changed meanwhile. Please try again.")
}

// SetPassword sets the password. The account knows the browser with the secret
// name, and no other, after. Its sessions are the caller's to end.
func (s *Changes) SetPassword(ctx context.Context, a *Account, password, browser string, notice *outbox.Mail) error {
	hash, err := s.accounts.hasher.Hash(ctx, password)
	if err != nil {
		return err
	}
	c := PasswordChange{AccountID: a.ID, Old: a.PasswordHash, New: hash, BrowserKey: handle.Sum(browser)}
	done, err := s.store.ChangePassword(ctx, c, notice, s.now())
	if err == nil && !done {
		err = errMeanwhile()
	}
	return err
}
