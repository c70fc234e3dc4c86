package web

import (
	"context"
	"encoding/json"
	"net/http"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/httpd"
	"signet/internal/outbox"
	"signet/internal/session"
	"signet/internal/web/view"
)

func addressOf(r *http.Request) string { return httpd.InfoOf(r).Address }

// atCheck returns the flow with what waits in it. When nothing does, the
// browser is told, or sent to the wizard, and the sign-up is nil.
func (w *Web) atCheck(rw http.ResponseWriter, r *http.Request) (*session.Flow, *account.SignUp, error) {
	f, err := w.flowOf(r)
	if err != nil {
		return nil, nil, err
	}
	told := signUpOf(f)
	if told.ID == "" {
		return nil, nil, w.signUpGoesOn(rw, f)
	}
	su, err := w.SignUps.Get(r.Context(), told.ID)
	switch {
	case fault.Is(err, fault.NotFound) && told.Kept:
		return nil, nil, w.showEnd(rw, r, f, view.EndGone)
	case fault.Is(err, fault.NotFound):
		return nil, nil, w.signUpGoesOn(rw, f)
	}
	return f, su, err
}

// signUpGoesOn leads to the page of the wizard that is to be answered next.
func (w *Web) signUpGoesOn(rw http.ResponseWriter, f *session.Flow) error {
	path := missing(signUpOf(f))
	if path == "" {
		path = pathSignUpRobot
	}
	w.send(rw, w.at(path, "flow", f.ID))
	return nil
}

// signUpCheck waits until the address is proven.
func (w *Web) signUpCheck(rw http.ResponseWriter, r *http.Request) error {
	f, su, err := w.atCheck(rw, r)
	if err != nil || su == nil {
		return err
	}
	notice := map[string]view.Message{"1": view.NoticeSentAgain, "0": view.NoticeNotSentAgain}[r.URL.Query().Get("sent")]
	return w.showSignUpCheck(rw, r, f, su, "", notice)
}

func (w *Web) showSignUpCheck(rw http.ResponseWriter, r *http.Request, f *session.Flow, su *account.SignUp, bad, notice view.Message) error {
	fr, err := w.frame(r, f)
	if err != nil {
		return err
	}
	if su.Active() {
		page := &view.SignUpActive{Frame: fr, Form: w.form(pathSignUpDone, f), StateURL: w.at(pathSignUpState, "flow", f.ID)}
		return w.show(rw, r, f, http.StatusOK, page, targets(f)...)
	}
	fr.Notice = notice
	page := &view.SignUpCheck{
		Frame: fr, Form: w.form(pathSignUpCheck, f), Email: su.Email, Fault: bad,
		StateURL: w.at(pathSignUpState, "flow", f.ID), Again: w.at(pathSignUpCheck, "flow", f.ID),
		GoOn: w.form(pathSignUpDone, f), Resend: w.form(pathSignUpResend, f),
		CorrectURL: w.at(pathSignUp, "flow", f.ID, "correct", "1"),
	}
	return w.show(rw, r, f, statusOf(bad), page, targets(f)...)
}

// postSignUpCheck activates the account by the code, and goes on.
func (w *Web) postSignUpCheck(rw http.ResponseWriter, r *http.Request) error {
	f, su, err := w.atCheck(rw, r)
	if err != nil || su == nil {
		return err
	}
	if su.Active() {
		return w.enter(rw, r, f)
	}
	code := digits(r.PostFormValue("code"))
	if !isCode(code) {
		return w.showSignUpCheck(rw, r, f, su, view.FaultCodeMissing, "")
	}
	_, err = w.SignUps.TryCode(r.Context(), addressOf(r), su.ID, code)
	if w.tooMany(rw, r, err) {
		return w.showSignUpCheck(rw, r, f, su, view.FaultTooMany, "")
	}
	if bad := codeFaults[fault.KindOf(err)]; bad != "" {
		info := httpd.InfoOf(r)
		info.Kind, info.Cause = fault.KindOf(err), err
		return w.showSignUpCheck(rw, r, f, su, bad, "")
	}
	if err == nil {
		err = w.record(r, f, auditActivate, su.ID, su.ID, "by", "code")
	} else if fault.Is(err, fault.Conflict) || fault.Is(err, fault.NotFound) {
		// Activated in another tab meanwhile, or gone: its own page says so.
		w.send(rw, w.at(pathSignUpCheck, "flow", f.ID))
		return nil
	}
	if err != nil {
		return err
	}
	return w.enter(rw, r, f)
}

var codeFaults = map[fault.Kind]view.Message{
	fault.Invalid: view.FaultCodeWrong, fault.Expired: view.FaultCodeOver,
}

