package relyingparty

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

// revokeTimeout bounds how long signing out waits for the provider to take the
// refresh token back.
const revokeTimeout = 2 * time.Second

// logoutLocal ends this app's session only: the next sign-in will most likely
// need no password.
func (rp *RP) logoutLocal(w http.ResponseWriter, r *http.Request) {
	rp.endSession(w, r)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// logout ends this app's session and sends the browser to the provider to end
// the one there (RP-Initiated Logout §2). Without a session, or where the
// provider offers no such endpoint, it does what it can.
func (rp *RP) logout(w http.ResponseWriter, r *http.Request) {
	s := rp.endSession(w, r)
	party, err := rp.provider.get(r.Context())
	if err != nil {
		rp.fail(w, r, rp.unavailable("/", err))
		return
	}
	to := rp.config.PostLogoutURL
	if endpoint, err := url.Parse(party.GetEndSessionEndpoint()); err == nil && endpoint.Host != "" {
		q := endpoint.Query()
		q.Set("client_id", rp.config.ClientID)
		q.Set("post_logout_redirect_uri", rp.config.PostLogoutURL)
		if s != nil {
			// The hint tells the provider whose session is meant. It may have
			// expired by now, which §2 asks the provider to accept.
			q.Set("id_token_hint", s.IDToken)
		}
		endpoint.RawQuery = q.Encode()
		to = endpoint.String()
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// endSession removes the session from the browser and gives its refresh token
// back, so that a copy of the cookie is worth little from now on. It returns
// the session as it was, if there was one.
func (rp *RP) endSession(w http.ResponseWriter, r *http.Request) *session {
	s, err := rp.openSession(r)
	rp.dropSession(w, r)
	if err != nil {
		return nil
	}
	rp.refresher.forget(s.ID)
	if err := rp.end(r.Context(), nameOfSession(s.ID), time.Time{}); err != nil {
		rp.config.Logger.LogAttrs(r.Context(), slog.LevelWarn, "the sign-out is not remembered", slog.String("cause", describe(err)))
	}
	if s.Refresh == "" {
		return s
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), revokeTimeout)
	defer cancel()
	if err := rp.provider.revoke(ctx, s.Refresh); err != nil {
		rp.config.Logger.LogAttrs(ctx, slog.LevelInfo, "refresh token not revoked", slog.String("cause", describe(err)))
	}
	return s
}
