package web

import (
	"net/http"
	"slices"
	"strings"

	"signet/internal/fault"
	"signet/internal/org"
	"signet/internal/web/view"
)

// invitedAtOnce is how many addresses one list may have.
const invitedAtOnce = 100

// orgInvitations lists the invitations to an organization, and invites.
func (w *Web) orgInvitations(rw http.ResponseWriter, r *http.Request) error {
	v, err := w.inOrg(rw, r)
	if err != nil || v == nil {
		return err
	}
	return w.showOrgInvitations(rw, r, v, &view.OrgInvitations{})
}

func (w *Web) showOrgInvitations(rw http.ResponseWriter, r *http.Request, v *orgVisit, page *view.OrgInvitations) error {
	var err error
	if page.OrgFrame, err = w.orgFrame(r, v, pathInvitations); err != nil {
		return err
	}
	asked := w.listAsked(r, orgPath(pathInvitations, v.org.ID), "before")
	list, next, err := w.Invitations.List(r.Context(), v.by(), v.org.ID, asked.query, asked.from, orgsPage)
	if err != nil {
		return err
	}
	page.Search, page.Pages = asked.search(view.SearchInvitations, len(list)), asked.pages(next)
	page.ByHand = !w.Letters.Send
	at := func(path string) string { return w.at(orgPath(path, v.org.ID)) }
	page.Form = view.Form{Action: at(pathInvitations)}
	app := clip(r.FormValue("app"))
	if app == "" {
		app = w.Cookies.App(r)
	}
	if app != "" {
		page.Hidden = []view.Pair{{Name: "app", Value: app}}
	}
	page.ResendAction, page.RevokeAction = at(pathResend), at(pathUninvite)
	for _, i := range list {
		page.Invitations = append(page.Invitations, view.OrgInvitation{
			ID: i.ID, Email: i.Email, Role: view.Role(i.Role), Standing: view.Standing(i.Standing), Sent: i.SentAt, Until: i.ExpiresAt,
			Waits: i.Outcome == "" && v.org.Role.Manages(i.Role),
		})
	}
	if page.Role == "" {
		page.Role = view.RoleViewer
	}
	for _, role := range slices.Backward(org.Roles) { // the least first
		if v.org.Role.Manages(role) {
			page.Roles = append(page.Roles, view.Role(role))
		}
	}
	return w.show(rw, r, nil, http.StatusOK, page)
}

// postOrgInvitations invites a list of people and shows what became of each.
func (w *Web) postOrgInvitations(rw http.ResponseWriter, r *http.Request) error {
	v, err := w.inOrg(rw, r)
	if err != nil || v == nil {
		return err
	}
	page := &view.OrgInvitations{Addresses: r.PostFormValue("addresses"), Role: view.Role(r.PostFormValue("role"))}
	addresses, more := org.Addresses(page.Addresses, invitedAtOnce)
	switch {
	case more:
		page.Fault = view.FaultInviteTooLong
	case len(addresses) == 0:
		page.Fault = view.FaultInviteNobody
	case !v.org.Role.Manages(org.Role(page.Role)) || !org.Role(page.Role).Valid():
		page.Fault = view.FaultInviteRole
	}
	if page.Fault != "" {
		return w.showOrgInvitations(rw, r, v, page)
	}
	wish := org.Wish{OrgID: v.org.ID, Role: org.Role(page.Role)}
	c, err := w.invitingApp(r.Context(), r.PostFormValue("app"))
	if err != nil {
		return err
	}
	if c != nil {
		wish.ClientID = c.ID
	}
	reports, err := w.Invitations.Invite(r.Context(), v.by(), wish, addresses, w.InvitationLetter(r.Context(), w.locale(r, nil)))
	if err != nil {
		return err
	}
	var again []string
	for _, report := range reports {
		page.Reports = append(page.Reports, w.inviteReport(report))
		switch report.Verdict {
		case org.Sent, org.Handed:
			if err := w.record(r, nil, auditInvite, v.account.ID, v.org.ID, "invitation", report.Invitation.ID, "role", string(wish.Role)); err != nil {
				return err
			}
		case org.NoAddress, org.TooMany:
			again = append(again, report.Address)
		}
	}
	page.Addresses = strings.Join(again, "\n")
	return w.showOrgInvitations(rw, r, v, page)
}

func (w *Web) inviteReport(report org.Report) view.InviteReport {
	shown := view.InviteReport{Address: clip(report.Address), Verdict: view.Verdict(report.Verdict)}
	if report.Verdict == org.Handed {
		shown.LinkURL = w.InvitationURL(report.Invitation.Link)
	}
	return shown
}

// postResend sends an invitation once more or, where no mail is sent, shows its
// new link this once.
func (w *Web) postResend(rw http.ResponseWriter, r *http.Request) error {
	return w.changeInvitation(rw, r, auditResend, "invited-again", func(v *orgVisit, id string) (*org.Invitation, error) {
		return w.Invitations.Resend(r.Context(), v.by(), v.org.ID, id, w.InvitationLetter(r.Context(), w.locale(r, nil)))
	})
}

// postUninvite takes an invitation back.
func (w *Web) postUninvite(rw http.ResponseWriter, r *http.Request) error {
	return w.changeInvitation(rw, r, auditUninvite, "uninvited", func(v *orgVisit, id string) (*org.Invitation, error) {
		return w.Invitations.Revoke(r.Context(), v.by(), v.org.ID, id)
	})
}

func (w *Web) changeInvitation(rw http.ResponseWriter, r *http.Request, action, done string, do func(*orgVisit, string) (*org.Invitation, error)) error {
	v, err := w.inOrg(rw, r)
	if err != nil || v == nil {
		return err
	}
	id := r.PostFormValue("invitation")
	i, err := do(v, id)
	switch {
	case fault.Is(err, fault.Expired):
		done = "invitation-over"
	case fault.Is(err, fault.Limited):
		done = "invited-often"
	case err != nil:
		return err
	default:
		if err := w.record(r, nil, action, v.account.ID, v.org.ID, "invitation", id); err != nil {
			return err
		}
	}
	if i != nil && i.Link != "" {
		report := w.inviteReport(org.Report{Address: i.Email, Verdict: org.Handed, Invitation: i})
		return w.showOrgInvitations(rw, r, v, &view.OrgInvitations{Reports: []view.InviteReport{report}})
	}
	w.send(rw, w.at(orgPath(pathInvitations, v.org.ID), "done", done))
	return nil
}
