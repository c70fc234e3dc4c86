package web

import (
	"net/http"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/httpd"
	"signet/internal/outbox"
	"signet/internal/session"
	"signet/internal/web/view"
)

// prove checks the current password that a form on the account pages asks for.
// bad is what the page says where it is wrong; "" means that it is right, and
// counts no try.
func (w *Web) prove(rw http.ResponseWriter, r *http.Request, a *account.Account) (bad view.Message, err error) {
	typed := r.PostFormValue("current")
	if typed == "" {
		return view.FaultPasswordMissing, nil
	}
	info := httpd.InfoOf(r)
	err = w.Accounts.Prove(r.Context(), a, account.Credentials{Password: typed, Browser: w.Cookies.Browser(r), IP: info.Address})
	switch kind := fault.KindOf(err); kind {
	case fault.Unauthenticated:
		info.Kind, info.Cause = kind, err
		return view.FaultCurrentPassword, w.record(r, nil, "account.refuse", a.ID, a.ID, "page", r.URL.Path)
	case fault.Limited:
		info.Kind, info.Cause = kind, err
		httpd.RetryAfter(rw, retryAfter)
		return view.FaultTooMany, nil
	}
	return "", err
}

// current is the part of a page that asks for the password.
func current(a *account.Account, bad view.Message) view.CurrentPassword {
	return view.CurrentPassword{Username: a.Email, Fault: bad}
}

// changePassword asks for the current password and a new one.
func (w *Web) changePassword(rw http.ResponseWriter, r *http.Request) error {
	sess, a, err := w.owner(rw, r)
	if err != nil || sess == nil {
		return err
	}
	if done, err := w.elsewhere(rw, r, nil, a); err != nil || done {
		return err
	}
	part := w.newPasswordPart(wordsOf(a)...)
	part.Focus = false
	return w.showChangePassword(rw, r, a, &view.ChangePassword{Current: current(a, ""), New: part, EndOthers: true})
}

func (w *Web) showChangePassword(rw http.ResponseWriter, r *http.Request, a *account.Account, page *view.ChangePassword) error {
	var err error
	if page.AccountFrame, err = w.accountFrame(r, a, pathChangePassword); err != nil {
		return err
	}
	page.Form = view.Form{Action: w.at(pathChangePassword)}
	return w.show(rw, r, nil, statusOf(page.Current.Fault), page)
}

// postChangePassword looks at the new password first: that costs nothing, and
// the current one a hash and, where it is wrong, a try.
func (w *Web) postChangePassword(rw http.ResponseWriter, r *http.Request) error {
	sess, a, err := w.owner(rw, r)
	if err != nil || sess == nil {
		return err
	}
	if done, err := w.elsewhere(rw, r, nil, a); err != nil || done {
		return err
	}
	others := r.PostFormValue("others") != ""
	password, part, ok := w.newPassword(r, wordsOf(a)...)
	page := &view.ChangePassword{Current: current(a, ""), New: part, EndOthers: others}
	if !ok {
		return w.showChangePassword(rw, r, a, page)
	}
	if page.Current.Fault, err = w.prove(rw, r, a); err != nil {
		return err
	}
	if page.Current.Fault != "" {
		page.New.Focus = false
		return w.showChangePassword(rw, r, a, page)
	}
	if err := w.setPassword(rw, r, sess, a, password, others); err != nil {
		return err
	}
	w.send(rw, w.at(pathChangePassword, "done", "password"))
	return nil
}

func (w *Web) setPassword(rw http.ResponseWriter, r *http.Request, sess *session.Session, a *account.Account, password string, others bool) error {
	var notice *outbox.Mail
	var err error
	if w.mayWrite(a) {
		if notice, err = w.passwordChanged(r, nil, a); err != nil {
			return err
		}
	}
	browser := w.Cookies.KeepBrowser(rw, r)
	set := func() error { return w.Changes.SetPassword(r.Context(), a, password, browser, notice) }
	if others {
		err = w.shutOut(r, a.ID, sess.Key, set)
	} else {
		err = set()
	}
	if err != nil {
		return err
	}
	return w.record(r, nil, "account.password", a.ID, a.ID, "others", yesNo(others))
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
