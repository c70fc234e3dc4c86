package view

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"golang.org/x/net/html"

	"signet/templates"
)

func readCatalogue(t *testing.T, l Locale) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, name := range catalogueFiles(t, l) {
		raw, err := templates.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		part := map[string]string{}
		if err := yaml.UnmarshalWithOptions(raw, &part, yaml.Strict()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for key, text := range part {
			if _, twice := texts[key]; twice {
				t.Errorf("%s: %s is in another file of the language, too", name, key)
			}
			texts[key] = text
		}
	}
	return texts
}

// catalogueFiles are the files of a language, one for each group of pages.
func catalogueFiles(t *testing.T, l Locale) []string {
	t.Helper()
	names, err := fs.Glob(templates.FS, "locales/"+l.tag+"/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return names
}

var placeholder = regexp.MustCompile(`\{\{\.\w+\}\}`)

func TestCataloguesAgree(t *testing.T) {
	english := readCatalogue(t, DefaultLocale)
	for _, l := range Locales() {
		texts := readCatalogue(t, l)
		for key, text := range english {
			translated, ok := texts[key]
			if !ok || strings.TrimSpace(translated) == "" {
				t.Errorf("%s lacks %s", l, key)
				continue
			}
			want, got := placeholder.FindAllString(text, -1), placeholder.FindAllString(translated, -1)
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(want, got) {
				t.Errorf("%s: %s fills in %v, not %v", l, key, got, want)
			}
			if strings.ContainsAny(translated, "<>!！") {
				t.Errorf("%s: %s has markup or an exclamation mark: %s", l, key, translated)
			}
		}
		for key := range texts {
			if _, ok := english[key]; !ok {
				t.Errorf("%s: %s is not in English", l, key)
			}
		}
		if want, got := len(catalogueFiles(t, DefaultLocale)), len(catalogueFiles(t, l)); got != want {
			t.Errorf("%s has %d files, not the %d of English", l, got, want)
		}
	}
	files, err := fs.Glob(templates.FS, "locales/*")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(Locales()) {
		t.Errorf("%d catalogues for %d languages", len(files), len(Locales()))
	}
}

var (
	keyInTemplate = regexp.MustCompile(`\.(?:T|Rich|Fact|Button [.\w]+) "([^"]+)"`)
	keyShape      = regexp.MustCompile(`^[a-z_]+(\.[a-z_]+)+$`)
)

// TestEveryKeyIsUsedAndThere compares the English catalogue with the keys that
// templates and the Go files of this package name.
func TestEveryKeyIsUsedAndThere(t *testing.T) {
	used := map[string]string{}
	eachTemplate(t, func(name, source string) {
		for _, m := range keyInTemplate.FindAllStringSubmatch(source, -1) {
			used[m[1]] = name
		}
	})
	english := readCatalogue(t, DefaultLocale)
	namespaces := map[string]bool{}
	for key := range english {
		namespaces[strings.SplitN(key, ".", 2)[0]] = true
	}
	for literal, file := range stringLiterals(t) {
		if keyShape.MatchString(literal) && namespaces[strings.SplitN(literal, ".", 2)[0]] {
			used[literal] = file
		}
	}
	for key, where := range used {
		if _, ok := english[key]; !ok {
			t.Errorf("%s uses %q, which is in no catalogue", where, key)
		}
	}
	for key := range english {
		if _, ok := used[key]; !ok {
			t.Errorf("nothing uses %q", key)
		}
	}
}

// stringLiterals are those of this package's own files, with the file's name.
func stringLiterals(t *testing.T) map[string]string {
	t.Helper()
	literals := map[string]string{}
	files, err := fs.Glob(osDir, "*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil {
					literals[s] = name
				}
			}
			return true
		})
	}
	return literals
}

func eachTemplate(t *testing.T, visit func(name, source string)) {
	t.Helper()
	for _, pattern := range []string{"layout/*.html", "pages/*/*.html", "mail/*.html", "mail/*.txt"} {
		names, err := fs.Glob(templates.FS, pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, name := range names {
			source, err := templates.FS.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			visit(name, string(source))
		}
	}
}

var (
	action = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	word   = regexp.MustCompile(`\pL{2,}`)
)

// spoken are the attributes that people read or hear.
var spoken = []string{"alt", "title", "placeholder", "aria-label", "aria-description"}

// TestTemplatesHoldNoWords finds text that is not from a catalogue.
func TestTemplatesHoldNoWords(t *testing.T) {
	eachTemplate(t, func(name, source string) {
		z := html.NewTokenizer(strings.NewReader(action.ReplaceAllString(source, "")))
		for {
			switch z.Next() {
			case html.ErrorToken:
				return
			case html.TextToken:
				if w := word.FindString(string(z.Text())); w != "" {
					t.Errorf("%s says %q", name, w)
				}
			case html.StartTagToken, html.SelfClosingTagToken:
				for _, a := range z.Token().Attr {
					if slices.Contains(spoken, a.Key) && word.MatchString(a.Val) {
						t.Errorf("%s says %s=%q", name, a.Key, a.Val)
					}
				}
			}
		}
	})
}

func TestValuesAreEscapedAndIsolated(t *testing.T) {
	c, err := catalogueOf(DefaultLocale)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.rich("signin.to_app", []string{"App", "<b>\x000\x00 & Co"})
	if err != nil {
		t.Fatal(err)
	}
	if want := "to go on to <strong><bdi>&lt;b&gt;\uFFFD0\uFFFD &amp; Co</bdi></strong>"; string(got) != want {
		t.Errorf("rich: %q, not %q", got, want)
	}
	arabic, _ := LocaleOf("ar")
	if c, err = catalogueOf(arabic); err != nil {
		t.Fatal(err)
	}
	plain, err := c.text("error.back", []string{"Name", "Shop (EU)"})
	if err != nil {
		t.Fatal(err)
	}
	if want := "العودة إلى \u2068Shop (EU)\u2069"; plain != want {
		t.Errorf("text: %q, not %q", plain, want)
	}
	if _, err := c.text("no.such", nil); err == nil {
		t.Error("a key that is not there was not refused")
	}
}
