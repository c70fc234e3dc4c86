package web

import (
	"errors"
	"net/http"

	"signet/internal/fault"
	"signet/internal/federation"
	"signet/internal/httpd"
	"signet/internal/session"
)

// pathUpstreamOut is where a provider sends browsers back that it has signed out.
const pathUpstreamOut = federation.PathFederation + "{connection}" + federation.PathSignedOut

// away has the flow of a browser that is signed out lead to the provider by which
// the person had signed in, where the connection asks for that. A provider that
// cannot be asked keeps nobody from being signed out here.
func (w *Web) away(r *http.Request, f *session.Flow, u *session.Upstream) (*session.Flow, error) {
	c, err := w.Connections.Get(r.Context(), u.Connection)
	if fault.Is(err, fault.NotFound) {
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	to, err := w.Upstream.Leave(r.Context(), c, u, f.ID)
	if t, ok := errors.AsType[*federation.Trouble](err); ok {
		info := httpd.InfoOf(r)
		info.Kind, info.Cause = fault.Unavailable, t
		return f, nil
	}
	if err != nil || to == "" {
		return f, err
	}
	return w.Sessions.Progress(r.Context(), f, func(p *session.Progress) { p.Away = &session.Away{Connection: c.ID, URL: to} })
}

// upstreamOut goes on with a sign-out where the browser comes back from the
// provider. The state is the flow of the sign-out: nobody is signed in by it, and
// all that is left of it is where it leads.
func (w *Web) upstreamOut(rw http.ResponseWriter, r *http.Request) error {
	f, err := w.Sessions.Flow(r.Context(), session.SignedOut, r.URL.Query().Get("state"), w.Cookies.Browser(r))
	if fault.Is(err, fault.Expired) {
		w.send(rw, w.at(pathSignedOut))
		return nil
	}
	if err != nil {
		return err
	}
	if a := f.Progress.Away; a != nil && a.Connection == r.PathValue("connection") {
		if f, err = w.Sessions.Progress(r.Context(), f, func(p *session.Progress) { p.Away, p.Frames = nil, nil }); err != nil {
			return err
		}
	}
	w.send(rw, w.at(pathSignedOut, "flow", f.ID))
	return nil
}
