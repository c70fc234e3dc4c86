package web

import (
	"errors"
	"net/http"

	"signet/internal/fault"
	"signet/internal/federation"
	"signet/internal/httpd"
	"signet/internal/org"
	"signet/internal/session"
)

// beginTrial sends the browser to the connection's provider for a trial sign-in,
// which signs nobody in. It ends at the house's own page back, which gets the
// parameter "trial" for trialOf. Who may try a connection is the caller's to know.
func (w *Web) beginTrial(rw http.ResponseWriter, r *http.Request, c *org.Connection, back string) error {
	req := session.Request{Purpose: session.Trying, RedirectURI: back}
	f, err := w.Sessions.StartFlow(r.Context(), httpd.InfoOf(r).Address, w.Cookies.NameBrowser(rw, r), req, session.Progress{})
	if err != nil {
		return err
	}
	return w.depart(rw, r, f, c)
}

// tried keeps how a trial ended, in its flow, and leads back to where it began.
func (w *Web) tried(rw http.ResponseWriter, r *http.Request, f *session.Flow, d *session.Departure, a *org.Arrival, failed error) error {
	trial := &session.Trial{Connection: d.Connection, Version: d.Version, Arrival: a}
	if failed != nil {
		t, ok := errors.AsType[*federation.Trouble](failed)
		if !ok {
			return failed
		}
		trial.Arrival, trial.Fault = nil, t.Detail
		info := httpd.InfoOf(r)
		info.Kind, info.Cause = fault.Invalid, t
	} else {
		trial.Arrival.Hint = "" // opens something there, and is nothing to look at
	}
	f, err := w.Sessions.Progress(r.Context(), f, func(p *session.Progress) { p.Trial = trial })
	if err != nil {
		return err
	}
	c, err := w.Connections.Get(r.Context(), d.Connection)
	if err != nil {
		return err
	}
	return w.leapTo(rw, r, f, c, w.at(f.Request.RedirectURI, "trial", f.ID))
}

// trialOf returns the trial that the request names, if it is this browser's and
// of the connection: until its flow is over, which is a short while.
func (w *Web) trialOf(r *http.Request, connectionID string) (*session.Trial, error) {
	f, err := w.Sessions.Flow(r.Context(), session.Trying, r.FormValue("trial"), w.Cookies.Browser(r))
	if err != nil {
		return nil, err
	}
	if t := f.Progress.Trial; t != nil && t.Connection == connectionID {
		return t, nil
	}
	return nil, fault.New(fault.Expired, "This trial is over. Run it again.")
}
