package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"signet/internal/fault"
	"signet/internal/federation"
	"signet/internal/handle"
	"signet/internal/httpd"
	"signet/internal/org"
	"signet/internal/session"
)

// SAML is what only SAML's connections have.
type SAML interface {
	// Own returns our side of the connection.
	Own(c federation.Connection) (*federation.Own, error)
	// Land checks what a page of the provider posted, and returns the handle with
	// which the browser comes back; "": it is to begin a sign-in here.
	Land(ctx context.Context, c federation.Connection, d *session.Departure, form url.Values) (string, error)
	// Wish reads the provider's wish that sessions end.
	Wish(ctx context.Context, c federation.Connection, query string) (*federation.Wish, error)
}

// fieldSAMLAnswer is the parameter of an answer about a sign-out.
const fieldSAMLAnswer = "SAMLResponse"

// Addresses of a SAML connection.
const (
	pathSAMLPost     = federation.PathFederation + "{connection}" + federation.PathACS
	pathSAMLMetadata = federation.PathFederation + "{connection}" + federation.PathMetadata
	pathSAMLLogout   = federation.PathFederation + "{connection}" + federation.PathLogout
	pathStartAt      = federation.PathFederation + "{connection}" + federation.PathStart
)

func (w *Web) samlRoutes() []httpd.Route {
	return []httpd.Route{
		// Not a Form: the provider's page is on another site. What it posts is signed.
		{Method: "POST", Path: pathSAMLPost, Kind: httpd.Redirect, Do: w.samlPosted},
		page(pathSAMLPost, w.samlBack),
		{Method: "GET", Path: pathSAMLMetadata, Kind: httpd.Redirect, Do: w.samlMetadata},
		{Method: "GET", Path: pathSAMLLogout, Kind: httpd.Redirect, Do: w.samlLogout},
		page(pathStartAt, w.startAtProvider),
	}
}

func (w *Web) samlConnection(r *http.Request) (federation.Connection, error) {
	c, err := w.Connections.Get(r.Context(), r.PathValue("connection"))
	if err != nil {
		return federation.Connection{}, err
	}
	if c.Protocol != org.SAML {
		return federation.Connection{}, org.NoConnection()
	}
	return w.Upstream.Open(c)
}

// samlMetadata is our side of the connection as a document. It holds no secret,
// and nothing of who uses the connection.
func (w *Web) samlMetadata(rw http.ResponseWriter, r *http.Request) error {
	c, err := w.samlConnection(r)
	if err != nil {
		return err
	}
	own, err := w.SAML.Own(c)
	if err != nil {
		return err
	}
	h := rw.Header()
	h.Set("Content-Type", "application/samlmetadata+xml")
	h.Set("Content-Disposition", `inline; filename="signet-metadata.xml"`)
	h.Set("Cache-Control", "public, max-age=3600")
	rw.Write(own.Metadata) // a reader that went away is no error of ours
	return nil
}

// samlPosted takes what the provider's page posts: from another site, so that the
// browser may have come without its cookies. It goes on by a GET that has them.
func (w *Web) samlPosted(rw http.ResponseWriter, r *http.Request) error {
	c, err := w.samlConnection(r)
	if err != nil {
		return err
	}
	state := r.PostFormValue(federation.FieldRelay)
	d, err := w.Sessions.Departed(r.Context(), c.ID, state)
	if err != nil {
		return err
	}
	if d == nil && (handle.Valid(state) || !c.Enabled) {
		return errNoDeparture(nil) // it names a sign-in that is over
	}
	landed, err := w.SAML.Land(r.Context(), c, d, r.PostForm)
	if t, ok := errors.AsType[*federation.Trouble](err); ok {
		return errNoDeparture(t)
	}
	switch {
	case err != nil:
		return err
	case landed == "":
		w.send(rw, w.connectionAt(c.ID, federation.PathStart))
	default:
		w.send(rw, w.connectionAt(c.ID, federation.PathACS, "state", state, federation.FieldLanded, landed))
	}
	return nil
}

// connectionAt returns one of the connection's addresses with the query of the pairs.
func (w *Web) connectionAt(id, path string, pairs ...string) string {
	return w.at(federation.PathFederation+id+path, pairs...)
}

// errNoDeparture tells somebody whom nobody sent away how to go on.
func errNoDeparture(cause *federation.Trouble) error {
	const message = "This sign-in has expired or was begun elsewhere. Go back to the app and start again."
	if cause == nil {
		return fault.New(fault.Expired, message)
	}
	return fault.Wrap(fault.Expired, cause, message)
}

// samlBack is where the browser comes with its cookies.
func (w *Web) samlBack(rw http.ResponseWriter, r *http.Request) error {
	came := r.URL.Query()
	return w.cameBack(rw, r, r.PathValue("connection"), came.Get("state"), came)
}

// samlLogout ends the browser's session here because the provider, where it began,
// says so, and takes the answer there. The query is signed, and good once: it is no
// link that anybody could have made.
func (w *Web) samlLogout(rw http.ResponseWriter, r *http.Request) error {
	c, err := w.samlConnection(r)
	if err != nil {
		return err
	}
	if q := r.URL.Query(); q.Has(fieldSAMLAnswer) {
		// The provider's answer to a sign-out that began here. Whatever it says, the
		// person is signed out here, and goes on.
		w.send(rw, w.connectionAt(c.ID, federation.PathSignedOut, "state", q.Get(federation.FieldRelay)))
		return nil
	}
	wish, err := w.SAML.Wish(r.Context(), c, r.URL.RawQuery)
	if t, ok := errors.AsType[*federation.Trouble](err); ok {
		return fault.Wrap(fault.Invalid, t, "This sign-out cannot be believed. Sign out at your account page.")
	}
	if err != nil {
		return err
	}
	sess, err := w.sessionOf(r)
	if err != nil {
		return err
	}
	if sess != nil && sess.Upstream != nil && sess.Upstream.Connection == c.ID && wish.Ends(sess.Upstream) {
		if _, err := w.end(rw, r); err != nil {
			return err
		}
	}
	to, err := wish.Answer()
	if err != nil {
		return err
	}
	w.send(rw, to)
	return nil
}

// startAtProvider begins a sign-in by the connection that ends at the account page:
// for links on the provider's own pages, and for who was sent here unasked.
func (w *Web) startAtProvider(rw http.ResponseWriter, r *http.Request) error {
	c, err := w.Connections.Get(r.Context(), r.PathValue("connection"))
	if err != nil {
		return err
	}
	if !c.Enabled {
		return org.NoConnection()
	}
	f, err := w.Sessions.StartFlow(r.Context(), httpd.InfoOf(r).Address, w.Cookies.NameBrowser(rw, r), session.Request{RedirectURI: pathAccount}, session.Progress{})
	if err != nil {
		return err
	}
	w.send(rw, w.withConnection(f, c.ID))
	return nil
}
