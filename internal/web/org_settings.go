package web

import (
	"net/http"

	"signet/internal/fault"
	"signet/internal/httpd"
	"signet/internal/org"
	"signet/internal/web/view"
)

// orgSettings shows what is known of an organization, and what becomes of it.
func (w *Web) orgSettings(rw http.ResponseWriter, r *http.Request) error {
	v, err := w.inOrg(rw, r)
	if err != nil || v == nil {
		return err
	}
	return w.showOrgSettings(rw, r, v, &view.OrgSettings{Name: v.org.Name}, http.StatusOK)
}

func (w *Web) showOrgSettings(rw http.ResponseWriter, r *http.Request, v *orgVisit, page *view.OrgSettings, status int) error {
	var err error
	if page.OrgFrame, err = w.orgFrame(r, v, pathOrgSettings); err != nil {
		return err
	}
	page.Slug, page.Created, page.LeaveURL = v.org.Slug, v.org.CreatedAt, w.at(orgPath(pathOrgLeave, v.org.ID))
	if v.org.Role != org.Viewer {
		page.Form = view.Form{Action: w.at(orgPath(pathOrgSettings, v.org.ID))}
	}
	if v.org.Role == org.Owner {
		page.DeleteURL = w.at(orgPath(pathOrgDelete, v.org.ID))
	}
	return w.show(rw, r, nil, status, page)
}

// postOrgSettings gives the organization another name.
func (w *Web) postOrgSettings(rw http.ResponseWriter, r *http.Request) error {
	v, err := w.inOrg(rw, r)
	if err != nil || v == nil {
		return err
	}
	typed := r.PostFormValue("name")
	_, err = w.Organizations.Rename(r.Context(), v.org.ID, typed, v.by())
	switch fault.KindOf(err) {
	case fault.Invalid:
		return w.showOrgSettings(rw, r, v, &view.OrgSettings{Name: clip(typed), Fault: faultOfName(typed)}, http.StatusOK)
	case fault.Forbidden:
		return w.refuseOrgSettings(rw, r, v)
	}
	if err != nil {
		return err
	}
	if err := w.record(r, nil, "organization.rename", v.account.ID, v.org.ID); err != nil {
		return err
	}
	w.send(rw, w.at(orgPath(pathOrgSettings, v.org.ID), "done", "org-renamed"))
	return nil
}

// refuseOrgSettings says that the person's role does not, or not any more, let
// them do what they asked for.
func (w *Web) refuseOrgSettings(rw http.ResponseWriter, r *http.Request, v *orgVisit) error {
	if err := w.again(r, v); err != nil {
		return err
	}
	return w.showOrgSettings(rw, r, v, &view.OrgSettings{Name: v.org.Name, Problem: view.FaultOrgRole}, http.StatusForbidden)
}

// orgLeave asks whether to leave.
func (w *Web) orgLeave(rw http.ResponseWriter, r *http.Request) error {
	v, err := w.inOrg(rw, r)
	if err != nil || v == nil {
		return err
	}
	return w.showOrgLeave(rw, r, v, nil)
}

func (w *Web) showOrgLeave(rw http.ResponseWriter, r *http.Request, v *orgVisit, refused error) error {
	fr, err := w.orgFrame(r, v, pathOrgSettings)
	if err != nil {
		return err
	}
	fr.Languages.Return = w.at(orgPath(pathOrgLeave, v.org.ID))
	page := &view.OrgLeave{
		OrgFrame: fr, Form: view.Form{Action: w.at(orgPath(pathOrgLeave, v.org.ID))},
		BackURL: w.at(orgPath(pathOrgSettings, v.org.ID)), Problem: refusalOf(refused),
	}
	status := http.StatusOK
	if refused != nil {
		status = httpd.Status(fault.KindOf(refused))
	}
	return w.show(rw, r, nil, status, page)
}

func (w *Web) postOrgLeave(rw http.ResponseWriter, r *http.Request) error {
	v, err := w.inOrg(rw, r)
	if err != nil || v == nil {
		return err
	}
	err = w.Organizations.Leave(r.Context(), v.org.ID, v.account.ID)
	if refusalOf(err) != "" {
		return w.showOrgLeave(rw, r, v, err)
	}
	if err != nil {
		return err
	}
	if err := w.record(r, nil, "organization.leave", v.account.ID, v.org.ID); err != nil {
		return err
	}
	w.send(rw, w.at(pathOrgs, "done", "org-left"))
	return nil
}

// orgDelete says what deleting means, and asks.
func (w *Web) orgDelete(rw http.ResponseWriter, r *http.Request) error {
	v, err := w.inOrg(rw, r)
	if err != nil || v == nil {
		return err
	}
	if v.org.Role != org.Owner {
		return w.refuseOrgSettings(rw, r, v)
	}
	fr, err := w.orgFrame(r, v, pathOrgSettings)
	if err != nil {
		return err
	}
	page := &view.OrgDelete{
		OrgFrame: fr, Form: view.Form{Action: w.at(orgPath(pathOrgDelete, v.org.ID))},
		Until: w.Organizations.EraseAt(), BackURL: w.at(orgPath(pathOrgSettings, v.org.ID)),
	}
	return w.show(rw, r, nil, http.StatusOK, page)
}

func (w *Web) postOrgDelete(rw http.ResponseWriter, r *http.Request) error {
	v, err := w.inOrg(rw, r)
	if err != nil || v == nil {
		return err
	}
	_, err = w.Organizations.Delete(r.Context(), v.org.ID, v.by())
	if fault.Is(err, fault.Forbidden) {
		return w.refuseOrgSettings(rw, r, v)
	}
	if err != nil {
		return err
	}
	if err := w.record(r, nil, "organization.delete", v.account.ID, v.org.ID); err != nil {
		return err
	}
	w.send(rw, w.at(pathOrgs, "done", "org-deleted"))
	return nil
}
