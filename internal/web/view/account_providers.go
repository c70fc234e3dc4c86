package view

import "time"

// NoticeDisconnected says that a provider does not open the account any more.
const NoticeDisconnected Message = "providers.done"

// Provider is one at which a sign-in opens the account.
type Provider struct {
	Name          string   // the connection's
	Orgs          []string // of the person, whose it is
	There         string   // the person's address there, as it last arrived; empty: not told
	Since         time.Time
	LastUsed      time.Time
	Off           bool // nobody signs in by it at the moment
	DisconnectURL string
}

// Stay is why a provider cannot be taken away.
type Stay string

// The reasons; "" is none.
const (
	StayRequired Stay = "required" // the organization lets its people in by it alone
	StayAlone    Stay = "alone"    // nothing else opens the account
)

// Disconnect asks whether a provider is to open the account no more.
type Disconnect struct {
	AccountFrame
	Form
	Current    CurrentPassword // without a Username the account has no password: the person signed in just now
	Name       string          // the connection's
	Here       bool            // this browser is signed in by it
	Stay       Stay
	RecoverURL string // to set a password by mail; empty: there is no mail
	HomeURL    string
}

func (*Disconnect) template() string { return "account/disconnect" }

// Title is the question.
func (p *Disconnect) Title() (string, error) { return p.T("providers.ask", "Name", p.Name) }

// NewDisconnected tells that the provider does not open the account any more.
func NewDisconnected(f LetterFrame, url, provider string, by Where) *AccountLetter {
	return &AccountLetter{
		LetterFrame: f, URL: url, Facts: append([]LetterFact{{Name: "mail.account.provider", Value: provider}}, by.facts()...),
		words: accountWords{"mail.account.disconnected.subject", "mail.account.disconnected.lead", "mail.account.disconnected.then", "mail.account.disconnected.button"},
	}
}
