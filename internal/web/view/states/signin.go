package states

import "signet/internal/web/view"

func identifier() []State {
	base := func() *view.Identifier {
		return &view.Identifier{Frame: asked(&console), Form: form("/signin"), CreateURL: "/signup"}
	}
	with := func(change func(*view.Identifier)) func() view.Page {
		return func() view.Page { p := base(); change(p); return p }
	}
	return []State{
		state("signin/identifier/first", with(func(*view.Identifier) {})),
		state("signin/identifier/through", with(func(p *view.Identifier) { p.Connection, p.ConnectionURL = "Contoso", "/signin/with" })),
		state("signin/identifier/hinted", with(func(p *view.Identifier) { p.Username = ada.Email })),
		state("signin/identifier/missing", with(func(p *view.Identifier) { p.Fault = view.FaultEmailMissing })),
		state("signin/identifier/malformed", with(func(p *view.Identifier) {
			p.Username, p.Fault = `ada"><script>`, view.FaultEmailMalformed
		})),
		state("signin/identifier/limited", with(func(p *view.Identifier) {
			p.Username, p.Fault = ada.Email, view.FaultTooMany
		})),
		state("signin/identifier/no-app", with(func(p *view.Identifier) { p.App, p.CreateURL = nil, "" })),
		state("signin/identifier/long-app", with(func(p *view.Identifier) {
			p.App = &view.App{
				ID: "fleet", Name: "The Worldwide Device Management Console for Enterprises",
				Domain: "console.devices.management.emea.example.com",
			}
		})),
		state("signin/identifier/client-brand", with(func(p *view.Identifier) {
			app := frames
			app.LogoURL = "/logo?client=frames&of=0123456789ab"
			p.App = &app
		})),
	}
}

func password() []State {
	base := func() *view.Password {
		return &view.Password{
			Frame: asked(&console), Form: form("/signin/password"),
			Username: ada.Email, OtherURL: "/signin", ForgotURL: "/recover", CreateURL: "/signup",
		}
	}
	with := func(change func(*view.Password)) func() view.Page {
		return func() view.Page { p := base(); change(p); return p }
	}
	return []State{
		state("signin/password/first", with(func(p *view.Password) { p.ForgotURL = "" })),
		state("signin/password/owners", with(func(p *view.Password) {
			p.Company = &view.CompanyPassword{Domain: "example.com", Org: "Analytical Engines"}
		})),
		state("signin/password/missing", with(func(p *view.Password) { p.Fault = view.FaultPasswordMissing })),
		state("signin/password/wrong", with(func(p *view.Password) {
			p.Fault, p.Remember = view.FaultCredentials, true
		})),
		state("signin/password/limited", with(func(p *view.Password) { p.Fault = view.FaultTooMany })),
		state("signin/password/unavailable", with(func(p *view.Password) { p.Fault = view.FaultUnavailable })),
		state("signin/password/again", with(func(p *view.Password) { p.Again, p.OtherURL = true, "" })),
		state("signin/password/long", with(func(p *view.Password) { p.Username = long.Email })),
	}
}

func choose() []State {
	base := func(people ...view.Person) *view.Choose {
		p := &view.Choose{Frame: asked(&console), Form: form("/signin/choose"), Other: "other"}
		for _, who := range people {
			p.Accounts = append(p.Accounts, view.Choice{Person: who, Value: who.Email})
		}
		return p
	}
	return []State{
		state("signin/choose/one", func() view.Page { return base(ada) }),
		state("signin/choose/several", func() view.Page {
			return base(ada, view.Person{Email: "grace@example.com"}, long)
		}),
	}
}
