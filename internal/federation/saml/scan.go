package saml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
)

// What a document may be. The limits are far above what providers send, and below
// what would cost us time.
const (
	maxPosted   = 240 << 10 // characters of base64
	maxMetadata = 1 << 20   // bytes; that of Entra ID has about 60 KB
	maxDepth    = 40
	maxAttrs    = 64
	// maxElements are those of a response: the library verifies no signature over
	// more. It is room for some 900 groups.
	maxElements         = 1000
	maxMetadataElements = 20_000
)

// Namespaces.
const (
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsMetadata  = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"
)

// element is where the scan is: the names on the way from the root.
type element struct {
	path []xml.Name
	attr []xml.Attr
}

func (e *element) name() xml.Name { return e.path[len(e.path)-1] }
func (e *element) depth() int     { return len(e.path) }
func (e *element) parent() xml.Name {
	if len(e.path) < 2 {
		return xml.Name{}
	}
	return e.path[len(e.path)-2]
}

// scan walks over a document before anything believes it. No document type, no
// entity, no comment and no instruction has a place in what providers say, and
// each of them has been used to make two readers read two things.
func scan(raw []byte, most int, look func(*element) error) error {
	d := xml.NewDecoder(bytes.NewReader(raw)) // strict: other encodings and entities are errors
	at, elements := &element{}, 0
	for first := true; ; first = false {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.Directive:
			return errors.New("a document type has no place in it")
		case xml.Comment:
			return errors.New("a comment has no place in it")
		case xml.ProcInst:
			if !first {
				return errors.New("an instruction has no place in it")
			}
		case xml.StartElement:
			at.path, at.attr = append(at.path, t.Name), t.Attr
			if elements++; elements > most || at.depth() > maxDepth || len(t.Attr) > maxAttrs {
				return fmt.Errorf("more than %d elements, %d levels or %d attributes of one element", most, maxDepth, maxAttrs)
			}
			if err := look(at); err != nil {
				return err
			}
		case xml.EndElement:
			at.path = at.path[:len(at.path)-1]
		case xml.CharData:
			if at.depth() == 0 && len(bytes.TrimSpace(t)) > 0 {
				return errors.New("text stands outside the root")
			}
		}
	}
	if elements == 0 {
		return errors.New("there is no element")
	}
	return nil
}

// shape is what a response is made of.
type shape struct {
	assertions int
	encrypted  bool // its assertion is
	signed     bool // the response has a signature of its own
	inner      int  // signatures of the assertion
	ids        map[string]bool
}

// scanResponse says what a response is made of. There is one assertion, it stands
// in the response, and each of the two has one signature of its own: whoever
// wraps what was signed into something else must put a second one somewhere, so
// nowhere is there room for it.
func scanResponse(raw []byte) (*shape, error) {
	s := &shape{ids: map[string]bool{}}
	if err := scan(raw, maxElements, s.look); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *shape) look(e *element) error {
	if e.depth() == 1 && (e.name() != xml.Name{Space: nsProtocol, Local: "Response"}) {
		return errors.New("the root is no Response of SAML 2.0")
	}
	for _, a := range e.attr {
		// Whatever case and namespace: libraries differ in what they take for an ID.
		switch a.Name.Local {
		case "ID", "Id", "id", "iD":
			if s.ids[a.Value] {
				return errors.New("two elements have the same ID")
			}
			s.ids[a.Value] = true
		}
	}
	switch e.name().Local {
	case "Response":
		if e.depth() != 1 {
			return errors.New("a second Response stands in it")
		}
	case "Assertion", "EncryptedAssertion":
		if e.depth() != 2 || e.name().Space != nsAssertion {
			return errors.New("an assertion stands where none belongs")
		}
		if s.assertions++; s.assertions > 1 {
			return errors.New("there is more than one assertion")
		}
		s.encrypted = e.name().Local == "EncryptedAssertion"
	case "Signature":
		return s.signature(e)
	case "Object", "Manifest":
		return errors.New("a signature holds an object")
	}
	return nil
}

func (s *shape) signature(e *element) error {
	switch {
	case e.name().Space != nsSignature:
		return errors.New("a signature is of another kind than XML Signature")
	case e.depth() == 2 && !s.signed:
		s.signed = true
	case e.depth() == 3 && e.parent() == xml.Name{Space: nsAssertion, Local: "Assertion"} && s.inner == 0:
		s.inner++
	default:
		return errors.New("a signature stands where none belongs")
	}
	return nil
}
