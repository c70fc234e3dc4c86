package web

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"signet/internal/account"
	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/httpd"
	"signet/internal/session"
	"signet/internal/web/view"
)

// locale is the language of the answer; f may be nil.
func (w *Web) locale(r *http.Request, f *session.Flow) view.Locale {
	asked := ""
	if f != nil {
		asked = f.Request.UILocales
	}
	return w.View.Languages().Negotiate(asked, w.Cookies.Locale(r), r.Header.Get("Accept-Language"))
}

// show renders the page. targets are where its forms may end, beside this
// house (see view.Renderer.CSP).
func (w *Web) show(rw http.ResponseWriter, r *http.Request, f *session.Flow, status int, page view.Page, targets ...string) error {
	return w.showUnder(w.View.CSP(targets...), rw, r, f, status, page)
}

// showUnder is show with a policy of the page's own.
func (w *Web) showUnder(policy string, rw http.ResponseWriter, r *http.Request, f *session.Flow, status int, page view.Page) error {
	var buf bytes.Buffer
	if err := w.View.Render(&buf, w.locale(r, f), page); err != nil {
		return err
	}
	h := rw.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Content-Length", strconv.Itoa(buf.Len()))
	rw.WriteHeader(status)
	httpd.WriteWhole(rw, r, buf.Bytes())
	return nil
}

// frame is what surrounds a page of the flow: the app that asks.
func (w *Web) frame(r *http.Request, f *session.Flow) (view.Frame, error) {
	fr := view.Frame{Languages: view.LanguageChoice{Action: w.at(pathLanguage), Return: r.URL.RequestURI()}}
	if r.Method == http.MethodPost {
		// A page that was posted cannot be come back to; its form can.
		fr.Languages.Return = w.at(r.URL.Path, "flow", r.FormValue("flow"))
	}
	if f != nil && f.Request.Lead != nil {
		c, err := w.Clients.Get(r.Context(), f.Request.Lead.ClientID)
		switch {
		case fault.Is(err, fault.NotFound): // it was removed meanwhile
		case err != nil:
			return fr, err
		default:
			fr.App = w.appOf(c, w.locale(r, f))
		}
		return fr, nil
	}
	if f == nil || f.Request.ClientID == "" {
		return fr, nil
	}
	c, err := w.Clients.Get(r.Context(), f.Request.ClientID)
	if err != nil {
		return fr, err
	}
	fr.App = w.appOf(c, w.locale(r, f))
	if host := client.WebHost(f.Request.RedirectURI); c.RegisteredItself() && !c.Document && f.Request.Purpose == session.SigningIn && host != fr.App.Domain {
		// It is of where this answer goes, whatever else it says; of no host, where
		// that is an app or a device.
		fr.App.Domain, fr.App.HomeURL = host, ""
	}
	if f.ID != "" && f.Request.Purpose == session.SigningIn && f.Request.Device == nil {
		fr.Leave = &view.Form{Action: w.at(pathCancel), Hidden: []view.Pair{{Name: "flow", Value: f.ID}}}
	}
	return fr, nil
}

// bareFrame is what surrounds a page that says what went wrong. The language
// can be chosen there too, unless the page was posted: nothing leads back to it.
func (w *Web) bareFrame(r *http.Request) view.Frame {
	if r.Method != http.MethodGet {
		return view.Frame{}
	}
	return view.Frame{Languages: view.LanguageChoice{Action: w.at(pathLanguage), Return: r.URL.RequestURI()}}
}

// appOf is the client as people who read the language are shown it.
func (w *Web) appOf(c *client.Client, loc view.Locale) *view.App {
	t := c.In(loc.String())
	return &view.App{
		ID: c.ID, Name: t.Name, Domain: c.Domain(), LogoURL: w.logoAt(c.ID, t.LogoURI), Accent: c.Accent,
		HomeURL: t.ClientURI, PrivacyURL: t.PolicyURI, TermsURL: t.TermsURI,
	}
}

func personOf(a *account.Account) view.Person {
	p := view.Person{Email: a.Email}
	if name := a.DisplayName(); name != a.Email {
		p.Name = name
	}
	return p
}

