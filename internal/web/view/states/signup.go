package states

import "signet/internal/web/view"

func wizard(step int, action string) view.Wizard {
	w := view.Wizard{Frame: asked(&console), Form: form(action), Step: step, Of: 4}
	if step > 1 {
		w.BackURL = "/signup?flow=f1"
	}
	return w
}

var newPassword = view.NewPassword{Least: 8, Most: 20, Kinds: 3, Free: 21, Focus: true, CheckURL: "/new-password"}

func signUp() []State {
	var all []State
	for _, table := range [][]State{signUpEmail(), signUpPassword(), signUpAbout(), signUpRobot(), signUpCheck(), signUpConfirm(), signUpEnd()} {
		all = append(all, table...)
	}
	return all
}

func signUpEmail() []State {
	page := func(change func(*view.SignUpEmail)) func() view.Page {
		return func() view.Page {
			p := &view.SignUpEmail{Wizard: wizard(1, "/signup"), SignInURL: "/signin?flow=f1"}
			change(p)
			return p
		}
	}
	return []State{
		state("signup/email/first", page(func(*view.SignUpEmail) {})),
		state("signup/email/no-app", page(func(p *view.SignUpEmail) { p.App, p.Email = nil, ada.Email })),
		state("signup/email/malformed", page(func(p *view.SignUpEmail) {
			p.Email, p.Fault = "ada@", view.FaultEmailMalformed
		})),
		state("signup/email/stranger", page(func(p *view.SignUpEmail) {
			p.Email, p.Fault, p.Domains = "ada@example.org", view.FaultSignUpStranger, []string{"example.com", "example.net"}
		})),
	}
}

func signUpPassword() []State {
	page := func(change func(*view.SignUpPassword)) func() view.Page {
		return func() view.Page {
			p := &view.SignUpPassword{Wizard: wizard(2, "/signup/password"), NewPassword: newPassword, Email: ada.Email}
			change(p)
			return p
		}
	}
	return []State{
		state("signup/password/first", page(func(*view.SignUpPassword) {})),
		state("signup/password/invited", page(func(p *view.SignUpPassword) { p.Invited, p.Step, p.Of, p.BackURL = true, 1, 2, "" })),
		state("signup/password/kept", page(func(p *view.SignUpPassword) { p.Kept, p.News = true, true })),
		state("signup/password/short", page(func(p *view.SignUpPassword) {
			p.NewPassword.Fault, p.News = view.FaultNewPasswordShort, true
		})),
		state("signup/password/differs", page(func(p *view.SignUpPassword) {
			p.NewPassword.ConfirmationFault = view.FaultConfirmationDiffers
		})),
	}
}

func signUpAbout() []State {
	page := func(change func(*view.SignUpAbout)) func() view.Page {
		return func() view.Page {
			p := &view.SignUpAbout{Wizard: wizard(3, "/signup/about")}
			change(p)
			return p
		}
	}
	return []State{
		state("signup/about/first", page(func(*view.SignUpAbout) {})),
		state("signup/about/missing", page(func(p *view.SignUpAbout) {
			p.GivenNameFault, p.FamilyNameFault, p.BirthdateFault = view.FaultProfileGivenName, view.FaultProfileFamilyName, view.FaultProfileBirthdate
		})),
		state("signup/about/young", page(func(p *view.SignUpAbout) {
			p.GivenName, p.FamilyName, p.Birthdate = "Ada", long.Name, "2025-12-10"
			p.BirthdateFault = view.FaultProfileYoung
		})),
	}
}

func signUpRobot() []State {
	page := func(c *view.Challenge) func() view.Page {
		return func() view.Page { return &view.SignUpRobot{Wizard: wizard(4, "/signup/robot"), Challenge: c} }
	}
	return []State{
		state("signup/robot/slider", page(&view.Challenge{
			ID: "c1", Kind: view.ChallengeSlider, Purpose: "sign-up", CheckURL: "/challenge",
			PictureURL: "/challenge/picture?flow=f1&id=c1", PieceURL: "/challenge/piece?flow=f1&id=c1",
			AgainURL: "/signup/robot?flow=f1&other-challenge=slider", OtherURL: "/signup/robot?flow=f1&other-challenge=pow",
		})),
		state("signup/robot/solved", page(&view.Challenge{Solved: true})),
	}
}

func signUpCheck() []State {
	page := func(change func(*view.SignUpCheck)) func() view.Page {
		return func() view.Page {
			p := &view.SignUpCheck{
				Frame: asked(&console), Form: form("/signup/check"), Email: ada.Email, StateURL: "/signup/state?flow=f1",
				Again: "/signup/check?flow=f1", GoOn: form("/signup/done"), Resend: form("/signup/resend"), CorrectURL: "/signup?flow=f1&correct=1",
			}
			change(p)
			return p
		}
	}
	return []State{
		state("signup/check/first", page(func(p *view.SignUpCheck) {})),
		state("signup/check/long", page(func(p *view.SignUpCheck) { p.Email = long.Email })),
		state("signup/check/sent-again", page(func(p *view.SignUpCheck) { p.Notice = view.NoticeSentAgain })),
		state("signup/check/not-sent-again", page(func(p *view.SignUpCheck) { p.Notice = view.NoticeNotSentAgain })),
		state("signup/check/missing", page(func(p *view.SignUpCheck) { p.Fault = view.FaultCodeMissing })),
		state("signup/check/wrong", page(func(p *view.SignUpCheck) { p.Fault = view.FaultCodeWrong })),
		state("signup/check/over", page(func(p *view.SignUpCheck) { p.Fault = view.FaultCodeOver })),
		state("signup/active", func() view.Page {
			return &view.SignUpActive{Frame: asked(&console), Form: form("/signup/done"), StateURL: "/signup/state?flow=f1"}
		}),
	}
}

func signUpConfirm() []State {
	page := func(change func(*view.SignUpConfirm)) func() view.Page {
		return func() view.Page {
			p := &view.SignUpConfirm{Frame: frame(&console), Form: form("/signup/confirm"), Email: ada.Email}
			change(p)
			return p
		}
	}
	elsewhere := func(p *view.SignUpConfirm) { p.AskPassword, p.Deny = true, form("/signup/deny") }
	return []State{
		state("signup/confirm/same-browser", page(func(*view.SignUpConfirm) {})),
		state("signup/confirm/other-browser", page(elsewhere)),
		state("signup/confirm/wrong", page(func(p *view.SignUpConfirm) { elsewhere(p); p.Fault = view.FaultSignUpPassword })),
	}
}

func signUpEnd() []State {
	page := func(how view.Ending, again string) func() view.Page {
		return func() view.Page {
			return &view.SignUpEnd{Frame: frame(nil), How: how, SignInURL: "/account", AgainURL: again}
		}
	}
	return []State{
		state("signup/end/closed", page(view.EndClosed, "")),
		state("signup/end/invite", page(view.EndInvite, "")),
		state("signup/end/active", page(view.EndActive, "")),
		state("signup/end/denied", page(view.EndDenied, "")),
		state("signup/end/link", page(view.EndLink, "")),
		state("signup/end/gone", page(view.EndGone, "/signup?flow=f1&correct=1")),
	}
}
