package web

import (
	"context"
	"net/http"
	"strings"

	"signet/internal/fault"
	"signet/internal/httpd"
	"signet/internal/org"
	"signet/internal/web/view"
)

// memberPath is the address of a page about one member, below the issuer.
func memberPath(pattern, orgID, accountID string) string {
	return strings.Replace(orgPath(pattern, orgID), "{member}", accountID, 1)
}

// personIn is the member with what the others see of the account, or a fault of
// kind NotFound.
func (w *Web) personIn(ctx context.Context, orgID, accountID string) (*org.Person, error) {
	m, err := w.Organizations.Member(ctx, orgID, accountID)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, fault.New(fault.NotFound, "There is no such member.")
	}
	a, err := w.Accounts.Get(ctx, m.AccountID)
	if err != nil {
		return nil, err
	}
	return &org.Person{Member: *m, Email: a.Email, Name: a.DisplayName()}, nil
}

// inMember is inOrg with the member that the path names. Where there is none,
// the list of members says so, and the person is nil.
func (w *Web) inMember(rw http.ResponseWriter, r *http.Request) (*orgVisit, *org.Person, error) {
	v, err := w.inOrg(rw, r)
	if err != nil || v == nil {
		return nil, nil, err
	}
	p, err := w.personIn(r.Context(), v.org.ID, r.PathValue("member"))
	if fault.Is(err, fault.NotFound) {
		return v, nil, w.showOrgMembers(rw, r, v, view.FaultNoMember)
	}
	return v, p, err
}

// orgMember shows one member, and what who looks may change.
func (w *Web) orgMember(rw http.ResponseWriter, r *http.Request) error {
	v, p, err := w.inMember(rw, r)
	if err != nil || p == nil {
		return err
	}
	return w.showOrgMember(rw, r, v, p, p.Role, nil)
}

// showOrgMember shows the member with a role chosen; refused is why the last
// change was not made, or nil.
func (w *Web) showOrgMember(rw http.ResponseWriter, r *http.Request, v *orgVisit, p *org.Person, chosen org.Role, refused error) error {
	fr, err := w.orgFrame(r, v, pathOrg)
	if err != nil {
		return err
	}
	here := func(pattern string) string { return w.at(memberPath(pattern, v.org.ID, p.AccountID)) }
	if r.Method == http.MethodPost {
		fr.Languages.Return = here(pathOrgMember)
	}
	page := &view.OrgMemberPage{
		OrgFrame: fr, Form: view.Form{Action: here(pathOrgMember)}, Member: w.orgMemberView(v, p),
		Chosen: view.Role(chosen), Problem: refusalOf(refused),
	}
	if as := v.org.Role; as.Manages(p.Role) {
		for _, role := range org.Roles {
			if as.Manages(role) {
				page.Roles = append(page.Roles, view.Role(role))
			}
		}
		switch {
		case page.Member.Self:
			page.LeaveURL = w.at(orgPath(pathOrgLeave, v.org.ID))
		default:
			page.RemoveAction = here(pathOrgRemove)
			if as == org.Owner && p.Role != org.Owner {
				page.TransferAction = here(pathOrgTransfer)
			}
		}
	}
	status := http.StatusOK
	if refused != nil {
		status = httpd.Status(fault.KindOf(refused))
	}
	return w.show(rw, r, nil, status, page)
}

// changeMember makes a change to the member that the path names: it is noted
// under the action, and the list of members says that it was done. What the
// organization refuses, the member's page says.
func (w *Web) changeMember(rw http.ResponseWriter, r *http.Request, action, done string, chosen org.Role, do func(*orgVisit, *org.Person) error) error {
	v, p, err := w.inMember(rw, r)
	if err != nil || p == nil {
		return err
	}
	err = do(v, p)
	if refusalOf(err) != "" || fault.Is(err, fault.NotFound) {
		return w.refuseMember(rw, r, v, p, chosen, err)
	}
	if err != nil {
		return err
	}
	pairs := []string{"account", p.AccountID}
	if chosen != "" {
		pairs = append(pairs, "role", string(chosen))
	}
	if err := w.record(r, nil, action, v.account.ID, v.org.ID, pairs...); err != nil {
		return err
	}
	w.send(rw, w.at(orgPath(pathOrg, v.org.ID), "done", done))
	return nil
}

// refuseMember says why nothing was changed, on the member's page as it is by
// now, or on the list where the member is gone.
func (w *Web) refuseMember(rw http.ResponseWriter, r *http.Request, v *orgVisit, p *org.Person, chosen org.Role, refused error) error {
	if err := w.again(r, v); err != nil {
		return err
	}
	p, err := w.personIn(r.Context(), v.org.ID, p.AccountID)
	if fault.Is(err, fault.NotFound) {
		return w.showOrgMembers(rw, r, v, view.FaultNoMember)
	}
	if err != nil {
		return err
	}
	if chosen == "" {
		chosen = p.Role
	}
	return w.showOrgMember(rw, r, v, p, chosen, refused)
}

// postOrgMember gives the member another role.
func (w *Web) postOrgMember(rw http.ResponseWriter, r *http.Request) error {
	role := org.Role(r.PostFormValue("role"))
	if !role.Valid() {
		return fault.New(fault.Invalid, "There is no such role.").On("role")
	}
	return w.changeMember(rw, r, "organization.member", "org-role", role, func(v *orgVisit, p *org.Person) error {
		return w.Organizations.SetRole(r.Context(), v.org.ID, p.AccountID, role, v.by())
	})
}

// postOrgRemove takes the member out of the organization.
func (w *Web) postOrgRemove(rw http.ResponseWriter, r *http.Request) error {
	return w.changeMember(rw, r, "organization.remove", "org-removed", "", func(v *orgVisit, p *org.Person) error {
		return w.Organizations.Remove(r.Context(), v.org.ID, p.AccountID, v.by())
	})
}

// postOrgTransfer hands the organization over to the member.
func (w *Web) postOrgTransfer(rw http.ResponseWriter, r *http.Request) error {
	return w.changeMember(rw, r, "organization.transfer", "org-transfer", "", func(v *orgVisit, p *org.Person) error {
		return w.Organizations.Transfer(r.Context(), v.org.ID, v.account.ID, p.AccountID)
	})
}
