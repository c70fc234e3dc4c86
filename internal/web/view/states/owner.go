package states

import (
	"time"

	"signet/internal/web/view"
)

// owner are the pages on which the owner of an account proves it once more.
func owner() []State {
	post := view.Form{Action: "/account/x"}
	current := func(fault view.Message) view.CurrentPassword {
		return view.CurrentPassword{Username: ada.Email, Fault: fault}
	}
	rule := view.NewPassword{Least: 8, Most: 20, Kinds: 3, Free: 21, CheckURL: "/password/check", About: ada.Email}
	password := func(edit func(*view.ChangePassword)) func() view.Page {
		return func() view.Page {
			p := &view.ChangePassword{AccountFrame: accountFrame(view.SectionPassword), Form: post, Current: current(""), New: rule, EndOthers: true}
			edit(p)
			return p
		}
	}
	email := func(edit func(*view.ChangeEmail)) func() view.Page {
		return func() view.Page {
			p := &view.ChangeEmail{AccountFrame: accountFrame(view.SectionEmail), Form: post, Current: current(""), Email: ada.Email, Verified: true}
			edit(p)
			return p
		}
	}
	closing := func(fault view.Message) func() view.Page {
		return func() view.Page {
			return &view.CloseAccount{AccountFrame: accountFrame(view.SectionClose), Form: post, Current: current(fault), Until: noon.Add(30 * 24 * time.Hour)}
		}
	}
	data := func(fault view.Message) func() view.Page {
		return func() view.Page {
			return &view.Download{AccountFrame: accountFrame(view.SectionData), Form: post, Current: current(fault)}
		}
	}
	disconnect := func(edit func(*view.Disconnect)) func() view.Page {
		return func() view.Page {
			p := &view.Disconnect{AccountFrame: accountFrame(view.SectionHome), Form: post, Current: current(""), Name: "Contoso", RecoverURL: "/recover", HomeURL: "/account#providers"}
			p.Hidden = []view.Pair{{Name: "connection", Value: "c1"}}
			edit(p)
			return p
		}
	}
	return []State{
		state("account/disconnect/usual", disconnect(func(*view.Disconnect) {})),
		state("account/disconnect/here", disconnect(func(p *view.Disconnect) { p.Here, p.Name, p.Current = true, long.Name, view.CurrentPassword{} })),
		state("account/disconnect/wrong", disconnect(func(p *view.Disconnect) { p.Current.Fault = view.FaultCurrentPassword })),
		state("account/disconnect/required", disconnect(func(p *view.Disconnect) { p.Stay = view.StayRequired })),
		state("account/disconnect/alone", disconnect(func(p *view.Disconnect) { p.Stay = view.StayAlone })),
		state("account/disconnect/mailless", disconnect(func(p *view.Disconnect) { p.Stay, p.RecoverURL = view.StayAlone, "" })),
		state("account/password/usual", password(func(*view.ChangePassword) {})),
		state("account/password/changed", password(func(p *view.ChangePassword) { p.Notice = view.NoticePasswordChanged })),
		state("account/password/wrong", password(func(p *view.ChangePassword) { p.Current.Fault, p.EndOthers = view.FaultCurrentPassword, false })),
		state("account/password/weak", password(func(p *view.ChangePassword) { p.New.Fault, p.New.Focus = view.FaultNewPasswordShort, true })),
		state("account/email/usual", email(func(*view.ChangeEmail) {})),
		state("account/email/waiting", email(func(p *view.ChangeEmail) { p.Waiting, p.Verified = long.Email, false })),
		state("account/email/changed", email(func(p *view.ChangeEmail) { p.Notice, p.Email = view.NoticeEmailChanged, long.Email })),
		state("account/email/same", email(func(p *view.ChangeEmail) { p.Typed, p.Bad = ada.Email, view.FaultSameEmail })),
		state("account/email/elsewhere", email(func(p *view.ChangeEmail) { p.Typed, p.Bad = "bob@engines.example", view.FaultEmailElsewhere })),
		state("account/email/often", email(func(p *view.ChangeEmail) { p.Typed, p.Bad = long.Email, view.FaultEmailTooOften })),
		state("account/email/wrong", email(func(p *view.ChangeEmail) { p.Typed, p.Current.Fault = "ada@example.org", view.FaultCurrentPassword })),
		state("account/close/usual", closing("")),
		state("account/close/wrong", closing(view.FaultCurrentPassword)),
		state("account/close/owned", func() view.Page {
			p := closing("")().(*view.CloseAccount)
			p.Owned = []view.Link{{URL: "/orgs/o1", Text: "Analytical Engines"}, {URL: "/orgs/o2", Text: long.Name}}
			return p
		}),
		state("account/close/lone", func() view.Page {
			p := closing("")().(*view.CloseAccount)
			p.Lone = []string{"Analytical Engines", long.Name}
			return p
		}),
		state("account/data/usual", data("")),
		state("account/data/missing", data(view.FaultPasswordMissing)),
	}
}

// links are the pages to which the links of letters lead, and what comes after.
func links() []State {
	restore := func(done bool) func() view.Page {
		return func() view.Page {
			return &view.RestoreEmail{Frame: frame(nil), Form: form("/account/email/restore"), Email: ada.Email, Done: done, RecoverURL: "/recover"}
		}
	}
	over := func(taken bool) func() view.Page {
		return func() view.Page { return &view.LinkOver{Frame: frame(nil), Taken: taken, HomeURL: "/account"} }
	}
	return []State{
		state("account/confirm-email/ask", func() view.Page {
			return &view.ConfirmEmail{Frame: frame(nil), Form: form("/account/email/confirm"), Email: long.Email, HomeURL: "/account"}
		}),
		state("account/restore-email/ask", restore(false)),
		state("account/restore-email/done", restore(true)),
		state("account/link-over/used", over(false)),
		state("account/link-over/taken", over(true)),
		state("account/closed/usual", func() view.Page {
			return &view.AccountClosed{Frame: frame(nil), Until: noon.Add(30 * 24 * time.Hour), SignInURL: "/signin"}
		}),
		state("account/keep/app", func() view.Page {
			return &view.KeepAccount{Frame: asked(&console), Form: form("/signin/keep"), Until: noon.Add(30 * 24 * time.Hour)}
		}),
	}
}
