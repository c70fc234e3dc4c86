package web

import (
	"net/http"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/handle"
	"signet/internal/httpd"
	"signet/internal/outbox"
	"signet/internal/session"
	"signet/internal/web/view"
)

// recoverPassword asks for the new password.
func (w *Web) recoverPassword(rw http.ResponseWriter, r *http.Request) error {
	f, err := w.recovering(rw, r, pathRecoverPassword)
	if err != nil || f == nil {
		return err
	}
	a, err := w.Recoveries.Whose(r.Context(), f.Progress.Recovery.Ticket, handle.Sum(f.ID))
	switch {
	case fault.Is(err, fault.Conflict): // in another tab, just now
		return w.showRecoverDone(rw, r, f)
	case fault.Is(err, fault.Expired):
		w.send(rw, w.at(pathRecover, "flow", f.ID, "over", "1"))
		return nil
	case err != nil:
		return err
	}
	return w.showRecoverPassword(rw, r, f, w.newPasswordPart(wordsOf(a)...))
}

func (w *Web) showRecoverPassword(rw http.ResponseWriter, r *http.Request, f *session.Flow, part view.NewPassword) error {
	fr, err := w.frame(r, f)
	if err != nil {
		return err
	}
	page := &view.RecoverPassword{
		Frame: fr, Form: w.form(pathRecoverPassword, f), Username: f.Progress.Recovery.Email, NewPassword: part,
	}
	return w.show(rw, r, f, http.StatusOK, page, targets(f)...)
}

func (w *Web) postRecoverPassword(rw http.ResponseWriter, r *http.Request) error {
	f, err := w.recovering(rw, r, pathRecoverPassword)
	if err != nil || f == nil {
		return err
	}
	ticket := f.Progress.Recovery.Ticket
	a, err := w.Recoveries.Whose(r.Context(), ticket, handle.Sum(f.ID))
	if err == nil {
		err = w.mayReset(r, f, a)
	}
	if err == nil {
		password, part, ok := w.newPassword(r, wordsOf(a)...)
		if !ok {
			return w.showRecoverPassword(rw, r, f, part)
		}
		err = w.reset(r, f, a, password)
	}
	switch {
	case fault.Is(err, fault.Conflict): // by a button that was pressed twice
	case fault.Is(err, fault.Expired):
		w.send(rw, w.at(pathRecover, "flow", f.ID, "over", "1"))
		return nil
	case err != nil:
		return err
	}
	_, err = w.Sessions.Progress(r.Context(), f, func(p *session.Progress) {
		if p.Recovery != nil && p.Recovery.Ticket == ticket {
			p.Recovery.Done = true
		}
	})
	if err != nil {
		return err
	}
	w.send(rw, w.at(pathRecoverDone, "flow", f.ID))
	return nil
}

// mayReset refuses to set a password that could not be used: meanwhile the address
// signs in elsewhere alone.
func (w *Web) mayReset(r *http.Request, f *session.Flow, a *account.Account) error {
	realm, err := w.enforced(r, a.Email)
	if err != nil {
		return err
	}
	barred, err := w.bars(r, f, realm, a)
	if err == nil && barred {
		err = fault.New(fault.Expired, "This address signs in through its organization.")
	}
	return err
}

// wordsOf are the words that a password of the account must not be made of.
func wordsOf(a *account.Account) []string {
	return []string{a.Email, a.Profile.GivenName, a.Profile.FamilyName, a.Profile.Name}
}

// What the audit log calls it.
const (
	auditRecoveryAsked = "account.recovery_asked"
	auditReset         = "account.password_reset"
)

// reset sets the password, and ends what was opened with the old one.
func (w *Web) reset(r *http.Request, f *session.Flow, a *account.Account, password string) error {
	info := httpd.InfoOf(r)
	info.AccountID = a.ID
	notice, err := w.passwordChanged(r, f, a)
	if err != nil {
		return err
	}
	err = w.shutOut(r, a.ID, "", func() error {
		return w.Recoveries.Reset(r.Context(), account.Reset{
			Ticket: f.Progress.Recovery.Ticket, FlowKey: handle.Sum(f.ID), Account: a, Password: password,
			Browser: w.Cookies.Browser(r), Notice: notice,
		})
	})
	if err != nil {
		return err
	}
	return w.record(r, f, auditReset, a.ID, a.ID)
}

// kindPasswordChanged names the message of a new password to operators.
const kindPasswordChanged = "account.password_changed"

// passwordChanged tells the owner that the account has another password.
func (w *Web) passwordChanged(r *http.Request, f *session.Flow, a *account.Account) (*outbox.Mail, error) {
	return w.letterTo(a, w.locale(r, f), kindPasswordChanged, &view.PasswordChanged{
		LetterFrame: w.letterFrame(), Email: a.Email, At: w.Now(),
		Device: deviceOf(r.UserAgent()), Address: httpd.InfoOf(r).Address, RecoverURL: w.Letters.Home + pathRecover,
	})
}

// recoverDone says that the password was reset. Nobody is signed in by it: that
// is what the new password is for.
func (w *Web) recoverDone(rw http.ResponseWriter, r *http.Request) error {
	f, err := w.recovering(rw, r, pathRecoverDone)
	if err != nil || f == nil {
		return err
	}
	return w.showRecoverDone(rw, r, f)
}

func (w *Web) showRecoverDone(rw http.ResponseWriter, r *http.Request, f *session.Flow) error {
	fr, err := w.frame(r, f)
	if err != nil {
		return err
	}
	page := &view.RecoverDone{Frame: fr, SignInURL: w.at(pathSignIn, "flow", f.ID)}
	return w.show(rw, r, f, http.StatusOK, page, targets(f)...)
}
