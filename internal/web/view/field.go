package view

// Field is one labelled input: the part "field" draws it with its hint and its
// fault, and ties them together for screen readers.
type Field struct {
	*Frame
	Name         string // also its id
	Type         string // of the input element
	Label        Message
	Hint         Message
	Fault        Message
	Value        string
	Autocomplete string
	Focus        bool // the page's first fault, or its first field
}

// Revealable reports whether a script may offer to show what is typed.
func (f Field) Revealable() bool { return f.Type == "password" }

// LeftToRight reports whether the value is written so in every language.
func (f Field) LeftToRight() bool { return f.Type == "email" || f.Type == "password" }

// DescribedBy lists the ids of the hint and the fault, for aria-describedby.
func (f Field) DescribedBy() string {
	hint, fault := f.Name+"-hint", f.Name+"-fault"
	switch {
	case f.Hint != "" && f.Fault != "":
		return fault + " " + hint
	case f.Fault != "":
		return fault
	case f.Hint != "":
		return hint
	default:
		return ""
	}
}
