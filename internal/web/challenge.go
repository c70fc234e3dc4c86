package web

import (
	"net/http"

	"signet/internal/challenge"
	"signet/internal/handle"
	"signet/internal/session"
	"signet/internal/web/view"
)

// puzzle makes the challenge that stands before the purpose, for a page of the
// flow to show; nil: there is none. The page may ask for the alternative that
// needs no eyes by the parameter "other-challenge".
func (w *Web) puzzle(r *http.Request, f *session.Flow, p challenge.Purpose) (*view.Challenge, error) {
	if !w.Challenges.Asks(p) {
		return nil, nil
	}
	asked, err := w.Challenges.Ask(r.Context(), handle.Sum(f.ID), p, r.FormValue("other-challenge") != "")
	if err != nil {
		return nil, err
	}
	return &view.Challenge{ID: asked.ID, Kind: string(asked.Kind)}, nil
}

// solved reports whether the posted form answers the challenge of the purpose.
func (w *Web) solved(r *http.Request, f *session.Flow, p challenge.Purpose) (bool, error) {
	return w.Challenges.Answer(r.Context(), handle.Sum(f.ID), p, r.PostFormValue("challenge"), r.PostFormValue("answer"))
}
