package web

import (
	"net/http"

	"signet/internal/account"
	"signet/internal/challenge"
	"signet/internal/session"
	"signet/internal/web/view"
)

// signUpPassword asks for a password. One that was chosen already is kept when
// nothing is typed: nobody has to think of it twice for having gone back.
func (w *Web) signUpPassword(rw http.ResponseWriter, r *http.Request) error {
	f, err := w.atStep(rw, r, pathSignUpPassword)
	if err != nil || f == nil {
		return err
	}
	part := w.newPasswordPart(signUpOf(f).Email)
	return w.showSignUpPassword(rw, r, f, part, signUpOf(f).News != nil)
}

func (w *Web) showSignUpPassword(rw http.ResponseWriter, r *http.Request, f *session.Flow, part view.NewPassword, news bool) error {
	common, err := w.wizard(r, f, pathSignUpPassword, 1)
	if err != nil {
		return err
	}
	su := signUpOf(f)
	page := &view.SignUpPassword{Wizard: common, NewPassword: part, Email: su.Email, Invited: byInvitation(f), Kept: su.PasswordHash != "", News: news}
	return w.show(rw, r, f, http.StatusOK, page, targets(f)...)
}

func (w *Web) postSignUpPassword(rw http.ResponseWriter, r *http.Request) error {
	f, err := w.atStep(rw, r, pathSignUpPassword)
	if err != nil || f == nil {
		return err
	}
	hash, wanted := signUpOf(f).PasswordHash, r.PostFormValue("news") != ""
	if hash == "" || r.PostFormValue("password")+r.PostFormValue("confirmation") != "" {
		password, part, ok := w.newPassword(r, signUpOf(f).Email)
		if !ok {
			return w.showSignUpPassword(rw, r, f, part, wanted)
		}
		if hash, err = w.SignUps.Hash(r.Context(), addressOf(r), password); err != nil {
			return err
		}
	}
	var news *session.News
	if wanted {
		choice, err := w.newsChoice(r, f, "", true, account.FromSignUp)
		if err != nil {
			return err
		}
		news = &session.News{Wording: choice.Wording, Version: choice.Version, Language: choice.Language, At: w.Now()}
	}
	f, err = w.keepSignUp(r, f, func(su *session.SignUp) { su.PasswordHash, su.News = hash, news })
	if err != nil {
		return err
	}
	return w.advance(rw, r, f)
}

// signUpAbout asks for names and date of birth.
func (w *Web) signUpAbout(rw http.ResponseWriter, r *http.Request) error {
	f, err := w.atStep(rw, r, pathSignUpAbout)
	if err != nil || f == nil {
		return err
	}
	su := signUpOf(f)
	return w.showSignUpAbout(rw, r, f, &view.SignUpAbout{GivenName: su.GivenName, FamilyName: su.FamilyName, Birthdate: su.Birthdate})
}

func (w *Web) showSignUpAbout(rw http.ResponseWriter, r *http.Request, f *session.Flow, page *view.SignUpAbout) error {
	var err error
	if page.Wizard, err = w.wizard(r, f, pathSignUpAbout, 2); err != nil {
		return err
	}
	return w.show(rw, r, f, http.StatusOK, page, targets(f)...)
}

func (w *Web) postSignUpAbout(rw http.ResponseWriter, r *http.Request) error {
	f, err := w.atStep(rw, r, pathSignUpAbout)
	if err != nil || f == nil {
		return err
	}
	typed := account.Person{
		GivenName: r.PostFormValue("given_name"), FamilyName: r.PostFormValue("family_name"), Birthdate: r.PostFormValue("birthdate"),
	}
	person, flaws := account.CheckPerson(typed, w.LeastAge, w.Now())
	if !flaws.None() {
		return w.showSignUpAbout(rw, r, f, &view.SignUpAbout{
			GivenName: clip(typed.GivenName), FamilyName: clip(typed.FamilyName), Birthdate: clip(typed.Birthdate),
			GivenNameFault:  faultOfPerson(flaws.GivenName, view.FaultProfileGivenName),
			FamilyNameFault: faultOfPerson(flaws.FamilyName, view.FaultProfileFamilyName),
			BirthdateFault:  faultOfPerson(flaws.Birthdate, view.FaultProfileBirthdate),
		})
	}
	f, err = w.keepSignUp(r, f, func(su *session.SignUp) {
		su.GivenName, su.FamilyName, su.Birthdate = person.GivenName, person.FamilyName, person.Birthdate
	})
	if err != nil {
		return err
	}
	return w.advance(rw, r, f)
}

// signUpRobot shows the challenge.
func (w *Web) signUpRobot(rw http.ResponseWriter, r *http.Request) error {
	f, err := w.atRobot(rw, r)
	if err != nil || f == nil {
		return err
	}
	return w.showSignUpRobot(rw, r, f)
}

// atRobot is atStep for the last page, when all others are answered.
func (w *Web) atRobot(rw http.ResponseWriter, r *http.Request) (*session.Flow, error) {
	f, err := w.atStep(rw, r, pathSignUpRobot)
	if err != nil || f == nil {
		return nil, err
	}
	if byInvitation(f) || !w.Challenges.Asks(challenge.SignUp) {
		w.send(rw, w.at(pathSignUpAbout, "flow", f.ID))
		return nil, nil
	}
	return f, nil
}

func (w *Web) showSignUpRobot(rw http.ResponseWriter, r *http.Request, f *session.Flow) error {
	common, err := w.wizard(r, f, pathSignUpRobot, len(steps))
	if err != nil {
		return err
	}
	puzzle, err := w.puzzle(r, f, challenge.SignUp)
	if err != nil {
		return err
	}
	return w.show(rw, r, f, http.StatusOK, &view.SignUpRobot{Wizard: common, Challenge: puzzle}, targets(f)...)
}

func (w *Web) postSignUpRobot(rw http.ResponseWriter, r *http.Request) error {
	f, err := w.atRobot(rw, r)
	if err != nil || f == nil {
		return err
	}
	solved, err := w.solved(r, f, challenge.SignUp)
	if err != nil {
		return err
	}
	if !solved {
		return w.showSignUpRobot(rw, r, f)
	}
	spent, err := w.spend(r, f, challenge.SignUp)
	if err != nil {
		return err
	}
	if !spent { // in another tab: the account waits there, or there is another puzzle
		w.send(rw, w.at(pathSignUpRobot, "flow", f.ID))
		return nil
	}
	return w.storeSignUp(rw, r, f)
}
