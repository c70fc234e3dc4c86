package web

import (
	"errors"
	"net/http"
	"strings"

	"signet/internal/account"
	"signet/internal/challenge"
	"signet/internal/fault"
	"signet/internal/session"
	"signet/internal/web/view"
)

// The wizard by which an account is made: each page keeps what it was given in
// the flow and leads to the next one that is missing, so that it does not
// matter in which order, how often, or in how many tabs they are visited.
//
//	e-mail ──> password ──> about ──> robot ──> check ──> the app, signed in
//
// What is made is made once: the flow holds the id of the account that waits,
// and has it before the account is there.

// OpenSignUp reports whether there is anybody who can make an account here
// without being invited: the operator wants it, and letters can be sent.
func (w *Web) OpenSignUp() bool { return w.SignUps != nil && w.Letters.Send && w.Admission.Anybody() }

// showClosed says that no account can be made, or only by who was invited.
func (w *Web) showClosed(rw http.ResponseWriter, r *http.Request) error {
	how := view.EndClosed
	if w.SignUps != nil && w.Letters.Send {
		how = view.EndInvite
	}
	return w.showEnd(rw, r, nil, how)
}

// createURL is where the link "Create account" leads; "": there is none.
func (w *Web) createURL(f *session.Flow) string {
	if !w.OpenSignUp() {
		return ""
	}
	return w.at(pathSignUp, "flow", f.ID)
}

// signUpOf is what the flow knows of its sign-up; never nil.
func signUpOf(f *session.Flow) *session.SignUp {
	if f.Progress.SignUp == nil {
		return &session.SignUp{}
	}
	return f.Progress.SignUp
}

// keepSignUp records what a page was given and returns the flow as it is then.
func (w *Web) keepSignUp(r *http.Request, f *session.Flow, edit func(*session.SignUp)) (*session.Flow, error) {
	return w.Sessions.Progress(r.Context(), f, func(p *session.Progress) {
		if p.SignUp == nil {
			p.SignUp = &session.SignUp{}
		}
		edit(p.SignUp)
	})
}

// steps are the pages of the wizard in their order, without the challenge.
var steps = []string{pathSignUp, pathSignUpPassword, pathSignUpAbout}

// missing is the first page whose question is not answered; "": none.
func missing(su *session.SignUp) string {
	switch {
	case su.Email == "":
		return pathSignUp
	case su.PasswordHash == "":
		return pathSignUpPassword
	case su.Birthdate == "":
		return pathSignUpAbout
	}
	return ""
}

// wizard is what the pages of the wizard have in common; the step begins at 0.
func (w *Web) wizard(r *http.Request, f *session.Flow, path string, step int) (view.Wizard, error) {
	fr, err := w.frame(r, f)
	p := view.Wizard{Frame: fr, Form: w.form(path, f), Step: step + 1, Of: len(steps)}
	first := 0
	switch {
	case byInvitation(f):
		first = 1 // the address is not asked for
		p.Step, p.Of = p.Step-1, p.Of-1
	case w.Challenges.Asks(challenge.SignUp):
		p.Of++
	}
	if step > first {
		p.BackURL = w.at(steps[step-1], "flow", f.ID)
	}
	return p, err
}

