package client

import (
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"signet/internal/fault"
	"signet/internal/resource"
)

// Rules are what the house allows its clients.
type Rules struct {
	Loopback bool     // the issuer is loopback itself, so that clients may be, too
	Algs     []string // that tokens can be signed with

	Certificates bool // of clients are asked for (RFC 8705)
	Authorities  bool // that sign certificates of clients are known
}

var (
	idForm     = regexp.MustCompile(`^[A-Za-z0-9._~:/-]{1,200}$`)
	scopeForm  = regexp.MustCompile(`^[\x21\x23-\x5b\x5d-\x7e]{1,100}$`) // RFC 6749 §3.3
	accentForm = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)
)

// Bounds of what people are shown and of lists.
const (
	maxName = 200
	maxURIs = 50
)

// ScopesAll are the scopes that a client has when it names none.
var ScopesAll = []string{"openid", "profile", "email"}

// Fill sets what was left out to what most clients want (RFC 7591 §2).
func (c *Client) Fill() {
	if c.Name == "" {
		c.Name = c.ID
	}
	if c.ApplicationType == "" {
		c.ApplicationType = "web"
	}
	if c.AuthMethod == "" {
		c.AuthMethod = AuthBasic
		if c.SecretHash == "" {
			c.AuthMethod = AuthNone
		}
	}
	c.fillFlows()
	c.fillProfile()
	c.fillCIBA()
	if len(c.Scopes) == 0 {
		c.Scopes = slices.Clone(ScopesAll)
	}
	if c.IDTokenAlg == "" {
		c.IDTokenAlg = "RS256"
	}
	if c.AnswerAlg == "" {
		c.AnswerAlg = "RS256" // JARM §3
	}
	if c.IntrospectionAlg == "" {
		c.IntrospectionAlg = "RS256" // RFC 9701 §6
	}
	if c.SubjectType == "" {
		c.SubjectType = SubjectPublic
	}
	c.fillKeys()
}

// Check returns what is wrong with the client: one fault of kind Invalid that
// names its field, or several of them joined, the first by errors.As being the
// first of the form.
func (c *Client) Check(r Rules) error {
	var p problems
	c.check(&p, r)
	return p.err()
}

func (c *Client) check(p *problems, r Rules) {
	c.checkIdentity(p)
	c.checkProfile(p)
	c.checkCertificate(p, r)
	c.checkSubject(p)
	c.checkTokens(p, r)
	c.checkGrants(p)
	c.checkExchange(p)
	c.checkAssertions(p, r)
	c.checkKeys(p, r)
	c.checkRequests(p, r)
	c.checkCIBA(p, r)
	c.checkAddresses(p, r)
	c.checkLocalized(p, r)
	c.checkLogout(p)
}

// problems collects what the checks find.
type problems struct{ found []error }

func (p *problems) add(field, format string, args ...any) {
	p.found = append(p.found, fault.New(fault.Invalid, format, args...).On(field))
}

func (p *problems) err() error {
	if len(p.found) == 1 {
		return p.found[0]
	}
	return errors.Join(p.found...)
}

// when adds the problem if it is one.
func (p *problems) when(wrong bool, field, format string, args ...any) {
	if wrong {
		p.add(field, format, args...)
	}
}

func (c *Client) checkIdentity(p *problems) {
	p.when(!idForm.MatchString(c.ID), "id", "client id %q must be 1 to 200 of the characters A-Z a-z 0-9 . _ ~ : / -", c.ID)
	p.when(c.ApplicationType != "web" && c.ApplicationType != "native",
		"application_type", "application_type is web or native, not %q", c.ApplicationType)
	c.checkAuth(p)
	p.when(!shownName(c.Name), "name",
		"the name has at most %d bytes, on one line, without invisible characters", maxName)
	p.when(len(c.RedirectURIs) > maxURIs || len(c.PostLogoutURIs) > maxURIs || len(c.Contacts) > maxURIs,
		"redirect_uris", "redirect_uris, post_logout_redirect_uris and contacts have at most %d members", maxURIs)
	for _, contact := range c.Contacts {
		p.when(len(contact) > maxName || strings.ContainsFunc(contact, func(r rune) bool { return !unicode.IsPrint(r) }),
			"contacts", "a contact is an address of at most %d bytes", maxName)
	}
	p.when(len(c.SoftwareID) > maxName || len(c.SoftwareVersion) > maxName,
		"software_id", "software_id and software_version have at most %d bytes", maxName)
	p.when(c.Accent != "" && !accentForm.MatchString(c.Accent),
		"accent_color", "accent_color is a colour such as #27408b, not %q", c.Accent)
}

