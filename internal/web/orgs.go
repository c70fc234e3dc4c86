package web

import (
	"net/http"
	"strings"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/org"
	"signet/internal/web/view"
)

// orgsPage is how many organizations, and members of one, a page lists.
const orgsPage = 50

// orgs lists the person's organizations.
func (w *Web) orgs(rw http.ResponseWriter, r *http.Request) error {
	sess, a, err := w.owner(rw, r)
	if err != nil || sess == nil {
		return err
	}
	fr, err := w.accountFrame(r, a, pathOrgs)
	if err != nil {
		return err
	}
	page := &view.Orgs{AccountFrame: fr, NewURL: w.at(pathNewOrg)}
	after := r.URL.Query().Get("after")
	list, err := w.Organizations.Of(r.Context(), a.ID, after, orgsPage+1)
	if err != nil {
		return err
	}
	list, page.Pages = paged(w, list, pathOrgs, after, func(m *org.Membership) string { return m.ID })
	for _, m := range list {
		page.Orgs = append(page.Orgs, orgView(w, m))
	}
	deleted, err := w.Organizations.DeletedOf(r.Context(), a.ID, "", orgsPage)
	if err != nil {
		return err
	}
	for _, m := range deleted {
		page.Deleted = append(page.Deleted, view.DeletedOrg{
			Org: orgView(w, m), Erased: m.EraseAt, RestoreAction: w.at(orgPath(pathOrgRestore, m.ID)),
		})
	}
	if page.Invited, err = w.invitedTo(r, a); err != nil {
		return err
	}
	return w.show(rw, r, nil, http.StatusOK, page)
}

// postOrgRestore brings a deleted organization back; to all but its owners there
// is none.
func (w *Web) postOrgRestore(rw http.ResponseWriter, r *http.Request) error {
	sess, a, err := w.owner(rw, r)
	if err != nil || sess == nil {
		return err
	}
	o, err := w.Organizations.Restore(r.Context(), r.PathValue("id"), org.Actor{AccountID: a.ID})
	if err != nil {
		return err
	}
	if err := w.record(r, nil, "organization.restore", a.ID, o.ID); err != nil {
		return err
	}
	w.send(rw, w.at(orgPath(pathOrg, o.ID), "done", "org-restored"))
	return nil
}

// paged cuts a list of one entry more than a page holds, and says where the
// other pages are.
func paged[T any](w *Web, list []T, path, after string, id func(T) string) ([]T, view.Pages) {
	var p view.Pages
	if after != "" {
		p.FirstURL = w.at(path)
	}
	if len(list) > orgsPage {
		list = list[:orgsPage]
		p.NextURL = w.at(path, "after", id(list[orgsPage-1]))
	}
	return list, p
}

// newOrg asks for the name of a new organization.
func (w *Web) newOrg(rw http.ResponseWriter, r *http.Request) error {
	sess, a, err := w.owner(rw, r)
	if err != nil || sess == nil {
		return err
	}
	return w.showNewOrg(rw, r, a, &view.NewOrg{})
}

func (w *Web) showNewOrg(rw http.ResponseWriter, r *http.Request, a *account.Account, page *view.NewOrg) error {
	var err error
	if page.AccountFrame, err = w.accountFrame(r, a, pathOrgs); err != nil {
		return err
	}
	page.Languages.Return = w.at(pathNewOrg)
	page.Form, page.ListURL = view.Form{Action: w.at(pathNewOrg)}, w.at(pathOrgs)
	return w.show(rw, r, nil, http.StatusOK, page)
}

// postNewOrg makes the organization, whose owner is the person.
func (w *Web) postNewOrg(rw http.ResponseWriter, r *http.Request) error {
	sess, a, err := w.owner(rw, r)
	if err != nil || sess == nil {
		return err
	}
	typed := r.PostFormValue("name")
	o, err := w.Organizations.Create(r.Context(), typed, "", a.ID, org.Actor{AccountID: a.ID})
	switch fault.KindOf(err) {
	case fault.Invalid:
		return w.showNewOrg(rw, r, a, &view.NewOrg{Name: clip(typed), Fault: faultOfName(typed)})
	case fault.Limited:
		return w.showNewOrg(rw, r, a, &view.NewOrg{Name: clip(typed), Fault: view.FaultOrgsOwned})
	}
	if err != nil {
		return err
	}
	if err := w.record(r, nil, "organization.create", a.ID, o.ID); err != nil {
		return err
	}
	w.send(rw, w.at(orgPath(pathOrg, o.ID), "done", "org-created"))
	return nil
}

func faultOfName(typed string) view.Message {
	if strings.TrimSpace(typed) == "" {
		return view.FaultOrgNameMissing
	}
	return view.FaultOrgName
}
