package view

import "time"

// What is said while a password is reset.
const (
	FaultCodeMissing   Message = "recover.fault_code_missing"
	FaultCodeWrong     Message = "recover.fault_code_wrong"
	FaultAskedOften    Message = "recover.fault_asked_often"
	FaultTriedOften    Message = "recover.fault_tried_often"
	FaultCodeOver      Message = "recover.fault_code_over"
	NoticeCodeSent     Message = "recover.notice_sent"
	NoticeRecoveryOver Message = "recover.notice_over"
)

// Recover asks whose password is to be reset, as the field "username". It says
// nothing that depends on whether there is such an account; nor do the pages
// that follow.
type Recover struct {
	Frame
	Form
	Username  string
	Fault     Message
	Challenge *Challenge
	SignInURL string
}

func (*Recover) template() string { return "recover/ask" }

// UsernameField is the address that the code is sent to.
func (p *Recover) UsernameField() Field {
	return Field{
		Frame: &p.Frame, Name: "username", Type: "email", Label: "signin.email",
		Fault: p.Fault, Value: p.Username, Autocomplete: "username", Focus: p.Username == "" || p.Fault != "",
	}
}

// RecoverCode asks for the code from the mail, as the field "code", or to send
// another by the button "resend".
type RecoverCode struct {
	Frame
	Form
	Username string
	Minutes  string // how long a code is good
	Fault    Message
	OtherURL string // to correct the address
}

func (*RecoverCode) template() string { return "recover/code" }

// CodeField is the page's one question.
func (p *RecoverCode) CodeField() Field {
	return Field{
		Frame: &p.Frame, Name: "code", Type: "text", Label: "recover.code",
		Fault: p.Fault, Autocomplete: "one-time-code", InputMode: "numeric", Focus: true, Class: "code",
	}
}

// RecoverPassword asks for the new password.
type RecoverPassword struct {
	Frame
	Form
	Username    string // a hidden field, for password managers
	NewPassword NewPassword
}

func (*RecoverPassword) template() string { return "recover/password" }

// RecoverDone says that the password was reset.
type RecoverDone struct {
	Frame
	SignInURL string
}

func (*RecoverDone) template() string { return "recover/done" }

// ResetCode is the letter with the code that resets a password.
type ResetCode struct {
	LetterFrame
	Email   string // of the account
	Code    string
	Minutes string // how long it is good
	Device  Device // that asked
	Address string // network address that asked
}

func (*ResetCode) letter() string   { return "reset_code" }
func (*ResetCode) subject() Message { return "mail.reset_code.subject" }
func (*ResetCode) values() []string { return nil }

// PasswordChanged tells the owner of an account that it has another password.
type PasswordChanged struct {
	LetterFrame
	Email      string // of the account
	At         time.Time
	Device     Device
	Address    string // network address
	RecoverURL string // where to set another one
}

func (*PasswordChanged) letter() string   { return "password_changed" }
func (*PasswordChanged) subject() Message { return "mail.password_changed.subject" }
func (*PasswordChanged) values() []string { return nil }
