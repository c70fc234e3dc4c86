package sqlstore

import (
	"context"
	"time"

	"signet/internal/account"
	"signet/internal/fault"
)

// How sign-ups end: as an account, given up, denied, or by time.
const (
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
	n, err := db.changed(ctx, text, id)
	return err == nil && n > 0, err
}

// lettersKept is how long the count of letters to an address stays after the
// last one: no sensible window is longer.
const lettersKept = 30 * 24 * time.Hour

// DeleteSignUps implements account.SignUpStore.
func (db *DB) DeleteSignUps(ctx context.Context, now time.Time, limit int) (int, error) {
	n, err := db.changed(ctx, deleteSignUps, at(now), limit)
	if err != nil {
		return 0, err
	}
	return int(n), db.change(ctx, func(ctx context.Context, c *conn) error {
		_, err := c.change(ctx, deleteSignUpMails, at(now.Add(-lettersKept)), limit)
		return err
	})
}
