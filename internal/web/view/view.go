// Package view renders the pages that people see: it has one typed struct per
// page, the brand, the languages, the static files and the policy that browsers
// hold the pages to.
//
// A page is a struct that embeds Frame. A handler fills it with plain values
// and hands it to Renderer.Render; every word that is not a value comes from
// the catalogues in templates/locales. The package must not know where values
// come from: no store, no session, no protocol, and of net/http only what
// serves static files.
package view

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"strings"
	"sync"
	text "text/template"

	"signet/templates"
)

// Brand is whose pages these are: the operator's name and links.
type Brand struct {
	Name       string // in the top line and in every title; "Signet" if empty
	LogoURL    string // replaces the seal; same origin, or https
	Accent     string // "#rrggbb"; empty: the house's blue
	PrivacyURL string // links of the foot; those that are empty are left out
	TermsURL   string
	HelpURL    string
}

// Options say how a Renderer is made.
type Options struct {
	Brand Brand
	// BasePath is the path of the issuer, without a slash at its end: empty
	// when the issuer is a bare origin.
	BasePath string
	// Languages are those offered, and Language is for whoever asks for none of
	// them: see NewLanguages.
	Languages []string
	Language  string
}

// Renderer renders pages. It is made once, at start, and is safe for use by
// any number of goroutines.
type Renderer struct {
	brand     Brand
	basePath  string
	languages *Languages
	pages     *template.Template
	letters   *template.Template
	plain     *text.Template // the letters in plain text
	assets    *assets
	buffers   sync.Pool
	fixed     sync.Map // part -> template.HTML: see Frame.Fixed
}

// New parses the templates, and renders each page once in the life of the
// process, so that a fault in one stops the program at start and not at
// somebody's sign-in.
func New(opts Options) (*Renderer, error) {
	r := &Renderer{brand: opts.Brand, basePath: strings.TrimSuffix(opts.BasePath, "/")}
	r.buffers.New = func() any { return new(bytes.Buffer) }
	if r.brand.Name == "" {
		r.brand.Name = "Signet"
	}
	var err error
	if r.languages, err = NewLanguages(opts.Languages, opts.Language); err != nil {
		return nil, err
	}
	if r.assets, err = assetsOf(r.brand.Accent); err != nil {
		return nil, err
	}
	if r.pages, err = parsed(); err != nil {
		return nil, err
	}
	if err := r.parseLetters(); err != nil {
		return nil, err
	}
	trial.Do(func() { trial.err = r.tryAll() })
	return r, trial.err
}

// trial is what came of rendering all that is parsed, which the process's first
// renderer does for all.
var trial struct {
	sync.Once
	err error
}

// tryAll renders each page and each letter without any value.
func (r *Renderer) tryAll() error {
	loc, err := catalogueOf(DefaultLocale)
	if err != nil {
		return err
	}
	for _, p := range blanks() {
		if err := r.render(io.Discard, loc, p); err != nil {
			return err
		}
	}
	for _, l := range blankLetters() {
		if _, err := r.Write(DefaultLocale, l); err != nil {
			return err
		}
	}
	return nil
}

// Brand is whose pages they are.
func (r *Renderer) Brand() Brand { return r.brand }

// Languages are those that the pages are offered in.
func (r *Renderer) Languages() *Languages { return r.languages }

// parsed are the templates of the program, which all renderers share: what differs
// between these comes with the data.
var parsed = sync.OnceValues(parse)

// parse reads all templates into one set: the parts are shared, and every page
// is a template of its own name.
func parse() (*template.Template, error) {
	pages, err := template.ParseFS(templates.FS, "layout/*.html", "pages/*/*.html")
	if err != nil {
		return nil, fmt.Errorf("parse the templates: %w", err)
	}
	return pages, nil
}

// Page is one of the page structs of this package.
type Page interface {
	template() string // the name that the page's template is defined under
	frame() *Frame
}

// Render writes the page in the language. Nothing is written if it fails. The
// page belongs to the caller and is rendered by one goroutine at a time.
func (r *Renderer) Render(w io.Writer, loc Locale, p Page) error {
	cat, err := catalogueOf(loc)
	if err != nil {
		return err
	}
	return r.render(w, cat, p)
}

func (r *Renderer) render(w io.Writer, cat *catalogue, p Page) error {
	buf := r.buffers.Get().(*bytes.Buffer)
	buf.Reset()
	defer r.buffers.Put(buf)

	f := p.frame()
	f.renderer, f.catalogue = r, cat
	if err := r.pages.ExecuteTemplate(buf, p.template(), p); err != nil {
		return fmt.Errorf("render the page %s: %w", p.template(), err)
	}
	if _, err := w.Write(buf.Bytes()); err != nil {
		return fmt.Errorf("write the page %s: %w", p.template(), err)
	}
	return nil
}

// blanks are all pages without any value: New renders them, and a page that is
// missing here is found by a test.
func blanks() []Page {
	return []Page{
		&Identifier{}, &Password{}, &Choose{}, &ChooseOrganization{}, &CreateOrganization{}, &Consent{}, &DeviceCode{}, &DeviceAsks{}, &DeviceDone{}, &Error{}, &SignOut{}, &SignedOut{},
		&FormPost{}, &Account{}, &Profile{}, &StopNews{},
		&ChangePassword{}, &ChangeEmail{}, &ConfirmEmail{}, &RestoreEmail{}, &LinkOver{}, &Disconnect{}, &CloseAccount{}, &AccountClosed{}, &KeepAccount{}, &Download{}, &Mailbox{}, &Mail{},
		&Orgs{}, &NewOrg{}, &OrgMembers{}, &OrgMemberPage{}, &OrgSettings{}, &OrgLeave{}, &OrgDelete{},
		&Onward{}, &UpstreamFailed{}, &LinkAccount{},
		&Invitation{}, &InvitationEnd{}, &OrgInvitations{},
		&ConnectHome{}, &ConnectDomain{}, &ConnectProviders{}, &ConnectSettings{}, &ConnectTrial{}, &SetupInvite{}, &CompanySignIn{},
		&Approve{}, &ApproveEnd{},
		&Recover{}, &RecoverCode{}, &RecoverPassword{}, &RecoverDone{},
		&SignUpEmail{}, &SignUpPassword{}, &SignUpAbout{}, &SignUpRobot{}, &SignUpCheck{}, &SignUpActive{}, &SignUpConfirm{}, &SignUpEnd{},
	}
}
