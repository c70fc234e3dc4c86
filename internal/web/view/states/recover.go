package states

import "signet/internal/web/view"

func recovery() []State {
	ask := func(change func(*view.Recover)) func() view.Page {
		return func() view.Page {
			p := &view.Recover{Frame: asked(&console), Form: form("/recover"), Username: ada.Email, SignInURL: "/signin?flow=f1"}
			change(p)
			return p
		}
	}
	code := func(change func(*view.RecoverCode)) func() view.Page {
		return func() view.Page {
			p := &view.RecoverCode{
				Frame: asked(&console), Form: form("/recover/code"), Username: ada.Email, Minutes: "10", OtherURL: "/recover?flow=f1",
			}
			change(p)
			return p
		}
	}
	password := func(change func(*view.RecoverPassword)) func() view.Page {
		return func() view.Page {
			p := &view.RecoverPassword{
				Frame: asked(&console), Form: form("/recover/password"), Username: ada.Email,
				NewPassword: view.NewPassword{Least: 8, Most: 20, Kinds: 3, Free: 21, Focus: true, CheckURL: "/password/check", About: ada.Email},
			}
			change(p)
			return p
		}
	}
	return []State{
		state("recover/ask/filled", ask(func(*view.Recover) {})),
		state("recover/ask/own", ask(func(p *view.Recover) { p.App, p.Username = nil, "" })),
		state("recover/ask/malformed", ask(func(p *view.Recover) { p.Username, p.Fault = `ada"><script>`, view.FaultEmailMalformed })),
		state("recover/ask/limited", ask(func(p *view.Recover) { p.Fault = view.FaultAskedOften })),
		state("recover/ask/challenge", ask(func(p *view.Recover) {
			p.Challenge = &view.Challenge{
				ID: "c1", Kind: view.ChallengeWork, Purpose: "recover", CheckURL: "/challenge", Salt: "salt", Parts: 16, Bits: 14,
				AgainURL: "/recover?flow=f1", OtherURL: "/recover?flow=f1&other-challenge=characters",
			}
		})),
		state("recover/ask/over", ask(func(p *view.Recover) { p.Notice = view.NoticeRecoveryOver })),
		state("recover/code/usual", code(func(*view.RecoverCode) {})),
		state("recover/code/long", code(func(p *view.RecoverCode) { p.Username = long.Email })),
		state("recover/code/sent", code(func(p *view.RecoverCode) { p.Notice = view.NoticeCodeSent })),
		state("recover/code/missing", code(func(p *view.RecoverCode) { p.Fault = view.FaultCodeMissing })),
		state("recover/code/wrong", code(func(p *view.RecoverCode) { p.Fault = view.FaultCodeWrong })),
		state("recover/code/limited", code(func(p *view.RecoverCode) { p.Fault = view.FaultTriedOften })),
		state("recover/code/over", code(func(p *view.RecoverCode) { p.Fault = view.FaultCodeOver })),
		state("recover/password/first", password(func(*view.RecoverPassword) {})),
		state("recover/password/long", password(func(p *view.RecoverPassword) { p.Username = long.Email })),
		state("recover/password/short", password(func(p *view.RecoverPassword) { p.NewPassword.Fault = view.FaultNewPasswordShort })),
		state("recover/password/apart", password(func(p *view.RecoverPassword) {
			p.NewPassword.ConfirmationFault = view.FaultConfirmationDiffers
		})),
		state("recover/done/app", func() view.Page { return &view.RecoverDone{Frame: asked(&console), SignInURL: "/signin?flow=f1"} }),
		state("recover/done/own", func() view.Page { return &view.RecoverDone{Frame: frame(nil), SignInURL: "/signin?flow=f1"} }),
	}
}
