package resource

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"signet/internal/fault"
)

// Type is a type of authorization details (RFC 9396 §2): what an app can ask for
// more finely than by scope. The json names are those of signet apply.
type Type struct {
	ID       string   `json:"type"`
	Fields   []string `json:"fields,omitempty"`   // that there may be, besides type
	Required []string `json:"required,omitempty"` // that there must be

	// Show is how people read it, by language; "" for every other. {field} and
	// {field.member} stand for what is asked for.
	Show map[string]string `json:"show,omitempty"`

	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Detail is one authorization detail.
type Detail map[string]any

// Type is the detail's.
func (d Detail) Type() string { t, _ := d["type"].(string); return t }

// Bounds of authorization details.
const (
	maxDetails = 20
	maxDepth   = 5
	maxTypes   = 200
	maxShow    = 300
)

var (
	typeForm    = regexp.MustCompile(`^[\x21\x23-\x5b\x5d-\x7e]{1,200}$`)
	fieldForm   = regexp.MustCompile(`^[A-Za-z0-9_:-]{1,60}$`)
	number      = regexp.MustCompile(`^(-?[1-9][0-9]*|0|-?[1-9][0-9]*\.[0-9]+|0\.[0-9]+|-0\.0*[1-9][0-9]*)$`)
	placeholder = regexp.MustCompile(`\{([A-Za-z0-9_:-]+(?:\.[A-Za-z0-9_:-]+)*)\}`)
)

// Check returns what is wrong with the type: a fault of kind Invalid that names
// its field, or several of them joined.
func (t *Type) Check() error {
	var wrong []error
	when := func(is bool, field, format string, args ...any) {
		if is {
			wrong = append(wrong, fault.New(fault.Invalid, format, args...).On(field))
		}
	}
	when(!typeForm.MatchString(t.ID), "type", "the type %q must be 1 to 200 characters of ASCII, without spaces, quotes and backslashes", t.ID)
	when(len(t.Fields)+len(t.Required) > maxItems, "fields", "fields and required have at most %d members", maxItems)
	for _, f := range slices.Concat(t.Fields, t.Required) {
		when(!fieldForm.MatchString(f) || f == "type", "fields", "%q is no name of a field; the type itself is one in any case", f)
	}
	for _, f := range t.Required {
		when(!slices.Contains(t.Fields, f), "required", "%q is required, and is not among the fields", f)
	}
	for lang, text := range t.Show {
		when(len(text) > maxShow || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }),
			"show", "show has at most %d bytes, on one line", maxShow)
		for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
			field, _, _ := strings.Cut(m[1], ".")
			when(!slices.Contains(t.Fields, field), "show", "show%s speaks of {%s}, and %s is not among the fields", hash(lang), m[1], field)
		}
	}
	if len(wrong) == 1 {
		return wrong[0]
	}
	return errors.Join(wrong...)
}

func hash(lang string) string {
	if lang == "" {
		return ""
	}
	return "#" + lang
}

// ParseDetails reads authorization details, a JSON list of objects (§2). It says
// what is wrong with them; "" nothing.
func ParseDetails(raw string) (list []Detail, problem string) {
	d := json.NewDecoder(strings.NewReader(raw))
	d.UseNumber() // an amount stays what it is
	if err := d.Decode(&list); err != nil {
		return nil, "is not a JSON list of objects"
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, "is followed by something else"
	}
	if len(list) == 0 || len(list) > maxDetails {
		return nil, fmt.Sprintf("has %d members; 1 to %d are wanted", len(list), maxDetails)
	}
	for _, one := range list {
		if one.Type() == "" {
			return nil, "has a member without the text type"
		}
		if problem := plain(map[string]any(one), maxDepth); problem != "" {
			return nil, problem
		}
	}
	return list, ""
}

// plain refuses what people could not read on a page as it is meant.
func plain(v any, depth int) string {
	if depth == 0 {
		return fmt.Sprintf("is nested more than %d deep", maxDepth)
	}
	bad := func(s string) bool { return strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) }
	const problem = "has a text with control characters, or others that nobody sees"
	switch v := v.(type) {
	case string:
		if bad(v) {
			return problem
		}
	case json.Number:
		if !number.MatchString(v.String()) {
			return "has a number with an exponent, or a negative zero, which do not stay as they are written"
		}
	case []any:
		for _, one := range v {
			if p := plain(one, depth-1); p != "" {
				return p
			}
		}
	case map[string]any:
		for name, one := range v {
			if bad(name) || strings.Contains(name, ".") {
				return "has a name with a dot, or with characters that nobody sees"
			}
			if p := plain(one, depth-1); p != "" {
				return p
			}
		}
	}
	return ""
}

