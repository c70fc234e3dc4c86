package view

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// FaultSignUpPassword says that it is another password than that of the sign-up.
const FaultSignUpPassword Message = "signup.fault.confirm_password"

// What has just happened to a letter.
const (
	NoticeSentAgain    Message = "signup.notice.sent_again"
	NoticeNotSentAgain Message = "signup.notice.not_sent_again" // too soon, or too often
)

// Steps say how far a wizard is.
type Steps struct {
	*Frame
	Now, Of int
}

// Label is "Step 2 of 4".
func (s Steps) Label() (string, error) {
	return s.T("steps.label", "Now", strconv.Itoa(s.Now), "Of", strconv.Itoa(s.Of))
}

// Dots are the steps in their order: true for those that are done or under way.
func (s Steps) Dots() []bool {
	dots := make([]bool, max(0, s.Of))
	for i := range dots {
		dots[i] = i < s.Now
	}
	return dots
}

// Wizard is what the four pages have in common on which an account is made.
type Wizard struct {
	Frame
	Form
	Step    int // from 1
	Of      int
	BackURL string // "": it is the first page
}

// Steps say how far the wizard is.
func (p *Wizard) Steps() Steps { return Steps{&p.Frame, p.Step, p.Of} }

// SignUpEmail asks for the address, as the field "username".
type SignUpEmail struct {
	Wizard
	Email     string
	Fault     Message
	Domains   []string // of the addresses that can sign up, where not all can
	SignInURL string   // for who has an account
}

func (*SignUpEmail) template() string { return "signup/email" }

// EmailField is the page's one field.
func (p *SignUpEmail) EmailField() Field {
	return Field{
		Frame: &p.Frame, Name: "username", Type: "email", Label: "signin.email", Hint: "signup.email.hint",
		Fault: p.Fault, FaultValues: []string{"Domains", strings.Join(p.Domains, ", ")},
		Value: p.Email, Autocomplete: "username", Focus: true,
	}
}

// SignUpPassword asks for a password, and whether news are wanted, as the box
// "news".
type SignUpPassword struct {
	Wizard
	NewPassword NewPassword
	Email       string // of the account, for password managers
	Invited     bool   // the address was not typed: the page shows it
	Kept        bool   // one was chosen already, and stays if nothing is typed
	News        bool
}

func (*SignUpPassword) template() string { return "signup/password" }

// SignUpAbout asks for the names and the date of birth, as the fields
// "given_name", "family_name" and "birthdate" (YYYY-MM-DD).
type SignUpAbout struct {
	Wizard
	GivenName, FamilyName, Birthdate                string
	GivenNameFault, FamilyNameFault, BirthdateFault Message
}

func (*SignUpAbout) template() string { return "signup/about" }

// Fields are what is asked for, the names in the order in which the language
// says them. The focus is on the first that is at fault.
func (p *SignUpAbout) Fields() []Field {
	fields := append(nameFields(&p.Frame, p.GivenName, p.FamilyName, p.GivenNameFault, p.FamilyNameFault), Field{
		Frame: &p.Frame, Name: "birthdate", Type: "date", Label: "profile.birthdate", Fault: p.BirthdateFault,
		Value: p.Birthdate, Autocomplete: "bday",
	})
	first := max(0, slices.IndexFunc(fields, func(f Field) bool { return f.Fault != "" }))
	fields[first].Focus = true
	return fields
}

// Fault is the first of the page's faults.
func (p *SignUpAbout) Fault() Message {
	for _, f := range p.Fields() {
		if f.Fault != "" {
			return f.Fault
		}
	}
	return ""
}

// SignUpRobot has the challenge.
type SignUpRobot struct {
	Wizard
	Challenge *Challenge
}

func (*SignUpRobot) template() string { return "signup/robot" }

// Fault is what is wrong with the answer before, or "".
func (p *SignUpRobot) Fault() Message {
	if p.Challenge == nil {
		return ""
	}
	return p.Challenge.Fault
}

// SignUpCheck waits until the address is proven: by the code, as the field
// "code", or by the link, which the page hears of.
type SignUpCheck struct {
	Frame
	Form
	Email      string
	Fault      Message
	StateURL   string // tells a script whether it was
	Again      string // where "I have opened the link" leads: the same page
	GoOn       Form   // what the script posts then
	Resend     Form
	CorrectURL string
}

