package client

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"signet/internal/fault"
)

// MayRedirect reports whether answers may go to the URI: it must be registered
// exactly, character for character (RFC 9700 §2.1). The one exception is the
// port of a native app's loopback address (RFC 8252 §7.3).
func (c *Client) MayRedirect(uri string) bool {
	if slices.Contains(c.RedirectURIs, uri) {
		return true
	}
	return c.ApplicationType == "native" && matchesLoopback(c.RedirectURIs, uri)
}

// MayReturn reports whether the browser may be sent to the URI after sign-out
// (OpenID Connect RP-Initiated Logout §3).
func (c *Client) MayReturn(uri string) bool { return slices.Contains(c.PostLogoutURIs, uri) }

func matchesLoopback(registered []string, uri string) bool {
	asked, ok := withoutPort(uri)
	if !ok {
		return false
	}
	return slices.ContainsFunc(registered, func(r string) bool {
		known, ok := withoutPort(r)
		return ok && known == asked
	})
}

// withoutPort takes the port out of an http address of the loopback interface
// and leaves every other character as it is. A parser would forgive what an
// exact comparison must not: the case of the scheme, an empty fragment.
func withoutPort(uri string) (string, bool) {
	rest, ok := strings.CutPrefix(uri, "http://")
	if !ok {
		return "", false
	}
	host, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host, path = rest[:i], rest[i:]
	}
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		if _, err := strconv.ParseUint(host[i+1:], 10, 16); err != nil {
			return "", false
		}
		host = host[:i]
	}
	return host + path, isLoopbackIP(strings.Trim(host, "[]"))
}

func isLoopbackIP(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// IsLoopback reports whether the host of an http address never leaves this
// machine.
func IsLoopback(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || isLoopbackIP(host)
}

// maxURI bounds an address, in bytes.
const maxURI = 2000

// checkURI says what is wrong with an address that answers will go to. native
// apps may use a scheme of their own; loopback says whether plain http to this
// machine is allowed.
func checkURI(field, uri string, native, loopback bool) error {
	u, err := url.Parse(uri)
	switch {
	case len(uri) > maxURI:
		return fault.New(fault.Invalid, "%s: an address has at most %d bytes", field, maxURI).On(field)
	case err != nil || u.Scheme == "":
		return fault.New(fault.Invalid, "%s: %q is not an absolute address", field, uri).On(field)
	case u.Fragment != "" || strings.Contains(uri, "#"):
		return fault.New(fault.Invalid, "%s: %q must not have a fragment (RFC 6749 §3.1.2)", field, uri).On(field)
	case strings.ContainsAny(uri, "*\\ \t\r\n"):
		return fault.New(fault.Invalid, "%s: %q must be one exact address, without * or white space", field, uri).On(field)
	case u.User != nil:
		return fault.New(fault.Invalid, "%s: %q must not carry a user or password", field, uri).On(field)
	}
	switch u.Scheme {
	case "https":
		if u.Host == "" {
			return fault.New(fault.Invalid, "%s: %q has no host", field, uri).On(field)
		}
		return nil
	case "http":
		if IsLoopback(u.Hostname()) && (native || loopback) {
			return nil
		}
		return fault.New(fault.Invalid, "%s: %q must use https; http is only for loopback addresses of native apps or of a loopback issuer", field, uri).On(field)
	case "javascript", "data", "vbscript", "file", "blob", "about":
		return fault.New(fault.Invalid, "%s: %q is not an address that answers can go to", field, uri).On(field)
	}
	if native && strings.Contains(u.Scheme, ".") {
		return nil // RFC 8252 §7.1: a scheme is a reversed domain name
	}
	return fault.New(fault.Invalid, "%s: %q must use https, or, for a native app, a scheme that is a reversed domain name such as com.example.app", field, uri).On(field)
}
