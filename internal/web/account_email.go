package web

import (
	"net/http"
	"strings"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/outbox"
	"signet/internal/web/view"
)

// changeEmail asks for a new address.
func (w *Web) changeEmail(rw http.ResponseWriter, r *http.Request) error {
	sess, a, err := w.owner(rw, r)
	if err != nil || sess == nil {
		return err
	}
	if done, err := w.elsewhere(rw, r, nil, a); err != nil || done {
		return err
	}
	return w.showChangeEmail(rw, r, a, &view.ChangeEmail{Current: current(a, "")})
}

func (w *Web) showChangeEmail(rw http.ResponseWriter, r *http.Request, a *account.Account, page *view.ChangeEmail) error {
	var err error
	if page.AccountFrame, err = w.accountFrame(r, a, pathChangeEmail); err != nil {
		return err
	}
	waiting, err := w.Changes.WaitingEmail(r.Context(), a)
	if err != nil {
		return err
	}
	if waiting != nil {
		page.Waiting = waiting.NewEmail
	}
	page.Form, page.Email, page.Verified = view.Form{Action: w.at(pathChangeEmail)}, a.Email, a.EmailVerified
	return w.show(rw, r, nil, statusOf(page.Current.Fault), page)
}

// postChangeEmail sends a link to the new address. Whether that has an account
// shows in nothing but the mail.
func (w *Web) postChangeEmail(rw http.ResponseWriter, r *http.Request) error {
	sess, a, err := w.owner(rw, r)
	if err != nil || sess == nil {
		return err
	}
	if done, err := w.elsewhere(rw, r, nil, a); err != nil || done {
		return err
	}
	typed := strings.TrimSpace(r.PostFormValue("email"))
	page := &view.ChangeEmail{Current: current(a, ""), Typed: clip(typed)}
	if _, _, err := account.NormalizeEmail(typed); err != nil {
		page.Bad = view.FaultEmailMalformed
		if typed == "" {
			page.Bad = view.FaultEmailMissing
		}
		return w.showChangeEmail(rw, r, a, page)
	}
	if page.Current.Fault, err = w.prove(rw, r, a); err != nil {
		return err
	}
	if page.Current.Fault != "" {
		return w.showChangeEmail(rw, r, a, page)
	}
	realm, err := w.enforced(r, typed)
	if err != nil {
		return err
	}
	if realm != nil {
		page.Bad = view.FaultEmailElsewhere
		return w.showChangeEmail(rw, r, a, page)
	}
	err = w.Changes.AskEmail(r.Context(), a, typed, w.emailLetters(r, a))
	switch fault.KindOf(err) {
	case fault.Conflict:
		page.Bad = view.FaultSameEmail
		return w.showChangeEmail(rw, r, a, page)
	case fault.Limited:
		page.Bad = view.FaultEmailTooOften
		return w.showChangeEmail(rw, r, a, page)
	}
	if err != nil {
		return err
	}
	if err := w.record(r, nil, "account.email_ask", a.ID, a.ID); err != nil {
		return err
	}
	w.send(rw, w.at(pathChangeEmail))
	return nil
}

// emailLetters writes what goes to the new address, in the language of who asks:
// whose it is, nobody knows yet.
func (w *Web) emailLetters(r *http.Request, a *account.Account) account.EmailLetters {
	return func(address, link string) (free, taken *outbox.Mail, err error) {
		loc := w.View.Languages().Negotiate(a.Profile.Locale, "", w.locale(r, nil).String())
		url := w.Letters.Home + pathConfirmEmail + "?link=" + link
		free, err = w.letter(loc, kindConfirmEmail, a.ID, address, view.NewConfirmEmail(w.letterFrame(), url, w.Now().Add(account.ConfirmWithin)))
		if err != nil {
			return nil, nil, err
		}
		taken, err = w.letter(loc, kindTakenEmail, "", address, view.NewTakenEmail(w.letterFrame(), w.Letters.Home+pathAccount))
		return free, taken, err
	}
}

// confirming returns the account and the change that the link stands for. Who
// is signed in to another account, or to none, cannot confirm it: the link alone
// would let a stranger make his account somebody else's by their click.
func (w *Web) confirming(rw http.ResponseWriter, r *http.Request) (*account.Account, *account.EmailChange, error) {
	sess, a, err := w.owner(rw, r)
	if err != nil || sess == nil {
		return nil, nil, err
	}
	c, err := w.Changes.EmailOf(r.Context(), a, r.FormValue("link"))
	return a, c, err
}

// confirmEmail shows what the link is about; a button does it.
func (w *Web) confirmEmail(rw http.ResponseWriter, r *http.Request) error {
	_, c, err := w.confirming(rw, r)
	if overOrTaken(err) {
		return w.showLinkOver(rw, r, err)
	}
	if err != nil || c == nil {
		return err
	}
	fr, err := w.linkFrame(r, pathConfirmEmail)
	if err != nil {
		return err
	}
	page := &view.ConfirmEmail{Frame: fr, Form: w.linkForm(r, pathConfirmEmail), Email: c.NewEmail, HomeURL: w.at(pathAccount)}
	return w.show(rw, r, nil, http.StatusOK, page)
}

