package account

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"signet/internal/account/wellknown"
)

// Strength is how hard a password that the policy takes is to guess.
type Strength string

// The strengths. Weak is what the policy refuses, and nothing else is.
const (
	Weak   Strength = "weak"
	Fair   Strength = "fair"
	Good   Strength = "good"
	Strong Strength = "strong"
)

// Bits from which a password is taken, and is more than fair; and what a word
// adds. Two words that people use, and little else, are too few.
const (
	leastBits  = 34
	goodBits   = 60
	strongBits = 90
	wordBits   = 13 // of one of the words that people use
)

// Judge returns what is wrong with the password, and how strong it is. Its word
// is Check's: what has a flaw is weak, and what is not weak will be taken.
func (p *Policy) Judge(password string, about ...string) ([]Flaw, Strength) {
	flaws := p.Check(password, about...)
	if len(flaws) > 0 {
		return flaws, Weak
	}
	switch bits := bitsOf(NormalizePassword(password), about); {
	case bits >= strongBits:
		return nil, Strong
	case bits >= goodBits:
		return nil, Good
	default:
		return nil, Fair
	}
}

// bitsOf is what the password would be worth if its parts had been drawn at
// random: words from the list of common passwords, other characters from the
// kinds of which it is made. What follows from the two characters before it,
// and the person's own words, are worth nothing. People choose worse than at
// random: the figure tells passwords apart, and is no promise.
func bitsOf(password string, about []string) float64 {
	long, _ := wordsOf(about)
	words, rest := takeWords(without(fold(password), long))
	return float64(words)*wordBits + float64(steps(rest))*math.Log2(max(alphabetOf(password), 1))
}

// takeWords counts the common passwords in the text, longest first, and returns
// what is left beside them.
func takeWords(text []rune) (words int, rest []rune) {
	const shortest, longest = 4, 20
next:
	for len(text) > 0 {
		for n := min(longest, len(text)); n >= shortest; n-- {
			if wellknown.Password(string(text[:n])) {
				words, text = words+1, text[n:]
				continue next
			}
		}
		rest, text = append(rest, text[0]), text[1:]
	}
	return words, rest
}

// alphabetOf is the number of characters of the kinds that the password has.
func alphabetOf(password string) float64 {
	ascii := func(r rune) bool { return r < utf8.RuneSelf }
	var size float64
	for _, kind := range []struct {
		has  func(rune) bool
		size float64
	}{
		{func(r rune) bool { return ascii(r) && unicode.IsUpper(r) }, 26},
		{func(r rune) bool { return ascii(r) && unicode.IsLower(r) }, 26},
		{func(r rune) bool { return ascii(r) && unicode.IsDigit(r) }, 10},
		{func(r rune) bool { return ascii(r) && !unicode.IsLetter(r) && !unicode.IsDigit(r) }, 33},
		{func(r rune) bool { return !ascii(r) }, 100},
	} {
		if strings.ContainsFunc(password, kind.has) {
			size += kind.size
		}
	}
	return size
}
