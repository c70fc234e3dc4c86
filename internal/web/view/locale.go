package view

import (
	"cmp"
	"fmt"
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

// FamilyFirst reports whether the family name stands before the given name.
func (l Locale) FamilyFirst() bool { return l.tag == "ja" || l.tag == "zh-Hans" }

// DefaultLocale is for whoever asks for none that we have.
var DefaultLocale = Locale{"en", "English", "ltr"}

var locales = []Locale{
	DefaultLocale,
	{"zh-Hans", "简体中文", "ltr"},
	{"de", "Deutsch", "ltr"},
	{"es", "Español", "ltr"},
	{"fr", "Français", "ltr"},
	{"ja", "日本語", "ltr"},
	{"pt-BR", "Português (Brasil)", "ltr"},
	{"ar", "العربية", "rtl"},
}

// Locales are all languages that have a catalogue.
func Locales() []Locale { return locales }

// Languages are those that a house offers, in the order in which it does.
type Languages struct {
	offered  []Locale
	fallback Locale
	matcher  language.Matcher
}

// NewLanguages returns the languages with the tags (none: all that there are),
// and fallback ("": DefaultLocale) for whoever asks for none of them. A tag
// without a catalogue is an error.
func NewLanguages(tags []string, fallback string) (*Languages, error) {
	l := &Languages{offered: locales, fallback: DefaultLocale}
	if len(tags) > 0 {
		l.offered = nil
	}
	for _, tag := range tags {
		loc, ok := LocaleOf(tag)
		if !ok {
			return nil, fmt.Errorf("languages.offered: there is no translation into %q; there are %s", tag, names())
		}
		if !slices.Contains(l.offered, loc) {
			l.offered = append(l.offered, loc)
		}
	}
	if fallback != "" {
		loc, ok := LocaleOf(fallback)
		if !ok || !slices.Contains(l.offered, loc) {
			return nil, fmt.Errorf("languages.default: %q is not one of the languages offered", fallback)
		}
		l.fallback = loc
	}
	if !slices.Contains(l.offered, l.fallback) {
		l.fallback = l.offered[0]
	}
	known := make([]language.Tag, len(l.offered))
	for i, loc := range l.offered {
		known[i] = language.MustParse(loc.tag)
	}
	l.matcher = language.NewMatcher(known)
	return l, nil
}

func names() string {
	var tags []string
	for _, l := range locales {
		tags = append(tags, l.tag)
	}
	return strings.Join(tags, ", ")
}

// All are the languages offered.
func (l *Languages) All() []Locale { return l.offered }

// Of is the offered language with exactly this tag.
func (l *Languages) Of(tag string) (Locale, bool) {
	loc, ok := LocaleOf(tag)
	return loc, ok && slices.Contains(l.offered, loc)
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
func (l *Languages) Negotiate(uiLocales, cookie, acceptLanguage string) Locale {
	if loc, ok := l.Of(cookie); ok {
		return loc
	}
	if loc, ok := l.match(strings.Join(strings.Fields(clip(uiLocales)), ",")); ok {
		return loc
	}
	if loc, ok := l.match(clip(acceptLanguage)); ok {
		return loc
	}
	return l.fallback
}

// match finds the best of the languages in a list with weights. An entry that
// cannot be read, or that is not known, is passed over without the others.
func (l *Languages) match(list string) (Locale, bool) {
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
	_, i, confidence := l.matcher.Match(tags...)
	return l.offered[i], confidence > language.No
}

func clip(s string) string { return s[:min(len(s), maxTags)] }
