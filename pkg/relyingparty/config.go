package relyingparty

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

// Client authentication methods, by their registered names (OpenID Connect
// Core §9).
const (
	ClientSecretBasic = "client_secret_basic"
	ClientSecretPost  = "client_secret_post"
	ClientPublic      = "none"
)

const (
	minCookieKey           = 32
	defaultSessionLifetime = 12 * time.Hour
	defaultSignInTimeout   = time.Hour
	defaultClockSkew       = 30 * time.Second
	providerTimeout        = 10 * time.Second
)

// Config says which provider to trust and how the app is known to it.
// Issuer, ClientID, RedirectURL and CookieKey are required.
type Config struct {
	// Issuer is the provider's identifier, exactly as it calls itself. It is an
	// https URL; http is accepted for loopback hosts only.
	Issuer string
	// ClientID is the app's identifier at the provider.
	ClientID string
	// ClientSecret authenticates the app. Empty means a public client, which
	// PKCE alone protects.
	ClientSecret string
	// AuthMethod is how the client authenticates at the token endpoint. By
	// default ClientSecretBasic with a secret and ClientPublic without.
	AuthMethod string

	// RedirectURL is the app's registered callback. Its path is where the
	// callback is mounted, and its scheme decides whether cookies are Secure.
	RedirectURL string
	// PostLogoutURL is where the provider sends the browser after sign-out
	// everywhere. By default the root of RedirectURL's host; it must be
	// registered as a post logout redirect URI.
	PostLogoutURL string
	// LoginPath and LogoutPath are where the other routes are mounted. By
	// default they stand beside the callback: /login and /logout.
	LoginPath, LogoutPath string

	// Scopes are asked for; openid is added if missing. By default openid,
	// profile and email. With offline_access the session is refreshed in the
	// background; without it, by a silent round trip of the browser.
	Scopes []string
	// Organization asks at each sign-in for one of the person's organizations, and
	// the session is for that one: [AnyOrganization] has the person choose, and an
	// organization's id leaves no choice. The scope organizations is added. A sign-in
	// whose answer is about another organization, or about none, fails. By default
	// none is asked for.
	Organization string
	// AuthorizeParams are sent with every authorization request, for example
	// ui_locales or acr_values. Parameters that this package sets are refused.
	AuthorizeParams url.Values
	// SkipUserInfo leaves it at the claims of the ID token. Otherwise the
	// userinfo endpoint is asked after each sign-in and refresh: there, and not
	// in the ID token, providers put the claims of profile and email (OpenID
	// Connect Core §5.4).
	SkipUserInfo bool

	// CookieKey seals the cookies: at least 32 random bytes.
	CookieKey []byte
	// OldCookieKeys still open cookies but seal none. To rotate, move
	// CookieKey here and keep it for one SessionLifetime.
	OldCookieKeys [][]byte
	// CookieName begins the name of each cookie, so that apps which share a
	// host name do not overwrite each other's. By default the ClientID.
	CookieName string

	// SessionLifetime is how long after sign-in the session ends, however
	// often it was refreshed. By default 12 hours.
	SessionLifetime time.Duration
	// SignInTimeout is how long an answer is waited for. By default one hour,
	// which leaves time to make an account on the way.
	SignInTimeout time.Duration
	// ClockSkew is how far ahead the provider's clock may be. By default 30
	// seconds.
	ClockSkew time.Duration

	// SignOuts remembers which sessions ended before their time. By default the
	// memory of this process: an app on several nodes gives them one to share.
	SignOuts SignOuts

	// HTTPClient calls the provider. By default one that gives up after ten
	// seconds and follows no redirects.
	HTTPClient *http.Client
	// ErrorHandler answers when a sign-in or a request cannot go on. By
	// default a plain page with a way forward, or JSON where JSON was asked for.
	ErrorHandler func(http.ResponseWriter, *http.Request, *Error)
	// Logger receives one line per failure, never with a token or a code in
	// it. By default slog.Default().
	Logger *slog.Logger
}

// ownedParams are set by this package for each request; a fixed value would
// break the protection they give.
var ownedParams = []string{
	"client_id", "code_challenge", "code_challenge_method", "nonce", "organization", "prompt", "redirect_uri",
	"request", "request_uri", "response_mode", "response_type", "scope", "state",
}

