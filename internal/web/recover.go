package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"signet/internal/account"
	"signet/internal/challenge"
	"signet/internal/fault"
	"signet/internal/handle"
	"signet/internal/httpd"
	"signet/internal/outbox"
	"signet/internal/session"
	"signet/internal/web/view"
)

// kindResetCode names the message with the code to operators.
const kindResetCode = "account.reset_code"

// recover asks whose password is to be reset. Without a flow one of the house's
// own is begun, which ends at the account page.
func (w *Web) recover(rw http.ResponseWriter, r *http.Request) error {
	if !r.URL.Query().Has("flow") {
		return w.beginAt(rw, r, pathRecover, pathAccount)
	}
	f, err := w.flowOf(r)
	if err != nil {
		return err
	}
	email, _, err := w.whose(r, f)
	if err != nil {
		return err
	}
	if email == "" {
		email = f.Request.LoginHint
	}
	return w.showRecover(rw, r, f, email, "")
}

func (w *Web) showRecover(rw http.ResponseWriter, r *http.Request, f *session.Flow, typed string, bad view.Message) error {
	fr, err := w.frame(r, f)
	if err != nil {
		return err
	}
	if r.URL.Query().Has("over") {
		fr.Notice = view.NoticeRecoveryOver
	}
	page := &view.Recover{
		Frame: fr, Form: w.form(pathRecover, f), Username: typed, Fault: bad, SignInURL: w.at(pathSignIn, "flow", f.ID),
	}
	if page.Challenge, err = w.puzzle(r, f, challenge.Recover); err != nil {
		return err
	}
	return w.show(rw, r, f, statusOf(bad), page, targets(f)...)
}

func (w *Web) postRecover(rw http.ResponseWriter, r *http.Request) error {
	f, err := w.flowOf(r)
	if err != nil {
		return err
	}
	solved, err := w.solved(r, f, challenge.Recover)
	if err != nil {
		return err
	}
	typed := strings.TrimSpace(r.PostFormValue("username"))
	if typed == "" {
		return w.showRecover(rw, r, f, "", view.FaultEmailMissing)
	}
	if _, _, err := account.NormalizeEmail(typed); err != nil {
		return w.showRecover(rw, r, f, clip(typed), view.FaultEmailMalformed)
	}
	realm, err := w.enforced(r, typed)
	if err != nil {
		return err
	}
	if solved && realm != nil && r.PostFormValue("owner") == "" && !arrivedAs(f, realm, typed) {
		form := w.form(pathRecover, f)
		form.Hidden = append(form.Hidden, view.Pair{Name: "username", Value: typed}, view.Pair{Name: "owner", Value: "1"})
		return w.showCompany(rw, r, f, realm, form)
	}
	if solved {
		solved, err = w.spend(r, f, challenge.Recover)
	}
	if err != nil {
		return err
	}
	if !solved {
		return w.showRecover(rw, r, f, typed, "")
	}
	err = w.sendCode(r, f, typed)
	if w.tooMany(rw, r, err) {
		return w.showRecover(rw, r, f, typed, view.FaultAskedOften)
	}
	if err != nil {
		return err
	}
	w.send(rw, w.at(pathRecoverCode, "flow", f.ID))
	return nil
}

// tooMany reports whether the error says so, and notes it for the log and the
// browser.
func (w *Web) tooMany(rw http.ResponseWriter, r *http.Request, err error) bool {
	if !fault.Is(err, fault.Limited) {
		return false
	}
	info := httpd.InfoOf(r)
	info.Kind, info.Cause = fault.Limited, err
	httpd.RetryAfter(rw, retryAfter)
	return true
}

// sendCode mails a code to the address, if it has an account, and has the flow
// wait for it.
func (w *Web) sendCode(r *http.Request, f *session.Flow, email string) error {
	realm, err := w.enforced(r, email)
	if err != nil {
		return err
	}
	t, err := w.Recoveries.Ask(r.Context(), w.askedBy(r, f, email), func(a *account.Account, code string) (*outbox.Mail, error) {
		asked := a
		if asked == nil {
			asked = &account.Account{}
		}
		if barred, err := w.bars(r, f, realm, asked); err != nil {
			return nil, err
		} else if barred {
			a = nil // there is no password to set: nobody gets a code
		}
		return w.resetCode(r, f, a, email, code)
	})
	if err != nil {
		return err
	}
	// For an address without an account, too: it must take as long.
	if err := w.record(r, f, auditRecoveryAsked, "", t.AccountID); err != nil {
		return err
	}
	_, err = w.Sessions.Progress(r.Context(), f, func(p *session.Progress) {
		p.Email, p.Recovery = email, &session.Recovery{Ticket: t.ID, Email: email}
	})
	return err
}

func (w *Web) askedBy(r *http.Request, f *session.Flow, email string) account.Asked {
	return account.Asked{
		Email: email, FlowKey: handle.Sum(f.ID), Browser: w.Cookies.Browser(r), IP: httpd.InfoOf(r).Address,
	}
}

