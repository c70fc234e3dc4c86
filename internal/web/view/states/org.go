package states

import (
	"time"

	"signet/internal/web/view"
)

// orgs are the pages of organizations.
func orgs() []State {
	list := func(edit func(*view.Orgs)) func() view.Page {
		return func() view.Page {
			p := &view.Orgs{AccountFrame: accountFrame(view.SectionOrgs), NewURL: "/new-organization", Orgs: []view.Org{
				engines(view.RoleOwner), {ID: "o2", Name: long.Name + " & Daughters", Role: view.RoleViewer, URL: "/orgs/o2"},
			}}
			edit(p)
			return p
		}
	}
	create := func(name string, fault view.Message) func() view.Page {
		return func() view.Page {
			return &view.NewOrg{AccountFrame: accountFrame(view.SectionOrgs), Form: view.Form{Action: "/new-organization"}, Name: name, Fault: fault, ListURL: "/orgs"}
		}
	}
	return []State{
		state("org/list/some", list(func(*view.Orgs) {})),
		state("org/list/invited", list(func(p *view.Orgs) {
			p.Orgs, p.Invited = nil, []view.Org{{ID: "o3", Name: "Tables & Sons", Role: view.RoleAdmin, URL: "/invitation?id=i1"}, {ID: "o4", Name: long.Name, Role: view.RoleViewer, URL: "/invitation?id=i2"}}
		})),
		state("org/list/none", list(func(p *view.Orgs) { p.Orgs = nil })),
		state("org/list/many", list(func(p *view.Orgs) { p.FirstURL, p.NextURL = "/orgs", "/orgs?after=o2" })),
		state("org/list/deleted", list(func(p *view.Orgs) {
			p.Notice, p.Orgs = view.NoticeOrgDeleted, p.Orgs[1:]
			p.Deleted = []view.DeletedOrg{{Org: engines(view.RoleOwner), Erased: noon.Add(30 * 24 * time.Hour), RestoreAction: "/orgs/o1/restore"}}
		})),
		state("org/new/usual", create("", "")),
		state("org/new/missing", create("", view.FaultOrgNameMissing)),
		state("org/new/unfit", create(long.Name+long.Name, view.FaultOrgName)),
		state("org/new/owned", create("Analytical Engines", view.FaultOrgsOwned)),
		state("org/members/owner", members(view.RoleOwner, func(p *view.OrgMembers) { p.Notice = view.NoticeOrgCreated })),
		state("org/members/viewer", members(view.RoleViewer, func(p *view.OrgMembers) { p.FirstURL, p.NextURL = "/orgs/o1", "/orgs/o1?after=a4" })),
		state("org/members/found", members(view.RoleOwner, func(p *view.OrgMembers) {
			p.Query, p.Members, p.NextURL = "bob", p.Members[1:2], "/orgs/o1?after=a4&query=bob"
		})),
		state("org/members/nobody", members(view.RoleViewer, func(p *view.OrgMembers) { p.Query, p.Members = long.Email, nil })),
		state("org/members/further", members(view.RoleViewer, func(p *view.OrgMembers) {
			p.Query, p.Members, p.NextURL = "zoë", nil, "/orgs/o1?after=a4&query=zo%C3%AB"
		})),
		state("org/members/long", members(view.RoleAdmin, func(p *view.OrgMembers) { p.Org.Name, p.Members = long.Name, p.Members[2:] })),
		state("org/members/gone", members(view.RoleAdmin, func(p *view.OrgMembers) { p.Problem = view.FaultNoMember })),
		state("org/member/owner", member(view.RoleOwner, func(*view.OrgMemberPage) {})),
		state("org/member/admin", member(view.RoleAdmin, func(p *view.OrgMemberPage) {
			p.Member, p.Roles, p.TransferAction = view.OrgMember{Person: long, Role: view.RoleViewer, Joined: noon}, p.Roles[1:], ""
		})),
		state("org/member/viewer", member(view.RoleViewer, func(p *view.OrgMemberPage) {
			p.Roles, p.RemoveAction, p.TransferAction = nil, "", ""
		})),
		state("org/member/self", member(view.RoleOwner, func(p *view.OrgMemberPage) {
			p.Member = view.OrgMember{Person: ada, Role: view.RoleOwner, Joined: noon, Self: true}
			p.Chosen, p.Problem, p.LeaveURL = view.RoleViewer, view.FaultLastOwner, "/orgs/o1/leave"
			p.RemoveAction, p.TransferAction = "", ""
		})),
		state("org/settings/owner", settings(view.RoleOwner, func(*view.OrgSettings) {})),
		state("org/settings/renamed", settings(view.RoleAdmin, func(p *view.OrgSettings) { p.DeleteURL, p.Slug, p.Notice = "", "", view.NoticeOrgRenamed })),
		state("org/settings/viewer", settings(view.RoleViewer, func(p *view.OrgSettings) { p.DeleteURL, p.Form = "", view.Form{} })),
		state("org/settings/faulty", settings(view.RoleOwner, func(p *view.OrgSettings) { p.Name, p.Fault = "", view.FaultOrgNameMissing })),
		state("org/settings/refused", settings(view.RoleViewer, func(p *view.OrgSettings) {
			p.DeleteURL, p.Form, p.Problem = "", view.Form{}, view.FaultOrgRole
		})),
		state("org/leave/ask", leave("")),
		state("org/leave/last", leave(view.FaultLastOwner)),
		state("org/delete/ask", func() view.Page {
			return &view.OrgDelete{
				OrgFrame: orgFrame(view.RoleOwner, view.TabSettings), Form: view.Form{Action: "/orgs/o1/delete"},
				Until: noon.Add(30 * 24 * time.Hour), BackURL: "/orgs/o1/settings",
			}
		}),
	}
}

