package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/httpd"
	"signet/internal/session"
	"signet/internal/web/view"
)

// retryAfter is what a person who is turned away is asked to wait.
const retryAfter = time.Minute

// identifier asks for the e-mail address. Somebody who is signed in and must
// prove it again is asked for the password at once.
func (w *Web) identifier(rw http.ResponseWriter, r *http.Request) error {
	if !r.URL.Query().Has("flow") {
		return w.signInFor(rw, r, pathAccount)
	}
	f, err := w.flowOf(r)
	if err != nil {
		return err
	}
	if r.URL.Query().Has("other") {
		return w.showIdentifier(rw, r, f, "", "")
	}
	if f.Request.Connection != "" {
		w.send(rw, w.withConnection(f, f.Request.Connection))
		return nil
	}
	sess, err := w.sessionOf(r)
	if err != nil {
		return err
	}
	if sess != nil && (f.Request.HintSubject == "" || f.Request.HintSubject == sess.AccountID) {
		if session.Next(&f.Request, &f.Progress, sess, true, w.Now()) != session.NeedSignIn {
			return w.goOn(rw, r, f, sess) // signed in meanwhile, in another tab
		}
		w.send(rw, w.at(pathPassword, "flow", f.ID))
		return nil
	}
	if led, err := w.ledBy(r, f); err != nil || led != "" {
		if err != nil {
			return err
		}
		return w.lead(rw, r, f, led)
	}
	typed := f.Progress.Email
	if typed == "" {
		typed = f.Request.LoginHint
	}
	return w.showIdentifier(rw, r, f, typed, "")
}

func (w *Web) showIdentifier(rw http.ResponseWriter, r *http.Request, f *session.Flow, typed string, bad view.Message) error {
	fr, err := w.frame(r, f)
	if err != nil {
		return err
	}
	page := &view.Identifier{Frame: fr, Form: w.form(pathSignIn, f), Username: typed, Fault: bad, CreateURL: w.createURL(f)}
	if f.Progress.Led && f.Progress.Email != "" {
		page.PasswordURL = w.at(pathPassword, "flow", f.ID)
	}
	realm, err := w.askedFor(r, f)
	if err != nil {
		return err
	}
	if realm != nil {
		page.Connection, page.ConnectionURL = realm.Connection, w.withConnection(f, realm.ConnectionID)
	}
	return w.show(rw, r, f, statusOf(bad), page, targets(f)...)
}

func (w *Web) form(path string, f *session.Flow) view.Form {
	return view.Form{Action: w.at(path), Hidden: []view.Pair{{Name: "flow", Value: f.ID}}}
}

// statusOf is the status of a page that shows a fault, or not. A form that
// comes back with a fault at its field is the page that was asked for: browsers
// report any other status as a broken one.
func statusOf(m view.Message) int {
	switch m {
	case view.FaultTooMany, view.FaultAskedOften, view.FaultTriedOften, view.FaultDeviceCrowded:
		return http.StatusTooManyRequests
	}
	return http.StatusOK
}

func (w *Web) postIdentifier(rw http.ResponseWriter, r *http.Request) error {
	f, err := w.flowOf(r)
	if err != nil {
		return err
	}
	typed := strings.TrimSpace(r.PostFormValue("username"))
	if typed == "" {
		return w.showIdentifier(rw, r, f, "", view.FaultEmailMissing)
	}
	if _, _, err := account.NormalizeEmail(typed); err != nil {
		return w.showIdentifier(rw, r, f, clip(typed), view.FaultEmailMalformed)
	}
	realm, err := w.Realms.Of(r.Context(), typed)
	if err != nil {
		return err
	}
	f, err = w.Sessions.Progress(r.Context(), f, func(p *session.Progress) { p.Email, p.Led = typed, realm != nil })
	if err != nil {
		return err
	}
	if realm != nil {
		w.send(rw, w.withConnection(f, realm.ConnectionID))
		return nil
	}
	w.send(rw, w.at(pathPassword, "flow", f.ID))
	return nil
}

