package declare

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"signet/internal/fault"
)

// Fault is one thing that is wrong with a declaration. None of its texts holds
// a secret or a password.
type Fault struct {
	Where   string // file:line:column
	What    string // of which client or user, such as "client web"; or ""
	Key     string // the key that is to blame, or ""
	Problem string
	Fix     string // what to do, or ""
}

// String returns the fault as one line, the place first, as compilers do.
func (f Fault) String() string {
	var b strings.Builder
	for _, part := range []string{f.Where, f.What, f.Key} {
		if part != "" {
			b.WriteString(part + ": ")
		}
	}
	b.WriteString(f.Problem)
	if f.Fix != "" {
		b.WriteString("; " + f.Fix)
	}
	return b.String()
}

// Faults is the error of Plan: all that is wrong, in the order of the
// file. It is never empty.
type Faults struct {
	List []Fault
}

// Error returns one line for one fault, and a list for several.
func (f *Faults) Error() string {
	if len(f.List) == 1 {
		return f.List[0].String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d faults", len(f.List))
	for _, one := range f.List {
		b.WriteString("\n  " + one.String())
	}
	return b.String()
}

// at reports whether a fault of that place is known.
func (f *Faults) at(where string) bool {
	return slices.ContainsFunc(f.List, func(one Fault) bool { return one.Where == where })
}

// err returns nil when nothing is wrong (a nil *Faults in an error is not nil),
// and puts the faults in the order of the file.
func (f *Faults) err() error {
	if len(f.List) == 0 {
		return nil
	}
	slices.SortStableFunc(f.List, func(a, b Fault) int {
		lineA, columnA := position(a.Where)
		lineB, columnB := position(b.Where)
		return cmp.Or(cmp.Compare(lineA, lineB), cmp.Compare(columnA, columnB))
	})
	return f
}

// position reads the end of file:line:column.
func position(where string) (line, column int) {
	rest, last, _ := cutLast(where)
	_, middle, _ := cutLast(rest)
	line, _ = strconv.Atoi(middle) // a place without a line comes first
	column, _ = strconv.Atoi(last)
	return line, column
}

func cutLast(s string) (before, after string, found bool) {
	if i := strings.LastIndexByte(s, ':'); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// take adds what a check of the domain found wrong with the entry, each at the
// key that is to blame. It returns an error of another kind, which is no fault
// of the file. What may only follow from a fault that is known is left out.
func (f *Faults) take(e *entry, err error) error {
	known := Faults{List: f.List}
	for _, one := range fault.All(err) {
		if !fault.Is(one, fault.Invalid) {
			return err
		}
		field := fieldOf(one)
		if where := e.place(field); !e.faulty || e.says(field) && !known.at(where) {
			f.List = append(f.List, Fault{Where: where, What: e.what(), Problem: fault.Public(one)})
		}
	}
	return nil
}

func fieldOf(err error) string {
	if f, ok := err.(*fault.Error); ok {
		return f.Field
	}
	return ""
}

// quote shows what somebody wrote, short and on one line.
func quote(text string) string {
	const most = 80
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "..."
	}
	return fmt.Sprintf("%q", text)
}
