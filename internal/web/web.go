// Package web is the pages: it reads what a person sends, calls one method of
// the domain, and shows a page or sends the browser on. What a page looks like
// is the business of package view.
//
// It works on flows and knows no protocol: when a flow has what it needs, the
// browser goes back to where Links says it goes on. It knows no store.
package web

import (
	"net/http"
	"net/url"
	"time"

	"signet/internal/account"
	"signet/internal/audit"
	"signet/internal/challenge"
	"signet/internal/ciba"
	"signet/internal/client"
	"signet/internal/device"
	"signet/internal/federation"
	"signet/internal/grant"
	"signet/internal/httpd"
	"signet/internal/logout"
	"signet/internal/org"
	"signet/internal/resource"
	"signet/internal/session"
	"signet/internal/web/view"
)

// Links are addresses of the protocol that pages lead to.
type Links struct {
	Resume        func(flowID string) string            // where an app's flow goes on
	SignOutTarget func(request *session.Request) string // where a signed-out browser is sent
}

// Letters say what letters to people can hold.
type Letters struct {
	Send bool   // there is somebody to carry them
	Home string // the issuer, for the addresses in them
}

// Services are the parts of the house that the pages work with.
type Services struct {
	Clients       *client.Registry
	Resources     *resource.Registry
	Accounts      *account.Service
	Organizations *org.Service
	Invitations   *org.Invitations
	Domains       *org.Domains
	Realms        *org.Realms
	Setups        *org.Setups
	Connections   *org.Connections
	Arrivals      *org.Arrivals
	Upstream      Upstream
	OpenID        OpenID
	SAML          SAML
	LogoutGate    LogoutGate
	Once          federation.Memory
	Sessions      *session.Service
	Logouts       *logout.Notifier
	Devices       *device.Service
	Grants        *grant.Service
	Cookies       *httpd.Cookies
	Outbound      Fetcher
	View          *view.Renderer
	Links         Links
	Browsers      *account.Browsers
	CIBA          *ciba.Service
	Mails         Mails
	Ledger        *account.Ledger
	Changes       *account.Changes
	LeastAge      int // in years, of a person with an account
	Recoveries    *account.Recoveries
	Letters       Letters
	Audit         audit.Store
	Policy        *account.Policy
	Challenges    *challenge.Service
	SignUps       *account.SignUps // nil: no account can be made here
	Admission     account.Admission
	Mailbox       Mailbox // nil: there is none
	Now           func() time.Time
}

// Web answers the pages' requests.
type Web struct {
	Services
	base  string
	logos *logos
}

// New returns the pages below the issuer's path ("" for a bare origin).
func New(base string, s Services) *Web {
	return &Web{Services: s, base: base, logos: newLogos(s.Outbound, s.Now)}
}

// flowOf returns the sign-in that the request names, if it is this browser's.
func (w *Web) flowOf(r *http.Request) (*session.Flow, error) {
	return w.Sessions.Flow(r.Context(), session.SigningIn, r.FormValue("flow"), w.Cookies.Browser(r))
}

// sessionOf returns the browser's session, or nil.
func (w *Web) sessionOf(r *http.Request) (*session.Session, error) {
	s, err := w.Sessions.Current(r.Context(), w.Cookies.Session(r))
	if s != nil {
		httpd.InfoOf(r).AccountID = s.AccountID
	}
	return s, err
}

// Address is where a person is asked for what the flow needs.
func (w *Web) Address(need session.Need, flowID string) string {
	path := map[session.Need]string{
		session.NeedSignUp: pathSignUp, session.NeedSignIn: pathSignIn, session.NeedLink: pathLink, session.NeedAccount: pathChoose, session.NeedOrganization: pathOrganization, session.NeedDevice: pathDeviceAsks, session.NeedConsent: pathConsent,
	}[need]
	return w.at(path, "flow", flowID)
}

// ConfirmSignOut is where a person is asked whether to sign out.
func (w *Web) ConfirmSignOut(flowID string) string { return w.at(pathSignOut, "flow", flowID) }

// at returns the address of the path with the query of the pairs.
func (w *Web) at(path string, pairs ...string) string {
	if len(pairs) == 0 {
		return w.base + path
	}
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return w.base + path + "?" + q.Encode()
}

func (w *Web) send(rw http.ResponseWriter, to string) {
	rw.Header().Set("Location", to)
	rw.WriteHeader(http.StatusSeeOther)
}

// goOn sends the browser to where the flow goes on: for an app's flow that is
// the protocol, for the house's own it is the next page or its end.
func (w *Web) goOn(rw http.ResponseWriter, r *http.Request, f *session.Flow, sess *session.Session) error {
	if f.Request.ClientID != "" {
		w.send(rw, w.base+w.Links.Resume(f.ID))
		return nil
	}
	if need := session.Next(&f.Request, &f.Progress, sess, true, w.Now()); need != session.NeedNothing {
		w.send(rw, w.Address(need, f.ID))
		return nil
	}
	if err := w.Sessions.Finish(r.Context(), f); err != nil {
		return err
	}
	w.send(rw, w.base+f.Request.RedirectURI)
	return nil
}

// signInFor begins a sign-in of the house's own, which ends at one of its pages.
func (w *Web) signInFor(rw http.ResponseWriter, r *http.Request, path string) error {
	return w.beginAt(rw, r, pathSignIn, path)
}

// beginAt begins a flow of the house's own at the path, which ends at another
// of its pages.
func (w *Web) beginAt(rw http.ResponseWriter, r *http.Request, path, end string) error {
	return w.beginWith(rw, r, path, session.Request{RedirectURI: end})
}

// signInAnew asks who is signed in to do so once more, where they did, and leads to
// the page.
func (w *Web) signInAnew(rw http.ResponseWriter, r *http.Request, sess *session.Session, path string) error {
	age := 0
	req := session.Request{RedirectURI: path, MaxAge: &age, HintSubject: sess.AccountID}
	if sess.Upstream != nil {
		req.Connection = sess.Upstream.Connection
	}
	return w.beginWith(rw, r, pathSignIn, req)
}

func (w *Web) beginWith(rw http.ResponseWriter, r *http.Request, path string, req session.Request) error {
	f, err := w.Sessions.StartFlow(r.Context(), httpd.InfoOf(r).Address, w.Cookies.NameBrowser(rw, r), req, session.Progress{})
	if err != nil {
		return err
	}
	w.send(rw, w.at(path, "flow", f.ID))
	return nil
}