// clip bounds what is shown again of what was typed.
func clip(s string) string {
	const most = 254
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "")
	}
	return s
}

// whose returns the address whose password is asked for, and whether it is
// that of the person who is signed in.
func (w *Web) whose(r *http.Request, f *session.Flow) (email string, again bool, err error) {
	if f.Progress.Email != "" {
		return f.Progress.Email, false, nil
	}
	sess, err := w.sessionOf(r)
	if err != nil || sess == nil {
		return "", false, err
	}
	a, err := w.Accounts.Get(r.Context(), sess.AccountID)
	if fault.Is(err, fault.NotFound) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	return a.Email, true, nil
}

func (w *Web) password(rw http.ResponseWriter, r *http.Request) error {
	f, err := w.flowOf(r)
	if err != nil {
		return err
	}
	return w.showPassword(rw, r, f, "", false)
}

func (w *Web) showPassword(rw http.ResponseWriter, r *http.Request, f *session.Flow, bad view.Message, remember bool) error {
	email, again, err := w.whose(r, f)
	if err != nil {
		return err
	}
	if email == "" {
		w.send(rw, w.at(pathSignIn, "flow", f.ID, "other", "1"))
		return nil
	}
	fr, err := w.frame(r, f)
	if err != nil {
		return err
	}
	page := &view.Password{
		Frame: fr, Form: w.form(pathPassword, f), Username: email, Again: again, Fault: bad, Remember: remember,
		OtherURL: w.at(pathSignIn, "flow", f.ID, "other", "1"),
	}
	if w.Letters.Send {
		page.ForgotURL = w.at(pathRecover, "flow", f.ID)
	}
	if !again {
		page.CreateURL = w.createURL(f)
	}
	if f.Progress.Led { // others' addresses were looked at when they were typed
		realm, err := w.enforced(r, email)
		if err != nil {
			return err
		}
		if realm != nil {
			page.Company, page.CreateURL = &view.CompanyPassword{Domain: realm.Domain, Org: realm.OrgName}, ""
		}
	}
	return w.show(rw, r, f, statusOf(bad), page, targets(f)...)
}

// postPassword signs in: the browser gets a new session, and the flow goes on.
func (w *Web) postPassword(rw http.ResponseWriter, r *http.Request) error {
	f, err := w.flowOf(r)
	if err != nil {
		return err
	}
	remember := r.PostFormValue("remember") != ""
	typed := r.PostFormValue("password")
	if typed == "" {
		return w.showPassword(rw, r, f, view.FaultPasswordMissing, remember)
	}
	email, _, err := w.whose(r, f)
	if err != nil {
		return err
	}
	realm, err := w.Realms.Of(r.Context(), email)
	if err != nil {
		return err
	}
	info := httpd.InfoOf(r)
	a, err := w.Accounts.Authenticate(r.Context(), account.Credentials{
		Email: email, Password: typed, Browser: w.Cookies.Browser(r), IP: info.Address,
		Elsewhere: func(_ context.Context, a *account.Account) (bool, error) { return w.bars(r, f, realm, a) },
	})
	if waits, ok := errors.AsType[*account.Unproven](err); ok {
		if realm != nil && realm.Enforced {
			return w.showPassword(rw, r, f, view.FaultCredentials, remember)
		}
		return w.waitForProof(rw, r, f, waits.SignUp)
	}
	if bad := faultOf(err); bad != "" {
		info.Kind, info.Cause = fault.KindOf(err), err
		if err := w.recordRefusal(r, f, err); err != nil {
			return err
		}
		if bad == view.FaultTooMany {
			httpd.RetryAfter(rw, retryAfter)
		}
		return w.showPassword(rw, r, f, bad, remember)
	}
	if err != nil {
		return err
	}
	info.AccountID = a.ID
	if a.Status == account.Closed {
		return w.offerKeep(rw, r, f, a.Account, remember)
	}
	return w.signIn(rw, r, f, a, remember)
}

