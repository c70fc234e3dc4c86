package declare

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml/ast"

	"signet/internal/account"
	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/yamltree"
)

func isControl(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }

// value reads what stands behind a key into the field that pointer points to.
// Nothing behind it leaves the field empty.
func (p *parser) value(e *entry, name string, pair *ast.MappingValueNode, pointer any) {
	bad := func(problem, fix string) { p.refuse(e, name, true, problem, fix) }
	if address, ok := pointer.(**account.Address); ok {
		p.address(e, name, pair, address)
		return
	}
	if set, ok := pointer.(*client.KeySet); ok {
		p.keySet(e, name, pair, set)
		return
	}
	texts, ok := yamltree.Scalars(pair.Value)
	_, isList := pair.Value.(*ast.SequenceNode)
	list, wantList := pointer.(*[]string)
	if !ok {
		e.places[name] = p.at(pair.Key) // the token of a mapping is its first colon, which would say nothing
		bad("cannot be read", "write a plain value, or a list of them, inside braces in quotes; anchors, aliases and tags are not for this file")
		return
	}
	for i, text := range texts {
		if problem, fix := plain(text, texts[:i]); problem != "" {
			bad(problem, fix)
			return
		}
	}
	switch {
	case wantList && !isList && len(texts) > 0:
		bad("is not a list", "write ["+strings.Join(strings.Fields(texts[0]), ", ")+"]")
	case wantList:
		*list = texts
	case isList:
		bad("is a list", "write one value")
	case len(texts) == 1:
		if problem, fix := scalar(pointer, texts[0]); problem != "" {
			bad(quote(texts[0])+" "+problem, fix)
		}
	}
}

// plain says what is wrong with a text, whatever it is for.
func plain(text string, before []string) (problem, fix string) {
	switch {
	case strings.ContainsFunc(text, isControl):
		return "holds a control character", "write one line of text"
	case strings.Contains(text, "${"):
		return "holds ${, and nothing is put in its place here", "write the value; a secret or password can be read from a file, with secret_file or password_file"
	case slices.Contains(before, text):
		return "names " + quote(text) + " twice", "leave one out"
	}
	return "", ""
}

// scalar reads one plain value.
func scalar(pointer any, text string) (problem, fix string) {
	switch field := pointer.(type) {
	case *string:
		*field = text
	case *bool:
		if text != "true" && text != "false" {
			return "is not true or false", "write one of them"
		}
		*field = text == "true"
	case *int:
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return "is not a whole number", "write digits only"
		}
		*field = int(n)
	}
	return "", ""
}

// address reads the one claim that has parts.
func (p *parser) address(e *entry, name string, pair *ast.MappingValueNode, field **account.Address) {
	pairs, ok := yamltree.Entries(pair.Value)
	if !ok {
		e.places[name] = p.at(pair.Key)
		p.refuse(e, name, true, "is not an address", "write its parts below it: "+strings.Join(names(addressKeys), ", "))
		return
	}
	var a account.Address
	for _, part := range pairs {
		partName := part.Key.GetToken().Value
		k := find(addressKeys, partName)
		if k == nil {
			p.unknown(Fault{Where: p.at(part.Key), What: e.what()}, partName, names(addressKeys), nil)
			e.faulty = true
			continue
		}
		path := name + "." + partName
		e.places[path] = p.at(part.Value)
		p.value(e, path, part, k.field(&a))
	}
	if a != (account.Address{}) {
		*field = &a
	}
}

// keySet reads a key set, written as YAML or as the text of its JSON.
func (p *parser) keySet(e *entry, name string, pair *ast.MappingValueNode, set *client.KeySet) {
	var raw []byte
	if texts, ok := yamltree.Scalars(pair.Value); ok && len(texts) < 2 {
		raw = []byte(strings.Join(texts, ""))
	} else if value, ok := plainValue(pair.Value); ok {
		raw, _ = json.Marshal(value) // maps, lists and texts always marshal
	}
	if len(raw) == 0 {
		if _, null := pair.Value.(*ast.NullNode); !null {
			e.places[name] = p.at(pair.Key)
			p.refuse(e, name, true, "cannot be read", "write the key set as an object with the list keys, or as JSON in quotes")
		}
		return
	}
	var err error
	if *set, err = client.ParseKeySet(raw); err != nil {
		e.places[name] = p.at(pair.Key)
		p.refuse(e, name, true, fault.Public(err), "write an object with the list keys, or the text of its JSON")
	}
}

// plainValue is the value of a node, each scalar as the text that was written:
// a JSON Web Key knows no numbers.
func plainValue(n ast.Node) (any, bool) {
	if list, ok := n.(*ast.SequenceNode); ok {
		out := []any{}
		for _, element := range list.Values {
			v, ok := plainValue(element)
			if !ok {
				return nil, false
			}
			out = append(out, v)
		}
		return out, true
	}
	if pairs, ok := yamltree.Entries(n); ok && len(pairs) > 0 {
		out := map[string]any{}
		for _, pair := range pairs {
			v, ok := plainValue(pair.Value)
			if !ok {
				return nil, false
			}
			out[pair.Key.GetToken().Value] = v
		}
		return out, true
	}
	texts, ok := yamltree.Scalars(n)
	if !ok || len(texts) != 1 {
		return nil, false
	}
	return texts[0], true
}

// localized reads a text in a language.
func (p *parser) localized(e *entry, name string, pair *ast.MappingValueNode, c *client.Client) {
	var text string
	p.value(e, name, pair, &text)
	if text == "" {
		return
	}
	if c.Localized == nil {
		c.Localized = client.Localized{}
	}
	c.Localized[metadataName(name)] = text
}

// fromFile reads a secret or a password from the file that is named, without
// the line end that editors and echo leave.
func (p *parser) fromFile(e *entry, name string, pairs []*ast.MappingValueNode, pair *ast.MappingValueNode, field *string) {
	key := name + "_file"
	if pairOf(pairs, name) != nil {
		p.refuse(e, key, true, "is said, and "+name+" too", "write one of them")
		return
	}
	var path string
	p.value(e, key, pair, &path)
	if path == "" {
		p.refuse(e, key, true, "is empty", "name a file")
		return
	}
	e.places[name] = e.places[key]
	text, err := p.read(path)
	*field = string(bytes.TrimRight(text, "\r\n"))
	switch {
	case err != nil:
		p.refuse(e, key, true, "the file cannot be read: "+strings.Join(strings.Fields(err.Error()), " "), "name a readable file")
	case *field == "":
		p.refuse(e, key, true, "the file "+quote(path)+" is empty", "write the "+name+" into it")
	case strings.ContainsFunc(*field, isControl):
		p.refuse(e, key, true, "the file "+quote(path)+" holds more than one line, or a control character", "write nothing but the "+name+" into it")
	}
}
