package sqlstore

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/outbox"
)

var _ account.SignUpStore = (*DB)(nil)

// noCode is stored where no code is good: it is the hash of none.
const noCode = "-"

const (
	signUpColumns = "id, email, email_key, password_hash, profile, news, client_id, browser_key, code_hash, link_key, " +
		"created_at, expires_at, activated_at"

	signUpByID   = "SELECT " + signUpColumns + " FROM signups WHERE id = $1 AND expires_at > $2"
	signUpByLink = "SELECT " + signUpColumns + " FROM signups WHERE link_key = $1 AND expires_at > $2"

	waitingSignUp = "SELECT " + signUpColumns + ` FROM signups
		WHERE email_key = $1 AND expires_at > $3 AND activated_at IS NULL
		ORDER BY CASE WHEN browser_key = $2 THEN 0 ELSE 1 END, id DESC LIMIT 1`

	insertSignUp = `INSERT INTO signups
		(id, email, email_key, password_hash, profile, news, client_id, browser_key, code_hash, link_key, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (id) DO NOTHING`

	renewSignUp = `UPDATE signups SET code_hash = $2, link_key = $3, tries = 0
		WHERE id = $1 AND expires_at > $4 AND activated_at IS NULL`

	// One statement that checks and counts: of any number of sign-ups of an
	// address at once, one is answered. $2 now, $3 the latest time of the letter
	// before, $4 the beginning of the window, $5 the most in it.
	countLetter = `INSERT INTO signup_mails (email_key, since, mails, last_at) VALUES ($1, $2, 1, $2)
		ON CONFLICT (email_key) DO UPDATE SET
			mails = CASE WHEN signup_mails.since <= $4 THEN 1 ELSE signup_mails.mails + 1 END,
			since = CASE WHEN signup_mails.since <= $4 THEN $2 ELSE signup_mails.since END,
			last_at = $2
		WHERE signup_mails.last_at <= $3 AND (signup_mails.since <= $4 OR signup_mails.mails < $5)`

	addressTaken = "SELECT 1 FROM accounts WHERE email_key = $1"

	countCode = `UPDATE signups SET tries = tries + 1
		WHERE id = $1 AND tries < $2 AND expires_at > $3 AND activated_at IS NULL
		RETURNING code_hash`

	insertAccountOnce = insertAccount + " ON CONFLICT (email_key) DO NOTHING"

	activateSignUp = "UPDATE signups SET activated_at = $2 WHERE id = $1 AND expires_at > $2 AND activated_at IS NULL"
	// They go on waiting, as one does for an address that has had its account all
	// along, so that who made them learns nothing; and nothing activates them.
	endOtherOnes = `UPDATE signups SET code_hash = '` + noCode + `', link_key = CAST(id AS TEXT)
		WHERE email_key = $1 AND id <> $2 AND activated_at IS NULL`
	// With another password since, the account is not for who made the sign-up.
	takeSignUp = `DELETE FROM signups WHERE id = $1 AND activated_at IS NOT NULL AND EXISTS (SELECT 1 FROM accounts
		WHERE accounts.id = signups.id AND accounts.password_hash = signups.password_hash)`
	dropSignUp = "DELETE FROM signups WHERE id = $1 AND activated_at IS NULL"
	denySignUp = dropSignUp + " RETURNING email_key"

	forgetLetters = "DELETE FROM signup_mails WHERE email_key = $1"

	deleteSignUps = `DELETE FROM signups WHERE id IN
		(SELECT id FROM signups WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)`
	deleteSignUpMails = `DELETE FROM signup_mails WHERE email_key IN
		(SELECT email_key FROM signup_mails WHERE last_at <= $1 ORDER BY last_at LIMIT $2)`
)

type signUpRow struct {
	ID           string
	Email        string
	EmailKey     string
	PasswordHash string
	Profile      document[account.Profile]
	News         document[*account.Agreement]
	ClientID     string
	BrowserKey   string
	CodeHash     string
	LinkKey      string
	CreatedAt    instant
	ExpiresAt    instant
	ActivatedAt  instant
}

func (signUpRow) TableName() string { return "signups" }

