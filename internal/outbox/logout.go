package outbox

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Logout is the notice to one app that one session of an account ended (OpenID
// Connect Back-Channel Logout 1.0). What is sent is made when it is sent, so that
// a token that waited for days is as fresh as any, and says who it is about by
// the name that the app knows.
type Logout struct {
	ID        string // a UUIDv7 in its text form
	ClientID  string // the app
	AccountID string // whose session it was
	SID       string // its public name
	CreatedAt time.Time

	State
}

// NewLogout returns a notice with an id.
func NewLogout(clientID, accountID, sid string, now time.Time) *Logout {
	return &Logout{
		ID: uuid.Must(uuid.NewV7()).String(), ClientID: clientID, AccountID: accountID, SID: sid, CreatedAt: now,
	}
}

// About is the notice's id, what it is (to which app), and when it was written.
func (l *Logout) About() (id, kind string, written time.Time) { return l.ID, l.ClientID, l.CreatedAt }

// Logouts keeps notices until they are delivered, and for a while after. It
// claims as Store does.
type Logouts interface {
	// AddLogouts queues the notices, all or none.
	AddLogouts(ctx context.Context, notices []*Logout) error
	// ClaimLogout returns the notice that has been due longest, or nil.
	ClaimLogout(ctx context.Context, now, ends time.Time) (*Logout, error)
	// LogoutSent records that the app took the notice.
	LogoutSent(ctx context.Context, l *Logout, now time.Time) error
	// LogoutFailed records the attempts and the reason, as MailFailed does.
	LogoutFailed(ctx context.Context, l *Logout, reason string, claim time.Time) error
	// Logouts returns up to limit notices, newest first.
	Logouts(ctx context.Context, limit int) ([]*Logout, error)
	// DeleteLogouts removes up to limit notices that were written before the
	// time and are sent or given up, and returns how many.
	DeleteLogouts(ctx context.Context, before time.Time, limit int) (int, error)
}
