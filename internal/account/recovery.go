package account

import (
	"context"
	"time"

	"github.com/google/uuid"

	"signet/internal/fault"
	"signet/internal/handle"
	"signet/internal/outbox"
)

// Ticket is a password reset that was asked for. There is one for every address
// that is asked for, with an account or without, so that nobody learns from
// this house who is here.
//
//	Ask ──code by mail──> Prove ──> Reset
//
// Its code is good for a while, for a few tries, and in one flow alone.
type Ticket struct {
	ID        string // a UUIDv7 in its text form
	AccountID string // "": nobody's, and no code proves it
	EmailKey  string
	FlowKey   string // handle.Sum of the flow's id
	CodeHash  string // see sealCode
	// PasswordKey is handle.Sum of the password hash at the time: once there is
	// another password, whoever set it, the ticket is good for nothing.
	PasswordKey string
	CreatedAt   time.Time
	ExpiresAt   time.Time
	Used        bool // a password was set by it
}

// Proof is what a code was worth.
type Proof int

// The proofs.
const (
	Proven Proof = iota // it is the one that was sent
	Wrong               // another may be tried
	Over                // no code is any good: too late, or too often wrong
)

// RecoveryStore keeps the tickets of password resets.
type RecoveryStore interface {
	// AddRecovery stores the ticket and queues the mail with the same commit.
	AddRecovery(ctx context.Context, t *Ticket, m *outbox.Mail) error
	// ProveRecovery counts a try at the code of the flow's ticket and evaluates
	// it, in one step: of any number of callers no more than most are told
	// anything but Over. A ticket that is proven may be used until the time.
	ProveRecovery(ctx context.Context, id, flowKey, codeHash string, most int, now, until time.Time) (Proof, error)
	// ProvenRecovery returns the flow's ticket if it is proven, and was used or is
	// not too old; else nil.
	ProvenRecovery(ctx context.Context, id, flowKey string, now time.Time) (*Ticket, error)
	// UseRecovery uses up the flow's proven ticket, if the account is active and
	// still has the ticket's address and the old password hash. With the same
	// commit it gets the new hash, its address counts as proven, it forgets all
	// browsers but the one with the key, and the notice, if it is not nil, is
	// queued. It reports whether all that happened; else nothing did.
	UseRecovery(ctx context.Context, use RecoveryUse, now time.Time, notice *outbox.Mail) (bool, error)
	// DeleteRecoveries removes up to limit tickets that were made before the
	// time, and returns how many.
	DeleteRecoveries(ctx context.Context, before time.Time, limit int) (int, error)
}

// RecoveryUse is what the use of a ticket changes, and what it depends on.
type RecoveryUse struct {
	ID, FlowKey string
	Old, New    string // password hashes
	BrowserKey  string // handle.Sum of the browser's secret name
}

// RecoveryRules bound what a password reset may be tried.
type RecoveryRules struct {
	Code  time.Duration // how long a code is good, and then how long its proof
	Tries int           // codes that may be typed for one that was sent
}

// Recoveries sets new passwords for people who prove that they read the mail of
// their account's address.
type Recoveries struct {
	store    RecoveryStore
	accounts *Service
	asking   Guard // how often a code is sent
	guessing Guard // how often one is typed
	key      []byte
	rules    RecoveryRules
	now      func() time.Time
}

// NewRecoveries returns the service on the store. key is 32 secret bytes: codes
// are short, and a plain hash of one would give it away.
func NewRecoveries(store RecoveryStore, accounts *Service, asking, guessing Guard, key []byte, rules RecoveryRules, now func() time.Time) *Recoveries {
	return &Recoveries{store: store, accounts: accounts, asking: asking, guessing: guessing, key: key, rules: rules, now: now}
}

// CodeLife is how long a code is good.
func (s *Recoveries) CodeLife() time.Duration { return s.rules.Code }

// Asked is who asks for a code, and where.
type Asked struct {
	Email   string // as typed
	FlowKey string // handle.Sum of the flow's id
	Browser string // the secret name of the browser, or ""
	IP      string
}

