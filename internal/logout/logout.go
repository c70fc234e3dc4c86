// Package logout says which apps the end of a session concerns, and how each
// wants to be told: by a notice from here (OpenID Connect Back-Channel Logout
// 1.0), which waits in the outbox, or by a frame in the browser that signs out
// (Front-Channel Logout 1.0).
//
// It knows neither HTTP nor a store, and makes no token: package op sends.
package logout

import (
	"context"
	"net/url"
	"time"

	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/outbox"
	"signet/internal/session"
)

// Keep is how long a notice is kept after it was written, to tell that it was
// sent and when.
const Keep = 7 * 24 * time.Hour

// Notifier knows whom the end of a session concerns.
type Notifier struct {
	clients *client.Registry
	queue   outbox.Logouts
	now     func() time.Time
}

var _ session.Notifier = (*Notifier)(nil)

// NewNotifier returns a notifier that queues its notices.
func NewNotifier(clients *client.Registry, queue outbox.Logouts, now func() time.Time) *Notifier {
	return &Notifier{clients: clients, queue: queue, now: now}
}

// Ended implements session.Notifier: a notice is queued for each app of each
// session that wants one.
func (n *Notifier) Ended(ctx context.Context, sessions []*session.Session) error {
	var notices []*outbox.Logout
	for _, s := range sessions {
		apps, err := n.apps(ctx, s)
		if err != nil {
			return err
		}
		for _, c := range apps {
			if c.BackchannelURI != "" {
				notices = append(notices, outbox.NewLogout(c.ID, s.AccountID, s.SID, n.now()))
			}
		}
	}
	if len(notices) == 0 {
		return nil
	}
	return n.queue.AddLogouts(ctx, notices)
}

// apps are those that the session was used with and that are still registered.
func (n *Notifier) apps(ctx context.Context, s *session.Session) ([]*client.Client, error) {
	var apps []*client.Client
	for _, id := range s.Clients {
		c, err := n.clients.Get(ctx, id)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		apps = append(apps, c)
	}
	return apps, nil
}

// Frames are the addresses that the browser of the ended session is to load, one
// for each app that wants to be told in this way: with the issuer and the
// session's name where the app says that it needs them (Front-Channel Logout
// 1.0 §2).
func (n *Notifier) Frames(ctx context.Context, issuer string, s *session.Session) ([]string, error) {
	apps, err := n.apps(ctx, s)
	if err != nil {
		return nil, err
	}
	var frames []string
	for _, c := range apps {
		if c.FrontchannelURI == "" {
			continue
		}
		u, err := url.Parse(c.FrontchannelURI)
		if err != nil {
			continue // it was checked when it was registered
		}
		if c.FrontchannelSession {
			added := url.Values{"iss": {issuer}, "sid": {s.SID}}.Encode()
			if u.RawQuery != "" {
				added = u.RawQuery + "&" + added
			}
			u.RawQuery = added
		}
		frames = append(frames, u.String())
	}
	return frames, nil
}
