package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/federation"
	"signet/internal/httpd"
	"signet/internal/org"
	"signet/internal/session"
	"signet/internal/web/view"
)

// Upstream speaks with the providers of connections.
type Upstream interface {
	// Begin returns where the browser is to go to sign in by the connection.
	Begin(ctx context.Context, c *org.Connection, ask federation.Ask) (*federation.Going, error)
	// Finish returns who the browser brings word of.
	Finish(ctx context.Context, c *org.Connection, d *session.Departure, came url.Values) (*org.Arrival, error)
	// Leave returns where the browser ends its session at the provider, and comes
	// back from with the state; "": nowhere.
	Leave(ctx context.Context, c *org.Connection, u *session.Upstream, state string) (string, error)
	// Open returns the connection as its protocol works with it.
	Open(c *org.Connection) (federation.Connection, error)
}

// pathUpstreamKeys is where a provider finds the key by which Signet proves itself.
const pathUpstreamKeys = federation.PathFederation + "{connection}" + federation.PathKeys

// pathUpstream is where an OpenID Connect provider sends people back: a
// connection's own.
const pathUpstream = federation.PathFederation + "{connection}" + federation.PathCallback

// upstreamRoutes are those of sign-ins at somebody else's provider.
func (w *Web) upstreamRoutes() []httpd.Route {
	return []httpd.Route{
		page(pathWith, w.signInWith),
		page(pathUpstream, w.upstreamBack),
		page(pathUpstreamOut, w.upstreamOut),
		page(pathGoOn, w.goOnPage),
		page(pathLink, w.link), form(pathLink, w.postLink),
		{Method: "GET", Path: pathUpstreamKeys, Kind: httpd.Public, Do: w.upstreamKeys},
		{Method: "POST", Path: pathUpstreamLogout, Kind: httpd.Protocol, Do: w.upstreamLogout},
	}
}

// signInWith sends the browser to the provider of a connection, on its way in the
// flow.
func (w *Web) signInWith(rw http.ResponseWriter, r *http.Request) error {
	f, err := w.flowOf(r)
	if err != nil {
		return err
	}
	c, err := w.Connections.Get(r.Context(), r.FormValue("connection"))
	if fault.Is(err, fault.NotFound) || err == nil && !c.Enabled {
		// It was removed since the app or the person heard of it: there are other ways in.
		w.send(rw, w.at(pathSignIn, "flow", f.ID, "other", "1"))
		return nil
	}
	if err != nil {
		return err
	}
	return w.depart(rw, r, f, c)
}

// withConnection is the page that leads the flow to the connection's provider:
// what a person's address, their organization, or the app's request leads to.
func (w *Web) withConnection(f *session.Flow, connectionID string) string {
	return w.at(pathWith, "flow", f.ID, "connection", connectionID)
}

// depart shows the page by which the browser goes to the connection's provider.
// The page goes on by itself, and is no redirect: browsers hold those after a form
// to the policy of the form's page, which does not know the provider.
func (w *Web) depart(rw http.ResponseWriter, r *http.Request, f *session.Flow, c *org.Connection) error {
	fresh, err := w.mustBeFresh(r, f, c)
	if err != nil {
		return err
	}
	hint := f.Progress.Email
	if hint == "" {
		hint = f.Request.LoginHint
	}
	state := session.NewState()
	going, err := w.Upstream.Begin(r.Context(), c, federation.Ask{State: state, LoginHint: hint, UILocales: w.locale(r, f).String(), Fresh: fresh})
	if err != nil {
		return w.upstreamFailed(rw, r, f, c, err)
	}
	err = w.Sessions.Depart(r.Context(), f, state, session.Departure{Connection: c.ID, Version: c.Version, Fresh: fresh, Remembered: going.Remembered})
	if err != nil {
		return err
	}
	fr, err := w.frame(r, f)
	if err != nil {
		return err
	}
	page := &view.Onward{Frame: fr, Name: c.Name, URL: going.URL, Host: hostOf(going.URL)}
	for _, name := range []string{"SAMLRequest", "RelayState"} {
		if v := going.Form.Get(name); v != "" {
			page.Fields = append(page.Fields, view.Pair{Name: name, Value: v})
		}
	}
	if page.Fields != nil {
		return w.show(rw, r, f, http.StatusOK, page, originOf(going.URL))
	}
	return w.leap(rw, r, f, page)
}

