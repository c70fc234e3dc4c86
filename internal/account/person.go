package account

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Person is what people say of themselves when they make an account, and on its
// page.
type Person struct {
	GivenName, FamilyName string
	Birthdate             string // YYYY-MM-DD
}

// maxName is the longest name, in characters. There are long ones.
const maxName = 100

// PersonFlaw is what is wrong with what a person said. Its text is the key that
// pages look its sentence up by.
type PersonFlaw string

// The flaws of names and dates of birth.
const (
	FlawMissing PersonFlaw = "missing"
	FlawName    PersonFlaw = "name"      // too long, or nothing that can be read
	FlawDate    PersonFlaw = "date"      // there is no such day, or nobody lives who was born on it
	FlawFuture  PersonFlaw = "future"    // it has not come yet
	FlawYoung   PersonFlaw = "too_young" // of less than the least age
)

// PersonFlaws are those of each field; the zero value has none.
type PersonFlaws struct{ GivenName, FamilyName, Birthdate PersonFlaw }

// None reports whether nothing is wrong.
func (f PersonFlaws) None() bool { return f == PersonFlaws{} }

// CheckPerson returns what the person said without white space around it, in
// NFC, and what is wrong with it. A person may not be younger than leastAge in
// years.
func CheckPerson(p Person, leastAge int, now time.Time) (Person, PersonFlaws) {
	p.GivenName, p.FamilyName = cleanName(p.GivenName), cleanName(p.FamilyName)
	p.Birthdate = strings.TrimSpace(p.Birthdate)
	return p, PersonFlaws{
		GivenName: flawOfName(p.GivenName), FamilyName: flawOfName(p.FamilyName),
		Birthdate: flawOfBirthdate(p.Birthdate, leastAge, now),
	}
}

// cleanName makes one space of each run of white space.
func cleanName(s string) string { return norm.NFC.String(strings.Join(strings.Fields(s), " ")) }

func flawOfName(s string) PersonFlaw {
	if s == "" {
		return FlawMissing
	}
	letters := false
	for _, c := range s {
		if c == utf8.RuneError || !unicode.IsPrint(c) && !isJoiner(c) {
			return FlawName
		}
		letters = letters || unicode.IsLetter(c)
	}
	// A name is not a place for an address that somebody else's mail would show.
	if !letters || len([]rune(s)) > maxName || strings.Contains(s, "://") {
		return FlawName
	}
	return ""
}

// isJoiner: names of some scripts cannot be written without the two joiners
// (Unicode Annex 31 §2.3).
func isJoiner(c rune) bool { return c == '\u200c' || c == '\u200d' }

// oldest is the age that nobody has reached.
const oldest = 130

func flawOfBirthdate(s string, leastAge int, now time.Time) PersonFlaw {
	if s == "" {
		return FlawMissing
	}
	born, err := time.Parse(time.DateOnly, s)
	// The day begins first where clocks are 14 hours ahead: there, now, it is today.
	today := now.UTC().Add(14 * time.Hour)
	switch {
	case err != nil || born.AddDate(oldest, 0, 0).Before(today):
		return FlawDate
	case born.After(today):
		return FlawFuture
	case born.AddDate(leastAge, 0, 0).After(today):
		return FlawYoung
	}
	return ""
}
