package view_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"signet/internal/web/view"
	"signet/internal/web/view/states"
)

var update = flag.Bool("update", false, "write the golden files anew")

// hashOf is the part of an asset's address that changes with its content; the
// golden files are about pages and leave it out.
var hashOf = regexp.MustCompile(`(/static/(?:signet|formpost|farewell|challenge|work|newpassword|mark|touch))-[0-9a-f]{10}\.`)

func newRenderer(t testing.TB) *view.Renderer {
	t.Helper()
	r, err := view.New(view.Options{Brand: view.Brand{
		PrivacyURL: "https://id.example/privacy", TermsURL: "https://id.example/terms", HelpURL: "https://id.example/help",
	}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func render(t testing.TB, r *view.Renderer, l view.Locale, p view.Page) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := r.Render(&b, l, p); err != nil {
		t.Fatalf("in %s: %v", l, err)
	}
	return b.Bytes()
}

func TestPagesAreAsHeld(t *testing.T) {
	r := newRenderer(t)
	held := map[string]bool{}
	for _, s := range states.All() {
		t.Run(s.Name, func(t *testing.T) {
			got := hashOf.ReplaceAll(render(t, r, view.DefaultLocale, s.Page()), []byte("$1."))
			name := filepath.Join("testdata", filepath.FromSlash(s.Name)+".html")
			if held[name] {
				t.Fatalf("two states are called %s", s.Name)
			}
			held[name] = true
			if *update {
				writeGolden(t, name, got)
				return
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("differs from %s at %q; if that is meant, run the test with -update",
					name, firstDifference(string(got), string(want)))
			}
		})
	}
	noStrayGolden(t, held)
}

func writeGolden(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return g[i]
		}
	}
	return "its end"
}

// noStrayGolden finds files of states that are no more.
func noStrayGolden(t *testing.T, held map[string]bool) {
	t.Helper()
	err := filepath.WalkDir("testdata", func(path string, d os.DirEntry, err error) error {
		if path == filepath.Join("testdata", "mail") {
			return filepath.SkipDir // letters see to their own
		}
		if err == nil && strings.HasSuffix(path, ".html") && !held[path] {
			t.Errorf("%s belongs to no state", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
