package web

import (
	"net/http"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/web/view"
)

// personFaults are what the page says of what is wrong with a person's words.
var personFaults = map[account.PersonFlaw]view.Message{
	account.FlawName: view.FaultProfileName, account.FlawDate: view.FaultProfileDate,
	account.FlawFuture: view.FaultProfileFuture, account.FlawYoung: view.FaultProfileYoung,
}

// profile shows what is known of the person, to be changed.
func (w *Web) profile(rw http.ResponseWriter, r *http.Request) error {
	sess, a, err := w.owner(rw, r)
	if err != nil || sess == nil {
		return err
	}
	news, err := w.wantsNews(r, a)
	if err != nil {
		return err
	}
	p := a.Profile
	return w.showProfile(rw, r, a, &view.Profile{
		GivenName: p.GivenName, FamilyName: p.FamilyName, Birthdate: p.Birthdate, News: news,
		Language: w.View.Languages().Negotiate(p.Locale, "", w.locale(r, nil).String()).String(),
	})
}

func (w *Web) showProfile(rw http.ResponseWriter, r *http.Request, a *account.Account, page *view.Profile) error {
	var err error
	if page.AccountFrame, err = w.accountFrame(r, a, pathProfile); err != nil {
		return err
	}
	page.Form = view.Form{Action: w.at(pathProfile)}
	return w.show(rw, r, nil, http.StatusOK, page)
}

func (w *Web) postProfile(rw http.ResponseWriter, r *http.Request) error {
	sess, a, err := w.owner(rw, r)
	if err != nil || sess == nil {
		return err
	}
	loc, ok := w.View.Languages().Of(r.PostFormValue("locale"))
	if !ok {
		return fault.New(fault.Invalid, "This language is not offered.").On("locale")
	}
	said, flaws := w.checkEdit(a, account.Person{
		GivenName: r.PostFormValue("given_name"), FamilyName: r.PostFormValue("family_name"), Birthdate: r.PostFormValue("birthdate"),
	})
	news := r.PostFormValue("news") != ""
	if !flaws.None() {
		return w.showProfile(rw, r, a, &view.Profile{
			GivenName: clip(said.GivenName), FamilyName: clip(said.FamilyName), Birthdate: clip(said.Birthdate),
			Language: loc.String(), News: news,
			GivenNameFault:  faultOfPerson(flaws.GivenName, view.FaultProfileGivenName),
			FamilyNameFault: faultOfPerson(flaws.FamilyName, view.FaultProfileFamilyName),
			BirthdateFault:  faultOfPerson(flaws.Birthdate, view.FaultProfileBirthdate),
		})
	}
	if err := w.edit(r, a, account.ProfileEdit{Person: said, Locale: w.localeFor(a, loc)}); err != nil {
		return err
	}
	if err := w.chooseNews(r, a, news); err != nil {
		return err
	}
	w.Cookies.SetLocale(rw, loc.String())
	w.send(rw, w.at(pathProfile, "done", "profile"))
	return nil
}

// checkEdit is account.CheckPerson, but for what stays as it is: an operator
// may have declared less, or more, than people are asked for.
func (w *Web) checkEdit(a *account.Account, p account.Person) (account.Person, account.PersonFlaws) {
	said, flaws := account.CheckPerson(p, w.LeastAge, w.Now())
	if said.GivenName == a.Profile.GivenName {
		flaws.GivenName = ""
	}
	if said.FamilyName == a.Profile.FamilyName {
		flaws.FamilyName = ""
	}
	if said.Birthdate == a.Profile.Birthdate {
		flaws.Birthdate = ""
	}
	return said, flaws
}

// localeFor is the account's language if the page's is the best we have for it:
// en-GB stays when English is chosen.
func (w *Web) localeFor(a *account.Account, chosen view.Locale) string {
	if old := a.Profile.Locale; old != "" && w.View.Languages().Negotiate(old, "", "") == chosen {
		return old
	}
	return chosen.String()
}

func faultOfPerson(flaw account.PersonFlaw, missing view.Message) view.Message {
	if flaw == account.FlawMissing {
		return missing
	}
	return personFaults[flaw]
}

// edit changes the profile, and notes that it was changed.
func (w *Web) edit(r *http.Request, a *account.Account, e account.ProfileEdit) error {
	changed, err := w.Accounts.Edit(r.Context(), a, e)
	if err != nil || !changed {
		return err
	}
	return w.record(r, nil, "account.profile", a.ID, a.ID)
}
