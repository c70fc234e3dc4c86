package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// file takes a YAML document. It walks the syntax tree instead of decoding into
// the struct, because every value is read by decode, as from the environment,
// and every fault needs its line.
func (l *loader) file(name string, text []byte) {
	document, err := parser.ParseBytes(text, 0)
	if err != nil {
		l.add(syntaxFault(name, err))
		return
	}
	seen := false
	for _, doc := range document.Docs {
		if doc.Body == nil {
			continue
		}
		if seen {
			l.add(Fault{Where: place(name, doc.Start), Problem: "a second document begins", Fix: "keep all settings in one"})
			return
		}
		seen = true
		l.section(name, "", name, doc.Body)
	}
}

// syntaxFault makes one line of what the parser shows as a picture.
func syntaxFault(name string, err error) Fault {
	f := Fault{Where: name, Problem: "not YAML: " + oneLine(err), Fix: "check the indentation and the quotes there"}
	var at yaml.Error
	if errors.As(err, &at) {
		f.Where = place(name, at.GetToken())
		f.Problem = "not YAML: " + strings.Join(strings.Fields(at.GetMessage()), " ")
	}
	return f
}

func place(name string, t *token.Token) string {
	if t == nil || t.Position == nil {
		return name
	}
	return fmt.Sprintf("%s:%d:%d", name, t.Position.Line, t.Position.Column)
}

// section takes the mapping at prefix ("" or "tls."), whose key is at where. A
// section with nothing in it is what remains when its settings are commented out.
func (l *loader) section(file, prefix, where string, node ast.Node) {
	var entries []*ast.MappingValueNode
	switch n := node.(type) {
	case *ast.NullNode, *ast.CommentGroupNode:
		return
	case *ast.MappingNode:
		entries = n.Values
	case *ast.MappingValueNode:
		entries = []*ast.MappingValueNode{n}
	default:
		l.add(Fault{Setting: strings.TrimSuffix(prefix, "."), Where: where,
			Problem: "is not a section", Fix: "write settings, each as a line key: value"})
		return
	}
	given := map[string]bool{}
	for _, entry := range entries {
		given[prefix+entry.Key.GetToken().Value] = true
	}
	for _, entry := range entries {
		l.entry(file, prefix+entry.Key.GetToken().Value, entry, given)
	}
}

// entry takes one key of a section and its value. given holds the paths of all
// keys of that section.
func (l *loader) entry(file, path string, entry *ast.MappingValueNode, given map[string]bool) {
	where := place(file, entry.Key.GetToken())
	for _, s := range settings() {
		switch {
		case s.Path == path:
			l.leaf(file, s, entry)
			return
		case s.Secret() && s.FilePath() == path:
			l.leafFile(s, entry.Value, given[s.Path], Fault{Setting: path, Env: s.FileEnv(), Where: where})
			return
		case strings.HasPrefix(s.Path, path+"."):
			l.section(file, path+".", where, entry.Value)
			return
		}
	}
	l.add(unknown(Fault{Setting: quoteName(path), Where: where}, nearestPath(path)))
}

// leaf takes the value of a setting. A key with nothing after it keeps the
// default.
func (l *loader) leaf(file string, s Setting, entry *ast.MappingValueNode) {
	origin := Fault{Setting: s.Path, Env: s.Env, Where: place(file, entry.Value.GetToken())}
	texts, ok := scalars(entry.Value)
	_, isList := entry.Value.(*ast.SequenceNode)
	switch {
	case !ok:
		// The token of a mapping is its first colon, which would say nothing.
		origin.Where = place(file, entry.Key.GetToken())
		origin.Problem, origin.Fix = "cannot be read as "+s.Kind, "write a plain value; anchors, aliases and tags are not for this file"
		l.add(origin)
	case isList:
		l.from[s.Path] = origin.Where
		if err := decodeList(s.pointer(l.config), texts); err != nil {
			origin.Problem = err.Error()
			l.add(origin)
		}
	case len(texts) == 1:
		l.from[s.Path] = origin.Where
		l.set(s, texts[0], origin)
	}
}

// leafFile takes the name of the file that holds a secret. origin names the key.
func (l *loader) leafFile(s Setting, value ast.Node, given bool, origin Fault) {
	texts, ok := scalars(value)
	_, isList := value.(*ast.SequenceNode)
	switch {
	case given:
		origin.Problem, origin.Fix = "is set, and "+s.Path+" too", "set one of them"
		l.add(origin)
	case !ok || isList:
		origin.Problem, origin.Fix = "cannot be read as the name of a file", "write one plain value"
		l.add(origin)
	case len(texts) == 1 && texts[0] != "":
		l.from[s.Path] = origin.Where
		l.secretFile(s, texts[0], origin)
	}
}

// scalars returns the text of a plain value, of each element of a list of plain
// values, or nothing for an empty value. It reports false for anything else.
func scalars(node ast.Node) ([]string, bool) {
	switch n := node.(type) {
	case nil, *ast.NullNode:
		return nil, true
	case *ast.StringNode:
		return []string{n.Value}, true
	case *ast.LiteralNode:
		return []string{n.Value.Value}, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return []string{n.GetToken().Value}, true
	case *ast.SequenceNode:
		var all []string
		for _, element := range n.Values {
			texts, ok := scalars(element)
			if _, nested := element.(*ast.SequenceNode); !ok || nested || len(texts) != 1 {
				return nil, false
			}
			all = append(all, texts[0])
		}
		return all, true
	}
	return nil, false
}

// nearestPath returns the path that an unknown one was probably meant to be: a
// setting, a section, or the only setting with that last word.
func nearestPath(path string) string {
	var candidates []string
	for _, s := range settings() {
		candidates = append(candidates, s.Path)
		if s.Secret() {
			candidates = append(candidates, s.FilePath())
		}
		if section, _, nested := strings.Cut(s.Path, "."); nested {
			candidates = append(candidates, section)
		}
	}
	if found := nearest(path, candidates); found != "" {
		return found
	}
	last := path[strings.LastIndexByte(path, '.')+1:]
	found := ""
	for _, candidate := range candidates {
		if strings.HasSuffix(candidate, "."+last) {
			if found != "" {
				return ""
			}
			found = candidate
		}
	}
	return found
}
