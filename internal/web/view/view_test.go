package view

import (
	"bytes"
	"io"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jba/templatecheck"
)

var osDir = os.DirFS(".")

// TestTemplatesFitTheirPages type-checks every page's template, branches that
// no state takes included, against its struct.
func TestTemplatesFitTheirPages(t *testing.T) {
	for _, p := range blanks() {
		pages, err := parse() // anew: a set that was executed cannot be checked
		if err != nil {
			t.Fatal(err)
		}
		if err := templatecheck.CheckHTML(pages.Lookup(p.template()), p); err != nil {
			t.Errorf("%s: %v", p.template(), err)
		}
	}
}

// TestEveryPageIsTriedAtStart finds pages that New would not render.
func TestEveryPageIsTriedAtStart(t *testing.T) {
	tried := map[string]bool{}
	for _, p := range blanks() {
		if tried[p.template()] {
			t.Errorf("two pages are called %s", p.template())
		}
		tried[p.template()] = true
	}
	found := 0
	eachTemplate(t, func(name, source string) {
		for part := range strings.SplitSeq(source, "{{define ") {
			if !strings.Contains(part, `{{- template "top" `) {
				continue
			}
			found++
			if page := strings.SplitN(part, `"`, 3)[1]; !tried[page] {
				t.Errorf("%s: the page %s has no struct in blanks", name, page)
			}
		}
	})
	if found != len(tried) {
		t.Errorf("%d templates of pages for %d structs", found, len(tried))
	}
}

func TestBrandFaultsAreFoundAtStart(t *testing.T) {
	for _, accent := range []string{"blue", "#12345", "#12345g", "27408b", "#27408b;}"} {
		if _, err := New(Options{Brand: Brand{Accent: accent}}); err == nil {
			t.Errorf("the accent %q was taken", accent)
		}
	}
}

func TestFailureWritesNothing(t *testing.T) {
	r, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.Render(&b, DefaultLocale, &Identifier{Fault: "no.such"}); err == nil {
		t.Error("a message that is not there was not refused")
	}
	if err := r.Render(&b, Locale{}, &Identifier{}); err == nil {
		t.Error("a language that is not there was not refused")
	}
	if b.Len() > 0 {
		t.Errorf("wrote %q", b.String())
	}
}

// TestRenderersAreShared renders in all languages at once, for the race
// detector, and finds each page whole.
func TestRenderersAreShared(t *testing.T) {
	r, err := New(Options{BasePath: "/id/"})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		for _, l := range Locales() {
			wg.Go(func() {
				var b bytes.Buffer
				if err := r.Render(&b, l, &SignedOut{GoOn: "/"}); err != nil {
					t.Error(err)
				}
				page := b.String()
				if !strings.Contains(page, `lang="`+l.tag+`"`) || !strings.HasSuffix(page, "</html>\n") ||
					!strings.Contains(page, `href="/id/static/signet-`) {
					t.Errorf("in %s: %s", l, page)
				}
			})
		}
	}
	wg.Wait()
}

func TestMoments(t *testing.T) {
	at := time.Date(2026, time.March, 5, 23, 7, 0, 0, time.FixedZone("", -3600))
	want := map[string]string{
		"en": "6 March 2026, 00:07 UTC", "de": "6. März 2026, 00:07 UTC", "es": "6 de marzo de 2026, 00:07 UTC",
		"fr": "6 mars 2026 à 00:07 UTC", "pt-BR": "6 de março de 2026, 00:07 UTC", "ja": "2026年3月6日 00:07 UTC",
		"zh-Hans": "2026年3月6日 00:07 UTC", "ar": "6 مارس 2026، 00:07 UTC",
	}
	got := map[string]string{}
	for _, l := range Locales() {
		c, err := catalogueOf(l)
		if err != nil {
			t.Fatal(err)
		}
		m, err := (&Frame{catalogue: c}).Moment(at)
		if err != nil {
			t.Fatal(err)
		}
		if m.Machine != "2026-03-06T00:07:00Z" {
			t.Errorf("machine: %s", m.Machine)
		}
		got[l.tag] = m.Text
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}

func FuzzSpans(f *testing.F) {
	f.Add("see https://id.example/a?b=1. Or (http://x).")
	f.Add("https://")
	f.Fuzz(func(t *testing.T, s string) {
		var all strings.Builder
		for _, span := range (&Mail{Text: s}).Spans() {
			if span.Text == "" {
				t.Fatal("an empty span")
			}
			if span.URL != "" && !strings.HasPrefix(span.URL, "http://") && !strings.HasPrefix(span.URL, "https://") {
				t.Fatalf("a link to %q", span.URL)
			}
			all.WriteString(span.Text)
		}
		if all.String() != s {
			t.Fatalf("%q became %q", s, all.String())
		}
	})
}

func TestSpansLeaveTheSentenceItsStop(t *testing.T) {
	got := (&Mail{Text: "open https://id.example/a?b=1. Bye"}).Spans()
	want := []Span{{Text: "open "}, {Text: "https://id.example/a?b=1", URL: "https://id.example/a?b=1"}, {Text: ". Bye"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func BenchmarkRender(b *testing.B) {
	r, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	app := &App{ID: "web", Name: "Device console", Domain: "devices.example"}
	form := LanguageChoice{Action: "/language", Return: "/signin"}
	for _, l := range []Locale{DefaultLocale, locales[len(locales)-1]} {
		b.Run(l.tag, func(b *testing.B) {
			p := &Identifier{Frame: Frame{App: app, Languages: form}, Form: Form{Action: "/signin"}}
			b.ReportAllocs()
			for b.Loop() {
				if err := r.Render(io.Discard, l, p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
