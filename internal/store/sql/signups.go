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