// resetCode writes the letter with the code: to the account or, where there is
// none, the same to nobody.
func (w *Web) resetCode(r *http.Request, f *session.Flow, a *account.Account, typed, code string) (*outbox.Mail, error) {
	l := &view.ResetCode{
		LetterFrame: w.letterFrame(), Email: typed, Code: code, Minutes: minutes(w.Recoveries.CodeLife()),
		Device: deviceOf(r.UserAgent()), Address: httpd.InfoOf(r).Address,
	}
	if a == nil {
		return w.letter(w.locale(r, f), kindResetCode, "", "", l)
	}
	l.Email = a.Email
	return w.letterTo(a, w.locale(r, f), kindResetCode, l)
}

// minutes are those of the duration, rounded up, in digits.
func minutes(d time.Duration) string {
	return strconv.Itoa(int((d + time.Minute - 1) / time.Minute))
}

// recovering returns the flow with its password reset; when none is under way,
// or it stands elsewhere than at the path, the browser is sent there and the
// flow is nil.
func (w *Web) recovering(rw http.ResponseWriter, r *http.Request, path string) (*session.Flow, error) {
	f, err := w.flowOf(r)
	if err != nil {
		return nil, err
	}
	if at := recoveryPath(f.Progress.Recovery); at != path {
		w.send(rw, w.at(at, "flow", f.ID))
		return nil, nil
	}
	return f, nil
}

// recoveryPath is the page at which the reset stands.
func recoveryPath(rec *session.Recovery) string {
	switch {
	case rec == nil:
		return pathRecover
	case rec.Done:
		return pathRecoverDone
	case rec.Proven:
		return pathRecoverPassword
	default:
		return pathRecoverCode
	}
}

// recoverCode asks for the code from the mail.
func (w *Web) recoverCode(rw http.ResponseWriter, r *http.Request) error {
	f, err := w.recovering(rw, r, pathRecoverCode)
	if err != nil || f == nil {
		return err
	}
	return w.showRecoverCode(rw, r, f, "")
}

func (w *Web) showRecoverCode(rw http.ResponseWriter, r *http.Request, f *session.Flow, bad view.Message) error {
	fr, err := w.frame(r, f)
	if err != nil {
		return err
	}
	if r.Method == http.MethodGet && r.URL.Query().Has("sent") {
		fr.Notice = view.NoticeCodeSent
	}
	page := &view.RecoverCode{
		Frame: fr, Form: w.form(pathRecoverCode, f), Username: f.Progress.Recovery.Email, Fault: bad,
		Minutes: minutes(w.Recoveries.CodeLife()), OtherURL: w.at(pathRecover, "flow", f.ID),
	}
	return w.show(rw, r, f, statusOf(bad), page, targets(f)...)
}

func (w *Web) postRecoverCode(rw http.ResponseWriter, r *http.Request) error {
	f, err := w.recovering(rw, r, pathRecoverCode)
	if err != nil || f == nil {
		return err
	}
	rec := f.Progress.Recovery
	if r.PostFormValue("resend") != "" {
		err := w.sendCode(r, f, rec.Email)
		if w.tooMany(rw, r, err) {
			return w.showRecoverCode(rw, r, f, view.FaultAskedOften)
		}
		if err != nil {
			return err
		}
		w.send(rw, w.at(pathRecoverCode, "flow", f.ID, "sent", "1"))
		return nil
	}
	code := digits(r.PostFormValue("code"))
	if code == "" {
		return w.showRecoverCode(rw, r, f, view.FaultCodeMissing)
	}
	proof, err := w.Recoveries.Prove(r.Context(), rec.Ticket, code, w.askedBy(r, f, rec.Email))
	if w.tooMany(rw, r, err) {
		return w.showRecoverCode(rw, r, f, view.FaultTriedOften)
	}
	if err != nil {
		return err
	}
	if proof != account.Proven {
		bad := map[account.Proof]view.Message{account.Wrong: view.FaultCodeWrong, account.Over: view.FaultCodeOver}[proof]
		return w.showRecoverCode(rw, r, f, bad)
	}
	_, err = w.Sessions.Progress(r.Context(), f, func(p *session.Progress) {
		if p.Recovery != nil && p.Recovery.Ticket == rec.Ticket {
			p.Recovery.Proven = true
		}
	})
	if err != nil {
		return err
	}
	w.send(rw, w.at(pathRecoverPassword, "flow", f.ID))
	return nil
}

// digits writes the digits of a code in ASCII, whatever script they were typed
// in, without the spaces and dashes with which it may have been copied or
// written down; other characters stay, to be refused.
func digits(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c) || unicode.Is(unicode.Pd, c):
			return -1
		case c < unicode.MaxASCII || !unicode.IsDigit(c):
			return c
		}
		// The digits of a script follow each other, from zero on (Unicode §4.6).
		zero := c
		for unicode.IsDigit(zero-1) && c-zero < 9 {
			zero--
		}
		return '0' + c - zero
	}, clip(s))
}
