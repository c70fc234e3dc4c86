package browser

import "testing"

// way is how a person goes through a journey. Colours are no part of it: each
// page is inspected in light and in dark.
type way struct {
	name   string
	script bool
	narrow bool
	lang   string // that the browser asks for
}

// ways pair each of scripts, width and language with each of the others.
var ways = []way{
	{"script, wide, English", true, false, "en"},
	{"script, narrow, Arabic", true, true, "ar"},
	{"no script, wide, Arabic", false, false, "ar"},
	{"no script, narrow, English", false, true, "en"},
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