func (w *Web) postConfirmEmail(rw http.ResponseWriter, r *http.Request) error {
	a, c, err := w.confirming(rw, r)
	if err == nil && c != nil {
		err = w.mayMove(r, a, c.NewEmail)
	}
	if err == nil && c != nil {
		var tell func(back string) (*outbox.Mail, error)
		if w.mayWrite(a) {
			tell = func(back string) (*outbox.Mail, error) {
				url := w.Letters.Home + pathRestoreEmail + "?link=" + back
				return w.letterTo(a, w.locale(r, nil), kindEmailMoved,
					view.NewEmailMoved(w.letterFrame(), c.NewEmail, url, w.Now().Add(account.RestoreWithin), w.whereOf(r)))
			}
		}
		err = w.Changes.ConfirmEmail(r.Context(), a, c, tell)
	}
	if overOrTaken(err) {
		return w.showLinkOver(rw, r, err)
	}
	if err != nil || c == nil {
		return err
	}
	if err := w.record(r, nil, "account.email", a.ID, a.ID); err != nil {
		return err
	}
	w.send(rw, w.at(pathChangeEmail, "done", "email"))
	return nil
}

// mayMove refuses a change of address by which somebody would leave or enter a
// domain whose people sign in elsewhere alone: it may have become one since the
// link was asked for.
func (w *Web) mayMove(r *http.Request, a *account.Account, to string) error {
	here, err := w.enforced(r, a.Email)
	if err != nil {
		return err
	}
	stays, err := w.Realms.Bars(r.Context(), here, a.ID)
	if err != nil {
		return err
	}
	there, err := w.enforced(r, to)
	if err == nil && (stays || there != nil) {
		err = fault.New(fault.Expired, "This address signs in through its organization.")
	}
	return err
}

// restoreEmail is where the link of the notice to the old address leads. It
// needs no sign-in: whoever owns the address may have been locked out.
func (w *Web) restoreEmail(rw http.ResponseWriter, r *http.Request) error {
	c, err := w.Changes.Restorable(r.Context(), r.FormValue("link"))
	if overOrTaken(err) {
		return w.showLinkOver(rw, r, err)
	}
	if err != nil {
		return err
	}
	return w.showRestoreEmail(rw, r, c, false)
}

func (w *Web) showRestoreEmail(rw http.ResponseWriter, r *http.Request, c *account.EmailChange, done bool) error {
	fr, err := w.linkFrame(r, pathRestoreEmail)
	if err != nil {
		return err
	}
	page := &view.RestoreEmail{Frame: fr, Form: w.linkForm(r, pathRestoreEmail), Email: c.OldEmail, Done: done, RecoverURL: w.at(pathRecover)}
	return w.show(rw, r, nil, http.StatusOK, page)
}

func (w *Web) postRestoreEmail(rw http.ResponseWriter, r *http.Request) error {
	link := r.FormValue("link")
	c, err := w.Changes.Restorable(r.Context(), link)
	if err == nil {
		err = w.shutOut(r, c.AccountID, "", func() (err error) {
			c, err = w.Changes.RestoreEmail(r.Context(), link, func(a *account.Account) (*outbox.Mail, error) {
				return w.tell(a, w.locale(r, nil), kindEmailLost, view.NewEmailLost(w.letterFrame(), w.Letters.Home+pathRecover, w.whereOf(r)))
			})
			return err
		})
	}
	if overOrTaken(err) {
		return w.showLinkOver(rw, r, err)
	}
	if err != nil {
		return err
	}
	if err := w.record(r, nil, "account.email_restore", c.AccountID, c.AccountID); err != nil {
		return err
	}
	w.Cookies.DropSession(rw)
	return w.showRestoreEmail(rw, r, c, true)
}

// linkFrame is what surrounds a page to which a link of a mail leads: another
// language leads back to it, with the link.
func (w *Web) linkFrame(r *http.Request, path string) (view.Frame, error) {
	fr, err := w.frame(r, nil)
	fr.Languages.Return = w.at(path, "link", clip(r.FormValue("link")))
	return fr, err
}

func (w *Web) linkForm(r *http.Request, path string) view.Form {
	return view.Form{Action: w.at(path), Hidden: []view.Pair{{Name: "link", Value: r.FormValue("link")}}}
}

// overOrTaken reports whether a link leads nowhere any more.
func overOrTaken(err error) bool {
	return fault.Is(err, fault.Expired) || fault.Is(err, fault.Conflict)
}

func (w *Web) showLinkOver(rw http.ResponseWriter, r *http.Request, why error) error {
	fr, err := w.frame(r, nil)
	if err != nil {
		return err
	}
	if r.Method == http.MethodPost {
		fr.Languages = view.LanguageChoice{} // nothing leads back to it
	}
	page := &view.LinkOver{Frame: fr, Taken: fault.Is(why, fault.Conflict), HomeURL: w.at(pathAccount)}
	return w.show(rw, r, nil, http.StatusGone, page)
}
