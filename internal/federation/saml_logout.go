package federation

import (
	"context"
	"time"

	"signet/internal/federation/saml"
	"signet/internal/session"
)

// Wish is a provider's wish that sessions end which began by it.
type Wish struct {
	service *saml.Service
	logout  *saml.Logout
}

// Wish believes what a browser brought from the connection's provider in its
// query, or says why not: that sessions are to end (single logout).
func (p *SAML) Wish(ctx context.Context, c Connection, query string) (*Wish, error) {
	s, err := p.service(ctx, c)
	if err != nil {
		return nil, err
	}
	l, err := s.ReadLogout(query, func(name string, until time.Time) (bool, error) {
		return p.once.First(ctx, "saml logout\x00"+c.ID+"\x00"+name, until.Sub(p.now()))
	})
	if reason := saml.ReasonOf(err); reason != "" {
		return nil, trouble(Nonsense, err, "The provider's message about a sign-out is not believed (%s): it is signed, recent, for this address, and comes once", reason)
	}
	if err != nil {
		return nil, err
	}
	return &Wish{service: s, logout: l}, nil
}

// Ends reports whether the session that began by the upstream one is to end.
func (w *Wish) Ends(u *session.Upstream) bool { return u != nil && w.logout.Ends(u.Hint, u.Session) }

// Answer is where the browser goes with our answer, when what was to end has ended.
func (w *Wish) Answer() (string, error) { return w.service.AnswerLogout(w.logout) }

// Leave implements Provider: a signed request to end the session there, by the name
// and the session that the provider told (Profiles §4.4.3.1). It answers at the
// connection's PathLogout.
func (p *SAML) Leave(ctx context.Context, c Connection, u *session.Upstream, state string) (string, error) {
	if !c.SAML.SignOut {
		return "", nil
	}
	s, err := p.service(ctx, c)
	if err != nil {
		return "", err
	}
	asked, err := s.AskLogout(u.Hint, u.Session, state)
	if err != nil || asked == nil {
		return "", err
	}
	return asked.Address, nil
}
