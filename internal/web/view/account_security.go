package view

import "time"

// What is at fault on the pages that change an account.
const (
	FaultCurrentPassword Message = "account.fault.current"
	FaultSameEmail       Message = "email_change.fault.same"
	FaultEmailTooOften   Message = "email_change.fault.often"
	FaultEmailElsewhere  Message = "company.fault.email"
)

// What has just been done on them.
const (
	NoticePasswordChanged Message = "notice.password_changed"
	NoticeEmailChanged    Message = "notice.email_changed"
)

// CurrentPassword is the part of a form in which the owner of an account proves
// it once more, as the field "current". The page has the hidden field
// "username", for password managers.
type CurrentPassword struct {
	Username string
	Fault    Message
	Focus    bool // where no other field of the page is at fault
}

// currentPassword is what the template "current-password" needs.
type currentPassword struct {
	*Frame
	CurrentPassword
}

// Prove draws the part on the page of the frame.
func (f *Frame) Prove(c CurrentPassword) currentPassword { return currentPassword{f, c} }

// CurrentField is its field.
func (c currentPassword) CurrentField() Field {
	return Field{
		Frame: c.Frame, Name: "current", Type: "password", Label: "account.current", Fault: c.Fault,
		Autocomplete: "current-password", Focus: c.Focus || c.Fault != "",
	}
}

// ChangePassword sets another password; the box "others" signs out elsewhere.
type ChangePassword struct {
	AccountFrame
	Form
	Current   CurrentPassword
	New       NewPassword
	EndOthers bool
}

func (*ChangePassword) template() string { return "account/password" }

// Fault is the first of the page's faults.
func (p *ChangePassword) Fault() Message {
	if p.Current.Fault != "" {
		return p.Current.Fault
	}
	return p.New.Faulty()
}

// ChangeEmail asks for a new address, as the field "email".
type ChangeEmail struct {
	AccountFrame
	Form
	Current  CurrentPassword
	Email    string // the address now
	Verified bool
	Waiting  string // the address that waits to be confirmed; empty: none
	Typed    string
	Bad      Message // at the new address
}

func (*ChangeEmail) template() string { return "account/email" }

// Fault is the first of the page's faults.
func (p *ChangeEmail) Fault() Message {
	if p.Bad != "" {
		return p.Bad
	}
	return p.Current.Fault
}

// EmailField is the new address.
func (p *ChangeEmail) EmailField() Field {
	return Field{
		Frame: &p.Frame, Name: "email", Type: "email", Label: "email_change.new", Fault: p.Bad,
		Value: p.Typed, Autocomplete: "email", Focus: p.Bad != "",
	}
}

// ConfirmEmail is where the link to a new address leads.
type ConfirmEmail struct {
	Frame
	Form
	Email   string // the new address
	HomeURL string
}

func (*ConfirmEmail) template() string { return "account/confirm-email" }

// RestoreEmail is where the link to an address leads that an account was moved
// away from.
type RestoreEmail struct {
	Frame
	Form
	Email      string // the old address
	Done       bool   // it is the account's again
	RecoverURL string // to choose a password
}

func (*RestoreEmail) template() string { return "account/restore-email" }

// Heading is what the page asks, or says.
func (p *RestoreEmail) Heading() (string, error) {
	if p.Done {
		return p.T("email_restore.done")
	}
	return p.T("email_restore.title")
}

// LinkOver is where a link leads that nothing comes of any more.
type LinkOver struct {
	Frame
	Taken   bool // somebody else's account has the address by now
	HomeURL string
}

func (*LinkOver) template() string { return "account/link-over" }

// CloseAccount asks whether to close the account.
type CloseAccount struct {
	AccountFrame
	Form
	Current CurrentPassword
	Until   time.Time // it can be kept
	Owned   []Link    // organizations that others belong to and nobody else owns; some: it cannot be closed
	Lone    []string  // names of organizations that are deleted with it
}

func (*CloseAccount) template() string { return "account/close" }

// AccountClosed says that the account is closed.
type AccountClosed struct {
	Frame
	Until     time.Time
	SignInURL string
}

func (*AccountClosed) template() string { return "account/closed" }

// KeepAccount meets who signs in to an account that is being closed: the field
// "decision" is "keep" or "leave".
type KeepAccount struct {
	Frame
	Form
	Until time.Time
}

func (*KeepAccount) template() string { return "account/keep" }

// Download offers what is kept about the person, as a file.
type Download struct {
	AccountFrame
	Form
	Current CurrentPassword
}

func (*Download) template() string { return "account/data" }
