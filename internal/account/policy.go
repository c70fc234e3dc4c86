package account

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"signet/internal/account/wellknown"
)

// PolicyName names a rule for new passwords.
type PolicyName string

// The policies.
const (
	PolicyLenovo PolicyName = "lenovo" // 8 to 20 characters, three of the four kinds
	PolicyEither PolicyName = "either" // that, or 15 to 128 characters of any kind
	PolicyNIST   PolicyName = "nist"   // 15 to 128 characters of any kind (NIST SP 800-63B-4 §3.1.1.2)
)

// Flaw is what a policy finds wrong with a password. Its text is the key that
// pages look its sentence up by.
type Flaw string

// The flaws.
const (
	FlawShort    Flaw = "short"
	FlawLong     Flaw = "long"
	FlawKinds    Flaw = "kinds"    // of characters, too few
	FlawPersonal Flaw = "personal" // the person's own name or address
	FlawCommon   Flaw = "common"   // on the list of common and breached passwords, or as easy to guess
)

// Rule is what a policy asks of the form of a password. Lengths are code points.
type Rule struct {
	Least, Most int
	Kinds       int // so many of upper case, lower case, digit and symbol
	Free        int // a password of this length or more may be of any kind
}

var rules = map[PolicyName]Rule{
	PolicyLenovo: {Least: 8, Most: 20, Kinds: 3, Free: 21},
	PolicyEither: {Least: 8, Most: 128, Kinds: 3, Free: 15},
	PolicyNIST:   {Least: 15, Most: 128, Kinds: 0, Free: 15},
}

// Policy is the rule for new passwords. It applies when a person sets one, never
// to one that is checked, and not to what an operator declares.
type Policy struct{ rule Rule }

// NewPolicy returns the policy of the name; any other name is the default's.
func NewPolicy(name PolicyName) *Policy {
	rule, ok := rules[name]
	if !ok {
		rule = rules[PolicyLenovo]
	}
	return &Policy{rule: rule}
}

// Rule is what pages show of the policy.
func (p *Policy) Rule() Rule { return p.rule }

// Check returns what is wrong with the password, the most telling first; nil:
// nothing. about are the
// person's names and address, and the name of the house. Lengths are code points after NFC.
func (p *Policy) Check(password string, about ...string) []Flaw {
	if len(password) > MaxPasswordBytes {
		return []Flaw{FlawLong}
	}
	password = NormalizePassword(password)
	n := utf8.RuneCountInString(password)
	if n > p.rule.Most {
		return []Flaw{FlawLong} // whatever else: to look for it takes as long
	}
	var found []Flaw
	if n < p.rule.Least {
		found = append(found, FlawShort)
	}
	if n < p.rule.Free && kindsOf(password) < p.rule.Kinds {
		found = append(found, FlawKinds)
	}
	text := fold(password)
	if personal(text, about) {
		found = append(found, FlawPersonal)
	}
	if common(text) || bitsOf(password, about) < leastBits {
		found = append(found, FlawCommon)
	}
	return found
}

// NormalizePassword returns the password in the form in which it is checked,
// hashed and compared: as the PRECIS profile OpaqueString maps it (RFC 8265
// §4.2.2), every space is U+0020 and the whole is in NFC, so that two keyboards
// write it alike. Case, width and surrounding spaces are kept.
//
// The profile would also refuse control characters, and code points younger
// than our tables. We do not: what a person chose must go on being accepted,
// whichever version of Unicode we know today.
func NormalizePassword(typed string) string {
	if !utf8.ValidString(typed) {
		return typed // to map it would make different passwords the same
	}
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Zs, r) {
			return ' '
		}
		return r
	}, typed))
}

// kindsOf counts the kinds of characters: upper case, lower case, digit, symbol.
// A letter of a script without case counts as lower case, and a mark belongs to
// the letter before it.
func kindsOf(password string) int {
	var upper, lower, digit, symbol int
	for _, r := range password {
		switch {
		case unicode.IsUpper(r) || unicode.IsTitle(r):
			upper = 1
		case unicode.IsLetter(r):
			lower = 1
		case unicode.IsDigit(r):
			digit = 1
		case !unicode.IsMark(r):
			symbol = 1
		}
	}
	return upper + lower + digit + symbol
}

// fold brings a text to the form in which likenesses are looked for: one rune
// for each of its own, lower case, without accents and width.
func fold(s string) []rune {
	text := []rune(s)
	for i, r := range text {
		for _, part := range norm.NFKD.String(string(r)) {
			text[i] = unicode.ToLower(part) // the letter; its marks come after it
			break
		}
	}
	return text
}

// enough is how many characters a password needs beside what everybody can
// guess, to be a good one all the same.
const enough = 8

// common reports whether the password is on the list of common and breached
// ones, in any case and with its letters written as figures, alone or with few
// figures and signs around it; or whether it only repeats or counts on.
func common(text []rune) bool {
	if steps(text) < 5 {
		return true
	}
	core := trimSigns(text)
	candidates := [][]rune{text}
	if len(core) >= 4 && len(text)-len(core) < enough {
		candidates = append(candidates, core, trimSigns(unleet(text, 'i')))
	}
	if n := period(text); n < len(text) {
		if n < 5 {
			return true
		}
		candidates = append(candidates, text[:n])
	}
	return slices.ContainsFunc(candidates, func(c []rune) bool {
		return wellknown.Password(string(c)) || wellknown.Password(string(unleet(c, 'i'))) || wellknown.Password(string(unleet(c, 'l')))
	})
}

// steps counts the characters that cannot be told from the two before them: in
// "aaaa", "4567" and "gfed" there are two.
func steps(text []rune) int {
	n := min(len(text), 2)
	for i := 2; i < len(text); i++ {
		if text[i]-text[i-1] != text[i-1]-text[i-2] {
			n++
		}
	}
	return n
}

// period is the length of the piece that the text repeats from its beginning to
// its end; that of the text when it does not.
func period(text []rune) int {
	for n := 1; n <= len(text)/2; n++ {
		if slices.Equal(text[n:], text[:len(text)-n]) {
			return n
		}
	}
	return len(text)
}

// trimSigns takes figures and signs off both ends.
func trimSigns(text []rune) []rune {
	for len(text) > 0 && !unicode.IsLetter(text[0]) {
		text = text[1:]
	}
	for len(text) > 0 && !unicode.IsLetter(text[len(text)-1]) {
		text = text[:len(text)-1]
	}
	return text
}

// leet are the letters that figures and signs stand for. A 1 is an i or an l.
var leet = map[rune]rune{
	'0': 'o', '1': 'i', '!': 'i', '|': 'i', '2': 'z', '3': 'e', '4': 'a', '@': 'a', '5': 's', '$': 's', '7': 't', '+': 't', '8': 'b', '9': 'g',
}

// unleet writes figures and signs as the letters that they stand for.
func unleet(text []rune, one rune) []rune {
	out := slices.Clone(text)
	for i, r := range out {
		if letter, ok := leet[r]; ok {
			if letter == 'i' {
				letter = one
			}
			out[i] = letter
		}
	}
	return out
}
