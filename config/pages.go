package config

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// Brand is what the pages and messages show of the house that runs the provider.
// A client may bring its own name and logo.
type Brand struct {
	// Name of the service, in titles and messages.
	Name string `yaml:"name" default:"Signet"`

	// Address of the logo: an https URL, or a path on this host. When empty, the
	// name is set in type.
	Logo string `yaml:"logo"`

	// Colour of buttons and links, `#rrggbb`, in quotes in YAML, where a bare # begins
	// a comment. When empty, that of the design.
	Accent string `yaml:"accent"`

	// Privacy statement, linked on every page.
	PrivacyURL string `yaml:"privacy_url"`

	// Terms of use, linked on every page.
	TermsURL string `yaml:"terms_url"`

	// Help pages, linked on every page.
	HelpURL string `yaml:"help_url"`
}

var accent = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

func (b Brand) check(r *report) {
	if strings.TrimSpace(b.Name) == "" {
		r.fault("brand.name", "is empty", "write the name that people know the service by")
	}
	if b.Accent != "" && !accent.MatchString(b.Accent) {
		r.fault("brand.accent", quote(b.Accent)+" is not a colour", "write #rrggbb, such as #0a5bd8")
	}
	if b.Logo != "" && !isPath(b.Logo) && !isLink(b.Logo) {
		r.fault("brand.logo", quote(b.Logo)+" is not an https URL or a path", "write https://... or /path/of/the/logo.svg")
	}
	for _, link := range []struct{ name, value string }{
		{"privacy_url", b.PrivacyURL}, {"terms_url", b.TermsURL}, {"help_url", b.HelpURL},
	} {
		if link.value != "" && !isLink(link.value) {
			r.fault("brand."+link.name, quote(link.value)+" is not an https URL", "write https://... (http only for loopback)")
		}
	}
}

// isLink reports whether a page may link to text. Other schemes (javascript:)
// must not reach an href.
func isLink(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname())
}

// isPath reports whether text is a path on this host; two slashes, or a slash
// and a backslash, would lead browsers to another one.
func isPath(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "" && u.Host == "" &&
		strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "//") && !strings.Contains(text, `\`)
}

// Languages are those of the pages and messages.
type Languages struct {
	// Language for a person whose browser and app ask for none that is offered.
	Default string `yaml:"default" default:"en"`

	// Languages offered, as BCP 47 tags. When empty: every language that has a
	// translation.
	Offered []string `yaml:"offered"`
}

func (l Languages) check(r *report) {
	const fix = "write tags such as en, de or zh-Hant"
	if _, err := language.Parse(l.Default); err != nil {
		r.fault("languages.default", quote(l.Default)+" is not a language tag", fix)
	}
	for _, tag := range l.Offered {
		if _, err := language.Parse(tag); err != nil {
			r.fault("languages.offered", quote(tag)+" is not a language tag", fix)
		}
	}
	if len(l.Offered) > 0 && !slices.Contains(l.Offered, l.Default) {
		r.fault("languages.default", quote(l.Default)+" is not one of languages.offered", "add it there, or choose one of them")
	}
}
