package federation

// OpenID Connect RP-Initiated Logout 1.0 as a client.

import (
	"context"
	"net/url"

	"signet/internal/session"
)

// PathSignedOut is where a provider sends browsers back that it has signed out: a
// connection's own, below its Base.
const PathSignedOut = "/signed-out"

// longestHint bounds an ID token that goes into an address.
const longestHint = 4096

// Leave implements Provider: it returns where the browser ends its session at the
// provider, and comes back from with the state (§2, §3). "": the provider has no
// such address, or the connection does not ask for it.
func (o *OpenID) Leave(ctx context.Context, c Connection, u *session.Upstream, state string) (string, error) {
	if !c.OIDC.SignOut {
		return "", nil
	}
	m, err := o.Metadata(ctx, &c.OIDC)
	if err != nil || m.EndSession == "" {
		return "", err
	}
	to, err := url.Parse(m.EndSession)
	if err != nil {
		return "", trouble(Settings, err, "the provider's end_session_endpoint is no address")
	}
	q := to.Query()
	q.Set("client_id", c.OIDC.ClientID)
	q.Set("post_logout_redirect_uri", c.Base+PathSignedOut)
	q.Set("state", state)
	if u.Hint != "" && len(u.Hint) <= longestHint {
		q.Set("id_token_hint", u.Hint)
	}
	to.RawQuery = q.Encode()
	return to.String(), nil
}