func member(as view.Role, edit func(*view.OrgMemberPage)) func() view.Page {
	return func() view.Page {
		p := &view.OrgMemberPage{
			OrgFrame: orgFrame(as, view.TabMembers), Form: view.Form{Action: "/orgs/o1/members/a2"},
			Member: view.OrgMember{Person: view.Person{Email: "bob@example.com"}, Role: view.RoleAdmin, Joined: noon},
			Roles:  []view.Role{view.RoleOwner, view.RoleAdmin, view.RoleViewer}, Chosen: view.RoleAdmin,
			RemoveAction: "/orgs/o1/members/a2/remove", TransferAction: "/orgs/o1/members/a2/hand-over",
		}
		edit(p)
		return p
	}
}

func settings(as view.Role, edit func(*view.OrgSettings)) func() view.Page {
	return func() view.Page {
		p := &view.OrgSettings{
			OrgFrame: orgFrame(as, view.TabSettings), Form: view.Form{Action: "/orgs/o1/settings"}, Name: "Analytical Engines", Slug: "engines", Created: noon,
			LeaveURL: "/orgs/o1/leave", DeleteURL: "/orgs/o1/delete",
		}
		edit(p)
		return p
	}
}

func leave(problem view.Message) func() view.Page {
	return func() view.Page {
		return &view.OrgLeave{
			OrgFrame: orgFrame(view.RoleViewer, view.TabSettings), Form: view.Form{Action: "/orgs/o1/leave"},
			BackURL: "/orgs/o1/settings", Problem: problem,
		}
	}
}

func engines(as view.Role) view.Org {
	return view.Org{ID: "o1", Name: "Analytical Engines", Role: as, URL: "/orgs/o1"}
}

// orgFrame is what the pages of an organization have in common, for one of the role.
func orgFrame(as view.Role, here view.Message) view.OrgFrame {
	f := view.OrgFrame{AccountFrame: accountFrame(view.SectionOrgs), Org: engines(as)}
	for _, label := range []view.Message{view.TabMembers, view.TabInvitations, view.TabSignIn, view.TabSettings} {
		if label == view.TabInvitations && as == view.RoleViewer || label == view.TabSignIn && as != view.RoleOwner {
			continue
		}
		f.Tabs = append(f.Tabs, view.AccountSection{Label: label, URL: "/orgs/o1", Current: label == here})
	}
	return f
}

func members(as view.Role, edit func(*view.OrgMembers)) func() view.Page {
	return func() view.Page {
		p := &view.OrgMembers{OrgFrame: orgFrame(as, view.TabMembers), Search: view.Search{SearchURL: "/orgs/o1", Label: view.SearchMembers, Offered: true}, Members: []view.OrgMember{
			{Person: ada, Role: as, Joined: noon.Add(-90 * 24 * time.Hour), Self: true},
			{Person: view.Person{Email: "bob@example.com"}, Role: view.RoleAdmin, Joined: noon.Add(-40 * 24 * time.Hour)},
			{Person: long, Role: view.RoleViewer, Joined: noon},
		}}
		if p.Managed = as != view.RoleViewer; p.Managed {
			for i := range p.Members {
				p.Members[i].URL = "/orgs/o1/members/a1"
			}
		}
		edit(p)
		return p
	}
}
