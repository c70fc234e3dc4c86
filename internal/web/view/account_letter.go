package view

import "time"

// AccountLetter is a letter about a change of an account: a sentence, what
// there is to know, what to do, and at most one button.
type AccountLetter struct {
	LetterFrame
	words accountWords
	Facts []LetterFact
	URL   string // of the button; empty: there is none
}

// LetterFact is one line of the list: a text, a time, or a device.
type LetterFact struct {
	Name   Message
	Value  string
	At     time.Time
	Device *Device
}

// accountWords are the texts of one kind of letter.
type accountWords struct {
	subject, lead, then, button Message
}

func (*AccountLetter) letter() string     { return "account" }
func (l *AccountLetter) subject() Message { return l.words.subject }
func (*AccountLetter) values() []string   { return nil }

// Lead says what the letter is about.
func (l *AccountLetter) Lead() (string, error) { return l.T(l.words.lead) }

// Then says what to do.
func (l *AccountLetter) Then() (string, error) { return l.T(l.words.then) }

// Label is what the button says.
func (l *AccountLetter) Label() Message { return l.words.button }

// FactOf is a line as the letter shows it.
func (l *AccountLetter) FactOf(f LetterFact) (letterPart, error) {
	value, err := f.Value, error(nil)
	switch {
	case !f.At.IsZero():
		value, err = l.When(f.At)
	case f.Device != nil:
		value, err = l.NameOf(*f.Device)
	}
	if err != nil {
		return letterPart{}, err
	}
	return l.Fact(f.Name, value)
}

// Where is who did something, as letters tell it to the owner of an account.
type Where struct {
	At      time.Time
	Device  Device
	Address string // network address
}

func (w Where) facts() []LetterFact {
	return []LetterFact{
		{Name: "mail.sign_in.time", At: w.At},
		{Name: "mail.sign_in.device", Device: &w.Device},
		{Name: "mail.sign_in.address", Value: w.Address},
	}
}

// NewConfirmEmail goes to an address to which somebody wants to move an account.
func NewConfirmEmail(f LetterFrame, url string, until time.Time) *AccountLetter {
	return &AccountLetter{
		LetterFrame: f, URL: url, Facts: []LetterFact{{Name: "mail.account.until", At: until}},
		words: accountWords{"mail.account.confirm.subject", "mail.account.confirm.lead", "mail.account.confirm.then", "mail.account.confirm.button"},
	}
}

// NewTakenEmail goes to the same address where it has an account already.
func NewTakenEmail(f LetterFrame, url string) *AccountLetter {
	return &AccountLetter{
		LetterFrame: f, URL: url,
		words: accountWords{"mail.account.taken.subject", "mail.account.taken.lead", "mail.account.taken.then", "mail.account.taken.button"},
	}
}

// NewEmailMoved goes to the address that an account was moved away from.
func NewEmailMoved(f LetterFrame, email, url string, until time.Time, by Where) *AccountLetter {
	facts := append([]LetterFact{{Name: "mail.account.new_address", Value: email}}, by.facts()...)
	return &AccountLetter{
		LetterFrame: f, URL: url, Facts: append(facts, LetterFact{Name: "mail.account.until", At: until}),
		words: accountWords{"mail.account.moved.subject", "mail.account.moved.lead", "mail.account.moved.then", "mail.account.moved.button"},
	}
}

// NewEmailLost goes to the address from which an account was taken back. Whose
// it is, nobody knows: it does not name the address that the account has now.
func NewEmailLost(f LetterFrame, url string, by Where) *AccountLetter {
	return &AccountLetter{
		LetterFrame: f, URL: url, Facts: by.facts(),
		words: accountWords{"mail.account.lost.subject", "mail.account.lost.lead", "mail.account.lost.then", "mail.account.lost.button"},
	}
}

// NewAccountClosed tells that an account was closed; soon, that it is about to be
// erased.
func NewAccountClosed(f LetterFrame, url string, erased time.Time, soon bool) *AccountLetter {
	l := &AccountLetter{
		LetterFrame: f, URL: url, Facts: []LetterFact{{Name: "mail.account.erased_on", At: erased}},
		words: accountWords{"mail.account.closed.subject", "mail.account.closed.lead", "mail.account.closed.then", "mail.account.closed.button"},
	}
	if soon {
		l.words.subject, l.words.lead = "mail.account.soon.subject", "mail.account.soon.lead"
	}
	return l
}

// NewAccountErased tells that an account is no more.
func NewAccountErased(f LetterFrame) *AccountLetter {
	return &AccountLetter{
		LetterFrame: f,
		words:       accountWords{"mail.account.erased.subject", "mail.account.erased.lead", "mail.account.erased.then", ""},
	}
}
