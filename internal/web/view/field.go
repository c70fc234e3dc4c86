package view

import (
	"slices"
	"strings"
)

// Field is one labelled input: the part "field" draws it with its hint and its
// fault, and ties them together for screen readers.
type Field struct {
	*Frame
	Name         string // also its id
	Type         string // of the input element
	Label        Message
	Hint         Message
	Fault        Message
	FaultValues  []string // filled into the fault: name, value, ...
	Value        string
	Autocomplete string
	Rules        string // for programs that make up passwords, as in the attribute passwordrules
	Also         string // id of what describes the field besides; "": nothing does
	InputMode    string // of the keys that a touch screen shows; empty: by the type
	Letters      bool   // a code of capital letters
	Focus        bool   // the page's first fault, or its first field
	Class        string // of the input element
	Code         bool   // a name or an address of a machine's, which is written left to right
	Optional     bool   // it may be left empty
}

// Revealable reports whether a script may offer to show what is typed.
func (f Field) Revealable() bool { return f.Type == "password" }

// LeftToRight reports whether the value is written so in every language.
func (f Field) LeftToRight() bool {
	return f.Type == "email" || f.Type == "password" || f.InputMode == "numeric" || f.Letters || f.Code
}

// FaultText is what is wrong, in the language of the page.
func (f Field) FaultText() (string, error) { return f.T(f.Fault, f.FaultValues...) }

// DescribedBy lists the ids of the fault, the hint and what else describes the
// field, for aria-describedby.
func (f Field) DescribedBy() string {
	var ids []string
	if f.Fault != "" {
		ids = append(ids, f.Name+"-fault")
	}
	if f.Hint != "" {
		ids = append(ids, f.Name+"-hint")
	}
	if f.Also != "" {
		ids = append(ids, f.Also)
	}
	return strings.Join(ids, " ")
}

// nameFields are the fields of a person's two names, in the order in which the
// page's language says them.
func nameFields(f *Frame, given, family string, givenFault, familyFault Message) []Field {
	fields := []Field{
		{Frame: f, Name: "given_name", Type: "text", Label: "profile.given_name", Fault: givenFault, Value: given, Autocomplete: "given-name"},
		{Frame: f, Name: "family_name", Type: "text", Label: "profile.family_name", Fault: familyFault, Value: family, Autocomplete: "family-name"},
	}
	if f.Lang().FamilyFirst() {
		slices.Reverse(fields)
	}
	return fields
}
