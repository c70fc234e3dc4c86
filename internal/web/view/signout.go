package view

import (
	"html/template"
	"io"
)

// SignOut asks whether to sign out, where an app's request alone does not
// settle it (RP-Initiated Logout §2): the field "decision" is "sign_out" or
// "stay".
type SignOut struct {
	Frame
	Form
	Person Person
}

func (*SignOut) template() string { return "signout/confirm" }

// SignedOut says that it is done. With Frames it needs the policy FarewellCSP.
type SignedOut struct {
	Frame
	Everywhere bool         // all devices, and not this browser alone
	Frames     []string     // pages of apps, which the browser loads unseen
	GoOn       template.URL // where a script goes when they are loaded; "": nowhere
	SignInURL  string       // empty: left out
}

func (*SignedOut) template() string { return "signout/done" }

// FormPost carries an answer to the app in a form that a script submits
// (OAuth 2.0 Form Post Response Mode §2). It needs a policy that allows Action.
type FormPost struct {
	Frame
	Action string
	Fields []Pair
}

func (*FormPost) template() string { return "formpost" }

// CheckSession writes the page that apps frame to ask about the session. It has
// no words, because nobody sees it. cookie is the name of the one with the
// browser's state.
func (r *Renderer) CheckSession(w io.Writer, cookie string) error {
	script, err := r.assets.path("session.js")
	if err != nil {
		return err
	}
	return r.pages.ExecuteTemplate(w, "signout/check", struct{ Title, Cookie, Script string }{r.brand.Name, cookie, r.basePath + script})
}
