package view

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func get(t *testing.T, r *Renderer, path, accept string) *http.Response {
	t.Helper()
	req := httptest.NewRequest(http.MethodGet, path, nil)
	if accept != "" {
		req.Header.Set("Accept-Encoding", accept)
	}
	w := httptest.NewRecorder()
	r.Static().ServeHTTP(w, req)
	return w.Result()
}

var address = regexp.MustCompile(`(?:href|src)="(/static/[^"]+)"`)

// TestSignInIsLight adds up what a browser fetches for the sign-in page of an
// app that has its own colour: 30 KB in all is the promise.
func TestSignInIsLight(t *testing.T) {
	r, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	app := &App{ID: "web", Name: "Device console", Domain: "devices.example", Accent: "#e8590c"}
	form := LanguageChoice{Action: "/language", Return: "/signin"}
	if err := r.Render(&page, DefaultLocale, &Identifier{Frame: Frame{App: app, Languages: form}}); err != nil {
		t.Fatal(err)
	}
	total, sheets := page.Len(), 0 // the page itself counts as it is
	for _, m := range address.FindAllStringSubmatch(page.String(), -1) {
		res := get(t, r, m[1], "gzip, br")
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %v", m[1], res.StatusCode, err)
		}
		if cc := res.Header.Get("Cache-Control"); cc != "public, max-age=31536000, immutable" {
			t.Errorf("%s: Cache-Control %q", m[1], cc)
		}
		if strings.HasSuffix(m[1], ".css") {
			sheets++
		}
		total += len(body)
	}
	t.Logf("%d bytes", total)
	if total > 30_000 || sheets != 2 {
		t.Errorf("%d bytes with %d style sheets", total, sheets)
	}
}

func TestStaticFiles(t *testing.T) {
	r, err := New(Options{BasePath: "/id", Brand: Brand{Accent: "#0b7285"}})
	if err != nil {
		t.Fatal(err)
	}
	sheet, err := r.assets.path("signet.css")
	if err != nil {
		t.Fatal(err)
	}
	plain, zipped := get(t, r, "/id"+sheet, ""), get(t, r, "/id"+sheet, "gzip;q=0.5")
	want, _ := io.ReadAll(plain.Body)
	zr, err := gzip.NewReader(zipped.Body)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := io.ReadAll(zr)
	if !bytes.Equal(got, want) || !bytes.Contains(got, []byte("--accent:#0b7285")) {
		t.Error("the style sheet differs when it is compressed, or lacks the brand's accent")
	}
	if plain.Header.Get("Content-Encoding") != "" || plain.Header.Get("Vary") != "Accept-Encoding" {
		t.Errorf("headers: %v", plain.Header)
	}
	if policy := get(t, r, "/id"+rosettePath("web"), "").Header.Get("Content-Security-Policy"); !strings.Contains(policy, "'sha256-") {
		t.Errorf("the policy of an image: %q", policy)
	}
	for path, status := range map[string]int{
		"/static/accent-0b7285.css":            200,
		"/static/accent-0B7285.css":            404, // one address per colour
		"/static/accent-0b728.css":             404,
		"/static/accent-0b7285;}.css":          404,
		"/static/rosette-0011223344556677.svg": 200,
		"/static/rosette-00112233445566.svg":   404,
		"/static/rosette-001122334455667G.svg": 404,
		"/static/signet.css":                   404, // only by its content
		"/static/":                             404,
		"/favicon.ico":                         200,
	} {
		if res := get(t, r, path, ""); res.StatusCode != status {
			t.Errorf("%s: %d, not %d", path, res.StatusCode, status)
		}
	}
}

func TestAcceptsGzip(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "gzip": true, "br, GZIP ; q=0.1": true, "gzip;q=0": false, "gzip; q=0.000": false, "x-gzip, br": false, "gzip;q=x": false,
	} {
		if got := acceptsGzip(header); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}
