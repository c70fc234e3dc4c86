package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"signet/internal/challenge"
	"signet/internal/handle"
	"signet/internal/httpd"
	"signet/internal/session"
	"signet/internal/web/view"
)

// A page with a challenge shows it by puzzle. What its form posts goes first
// through solved, whatever else is wrong with the form: where that is false, the
// page is shown again, with puzzle, which knows what to say of the answer. What
// is solved stays solved for this flow, and puzzle says so, until spend uses it
// up; a handler calls spend last, when all else in the form is right, and acts
// only where it is true.
//
//	ok, err := w.solved(r, f, challenge.SignUp)       // false: show the page again
//	...                                               // any other fault: show the page again
//	ok, err = w.spend(r, f, challenge.SignUp)         // false: show the page again
//	...                                               // make the account
//
// Errors of all three are faults for PageError; they are of kind Limited where
// there were too many answers.

// puzzle returns the challenge that stands before the purpose, for a page of
// the flow to show in its field Challenge; nil: there is none.
func (w *Web) puzzle(r *http.Request, f *session.Flow, p challenge.Purpose) (*view.Challenge, error) {
	if !w.Challenges.Asks(p) {
		return nil, nil
	}
	v := visit(r, f, p)
	solved, err := w.Challenges.Solved(r.Context(), v)
	if err != nil {
		return nil, err
	}
	if solved {
		return &view.Challenge{Solved: true}, nil
	}
	asked, err := w.Challenges.Ask(r.Context(), v, challenge.Kind(r.FormValue(fieldOther)))
	if err != nil {
		return nil, err
	}
	shown := w.shown(r, f, p, asked)
	if r.Method == http.MethodPost && r.PostForm.Has("challenge") {
		shown.Fault = shown.FaultOf(r.PostFormValue("answer"))
	}
	return shown, nil
}

// fieldOther names the kind of challenge that a person chose instead.
const fieldOther = "other-challenge"

// shown is the puzzle as the page shows it.
func (w *Web) shown(r *http.Request, f *session.Flow, p challenge.Purpose, asked *challenge.Puzzle) *view.Challenge {
	again := func(k view.ChallengeKind) string {
		return w.at(r.URL.Path, "flow", f.ID, fieldOther, string(k))
	}
	drawing := func(name string) string {
		return w.at(pathChallenge+"/"+name, "flow", f.ID, "id", asked.ID)
	}
	lang := w.locale(r, f).String()
	c := &view.Challenge{
		ID: asked.ID, Kind: view.ChallengeKind(asked.Kind), Purpose: string(p), CheckURL: w.at(pathChallenge),
		Salt: asked.Task.Salt, Parts: asked.Task.Parts, Bits: asked.Task.Bits,
	}
	c.AgainURL, c.OtherURL = again(c.Kind), again(c.Kind.Other())
	c.PictureURL, c.PieceURL, c.SoundURL = drawing(challenge.Picture), drawing(challenge.Piece), drawing(challenge.Sound)
	c.Foreign = !strings.HasPrefix(lang, challenge.Spoken(lang))
	return c
}

// solved reports whether the challenge of the purpose is solved: by what the
// form posts, or before.
func (w *Web) solved(r *http.Request, f *session.Flow, p challenge.Purpose) (bool, error) {
	return w.Challenges.Answer(r.Context(), visit(r, f, p), r.PostFormValue("challenge"), r.PostFormValue("answer"))
}

// spend uses up what was solved, and reports whether there was something: of
// two forms that are posted at once, one goes on.
func (w *Web) spend(r *http.Request, f *session.Flow, p challenge.Purpose) (bool, error) {
	return w.Challenges.Spend(r.Context(), visit(r, f, p))
}

func visit(r *http.Request, f *session.Flow, p challenge.Purpose) challenge.Visit {
	return challenge.Visit{Flow: handle.Sum(f.ID), Purpose: p, IP: httpd.InfoOf(r).Address}
}

// postChallenge checks an answer for a script, before the form is posted. Where
// it is wrong, or there is none, the answer is the id of a new puzzle.
func (w *Web) postChallenge(rw http.ResponseWriter, r *http.Request) error {
	f, err := w.flowOf(r)
	if err != nil {
		return err
	}
	p := challenge.Purpose(r.PostFormValue("purpose"))
	var verdict struct {
		Solved    bool   `json:"solved"`
		Challenge string `json:"challenge,omitempty"` // the next puzzle's id
	}
	if verdict.Solved, err = w.solved(r, f, p); err != nil {
		return err
	}
	if !verdict.Solved {
		next, err := w.Challenges.Ask(r.Context(), visit(r, f, p), challenge.Kind(r.PostFormValue(fieldOther)))
		if err != nil {
			return err
		}
		verdict.Challenge = next.ID
	}
	rw.Header().Set("Content-Type", "application/json")
	json.NewEncoder(rw).Encode(verdict) // a reader that went away is no error of ours
	return nil
}

// drawing sends a picture or a sound of the flow's puzzle. A browser may ask for
// parts of a sound, hence ServeContent.
func (w *Web) drawing(rw http.ResponseWriter, r *http.Request) error {
	f, err := w.flowOf(r)
	if err != nil {
		return err
	}
	file, err := w.Challenges.Draw(r.Context(), handle.Sum(f.ID), r.FormValue("id"), challenge.Drawing{
		Name: r.PathValue("name"), Dark: r.FormValue("dark") != "", Lang: w.locale(r, f).String(),
	})
	if err != nil {
		return err
	}
	rw.Header().Set("Content-Type", file.Type)
	http.ServeContent(rw, r, "", time.Time{}, bytes.NewReader(file.Data))
	return nil
}
