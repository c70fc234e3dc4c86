package states

import "signet/internal/web/view"

func signOut() []State {
	frames := []string{"https://devices.example/out?iss=https%3A%2F%2Fid.example&sid=s1d", "https://shop.example/out"}
	return []State{
		state("signout/confirm/asked", func() view.Page {
			return &view.SignOut{Frame: frame(&console), Form: form("/signout"), Person: ada}
		}),
		state("signout/confirm/own", func() view.Page {
			return &view.SignOut{Frame: frame(nil), Form: form("/signout"), Person: long}
		}),
		state("signout/done/own", func() view.Page {
			return &view.SignedOut{Frame: frame(nil), SignInURL: "/account"}
		}),
		state("signout/done/telling", func() view.Page {
			return &view.SignedOut{Frame: frame(nil), Frames: frames, SignInURL: "/account"}
		}),
		state("signout/done/app", func() view.Page {
			return &view.SignedOut{Frame: frame(&console), Frames: frames, GoOn: "https://devices.example/?state=x&y=z"}
		}),
		state("signout/done/everywhere", func() view.Page {
			return &view.SignedOut{Frame: frame(nil), Everywhere: true}
		}),
	}
}

func formPost() []State {
	return []State{
		state("formpost/success", func() view.Page {
			return &view.FormPost{
				Frame: frame(&console), Action: "https://devices.example/callback",
				Fields: []view.Pair{{Name: "code", Value: "c0de"}, {Name: "state", Value: `"><b>`}, {Name: "submit", Value: "1"}},
			}
		}),
	}
}
