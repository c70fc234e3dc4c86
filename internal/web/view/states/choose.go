package states

import "signet/internal/web/view"

func chooseOrganization() []State {
	base := func() *view.ChooseOrganization {
		return &view.ChooseOrganization{
			Frame: asked(&console), Form: form("/signin/organization"), Person: ada, Other: "other", CreateURL: "/signin/organization/new",
			Organizations: []view.OrganizationChoice{
				{ID: "1", Name: "Analytical Engines", Role: "owner"}, {ID: "2", Name: "Tables & Sons", Role: "admin"},
				{ID: "3", Name: "Wolfeschlegelsteinhausenbergerdorff Gesellschaft für Rechenmaschinenvermietung", Role: "viewer"},
			},
		}
	}
	with := func(change func(*view.ChooseOrganization)) func() view.Page {
		return func() view.Page { p := base(); change(p); return p }
	}
	create := func(change func(*view.CreateOrganization)) func() view.Page {
		return func() view.Page {
			p := &view.CreateOrganization{Frame: asked(&console), Form: form("/signin/organization/new"), BackURL: "/signin/organization"}
			change(p)
			return p
		}
	}
	return []State{
		state("choose/organization/several", with(func(*view.ChooseOrganization) {})),
		state("choose/organization/more", with(func(p *view.ChooseOrganization) { p.MoreURL = "/signin/organization?after=3" })),
		state("choose/organization/none", with(func(p *view.ChooseOrganization) { p.Organizations = nil })),
		state("choose/organization/foreign", with(func(p *view.ChooseOrganization) {
			p.Organizations, p.Named, p.CreateURL, p.Person = nil, true, "", long
		})),
		state("choose/create/first", create(func(*view.CreateOrganization) {})),
		state("choose/create/nameless", create(func(p *view.CreateOrganization) { p.Fault = view.FaultOrgNameMissing })),
		state("choose/create/most", create(func(p *view.CreateOrganization) {
			p.Name, p.Fault = "Another Engine", view.FaultOrgsOwned
		})),
	}
}
