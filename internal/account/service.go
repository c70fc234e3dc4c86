package account

import (
	"context"
	"maps"
	"reflect"
	"time"

	"github.com/google/uuid"

	"signet/internal/audit"
	"signet/internal/fault"
	"signet/internal/handle"
)

// Guard bounds how often passwords are guessed. It counts a guess before the
// guess is looked at, so that any number of parallel ones evaluate no more
// than the limit.
type Guard interface {
	// Guess counts one guess at the account with the key, from the address; a
	// fault of kind Limited when there were too many. A browser that signed in
	// to the account before is named and has a count of its own, so that
	// strangers cannot use up its owner's tries; for any other it is "". right
	// takes the guess back: it was none.
	Guess(ctx context.Context, emailKey, browser, ip string) (right func(context.Context) error, err error)
}

// Stores are what the service works on: most often one database is all of them.
type Stores interface {
	Store
	BrowserStore
	// WaitingSignUp is that of SignUpStore.
	WaitingSignUp(ctx context.Context, emailKey, browser string, now time.Time) (*SignUp, error)
	// RecordSignIn appends the entry as audit.Store does where the account is
	// active and the hash is its password's; false, and nothing appended, where not.
	RecordSignIn(ctx context.Context, accountID, hash string, e *audit.Entry) (bool, error)
}

// Service is what may be done with accounts.
type Service struct {
	store  Stores
	hasher *Hasher
	guard  Guard
	now    func() time.Time
	recent recent
}

// NewService returns the service on the stores.
func NewService(store Stores, hasher *Hasher, guard Guard, now func() time.Time) *Service {
	s := &Service{store: store, hasher: hasher, guard: guard, now: now}
	s.recent.init()
	return s
}

// knownBrowser returns the browser's key if it signed in to the account before,
// else "".
func (s *Service) knownBrowser(ctx context.Context, a *Account, browser string) (string, error) {
	id, key := a.ID, handle.Sum(browser)
	if id == "" {
		id = uuid.Nil.String() // nobody's, and asked for all the same
	}
	seen, err := s.store.Browser(ctx, id, key)
	if err != nil || seen.IsZero() {
		return "", err
	}
	return key, nil
}

// find returns the account, or an empty one that no password fits.
func (s *Service) find(ctx context.Context, key string) (*Account, error) {
	a, err := s.store.AccountByEmailKey(ctx, key)
	if fault.Is(err, fault.NotFound) {
		return &Account{}, nil
	}
	return a, err
}

// RecordSignIn adds the sign-in to the audit log if the account is as it was when
// its password was checked, and else returns false: an operator may have disabled
// it, or a new password may have been set, while the check waited its turn. It is
// asked once the session exists, so that whoever ends all sessions of an account
// first changes it and misses none.
func (s *Service) RecordSignIn(ctx context.Context, a *Account, e *audit.Entry) (bool, error) {
	return s.store.RecordSignIn(ctx, a.ID, a.PasswordHash, e)
}

func (s *Service) renewHash(ctx context.Context, a *Account, password string) error {
	hash, err := s.hasher.Hash(ctx, password)
	if err != nil {
		return err
	}
	renewed, err := s.store.SetPasswordHash(ctx, a.ID, a.PasswordHash, hash, s.now())
	if err != nil || renewed {
		a.PasswordHash = hash
		return err
	}
	// Somebody was faster: another sign-in that renewed it, too, or a new
	// password, which this one is not.
	now, err := s.store.Account(ctx, a.ID)
	if err != nil {
		return err
	}
	same, _, err := s.hasher.Verify(ctx, now.PasswordHash, password)
	if same {
		a.PasswordHash = now.PasswordHash
	}
	return err
}

// Get returns the account as it is now.
func (s *Service) Get(ctx context.Context, id string) (*Account, error) {
	return s.store.Account(ctx, id)
}

// Recent returns the account as it was at most a second ago: enough for what
// apps are told about a person, whose token was checked by other means. The
// caller must not change it.
func (s *Service) Recent(ctx context.Context, id string) (*Account, error) {
	if a := s.recent.get(id, s.now()); a != nil {
		return a, nil
	}
	a, err := s.store.Account(ctx, id)
	if err != nil {
		return nil, err
	}
	s.recent.put(a, s.now())
	return a, nil
}

// ByEmail returns the account of the address as typed, or a fault of kind
// NotFound.
func (s *Service) ByEmail(ctx context.Context, email string) (*Account, error) {
	_, key, err := NormalizeEmail(email)
	if err != nil {
		return nil, err
	}
	return s.store.AccountByEmailKey(ctx, key)
}

// List returns up to limit accounts with an id greater than after, by id.
func (s *Service) List(ctx context.Context, after string, limit int) ([]*Account, error) {
	return s.store.Accounts(ctx, after, limit)
}

// New is an account to be made or declared by an operator.
type New struct {
	Email        string
	Password     string // or:
	PasswordHash string // PHC or MCF
	Verified     bool
	Disabled     bool
	Profile      Profile
}