func isCode(s string) bool {
	if len(s) != 6 {
		return false
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// postSignUpResend sends another letter.
func (w *Web) postSignUpResend(rw http.ResponseWriter, r *http.Request) error {
	f, su, err := w.atCheck(rw, r)
	if err != nil || su == nil {
		return err
	}
	sent := false
	if !su.Active() {
		sent, err = w.SignUps.Resend(r.Context(), addressOf(r), su, w.signUpLetters(r, f, su))
	}
	if err != nil && !fault.Is(err, fault.Limited) && !fault.Is(err, fault.NotFound) {
		return err
	}
	answer := "0"
	if sent {
		answer = "1"
	}
	w.send(rw, w.at(pathSignUpCheck, "flow", f.ID, "sent", answer))
	return nil
}

// signUpState tells the script of the waiting page whether it may go on.
func (w *Web) signUpState(rw http.ResponseWriter, r *http.Request) error {
	state := "gone"
	f, err := w.flowOf(r)
	if err == nil {
		var su *account.SignUp
		if su, err = w.SignUps.Get(r.Context(), signUpOf(f).ID); err == nil {
			state = "waiting"
			if su.Active() {
				state = "active"
			}
		}
	}
	if err != nil && !fault.Is(err, fault.Expired) && !fault.Is(err, fault.NotFound) {
		return err
	}
	rw.Header().Set("Content-Type", "application/json")
	json.NewEncoder(rw).Encode(map[string]string{"state": state}) // a reader that went away is no error of ours
	return nil
}

// postSignUpDone goes on with an account that was activated by the link.
func (w *Web) postSignUpDone(rw http.ResponseWriter, r *http.Request) error {
	f, su, err := w.atCheck(rw, r)
	if err != nil || su == nil {
		return err
	}
	if !su.Active() {
		w.send(rw, w.at(pathSignUpCheck, "flow", f.ID))
		return nil
	}
	return w.enter(rw, r, f)
}

// enter signs in whose account has just become active, once, in a flow that
// made it; the flow goes on as after any sign-in. Whose address has come to sign in
// elsewhere alone while it waited is led there.
func (w *Web) enter(rw http.ResponseWriter, r *http.Request, f *session.Flow) error {
	// A browser that goes away meanwhile does not leave it half done.
	r = r.WithContext(context.WithoutCancel(r.Context()))
	id := signUpOf(f).ID
	a, err := w.Accounts.Get(r.Context(), id)
	if err != nil {
		return err
	}
	if done, err := w.elsewhere(rw, r, f, a); err != nil || done {
		return err
	}
	mine, err := w.SignUps.Finish(r.Context(), id)
	if err != nil {
		return err
	}
	if !mine { // another tab was faster
		w.send(rw, w.at(pathSignIn, "flow", f.ID))
		return nil
	}
	httpd.InfoOf(r).AccountID = a.ID
	return w.signIn(rw, r, f, &account.Authenticated{Account: a}, false)
}

// signUpLetters writes the two letters that may answer the sign-up.
func (w *Web) signUpLetters(r *http.Request, f *session.Flow, su *account.SignUp) account.Compose {
	return func(p account.Secrets) (letters account.SignUpLetters, err error) {
		app, err := w.appInLetters(r, f)
		if err != nil {
			return letters, err
		}
		activate := &view.Activate{
			LetterFrame: w.letterFrame(), AppName: app, Code: p.Code, Until: su.ExpiresAt,
			LinkURL: w.Letters.Home + pathSignUpConfirm + "?link=" + p.Link,
		}
		known := &view.KnownAddress{LetterFrame: w.letterFrame(), SignInURL: w.Letters.Home + pathAccount, RecoverURL: w.Letters.Home + pathRecover}
		loc := w.locale(r, f)
		write := func(kind string, l view.Letter) (m *outbox.Mail) {
			if err == nil {
				m, err = w.letter(loc, kind, "", su.Email, l)
			}
			return m
		}
		letters.Activate, letters.Known = write(kindActivate, activate), write(kindKnown, known)
		return letters, err
	}
}

// appInLetters is the name of the flow's app in a letter to who may never have
// heard of it; "" where there is none, or where the app gave itself the name: a
// stranger's words are not ours to mail.
func (w *Web) appInLetters(r *http.Request, f *session.Flow) (string, error) {
	if f.Request.ClientID == "" {
		return "", nil
	}
	c, err := w.Clients.Get(r.Context(), f.Request.ClientID)
	if err != nil || c.RegisteredItself() {
		return "", err
	}
	return c.Name, nil
}

// The letters, as operators see them.
const (
	kindActivate = "account.sign_up"
	kindKnown    = "account.sign_up_known"
)
