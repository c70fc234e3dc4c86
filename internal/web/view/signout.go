package view

// SignOut asks whether to sign out, where an app's request alone does not
// settle it (RP-Initiated Logout §2): the field "decision" is "sign_out" or
// "stay".
type SignOut struct {
	Frame
	Form
	Person Person
}

func (*SignOut) template() string { return "signout/confirm" }

// SignedOut says that it is done.
type SignedOut struct {
	Frame
	Everywhere bool   // all devices, and not this browser alone
	Back       *Link  // to the app; its text is the app's name
	SignInURL  string // empty: left out
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
