// Package wellknown holds the passwords that are tried first: a list of common
// and breached ones, for the rule for new passwords to refuse. It knows no rule,
// and nothing of the person.
//
// The list is that of zxcvbn-ts (npm @zxcvbn-ts/language-common), which is under
// the MIT licence of the file beside it: 49,233 passwords in lower case, 380 KB.
// It is part of the program and is searched where it lies, so that it costs no
// work at start and no memory but the pages that a search touches. "make
// passwords" writes it anew from the version that source/package-lock.json names.
package wellknown

import (
	_ "embed"
	"strings"
)

// list has one password on each line, sorted by its bytes.
//
//go:embed passwords.txt
var list string

// Password reports whether the password, which is in lower case, is on the list.
func Password(s string) bool {
	if s == "" || strings.ContainsRune(s, '\n') {
		return false
	}
	low, high := 0, len(list) // both at the beginning of a line
	for low < high {
		middle := (low + high) / 2
		from := low + strings.LastIndexByte(list[low:middle], '\n') + 1
		to := from + strings.IndexByte(list[from:], '\n')
		switch line := list[from:to]; {
		case line == s:
			return true
		case line < s:
			low = to + 1
		default:
			high = from
		}
	}
	return false
}
