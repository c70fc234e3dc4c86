package view

import (
	"net/url"
	"slices"
	"strings"
)

// CSP is the Content-Security-Policy of a page. Everything comes from this
// origin, apps' logos included, but for the brand's logo where the operator has
// it elsewhere. Forms may go to this origin and to formTargets, which are sources
// of CSP3 §2.3.1: browsers hold the redirect after a form to the policy too
// (§4.2.3), so a form that ends with the browser going back to an app names where
// that may lead. A target that could begin another directive is left out.
func (r *Renderer) CSP(formTargets ...string) string {
	const fixed = "default-src 'none'; style-src 'self'; script-src 'self'; " +
		"media-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; img-src 'self'"
	forms := []string{"'self'"}
	for _, t := range formTargets {
		if safeSource(t) {
			forms = append(forms, t)
		}
	}
	return fixed + r.brandOrigin() + "; form-action " + strings.Join(forms, " ")
}

// brandOrigin is where the brand's logo is, as a further source, if it is not at
// this origin.
func (r *Renderer) brandOrigin() string {
	u, err := url.Parse(r.brand.LogoURL)
	if err != nil || u.Scheme != "https" || u.Host == "" || !safeSource(u.Host) {
		return ""
	}
	return " https://" + u.Host
}

// FramingCSP is the policy of the page that has a letter in a frame.
func (r *Renderer) FramingCSP() string { return r.CSP() + "; frame-src 'self'" }

// FarewellCSP is the policy of the page that tells apps of a sign-out, by
// frames of these origins.
func (r *Renderer) FarewellCSP(origins ...string) string {
	return r.CSP() + "; frame-src " + strings.Join(slices.DeleteFunc(origins, func(o string) bool { return !safeSource(o) }), " ")
}

// CheckSessionCSP is the policy of the page that any app may frame.
const CheckSessionCSP = "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *"

// safeSource reports whether a source leaves the rest of the policy as it is.
func safeSource(s string) bool { return s != "" && !strings.ContainsAny(s, "; ,\t\r\n'") }

// LetterCSP is the policy of a letter in that frame. Letters have their styles at
// each element, as mail readers want it; nothing in one runs, posts, or knows
// this origin (the sandbox has one of its own), but its links may be followed.
const LetterCSP = "sandbox allow-top-navigation-by-user-activation; default-src 'none'; style-src 'unsafe-inline'; " +
	"img-src 'self' https:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
