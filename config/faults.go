package config

import (
	"fmt"
	"strings"
)

// Fault is one thing that is wrong with the configuration. None of its texts
// ever holds the value of a secret.
type Fault struct {
	Setting string // the path in YAML, such as database.url; empty for an unknown variable
	Env     string // the environment variable; empty for an unknown key
	Where   string // file:line:column, when a file says it
	Problem string // what is wrong
	Fix     string // what to do
}

// String returns the fault as one line, the place first, as compilers do.
func (f Fault) String() string {
	var b strings.Builder
	if f.Where != "" {
		b.WriteString(f.Where + ": ")
	}
	switch {
	case f.Setting != "" && f.Env != "":
		fmt.Fprintf(&b, "%s (%s): ", f.Setting, f.Env)
	case f.Setting+f.Env != "":
		b.WriteString(f.Setting + f.Env + ": ")
	}
	b.WriteString(f.Problem)
	if f.Fix != "" {
		b.WriteString("; " + f.Fix)
	}
	return b.String()
}

// Faults is the error of [Load] and [Config.Complete]: all that is wrong, in the
// order file, environment, checks. It is never empty.
type Faults struct {
	List []Fault
}

// Error returns one line for one fault, and a list for several.
func (f *Faults) Error() string {
	if len(f.List) == 1 {
		return "configuration: " + f.List[0].String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "configuration: %d faults", len(f.List))
	for _, fault := range f.List {
		b.WriteString("\n  " + fault.String())
	}
	return b.String()
}

// add records a fault.
func (f *Faults) add(fault Fault) { f.List = append(f.List, fault) }

// err returns nil when nothing is wrong; a nil *Faults in an error is not nil.
func (f *Faults) err() error {
	if len(f.List) == 0 {
		return nil
	}
	return f
}