// Create makes an account for an operator, who answers for the address. A
// fault of kind Conflict: the address has one.
func (s *Service) Create(ctx context.Context, n New) (*Account, error) {
	a := &Account{ID: uuid.Must(uuid.NewV7()).String()}
	if err := s.fill(ctx, a, n); err != nil {
		return nil, err
	}
	a.CreatedAt = a.UpdatedAt
	return a, s.store.CreateAccount(ctx, a)
}

// Update makes the stored account be as declared, and reports whether anything
// was changed. An empty password and hash leave the password as it is.
func (s *Service) Update(ctx context.Context, a *Account, n New) (bool, error) {
	next := *a
	same, err := s.samePassword(ctx, a, n)
	if err != nil {
		return false, err
	}
	if same {
		n.Password, n.PasswordHash = "", ""
	}
	if err := s.fill(ctx, &next, n); err != nil {
		return false, err
	}
	if sameAccount(a, &next) {
		return false, nil
	}
	return true, s.store.UpdateAccount(ctx, &next, a.UpdatedAt)
}

// samePassword reports whether what is declared is the password already, so
// that declaring it again changes nothing.
func (s *Service) samePassword(ctx context.Context, a *Account, n New) (bool, error) {
	switch {
	case n.PasswordHash != "":
		return n.PasswordHash == a.PasswordHash, nil
	case n.Password != "" && a.PasswordHash != "":
		ok, _, err := s.hasher.Verify(ctx, a.PasswordHash, n.Password)
		return ok, err
	}
	return true, nil
}

func sameAccount(a, b *Account) bool {
	return a.Email == b.Email && a.EmailVerified == b.EmailVerified && a.PasswordHash == b.PasswordHash &&
		a.Status == b.Status && a.Profile.Equal(b.Profile)
}

// Equal reports whether both say the same.
func (p Profile) Equal(q Profile) bool {
	same := maps.Equal(p.Localized, q.Localized)
	p.Localized, q.Localized = nil, nil
	return same && reflect.DeepEqual(p, q)
}

func (s *Service) fill(ctx context.Context, a *Account, n New) error {
	address, key, err := NormalizeEmail(n.Email)
	if err != nil {
		return err
	}
	switch {
	case n.PasswordHash != "":
		if err := s.hasher.CheckImported(n.PasswordHash); err != nil {
			return err
		}
		a.PasswordHash = n.PasswordHash
	case n.Password != "":
		if a.PasswordHash, err = s.hasher.Hash(ctx, n.Password); err != nil {
			return err
		}
	}
	a.Email, a.EmailKey, a.EmailVerified, a.Profile = address, key, n.Verified, n.Profile
	switch {
	case n.Disabled:
		a.Status = Disabled
	case a.Status != Closed: // its owner closes it, whatever is declared
		a.Status = Active
	}
	a.UpdatedAt = s.now()
	return nil
}

// SetPassword sets the account's password for an operator. The account forgets
// its browsers: one of them may be why it needs another password.
func (s *Service) SetPassword(ctx context.Context, a *Account, password string) error {
	next := *a
	var err error
	if next.PasswordHash, err = s.hasher.Hash(ctx, password); err != nil {
		return err
	}
	next.UpdatedAt = s.now()
	if err := s.store.UpdateAccount(ctx, &next, a.UpdatedAt); err != nil {
		return err
	}
	return s.store.ForgetBrowsers(ctx, a.ID)
}

// SetStatus lets the account sign in, or not.
func (s *Service) SetStatus(ctx context.Context, a *Account, status Status) error {
	next := *a
	next.Status, next.UpdatedAt = status, s.now()
	defer s.recent.forget(a.ID)
	return s.store.UpdateAccount(ctx, &next, a.UpdatedAt)
}

// Find returns the account that has the id, or the address as typed, or a fault of
// kind NotFound.
func (s *Service) Find(ctx context.Context, who string) (*Account, error) {
	find := s.ByEmail
	if uuid.Validate(who) == nil {
		find = s.Get
	}
	a, err := find(ctx, who)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) {
		return nil, fault.New(fault.NotFound, "no account has this address or id") // which is not repeated: it may be in a log
	}
	return a, err
}

// attempts is how often something is done anew to an account that somebody else
// changed meanwhile.
const attempts = 5

// Alter does something to the account that has the id or the address, and returns it
// as it was when that was done. Where somebody else changed it meanwhile, it is read
// and done again.
func (s *Service) Alter(ctx context.Context, who string, do func(*Account) error) (*Account, error) {
	for try := 1; ; try++ {
		a, err := s.Find(ctx, who)
		if err != nil {
			return nil, err
		}
		if err = do(a); !fault.Is(err, fault.Conflict) || try == attempts {
			return a, err
		}
	}
}

// Delete erases the account. Organizations that nobody else belongs to are deleted
// with it, to be erased at the time. A fault of kind Conflict when one that others
// belong to would have no owner. Its sessions are the caller's to end, before and
// after.
func (s *Service) Delete(ctx context.Context, id string, organizationsAt time.Time) error {
	defer s.recent.forget(id)
	return s.store.DeleteAccount(ctx, id, organizationsAt, s.now())
}
