package browser

import (
	"testing"

	"signet/internal/testenv"
)

// way is how a person goes through a journey. Colours are no part of it: each
// page is inspected in light and in dark.
type way struct {
	name   string
	script bool
	narrow bool
	lang   string // that the browser asks for
	email  string // of the person who walks it; see house
}

// ways pair each of scripts, width and language with each of the others.
var ways = []way{
	{"script, wide, English", true, false, "en", "ada@example.com"},
	{"script, narrow, Arabic", true, true, "ar", "bob@example.com"},
	{"no script, wide, Arabic", false, false, "ar", "cyd@example.com"},
	{"no script, narrow, English", false, true, "en", "dan@example.com"},
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

// dir is the direction of writing that goes with a language of the ways.
func dir(lang string) string {
	if lang == "ar" {
		return "rtl"
	}
	return "ltr"
}
