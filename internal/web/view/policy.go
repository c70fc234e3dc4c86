package view

import "strings"

// CSP is the Content-Security-Policy of a page. Everything comes from this
// origin; apps' logos may come from elsewhere by https. Forms may go to this
// origin and to formTargets: browsers hold the redirect after a form to the
// policy too (CSP3 §4.2.3), so a form that ends with the browser going back
// to an app names the origin of the app's redirect URI. A target "*" lifts the
// rule, for apps whose redirect URI has a scheme of its own (RFC 8252 §7.1).
func CSP(formTargets ...string) string {
	const fixed = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' https:; " +
		"base-uri 'none'; frame-ancestors 'none'"
	forms := []string{"'self'"}
	for _, t := range formTargets {
		if t == "*" {
			return fixed
		}
		// A separator would begin another directive.
		if t != "" && !strings.ContainsAny(t, "; ,\t\r\n'") {
			forms = append(forms, t)
		}
	}
	return fixed + "; form-action " + strings.Join(forms, " ")
}
