package client

import (
	"slices"
	"strings"
)

// responseTypes are those there are, in the order in which their words are
// written here, each with the grant types that it needs (OpenID Connect
// Registration 1.0 §2).
var responseTypes = []struct {
	name  string
	needs []string
}{
	{"code", []string{GrantCode}},
	{"id_token", []string{GrantImplicit}},
	{"id_token token", []string{GrantImplicit}},
	{"code id_token", []string{GrantCode, GrantImplicit}},
	{"code token", []string{GrantCode, GrantImplicit}},
	{"code id_token token", []string{GrantCode, GrantImplicit}},
	{"none", nil},
}

// ResponseTypesAll are the response types that a client may be registered for.
func ResponseTypesAll() []string {
	names := make([]string, len(responseTypes))
	for i, t := range responseTypes {
		names[i] = t.name
	}
	return names
}

// canonical writes the words of a response type in the one order that is
// compared: as a set they have none (OAuth 2.0 Multiple Response Types §5).
func canonical(responseType string) string {
	words := strings.Fields(responseType)
	slices.Sort(words)
	return strings.Join(words, " ")
}

// needs returns the grant types that the response types need, each once; ok is
// false for a response type that there is none of.
func needs(responseType string) (grants []string, ok bool) {
	for _, t := range responseTypes {
		if t.name == responseType {
			return t.needs, true
		}
	}
	return nil, false
}

// fillFlows sets the grant and response types that were left out to what the
// others ask for, in the end to the code flow.
func (c *Client) fillFlows() {
	for i, t := range c.ResponseTypes {
		c.ResponseTypes[i] = canonical(t)
	}
	if len(c.GrantTypes) == 0 {
		for _, t := range c.ResponseTypes {
			grants, _ := needs(t)
			for _, g := range grants {
				if !slices.Contains(c.GrantTypes, g) {
					c.GrantTypes = append(c.GrantTypes, g)
				}
			}
		}
	}
	if len(c.GrantTypes) == 0 {
		c.GrantTypes = []string{GrantCode}
	}
	if len(c.ResponseTypes) == 0 && c.MayGrant(GrantCode) {
		c.ResponseTypes = []string{"code"}
	}
}

// checkFlows holds grant types and response types to each other (RFC 7591
// §2.1).
func (c *Client) checkFlows(p *problems) {
	for _, g := range c.GrantTypes {
		p.when(!slices.Contains(GrantTypesAll, g),
			"grant_types", "grant type %q is not one of %s", g, strings.Join(GrantTypesAll, ", "))
	}
	used := false
	for _, t := range c.ResponseTypes {
		grants, ok := needs(t)
		p.when(!ok, "response_types", "response type %q is not one of %s", t, strings.Join(ResponseTypesAll(), ", "))
		for _, g := range grants {
			used = used || g == GrantImplicit
			p.when(!c.MayGrant(g), "grant_types", "the response type %q needs the grant type %s", t, g)
		}
	}
	p.when(c.MayGrant(GrantImplicit) && !used,
		"response_types", "the grant type implicit is of no use without a response type such as %q or %q", "id_token", "code id_token")
	p.when(c.MayGrant(GrantCode) && len(c.RedirectURIs) == 0,
		"redirect_uris", "redirect_uris is empty: authorization_code needs an address to send the browser back to")
	p.when(!c.MayGrant(GrantCode) && len(c.ResponseTypes) > 0 && len(c.RedirectURIs) == 0,
		"redirect_uris", "redirect_uris is empty: the response types need an address to send the browser back to")
}
