package view

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// Locale is one of the languages that the pages speak. Locales are compared
// with ==, and the zero value is not one.
type Locale struct{ tag, name, dir string }

// String is the BCP 47 tag, such as "pt-BR".
func (l Locale) String() string { return l.tag }

// Name is what the language calls itself.
func (l Locale) Name() string { return l.name }

// Dir is the direction of writing: "ltr" or "rtl".
func (l Locale) Dir() string { return l.dir }

// DefaultLocale is for whoever asks for none that we have.
var DefaultLocale = Locale{"en", "English", "ltr"}

var (
	locales = []Locale{
		DefaultLocale,
		{"zh-Hans", "简体中文", "ltr"},
		{"de", "Deutsch", "ltr"},
		{"es", "Español", "ltr"},
		{"fr", "Français", "ltr"},
		{"ja", "日本語", "ltr"},
		{"pt-BR", "Português (Brasil)", "ltr"},
		{"ar", "العربية", "rtl"},
	}
	matcher = newMatcher()
)

// Locales are all languages, in the order in which they are offered.
func Locales() []Locale { return locales }

func newMatcher() language.Matcher {
	tags := make([]language.Tag, len(locales))
	for i, l := range locales {
		tags[i] = language.MustParse(l.tag)
	}
	return language.NewMatcher(tags)
}

// LocaleOf is the language with exactly this tag, as a form or a cookie names
// it.
func LocaleOf(tag string) (Locale, bool) {
	for _, l := range locales {
		if strings.EqualFold(l.tag, tag) {
			return l, true
		}
	}
	return Locale{}, false
}

// maxTags bounds, in bytes, what is read of a stranger's list of languages.
const maxTags = 256

// Negotiate chooses the language of a page. What the person chose here
// (cookie, a tag) goes before what the app asked for (uiLocales, tags between
// spaces: OpenID Connect Core §3.1.2.1), or the choice would have no effect;
// what the browser prefers (acceptLanguage, RFC 9110 §12.5.4) comes last.
func Negotiate(uiLocales, cookie, acceptLanguage string) Locale {
	if l, ok := LocaleOf(cookie); ok {
		return l
	}
	if l, ok := match(strings.Join(strings.Fields(clip(uiLocales)), ",")); ok {
		return l
	}
	if l, ok := match(clip(acceptLanguage)); ok {
		return l
	}
	return DefaultLocale
}

// match finds the best of the languages in a list with weights. An entry that
// cannot be read, or that is not known, is passed over without the others.
func match(list string) (Locale, bool) {
	type wish struct {
		tag    language.Tag
		weight float32
	}
	var wishes []wish
	for entry := range strings.SplitSeq(list, ",") {
		tags, weights, err := language.ParseAcceptLanguage(entry)
		if err == nil && len(tags) == 1 {
			wishes = append(wishes, wish{tags[0], weights[0]})
		}
	}
	slices.SortStableFunc(wishes, func(a, b wish) int { return cmp.Compare(b.weight, a.weight) })
	tags := make([]language.Tag, len(wishes))
	for i, w := range wishes {
		tags[i] = w.tag
	}
	_, i, confidence := matcher.Match(tags...)
	return locales[i], confidence > language.No
}

func clip(s string) string { return s[:min(len(s), maxTags)] }