// targets are where a form of the flow's pages may end: the app, and what it
// goes on to itself. Browsers hold every hop of a redirect to the page's
// policy, and where an app sends people from its callback is not ours to know.
func targets(f *session.Flow) []string {
	if f.Request.Lead != nil {
		return leadTargets(f.Request.Lead)
	}
	if f.Request.ClientID == "" {
		return nil
	}
	u, err := url.Parse(f.Request.RedirectURI)
	switch {
	case err != nil || u.Scheme == "":
		return nil
	case u.Scheme == "https":
		return []string{"https:"}
	case u.Scheme == "http":
		return []string{"https:", "http://" + u.Hostname() + ":*"}
	}
	return []string{u.Scheme + ":"}
}

// PageError tells a person what went wrong.
func (w *Web) PageError(rw http.ResponseWriter, r *http.Request, err error) {
	kind := fault.KindOf(err)
	if kind == fault.Limited || kind == fault.Unavailable {
		httpd.RetryAfter(rw, retryAfter)
	}
	page := &view.Error{Frame: w.bareFrame(r), Reason: reasonOf(kind), RequestID: httpd.InfoOf(r).RequestID()}
	if kind == fault.Expired && strings.HasPrefix(r.URL.Path, pathSignUp) {
		page.Reason = view.ReasonSignUp
	}
	var body *http.MaxBytesError
	if errors.As(err, &body) {
		page.Reason, kind = view.ReasonRequest, fault.Invalid
	}
	if (kind == fault.Unavailable || kind == fault.Internal) && r.Method == http.MethodGet {
		page.RetryURL = r.URL.RequestURI()
	}
	switch kind {
	case fault.Limited, fault.Unavailable, fault.Internal: // the page says to try again
	default:
		page.HomeURL = w.at(pathAccount)
	}
	if err := w.show(rw, r, nil, httpd.Status(kind), page); err != nil {
		http.Error(rw, fault.Public(err), http.StatusInternalServerError)
	}
}

func reasonOf(kind fault.Kind) view.Reason {
	switch kind {
	case fault.Invalid, fault.Conflict:
		return view.ReasonRequest
	case fault.Expired, fault.Unauthenticated:
		return view.ReasonExpired
	case fault.Forbidden:
		return view.ReasonForbidden
	case fault.NotFound:
		return view.ReasonNotFound
	case fault.Limited:
		return view.ReasonTooMany
	case fault.Unavailable:
		return view.ReasonUnavailable
	default:
		return view.ReasonInternal
	}
}

// Refusal is an app's request that cannot be answered to the app.
type Refusal struct {
	Client *client.Client // nil: not known
	Code   string         // an OAuth error code
	Field  string         // the parameter that is to blame, or ""
	Reason string         // for the app's developer, in English
}

// Refuse tells the person that an app's request cannot be answered to the app,
// and the app's developer why.
func (w *Web) Refuse(rw http.ResponseWriter, r *http.Request, why Refusal) error {
	page := &view.Error{
		Frame: w.bareFrame(r), Reason: view.ReasonRequest,
		Developer: why.Code + ": " + why.Reason, RequestID: httpd.InfoOf(r).RequestID(),
	}
	switch {
	case why.Client == nil && why.Code == "invalid_client":
		page.Reason = view.ReasonUnknownApp
	case why.Client != nil && why.Field == "redirect_uri":
		page.Reason = view.ReasonAddress
	}
	if c := why.Client; c != nil {
		page.App = w.appOf(c, w.locale(r, nil))
		if home := page.App.HomeURL; home != "" {
			page.Back = &view.Link{URL: home, Text: page.App.Name}
		}
	}
	return w.show(rw, r, nil, http.StatusBadRequest, page)
}

// FormPost answers with a page that posts the pairs of names and values to the
// action.
func (w *Web) FormPost(rw http.ResponseWriter, r *http.Request, action string, pairs [][2]string) error {
	page := &view.FormPost{Action: action}
	for _, p := range pairs {
		page.Fields = append(page.Fields, view.Pair{Name: p[0], Value: p[1]})
	}
	return w.show(rw, r, nil, http.StatusOK, page, targets(&session.Flow{Request: session.Request{ClientID: "-", RedirectURI: action}})...)
}
