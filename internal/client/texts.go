package client

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/language"
)

// maxLocalized bounds in how many languages an app says things, all together.
const maxLocalized = 100

// Texts are what people are shown of an app, in one language.
type Texts struct {
	Name, ClientURI, LogoURI, PolicyURI, TermsURI string
}

// fields are the texts by their names in client metadata.
func (t *Texts) fields() map[string]*string {
	return map[string]*string{
		"client_name": &t.Name, "client_uri": &t.ClientURI, "logo_uri": &t.LogoURI, "policy_uri": &t.PolicyURI, "tos_uri": &t.TermsURI,
	}
}

// Localized are texts of an app in languages, by their names in client metadata:
// client_name#ja (RFC 7591 §2.2, OpenID Connect Registration §2.1).
type Localized map[string]string

// Translated reports whether the name is that of a text in a language.
func Translated(name string) bool {
	base, tag, ok := strings.Cut(name, "#")
	return ok && tag != "" && (&Texts{}).fields()[base] != nil
}

// ReadLocalized returns the texts in languages of a JSON object of client
// metadata. One that is no text is left out, as what is not known is.
func ReadLocalized(body []byte) Localized {
	var all map[string]json.RawMessage
	if json.Unmarshal(body, &all) != nil {
		return nil
	}
	var out Localized
	for name, raw := range all {
		var text string
		if !Translated(name) || json.Unmarshal(raw, &text) != nil || text == "" {
			continue
		}
		if out == nil {
			out = Localized{}
		}
		out[name] = text
	}
	return out
}

// In returns what people who read the language are shown: each text in it if the
// app has it so, else as it is without a language. Of an app that registered
// itself only such a home page is shown as is on its own domain.
func (c *Client) In(lang string) Texts {
	t := Texts{c.Name, c.ClientURI, c.LogoURI, c.PolicyURI, c.TermsURI}
	for base, field := range t.fields() {
		if text := c.Localized.best(base, lang); text != "" {
			*field = text
		}
	}
	if u, err := url.Parse(t.ClientURI); c.RegisteredItself() && (err != nil || u.Host != c.Domain()) {
		t.ClientURI = ""
	}
	return t
}

// best returns the text in the language that is nearest, if one is near.
func (l Localized) best(base, lang string) string {
	if len(l) == 0 {
		return ""
	}
	tags, names := []language.Tag{language.Und}, []string{""}
	for _, name := range slices.Sorted(maps.Keys(l)) {
		if of, tag, _ := strings.Cut(name, "#"); of == base {
			tags, names = append(tags, language.Make(tag)), append(names, name)
		}
	}
	_, i, confidence := language.NewMatcher(tags).Match(language.Make(lang))
	if confidence < language.High {
		return ""
	}
	return l[names[i]]
}

// Logos are the addresses of the client's logo, one for each language.
func (c *Client) Logos() []string {
	out := maybe(c.LogoURI)
	for name, uri := range c.Localized {
		if strings.HasPrefix(name, "logo_uri#") {
			out = append(out, uri)
		}
	}
	return out
}

// checkLocalized holds each text to what holds for it without a language.
func (c *Client) checkLocalized(p *problems, r Rules) {
	p.when(len(c.Localized) > maxLocalized, "client_name", "there are texts in languages: %d of them; at most %d are kept", len(c.Localized), maxLocalized)
	for _, name := range slices.Sorted(maps.Keys(c.Localized)) {
		text := c.Localized[name]
		base, tag, _ := strings.Cut(name, "#")
		if _, err := language.Parse(tag); err != nil || !Translated(name) || len(tag) > 35 {
			p.add(base, "%q is not a text in a language: its tag is one of BCP 47, such as client_name#ja", name)
			continue
		}
		if base == "client_name" {
			p.when(!shownName(text), name, "%s has at most %d bytes, on one line, without invisible characters", name, maxName)
		} else if err := checkURI(name, text, false, r.Loopback); err != nil {
			p.found = append(p.found, err)
		}
	}
}

// shownName reports whether people can be shown the name.
func shownName(name string) bool {
	return len(name) <= maxName && !strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) })
}
