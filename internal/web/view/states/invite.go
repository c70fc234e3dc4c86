package states

import (
	"time"

	"signet/internal/web/view"
)

// invite are the pages of invitations.
func invite() []State {
	ask := func(edit func(*view.Invitation)) func() view.Page {
		return func() view.Page {
			p := &view.Invitation{
				Frame: frame(nil), Form: view.Form{Action: "/invitation", Hidden: []view.Pair{{Name: "link", Value: "l1"}}},
				Org: "Analytical Engines", Role: view.RoleViewer, Inviter: ada, Email: "bob@example.com", Until: noon,
				As: view.InviteNew, Decline: view.Form{Action: "/invitation/decline"},
			}
			edit(p)
			return p
		}
	}
	end := func(how view.InviteEnding) func() view.Page {
		return func() view.Page { return &view.InvitationEnd{Frame: frame(nil), How: how, HomeURL: "/account"} }
	}
	return append([]State{
		state("invite/ask/new", ask(func(p *view.Invitation) { p.App = &console })),
		state("invite/ask/known", ask(func(p *view.Invitation) { p.As, p.Role = view.InviteKnown, view.RoleAdmin })),
		state("invite/ask/mine", ask(func(p *view.Invitation) { p.As, p.Role, p.Inviter = view.InviteMine, view.RoleOwner, view.Person{} })),
		state("invite/ask/other", ask(func(p *view.Invitation) { p.As, p.Other, p.Decline = view.InviteOther, "eve@example.com", view.Form{} })),
		state("invite/ask/long", ask(func(p *view.Invitation) { p.Org, p.Inviter, p.Email = long.Name, long, long.Email })),
		state("invite/ask/house", ask(func(p *view.Invitation) { p.Org, p.Role, p.Inviter = "", "", view.Person{} })),
		state("invite/ask/house-mine", ask(func(p *view.Invitation) { p.Org, p.Role, p.Inviter, p.As = "", "", view.Person{}, view.InviteMine })),
		state("invite/end/accepted", end(view.InviteAccepted)),
		state("invite/end/declined", end(view.InviteDeclined)),
		state("invite/end/revoked", end(view.InviteRevoked)),
		state("invite/end/expired", end(view.InviteExpired)),
		state("invite/end/void", end(view.InviteVoid)),
		state("invite/end/unknown", end(view.InviteUnknown)),
	}, orgInvitations()...)
}

// orgInvitations are the invitations to one organization.
func orgInvitations() []State {
	page := func(as view.Role, edit func(*view.OrgInvitations)) func() view.Page {
		return func() view.Page {
			p := &view.OrgInvitations{
				OrgFrame: orgFrame(as, view.TabInvitations), Form: view.Form{Action: "/orgs/o1/invitations"}, Role: view.RoleViewer,
				Roles: []view.Role{view.RoleViewer, view.RoleAdmin}, ResendAction: "/orgs/o1/invitations/resend", RevokeAction: "/orgs/o1/invitations/revoke",
				Search: view.Search{SearchURL: "/orgs/o1/invitations", Label: view.SearchInvitations, Offered: true},
				Invitations: []view.OrgInvitation{
					{ID: "i3", Email: "grace@example.com", Role: view.RoleViewer, Standing: view.StandingOpen, Sent: noon, Until: noon.Add(7 * 24 * time.Hour), Waits: true},
					{ID: "i2", Email: long.Email, Role: view.RoleAdmin, Standing: view.StandingExpired, Sent: noon, Until: noon, Waits: true},
					{ID: "i1", Email: "bob@example.com", Role: view.RoleAdmin, Standing: view.StandingAccepted, Sent: noon, Until: noon},
				},
			}
			edit(p)
			return p
		}
	}
	return []State{
		state("invite/org/some", page(view.RoleAdmin, func(*view.OrgInvitations) {})),
		state("invite/org/none", page(view.RoleOwner, func(p *view.OrgInvitations) {
			p.Invitations, p.Offered, p.Roles = nil, false, append(p.Roles, view.RoleOwner)
		})),
		state("invite/org/not-found", page(view.RoleAdmin, func(p *view.OrgInvitations) { p.Invitations, p.Query = nil, "zoë@example.com" })),
		state("invite/org/again", page(view.RoleAdmin, func(p *view.OrgInvitations) { p.Notice = view.NoticeInvitedAgain })),
		state("invite/org/report", page(view.RoleAdmin, func(p *view.OrgInvitations) {
			p.Reports = []view.InviteReport{
				{Address: "grace@example.com", Verdict: view.VerdictSent}, {Address: "bob", Verdict: view.VerdictNoMail},
				{Address: long.Email, Verdict: view.VerdictInvited}, {Address: "ada@example.com", Verdict: view.VerdictMember},
				{Address: "eve@example.com", Verdict: view.VerdictTooMany},
			}
			p.FirstURL, p.NextURL = "/orgs/o1/invitations", "/orgs/o1/invitations?before=i1"
		})),
		state("invite/org/by-hand", page(view.RoleAdmin, func(p *view.OrgInvitations) { p.ByHand = true })),
		state("invite/org/links", page(view.RoleAdmin, func(p *view.OrgInvitations) {
			p.ByHand, p.Addresses = true, "bob"
			p.Reports = []view.InviteReport{
				{Address: "grace@example.com", Verdict: view.VerdictHanded, LinkURL: "https://id.example.com/invitation?link=hand.Zm9yIGdyYWNlIGFuZCBub2JvZHkgZWxzZSBhdCBhbGw"},
				{Address: long.Email, Verdict: view.VerdictHanded, LinkURL: "https://id.example.com/invitation?link=hand.Zm9yIHRoZSBlbGRlciBvZiB0aGVtIGFuZCBub2JvZHk"},
				{Address: "bob", Verdict: view.VerdictNoMail},
			}
		})),
		state("invite/org/nobody", page(view.RoleAdmin, func(p *view.OrgInvitations) { p.Fault = view.FaultInviteNobody })),
	}
}
