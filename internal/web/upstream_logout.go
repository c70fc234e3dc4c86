package web

import (
	"context"
	"encoding/json"
	"net/http"

	"signet/internal/fault"
	"signet/internal/federation"
	"signet/internal/httpd"
	"signet/internal/org"
	"signet/internal/session"
)

// OpenID is what only OpenID Connect's connections have.
type OpenID interface {
	// TakeLogout validates the logout token that the connection's provider posted, and
	// has the sessions ended that it is about, once.
	TakeLogout(ctx context.Context, c federation.Connection, once federation.Memory, token string, end func(*federation.SignedOut) error) error
}

// LogoutGate says whether one more logout token is looked at for the connection from
// the address; a fault of kind Limited when not.
type LogoutGate func(ctx context.Context, connectionID, ip string) error

// pathUpstreamLogout is where an OpenID Connect provider tells of who was signed out
// there: a connection's own.
const pathUpstreamLogout = federation.PathFederation + "{connection}" + federation.PathBackchannel

// upstreamLogout ends the sessions that the provider says are over (OpenID Connect
// Back-Channel Logout 1.0 §2.5, §2.7). It is the provider's server that calls, so
// there is no browser and no cookie; what it posts is signed. Refresh tokens of apps
// stay, as at any end of a session.
func (w *Web) upstreamLogout(rw http.ResponseWriter, r *http.Request) error {
	err := w.takeLogout(r)
	kind := fault.KindOf(err)
	switch {
	case err == nil:
		rw.WriteHeader(http.StatusOK)
		return nil
	case kind == fault.Internal:
		return err
	case kind == fault.Limited || kind == fault.Unavailable:
		httpd.RetryAfter(rw, retryAfter)
	}
	// §2.8.
	info := httpd.InfoOf(r)
	info.Kind, info.Cause = kind, err
	body, err := json.Marshal(map[string]string{"error": "invalid_request", "error_description": fault.Public(err)})
	if err != nil {
		return err
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(httpd.Status(kind))
	rw.Write(body) // a sender that went away is no error of ours
	return nil
}

func (w *Web) takeLogout(r *http.Request) error {
	if err := w.LogoutGate(r.Context(), clip(r.PathValue("connection")), httpd.InfoOf(r).Address); err != nil {
		return err
	}
	c, conn, err := w.openID(r)
	if err != nil {
		return err
	}
	return w.OpenID.TakeLogout(r.Context(), conn, w.Once, r.PostFormValue("logout_token"), func(out *federation.SignedOut) error {
		return w.endUpstream(r, c, out)
	})
}

// endUpstream ends what the provider says is over: the session of the name, or all of
// the person's that came by the connection. Who is not known here has none.
func (w *Web) endUpstream(r *http.Request, c *org.Connection, out *federation.SignedOut) error {
	var ended []*session.Session
	var err error
	if out.Subject == "" {
		ended, err = w.Sessions.EndNamed(r.Context(), c.ID, out.Session)
	} else {
		var who string
		if who, err = w.Arrivals.Who(r.Context(), c, out.Issuer, out.Subject); err == nil && who != "" {
			ended, err = w.Sessions.EndUpstream(r.Context(), who, c.ID, out.Session)
		}
	}
	for _, sess := range ended {
		httpd.InfoOf(r).AccountID = sess.AccountID
		if err := w.record(r, nil, "session.end", "", sess.AccountID, "sid", sess.SID, "connection", c.ID); err != nil {
			return err
		}
	}
	return err
}