func rowOfSignUp(s *account.SignUp) signUpRow {
	return signUpRow{
		ID: s.ID, Email: s.Email, EmailKey: s.EmailKey, PasswordHash: s.PasswordHash,
		Profile: document[account.Profile]{s.Profile}, News: document[*account.Agreement]{s.News},
		ClientID: s.ClientID, BrowserKey: s.Browser, CodeHash: s.CodeHash, LinkKey: s.LinkKey,
		CreatedAt: at(s.CreatedAt), ExpiresAt: at(s.ExpiresAt),
	}
}

// targets are in the order of signUpColumns.
func (r *signUpRow) targets() []any {
	return []any{&r.ID, &r.Email, &r.EmailKey, &r.PasswordHash, &r.Profile, &r.News, &r.ClientID, &r.BrowserKey,
		&r.CodeHash, &r.LinkKey, &r.CreatedAt, &r.ExpiresAt, &r.ActivatedAt}
}

// values are in the order of insertSignUp.
func (r *signUpRow) values() []any {
	return []any{r.ID, r.Email, r.EmailKey, r.PasswordHash, r.Profile, r.News, r.ClientID, r.BrowserKey,
		r.CodeHash, r.LinkKey, r.CreatedAt, r.ExpiresAt}
}

func (r *signUpRow) signUp() *account.SignUp {
	return &account.SignUp{
		ID: r.ID, Email: r.Email, EmailKey: r.EmailKey, PasswordHash: r.PasswordHash,
		Profile: r.Profile.V, News: r.News.V, ClientID: r.ClientID, Browser: r.BrowserKey,
		CodeHash: r.CodeHash, LinkKey: r.LinkKey,
		CreatedAt: r.CreatedAt.Time, ExpiresAt: r.ExpiresAt.Time, ActivatedAt: r.ActivatedAt.Time,
	}
}

func noSignUp() error { return fault.New(fault.NotFound, "There is no such sign-up.") }

// checkSignUp refuses what cannot be stored.
func checkSignUp(s *account.SignUp, letters account.SignUpLetters) error {
	if !validID(s.ID) || !storable(s.Email, s.EmailKey, s.PasswordHash, s.ClientID, s.Browser, s.CodeHash, s.LinkKey) {
		return errUnstorable()
	}
	if s.News != nil {
		if err := checkAgreement(s.News); err != nil {
			return err
		}
	}
	return errors.Join(checkMail(letters.Activate), checkMail(letters.Known))
}

// letterFor counts a letter to the sign-up's address and returns the one that
// may go out, or nil; and the hash that its code is stored under.
func letterFor(ctx context.Context, c *conn, s *account.SignUp, letters account.SignUpLetters, limits account.MailLimits, now time.Time) (*outbox.Mail, string, error) {
	allowed, err := c.change(ctx, countLetter, s.EmailKey, at(now), at(now.Add(-limits.Pause)), at(now.Add(-limits.Window)), limits.Most)
	if err != nil {
		return nil, "", err
	}
	var one int
	taken, err := c.row(ctx, addressTaken, []any{s.EmailKey}, &one)
	switch {
	case err != nil:
		return nil, "", err
	case allowed == 0:
		return nil, noCode, nil
	case taken:
		return letters.Known, noCode, nil
	}
	return letters.Activate, s.CodeHash, nil
}

// errThere ends the transaction of a sign-up that is stored already.
var errThere = errors.New("the sign-up is there")

// AddSignUp implements account.SignUpStore.
func (db *DB) AddSignUp(ctx context.Context, s *account.SignUp, letters account.SignUpLetters, limits account.MailLimits) (bool, error) {
	if err := checkSignUp(s, letters); err != nil {
		return false, err
	}
	there := false
	err := db.transact(ctx, func(ctx context.Context, c *conn) error {
		there = false
		letter, code, err := letterFor(ctx, c, s, letters, limits, s.CreatedAt)
		if err != nil {
			return err
		}
		row := rowOfSignUp(s)
		row.CodeHash = code
		made, err := c.change(ctx, insertSignUp, row.values()...)
		switch {
		case err != nil:
			return err
		case made == 0:
			there = true
			return errThere
		case letter == nil:
			return nil
		}
		return addMail(ctx, c, letter)
	})
	switch {
	case there:
		return false, nil
	case err != nil:
		return false, err
	}
	db.ring()
	return true, nil
}

