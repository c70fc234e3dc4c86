package states

import "signet/internal/web/view"

func federation() []State {
	onward := func(change func(*view.Onward)) func() view.Page {
		return func() view.Page {
			p := &view.Onward{Frame: asked(&console), Name: "Contoso", Host: "login.contoso.example", URL: "https://login.contoso.example/authorize?state=1"}
			change(p)
			return p
		}
	}
	failed := func(why view.UpstreamWhy, change func(*view.UpstreamFailed)) func() view.Page {
		return func() view.Page {
			p := &view.UpstreamFailed{
				Frame: asked(&console), Why: why, Name: "Contoso", RequestID: "r1",
				RetryURL: "/signin/with?flow=f1&connection=c1", OtherURL: "/signin?flow=f1&other=1",
			}
			change(p)
			return p
		}
	}
	link := func(change func(*view.LinkAccount)) func() view.Page {
		return func() view.Page {
			p := &view.LinkAccount{Frame: asked(&console), Form: form("/signin/link"), Name: "Contoso", There: ada, CreateURL: "/signup?flow=f1"}
			change(p)
			return p
		}
	}
	none := func(*view.UpstreamFailed) {}
	return []State{
		state("federation/onward/there", onward(func(*view.Onward) {})),
		state("federation/onward/posted", onward(func(p *view.Onward) { p.Fields = []view.Pair{{Name: "SAMLRequest", Value: "PHNhbWw+"}} })),
		state("federation/onward/back", onward(func(p *view.Onward) { p.Back, p.Host, p.URL = true, "", "/signin/on?flow=f1" })),
		state("federation/failed/down", failed(view.UpstreamDown, none)),
		state("federation/failed/nonsense", failed(view.UpstreamNonsense, func(p *view.UpstreamFailed) {
			p.Detail = "the ID token is not good: its nonce is that of another sign-in"
		})),
		state("federation/failed/refused", failed(view.UpstreamRefused, none)),
		state("federation/failed/settings", failed(view.UpstreamSettings, func(p *view.UpstreamFailed) {
			p.Name, p.App = long.Name, nil
		})),
		state("federation/failed/stopped", failed(view.UpstreamStopped, func(p *view.UpstreamFailed) { p.RetryURL = "" })),
		state("federation/link/taken", link(func(p *view.LinkAccount) { p.Taken, p.CreateURL = true, "" })),
		state("federation/link/passwordless", link(func(p *view.LinkAccount) { p.Taken, p.Mail, p.CreateURL = true, true, "" })),
		state("federation/link/new", link(func(p *view.LinkAccount) { p.There = view.Person{Email: long.Email} })),
		state("federation/link/nameless", link(func(p *view.LinkAccount) { p.There, p.CreateURL = view.Person{Name: long.Name}, "" })),
		state("federation/link/connect", link(func(p *view.LinkAccount) { p.Here = &ada })),
		state("federation/link/linked", link(func(p *view.LinkAccount) { p.Here, p.Fault = &long, view.FaultLinked })),
	}
}
