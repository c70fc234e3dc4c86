package org

import (
	"strings"

	"signet/internal/account"
)

// Addresses takes apart what somebody pasted: addresses in lines, or between
// commas and semicolons, with names or without. What is no address stays in the
// list as it is, so that it can be reported; what comes twice is in it once. It
// stops after most and reports whether there was more.
func Addresses(pasted string, most int) (list []string, more bool) {
	seen := map[string]bool{}
	for line := range strings.Lines(pasted) {
		for _, a := range addressesOf(strings.TrimSpace(line)) {
			key := a
			if _, k, err := account.NormalizeEmail(a); err == nil {
				key = k
			}
			switch {
			case seen[key]:
			case len(list) == most:
				return list, true
			default:
				seen[key] = true
				list = append(list, a)
			}
		}
	}
	return list, false
}

// addressesOf takes one line apart at each comma and semicolon, but for those in
// the quoted name of somebody, and leaves the names out.
func addressesOf(line string) []string {
	paired := strings.Count(line, `"`)%2 == 0 // else they quote nothing
	inside := false
	var out []string
	for part := range strings.FieldsFuncSeq(line, func(r rune) bool {
		if r == '"' && paired {
			inside = !inside
		}
		return !inside && (r == ',' || r == ';')
	}) {
		part = strings.TrimSpace(part)
		if at := strings.LastIndexByte(part, '<'); at >= 0 && strings.HasSuffix(part, ">") {
			part = strings.TrimSpace(part[at+1 : len(part)-1])
		}
		if part != "" {
			out = append(out, part)
		}
	}
	return out
}