// complete returns a copy of c with defaults filled in, or every fault of c at
// once, each by the name of the field to set.
func (c Config) complete() (Config, error) {
	redirect, redirectErr := checkURL("RedirectURL", c.RedirectURL)
	_, issuerErr := checkURL("Issuer", c.Issuer)
	faults := []error{redirectErr, issuerErr}
	fault := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	fault(strings.ContainsAny(c.Issuer, "?#"), "Issuer: must have no query or fragment")
	fault(c.ClientID == "", "ClientID: must be set")
	fault(len(c.CookieKey) < minCookieKey, "CookieKey: must be at least %d bytes, has %d", minCookieKey, len(c.CookieKey))
	for i, key := range c.OldCookieKeys {
		fault(len(key) < minCookieKey, "OldCookieKeys[%d]: must be at least %d bytes, has %d", i, minCookieKey, len(key))
	}
	for name := range c.AuthorizeParams {
		fault(slices.Contains(ownedParams, name), "AuthorizeParams: %s is set by this package", name)
	}
	// A slug could not be compared with the answer, which has the id.
	fault(c.Organization != "" && c.Organization != AnyOrganization && !organizationID.MatchString(c.Organization),
		"Organization: %q is neither an organization's id nor %s", c.Organization, AnyOrganization)
	if c.AuthMethod == "" {
		c.AuthMethod = ClientSecretBasic
		if c.ClientSecret == "" {
			c.AuthMethod = ClientPublic
		}
	}
	known := slices.Contains([]string{ClientSecretBasic, ClientSecretPost, ClientPublic}, c.AuthMethod)
	fault(!known, "AuthMethod: %q is not one of client_secret_basic, client_secret_post, none", c.AuthMethod)
	fault(known && (c.AuthMethod == ClientPublic) != (c.ClientSecret == ""), "AuthMethod: %s and ClientSecret do not go together", c.AuthMethod)

	if redirect != nil {
		c = c.withPaths(redirect)
		_, err := checkURL("PostLogoutURL", c.PostLogoutURL)
		faults = append(faults, err)
		callback := redirect.Path
		fault(c.LoginPath == callback || c.LogoutPath == callback || c.LoginPath == c.LogoutPath,
			"LoginPath, LogoutPath and the path of RedirectURL must differ")
	}
	if err := errors.Join(faults...); err != nil {
		return Config{}, fmt.Errorf("relyingparty: %w", err)
	}
	return c.withDefaults(), nil
}

// withPaths fills in what follows from where the callback is.
func (c Config) withPaths(redirect *url.URL) Config {
	beside := path.Dir(redirect.Path)
	if c.LoginPath == "" {
		c.LoginPath = path.Join(beside, "login")
	}
	if c.LogoutPath == "" {
		c.LogoutPath = path.Join(beside, "logout")
	}
	if c.PostLogoutURL == "" {
		c.PostLogoutURL = redirect.Scheme + "://" + redirect.Host + "/"
	}
	return c
}

func (c Config) withDefaults() Config {
	if len(c.Scopes) == 0 {
		c.Scopes = []string{"openid", "profile", "email"}
	}
	if !slices.Contains(c.Scopes, "openid") {
		c.Scopes = append([]string{"openid"}, c.Scopes...)
	}
	if c.Organization != "" && !slices.Contains(c.Scopes, scopeOrganizations) {
		c.Scopes = append(slices.Clone(c.Scopes), scopeOrganizations)
	}
	if c.CookieName == "" {
		c.CookieName = c.ClientID
	}
	c.CookieName = cookieSafe(c.CookieName)
	if c.SessionLifetime <= 0 {
		c.SessionLifetime = defaultSessionLifetime
	}
	if c.SignInTimeout <= 0 {
		c.SignInTimeout = defaultSignInTimeout
	}
	if c.ClockSkew <= 0 {
		c.ClockSkew = defaultClockSkew
	}
	if c.HTTPClient == nil {
		c.HTTPClient = &http.Client{
			Timeout: providerTimeout,
			// A redirected token request would carry the client's secret to
			// whatever address the answer names.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

// checkURL accepts absolute https URLs, and http ones of a loopback host.
func checkURL(field, raw string) (*url.URL, error) {
	if raw == "" {
		return nil, fmt.Errorf("%s: must be set", field)
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%s: %q is not an absolute URL", field, raw)
	}
	if u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()) {
		return u, nil
	}
	return nil, fmt.Errorf("%s: %q must begin with https:// (http:// only on localhost)", field, raw)
}

func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// cookieSafe keeps what RFC 6265 §4.1.1 allows in a cookie's name, less the
// characters that this package uses as separators.
func cookieSafe(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, name)
}