// signIn signs the browser in to the account, whose password was right, and goes
// on with the flow.
func (w *Web) signIn(rw http.ResponseWriter, r *http.Request, f *session.Flow, a *account.Authenticated, remember bool) error {
	// Before the session: nobody gets in unannounced.
	if err := w.announce(rw, r, f, a); err != nil {
		return err
	}
	begun, err := w.beginSession(rw, r, f, a.Account, remember)
	if fault.Is(err, fault.Unauthenticated) {
		info := httpd.InfoOf(r)
		info.Kind, info.Cause = fault.KindOf(err), err
		return w.showPassword(rw, r, f, view.FaultCredentials, remember)
	}
	if err != nil {
		return err
	}
	return w.goOn(rw, r, begun.Flow, begun.Session)
}

// waitForProof leads somebody who knows the password of an account that waits
// to where it is activated.
func (w *Web) waitForProof(rw http.ResponseWriter, r *http.Request, f *session.Flow, waits *account.SignUp) error {
	f, err := w.keepSignUp(r, f, func(su *session.SignUp) { *su = session.SignUp{ID: waits.ID, Kept: true, Email: waits.Email} })
	if err != nil {
		return err
	}
	w.send(rw, w.at(pathSignUpCheck, "flow", f.ID))
	return nil
}

// faultOf is what the page says of a sign-in that was refused; "" for what is
// no refusal.
func faultOf(err error) view.Message {
	switch fault.KindOf(err) {
	case fault.Unauthenticated, fault.Invalid:
		return view.FaultCredentials
	case fault.Limited:
		return view.FaultTooMany
	}
	return ""
}

// recordRefusal notes a sign-in that was refused: with the account where there
// is one, and without where there is none, at the same cost. What the limits
// turned away was no try, and is not noted: it has no end.
func (w *Web) recordRefusal(r *http.Request, f *session.Flow, refused error) error {
	var why *account.Refusal
	if !errors.As(refused, &why) {
		return nil
	}
	httpd.InfoOf(r).AccountID = why.AccountID
	return w.record(r, f, "session.refuse", "", why.AccountID, "why", why.Why)
}

// beginSession signs the browser in, unless the account changed meanwhile: a
// fault of kind Unauthenticated. Nobody gets in unrecorded.
func (w *Web) beginSession(rw http.ResponseWriter, r *http.Request, f *session.Flow, a *account.Account, remember bool) (*session.Begun, error) {
	return w.beginAs(rw, r, f, a, session.SignIn{AMR: []string{session.AMRPassword}, ACR: session.ACRPassword, Remember: remember})
}

// beginAs is beginSession for a sign-in by the methods of in.
func (w *Web) beginAs(rw http.ResponseWriter, r *http.Request, f *session.Flow, a *account.Account, in session.SignIn) (*session.Begun, error) {
	old, err := w.sessionOf(r)
	if err != nil {
		return nil, err
	}
	in.AccountID, in.UserAgent, in.IP = a.ID, clip(r.UserAgent()), httpd.InfoOf(r).Address
	begun, err := w.Sessions.Begin(r.Context(), f, old, in)
	if err != nil {
		return nil, err
	}
	detail := []string{"sid", begun.SID}
	if in.Upstream != nil {
		detail = append(detail, "connection", in.Upstream.Connection)
	}
	still, err := w.Accounts.RecordSignIn(r.Context(), a, w.entry(r, f, "session.begin", a.ID, a.ID, detail...))
	if err == nil && !still {
		err = fault.New(fault.Unauthenticated, "The account was changed meanwhile.")
	}
	if err != nil {
		return nil, errors.Join(err, w.Sessions.Undo(r.Context(), begun))
	}
	life := time.Duration(0)
	if in.Remember {
		life = begun.ExpiresAt.Sub(w.Now())
	}
	w.Cookies.SetSession(rw, begun.Cookie, life)
	return begun, nil
}
