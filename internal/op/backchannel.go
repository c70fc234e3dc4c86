package op

// OpenID Connect Back-Channel Logout 1.0: an app's server is told that a session
// ended, by a token that is posted to it.

import (
	"context"
	"net/url"
	"time"

	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/handle"
	"signet/internal/outbox"
	"signet/internal/queue"
)

// typeLogout is the type of a logout token (§2.4), so that nobody takes one for
// another token, or another one for it.
const typeLogout = "logout+jwt"

// logoutEvent names what the token tells (§2.4).
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// logoutLife is how long a logout token is good: it is made when it is sent
// (§2.4 wants two minutes at most).
const logoutLife = 2 * time.Minute

// logoutClaims are those of a logout token (§2.4). There is no nonce, so that no
// app takes one for an ID token.
type logoutClaims struct {
	Issuer   string              `json:"iss"`
	Subject  string              `json:"sub"`
	Audience string              `json:"aud"`
	IssuedAt int64               `json:"iat"`
	Expires  int64               `json:"exp"`
	ID       string              `json:"jti"`
	Events   map[string]struct{} `json:"events"`
	SID      string              `json:"sid"`
}

// logoutToken makes the token that tells the client of the notice: signed as its
// ID tokens are, and encrypted where they are (§2.4).
func (p *Provider) logoutToken(ctx context.Context, c *client.Client, l *outbox.Logout) (string, error) {
	now := p.Now()
	claims := &logoutClaims{
		Issuer: p.cfg.Issuer, Subject: p.subjects.of(c, l.AccountID), Audience: c.ID, ID: handle.Short(),
		IssuedAt: now.Unix(), Expires: now.Add(logoutLife).Unix(), Events: map[string]struct{}{logoutEvent: {}}, SID: l.SID,
	}
	return p.signFor(ctx, c, c.IDTokenAlg, typeLogout, claims, client.Encryption{Alg: c.IDTokenEncAlg, Enc: c.IDTokenEnc})
}

// SendLogout posts the notice to its app (§2.5), or returns a *queue.Failure. An
// app that is not there any more, or no longer wants notices, gets none.
func (p *Provider) SendLogout(ctx context.Context, l *outbox.Logout) error {
	c, err := p.Clients.Get(ctx, l.ClientID)
	if fault.Is(err, fault.NotFound) || err == nil && c.BackchannelURI == "" {
		return &queue.Failure{Why: queue.Refused, Reason: "the app has no backchannel_logout_uri any more"}
	}
	if err != nil {
		return &queue.Failure{Why: queue.Crowded, Reason: "the app cannot be looked up at the moment"}
	}
	token, err := p.logoutToken(ctx, c, l)
	if err != nil {
		return &queue.Failure{Why: queue.Deferred, Reason: "the logout token cannot be made: " + fault.Public(err)}
	}
	err = p.Outbound.Post(ctx, c.BackchannelURI, url.Values{"logout_token": {token}})
	switch {
	case err == nil:
		return nil
	case fault.Is(err, fault.Unavailable):
		return &queue.Failure{Why: queue.Crowded, Reason: fault.Public(err)}
	}
	return &queue.Failure{Why: queue.Deferred, Reason: fault.Public(err)}
}
