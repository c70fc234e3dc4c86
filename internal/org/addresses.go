package org

import (
	"net/mail"
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

// addressesOf takes one line apart: as mail programs write lists (RFC 5322
// §3.4), else at each comma and semicolon.
func addressesOf(line string) []string {
	var out []string
	if parsed, err := mail.ParseAddressList(strings.TrimRight(line, ",; ")); err == nil {
		for _, a := range parsed {
			out = append(out, a.Address)
		}
		return out
	}
	for part := range strings.FieldsFuncSeq(line, func(r rune) bool { return r == ',' || r == ';' }) {
		part = strings.TrimSpace(part)
		if _, rest, named := strings.Cut(part, "<"); named && strings.HasSuffix(rest, ">") {
			part = strings.TrimSpace(strings.TrimSuffix(rest, ">"))
		}
		if part != "" {
			out = append(out, part)
		}
	}
	return out
}