// Ask sends a code to the address, if there is somebody with a password to set,
// and returns the ticket; a fault of kind Limited when it was asked for too
// often. compose writes the letter with the code: to the account, or to nobody
// for an account of nil. Both are composed and stored alike, and the one to
// nobody is never sent.
func (s *Recoveries) Ask(ctx context.Context, by Asked, compose func(a *Account, code string) (*outbox.Mail, error)) (*Ticket, error) {
	_, key, err := NormalizeEmail(by.Email)
	if err != nil {
		return nil, err
	}
	a, _, err := s.admit(ctx, s.asking, key, by)
	if err != nil {
		return nil, err
	}
	now, code := s.now(), newCode()
	t := &Ticket{
		ID: uuid.Must(uuid.NewV7()).String(), EmailKey: key, FlowKey: by.FlowKey,
		PasswordKey: handle.Sum(a.PasswordHash), CreatedAt: now, ExpiresAt: now.Add(s.rules.Code),
	}
	t.CodeHash = sealCode(s.key, t.ID, code)
	var to *Account
	if a.admits() {
		t.AccountID, to = a.ID, a
	}
	m, err := compose(to, code)
	if err != nil {
		return nil, err
	}
	return t, s.store.AddRecovery(ctx, t, m)
}

// admit counts a try at the account of the key, which is returned, or an empty
// one.
func (s *Recoveries) admit(ctx context.Context, guard Guard, key string, by Asked) (*Account, func(context.Context) error, error) {
	a, err := s.accounts.find(ctx, key)
	if err != nil {
		return nil, nil, err
	}
	browser, err := s.accounts.knownBrowser(ctx, a, by.Browser)
	if err != nil {
		return nil, nil, err
	}
	right, err := guard.Guess(ctx, key, browser, by.IP)
	return a, right, err
}

// Prove tries the code that was typed for the flow's ticket; a fault of kind
// Limited when too many were. by is who asked for the ticket.
func (s *Recoveries) Prove(ctx context.Context, ticket, code string, by Asked) (Proof, error) {
	_, key, err := NormalizeEmail(by.Email)
	if err != nil {
		return Over, err
	}
	_, right, err := s.admit(ctx, s.guessing, key, by)
	if err != nil {
		return Over, err
	}
	now := s.now()
	proof, err := s.store.ProveRecovery(ctx, ticket, by.FlowKey, sealCode(s.key, ticket, code), s.rules.Tries, now, now.Add(s.rules.Code))
	if err != nil || proof != Proven {
		return proof, err
	}
	return Proven, right(ctx)
}

// Whose returns the account whose password the flow's proven ticket sets. A
// fault of kind Conflict: it was set already; of kind Expired: it is too late,
// or something else changed the account.
func (s *Recoveries) Whose(ctx context.Context, ticket, flowKey string) (*Account, error) {
	t, err := s.store.ProvenRecovery(ctx, ticket, flowKey, s.now())
	if err != nil {
		return nil, err
	}
	if t == nil || t.Used {
		return nil, s.over(ctx, ticket, flowKey)
	}
	a, err := s.accounts.Get(ctx, t.AccountID)
	switch {
	case fault.Is(err, fault.NotFound):
		return nil, s.over(ctx, ticket, flowKey)
	case err != nil:
		return nil, err
	case !a.admits() || a.EmailKey != t.EmailKey || handle.Sum(a.PasswordHash) != t.PasswordKey:
		return nil, s.over(ctx, ticket, flowKey)
	}
	return a, nil
}

// over says why the ticket is not there to be used, as it is now: another
// caller may just have used it.
func (s *Recoveries) over(ctx context.Context, ticket, flowKey string) error {
	t, err := s.store.ProvenRecovery(ctx, ticket, flowKey, s.now())
	switch {
	case err != nil:
		return err
	case t != nil && t.Used:
		return fault.New(fault.Conflict, "The password was set already.")
	}
	return fault.New(fault.Expired, "This password reset is over. Please ask for a new code.")
}

// Reset is a password to be set by a proven ticket.
type Reset struct {
	Ticket, FlowKey string
	Account         *Account // as Whose returned it
	Password        string
	Browser         string       // the secret name of the browser: the account goes on knowing it
	Notice          *outbox.Mail // to the owner; nil: none
}

// Reset sets the password, or returns a fault as Whose does: of any number of
// callers one succeeds. The account's sessions are the caller's to end, after.
func (s *Recoveries) Reset(ctx context.Context, n Reset) error {
	hash, err := s.accounts.hasher.Hash(ctx, n.Password)
	if err != nil {
		return err
	}
	defer s.accounts.recent.forget(n.Account.ID)
	used, err := s.store.UseRecovery(ctx, RecoveryUse{
		ID: n.Ticket, FlowKey: n.FlowKey, Old: n.Account.PasswordHash, New: hash, BrowserKey: handle.Sum(n.Browser),
	}, s.now(), n.Notice)
	if err != nil || used {
		return err
	}
	return s.over(ctx, n.Ticket, n.FlowKey)
}

// KeepRecoveries is how long a ticket is kept after it was made: for longer than
// any can be used.
const KeepRecoveries = 24 * time.Hour
