package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The house style aims at 400 lines a file and 60 a function. The tests leave
// some room above that, so that the last fix to a file need not split it.
const (
	maxFileLines = 450
	maxFuncLines = 80
)

// source is one parsed Go file of this module.
type source struct {
	path string // relative to the module
	fset *token.FileSet
	file *ast.File
}

func (s source) test() bool { return strings.HasSuffix(s.path, "_test.go") }

func (s source) at(p token.Pos) string {
	return fmt.Sprintf("%s:%d", s.path, s.fset.Position(p).Line)
}

// sources parses every Go file that was written by hand.
func sources(t *testing.T) []source {
	t.Helper()
	dir := root(t)
	var found []source
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			hidden := strings.HasPrefix(d.Name(), ".") && path != dir
			if hidden || slices.Contains([]string{"testdata", "node_modules"}, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err == nil && !ast.IsGenerated(file) {
			found = append(found, source{path: filepath.ToSlash(rel), fset: fset, file: file})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 10 {
		t.Fatalf("%d Go files found under %s: the limits would hold of nothing", len(found), dir)
	}
	return found
}

func TestLengths(t *testing.T) {
	for _, src := range sources(t) {
		if src.test() {
			continue // a table of cases is as long as its cases
		}
		for _, line := range tooLong(src) {
			t.Error(line)
		}
	}
}

func tooLong(src source) []string {
	var long []string
	if n := src.fset.File(src.file.FileStart).LineCount(); n > maxFileLines {
		long = append(long, fmt.Sprintf("%s: %d lines, at most %d: split the file by what it is about", src.path, n, maxFileLines))
	}
	for _, decl := range src.file.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || isTest(fn) {
			continue
		}
		first, last := src.fset.Position(fn.Pos()).Line, src.fset.Position(fn.End()).Line
		if n := last - first + 1; n > maxFuncLines {
			long = append(long, fmt.Sprintf("%s: func %s has %d lines, at most %d: name its parts", src.at(fn.Pos()), fn.Name.Name, n, maxFuncLines))
		}
	}
	return long
}

// isTest reports whether fn is a test, wherever it stands: the suites that every
// store must pass are in files without _test.
func isTest(fn *ast.FuncDecl) bool {
	for _, param := range fn.Type.Params.List {
		star, ok := param.Type.(*ast.StarExpr)
		if !ok {
			continue
		}
		sel, ok := star.X.(*ast.SelectorExpr)
		if !ok {
			continue
		}
		if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "testing" {
			return true
		}
	}
	return false
}

// TestPackageComments asks of every package what it is for. A one-word comment
// says nothing, hence the least length.
func TestPackageComments(t *testing.T) {
	const least = 60
	comments := map[string]string{} // folder -> the longest package comment
	names := map[string]string{}
	for _, src := range sources(t) {
		if src.test() {
			continue
		}
		dir := filepath.Dir(src.path)
		names[dir] = src.file.Name.Name
		if doc := src.file.Doc.Text(); len(doc) >= len(comments[dir]) {
			comments[dir] = doc
		}
	}
	for dir, name := range names {
		doc := comments[dir]
		switch {
		case len(doc) < least:
			t.Errorf("%s: package %s has no comment that says what it is for and what it must not know", dir, name)
		case name != "main" && !strings.HasPrefix(doc, "Package "+name+" "):
			t.Errorf("%s: the comment begins %.30q; go doc expects \"Package %s ...\"", dir, doc, name)
		}
	}
}

// call is something that no file may call, "package.Name" or ".Method".
type call struct {
	name   string
	reason string
	main   bool // package main may
	test   bool // the rule is for test files, not for the others
}

var calls = []call{
	{name: "os.Exit", main: true, reason: "main exits, nothing else does: deferred work would be lost"},
	{name: "log.Fatal", reason: "it exits past every defer; return the error"},
	{name: "log.Fatalf", reason: "it exits past every defer; return the error"},
	{name: ".AutoMigrate", reason: "the schema changes by numbered migrations, which a running older version survives"},
	{name: "t.Skip", test: true, reason: "a test that skips in silence is a test that nobody runs; fail, and say what is missing"},
	{name: "t.Skipf", test: true, reason: "a test that skips in silence is a test that nobody runs; fail, and say what is missing"},
	{name: "t.SkipNow", test: true, reason: "a test that skips in silence is a test that nobody runs; fail, and say what is missing"},
}

func TestForbiddenCalls(t *testing.T) {
	for _, src := range sources(t) {
		for _, line := range forbidden(src) {
			t.Error(line)
		}
	}
}

func forbidden(src source) []string {
	var found []string
	ast.Inspect(src.file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		qualifier := ""
		if id, ok := sel.X.(*ast.Ident); ok {
			qualifier = id.Name
		}
		for _, c := range calls {
			pkg, name, _ := strings.Cut(c.name, ".")
			if sel.Sel.Name != name || (pkg != "" && pkg != qualifier) {
				continue
			}
			if c.test != src.test() || (c.main && src.file.Name.Name == "main") {
				continue
			}
			found = append(found, fmt.Sprintf("%s: %s: %s", src.at(sel.Pos()), c.name, c.reason))
		}
		return true
	})
	return found
}

// TestLimitsBite shows each check of this file something that it must find.
func TestLimitsBite(t *testing.T) {
	body := "package p\n\nfunc f() {\n\tos.Exit(1)\n\tdb.AutoMigrate()\n" + strings.Repeat("\t_ = 1\n", maxFileLines) + "}\n"
	if got := tooLong(parse(t, "p.go", body)); len(got) != 2 {
		t.Errorf("a long file with a long function: %q, want two faults", got)
	}
	if got := forbidden(parse(t, "p.go", body)); len(got) != 2 {
		t.Errorf("os.Exit and AutoMigrate: %q, want two faults", got)
	}
	suite := strings.Replace(body, "func f()", "func f(t *testing.T)", 1)
	if got := tooLong(parse(t, "p.go", suite)); len(got) != 1 {
		t.Errorf("a long file with a long test: %q, want one fault, the file's", got)
	}
	test := "package p\n\nfunc TestX(t *testing.T) { t.Skip(); os.Exit(1) }\n"
	if got := forbidden(parse(t, "p_test.go", test)); len(got) != 1 {
		t.Errorf("t.Skip in a test: %q, want one fault", got)
	}
	if got := forbidden(parse(t, "main.go", "package main\n\nfunc main() { os.Exit(1) }\n")); len(got) != 0 {
		t.Errorf("os.Exit in package main: %q, want none", got)
	}
}

func parse(t *testing.T, name, text string) source {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return source{path: name, fset: fset, file: file}
}
