package protocol

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSpecsNameTests: every test that docs/specs names exists, and every page
// names some.
func TestSpecsNameTests(t *testing.T) {
	t.Parallel()
	known := testNames(t, "../..")
	pages, err := filepath.Glob("../../docs/specs/*.md")
	if err != nil || len(pages) < 10 {
		t.Fatalf("%d pages in docs/specs, %v", len(pages), err)
	}
	name := regexp.MustCompile("`((?:Test|Fuzz)[A-Z][A-Za-z0-9]*)`")
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		found := name.FindAllStringSubmatch(string(text), -1)
		if len(found) == 0 && filepath.Base(page) != "README.md" {
			t.Errorf("%s names no test", page)
		}
		for _, m := range found {
			if !known[m[1]] {
				t.Errorf("%s names %s, which does not exist", page, m[1])
			}
		}
		for i, line := range strings.Split(string(text), "\n") {
			head := strings.HasPrefix(line, "| § |") || strings.HasPrefix(line, "| module |")
			row := strings.HasPrefix(line, "| ") && !head && filepath.Base(page) != "README.md"
			if row && !name.MatchString(line) {
				t.Errorf("%s:%d: a rule without a test", page, i+1)
			}
		}
	}
}

// testNames returns the names of the module's tests.
func testNames(t *testing.T, root string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && d.Name() != "..") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil {
				names[fn.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
