package account

import (
	"strings"
	"testing"
	"time"
)

func TestCheckPerson(t *testing.T) {
	now := time.Date(2026, time.March, 1, 9, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name  string
		said  Person
		want  PersonFlaws
		given string // as it is kept; "": as it was said
	}{
		{name: "usual", said: Person{"Ada", "Lovelace", "1990-12-10"}},
		{name: "spaces", said: Person{"  Ada \t King ", "Lovelace", " 1990-12-10 "}, given: "Ada King"},
		{name: "composed", said: Person{"Zoe\u0308", "O'Neill-Çelik", "1990-12-10"}, given: "Zoë"},
		{name: "other scripts", said: Person{"محمد", "山田", "1990-12-10"}},
		{name: "a joiner that the script needs", said: Person{"علی\u200cرضا", "क्\u200dष", "1990-12-10"}},
		{name: "longest", said: Person{strings.Repeat("é", 100), "Lovelace", "1990-12-10"}},
		{name: "nothing", want: PersonFlaws{FlawMissing, FlawMissing, FlawMissing}},
		{name: "only spaces", said: Person{" ", "\u00a0", " "}, want: PersonFlaws{FlawMissing, FlawMissing, FlawMissing}, given: "-"},
		{name: "too long", said: Person{strings.Repeat("é", 101), "Lovelace", "1990-12-10"}, want: PersonFlaws{GivenName: FlawName}},
		{name: "no letter", said: Person{"42", "...", "1990-12-10"}, want: PersonFlaws{GivenName: FlawName, FamilyName: FlawName}},
		{name: "controls", said: Person{"A\u202ed\u202ca", "Love\x00lace", "1990-12-10"}, want: PersonFlaws{GivenName: FlawName, FamilyName: FlawName}},
		{name: "no text", said: Person{"A\xff", "L", "1990-12-10"}, want: PersonFlaws{GivenName: FlawName}, given: "-"},
		{name: "an address", said: Person{"Prize https://evil.example", "L", "1990-12-10"}, want: PersonFlaws{GivenName: FlawName}},
		{name: "leap day", said: Person{"Ada", "Lovelace", "2000-02-29"}},
		{name: "no such day", said: Person{"Ada", "Lovelace", "2001-02-29"}, want: PersonFlaws{Birthdate: FlawDate}},
		{name: "no date", said: Person{"Ada", "Lovelace", "10.12.1990"}, want: PersonFlaws{Birthdate: FlawDate}},
		{name: "nobody is so old", said: Person{"Ada", "Lovelace", "1815-12-10"}, want: PersonFlaws{Birthdate: FlawDate}},
		{name: "tomorrow", said: Person{"Ada", "Lovelace", "2026-03-02"}, want: PersonFlaws{Birthdate: FlawFuture}},
		{name: "today", said: Person{"Ada", "Lovelace", "2026-03-01"}, want: PersonFlaws{Birthdate: FlawYoung}},
		{name: "13 today", said: Person{"Ada", "Lovelace", "2013-03-01"}},
		{name: "13 tomorrow", said: Person{"Ada", "Lovelace", "2013-03-02"}, want: PersonFlaws{Birthdate: FlawYoung}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, flaws := CheckPerson(test.said, 13, now)
			if flaws != test.want || flaws.None() != (test.want == PersonFlaws{}) {
				t.Errorf("flaws %+v, want %+v", flaws, test.want)
			}
			if test.given == "" {
				test.given = test.said.GivenName
			}
			if test.given != "-" && got.GivenName != test.given {
				t.Errorf("kept %q, want %q", got.GivenName, test.given)
			}
		})
	}
}

func TestDisplayName(t *testing.T) {
	for _, test := range []struct{ locale, given, family, want string }{
		{"en", "Ada", "Lovelace", "Ada Lovelace"},
		{"ja", "花子", "山田", "山田 花子"},
		{"zh-Hans", "丽娟", "王", "王丽娟"},
		{"zh-Hans", "Ada", "Lovelace", "Lovelace Ada"},
		{"zh-Hans", "Ada", "", "Ada"},
		{"en", "", "", "ada@example.com"},
	} {
		a := Account{Email: "ada@example.com", Profile: Profile{Locale: test.locale, GivenName: test.given, FamilyName: test.family}}
		if got := a.DisplayName(); got != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
}
