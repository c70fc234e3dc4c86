package web

import (
	"net/http"

	"signet/internal/org"
	"signet/internal/web/view"
)

// orgMembers lists the members of an organization.
func (w *Web) orgMembers(rw http.ResponseWriter, r *http.Request) error {
	v, err := w.inOrg(rw, r)
	if err != nil || v == nil {
		return err
	}
	return w.showOrgMembers(rw, r, v, "")
}

func (w *Web) showOrgMembers(rw http.ResponseWriter, r *http.Request, v *orgVisit, bad view.Message) error {
	fr, err := w.orgFrame(r, v, pathOrg)
	if err != nil {
		return err
	}
	page := &view.OrgMembers{OrgFrame: fr, Problem: bad}
	asked := w.listAsked(r, orgPath(pathOrg, v.org.ID), "after")
	list, next, err := w.Organizations.FindMembers(r.Context(), v.org.ID, asked.query, asked.from, orgsPage)
	if err != nil {
		return err
	}
	page.Search, page.Pages = asked.search(view.SearchMembers, len(list)), asked.pages(next)
	for _, p := range list {
		m := w.orgMemberView(v, p)
		if v.org.Role.Manages(p.Role) {
			page.Managed, m.URL = true, w.at(memberPath(pathOrgMember, v.org.ID, p.AccountID))
		}
		page.Members = append(page.Members, m)
	}
	status := http.StatusOK
	if bad != "" {
		status = http.StatusNotFound
	}
	return w.show(rw, r, nil, status, page)
}

func (w *Web) orgMemberView(v *orgVisit, p *org.Person) view.OrgMember {
	return view.OrgMember{
		Person: view.Person{Name: nameBeside(p.Name, p.Email), Email: p.Email},
		Role:   view.Role(p.Role), Joined: p.JoinedAt, Self: p.AccountID == v.account.ID,
	}
}

// nameBeside is the name if it says more than the address does.
func nameBeside(name, email string) string {
	if name == email {
		return ""
	}
	return name
}