func (c *Client) checkTokens(p *problems, r Rules) {
	algs := strings.Join(r.Algs, ", ")
	p.when(!slices.Contains(r.Algs, c.IDTokenAlg),
		"id_token_signed_response_alg", "id_token_signed_response_alg is one of %s, not %q", algs, c.IDTokenAlg)
	p.when(c.AccessTokenAlg != "" && !slices.Contains(r.Algs, c.AccessTokenAlg),
		"access_token_signed_response_alg", "access_token_signed_response_alg is one of %s, not %q", algs, c.AccessTokenAlg)
	p.when(c.AccessTokenFormat != "" && c.AccessTokenFormat != TokenJWT && c.AccessTokenFormat != TokenOpaque,
		"access_token_format", "access_token_format is jwt or opaque, not %q", c.AccessTokenFormat)
	p.when(len(c.DefaultACRValues) > maxURIs || slices.ContainsFunc(c.DefaultACRValues, func(s string) bool { return !scopeForm.MatchString(s) }),
		"default_acr_values", "default_acr_values has at most %d members, each a word", maxURIs)
	p.when(len(c.DetailTypes) > maxURIs || slices.ContainsFunc(c.DetailTypes, func(s string) bool { return !scopeForm.MatchString(s) }),
		"authorization_details_types", "authorization_details_types has at most %d members, each a word", maxURIs)
	p.when(c.DefaultMaxAge < 0, "default_max_age", "default_max_age is a number of seconds, not %d", c.DefaultMaxAge)
}

func (c *Client) checkGrants(p *problems) {
	p.when(c.Public() && c.MayGrant(GrantClientCredentials),
		"grant_types", "client_credentials needs a client that can prove who it is: give it a secret")
	c.checkFlows(p)
	p.when(c.RequiresBinding() && slices.ContainsFunc(c.ResponseTypes, func(t string) bool { return slices.Contains(strings.Fields(t), "token") }),
		"response_types", "response_types with token give tokens that are bound to no key, and dpop_bound_access_tokens and tls_client_certificate_bound_access_tokens forbid them")
	p.when(len(c.Resources) > maxURIs, "resources", "resources has at most %d members", maxURIs)
	for _, id := range c.Resources {
		problem := resource.ValidID(id)
		p.when(problem != "", "resources", "the resource %q %s", id, problem)
	}
	for _, s := range c.Scopes {
		p.when(!scopeForm.MatchString(s), "scopes", "scope %q has a character that RFC 6749 §3.3 does not allow", s)
	}
}

func (c *Client) checkAddresses(p *problems, r Rules) {
	native := c.ApplicationType == "native"
	for _, set := range []struct {
		field  string
		native bool
		uris   []string
	}{
		{"redirect_uris", native, c.RedirectURIs}, {"post_logout_redirect_uris", native, c.PostLogoutURIs},
		{"client_uri", false, maybe(c.ClientURI)}, {"logo_uri", false, maybe(c.LogoURI)},
		{"policy_uri", false, maybe(c.PolicyURI)}, {"tos_uri", false, maybe(c.TermsURI)}, {"jwks_uri", false, maybe(c.JWKSURI)},
		{"sector_identifier_uri", false, maybe(c.SectorURI)}, {"initiate_login_uri", false, maybe(c.InitiateLoginURI)},
		{"frontchannel_logout_uri", false, maybe(c.FrontchannelURI)}, {"backchannel_logout_uri", false, maybe(c.BackchannelURI)},
	} {
		for _, uri := range set.uris {
			if err := checkURI(set.field, uri, set.native, r.Loopback); err != nil {
				p.found = append(p.found, err)
			}
		}
	}
}

// maybe returns the address as a list, which is empty for none.
func maybe(uri string) []string {
	if uri == "" {
		return nil
	}
	return []string{uri}
}

// Start is the address at which the app begins a sign-in with the issuer (OpenID
// Connect Core §4), or "". Of an app that nobody of the house has looked at it must be
// on the domain that people are shown.
func (c *Client) Start(issuer string) string {
	u, err := url.Parse(c.InitiateLoginURI)
	if err != nil || c.InitiateLoginURI == "" || c.RegisteredItself() && u.Host != c.Domain() {
		return ""
	}
	q := u.Query()
	q.Set("iss", issuer)
	u.RawQuery = q.Encode()
	return u.String()
}

// Domain is the host that people see beside the client's name: of its home page,
// else of where they are sent back to; of a client by document the one that it is
// from. "" where none is certain.
//
// Who registered itself could say that any page is its home, and any address its
// own, so that only a host counts to which all that it gets must go.
func (c *Client) Domain() string {
	switch {
	case c.Document:
		return WebHost(c.ID)
	case c.RegisteredItself():
		return c.onlyHost()
	}
	for _, s := range append(maybe(c.ClientURI), c.RedirectURIs...) {
		if host := WebHost(s); host != "" {
			return host
		}
	}
	return ""
}

// onlyHost is the host of all redirect URIs, if there is nothing that the client
// gets by another way.
func (c *Client) onlyHost() string {
	if len(c.RedirectURIs) == 0 || c.asksElsewhere() {
		return ""
	}
	host := WebHost(c.RedirectURIs[0])
	for _, uri := range c.RedirectURIs {
		if WebHost(uri) != host {
			return ""
		}
	}
	return host
}

// WebHost is the host, with its port, of a web address; "" of any other.
func WebHost(address string) string {
	if u := webAddress(address); u != nil {
		return u.Host
	}
	return ""
}
