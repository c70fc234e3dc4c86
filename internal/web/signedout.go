package web

import (
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"time"

	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/httpd"
	"signet/internal/session"
	"signet/internal/web/view"
)

// goOnAfter is how long a browser without scripts stays at the page that tells
// apps of a sign-out. Browsers count from when the page and its frames are loaded;
// should one not, it gives the frames this time.
const goOnAfter = 2 * time.Second

// Leave sends on a browser that is signed out: to where the request of an app
// leads, or to a page that says so. ended is the session that it had, or nil: an
// app that is to be told by the browser is told by a page on the way (OpenID
// Connect Front-Channel Logout 1.0 §3).
func (w *Web) Leave(rw http.ResponseWriter, r *http.Request, req *session.Request, ended *session.Session) error {
	return w.leave(rw, r, req, ended)
}

// leave is Leave; the pairs are a query for the page.
func (w *Web) leave(rw http.ResponseWriter, r *http.Request, req *session.Request, ended *session.Session, pairs ...string) error {
	f, err := w.farewell(rw, r, req, ended)
	switch {
	case err != nil:
		return err
	case f != nil:
		w.send(rw, w.at(pathSignedOut, append(pairs, "flow", f.ID)...))
	case req.RedirectURI != "":
		w.send(rw, w.Links.SignOutTarget(req))
	default:
		w.send(rw, w.at(pathSignedOut, pairs...))
	}
	return nil
}

// farewell stores what the page on the way needs, as a flow of the browser; nil
// where no app is to be told by it. A browser that did not show its cookie goes
// there in any case: it has one of a session that ended.
func (w *Web) farewell(rw http.ResponseWriter, r *http.Request, req *session.Request, ended *session.Session) (*session.Flow, error) {
	if ended == nil {
		return nil, nil
	}
	frames, err := w.Logouts.Frames(r.Context(), w.Letters.Home, ended)
	if err != nil || len(frames) == 0 && ended.Upstream == nil && w.Cookies.Session(r) != "" {
		return nil, err
	}
	after := *req
	after.Purpose = session.SignedOut
	f, err := w.Sessions.StartFlow(r.Context(), httpd.InfoOf(r).Address, w.Cookies.NameBrowser(rw, r), after, session.Progress{Frames: frames})
	if fault.Is(err, fault.Limited) {
		return nil, nil // the person is signed out, and must not see a refusal
	}
	if err != nil || ended.Upstream == nil {
		return f, err
	}
	return w.away(r, f, ended.Upstream)
}

// signedOut says that the person is signed out. With a flow it also has the
// browser tell apps, and then goes to where the sign-out leads: the script does so
// when all are told or it takes too long, the header where there is no script.
func (w *Web) signedOut(rw http.ResponseWriter, r *http.Request) error {
	f, err := w.Sessions.Flow(r.Context(), session.SignedOut, r.URL.Query().Get("flow"), w.Cookies.Browser(r))
	if err != nil && !fault.Is(err, fault.Expired) { // all it would add is over by now
		return err
	}
	if f != nil {
		if err := w.dropDead(rw, r); err != nil {
			return err
		}
		if len(f.Progress.Frames) == 0 && f.Progress.Away == nil && f.Request.RedirectURI != "" {
			w.send(rw, w.Links.SignOutTarget(&f.Request))
			return nil
		}
	}
	fr, err := w.frame(r, f)
	if err != nil {
		return err
	}
	page := &view.SignedOut{Frame: fr, SignInURL: w.at(pathSignIn), Everywhere: r.URL.Query().Has("everywhere")}
	if f == nil {
		return w.show(rw, r, nil, http.StatusOK, page)
	}
	page.Frames = f.Progress.Frames
	to := ""
	switch {
	case f.Progress.Away != nil:
		to = f.Progress.Away.URL
	case f.Request.RedirectURI != "":
		to = w.Links.SignOutTarget(&f.Request)
	}
	if to != "" {
		// It is one of the client's registered addresses, and may be of a scheme
		// of its own; or a provider's.
		page.GoOn, page.SignInURL = template.URL(to), ""
		rw.Header().Set("Refresh", strconv.Itoa(int(goOnAfter/time.Second))+"; url="+to)
	}
	var origins []string
	for _, frame := range page.Frames {
		origins = append(origins, client.Origin(frame))
	}
	slices.Sort(origins)
	return w.showUnder(w.View.FarewellCSP(slices.Compact(origins)...), rw, r, f, http.StatusOK, page)
}

// dropDead takes the browser's cookie of a session that ended, so that what apps
// see of its state changes, too.
func (w *Web) dropDead(rw http.ResponseWriter, r *http.Request) error {
	if w.Cookies.Session(r) == "" {
		return nil
	}
	sess, err := w.sessionOf(r)
	if err == nil && sess == nil {
		w.Cookies.DropSession(rw)
	}
	return err
}
