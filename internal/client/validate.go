package client

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"signet/internal/fault"
)

// Rules are what the house allows its clients.
type Rules struct {
	Loopback bool // the issuer is loopback itself, so that clients may be, too
	Scopes   []string
	Algs     []string // for ID tokens
}

var (
	idForm     = regexp.MustCompile(`^[A-Za-z0-9._~:/-]{1,200}$`)
	scopeForm  = regexp.MustCompile(`^[\x21\x23-\x5b\x5d-\x7e]{1,100}$`) // RFC 6749 §3.3
	accentForm = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)
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
	if len(c.GrantTypes) == 0 {
		c.GrantTypes = []string{GrantCode}
	}
	if len(c.ResponseTypes) == 0 && c.MayGrant(GrantCode) {
		c.ResponseTypes = []string{"code"}
	}
	if len(c.Scopes) == 0 {
		c.Scopes = slices.Clone(ScopesAll)
	}
	if c.IDTokenAlg == "" {
		c.IDTokenAlg = "RS256"
	}
}

// Check returns the first thing that is wrong with the client, as a fault of
// kind Invalid that names the field.
func (c *Client) Check(r Rules) error {
	bad := func(field, format string, args ...any) error {
		return fault.New(fault.Invalid, "client "+c.ID+": "+format, args...).On(field)
	}
	switch {
	case !idForm.MatchString(c.ID):
		return fault.New(fault.Invalid, "client id %q must be 1 to 200 of the characters A-Z a-z 0-9 . _ ~ : / -", c.ID).On("id")
	case c.ApplicationType != "web" && c.ApplicationType != "native":
		return bad("application_type", "application_type is web or native, not %q", c.ApplicationType)
	case !slices.Contains([]string{AuthBasic, AuthPost, AuthNone}, c.AuthMethod):
		return bad("auth_method", "auth_method is client_secret_basic, client_secret_post or none, not %q", c.AuthMethod)
	case c.Public() && c.SecretHash != "":
		return bad("secret", "auth_method none and a secret exclude each other")
	case !c.Public() && c.SecretHash == "":
		return bad("secret", "auth_method %s needs a secret", c.AuthMethod)
	case c.Public() && c.MayGrant(GrantClientCredentials):
		return bad("grant_types", "client_credentials needs a client that can prove who it is: give it a secret")
	case !slices.Contains(r.Algs, c.IDTokenAlg):
		return bad("id_token_signed_response_alg", "id_token_signed_response_alg is one of %s, not %q", strings.Join(r.Algs, ", "), c.IDTokenAlg)
	case c.AccessTokenAlg != "" && !slices.Contains(r.Algs, c.AccessTokenAlg):
		return bad("access_token_signed_response_alg", "access_token_signed_response_alg is one of %s, not %q", strings.Join(r.Algs, ", "), c.AccessTokenAlg)
	case c.AccessTokenFormat != "" && c.AccessTokenFormat != TokenJWT && c.AccessTokenFormat != TokenOpaque:
		return bad("access_token_format", "access_token_format is jwt or opaque, not %q", c.AccessTokenFormat)
	case c.Accent != "" && !accentForm.MatchString(c.Accent):
		return bad("accent_color", "accent_color is a colour such as #27408b, not %q", c.Accent)
	case c.DefaultMaxAge < 0:
		return bad("default_max_age", "default_max_age is a number of seconds, not %d", c.DefaultMaxAge)
	case c.MayGrant(GrantCode) && len(c.RedirectURIs) == 0:
		return bad("redirect_uris", "redirect_uris is empty: authorization_code needs an address to send the browser back to")
	}
	for _, g := range c.GrantTypes {
		if !slices.Contains([]string{GrantCode, GrantRefresh, GrantClientCredentials}, g) {
			return bad("grant_types", "grant type %q is not one of authorization_code, refresh_token, client_credentials", g)
		}
	}
	for _, t := range c.ResponseTypes {
		if t != "code" {
			return bad("response_types", "response type %q is not code", t)
		}
	}
	for _, s := range c.Scopes {
		if !scopeForm.MatchString(s) {
			return bad("scopes", "scope %q has a character that RFC 6749 §3.3 does not allow", s)
		}
	}
	return c.checkAddresses(r)
}

func (c *Client) checkAddresses(r Rules) error {
	native := c.ApplicationType == "native"
	for _, u := range c.RedirectURIs {
		if err := checkURI("redirect_uris", u, native, r.Loopback); err != nil {
			return err
		}
	}
	for _, u := range c.PostLogoutURIs {
		if err := checkURI("post_logout_redirect_uris", u, native, r.Loopback); err != nil {
			return err
		}
	}
	for field, uri := range map[string]string{"client_uri": c.ClientURI, "logo_uri": c.LogoURI, "policy_uri": c.PolicyURI, "tos_uri": c.TermsURI} {
		if uri == "" {
			continue
		}
		if err := checkURI(field, uri, false, r.Loopback); err != nil {
			return err
		}
	}
	return nil
}

// Domain is the host that people see beside the client's name: of its home
// page, else of where they are sent back to.
func (c *Client) Domain() string {
	for _, s := range append([]string{c.ClientURI}, c.RedirectURIs...) {
		if u, err := url.Parse(s); err == nil && u.Hostname() != "" {
			return u.Host
		}
	}
	return ""
}
