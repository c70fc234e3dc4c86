package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"signet/pkg/relyingparty"
)

// home is what each app is about for people who are signed in, and the landing
// page for those who are not.
func (a *app) home(w http.ResponseWriter, r *http.Request) error {
	if relyingparty.UserFrom(r.Context()) == nil {
		if a.asks(r) {
			a.ask(w, r)
			return nil
		}
		return a.render(w, http.StatusOK, "landing", landingPage{a.frame(r, a.config.Name)})
	}
	if a.config.Flavor == Frames {
		return a.wall(w, r)
	}
	return a.devices(w, r)
}

type landingPage struct{ frame }

// problemPage says that something did not work, and how to go on.
type problemPage struct {
	frame
	Message         string
	Code            string // for developers; may be empty
	Next, NextLabel string
}

// signInFailed shows what pkg/relyingparty refused in the app's own look.
func (a *app) signInFailed(w http.ResponseWriter, r *http.Request, e *relyingparty.Error) {
	if r.URL.Query().Get("prompt") == "none" && e.Kind == relyingparty.KindUnavailable {
		http.Redirect(w, r, "/", http.StatusFound) // nobody asked for a sign-in: show the landing page
		return
	}
	title := "You are not signed in"
	switch e.Kind {
	case relyingparty.KindScope, relyingparty.KindRole, relyingparty.KindCrossOrigin:
		title = "That is not allowed"
	}
	a.problem(w, r, e.Status, problemPage{
		frame: a.frame(r, title), Message: e.Message, Code: e.Code, Next: e.Retry, NextLabel: e.RetryText,
	})
}

func (a *app) missing(http.ResponseWriter, *http.Request) error { return errNotFound }

// failed answers for a handler that could not.
func (a *app) failed(w http.ResponseWriter, r *http.Request, err error) {
	page := problemPage{Next: "/", NextLabel: "Go to the start page"}
	if errors.Is(err, errNotFound) {
		page.frame, page.Message = a.frame(r, "This page does not exist"), "The address may be mistyped, or what was here is gone."
		a.problem(w, r, http.StatusNotFound, page)
		return
	}
	if errors.Is(err, errBadName) {
		page.frame, page.Message = a.frame(r, "That name does not fit"), fmt.Sprintf("A device's name has 1 to %d characters that can be printed.", maxDeviceName)
		a.problem(w, r, http.StatusBadRequest, page)
		return
	}
	a.config.Logger.LogAttrs(r.Context(), slog.LevelError, "page failed", slog.String("path", r.URL.Path), slog.Any("cause", err))
	page.frame, page.Message = a.frame(r, "Something went wrong"), "It is not your fault. Please try again in a moment."
	a.problem(w, r, http.StatusInternalServerError, page)
}

func (a *app) problem(w http.ResponseWriter, r *http.Request, status int, page problemPage) {
	if err := a.render(w, status, "problem", page); err != nil {
		a.config.Logger.LogAttrs(r.Context(), slog.LevelError, "page failed", slog.Any("cause", err))
		http.Error(w, page.Message, status)
	}
}
