package view

import "net/http"

// Onward leads to the provider of a connection, or back from there. It goes on by
// itself; its link or button is for browsers that do not.
type Onward struct {
	Frame
	Name   string // the connection's
	Host   string // of the provider's address; empty on the way back
	URL    string
	Fields []Pair // are posted there; nil: the address is a link
	Back   bool   // from the provider
}

func (*Onward) template() string { return "federation/onward" }

// Heading says where it goes.
func (p *Onward) Heading() (string, error) {
	if p.Back {
		return p.T("federation.back")
	}
	return p.T("federation.onward", "Name", p.Name)
}

// UpstreamWhy is why a sign-in at a provider came to nothing.
type UpstreamWhy string

// The reasons. An unknown one is shown as UpstreamNonsense.
const (
	UpstreamDown     UpstreamWhy = "down"     // the provider does not answer
	UpstreamNonsense UpstreamWhy = "nonsense" // it answers what cannot be used
	UpstreamRefused  UpstreamWhy = "refused"  // it turned the person away
	UpstreamSettings UpstreamWhy = "settings" // the connection is not set up right
	UpstreamStopped  UpstreamWhy = "stopped"  // the account may not sign in here
)

var upstreamTexts = map[UpstreamWhy]Message{
	UpstreamDown: "federation.down", UpstreamNonsense: "federation.nonsense", UpstreamRefused: "federation.refused",
	UpstreamSettings: "federation.settings", UpstreamStopped: "federation.stopped",
}

// Status is the page's.
func (why UpstreamWhy) Status() int {
	switch why {
	case UpstreamRefused, UpstreamStopped:
		return http.StatusForbidden
	case UpstreamSettings:
		return http.StatusServiceUnavailable
	}
	return http.StatusBadGateway
}

// UpstreamFailed says whose fault it is that a sign-in at a provider came to
// nothing, and how else to get in.
type UpstreamFailed struct {
	Frame
	Why       UpstreamWhy
	Name      string // the connection's
	Detail    string // for who set it up, in English; empty: left out
	RequestID string
	RetryURL  string // empty: it would be the same again
	OtherURL  string
}

func (*UpstreamFailed) template() string { return "federation/failed" }

// Sentence says what happened, and who can do something about it.
func (p *UpstreamFailed) Sentence() (string, error) {
	text, ok := upstreamTexts[p.Why]
	if !ok {
		text = upstreamTexts[UpstreamNonsense]
	}
	return p.T(text, "Name", p.Name)
}

// FaultLinked says that the two cannot be connected.
const FaultLinked Message = "federation.linked"

// LinkAccount asks somebody who arrived from a provider which account is theirs,
// and then whether to connect it: the field "decision" is "sign-in", "connect" or
// "not".
type LinkAccount struct {
	Frame
	Form
	Name      string  // the connection's
	There     Person  // as the provider tells
	Taken     bool    // there is an account with the address, and the provider may speak for it
	Mail      bool    // who never had a password can have one by mail
	Here      *Person // who has just signed in; nil: nobody yet
	CreateURL string  // empty: no account can be made here, or there is one
	Fault     Message
}

func (*LinkAccount) template() string { return "federation/link" }

// Heading is the question.
func (p *LinkAccount) Heading() (string, error) {
	if p.Here != nil {
		return p.T("federation.connect", "Name", p.Name)
	}
	return p.T("federation.which")
}
