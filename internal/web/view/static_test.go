package view

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"signet/templates"
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

func TestRosettes(t *testing.T) {
	a, b := Rosette("web"), Rosette("weh")
	if bytes.Equal(a, b) || !bytes.Equal(a, Rosette("web")) {
		t.Error("an id has one figure, and each another")
	}
	if s, ok := parseSeed(strings.TrimSuffix(strings.TrimPrefix(rosettePath("web"), "/static/rosette-"), ".svg")); !ok ||
		!bytes.Equal(drawRosette(s), a) {
		t.Error("the address does not draw the figure")
	}
	if z := compress(a); len(z) > 6000 {
		t.Errorf("%d bytes compressed", len(z))
	}
	for i := range 256 { // no seed leaves the view box
		for _, m := range regexp.MustCompile(`M(-?\d+) (-?\d+)`).FindAllSubmatch(drawRosette(seed{byte(i), byte(i), 255, byte(i), 255, 255}), -1) {
			if string(m[1]) > "9" || m[1][0] == '-' {
				t.Fatalf("a ring starts at %s", m[0])
			}
		}
	}
}

// TestAccentsCanBeRead tries colours all around the wheel, and the extremes.
func TestAccentsCanBeRead(t *testing.T) {
	rule := regexp.MustCompile(`--accent:(#[0-9a-f]{6})`)
	for i := range 512 {
		asked := colour{float64(i&7) / 7, float64(i>>3&7) / 7, float64(i>>6&7) / 7}
		found := rule.FindAllStringSubmatch(accentRules(asked), -1)
		light, _ := parseColour(found[0][1])
		dark, _ := parseColour(found[1][1])
		ratios := []float64{
			contrast(light, colourToken(t, "--paper", false)), contrast(light, colourToken(t, "--note-wash", false)),
			contrast(light, colourToken(t, "--card", false)), contrast(light, white),
			contrast(dark, colourToken(t, "--paper", true)), contrast(dark, colourToken(t, "--note-wash", true)),
			contrast(dark, colourToken(t, "--card", true)), contrast(dark, colourToken(t, "--on-accent", true)),
		}
		for _, ratio := range ratios {
			if ratio < 4.5 {
				t.Fatalf("%s: %v", asked, ratios)
			}
		}
	}
}

// TestTokensCanBeRead holds the palette to WCAG 2.2: 4.5 for text (1.4.3), 3
// for the outlines of fields (1.4.11).
func TestTokensCanBeRead(t *testing.T) {
	pairs := []struct {
		front, back string
		least       float64
	}{
		{"--ink", "--paper", 4.5}, {"--ink", "--card", 4.5}, {"--ink", "--field", 4.5}, {"--ink", "--note-wash", 4.5},
		{"--ink", "--bad-wash", 4.5}, {"--ink-soft", "--paper", 4.5}, {"--ink-soft", "--card", 4.5}, {"--ink-soft", "--field", 4.5},
		{"--accent", "--card", 4.5}, {"--accent", "--paper", 4.5}, {"--accent", "--note-wash", 4.5}, {"--on-accent", "--accent", 4.5},
		{"--bad", "--card", 4.5}, {"--bad", "--bad-wash", 4.5}, {"--good", "--good-wash", 4.5}, {"--seal", "--paper", 3},
		{"--on-seal", "--seal", 4.5}, {"--outline", "--card", 3}, {"--outline", "--field", 3}, {"--bad", "--bad-wash", 3},
	}
	for _, p := range pairs {
		for _, dark := range []bool{false, true} {
			if got := contrast(colourToken(t, p.front, dark), colourToken(t, p.back, dark)); got < p.least || math.IsNaN(got) {
				t.Errorf("%s on %s (dark: %v): %.2f, not %.1f", p.front, p.back, dark, got, p.least)
			}
		}
	}
	if colourToken(t, "--note-wash", false) != lightWash || colourToken(t, "--note-wash", true) != darkWash {
		t.Error("accent.go and signet.css have different washes")
	}
}

// colourToken reads a colour of the style sheet: the first value is the light one,
// the second the dark one.
func colourToken(t *testing.T, name string, dark bool) colour {
	t.Helper()
	sheet, err := templates.FS.ReadFile("static/signet.css")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(name+`: (#[0-9a-f]{6});`).FindAllSubmatch(sheet, 2)
	if len(found) != 2 {
		t.Fatalf("%s has %d values", name, len(found))
	}
	which := 0
	if dark {
		which = 1
	}
	c, ok := parseColour(string(found[which][1]))
	if !ok {
		t.Fatalf("%s: %s", name, found[which][1])
	}
	return c
}

func TestPolicy(t *testing.T) {
	for _, tt := range []struct {
		targets []string
		want    string
	}{
		{nil, "; form-action 'self'"},
		{[]string{"https://app.example", ""}, "; form-action 'self' https://app.example"},
		{[]string{"https://a.example; script-src *"}, "; form-action 'self'"},
		{[]string{"'unsafe-inline'"}, "; form-action 'self'"},
		{[]string{"*"}, "; frame-ancestors 'none'"},
	} {
		if got := CSP(tt.targets...); !strings.HasSuffix(got, tt.want) || strings.Contains(got, "unsafe") {
			t.Errorf("%v: %s", tt.targets, got)
		}
	}
}

func TestNegotiate(t *testing.T) {
	for _, tt := range []struct{ ui, cookie, accept, want string }{
		{"", "", "", "en"},
		{"", "", "de-AT,de;q=0.9,en;q=0.8", "de"},
		{"", "", "pt-PT", "pt-BR"},
		{"", "", "zh-CN,zh;q=0.9", "zh-Hans"},
		{"", "", "nn, ar-EG;q=0.5", "ar"},
		{"", "", "en;q=0.2, ja", "ja"},
		{"fr-CA en", "", "de", "fr"},
		{"xx ja", "", "de", "ja"},
		{"nn", "", "es-MX", "es"},
		{"", "", "xx;q=1, fr;q=0.4, de;q=0.6", "de"},
		{"fr", "ar", "de", "ar"},
		{"fr", "klingon", "de", "fr"},
		{"fr", "PT-br", "", "pt-BR"},
		{"", "", strings.Repeat("x-", 5000), "en"},
		{"", "", ";;,,q=1", "en"},
	} {
		if got := Negotiate(tt.ui, tt.cookie, tt.accept); got.String() != tt.want {
			t.Errorf("%+v: %s", tt, got)
		}
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
		b.Run(fmt.Sprint(l), func(b *testing.B) {
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
