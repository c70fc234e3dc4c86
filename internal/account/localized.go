package account

import (
	"slices"
	"strings"

	"golang.org/x/text/language"

	"signet/internal/fault"
)

// localizable are the claims that may be stored in several languages and scripts
// (OpenID Connect Core §5.2): those that are words, or lead to words.
var localizable = []string{"name", "given_name", "family_name", "middle_name", "nickname", "profile", "website"}

// Bounds of what is stored so.
const (
	mostLocalized    = 50
	longestLocalized = 500 // bytes
)

// LocalizedName reads the name of a claim with a language tag behind it, such as
// family_name#ja-Kana-JP, into its one spelling; false for any other name.
func LocalizedName(name string) (spelled, claim string, ok bool) {
	claim, tag, found := strings.Cut(name, "#")
	if !found || !slices.Contains(localizable, claim) {
		return "", "", false
	}
	parsed, err := language.Parse(tag)
	if err != nil || parsed == language.Und {
		return "", "", false
	}
	return claim + "#" + parsed.String(), claim, true
}

// checkLocalized says what is wrong with localized claims.
func checkLocalized(all map[string]string) error {
	if len(all) > mostLocalized {
		return fault.New(fault.Invalid, "a person has at most %d claims in other languages", mostLocalized).On("localized")
	}
	for name, value := range all {
		if spelled, _, ok := LocalizedName(name); !ok || spelled != name {
			return fault.New(fault.Invalid, "%q is not a claim such as name#fr, with one of %s and a language tag", name, strings.Join(localizable, ", ")).On("localized")
		}
		if strings.HasPrefix(name, "profile#") || strings.HasPrefix(name, "website#") {
			if !strings.HasPrefix(value, "https://") && !strings.HasPrefix(value, "http://") {
				return fault.New(fault.Invalid, "%s is an address that begins with https://, not %q", name, value).On("localized")
			}
		}
		if len(value) > longestLocalized {
			return fault.New(fault.Invalid, "%s has more than %d bytes", name, longestLocalized).On("localized")
		}
	}
	return nil
}

// In returns the localized claims, by their names with the tag, that are in one
// of the languages: de asks for de-AT as well (RFC 4647 §3.3.1).
func (p *Profile) In(claim string, languages []string) map[string]string {
	out := map[string]string{}
	for name, value := range p.Localized {
		of, tag, _ := strings.Cut(name, "#")
		if of == claim && slices.ContainsFunc(languages, func(l string) bool { return tag == l || strings.HasPrefix(tag, l+"-") }) {
			out[name] = value
		}
	}
	return out
}
