package states

import (
	"time"

	"signet/internal/web/view"
)

func approve() []State {
	base := func() *view.Approve {
		return &view.Approve{
			Frame: frame(&console), Form: form("/approve"), Person: ada, Message: "W4SCT", Asked: noon, Address: "192.0.2.7", Until: noon.Add(5 * time.Minute),
			Grants: []view.Grant{{Scope: "profile", Value: ada.Name}, {Scope: "email", Value: ada.Email}},
		}
	}
	list := []State{
		state("approve/usual", func() view.Page { return base() }),
		state("approve/no-message", func() view.Page {
			p := base()
			p.Message, p.App, p.Grants = "", &frames, []view.Grant{{Scope: "openid"}}
			return p
		}),
		state("approve/long", func() view.Page {
			p := base()
			p.App = &view.App{ID: "cli", Name: long.Name}
			p.Person, p.Address = long, "2001:db8:85a3:8d3:1319:8a2e:370:7348"
			p.Message = "Transfer-of-12.500,00-EUR-to-DE89370400440532013000-for-Wolfeschlegelsteinhausenbergerdorff, compare the last four letters: W4SCT"
			return p
		}),
	}
	list = append(list, state("approve/acts", func() view.Page {
		p := base()
		p.Acts = true
		p.Grants = []view.Grant{
			{Title: "Pay 12.50 EUR to Bob’s Bicycles", Value: "actions: initiate, status · locations: https://bank.example/api"},
			{Scope: "email", Value: ada.Email},
		}
		return p
	}))
	for _, how := range []view.ApproveHow{view.ApproveAllowed, view.ApproveDenied, view.ApproveOver} {
		list = append(list, state("approve/end/"+string(how), func() view.Page {
			return &view.ApproveEnd{Frame: frame(nil), How: how, HomeURL: "/account"}
		}))
	}
	return list
}
