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
	fr, err := w.orgFrame(r, v, pathOrg)
	if err != nil {
		return err
	}
	page := &view.OrgMembers{OrgFrame: fr}
	after := r.URL.Query().Get("after")
	list, err := w.Organizations.Members(r.Context(), v.org.ID, after, orgsPage+1)
	if err != nil {
		return err
	}
	list, page.Pages = paged(w, list, orgPath(pathOrg, v.org.ID), after, func(p *org.Person) string { return p.AccountID })
	for _, p := range list {
		page.Members = append(page.Members, view.OrgMember{
			Person: view.Person{Name: nameBeside(p.Name, p.Email), Email: p.Email},
			Role:   view.Role(p.Role), Joined: p.JoinedAt, Self: p.AccountID == v.account.ID,
		})
	}
	return w.show(rw, r, nil, http.StatusOK, page)
}

// nameBeside is the name if it says more than the address does.
func nameBeside(name, email string) string {
	if name == email {
		return ""
	}
	return name
}
