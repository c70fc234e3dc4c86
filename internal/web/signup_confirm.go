package web

import (
	"crypto/subtle"
	"net/http"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/handle"
	"signet/internal/httpd"
	"signet/internal/session"
	"signet/internal/web/view"
)

// linked returns the sign-up whose link is opened; when the link is good for
// nothing any more the browser is told, and the sign-up is nil.
func (w *Web) linked(rw http.ResponseWriter, r *http.Request) (*account.SignUp, error) {
	if w.SignUps == nil {
		return nil, w.showEnd(rw, r, nil, view.EndLink)
	}
	su, err := w.SignUps.ByLink(r.Context(), r.FormValue("link"))
	if fault.Is(err, fault.NotFound) {
		return nil, w.showEnd(rw, r, nil, view.EndLink)
	}
	if err == nil && su.Active() {
		return nil, w.showEnd(rw, r, nil, view.EndActive)
	}
	return su, err
}

// beganHere reports whether the sign-up began in this browser.
func (w *Web) beganHere(r *http.Request, su *account.SignUp) bool {
	return subtle.ConstantTimeCompare([]byte(handle.Sum(w.Cookies.Browser(r))), []byte(su.Browser)) == 1
}

// signUpConfirm is where the letter's link leads. It changes nothing: programs
// that look into mail open it, too.
func (w *Web) signUpConfirm(rw http.ResponseWriter, r *http.Request) error {
	su, err := w.linked(rw, r)
	if err != nil || su == nil {
		return err
	}
	return w.showSignUpConfirm(rw, r, su, "")
}

func (w *Web) showSignUpConfirm(rw http.ResponseWriter, r *http.Request, su *account.SignUp, bad view.Message) error {
	// The letter's link has no flow in this browser, but the app is known.
	fr, err := w.frame(r, &session.Flow{Request: session.Request{ClientID: su.ClientID}})
	if fault.Is(err, fault.NotFound) {
		fr, err = w.frame(r, nil)
	}
	if err != nil {
		return err
	}
	link := r.FormValue("link")
	fr.Languages.Return = w.at(pathSignUpConfirm, "link", link)
	form := func(path string) view.Form {
		return view.Form{Action: w.at(path), Hidden: []view.Pair{{Name: "link", Value: link}}}
	}
	page := &view.SignUpConfirm{Frame: fr, Form: form(pathSignUpConfirm), Email: su.Email, Fault: bad}
	if !w.beganHere(r, su) {
		page.AskPassword, page.Deny = true, form(pathSignUpDeny)
	}
	return w.show(rw, r, nil, statusOf(bad), page)
}

// postSignUpConfirm activates the account: by the button alone in the browser
// that it was made in, by the password in any other.
func (w *Web) postSignUpConfirm(rw http.ResponseWriter, r *http.Request) error {
	su, err := w.linked(rw, r)
	if err != nil || su == nil {
		return err
	}
	if w.beganHere(r, su) {
		_, err = w.SignUps.Activate(r.Context(), su)
	} else {
		typed := r.PostFormValue("password")
		if typed == "" {
			return w.showSignUpConfirm(rw, r, su, view.FaultPasswordMissing)
		}
		_, err = w.SignUps.Confirm(r.Context(), su, typed, addressOf(r))
	}
	if w.tooMany(rw, r, err) {
		return w.showSignUpConfirm(rw, r, su, view.FaultTooMany)
	}
	info := httpd.InfoOf(r)
	switch fault.KindOf(err) {
	case "":
		info.AccountID = su.ID
		err = w.record(r, nil, auditActivate, su.ID, su.ID, "by", "link", "client", su.ClientID)
	case fault.Unauthenticated:
		info.Kind, info.Cause = fault.KindOf(err), err
		return w.showSignUpConfirm(rw, r, su, view.FaultSignUpPassword)
	case fault.Conflict, fault.NotFound: // in another tab meanwhile: the page says what is
		err = nil
	}
	if err != nil {
		return err
	}
	w.send(rw, w.at(pathSignUpConfirm, "link", r.FormValue("link")))
	return nil
}

// postSignUpDeny deletes what somebody else made with the reader's address.
func (w *Web) postSignUpDeny(rw http.ResponseWriter, r *http.Request) error {
	su, err := w.linked(rw, r)
	if err != nil || su == nil {
		return err
	}
	dropped, err := w.SignUps.Deny(r.Context(), su)
	if err != nil {
		return err
	}
	if dropped {
		if err := w.record(r, nil, auditDenied, su.ID, su.ID); err != nil {
			return err
		}
	}
	return w.showEnd(rw, r, nil, view.EndDenied)
}
