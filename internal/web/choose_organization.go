package web

import (
	"net/http"

	"signet/internal/fault"
	"signet/internal/org"
	"signet/internal/session"
	"signet/internal/web/view"
)

// shownOrganizations are those on one page of the choice.
const shownOrganizations = 50

// askedOrganization is asked, for a flow whose app asks for an organization.
func (w *Web) askedOrganization(rw http.ResponseWriter, r *http.Request) (*session.Flow, *session.Session, error) {
	f, sess, err := w.asked(rw, r)
	if err == nil && f.Request.Organization == "" {
		err = fault.New(fault.Invalid, "No app asks for an organization here.")
	}
	return f, sess, err
}

// chooseOrganization asks for which organization the app is used.
func (w *Web) chooseOrganization(rw http.ResponseWriter, r *http.Request) error {
	f, sess, err := w.askedOrganization(rw, r)
	if err != nil || sess == nil {
		return err
	}
	asked := f.Request.Organization
	m, err := w.Organizations.Asked(r.Context(), asked, sess.AccountID)
	if err != nil {
		return err
	}
	if m != nil {
		return w.goOn(rw, r, f, sess) // invited meanwhile, in another tab
	}
	a, err := w.Accounts.Get(r.Context(), sess.AccountID)
	if err != nil {
		return err
	}
	fr, err := w.frame(r, f)
	if err != nil {
		return err
	}
	page := &view.ChooseOrganization{
		Frame: fr, Form: w.form(pathOrganization, f), Person: personOf(a), Named: asked != org.Any, Other: chooseOther,
	}
	page.Hidden = append(page.Hidden, view.Pair{Name: "account", Value: a.ID})
	if !page.Named {
		page.CreateURL = w.at(pathNewOrganization, "flow", f.ID)
		if err := w.listChoices(r, page, f, a.ID); err != nil {
			return err
		}
	}
	return w.show(rw, r, f, http.StatusOK, page, targets(f)...)
}

// listChoices fills the page with the organizations of the account.
func (w *Web) listChoices(r *http.Request, page *view.ChooseOrganization, f *session.Flow, accountID string) error {
	of, err := w.Organizations.Of(r.Context(), accountID, clip(r.URL.Query().Get("after")), shownOrganizations+1)
	if err != nil {
		return err
	}
	if len(of) > shownOrganizations {
		of = of[:shownOrganizations]
		page.MoreURL = w.at(pathOrganization, "flow", f.ID, "after", of[len(of)-1].ID)
	}
	for _, o := range of {
		page.Organizations = append(page.Organizations, view.OrganizationChoice{ID: o.ID, Name: o.Name, Role: view.Role(o.Role)})
	}
	return nil
}

func (w *Web) postChooseOrganization(rw http.ResponseWriter, r *http.Request) error {
	f, sess, err := w.askedOrganization(rw, r)
	if err != nil || sess == nil {
		return err
	}
	chosen := r.PostFormValue("organization")
	if chosen == chooseOther {
		w.send(rw, w.at(pathSignIn, "flow", f.ID, "other", "1"))
		return nil
	}
	if r.PostFormValue("account") != sess.AccountID {
		// Somebody else signed in meanwhile, in another tab: these are not their
		// organizations.
		w.send(rw, w.at(pathOrganization, "flow", f.ID))
		return nil
	}
	m, err := w.Organizations.Asked(r.Context(), clip(chosen), sess.AccountID)
	if err != nil {
		return err
	}
	if m == nil { // left, or removed, since the page was shown
		w.send(rw, w.at(pathOrganization, "flow", f.ID))
		return nil
	}
	return w.choseOrganization(rw, r, f, sess, m.ID)
}

// choseOrganization goes on with the organization. That the person belongs to it,
// and that it is what the app asks for, is looked at again before the app gets
// anything.
func (w *Web) choseOrganization(rw http.ResponseWriter, r *http.Request, f *session.Flow, sess *session.Session, id string) error {
	f, err := w.Sessions.Progress(r.Context(), f, func(p *session.Progress) { p.Of(sess).Organization = id })
	if err != nil {
		return err
	}
	return w.goOn(rw, r, f, sess)
}

// newOrganization asks for the name of an organization that is made on the way to
// the app.
func (w *Web) newOrganization(rw http.ResponseWriter, r *http.Request) error {
	f, sess, err := w.askedNew(rw, r)
	if err != nil || sess == nil {
		return err
	}
	return w.showNewOrganization(rw, r, f, sess, "", "")
}

// askedNew is askedOrganization where any will do: one that is made now is not the
// one that an app names.
func (w *Web) askedNew(rw http.ResponseWriter, r *http.Request) (*session.Flow, *session.Session, error) {
	f, sess, err := w.askedOrganization(rw, r)
	if err == nil && f.Request.Organization != org.Any {
		err = fault.New(fault.Invalid, "The app asks for an organization that there is.")
	}
	return f, sess, err
}

func (w *Web) showNewOrganization(rw http.ResponseWriter, r *http.Request, f *session.Flow, sess *session.Session, typed string, bad view.Message) error {
	fr, err := w.frame(r, f)
	if err != nil {
		return err
	}
	page := &view.CreateOrganization{
		Frame: fr, Form: w.form(pathNewOrganization, f), Name: typed, Fault: bad, BackURL: w.at(pathOrganization, "flow", f.ID),
	}
	page.Hidden = append(page.Hidden, view.Pair{Name: "account", Value: sess.AccountID})
	return w.show(rw, r, f, statusOf(bad), page, targets(f)...)
}

func (w *Web) postNewOrganization(rw http.ResponseWriter, r *http.Request) error {
	f, sess, err := w.askedNew(rw, r)
	if err != nil || sess == nil {
		return err
	}
	if r.PostFormValue("account") != sess.AccountID {
		w.send(rw, w.at(pathNewOrganization, "flow", f.ID))
		return nil
	}
	typed := clip(r.PostFormValue("name"))
	made, err := w.justMade(r, f, sess, typed)
	switch {
	case err != nil:
		return err
	case made:
		return w.goOn(rw, r, f, sess)
	}
	o, err := w.Organizations.Create(r.Context(), typed, "", sess.AccountID, org.Actor{AccountID: sess.AccountID})
	switch {
	case fault.Is(err, fault.Invalid):
		return w.showNewOrganization(rw, r, f, sess, typed, faultOfName(typed))
	case fault.Is(err, fault.Limited):
		return w.showNewOrganization(rw, r, f, sess, typed, view.FaultOrgsOwned)
	case err != nil:
		return err
	}
	if err := w.record(r, f, "organization.create", sess.AccountID, o.ID, "owner", sess.AccountID); err != nil {
		return err
	}
	return w.choseOrganization(rw, r, f, sess, o.ID)
}

// justMade reports whether the flow goes on with an organization of the name: the
// form was sent twice.
func (w *Web) justMade(r *http.Request, f *session.Flow, sess *session.Session, typed string) (bool, error) {
	if f.Progress.Account != sess.AccountID || f.Progress.Organization == "" {
		return false, nil
	}
	m, err := w.Organizations.Asked(r.Context(), f.Progress.Organization, sess.AccountID)
	if err != nil || m == nil {
		return false, err
	}
	name, err := org.CheckName(typed)
	return err == nil && m.Role == org.Owner && m.Name == name, nil
}
