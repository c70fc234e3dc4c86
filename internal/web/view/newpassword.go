package view

import (
	"fmt"
	"strconv"
)

// What can be wrong with a new password. Each says what to do.
const (
	FaultNewPasswordMissing  Message = "newpassword.fault.missing"
	FaultNewPasswordShort    Message = "newpassword.fault.short"
	FaultNewPasswordLong     Message = "newpassword.fault.long"
	FaultNewPasswordKinds    Message = "newpassword.fault.kinds"
	FaultNewPasswordCommon   Message = "newpassword.fault.common"
	FaultNewPasswordPersonal Message = "newpassword.fault.personal"
	FaultConfirmationMissing Message = "newpassword.fault.confirmation_missing"
	FaultConfirmationDiffers Message = "newpassword.fault.confirmation_differs"
)

// NewPassword is the part of a form in which a person chooses a password: the
// fields "password" and "confirmation", the rule as a list, and where a script
// asks how good it is. A page has it as a field and draws it by
//
//	{{template "new-password" (.Ask .NewPassword)}}
//
// The page itself has the hidden field "username", for password managers.
type NewPassword struct {
	Least, Most int // characters
	Kinds       int // of characters, so many of four; 0: any will do
	Free        int // characters from which any kinds will do; more than Most: never

	Fault             Message // at the password
	ConfirmationFault Message // at the confirmation
	Focus             bool    // on the first of the two that is at fault, or the password

	CheckURL string // where a script asks; empty: nowhere
	About    string // what the person is called, on several lines; sent along by the script
}

// Faulty is the first fault of the part, for the page's title; "": there is none.
func (n NewPassword) Faulty() Message {
	if n.Fault != "" {
		return n.Fault
	}
	return n.ConfirmationFault
}

// newPassword is what the template "new-password" needs.
type newPassword struct {
	*Frame
	NewPassword
}

// Ask draws the part on the page of the frame.
func (f *Frame) Ask(n NewPassword) newPassword { return newPassword{f, n} }

// PasswordField is the first of the two.
func (n newPassword) PasswordField() Field {
	return Field{
		Frame: n.Frame, Name: "password", Type: "password", Label: "newpassword.label",
		Fault: n.Fault, FaultValues: n.values(), Autocomplete: "new-password", Rules: n.generator(), Also: "password-rules",
		Focus: n.Focus && (n.Fault != "" || n.ConfirmationFault == ""),
	}
}

// ConfirmationField is the second.
func (n newPassword) ConfirmationField() Field {
	return Field{
		Frame: n.Frame, Name: "confirmation", Type: "password", Label: "newpassword.confirmation",
		Fault: n.ConfirmationFault, Autocomplete: "new-password", Rules: n.generator(),
		Focus: n.Focus && n.Fault == "" && n.ConfirmationFault != "",
	}
}

func (n newPassword) values() []string {
	return []string{"Least", strconv.Itoa(n.Least), "Most", strconv.Itoa(n.Most)}
}

// LengthRule says how long a password is.
func (n newPassword) LengthRule() (string, error) {
	return n.T("newpassword.rule.length", n.values()...)
}

// KindsRule says which kinds of characters it has; "": any.
func (n newPassword) KindsRule() (string, error) {
	switch {
	case n.Kinds == 0:
		return "", nil
	case n.Free <= n.Most:
		return n.T("newpassword.rule.kinds_or_long", "Free", strconv.Itoa(n.Free))
	default:
		return n.T("newpassword.rule.kinds")
	}
}

// generator tells programs that make up passwords what will be taken, in the
// notation of the attribute passwordrules. They are asked for all letters and
// figures, so that what they make is of three kinds.
func (n newPassword) generator() string {
	rules := fmt.Sprintf("minlength: %d; maxlength: %d;", n.Least, n.Most)
	if n.Kinds > 0 {
		rules += " required: upper; required: lower; required: digit; allowed: special;"
	}
	return rules
}
