package view

import (
	"bytes"
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"sync"
	text "text/template"
	"time"

	"signet/templates"
)

// Letter is one of the messages that leave by mail. It is a struct that embeds
// LetterFrame, and has two templates of equal worth: mail/<name>.html and
// mail/<name>.txt.
type Letter interface {
	letter() string   // the name of the two templates
	subject() Message // the key of the subject
	values() []string // what the subject fills in, as for Frame.T
	letterFrame() *LetterFrame
}

// LetterFrame is what every letter has around its own content.
type LetterFrame struct {
	Frame
	// HomeURL is the issuer's address: a letter has no page that it is part of.
	HomeURL string

	title string // the subject, which is the heading, too
}

func (f *LetterFrame) letterFrame() *LetterFrame { return f }

// NewSignIn tells the owner of an account that somebody signed in to it from a
// browser that had not done so before.
type NewSignIn struct {
	LetterFrame
	Email      string // of the account
	At         time.Time
	Device     Device
	Address    string // network address
	AccountURL string
}

func (*NewSignIn) letter() string   { return "sign_in" }
func (*NewSignIn) subject() Message { return "mail.sign_in.subject" }
func (*NewSignIn) values() []string { return nil }

// Written is a letter as it is sent.
type Written struct{ Subject, Text, HTML string }

// Write renders a letter in the language.
func (r *Renderer) Write(loc Locale, l Letter) (Written, error) {
	cat, err := catalogueOf(loc)
	if err != nil {
		return Written{}, err
	}
	f := l.letterFrame()
	f.renderer, f.catalogue = r, cat
	var w Written
	if w.Subject, err = f.T(l.subject(), l.values()...); err != nil {
		return Written{}, err
	}
	f.title = w.Subject
	var b bytes.Buffer
	if err := r.letters.ExecuteTemplate(&b, l.letter(), l); err != nil {
		return Written{}, fmt.Errorf("write the letter %s: %w", l.letter(), err)
	}
	w.HTML = b.String()
	b.Reset()
	if err := r.plain.ExecuteTemplate(&b, l.letter(), l); err != nil {
		return Written{}, fmt.Errorf("write the letter %s in plain text: %w", l.letter(), err)
	}
	w.Text = b.String()
	return w, nil
}

// The letters' templates, which all renderers share.
var (
	lettersParsed = sync.OnceValues(func() (*template.Template, error) { return template.ParseFS(templates.FS, "mail/*.html") })
	plainParsed   = sync.OnceValues(func() (*text.Template, error) { return text.ParseFS(templates.FS, "mail/*.txt") })
)

// parseLetters reads the templates of the letters.
func (r *Renderer) parseLetters() error {
	var err error
	if r.letters, err = lettersParsed(); err != nil {
		return fmt.Errorf("parse the letters: %w", err)
	}
	if r.plain, err = plainParsed(); err != nil {
		return fmt.Errorf("parse the letters in plain text: %w", err)
	}
	return nil
}

// blankLetters are all letters without any value: New writes them, so that a
// fault in one stops the program at start.
func blankLetters() []Letter {
	return []Letter{
		&NewSignIn{}, &ResetCode{}, &PasswordChanged{}, &Activate{}, &KnownAddress{},
		NewConfirmEmail(LetterFrame{}, "", time.Time{}), NewTakenEmail(LetterFrame{}, ""),
		NewEmailMoved(LetterFrame{}, "", "", time.Time{}, Where{}), NewEmailLost(LetterFrame{}, "", Where{}),
		NewDisconnected(LetterFrame{}, "", "", Where{}),
		NewAccountClosed(LetterFrame{}, "", time.Time{}, false), NewAccountClosed(LetterFrame{}, "", time.Time{}, true),
		NewAccountErased(LetterFrame{}), &InvitationLetter{},
		NewOrgRole(LetterFrame{}, OrgNews{}, ""), NewOrgJoined(LetterFrame{}, OrgNews{}, ""), NewOrgRemoved(LetterFrame{}, OrgNews{}), NewOrgDeleted(LetterFrame{}, OrgNews{}, ""),
		NewOrgSignInRequired(LetterFrame{}, OrgNews{}, ""), NewOrgDomainLost(LetterFrame{}, OrgNews{}, ""), NewOrgSetupOpened(LetterFrame{}, OrgNews{}, ""),
	}
}

// letterPart is what a part of a letter is made of.
type letterPart struct {
	*LetterFrame
	Title, URL, Label string
	Name, Value       string
}

// Title is the subject, for the plain text.
func (f *LetterFrame) Title() string { return f.title }

// Open begins a letter.
func (f *LetterFrame) Open() letterPart { return letterPart{LetterFrame: f, Title: f.title} }

// Button is the one thing to do.
func (f *LetterFrame) Button(url string, label Message) (letterPart, error) {
	words, err := f.T(label)
	return letterPart{LetterFrame: f, URL: url, Label: words}, err
}

// Fact is one line of a list of names and values.
func (f *LetterFrame) Fact(name Message, value string) (letterPart, error) {
	words, err := f.T(name)
	return letterPart{LetterFrame: f, Name: words, Value: value}, err
}

// Style is the style sheet of letters: what mail readers that know style sheets
// make of the dark. The rest stands at each element, for the many that do not.
func (f *LetterFrame) Style() (template.CSS, error) {
	css, err := templates.FS.ReadFile("mail/mail.css")
	return template.CSS(css), err // our own file
}

// Accent is the colour of buttons and links: the brand's, dark enough to be
// read on paper.
func (f *LetterFrame) Accent() string {
	if c, ok := parseColour(f.renderer.brand.Accent); ok {
		return c.towards(black, lightWash).String()
	}
	return "#27408b" // the token --accent
}

// Logo is the absolute address of the brand's logo, or "".
func (f *LetterFrame) Logo() string {
	logo := f.renderer.brand.LogoURL
	if !strings.HasPrefix(logo, "/") {
		return logo
	}
	home, err := url.Parse(f.HomeURL)
	if err != nil {
		return ""
	}
	return home.Scheme + "://" + home.Host + logo
}

// Initial stands in the seal where there is no logo.
func (f *LetterFrame) Initial() string { return letter(f.renderer.brand.Name) }

// Why says why a letter came: it is about somebody's account. A letter that
// comes for another reason has a method of its own.
func (f *LetterFrame) Why() (string, error) { return f.T("mail.why", "Brand", f.renderer.brand.Name) }

// Start is the side at which lines begin, for readers that know no logical
// directions.
func (f *LetterFrame) Start() string {
	if f.Lang().Dir() == "rtl" {
		return "right"
	}
	return "left"
}

// When gives a time in the letter's language, in UTC, and says so.
func (f *LetterFrame) When(t time.Time) (string, error) {
	m, err := f.Moment(t)
	return m.Text, err
}
