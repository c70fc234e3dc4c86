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
		state("org/list/none", list(func(p *view.Orgs) { p.Orgs = nil })),
		state("org/list/many", list(func(p *view.Orgs) { p.FirstURL, p.NextURL = "/orgs", "/orgs?after=o2" })),
		state("org/new/usual", create("", "")),
		state("org/new/missing", create("", view.FaultOrgNameMissing)),
		state("org/new/unfit", create(long.Name+long.Name, view.FaultOrgName)),
		state("org/new/owned", create("Analytical Engines", view.FaultOrgsOwned)),
		state("org/members/owner", members(view.RoleOwner, func(p *view.OrgMembers) { p.Notice = view.NoticeOrgCreated })),
		state("org/members/viewer", members(view.RoleViewer, func(p *view.OrgMembers) { p.FirstURL, p.NextURL = "/orgs/o1", "/orgs/o1?after=a4" })),
		state("org/members/long", members(view.RoleAdmin, func(p *view.OrgMembers) { p.Org.Name, p.Members = long.Name, p.Members[2:] })),
	}
}

func engines(as view.Role) view.Org {
	return view.Org{ID: "o1", Name: "Analytical Engines", Role: as, URL: "/orgs/o1"}
}

// orgFrame is what the pages of an organization have in common, for one of the role.
func orgFrame(as view.Role, here view.Message) view.OrgFrame {
	f := view.OrgFrame{AccountFrame: accountFrame(view.SectionOrgs), Org: engines(as)}
	for _, label := range []view.Message{view.TabMembers, view.TabInvitations} {
		if label == view.TabInvitations && as == view.RoleViewer {
			continue
		}
		f.Tabs = append(f.Tabs, view.AccountSection{Label: label, URL: "/orgs/o1", Current: label == here})
	}
	return f
}

func members(as view.Role, edit func(*view.OrgMembers)) func() view.Page {
	return func() view.Page {
		p := &view.OrgMembers{OrgFrame: orgFrame(as, view.TabMembers), Members: []view.OrgMember{
			{Person: ada, Role: as, Joined: noon.Add(-90 * 24 * time.Hour), Self: true},
			{Person: view.Person{Email: "bob@example.com"}, Role: view.RoleAdmin, Joined: noon.Add(-40 * 24 * time.Hour)},
			{Person: long, Role: view.RoleViewer, Joined: noon},
		}}
		edit(p)
		return p
	}
}
