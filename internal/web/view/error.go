package view

// Reason is why something cannot go on, as far as a person needs to know.
type Reason string

// The reasons. An unknown one is shown as ReasonInternal.
const (
	ReasonUnknownApp  Reason = "unknown_app" // no client of this id
	ReasonAddress     Reason = "address"     // the redirect URI is not registered
	ReasonRequest     Reason = "request"     // the app's request is malformed
	ReasonExpired     Reason = "expired"     // the flow is over, or was finished
	ReasonSignUp      Reason = "sign_up"     // the flow of a sign-up is over
	ReasonBrowser     Reason = "browser"     // the flow began in another browser
	ReasonForbidden   Reason = "forbidden"   // a form from another site, or not allowed
	ReasonNotFound    Reason = "not_found"   // no such page
	ReasonTooMany     Reason = "too_many"    // rate limited
	ReasonUnavailable Reason = "unavailable" // a store or a peer does not answer
	ReasonInternal    Reason = "internal"    // our mistake
)

type reasonText struct{ title, text, textOfApp Message }

var reasonTexts = map[Reason]reasonText{
	ReasonUnknownApp:  {"error.cannot_go_on", "error.unknown_app", ""},
	ReasonAddress:     {"error.cannot_go_on", "error.address", "error.address_of"},
	ReasonRequest:     {"error.cannot_go_on", "error.request", "error.request_of"},
	ReasonExpired:     {"error.expired.title", "error.expired", "error.expired_of"},
	ReasonSignUp:      {"error.expired.title", "signup.expired", ""},
	ReasonBrowser:     {"error.browser.title", "error.browser", ""},
	ReasonForbidden:   {"error.forbidden.title", "error.forbidden", ""},
	ReasonNotFound:    {"error.not_found.title", "error.not_found", ""},
	ReasonTooMany:     {"error.too_many.title", "error.too_many", ""},
	ReasonUnavailable: {"error.unavailable.title", "error.unavailable", ""},
	ReasonInternal:    {"error.internal.title", "error.internal", ""},
}

// Error says that something cannot go on: to the person in plain words, and
// apart from that to the app's developer, with what a log can be searched for.
type Error struct {
	Frame
	Reason    Reason
	Developer string // for the app's developer, in English; empty: left out
	RequestID string // empty: left out
	Back      *Link  // a way on: its text is a name, such as the app's
	RetryURL  string // the same page again; empty: left out
	HomeURL   string // the account page, for who has no other way on; empty: left out
}

func (*Error) template() string { return "error" }

func (p *Error) words() reasonText {
	if t, ok := reasonTexts[p.Reason]; ok {
		return t
	}
	return reasonTexts[ReasonInternal]
}

// Heading says what happened.
func (p *Error) Heading() (string, error) { return p.T(p.words().title) }

// Sentence says what it means, and what to do.
func (p *Error) Sentence() (string, error) {
	if w := p.words(); p.App != nil && p.App.Name != "" && w.textOfApp != "" {
		return p.T(w.textOfApp, "App", p.App.Name)
	}
	return p.T(p.words().text)
}
