package states

import "signet/internal/web/view"

func consent() []State {
	base := func() *view.Consent {
		return &view.Consent{
			Frame: frame(&frames), Form: form("/consent"), Person: ada,
			Grants: []view.Grant{
				{Scope: "profile", Value: ada.Name},
				{Scope: "email", Value: ada.Email},
			},
		}
	}
	return []State{
		state("consent/usual", func() view.Page { return base() }),
		state("consent/everything", func() view.Page {
			p := base()
			p.Person = long
			p.Grants = []view.Grant{
				{Scope: "openid"},
				{Scope: "profile", Value: long.Name},
				{Scope: "email", Value: long.Email},
				{Scope: "phone", Value: "+44 20 7946 0000"},
				{Scope: "address", Value: "12 St James’s Square, London"},
				{Scope: "organizations", Value: "Analytical Engines, 工場"},
				{Scope: "organizations:read", Value: "Analytical Engines, 工場"},
				{Scope: "organizations:write", Value: "Analytical Engines, 工場"},
				{Scope: "offline_access"},
				{Scope: "printers", Title: "Your printers", Value: "Study, Hall"},
				{Scope: "urn:example:scope"},
			}
			return p
		}),
		state("consent/acts", func() view.Page {
			p := base()
			p.Acts, p.Own = true, true
			p.Grants = []view.Grant{
				{Title: "Pay 12.50 EUR to Bob’s Bicycles", Value: "actions: initiate, status · locations: https://bank.example/api"},
				{Scope: "email", Value: ada.Email},
			}
			return p
		}),
		state("consent/bare", func() view.Page {
			p := base()
			p.App = &view.App{ID: "cli", Name: "Backup"}
			p.Person, p.Grants = view.Person{}, []view.Grant{{Scope: "openid"}}
			return p
		}),
	}
}

func errors() []State {
	reasons := []view.Reason{
		view.ReasonUnknownApp, view.ReasonAddress, view.ReasonRequest, view.ReasonExpired, view.ReasonSignUp, view.ReasonBrowser,
		view.ReasonForbidden, view.ReasonNotFound, view.ReasonTooMany, view.ReasonUnavailable, view.ReasonInternal,
	}
	var states []State
	for _, reason := range reasons {
		states = append(states, state("error/"+string(reason), func() view.Page {
			return &view.Error{Frame: frame(nil), Reason: reason, RequestID: "8F2K-71QD"}
		}))
	}
	return append(states,
		state("error/address-of-app", func() view.Page {
			return &view.Error{
				Frame: frame(&console), Reason: view.ReasonAddress, RequestID: "8F2K-71QD",
				Developer: "redirect_uri is not among the registered addresses of client \"web\".",
				Back:      &view.Link{URL: "https://devices.example/", Text: console.Name},
			}
		}),
		state("error/request-of-app", func() view.Page {
			return &view.Error{
				Frame: frame(&console), Reason: view.ReasonRequest, RequestID: "8F2K-71QD",
				Developer: "response_type is missing.",
			}
		}),
		state("error/expired-home", func() view.Page {
			return &view.Error{Frame: frame(nil), Reason: view.ReasonExpired, RequestID: "8F2K-71QD", HomeURL: "/account"}
		}),
		state("error/expired-of-app", func() view.Page {
			return &view.Error{
				Frame: frame(&console), Reason: view.ReasonExpired, RetryURL: "/signin",
				Back: &view.Link{URL: "https://devices.example/", Text: console.Name},
			}
		}),
	)
}