// leap shows a page that goes on to its address by itself.
func (w *Web) leap(rw http.ResponseWriter, r *http.Request, f *session.Flow, page *view.Onward) error {
	rw.Header().Set("Refresh", "0;url="+page.URL)
	return w.show(rw, r, f, http.StatusOK, page, targets(f)...)
}

// mustBeFresh reports whether an older sign-in at the provider does not do: the
// app asks for a new one, or who signed in by it is asked again who they are.
func (w *Web) mustBeFresh(r *http.Request, f *session.Flow, c *org.Connection) (bool, error) {
	req := &f.Request
	if req.Purpose != session.SigningIn || req.WantsFresh() {
		return req.Purpose == session.SigningIn, nil
	}
	sess, err := w.sessionOf(r)
	if err != nil || sess == nil || sess.Upstream == nil || sess.Upstream.Connection != c.ID {
		return false, err
	}
	return f.Progress.SignedInAt.IsZero() && (req.HintSubject == "" || req.HintSubject == sess.AccountID), nil
}

func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// upstreamBack is where an OpenID Connect provider sends the browser back.
func (w *Web) upstreamBack(rw http.ResponseWriter, r *http.Request) error {
	came := r.URL.Query()
	return w.cameBack(rw, r, r.PathValue("connection"), came.Get("state"), came)
}

// openID is the OpenID Connect connection that the address names, and what it is with
// its secrets.
func (w *Web) openID(r *http.Request) (*org.Connection, federation.Connection, error) {
	c, err := w.Connections.Get(r.Context(), r.PathValue("connection"))
	if err == nil && c.Protocol != org.OIDC {
		err = org.NoConnection()
	}
	if err != nil {
		return nil, federation.Connection{}, err
	}
	conn, err := w.Upstream.Open(c)
	return c, conn, err
}

// upstreamKeys publishes the public key of a connection.
func (w *Web) upstreamKeys(rw http.ResponseWriter, r *http.Request) error {
	_, conn, err := w.openID(r)
	if err != nil {
		return err
	}
	set, err := federation.PublicKeys(&conn)
	if err != nil {
		return err
	}
	rw.Header().Set("Content-Type", "application/jwk-set+json")
	rw.Header().Set("Cache-Control", "public, max-age=300")
	_, err = rw.Write(set)
	return err
}

// cameBack takes what a browser brought back from the connection's provider. The
// state is good once, in the browser that was sent away, for this connection.
func (w *Web) cameBack(rw http.ResponseWriter, r *http.Request, connectionID, state string, came url.Values) error {
	f, d, err := w.Sessions.Return(r.Context(), connectionID, state, w.Cookies.Browser(r))
	if err != nil {
		return err
	}
	c, err := w.Connections.Get(r.Context(), connectionID)
	if err != nil {
		return err
	}
	trial := f.Request.Purpose == session.Trying
	if !c.Enabled && !trial {
		return org.NoConnection()
	}
	a, err := w.Upstream.Finish(r.Context(), c, d, came)
	switch {
	case trial:
		return w.tried(rw, r, f, d, a, err)
	case err != nil:
		return w.upstreamFailed(rw, r, f, c, err)
	}
	return w.arrived(rw, r, f, c, a)
}

// arrived signs in who arrived, or asks which account is theirs.
func (w *Web) arrived(rw http.ResponseWriter, r *http.Request, f *session.Flow, c *org.Connection, a *org.Arrival) error {
	settled, err := w.Arrivals.Settle(r.Context(), c, a)
	if err != nil {
		return err
	}
	switch who := settled.Account; {
	case who == nil:
		f, err = w.Sessions.Progress(r.Context(), f, func(p *session.Progress) {
			*p = session.Progress{Email: p.Email, Arrived: &session.Arrived{Connection: c.ID, At: w.Now(), Arrival: *a}}
			p.Arrived.Arrival.Attributes = nil
		})
		if err != nil {
			return err
		}
		return w.leapTo(rw, r, f, c, w.at(pathLink, "flow", f.ID))
	case who.Status != account.Active || settled.Left:
		httpd.InfoOf(r).AccountID = who.ID
		why := "status"
		if settled.Left {
			why = "left"
		}
		if err := w.record(r, f, "session.refuse", "", who.ID, "why", why, "connection", c.ID); err != nil {
			return err
		}
		return w.showUpstreamFailed(rw, r, f, c, view.UpstreamStopped, "")
	case settled.Made:
		if err := w.record(r, f, "account.create", who.ID, who.ID, "connection", c.ID); err != nil {
			return err
		}
	}
	// An identity at one organization's provider is no way around that of another.
	if realm, err := w.foreign(r, c, settled.Account); err != nil || realm != nil {
		if err != nil {
			return err
		}
		if err := w.record(r, f, "session.refuse", "", settled.Account.ID, "why", "enforced", "organization", realm.OrgID); err != nil {
			return err
		}
		return w.leapTo(rw, r, f, c, w.withConnection(f, realm.ConnectionID))
	}
	return w.signInUpstream(rw, r, f, c, a, settled.Account)
}

