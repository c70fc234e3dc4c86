package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the path that this module's packages begin with.
const module = "signet"

// graph has an entry for each package of this module, by its import path.
type graph map[string][]imported

// imported is one import: of what, in which line, and in a test file or not.
type imported struct {
	path string
	pos  string
	test bool
}

func (g graph) packages() []string { return slices.Sorted(maps.Keys(g)) }

// listed is what "go list -json" says of a package.
type listed struct {
	ImportPath   string
	Dir          string
	GoFiles      []string
	TestGoFiles  []string
	XTestGoFiles []string
	Module       *struct{ Path string }
}

// load asks the go command for the packages and reads their imports. -e lets a
// package count that does not compile: its imports are there all the same.
func load(t *testing.T) graph {
	t.Helper()
	g := graph{}
	for _, p := range list(t) {
		if p.Module == nil || p.Module.Path != module {
			continue
		}
		imports := []imported{}
		for _, name := range p.GoFiles {
			imports = append(imports, readImports(t, filepath.Join(p.Dir, name), false)...)
		}
		for _, name := range slices.Concat(p.TestGoFiles, p.XTestGoFiles) {
			imports = append(imports, readImports(t, filepath.Join(p.Dir, name), true)...)
		}
		g[p.ImportPath] = imports
	}
	if len(g) < 2 {
		t.Fatalf("go list found %d packages of module %s: the rules would hold of nothing", len(g), module)
	}
	return g
}

func list(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-deps", "-test=false",
		"-json=ImportPath,Dir,GoFiles,TestGoFiles,XTestGoFiles,Module", "./...")
	cmd.Dir = root(t)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
	}
	var pkgs []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		pkgs = append(pkgs, p)
	}
}

func readImports(t *testing.T, file string, test bool) []imported {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var imports []imported
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		rel, _ := filepath.Rel(root(t), file)
		pos := fmt.Sprintf("%s:%d", rel, fset.Position(spec.Pos()).Line)
		imports = append(imports, imported{path: path, pos: pos, test: test})
	}
	return imports
}

// root is the folder of go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// short cuts the module's name off the packages in s.
func short(s string) string { return strings.ReplaceAll(s, module+"/", "") }

// ---- sets of packages -------------------------------------------------------

// under is the set of this module's packages at or below the given paths.
func under(paths ...string) func(string) bool {
	full := make([]string, len(paths))
	for i, p := range paths {
		full[i] = module + "/" + p
	}
	return within(full...)
}

// within is the set of packages at or below the given import paths.
func within(paths ...string) func(string) bool {
	return func(pkg string) bool {
		return slices.ContainsFunc(paths, func(p string) bool {
			return pkg == p || strings.HasPrefix(pkg, p+"/")
		})
	}
}

func exactly(paths ...string) func(string) bool {
	return func(pkg string) bool { return slices.Contains(paths, pkg) }
}

func either(sets ...func(string) bool) func(string) bool {
	return func(pkg string) bool {
		return slices.ContainsFunc(sets, func(in func(string) bool) bool { return in(pkg) })
	}
}

func but(set, except func(string) bool) func(string) bool {
	return func(pkg string) bool { return set(pkg) && !except(pkg) }
}