// RenewSignUp implements account.SignUpStore.
func (db *DB) RenewSignUp(ctx context.Context, s *account.SignUp, letters account.SignUpLetters, limits account.MailLimits, now time.Time) (bool, error) {
	if err := checkSignUp(s, letters); err != nil {
		return false, err
	}
	sent := false
	err := db.transact(ctx, func(ctx context.Context, c *conn) error {
		sent = false
		letter, code, err := letterFor(ctx, c, s, letters, limits, now)
		if err != nil || letter == nil {
			return err
		}
		n, err := c.change(ctx, renewSignUp, s.ID, code, s.LinkKey, at(now))
		if err == nil && n == 0 {
			err = noSignUp()
		}
		if err != nil {
			return err
		}
		sent = true
		return addMail(ctx, c, letter)
	})
	if err != nil {
		return false, err
	}
	if sent {
		db.ring()
	}
	return sent, nil
}

// SignUp implements account.SignUpStore.
func (db *DB) SignUp(ctx context.Context, id string, now time.Time) (*account.SignUp, error) {
	if !validID(id) {
		return nil, noSignUp()
	}
	return db.oneSignUp(ctx, signUpByID, id, at(now))
}

// SignUpByLink implements account.SignUpStore.
func (db *DB) SignUpByLink(ctx context.Context, key string, now time.Time) (*account.SignUp, error) {
	if !storable(key) {
		return nil, noSignUp()
	}
	return db.oneSignUp(ctx, signUpByLink, key, at(now))
}

// WaitingSignUp implements account.SignUpStore.
func (db *DB) WaitingSignUp(ctx context.Context, emailKey, browser string, now time.Time) (*account.SignUp, error) {
	if !storable(emailKey, browser) {
		return nil, nil
	}
	s, err := db.oneSignUp(ctx, waitingSignUp, emailKey, browser, at(now))
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	return s, err
}

// SignUps implements account.SignUpStore.
func (db *DB) SignUps(ctx context.Context, after string, limit int, now time.Time) ([]*account.SignUp, error) {
	rows, err := page[signUpRow](ctx, db, signUpColumns, after, limit, validID, func(q *gorm.DB) *gorm.DB {
		return q.Where("expires_at > ? AND activated_at IS NULL", at(now))
	})
	return convert(rows, (*signUpRow).signUp), err
}

