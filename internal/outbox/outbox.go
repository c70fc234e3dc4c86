// Package outbox says what a message is while it waits to be sent: a mail to a
// person, a notice to an app. It is stored with what it announces, and leaves
// later: package queue has the worker, package mail carries mails to a mail
// server, and package op notices to apps.
//
// The package knows neither HTTP nor a store nor SMTP; the store it needs is
// the interface Store.
package outbox

import (
	"context"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
)

// Mail is one message to one person.
type Mail struct {
	ID        string // a UUIDv7 in its text form: the order is that of writing
	Kind      string // what it is, as thing.event: "account.sign_in"
	AccountID string // whom it is about, or ""
	To        string // the address, as account.NormalizeEmail returns it; "": see Decoy
	Language  string // BCP 47
	Subject   string // one line
	Text      string // the message in plain text, complete
	HTML      string // the same message
	CreatedAt time.Time

	State
}

// State is how a thing that waits fares. It is the store's to fill in.
type State struct {
	Attempts  int       // tries so far that the thing itself answers for
	LastError string    // why the last one failed; "" when none did
	DueAt     time.Time // when it is tried next; zero: never
	SentAt    time.Time // zero: it was not
	DeadAt    time.Time // when it was given up; zero: it was not
}

// Fares returns the state, to be changed.
func (s *State) Fares() *State { return s }

// About is the mail's id, what it is, and when it was written.
func (m *Mail) About() (id, kind string, written time.Time) { return m.ID, m.Kind, m.CreatedAt }

// Decoy reports whether the mail is nobody's. A page that must not tell whether
// an address has an account queues a mail in either case, so that both cost the
// same; the one without a recipient is never handed over, shown or listed, and
// is erased when its turn comes.
func (m *Mail) Decoy() bool { return m.To == "" }

// New returns a mail with an id and without control characters in its subject,
// which a line break would end.
func New(m Mail, now time.Time) *Mail {
	m.ID = uuid.Must(uuid.NewV7()).String()
	m.CreatedAt = now
	m.Subject = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(m.Subject, "\uFFFD"), func(r rune) bool {
		return unicode.IsControl(r) || r == ' '
	}), " ")
	return &m
}

// Store keeps mails until they are sent, and for a while after.
//
// A mail that is due is claimed by one worker of any node. The claim ends by
// itself, so that a worker that died holds nothing up; what it had handed over
// and not recorded is sent once more.
type Store interface {
	// AddMail queues a mail that announces nothing that is stored.
	AddMail(ctx context.Context, m *Mail) error
	// ClaimMail returns the mail that has been due longest and keeps it from
	// other callers until the claim ends; nil when none is due. It counts as an
	// attempt.
	ClaimMail(ctx context.Context, now, ends time.Time) (*Mail, error)
	// MailSent records that the mail was handed over; with erase nothing of
	// what it said is kept.
	MailSent(ctx context.Context, m *Mail, now time.Time, erase bool) error
	// MailFailed records the attempts and the reason. The mail is due again at
	// m.DueAt, or was given up at m.DeadAt. A claim that has ended records
	// nothing.
	MailFailed(ctx context.Context, m *Mail, reason string, claim time.Time) error
	// Mails returns up to limit mails, newest first, and no decoy.
	Mails(ctx context.Context, limit int) ([]*Mail, error)
	// Mail returns one mail that is no decoy, or a fault of kind NotFound.
	Mail(ctx context.Context, id string) (*Mail, error)
	// DeleteMails removes up to limit mails that were written before the time
	// and are sent or given up, and returns how many.
	DeleteMails(ctx context.Context, before time.Time, limit int) (int, error)
}
