package browser

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// bad is a page with one fault of each kind that an inspection must see.
const bad = `<!doctype html><html lang="de" dir="ltr"><head><title>Bad</title><link rel="icon" href="data:,">
<script src="/bad.js"></script></head><body><main><h1 style="color:red">Bad</h1>
<img src="/missing.png"><p class="pale">can hardly be read</p><p class="wide">.</p>
<input id="field" autofocus></main></body></html>`

const badScript = `console.error('a complaint'); setTimeout(() => { throw new Error('a mistake') });`

const badStyle = `.pale { color: #ccc; background: #fff } .wide { width: 3000px }`

// The inspection sees what it is there to see; otherwise all other tests would
// be worth nothing.
func TestInspectionSeesFaults(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html")
		h.Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data:")
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, strings.Replace(bad, "<script", `<link rel="stylesheet" href="/bad.css"><script`, 1))
	})
	mux.HandleFunc("GET /bad.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		io.WriteString(w, badScript)
	})
	mux.HandleFunc("GET /bad.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css")
		io.WriteString(w, badStyle)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)

	tab := newVisitor(t, ways[0]).NewTab()
	tab.Open(s.URL)
	seen := &recorder{TB: t}
	tab.t = seen
	tab.See(s.URL, Look{Focus: "elsewhere"})
	tab.t = t
	all := strings.Join(seen.errors, "\n")
	for _, want := range []string{
		"status 418, want 200", `lang "de"`, "pixels wide", `the focus is on "field"`,
		"axe color-contrast", "axe image-alt", "axe label", "in dark: axe",
		"console error: ", "page error: ", "Content Security Policy", "issue ContentSecurityPolicyIssue", "missing.png, which is not the page itself",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("the inspection does not see %q", want)
		}
	}
	if t.Failed() {
		t.Logf("it saw:\n%s", all)
	}
}

// moving is a page whose button moves as soon as somebody has seen where it is.
const moving = `<!doctype html><html lang="en"><head><title>Moving</title><link rel="icon" href="data:,"></head><body>
<button id="go" onclick="document.title += '!'">Go</button><script>
const look = document.elementFromPoint.bind(document);
document.elementFromPoint = (x, y) => {
	const seen = look(x, y);
	document.getElementById('go').style.marginTop = '300px';
	return seen;
};
</script></body></html>`

// A click is for the control, wherever that has gone meanwhile, and there is one.
func TestClickFollowsTheControl(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, moving) }))
	t.Cleanup(s.Close)
	tab := newVisitor(t, ways[0]).NewTab()
	tab.Open(s.URL)
	tab.Click("#go")
	tab.until("the click comes", func() bool { return tab.Text("title") != "Moving" })
	if said := tab.Text("title"); said != "Moving!" {
		t.Errorf("the title is %q after one click", said)
	}
}

// recorder keeps the faults that a test would fail of.
type recorder struct {
	testing.TB
	errors []string
}

// Errorf implements testing.TB.
func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}