func (db *DB) oneSignUp(ctx context.Context, text string, args ...any) (*account.SignUp, error) {
	var row signUpRow
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		row = signUpRow{}
		found, err := c.row(ctx, text, args, row.targets()...)
		if err == nil && !found {
			return noSignUp()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return row.signUp(), nil
}

// CountCode implements account.SignUpStore.
func (db *DB) CountCode(ctx context.Context, id string, most int, now time.Time) (string, error) {
	if !validID(id) {
		return "", nil
	}
	var hash string
	err := db.change(ctx, func(ctx context.Context, c *conn) error {
		hash = ""
		_, err := c.row(ctx, countCode, []any{id, most, at(now)}, &hash)
		return err
	})
	if err != nil {
		return "", err
	}
	return hash, nil
}

// ActivateSignUp implements account.SignUpStore. The account is inserted before
// any sign-up is touched: its unique address is the one place where those who
// race wait for each other.
func (db *DB) ActivateSignUp(ctx context.Context, id string, now time.Time) (*account.Account, error) {
	if !validID(id) {
		return nil, noSignUp()
	}
	var a *account.Account
	err := db.transact(ctx, func(ctx context.Context, c *conn) error {
		var row signUpRow
		found, err := c.row(ctx, signUpByID, []any{id, at(now)}, row.targets()...)
		if err != nil {
			return err
		}
		s := row.signUp()
		if !found || s.Active() {
			return noSignUp()
		}
		a = accountOf(s, now)
		if err := settleAccount(ctx, c, s, a); err != nil {
			return err
		}
		n, err := c.change(ctx, activateSignUp, id, at(now))
		if err == nil && n == 0 {
			err = noSignUp() // dropped meanwhile; the account goes with the transaction
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// AdmitSignUp implements account.SignUpStore.
func (db *DB) AdmitSignUp(ctx context.Context, s *account.SignUp, invitation string, proven bool, now time.Time) (*account.Account, error) {
	if !validID(s.ID) || !validID(invitation) || !storable(s.Email, s.EmailKey, s.PasswordHash) {
		return nil, noInvitation()
	}
	a := accountOf(s, now)
	a.EmailVerified = proven
	err := db.transact(ctx, func(ctx context.Context, c *conn) error {
		var one int
		open, err := c.row(ctx, openFor, []any{invitation, s.EmailKey, at(now)}, &one)
		if err == nil && !open {
			err = fault.New(fault.Expired, "This invitation is not open any more.")
		}
		if err != nil {
			return err
		}
		return settleAccount(ctx, c, s, a)
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// settleAccount stores the account that the sign-up becomes with the transaction
// that c belongs to. All other sign-ups of its address wait in vain from then on.
func settleAccount(ctx context.Context, c *conn, s *account.SignUp, a *account.Account) error {
	made := rowOfAccount(a)
	n, err := c.change(ctx, insertAccountOnce, made.values()...)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.Conflict, "There is an account with this address already.").On("email")
	}
	if s.News != nil {
		if err := addAgreement(ctx, c, s.News); err != nil {
			return err
		}
	}
	_, err = c.change(ctx, endOtherOnes, s.EmailKey, s.ID)
	return err
}

// accountOf is the account that the sign-up becomes.
func accountOf(s *account.SignUp, now time.Time) *account.Account {
	return &account.Account{
		ID: s.ID, Email: s.Email, EmailKey: s.EmailKey, EmailVerified: true, PasswordHash: s.PasswordHash,
		Status: account.Active, Profile: s.Profile, CreatedAt: now, UpdatedAt: now,
	}
}

// TakeSignUp implements account.SignUpStore.
func (db *DB) TakeSignUp(ctx context.Context, id string) (bool, error) {
	return db.removeSignUp(ctx, takeSignUp, id)
}

// DropSignUp implements account.SignUpStore.
func (db *DB) DropSignUp(ctx context.Context, id string) (bool, error) {
	return db.removeSignUp(ctx, dropSignUp, id)
}

// DenySignUp implements account.SignUpStore.
func (db *DB) DenySignUp(ctx context.Context, id string) (bool, error) {
	if !validID(id) {
		return false, nil
	}
	found := false
	err := db.transact(ctx, func(ctx context.Context, c *conn) (err error) {
		var emailKey string
		if found, err = c.row(ctx, denySignUp, []any{id}, &emailKey); err != nil || !found {
			return err
		}
		_, err = c.change(ctx, forgetLetters, emailKey)
		return err
	})
	return err == nil && found, err
}

func (db *DB) removeSignUp(ctx context.Context, text, id string) (bool, error) {
	if !validID(id) {
		return false, nil
	}
	var n int64
	err := db.change(ctx, func(ctx context.Context, c *conn) (err error) {
		n, err = c.change(ctx, text, id)
		return err
	})
	return err == nil && n > 0, err
}

// lettersKept is how long the count of letters to an address stays after the
// last one: no sensible window is longer.
const lettersKept = 30 * 24 * time.Hour

// DeleteSignUps implements account.SignUpStore.
func (db *DB) DeleteSignUps(ctx context.Context, now time.Time, limit int) (int, error) {
	var n int64
	err := db.change(ctx, func(ctx context.Context, c *conn) (err error) {
		n, err = c.change(ctx, deleteSignUps, at(now), limit)
		return err
	})
	if err != nil {
		return 0, err
	}
	return int(n), db.change(ctx, func(ctx context.Context, c *conn) error {
		_, err := c.change(ctx, deleteSignUpMails, at(now.Add(-lettersKept)), limit)
		return err
	})
}
