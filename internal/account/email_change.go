package account

import (
	"context"
	"time"

	"github.com/google/uuid"

	"signet/internal/fault"
	"signet/internal/handle"
	"signet/internal/outbox"
)

// EmailChange is an address that the owner of an account wants to move to.
//
//	AskEmail ──link to the new address──> ConfirmEmail ──link to the old one──> RestoreEmail
type EmailChange struct {
	ID                    string // a UUIDv7 in its text form
	AccountID             string
	OldEmail, OldEmailKey string
	NewEmail, NewEmailKey string
	ConfirmKey            string // handle.Sum of the link to the new address
	CreatedAt             time.Time
	ExpiresAt             time.Time // of the link
}

// EmailLimits bound what letters to strangers can be caused by one account, and
// to one address.
type EmailLimits struct {
	Account, Address int           // changes asked for
	Window           time.Duration // in any of these
}

// EmailChangeStore keeps changes of addresses.
type EmailChangeStore interface {
	// AddEmailChange stores the change, ends the account's others that wait, and
	// queues one of the letters with the same commit: taken where another account
	// has the address, else free. Over the account's limit it is a fault of kind
	// Limited; over the address's, no letter goes out.
	AddEmailChange(ctx context.Context, c *EmailChange, free, taken *outbox.Mail, limits EmailLimits) error
	// WaitingEmailChange returns the account's change that waits, or nil.
	WaitingEmailChange(ctx context.Context, accountID string, now time.Time) (*EmailChange, error)
	// ConfirmEmailChange moves the account to the new address, if the change with
	// the key waits and the account is active and has the old address still, and
	// queues the notice, which may be nil, with the same commit. Of any number of
	// callers one succeeds; a fault of kind Expired for the others, of kind
	// Conflict when another account has the address by now.
	ConfirmEmailChange(ctx context.Context, confirmKey, restoreKey string, notice *outbox.Mail, now time.Time) error
	// RestorableEmailChange returns the change that was confirmed after the time
	// and can be taken back by the key, or a fault of kind Expired.
	RestorableEmailChange(ctx context.Context, restoreKey string, after time.Time) (*EmailChange, error)
	// RestoreEmail takes the change back, with all later ones: the account has the
	// old address, proven, no password, no known browser, and is not being closed
	// any more. It queues the notice, which may be nil, with the same commit, to
	// whichever proven address the account loses. Of any number of callers one
	// succeeds; a fault of kind Expired for the others, of kind Conflict when
	// another account has the address by now.
	RestoreEmail(ctx context.Context, restoreKey string, notice *outbox.Mail, after, now time.Time) (*EmailChange, error)
	// DeleteEmailChanges removes up to limit that were asked for before the time,
	// and returns how many.
	DeleteEmailChanges(ctx context.Context, before time.Time, limit int) (int, error)
}

// The times of a change of address.
const (
	ConfirmWithin = 24 * time.Hour
	RestoreWithin = 7 * 24 * time.Hour
	// KeepEmailChanges is how long a change is kept: for longer than any of its
	// links can be used.
	KeepEmailChanges = 30 * 24 * time.Hour
)

var emailLimits = EmailLimits{Account: 5, Address: 5, Window: 24 * time.Hour}

// EmailLetters write what goes to the new address: a letter with the link, and
// one for the owner of an account that has the address already. Both are
// written, whichever is sent.
type EmailLetters func(address, link string) (free, taken *outbox.Mail, err error)

// AskEmail sends a link to the address that was typed. What it returns, and how
// long it takes, does not tell whether the address has an account. A fault of
// kind Invalid: it is no address; of kind Conflict: it is the account's own.
func (s *Changes) AskEmail(ctx context.Context, a *Account, typed string, letters EmailLetters) error {
	address, key, err := NormalizeEmail(typed)
	if err != nil {
		return err
	}
	if key == a.EmailKey && a.EmailVerified {
		return fault.New(fault.Conflict, "This is the address of the account already.").On("email")
	}
	link, now := handle.New(), s.now()
	free, taken, err := letters(address, link)
	if err != nil {
		return err
	}
	return s.store.AddEmailChange(ctx, &EmailChange{
		ID: uuid.Must(uuid.NewV7()).String(), AccountID: a.ID, OldEmail: a.Email, OldEmailKey: a.EmailKey,
		NewEmail: address, NewEmailKey: key, ConfirmKey: handle.Sum(link), CreatedAt: now, ExpiresAt: now.Add(ConfirmWithin),
	}, free, taken, emailLimits)
}

// WaitingEmail returns the change that waits to be confirmed, or nil.
func (s *Changes) WaitingEmail(ctx context.Context, a *Account) (*EmailChange, error) {
	return s.store.WaitingEmailChange(ctx, a.ID, s.now())
}

// EmailOf returns the account's change that waits for the link, or a fault of
// kind Expired.
func (s *Changes) EmailOf(ctx context.Context, a *Account, link string) (*EmailChange, error) {
	c, err := s.WaitingEmail(ctx, a)
	if err != nil {
		return nil, err
	}
	if c == nil || !handle.Valid(link) || c.ConfirmKey != handle.Sum(link) {
		return nil, errLinkOver()
	}
	return c, nil
}

func errLinkOver() error {
	return fault.New(fault.Expired, "This link was used already, or too much time has passed.")
}

// ConfirmEmail moves the account to the address of the change. compose writes
// the notice to the old address with the link back; nil: nobody is told, as
// nobody is known to own it.
func (s *Changes) ConfirmEmail(ctx context.Context, a *Account, c *EmailChange, compose func(back string) (*outbox.Mail, error)) error {
	back := handle.New()
	var notice *outbox.Mail
	if compose != nil {
		var err error
		if notice, err = compose(back); err != nil {
			return err
		}
	}
	defer s.accounts.recent.forget(a.ID)
	return s.store.ConfirmEmailChange(ctx, c.ConfirmKey, handle.Sum(back), notice, s.now())
}

// Restorable returns the change that the link to the old address takes back, or
// a fault of kind Expired.
func (s *Changes) Restorable(ctx context.Context, back string) (*EmailChange, error) {
	if !handle.Valid(back) {
		return nil, errLinkOver()
	}
	return s.store.RestorableEmailChange(ctx, handle.Sum(back), s.now().Add(-RestoreWithin))
}

// RestoreEmail takes the change back and returns it. Somebody else knew the
// password, or the mailbox, so that the account has no password after; its
// sessions are the caller's to end. compose writes the notice to the address
// that the account loses, or none.
func (s *Changes) RestoreEmail(ctx context.Context, back string, compose func(*Account) (*outbox.Mail, error)) (*EmailChange, error) {
	c, err := s.Restorable(ctx, back)
	if err != nil {
		return nil, err
	}
	a, err := s.accounts.Get(ctx, c.AccountID)
	if err != nil {
		return nil, err
	}
	notice, err := compose(a)
	if err != nil {
		return nil, err
	}
	now := s.now()
	c, err = s.store.RestoreEmail(ctx, handle.Sum(back), notice, now.Add(-RestoreWithin), now)
	if err == nil {
		s.accounts.recent.forget(c.AccountID)
	}
	return c, err
}
