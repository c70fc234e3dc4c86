package states

import "signet/internal/web/view"

// challenges shows every kind of challenge on a page that may have any.
func challenges() []State {
	show := func(kind view.ChallengeKind, change func(*view.Challenge)) func() view.Page {
		return func() view.Page {
			c := &view.Challenge{
				ID: "c1", Kind: kind, Purpose: "recover", CheckURL: "/challenge",
				AgainURL: "/recover?flow=f1&other-challenge=" + string(kind), OtherURL: "/recover?flow=f1&other-challenge=" + string(kind.Other()),
			}
			switch kind {
			case view.ChallengeWork:
				c.Salt, c.Parts, c.Bits = "a1b2c3d4", 16, 14
			case view.ChallengeCharacters:
				c.PictureURL, c.SoundURL = "/challenge/picture?flow=f1&id=c1", "/challenge/sound?flow=f1&id=c1"
			case view.ChallengeSlider:
				c.PictureURL, c.PieceURL = "/challenge/picture?flow=f1&id=c1", "/challenge/piece?flow=f1&id=c1"
			}
			change(c)
			return &view.Recover{
				Frame: asked(&console), Form: form("/recover"), Username: ada.Email, SignInURL: "/signin?flow=f1", Challenge: c,
			}
		}
	}
	first := func(*view.Challenge) {}
	wrong := func(c *view.Challenge) { c.Fault = c.FaultOf("1") }
	missing := func(c *view.Challenge) { c.Fault = c.FaultOf("") }
	return []State{
		state("challenge/slider/first", show(view.ChallengeSlider, first)),
		state("challenge/slider/wrong", show(view.ChallengeSlider, wrong)),
		state("challenge/characters/first", show(view.ChallengeCharacters, func(c *view.Challenge) { c.Foreign = true })),
		state("challenge/characters/wrong", show(view.ChallengeCharacters, wrong)),
		state("challenge/characters/missing", show(view.ChallengeCharacters, missing)),
		state("challenge/pow/first", show(view.ChallengeWork, first)),
		state("challenge/pow/failed", show(view.ChallengeWork, wrong)),
		state("challenge/solved", show(view.ChallengeSlider, func(c *view.Challenge) { *c = view.Challenge{Solved: true} })),
	}
}
