// Package yamltree is for readers of YAML that must name the line of every
// mistake and report all of them at once: they walk the syntax tree instead of
// decoding into a struct, which stops at the first mistake and takes what it
// does not know in silence.
//
// It knows YAML and how people misspell. It does not know what is read: that
// is the business of package config and package declare.
package yamltree

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Fault is what keeps a text from being one YAML document.
type Fault struct {
	Where   string // file:line:column
	Problem string
	Fix     string
}

// Document returns the body of the text's one document; nil for a text that
// holds none. Of several documents it returns the first, and the fault.
func Document(name string, text []byte) (ast.Node, *Fault) {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, syntaxFault(name, err)
	}
	var body ast.Node
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil:
		case body == nil:
			body = doc.Body
		default:
			return body, &Fault{Where: Place(name, doc.Start), Problem: "a second document begins", Fix: "keep everything in one"}
		}
	}
	return body, nil
}

// syntaxFault makes one line of what the parser shows as a picture.
func syntaxFault(name string, err error) *Fault {
	f := &Fault{Where: name, Fix: "check the indentation and the quotes there"}
	message := err.Error()
	var at yaml.Error
	if errors.As(err, &at) {
		f.Where, message = Place(name, at.GetToken()), at.GetMessage()
	}
	f.Problem = "not YAML: " + strings.Join(strings.Fields(message), " ")
	return f
}

// Place returns where the token stands, as file:line:column.
func Place(name string, t *token.Token) string {
	if t == nil || t.Position == nil {
		return name
	}
	return fmt.Sprintf("%s:%d:%d", name, t.Position.Line, t.Position.Column)
}

// Entries returns the entries of a mapping, none for one that is empty (what
// remains when its lines are commented out). It reports false for anything else.
func Entries(node ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := node.(type) {
	case nil, *ast.NullNode, *ast.CommentGroupNode:
		return nil, true
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// Scalars returns the text of a plain value, of each element of a list of plain
// values, or nothing for an empty value. It reports false for anything else,
// anchors, aliases and tags among them.
func Scalars(node ast.Node) ([]string, bool) {
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
			texts, ok := Scalars(element)
			if _, nested := element.(*ast.SequenceNode); !ok || nested || len(texts) != 1 {
				return nil, false
			}
			all = append(all, texts[0])
		}
		return all, true
	}
	return nil, false
}
