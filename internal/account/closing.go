package account

import (
	"context"
	"time"

	"signet/internal/fault"
	"signet/internal/outbox"
)

// Closing is an account that its owner closed.
type Closing struct {
	AccountID string
	EraseAt   time.Time
	Reminded  bool
}

// ClosingStore keeps which accounts are being closed.
type ClosingStore interface {
	// CloseAccount makes an active account one that is erased at the time, and
	// queues the notice, which may be nil, with the same commit. It reports
	// whether the account was active. Organizations that nobody else belongs to
	// are deleted with it, to be erased at the same time. A fault of kind Conflict,
	// and nothing is changed: the account is the last owner of one that others
	// belong to.
	CloseAccount(ctx context.Context, c Closing, notice *outbox.Mail, now time.Time) (bool, error)
	// KeepAccount makes an account that is being closed active, and reports
	// whether it was being closed.
	KeepAccount(ctx context.Context, accountID string, now time.Time) (bool, error)
	// Closing returns when the account is erased; nil: it is not being closed.
	Closing(ctx context.Context, accountID string) (*Closing, error)
	// Closings returns up to limit accounts being closed whose time comes before
	// the given one, the next first.
	Closings(ctx context.Context, before time.Time, limit int) ([]*Closing, error)
	// RemindOfClosing queues the letter once for each closing, and reports
	// whether it did now.
	RemindOfClosing(ctx context.Context, accountID string, letter *outbox.Mail, now time.Time) (bool, error)
	// EraseClosed erases the account as DeleteAccount does, if it is being closed
	// and its time has come, and queues the letter, which may be nil, with the
	// same commit. It reports whether it did.
	EraseClosed(ctx context.Context, accountID string, letter *outbox.Mail, now time.Time) (bool, error)
}

// EraseAt is when an account is erased that is closed now.
func (s *Changes) EraseAt() time.Time { return s.now().Add(s.grace) }

// Close closes the account: it can be kept until the time, and is erased then. A
// fault of kind Conflict when an organization would be left without an owner, or
// somebody else changed the account meanwhile.
// Its sessions are the caller's to end, after.
func (s *Changes) Close(ctx context.Context, a *Account, eraseAt time.Time, notice *outbox.Mail) error {
	defer s.accounts.recent.forget(a.ID)
	done, err := s.store.CloseAccount(ctx, Closing{AccountID: a.ID, EraseAt: eraseAt}, notice, s.now())
	if err == nil && !done {
		err = errMeanwhile()
	}
	return err
}

// Keep makes an account that is being closed what it was, and returns it; a
// fault of kind Expired when it is not being closed.
func (s *Changes) Keep(ctx context.Context, a *Account) (*Account, error) {
	defer s.accounts.recent.forget(a.ID)
	kept, err := s.store.KeepAccount(ctx, a.ID, s.now())
	if err != nil {
		return nil, err
	}
	if !kept {
		return nil, fault.New(fault.Expired, "This account is not being closed any more.")
	}
	return s.accounts.Get(ctx, a.ID)
}

// Closing returns when the account is erased; nil: it is not being closed.
func (s *Changes) Closing(ctx context.Context, accountID string) (*Closing, error) {
	return s.store.Closing(ctx, accountID)
}

// remindBefore is how long before an account is erased its owner is told once
// more, if the time to keep it is at least twice that.
const remindBefore = 3 * 24 * time.Hour

// Due returns accounts whose owners are to be told once more, and those that are
// to be erased now: some of each, the next first.
func (s *Changes) Due(ctx context.Context) (remind, erase []*Closing, err error) {
	now := s.now()
	due, err := s.store.Closings(ctx, now.Add(remindBefore), 100)
	for _, c := range due {
		switch {
		case !c.EraseAt.After(now):
			erase = append(erase, c)
		case !c.Reminded && s.grace >= 2*remindBefore:
			remind = append(remind, c)
		}
	}
	return remind, erase, err
}

// Remind sends the letter, unless it was sent before.
func (s *Changes) Remind(ctx context.Context, c *Closing, letter *outbox.Mail) error {
	_, err := s.store.RemindOfClosing(ctx, c.AccountID, letter, s.now())
	return err
}

// Erase erases the account and reports whether it did: it may have been kept, or
// erased by another node.
func (s *Changes) Erase(ctx context.Context, c *Closing, letter *outbox.Mail) (bool, error) {
	defer s.accounts.recent.forget(c.AccountID)
	return s.store.EraseClosed(ctx, c.AccountID, letter, s.now())
}
