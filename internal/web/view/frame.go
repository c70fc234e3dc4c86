package view

import (
	"html/template"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Frame is what every page has around its own content. The zero value is a
// page that no app asks for, that nobody is signed in to, and that does not
// offer other languages.
type Frame struct {
	App       *App           // who asks; nil: the house itself
	SignedIn  *Person        // shown in the top line of wide pages
	Leave     *Form          // where the way back to the app is posted; nil: the page offers none
	Notice    Message        // what has just happened, above the content
	Languages LanguageChoice // where to send a choice of language

	renderer  *Renderer
	catalogue *catalogue
}

func (f *Frame) frame() *Frame { return f }

// App is the relying app that a page speaks of.
type App struct {
	ID         string // client id: the rosette is drawn from it
	Name       string
	Domain     string // host of its redirect URI or client URI, as people see it
	LogoURL    string // replaces the letter; of this origin
	Accent     string // "#rrggbb"; one that cannot be read is left out
	HomeURL    string // links to what the app says of itself; those that are empty are left out
	PrivacyURL string
	TermsURL   string
}

// Linked reports whether there is a link of the app's own.
func (a *App) Linked() bool { return a.HomeURL != "" || a.PrivacyURL != "" || a.TermsURL != "" }

// Letter stands for the app where there is no logo.
func (a *App) Letter() string { return letter(a.Name) }

// Person is whose account it is.
type Person struct {
	Name  string // empty: not known
	Email string
}

// Letter stands for the person where a picture would be.
func (p Person) Letter() string {
	if l := letter(p.Name); l != "" {
		return l
	}
	return letter(p.Email)
}

func letter(name string) string {
	first, size := utf8.DecodeRuneInString(strings.TrimSpace(name))
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first))
}

// LanguageChoice is the form by which people choose a language. It posts the
// field "lang" (a language tag) and the field "return" to Action.
type LanguageChoice struct {
	Action string // empty: no choice is offered
	Return string // path and query to come back to
}

// Form says where a page's form posts to, and what it carries along.
type Form struct {
	Action string
	Hidden []Pair
}

// Pair is the name and the value of a form field.
type Pair struct{ Name, Value string }

// Link is an address with its text, which is not translated.
type Link struct{ URL, Text string }

// opening is what the template "top" needs: the page's frame and its title.
type opening struct {
	*Frame
	Title string
	Wide  bool
}

// Open begins a page with one card.
func (f *Frame) Open(title string) opening { return opening{Frame: f, Title: title} }

// OpenWide begins a page with sections, such as the account's.
func (f *Frame) OpenWide(title string) opening { return opening{Frame: f, Title: title, Wide: true} }

// WhileFaulty marks a page's title when one of its fields is at fault, since
// the title is the first thing that a screen reader says.
func (f *Frame) WhileFaulty(fault Message, title string) (string, error) {
	if fault == "" {
		return title, nil
	}
	return f.T("frame.faulty", "Title", title)
}

// Brand is whose page it is.
func (f *Frame) Brand() Brand { return f.renderer.brand }

// Lang is the page's language.
func (f *Frame) Lang() Locale { return f.catalogue.locale }

// part is a part of pages that depends on nothing but their language.
type part struct {
	locale Locale
	name   string
}

// Fixed is the part of the name, drawn once for each language and kept: without
// that, such parts were most of the work of a small page. A part may use the
// brand, the texts and the addresses of static files, and nothing of the page.
func (f *Frame) Fixed(name string) (template.HTML, error) {
	key := part{f.Lang(), name}
	if kept, ok := f.renderer.fixed.Load(key); ok {
		return kept.(template.HTML), nil
	}
	var b strings.Builder
	if err := f.renderer.pages.ExecuteTemplate(&b, name, &Frame{renderer: f.renderer, catalogue: f.catalogue}); err != nil {
		return "", err
	}
	html := template.HTML(b.String())
	f.renderer.fixed.Store(key, html)
	return html, nil
}

// Locales are the languages that a person may choose.
func (f *Frame) Locales() []Locale { return f.renderer.languages.All() }

// T is the text of a key, with names and values filled in: T(key, "App", name).
func (f *Frame) T(key Message, args ...string) (string, error) {
	return f.catalogue.text(key, args)
}

// Rich is like T for running text: each value stands out, and keeps its own
// direction of writing.
func (f *Frame) Rich(key Message, args ...string) (template.HTML, error) {
	return f.catalogue.rich(key, args)
}

// Asset is the address of a static file.
func (f *Frame) Asset(name string) (string, error) {
	path, err := f.renderer.assets.path(name)
	return f.renderer.basePath + path, err
}

// Accents is the address of the app's accent colours, or empty.
func (f *Frame) Accents() string {
	if f.App == nil {
		return ""
	}
	path := accentPath(f.App.Accent)
	if path == "" {
		return ""
	}
	return f.renderer.basePath + path
}

// Rosette is the address of the app's figure, or empty.
func (f *Frame) Rosette() string {
	if f.App == nil || f.App.ID == "" {
		return ""
	}
	return f.renderer.basePath + rosettePath(f.App.ID)
}
