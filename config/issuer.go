package config

import (
	"net"
	"net/netip"
	"net/url"
	"path"
	"strconv"
	"strings"
)

// checkIssuer holds the issuer to OpenID Connect Discovery 1.0 §3 (a URL with
// no query and no fragment) and to one spelling, because RFC 9207 §2.4 and every
// client compare it as a plain string.
func (c *Config) checkIssuer(r *report) {
	if c.Issuer == "" {
		// A fault of listen itself is reported there.
		if host, _, err := net.SplitHostPort(c.Listen); err == nil && !isLoopback(host) {
			r.fault("issuer", "is not set while listen is not loopback",
				"set the address at which browsers reach the provider, such as https://id.example.com")
		}
		return
	}
	const example = "write an address such as https://id.example.com"
	u, err := url.Parse(c.Issuer)
	switch {
	case err != nil, u.Scheme == "", u.Hostname() == "", u.Opaque != "":
		r.fault("issuer", quote(c.Issuer)+" is not an absolute URL", example)
	case u.Scheme != "https" && u.Scheme != "http":
		r.fault("issuer", "the scheme "+quote(u.Scheme)+" is not https", example)
	case u.User != nil:
		r.fault("issuer", "holds a user name", example)
	case strings.ContainsAny(c.Issuer, "?#"):
		r.fault("issuer", quote(c.Issuer)+" has a query or a fragment", "write only what stands before it")
	case !isASCII(u.Host):
		r.fault("issuer", "the host "+quote(u.Host)+" is not ASCII", "write it as browsers send it, beginning with xn--")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		r.fault("issuer", quote(c.Issuer)+" is http, and the host is not loopback",
			"write https:// (a proxy in front may end TLS, or set tls.cert and tls.key)")
	default:
		if only := canonicalIssuer(u); only != c.Issuer {
			r.fault("issuer", quote(c.Issuer)+" is one of several spellings of the same address", "write "+only)
		}
	}
}

// canonicalIssuer is the one spelling of an issuer: lower case, no default port,
// no dots and no doubled or trailing slash in the path.
func canonicalIssuer(u *url.URL) string {
	host := strings.ToLower(u.Hostname())
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port := u.Port(); port != "" && !(u.Scheme == "https" && port == "443") && !(u.Scheme == "http" && port == "80") {
		host += ":" + port
	}
	rest := ""
	if u.Path != "" {
		rest = strings.TrimSuffix(path.Clean(u.EscapedPath()), "/")
	}
	return u.Scheme + "://" + host + rest
}

// isLoopback reports whether a host, without port, can only be this machine.
// Names below localhost are, by RFC 6761 §6.3.
func isLoopback(host string) bool {
	host = strings.ToLower(host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// checkListen returns what is wrong with an address to listen on, or "".
func checkListen(address string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return quote(address) + " is not an address and a port"
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return quote(port) + " is not a port"
	}
	return ""
}

// isFreePort reports whether the system chooses the port.
func isFreePort(address string) bool {
	_, port, err := net.SplitHostPort(address)
	return err == nil && port == "0"
}

func isASCII(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r > 127 }) < 0
}
