package browser

import (
	"strings"
	"testing"

	"signet/internal/testenv"
	"signet/internal/web/view"
)

// way is how a person goes through a journey. Colours are no part of it: each
// page is inspected in light and in dark.
type way struct {
	name   string
	script bool
	narrow bool
	lang   string // that the browser asks for
	email  string // of the person who walks it; see house
	words  bool   // what is new on it are the words: colours were inspected in other ways
}

// ways pair each of scripts, width and language with each of the others.
var ways = []way{
	{name: "script, wide, English", script: true, narrow: false, lang: "en", email: "ada@example.com"},
	{name: "script, narrow, Arabic", script: true, narrow: true, lang: "ar", email: "bob@example.com"},
	{name: "no script, wide, Arabic", script: false, narrow: false, lang: "ar", email: "cyd@example.com"},
	{name: "no script, narrow, English", script: false, narrow: true, lang: "en", email: "dan@example.com"},
}

// eachWay walks the journey in every way.
func eachWay(t *testing.T, walk func(t *testing.T, w way)) {
	t.Helper()
	t.Parallel()
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			walk(t, w)
		})
	}
}

// person is who walks: each way has somebody of its own, so that the ways do
// not meet in one house.
func (w way) person() testenv.Person {
	return testenv.Person{Email: w.email, Password: password}
}

// width is the window's width in CSS pixels.
func (w way) width() int64 {
	if w.narrow {
		return 320
	}
	return 1280
}

func (w way) height() int64 {
	if w.narrow {
		return 640
	}
	return 800
}

// eachLanguage walks the journey in every language, in a narrow window without
// scripts, where words have the least room and the least help.
func eachLanguage(t *testing.T, walk func(t *testing.T, w way)) {
	t.Helper()
	t.Parallel()
	for _, l := range view.Locales() {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			walk(t, speaking(l.String()))
		})
	}
}

// speaking is the way of who speaks the language, and of nobody else.
func speaking(lang string) way {
	return way{name: lang, narrow: true, lang: lang, email: strings.ToLower(lang) + "@example.com", words: true}
}

// dir is the direction of writing that goes with a language of the ways.
func dir(lang string) string {
	if lang == "ar" {
		return "rtl"
	}
	return "ltr"
}
