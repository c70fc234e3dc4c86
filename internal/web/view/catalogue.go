package view

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"signet/templates"
)

// Message is a key of the catalogues.
type Message string

// catalogue holds the texts of one language.
type catalogue struct {
	locale    Locale
	plain     map[Message]string // texts without values, looked up at no cost
	localizer *i18n.Localizer    // for the others
	months    []string
}

// catalogues are read when a language is first asked for: most providers only
// ever speak a few.
var catalogues = func() map[Locale]func() (*catalogue, error) {
	m := make(map[Locale]func() (*catalogue, error), len(locales))
	for _, l := range locales {
		m[l] = sync.OnceValues(func() (*catalogue, error) { return loadCatalogue(l) })
	}
	return m
}()

func catalogueOf(l Locale) (*catalogue, error) {
	load, ok := catalogues[l]
	if !ok {
		return nil, fmt.Errorf("no catalogue for the language %q", l.tag)
	}
	return load()
}

func loadCatalogue(l Locale) (*catalogue, error) {
	bundle := i18n.NewBundle(language.MustParse(l.tag))
	bundle.RegisterUnmarshalFunc("yaml", yaml.Unmarshal)
	c := &catalogue{locale: l, plain: make(map[Message]string), localizer: i18n.NewLocalizer(bundle, l.tag)}
	names, err := fs.Glob(templates.FS, "locales/"+l.tag+"/*.yaml")
	if err != nil || len(names) == 0 {
		return nil, fmt.Errorf("no catalogue of %s: %w", l.tag, err)
	}
	for _, name := range names {
		if err := c.load(bundle, name); err != nil {
			return nil, fmt.Errorf("read the catalogue %s: %w", name, err)
		}
	}
	c.months = strings.Split(c.plain["date.months"], ",")
	if len(c.months) != 12 {
		return nil, fmt.Errorf("catalogue of %s: date.months has %d names, not 12", l.tag, len(c.months))
	}
	return c, nil
}

// load reads one file of the language's catalogue.
func (c *catalogue) load(bundle *i18n.Bundle, name string) error {
	raw, err := templates.FS.ReadFile(name)
	if err != nil {
		return err
	}
	file, err := bundle.ParseMessageFileBytes(raw, c.locale.tag+".yaml")
	if err != nil {
		return err
	}
	for _, m := range file.Messages {
		if !strings.Contains(m.Other, "{{") {
			c.plain[Message(m.ID)] = m.Other
		}
	}
	return nil
}

// text fills the values, given as pairs of a name and a value, into the text.
func (c *catalogue) text(key Message, args []string) (string, error) {
	if s, ok := c.plain[key]; ok {
		return s, nil
	}
	values := make(map[string]string, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		values[args[i]] = c.isolate(args[i+1])
	}
	return c.fill(key, values)
}

// isolate keeps a name in another script from turning the words around it
// (Unicode Annex 9 §2.4). Languages that are written left to right do without:
// the marks would be copied along with the text.
func (c *catalogue) isolate(s string) string {
	if c.locale.dir == "ltr" {
		return s
	}
	return "\u2068" + s + "\u2069"
}

func (c *catalogue) fill(key Message, values map[string]string) (string, error) {
	s, err := c.localizer.Localize(&i18n.LocalizeConfig{MessageID: string(key), TemplateData: values})
	if err != nil {
		return "", fmt.Errorf("text %q in %s: %w", key, c.locale.tag, err)
	}
	return s, nil
}

// rich fills in the values as strong, isolated text. The text of the catalogue
// and the values are both escaped: catalogues hold words, never markup.
func (c *catalogue) rich(key Message, args []string) (template.HTML, error) {
	marks := make(map[string]string, len(args)/2)
	pairs := make([]string, 0, len(args))
	for i := 0; i+1 < len(args); i += 2 {
		// NUL cannot come from a catalogue, and escaping would remove it from a
		// value, so a mark stands for this value alone.
		mark := fmt.Sprintf("\x00%d\x00", i)
		marks[args[i]] = mark
		pairs = append(pairs, mark, "<strong><bdi>"+template.HTMLEscapeString(args[i+1])+"</bdi></strong>")
	}
	s, ok := c.plain[key]
	if !ok {
		var err error
		if s, err = c.fill(key, marks); err != nil {
			return "", err
		}
	}
	var out bytes.Buffer
	for i, part := range strings.Split(s, "\x00") {
		if i%2 == 1 {
			part = "\x00" + part + "\x00"
		} else {
			part = template.HTMLEscapeString(part)
		}
		out.WriteString(part)
	}
	return template.HTML(strings.NewReplacer(pairs...).Replace(out.String())), nil
}
