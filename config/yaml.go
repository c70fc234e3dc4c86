package config

import (
	"strings"

	"github.com/goccy/go-yaml/ast"

	"signet/internal/yamltree"
)

// file takes a YAML document. It walks the syntax tree instead of decoding into
// the struct, because every value is read by decode, as from the environment,
// and every fault needs its line.
func (l *loader) file(name string, text []byte) {
	body, bad := yamltree.Document(name, text)
	if body != nil {
		l.section(name, "", name, body)
	}
	if bad != nil {
		l.add(Fault{Where: bad.Where, Problem: bad.Problem, Fix: bad.Fix})
	}
}

// section takes the mapping at prefix ("" or "tls."), whose key is at where. A
// section with nothing in it is what remains when its settings are commented out.
func (l *loader) section(file, prefix, where string, node ast.Node) {
	entries, ok := yamltree.Entries(node)
	if !ok {
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
	where := yamltree.Place(file, entry.Key.GetToken())
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
	origin := Fault{Setting: s.Path, Env: s.Env, Where: yamltree.Place(file, entry.Value.GetToken())}
	texts, ok := yamltree.Scalars(entry.Value)
	_, isList := entry.Value.(*ast.SequenceNode)
	switch {
	case !ok:
		// The token of a mapping is its first colon, which would say nothing.
		origin.Where = yamltree.Place(file, entry.Key.GetToken())
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
	texts, ok := yamltree.Scalars(value)
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
	if found := yamltree.Nearest(path, candidates); found != "" {
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
