package client

import (
	"encoding/asn1"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// An attribute of a distinguished name: its type as dotted numbers, and its
// value as text, in the form in which texts are compared, as DER, or as both.
type attribute struct{ kind, text, der string }

// A dn is a distinguished name, the most particular part first. Of a part with
// several attributes the order does not matter.
type dn [][]attribute

// attributeTypes are the names that types have in texts: those of RFC 4514 §3,
// and others that tools write.
var attributeTypes = map[string]string{
	"CN": "2.5.4.3", "L": "2.5.4.7", "ST": "2.5.4.8", "O": "2.5.4.10", "OU": "2.5.4.11", "C": "2.5.4.6", "STREET": "2.5.4.9",
	"DC": "0.9.2342.19200300.100.1.25", "UID": "0.9.2342.19200300.100.1.1",
	"SERIALNUMBER": "2.5.4.5", "SN": "2.5.4.4", "GIVENNAME": "2.5.4.42", "TITLE": "2.5.4.12", "POSTALCODE": "2.5.4.17",
	"BUSINESSCATEGORY": "2.5.4.15", "ORGANIZATIONIDENTIFIER": "2.5.4.97",
	"EMAILADDRESS": "1.2.840.113549.1.9.1", "E": "1.2.840.113549.1.9.1",
}

var dotted = regexp.MustCompile(`^[0-2](\.(0|[1-9][0-9]*))+$`)

// sameDN reports whether the text (RFC 4514) is the subject of a certificate.
// Attributes are compared as RFC 5280 §7.1 says: neither the case of letters nor
// the amount of space matters, and how a text is encoded does not either.
func sameDN(text string, subject []byte) bool {
	want, ok := parseDN(text)
	if !ok {
		return false
	}
	got, ok := subjectDN(subject)
	if !ok {
		return false
	}
	return slices.EqualFunc(want, got, func(a, b []attribute) bool {
		missing := func(x attribute) bool { return !slices.ContainsFunc(b, x.same) }
		more := func(y attribute) bool { return !slices.ContainsFunc(a, func(x attribute) bool { return x.same(y) }) }
		return len(a) == len(b) && !slices.ContainsFunc(a, missing) && !slices.ContainsFunc(b, more)
	})
}

// same compares by DER where the registered value was given so.
func (a attribute) same(b attribute) bool {
	if a.der != "" {
		return a.kind == b.kind && a.der == b.der
	}
	return a.kind == b.kind && a.text != "" && a.text == b.text
}

// asText is the form in which texts are compared.
func asText(s string) string {
	return cases.Fold().String(strings.Join(strings.Fields(norm.NFKC.String(s)), " "))
}

// nameSET is a part of a subject; the package asn1 knows by the end of its name
// that it is a set.
type nameSET []struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

// subjectDN reads the subject of a certificate, whose parts are in the other
// order.
func subjectDN(raw []byte) (dn, bool) {
	var parts []nameSET
	if rest, err := asn1.Unmarshal(raw, &parts); err != nil || len(rest) > 0 {
		return nil, false
	}
	var out dn
	for _, set := range slices.Backward(parts) {
		var part []attribute
		for _, a := range set {
			var text string
			asn1.Unmarshal(a.Value.FullBytes, &text) // what is no text is compared by its DER
			part = append(part, attribute{kind: a.Type.String(), text: asText(text), der: string(a.Value.FullBytes)})
		}
		out = append(out, part)
	}
	return out, len(out) > 0
}

// parseDN reads a distinguished name as RFC 4514 writes it; spaces around the
// separators, which older tools write, are ignored.
func parseDN(s string) (dn, bool) {
	var out dn
	for part := []attribute(nil); ; {
		kind, rest, ok := strings.Cut(s, "=")
		if !ok {
			return nil, false
		}
		a := attribute{kind: strings.ToUpper(strings.TrimSpace(kind))}
		if oid := attributeTypes[a.kind]; oid != "" {
			a.kind = oid
		} else if !dotted.MatchString(a.kind) {
			return nil, false
		}
		if s, ok = a.readValue(strings.TrimLeft(rest, " ")); !ok {
			return nil, false
		}
		part = append(part, a)
		if s != "" && s[0] == '+' {
			s = s[1:]
			continue
		}
		out, part = append(out, part), nil
		if s == "" {
			return out, true
		}
		s = s[1:] // the comma
	}
}

// readValue reads the attribute's value and returns what follows it, which is
// nothing or begins with a comma or a plus.
func (a *attribute) readValue(s string) (rest string, ok bool) {
	if strings.HasPrefix(s, "#") {
		end := strings.IndexAny(s, ",+")
		if end < 0 {
			end = len(s)
		}
		der, err := hex.DecodeString(strings.TrimRight(s[1:end], " "))
		a.der = string(der)
		return s[end:], err == nil && len(der) > 0
	}
	var value []byte
	i := 0
	for ; i < len(s) && s[i] != ',' && s[i] != '+'; i++ {
		switch c := s[i]; {
		case strings.IndexByte("\"<>;\x00", c) >= 0:
			return "", false // must be escaped
		case c != '\\':
			value = append(value, c)
		case i+1 < len(s) && strings.IndexByte(` "#+,;<=>\`, s[i+1]) >= 0:
			i++
			value = append(value, s[i])
		case i+2 < len(s):
			b, err := hex.DecodeString(s[i+1 : i+3])
			if err != nil {
				return "", false
			}
			i += 2
			value = append(value, b...)
		default:
			return "", false
		}
	}
	a.text = asText(string(value))
	return s[i:], utf8.Valid(value) && a.text != ""
}
