package web

import (
	"net/http"
	"strings"

	"signet/internal/fault"
	"signet/internal/session"
	"signet/internal/web/view"
)

// signOut asks whether to sign out.
func (w *Web) signOut(rw http.ResponseWriter, r *http.Request) error {
	f, err := w.Sessions.Flow(r.Context(), session.SigningOut, r.FormValue("flow"), w.Cookies.Browser(r))
	if err != nil {
		return err
	}
	sess, err := w.sessionOf(r)
	if err != nil {
		return err
	}
	if sess == nil {
		w.send(rw, w.at(pathSignedOut))
		return nil
	}
	a, err := w.Accounts.Get(r.Context(), sess.AccountID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	fr, err := w.frame(r, f)
	if err != nil {
		return err
	}
	page := &view.SignOut{Frame: fr, Form: w.form(pathSignOut, f)}
	if a != nil {
		page.Person = personOf(a)
	}
	return w.show(rw, r, f, http.StatusOK, page, targets(f)...)
}

func (w *Web) postSignOut(rw http.ResponseWriter, r *http.Request) error {
	f, err := w.Sessions.Flow(r.Context(), session.SigningOut, r.FormValue("flow"), w.Cookies.Browser(r))
	if err != nil {
		return err
	}
	if err := w.Sessions.Finish(r.Context(), f); err != nil {
		return err
	}
	if r.PostFormValue("decision") == "stay" {
		w.send(rw, w.at(pathAccount))
		return nil
	}
	ended, err := w.end(rw, r)
	if err != nil {
		return err
	}
	return w.Leave(rw, r, &f.Request, ended)
}

// end signs this browser out, and returns the session that it had, or nil.
func (w *Web) end(rw http.ResponseWriter, r *http.Request) (*session.Session, error) {
	sess, err := w.sessionOf(r)
	if err != nil {
		return nil, err
	}
	w.Cookies.DropSession(rw)
	if sess == nil {
		return nil, nil
	}
	if err := w.Sessions.End(r.Context(), sess); err != nil {
		return nil, err
	}
	return sess, w.record(r, nil, "session.end", sess.AccountID, sess.AccountID, "sid", sess.SID)
}

// Record notes what the client did with the account.
func (w *Web) Record(r *http.Request, action, clientID, accountID string, pairs ...string) error {
	f := &session.Flow{Request: session.Request{ClientID: clientID}}
	return w.record(r, f, action, "", accountID, pairs...)
}

// RecordSignOut notes that a request of the client ended the account's session
// with the public name.
func (w *Web) RecordSignOut(r *http.Request, clientID, accountID, sid string) error {
	f := &session.Flow{Request: session.Request{ClientID: clientID}}
	return w.record(r, f, "session.end", accountID, accountID, "sid", sid)
}

// postLanguage keeps the person's choice of language.
func (w *Web) postLanguage(rw http.ResponseWriter, r *http.Request) error {
	loc, ok := w.View.Languages().Of(r.PostFormValue("lang"))
	if !ok {
		return fault.New(fault.Invalid, "This language is not offered.").On("lang")
	}
	w.Cookies.SetLocale(rw, loc.String())
	w.send(rw, w.local(r.PostFormValue("return")))
	return nil
}

// local returns the path if it is one of this house, else the account page: a
// form must not send people elsewhere.
func (w *Web) local(path string) string {
	if !strings.HasPrefix(path, w.base+"/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return w.at(pathAccount)
	}
	return path
}