// made reports whether the account that waits was stored, although it may be gone
// by now. An id alone is no proof: a node may have died before it did more. Then
// the page can be sent again, and nothing that was typed is lost.
func (w *Web) made(r *http.Request, f *session.Flow) (bool, error) {
	su := signUpOf(f)
	if su.ID == "" || su.Kept {
		return su.Kept, nil
	}
	_, err := w.SignUps.Get(r.Context(), su.ID)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// atStep returns the flow if its sign-up is at the page, or may come back to
// it; else the browser is sent to where it is, and the flow is nil.
func (w *Web) atStep(rw http.ResponseWriter, r *http.Request, path string) (*session.Flow, error) {
	f, err := w.flowOf(r)
	switch {
	case !w.admits(f):
		return nil, w.showClosed(rw, r)
	case err != nil:
		return nil, err
	}
	made, err := w.made(r, f)
	if err != nil {
		return nil, err
	}
	if made {
		w.send(rw, w.at(pathSignUpCheck, "flow", f.ID))
		return nil, nil
	}
	su := signUpOf(f)
	for _, earlier := range steps {
		if earlier == path {
			break
		}
		if earlier == missing(su) {
			w.send(rw, w.at(earlier, "flow", f.ID))
			return nil, nil
		}
	}
	return f, nil
}

// advance leads from an answered page to the first one that is missing; when
// none is, and there is no challenge, the account is made.
func (w *Web) advance(rw http.ResponseWriter, r *http.Request, f *session.Flow) error {
	path := missing(signUpOf(f))
	if path == "" {
		if byInvitation(f) {
			return w.admit(rw, r, f)
		}
		if !w.Challenges.Asks(challenge.SignUp) {
			return w.storeSignUp(rw, r, f)
		}
		path = pathSignUpRobot
	}
	w.send(rw, w.at(path, "flow", f.ID))
	return nil
}

// signUp asks for the address. Without a flow one of the house's own begins.
func (w *Web) signUp(rw http.ResponseWriter, r *http.Request) error {
	if w.OpenSignUp() && !r.URL.Query().Has("flow") {
		return w.beginAt(rw, r, pathSignUp, pathAccount)
	}
	f, err := w.atAddress(rw, r)
	if err != nil || f == nil {
		return err
	}
	made, err := w.made(r, f)
	if err != nil {
		return err
	}
	su := signUpOf(f)
	if made && !r.URL.Query().Has("correct") {
		w.send(rw, w.at(pathSignUpCheck, "flow", f.ID))
		return nil
	}
	typed := su.Email
	for _, other := range []string{f.Progress.Email, f.Request.LoginHint} {
		if typed == "" {
			typed = other
		}
	}
	return w.showSignUp(rw, r, f, clip(typed), "")
}

// atAddress is atStep for the first page. Who was invited has no say in the
// address, and is sent on.
func (w *Web) atAddress(rw http.ResponseWriter, r *http.Request) (*session.Flow, error) {
	f, err := w.flowOf(r)
	switch {
	case !w.admits(f):
		return nil, w.showClosed(rw, r)
	case err != nil:
		return nil, err
	case byInvitation(f):
		w.send(rw, w.at(pathSignUpPassword, "flow", f.ID))
		return nil, nil
	}
	return f, nil
}

func (w *Web) showSignUp(rw http.ResponseWriter, r *http.Request, f *session.Flow, typed string, bad view.Message) error {
	common, err := w.wizard(r, f, pathSignUp, 0)
	if err != nil {
		return err
	}
	page := &view.SignUpEmail{
		Wizard: common, Email: typed, Fault: bad, Domains: w.Admission.Domains, SignInURL: w.at(pathSignIn, "flow", f.ID, "other", "1"),
	}
	return w.show(rw, r, f, http.StatusOK, page, targets(f)...)
}

func (w *Web) postSignUp(rw http.ResponseWriter, r *http.Request) error {
	f, err := w.atAddress(rw, r)
	if err != nil || f == nil {
		return err
	}
	typed := strings.TrimSpace(r.PostFormValue("username"))
	if typed == "" {
		return w.showSignUp(rw, r, f, "", view.FaultEmailMissing)
	}
	_, key, err := account.NormalizeEmail(typed)
	if err != nil {
		return w.showSignUp(rw, r, f, clip(typed), view.FaultEmailMalformed)
	}
	if !w.Admission.Admits(key) {
		return w.showSignUp(rw, r, f, clip(typed), view.FaultSignUpStranger)
	}
	if realm, err := w.enforced(r, typed); err != nil || realm != nil {
		if err != nil {
			return err
		}
		return w.showCompany(rw, r, f, realm, view.Form{})
	}
	if id := signUpOf(f).ID; id != "" {
		if f, err = w.correct(r, f, id, key); err != nil {
			return err
		}
		if signUpOf(f).ID != "" {
			w.send(rw, w.at(pathSignUpCheck, "flow", f.ID))
			return nil
		}
	}
	if f, err = w.keepSignUp(r, f, func(su *session.SignUp) { su.Email = typed }); err != nil {
		return err
	}
	return w.advance(rw, r, f)
}

// correct gives up what waits for another address than that with the key, or
// waits no more. What was told of the person stays.
func (w *Web) correct(r *http.Request, f *session.Flow, id, key string) (*session.Flow, error) {
	waits, err := w.SignUps.Get(r.Context(), id)
	switch {
	case fault.Is(err, fault.NotFound):
	case err != nil:
		return nil, err
	case waits.Active() || waits.EmailKey == key:
		return f, nil
	default:
		if _, err := w.SignUps.Drop(r.Context(), waits); err != nil {
			return nil, err
		}
	}
	return w.keepSignUp(r, f, func(su *session.SignUp) {
		if su.ID == id {
			su.ID, su.Kept = "", false
		}
	})
}

// storeSignUp makes the account, which waits, and sends a letter. It shows the
// same for an address that has an account.
func (w *Web) storeSignUp(rw http.ResponseWriter, r *http.Request, f *session.Flow) error {
	if realm, err := w.enforced(r, signUpOf(f).Email); err != nil || realm != nil {
		if err != nil {
			return err
		}
		return w.showCompany(rw, r, f, realm, view.Form{})
	}
	id := w.SignUps.NewID()
	f, err := w.keepSignUp(r, f, func(su *session.SignUp) {
		if su.ID == "" {
			su.ID = id
		}
	})
	if err != nil {
		return err
	}
	su, err := w.waiting(r, f)
	if err != nil {
		return err
	}
	made, err := w.SignUps.Keep(r.Context(), addressOf(r), su, w.signUpLetters(r, f, su))
	if err != nil {
		// So that the page can be sent once more.
		_, undo := w.keepSignUp(r, f, func(kept *session.SignUp) {
			if kept.ID == id {
				kept.ID = ""
			}
		})
		return errors.Join(err, undo)
	}
	if made {
		if err := w.record(r, f, auditSignUp, su.ID, su.ID); err != nil {
			return err
		}
	}
	_, err = w.keepSignUp(r, f, func(kept *session.SignUp) { kept.Kept = kept.ID == su.ID })
	if err != nil {
		return err
	}
	w.send(rw, w.at(pathSignUpCheck, "flow", f.ID))
	return nil
}

// waiting is what the wizard was told, as an account that waits.
func (w *Web) waiting(r *http.Request, f *session.Flow) (*account.SignUp, error) {
	return w.waitingAs(r, f, signUpOf(f))
}

func (w *Web) waitingAs(r *http.Request, f *session.Flow, told *session.SignUp) (*account.SignUp, error) {
	address, key, err := account.NormalizeEmail(told.Email)
	if err != nil {
		return nil, err
	}
	su := &account.SignUp{
		ID: told.ID, Email: address, EmailKey: key, PasswordHash: told.PasswordHash,
		Profile: account.Profile{
			GivenName: told.GivenName, FamilyName: told.FamilyName, Birthdate: told.Birthdate, Locale: w.locale(r, f).String(),
		},
		ClientID: f.Request.ClientID, Browser: f.Browser,
	}
	if n := told.News; n != nil {
		su.News = account.NewAgreement(account.Agreement{
			AccountID: su.ID, Kind: account.AgreeNews, Given: true, Source: account.FromSignUp, ClientID: su.ClientID,
			Wording: n.Wording, Version: n.Version, Language: n.Language,
		}, n.At)
	}
	return su, nil
}

// What the audit log calls it.
const (
	auditSignUp   = "account.sign_up"
	auditActivate = "account.activate"
	auditDenied   = "account.sign_up_denied"
)

// showEnd says how a sign-up ended, or why there is none; f may be nil.
func (w *Web) showEnd(rw http.ResponseWriter, r *http.Request, f *session.Flow, how view.Ending) error {
	page := &view.SignUpEnd{Frame: w.bareFrame(r), How: how, SignInURL: w.at(pathAccount)}
	status := http.StatusOK
	if f != nil && f.ID != "" {
		fr, err := w.frame(r, f)
		if err != nil {
			return err
		}
		page.Frame, page.SignInURL = fr, w.at(pathSignIn, "flow", f.ID, "other", "1")
	}
	switch how {
	case view.EndGone, view.EndLink:
		status = http.StatusGone
	}
	if how == view.EndGone && f != nil {
		page.AgainURL = w.at(pathSignUp, "flow", f.ID, "correct", "1")
	}
	return w.show(rw, r, f, status, page)
}