// common are the fields with a meaning of their own (§2.2): whether they are lists
// of texts, or a text.
var common = map[string]bool{"locations": true, "actions": true, "datatypes": true, "privileges": true, "identifier": false}

// Wrong says what is wrong with the detail, which is of the type; "" nothing (§5).
func (t *Type) Wrong(d Detail) string {
	for _, name := range slices.Sorted(maps.Keys(d)) {
		v := d[name]
		if name != "type" && !slices.Contains(t.Fields, name) {
			return "has the field " + name + ", which its type does not know"
		}
		isList, known := common[name]
		if !known {
			continue
		}
		if _, text := v.(string); !isList && !text {
			return "has another value than a text for " + name
		}
		if isList && !texts(v) {
			return "has another value than a list of texts for " + name
		}
	}
	for _, name := range t.Required {
		if v, ok := d[name]; !ok || v == nil || v == "" {
			return "lacks the field " + name
		}
	}
	return ""
}

func texts(v any) bool {
	list, ok := v.([]any)
	return ok && !slices.ContainsFunc(list, func(one any) bool { _, text := one.(string); return !text })
}

// Concerns reports whether the detail is for one of the APIs: it names one of them
// among its locations, or none at all. Where no APIs are given, it is.
func (d Detail) Concerns(ids []string) bool {
	list, _ := d["locations"].([]any)
	return len(ids) == 0 || len(list) == 0 || slices.ContainsFunc(list, func(one any) bool {
		id, _ := one.(string)
		return slices.Contains(ids, id)
	})
}

// Canonical is the detail in the one form that is compared: two that ask for the
// same are the same text. It is what encoding/json writes, which stays as it is
// when it is part of something that is stored.
func (d Detail) Canonical() []byte {
	out, _ := json.Marshal(d) // what was decoded can be encoded
	return out
}

// Join is a list of details in the canonical form; nil for none.
func Join(list []Detail) json.RawMessage {
	if len(list) == 0 {
		return nil
	}
	parts := make([][]byte, len(list))
	for i, d := range list {
		parts[i] = d.Canonical()
	}
	return slices.Concat([]byte("["), bytes.Join(parts, []byte(",")), []byte("]"))
}

// Describe is the detail in words: the type's own, in the language, and then each
// field that they leave out, so that nothing is allowed that was not shown.
func (t *Type) Describe(d Detail, lang string) (title, rest string) {
	base, _, _ := strings.Cut(lang, "-")
	text, ok := t.Show[lang]
	if !ok {
		if text, ok = t.Show[base]; !ok {
			text = t.Show[""]
		}
	}
	if text == "" {
		text = t.ID
	}
	said := map[string]bool{"type": true}
	title = placeholder.ReplaceAllStringFunc(text, func(m string) string {
		path := m[1 : len(m)-1]
		said[path] = true
		return word(at(d, path))
	})
	var others []string
	for _, path := range leaves("", map[string]any(d)) {
		if !said[path] {
			others = append(others, path+": "+word(at(d, path)))
		}
	}
	return title, strings.Join(others, " · ")
}

func at(d Detail, path string) any {
	var v any = map[string]any(d)
	for name := range strings.SplitSeq(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

// leaves are the paths to what is no object, in order.
func leaves(prefix string, m map[string]any) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		path := prefix + name
		if inner, ok := m[name].(map[string]any); ok && len(inner) > 0 {
			out = append(out, leaves(path+".", inner)...)
			continue
		}
		out = append(out, path)
	}
	return out
}

// word is a value as people read it.
func word(v any) string {
	switch v := v.(type) {
	case nil:
		return "–"
	case string:
		return v
	case []any:
		words := make([]string, len(v))
		for i, one := range v {
			words[i] = word(one)
		}
		return strings.Join(words, ", ")
	case map[string]any:
		var words []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			words = append(words, name+": "+word(v[name]))
		}
		return "{" + strings.Join(words, ", ") + "}"
	default:
		return fmt.Sprint(v)
	}
}
