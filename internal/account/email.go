package account

import (
	"net/mail"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"

	"signet/internal/fault"
)

// maxEmail is the longest address that SMTP can carry (RFC 5321 §4.5.3.1.3).
const maxEmail = 254

// NormalizeEmail returns the address as mail goes to it, and the key under
// which it is one account: two addresses with the same key are the same
// person's. The rule:
//
//   - white space around it goes; the whole is brought to NFC;
//   - the domain is mapped and checked by UTS #46 as a look-up does (RFC 5891)
//     and kept in its ASCII form;
//   - for the key, the local part goes through the PRECIS profile
//     UsernameCaseMapped (RFC 8265 §3.3), which folds case and width and refuses
//     control characters and spaces; a local part it refuses is lower-cased.
//
// Dots and "+tags" are kept: only the mailbox's own provider knows whether
// they matter.
func NormalizeEmail(typed string) (address, key string, err error) {
	bad := func() error {
		return fault.New(fault.Invalid, "This is not a complete e-mail address. It looks like name@example.com.").On("email")
	}
	s := norm.NFC.String(strings.TrimSpace(typed))
	at := strings.LastIndexByte(s, '@')
	if at <= 0 || at == len(s)-1 || len(s) > maxEmail || strings.ContainsAny(s, "\r\n\t\x00<>\",;") {
		return "", "", bad()
	}
	local, domain := s[:at], s[at+1:]
	if strings.ContainsFunc(local, func(c rune) bool { return !unicode.IsPrint(c) }) {
		// What nobody sees would make another address, with limits of its own, that
		// reads like somebody's.
		return "", "", bad()
	}
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil || !strings.Contains(ascii, ".") && ascii != "localhost" {
		return "", "", bad()
	}
	address = local + "@" + ascii
	if _, err := mail.ParseAddress(address); err != nil {
		return "", "", bad()
	}
	folded, err := precis.UsernameCaseMapped.String(local)
	if err != nil {
		folded = strings.ToLower(local)
	}
	return address, folded + "@" + ascii, nil
}
