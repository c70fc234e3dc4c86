package org

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"

	"signet/internal/fault"
)

// DomainProblem is the cause of a fault about a domain, and what a check of its
// record found; for those who say it in other words.
type DomainProblem string

// What can be wrong with the name of a domain.
const (
	DomainMalformed DomainProblem = "malformed"
	DomainSuffix    DomainProblem = "suffix"    // below it others register theirs
	DomainFreeMail  DomainProblem = "free-mail" // anybody gets an address there
	DomainMixed     DomainProblem = "mixed"     // letters of several scripts in one word
)

// Error implements error.
func (p DomainProblem) Error() string { return "domain: " + string(p) }

// longestDomain is what leaves room for the label of the record (RFC 1035 §2.3.4).
const longestDomain = 253 - len(recordLabel)

// CheckDomain returns the domain as it is kept, or says what is wrong with what
// was typed. An address, or one of a website, is taken for its domain.
func CheckDomain(typed string) (string, error) {
	bad := func(p DomainProblem, format string, args ...any) (string, error) {
		return "", fault.Wrap(fault.Invalid, p, format, args...).On("domain")
	}
	s := strings.ToLower(strings.TrimSpace(typed))
	s = strings.TrimPrefix(strings.TrimPrefix(s, "https://"), "http://")
	s, _, _ = strings.Cut(s, "/")
	s = strings.TrimSuffix(s[strings.LastIndexByte(s, '@')+1:], ".")
	name, err := idna.Lookup.ToASCII(s)
	if err != nil || len(name) > longestDomain || !strings.Contains(name, ".") || strings.ContainsFunc(name, notHost) || isNumber(name[strings.LastIndexByte(name, '.')+1:]) {
		return bad(DomainMalformed, "this is no domain; write what is after the @ in your addresses, such as example.com")
	}
	if suffix, _ := publicsuffix.PublicSuffix(name); suffix == name {
		return bad(DomainSuffix, "%s is no single organization's: others register domains below it", name)
	}
	if slices.Contains(freeMail, name) {
		return bad(DomainFreeMail, "anybody can have an address at %s; use a domain of your own", name)
	}
	for label := range strings.SplitSeq(display(name), ".") {
		if mixes(label) {
			return bad(DomainMixed, "%s mixes letters of several scripts in one word, as names do that imitate others", name)
		}
	}
	return name, nil
}

// notHost reports whether the character is in no host's name (RFC 1123 §2.1).
func notHost(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.')
}

// isNumber: the last word of an address such as 192.0.2.1.
func isNumber(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// display is the name with the letters of its language.
func display(name string) string {
	if shown, err := idna.Display.ToUnicode(name); err == nil {
		return shown
	}
	return name
}

// together are the scripts that are written in one word (UTS #39 §5.2, "highly
// restrictive").
var together = [][]string{
	{"Latin", "Han", "Hiragana", "Katakana"}, {"Latin", "Han", "Bopomofo"}, {"Latin", "Han", "Hangul"},
}

// mixes reports whether the word has letters of scripts that no language writes
// in one word.
func mixes(word string) bool {
	var scripts []string
	for _, r := range word {
		for name, table := range unicode.Scripts {
			if name != "Common" && name != "Inherited" && unicode.Is(table, r) && !slices.Contains(scripts, name) {
				scripts = append(scripts, name)
			}
		}
	}
	if len(scripts) < 2 {
		return false
	}
	return !slices.ContainsFunc(together, func(allowed []string) bool {
		return !slices.ContainsFunc(scripts, func(s string) bool { return !slices.Contains(allowed, s) })
	})
}

// lookAlikes are letters that are taken for others (UTS #39 §4), of the scripts
// that Latin is imitated with, and in ASCII itself.
var lookAlikes = strings.NewReplacer(
	"а", "a", "в", "b", "с", "c", "ԁ", "d", "е", "e", "һ", "h", "н", "h", "і", "l", "ї", "l", "ј", "j", "к", "k", "ӏ", "l", "м", "m", "о", "o",
	"р", "p", "ԛ", "q", "г", "r", "ѕ", "s", "т", "t", "у", "y", "ү", "y", "ѵ", "v", "ԝ", "w", "х", "x",
	"α", "a", "ο", "o", "ν", "v", "ρ", "p", "τ", "t", "υ", "u", "ι", "l", "κ", "k", "χ", "x", "η", "n", "ω", "w",
	"օ", "o", "ս", "u", "հ", "h", "ո", "n", "ց", "g", "ı", "l",
	"0", "o", "1", "l", "i", "l", "rn", "m", "vv", "w", "5", "s",
)

// Skeleton is what domains have in common that look the same.
func (d *Domain) Skeleton() string { return lookAlikes.Replace(display(d.Name)) }

// freeMail are domains in which anybody gets an address: nobody could prove them,
// and whoever tries has misread the question.
var freeMail = []string{
	"126.com", "163.com", "aim.com", "aol.com", "att.net", "comcast.net", "daum.net", "duck.com", "fastmail.com", "free.fr", "gmail.com",
	"gmx.at", "gmx.ch", "gmx.com", "gmx.de", "gmx.net", "googlemail.com", "hanmail.net", "hotmail.co.uk", "hotmail.com", "hotmail.de",
	"hotmail.fr", "hotmail.it", "hushmail.com", "icloud.com", "inbox.lv", "laposte.net", "libero.it", "live.com", "live.fr", "mac.com",
	"mail.com", "mail.ru", "me.com", "msn.com", "naver.com", "orange.fr", "outlook.com", "outlook.de", "outlook.es", "outlook.fr",
	"outlook.jp", "pm.me", "proton.me", "protonmail.com", "qq.com", "rediffmail.com", "sina.com", "sohu.com", "t-online.de", "terra.com.br",
	"tuta.com", "tutanota.com", "uol.com.br", "vip.qq.com", "virgilio.it", "wanadoo.fr", "web.de", "yahoo.co.jp", "yahoo.co.uk", "yahoo.com",
	"yahoo.com.br", "yahoo.de", "yahoo.es", "yahoo.fr", "yandex.com", "yandex.ru", "yeah.net", "zoho.com",
}