func (*SignUpCheck) template() string { return "signup/check" }

// CodeField is the code of the letter.
func (p *SignUpCheck) CodeField() Field {
	return Field{
		Frame: &p.Frame, Name: "code", Type: "text", Label: "signup.check.code", InputMode: "numeric",
		Fault: p.Fault, Autocomplete: "one-time-code", Focus: true, Class: "code",
	}
}

// SignUpActive goes on with an account whose address was proven by the link.
type SignUpActive struct {
	Frame
	Form
	StateURL string // as in SignUpCheck
}

func (*SignUpActive) template() string { return "signup/active" }

// SignUpConfirm is where the link of the letter leads. In another browser than
// that of the sign-up it asks for the password chosen, as the field "password".
type SignUpConfirm struct {
	Frame
	Form
	Email       string
	AskPassword bool
	Fault       Message
	Deny        Form // "this was not me"
}

func (*SignUpConfirm) template() string { return "signup/confirm" }

// PasswordField asks for the password chosen.
func (p *SignUpConfirm) PasswordField() Field {
	return Field{
		Frame: &p.Frame, Name: "password", Type: "password", Label: "password.label", Hint: "signup.confirm.hint",
		Fault: p.Fault, Autocomplete: "current-password", Focus: true,
	}
}

// Ending is how a sign-up ended, or why there is none.
type Ending string

// The endings.
const (
	EndClosed Ending = "closed" // nobody can sign up here
	EndInvite Ending = "invite" // but who was invited
	EndActive Ending = "active" // by the link: the tab of the sign-up goes on
	EndDenied Ending = "denied" // "this was not me"
	EndLink   Ending = "link"   // the link is none, was used, or is too old
	EndGone   Ending = "gone"   // what waited is no more
)

// SignUpEnd says how a sign-up ended, and how to go on.
type SignUpEnd struct {
	Frame
	How       Ending
	SignInURL string // "": not offered
	AgainURL  string // to begin again; "": not offered
}

func (*SignUpEnd) template() string { return "signup/end" }

var endingTexts = map[Ending][2]Message{
	EndClosed: {"signup.closed.title", "signup.closed"},
	EndInvite: {"invite.only.title", "invite.only"},
	EndActive: {"signup.active.title", "signup.active_elsewhere"},
	EndDenied: {"signup.denied.title", "signup.denied"},
	EndLink:   {"signup.link.title", "signup.link"},
	EndGone:   {"signup.gone.title", "signup.gone"},
}

func (p *SignUpEnd) words() [2]Message {
	if t, ok := endingTexts[p.How]; ok {
		return t
	}
	return endingTexts[EndGone]
}

// Heading says what happened.
func (p *SignUpEnd) Heading() (string, error) { return p.T(p.words()[0]) }

// Sentence says what it means, and what to do.
func (p *SignUpEnd) Sentence() (string, error) { return p.T(p.words()[1]) }

// Activate is the letter that proves an address.
type Activate struct {
	LetterFrame
	AppName string // where the sign-up began; "": at the house itself
	Code    string // six digits
	LinkURL string
	Until   time.Time // the code and the link are good
}

func (*Activate) letter() string     { return "activate" }
func (*Activate) subject() Message   { return "mail.sign_up.subject" }
func (l *Activate) values() []string { return []string{"Code", l.Code} }

// Why says why the letter comes to somebody who may not know of it.
func (l *Activate) Why() (string, error) { return l.T("mail.sign_up.why", "Brand", l.Brand().Name) }

// Lead says what the letter is about.
func (l *Activate) Lead() (string, error) {
	if l.AppName != "" {
		return l.T("mail.sign_up.lead_app", "App", l.AppName, "Brand", l.Brand().Name)
	}
	return l.T("mail.sign_up.lead", "Brand", l.Brand().Name)
}

// KnownAddress is the letter to the owner of an account with whose address
// somebody signs up.
type KnownAddress struct {
	LetterFrame
	SignInURL  string
	RecoverURL string // where to set a new password
}

func (*KnownAddress) letter() string   { return "known_address" }
func (*KnownAddress) subject() Message { return "mail.known.subject" }
func (*KnownAddress) values() []string { return nil }