func (w *Web) signInUpstream(rw http.ResponseWriter, r *http.Request, f *session.Flow, c *org.Connection, a *org.Arrival, who *account.Account) error {
	httpd.InfoOf(r).AccountID = who.ID
	begun, err := w.beginAs(rw, r, f, who, session.SignIn{
		AMR: []string{session.AMRUpstream}, ACR: session.ACRUpstream, Upstream: &session.Upstream{Connection: c.ID, Session: a.Session, Hint: a.Hint}, Until: a.Until,
	})
	if fault.Is(err, fault.Unauthenticated) {
		return w.showUpstreamFailed(rw, r, f, c, view.UpstreamStopped, "")
	}
	if err != nil {
		return err
	}
	return w.leapTo(rw, r, begun.Flow, c, w.onward(begun.Flow))
}

// onward is where the flow asks what it still needs.
func (w *Web) onward(f *session.Flow) string {
	if f.Request.ClientID != "" {
		return w.base + w.Links.Resume(f.ID)
	}
	return w.at(pathGoOn, "flow", f.ID)
}

// leapTo leads on from a provider. The policy of its last page, which may hold
// every hop that follows, ends here.
func (w *Web) leapTo(rw http.ResponseWriter, r *http.Request, f *session.Flow, c *org.Connection, to string) error {
	fr, err := w.frame(r, f)
	if err != nil {
		return err
	}
	fr.Languages = view.LanguageChoice{} // nothing leads back here
	return w.leap(rw, r, f, &view.Onward{Frame: fr, Name: c.Name, URL: to, Back: true})
}

// goOnPage goes on with a flow of the house's own.
func (w *Web) goOnPage(rw http.ResponseWriter, r *http.Request) error {
	f, err := w.flowOf(r)
	if err != nil {
		return err
	}
	sess, err := w.sessionOf(r)
	if err != nil {
		return err
	}
	return w.goOn(rw, r, f, sess)
}

// upstreamFailed says whose fault it is that the sign-in cannot go on, and how
// else to get in.
func (w *Web) upstreamFailed(rw http.ResponseWriter, r *http.Request, f *session.Flow, c *org.Connection, err error) error {
	t, ok := errors.AsType[*federation.Trouble](err)
	if !ok {
		return err
	}
	if f.Request.Purpose == session.Trying {
		return w.tried(rw, r, f, &session.Departure{Connection: c.ID, Version: c.Version}, nil, err)
	}
	why := map[federation.Why]view.UpstreamWhy{
		federation.Down: view.UpstreamDown, federation.Nonsense: view.UpstreamNonsense, federation.Refused: view.UpstreamRefused, federation.Settings: view.UpstreamSettings,
	}[t.Why]
	info := httpd.InfoOf(r)
	info.Kind, info.Cause = fault.Unavailable, t
	if err := w.record(r, f, "connection.fail", "", c.ID, "why", string(t.Why), "detail", t.Detail); err != nil {
		return err
	}
	return w.showUpstreamFailed(rw, r, f, c, why, t.Detail)
}

func (w *Web) showUpstreamFailed(rw http.ResponseWriter, r *http.Request, f *session.Flow, c *org.Connection, why view.UpstreamWhy, detail string) error {
	fr, err := w.frame(r, f)
	if err != nil {
		return err
	}
	fr.Languages = view.LanguageChoice{} // nothing leads back here
	page := &view.UpstreamFailed{
		Frame: fr, Why: why, Name: c.Name, Detail: detail, RequestID: httpd.InfoOf(r).RequestID(),
		OtherURL: w.otherWay(f),
	}
	if why != view.UpstreamStopped {
		page.RetryURL = w.withConnection(f, c.ID)
	}
	return w.show(rw, r, f, why.Status(), page, targets(f)...)
}

// otherWay is how somebody gets in whose provider does not let them: by a password,
// if their address led there, which would lead there again.
func (w *Web) otherWay(f *session.Flow) string {
	if f.Progress.Led && f.Progress.Email != "" {
		return w.at(pathPassword, "flow", f.ID)
	}
	return w.at(pathSignIn, "flow", f.ID, "other", "1")
}
