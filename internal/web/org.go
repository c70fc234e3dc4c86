package web

import (
	"net/http"
	"strings"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/org"
	"signet/internal/session"
	"signet/internal/web/view"
)

// orgVisit is a member's look at one of the organizations that they belong to.
type orgVisit struct {
	session *session.Session
	account *account.Account
	org     *org.Membership
}

// by is who changes something during the visit.
func (v *orgVisit) by() org.Actor { return org.Actor{AccountID: v.account.ID} }

// orgPath is the address of one organization's page, below the issuer; pattern
// is one of the paths of the routes.
func orgPath(pattern, orgID string) string { return strings.Replace(pattern, "{id}", orgID, 1) }

// inOrg returns the signed-in person's look at the organization that the path
// names. To anybody but its members there is none, and while it waits to be
// erased there is none either. When nobody is signed in, the browser is sent to
// do so, and the visit is nil.
func (w *Web) inOrg(rw http.ResponseWriter, r *http.Request) (*orgVisit, error) {
	sess, a, err := w.owner(rw, r)
	if err != nil || sess == nil {
		return nil, err
	}
	m, err := w.Organizations.Seen(r.Context(), r.PathValue("id"), a.ID)
	if err != nil {
		return nil, err
	}
	if m.Deleted() {
		return nil, org.NotFound()
	}
	return &orgVisit{session: sess, account: a, org: m}, nil
}

// orgTab is one of the pages of an organization.
type orgTab struct {
	label view.Message
	path  string
}

// orgTabs are the pages that a member of the role is led to, in their order.
func (w *Web) orgTabs(as org.Role) []orgTab {
	tabs := []orgTab{{view.TabMembers, pathOrg}}
	if as != org.Viewer {
		tabs = append(tabs, orgTab{view.TabInvitations, pathInvitations})
	}
	if as == org.Owner {
		tabs = append(tabs, orgTab{view.TabSignIn, pathOrgSignIn})
	}
	return append(tabs, orgTab{view.TabSettings, pathOrgSettings})
}

// orgFrame is what surrounds a page of an organization. here is the path of its
// tab: another language leads back there, if the page has no address of its own.
func (w *Web) orgFrame(r *http.Request, v *orgVisit, here string) (view.OrgFrame, error) {
	fr, err := w.accountFrame(r, v.account, pathOrgs)
	if err != nil {
		return view.OrgFrame{}, err
	}
	fr.Languages.Return = w.at(orgPath(here, v.org.ID))
	if r.Method == http.MethodGet {
		fr.Languages.Return = r.URL.RequestURI()
	}
	page := view.OrgFrame{AccountFrame: fr, Org: orgView(w, v.org)}
	for _, t := range w.orgTabs(v.org.Role) {
		page.Tabs = append(page.Tabs, view.AccountSection{Label: t.label, URL: w.at(orgPath(t.path, v.org.ID)), Current: t.path == here})
	}
	return page, nil
}

func orgView(w *Web, m *org.Membership) view.Org {
	return view.Org{ID: m.ID, Name: m.Name, Role: view.Role(m.Role), URL: w.at(orgPath(pathOrg, m.ID))}
}

// refusalOf is what a page says of a change that the organization does not let
// happen, since somebody else changed it meanwhile or a rule forbids it; "": the
// error is none of these.
func refusalOf(err error) view.Message {
	switch fault.KindOf(err) {
	case fault.Conflict:
		return view.FaultLastOwner
	case fault.Forbidden:
		return view.FaultOrgRole
	}
	return ""
}

// again looks at the organization anew, after somebody else may have changed it.
func (w *Web) again(r *http.Request, v *orgVisit) error {
	m, err := w.Organizations.Seen(r.Context(), v.org.ID, v.account.ID)
	if err != nil {
		return err
	}
	if m.Deleted() {
		return org.NotFound()
	}
	v.org = m
	return nil
}
