package client

import (
	"net"
	"slices"
	"strings"
)

// checkLogout checks how the client is told that a session ended. A page that
// is framed for it must be of an origin to which answers go (OpenID Connect
// Front-Channel Logout 1.0 §2): no other has anything to forget.
func (c *Client) checkLogout(p *problems) {
	own := func(redirect string) bool { return Origin(redirect) == Origin(c.FrontchannelURI) }
	p.when(c.FrontchannelURI != "" && !slices.ContainsFunc(c.RedirectURIs, own),
		"frontchannel_logout_uri", "frontchannel_logout_uri %q must have the scheme, host and port of one of the redirect_uris (OpenID Connect Front-Channel Logout §2)", c.FrontchannelURI)
}

// Origin is the origin of a web address as browsers write it (RFC 6454 §6.2),
// and "" for an address that has none.
func Origin(address string) string {
	u := webAddress(address)
	if u == nil || u.Hostname() == "" {
		return ""
	}
	host := strings.ToLower(u.Hostname())
	switch port := u.Port(); {
	case port != "" && port != map[string]string{"https": "443", "http": "80"}[u.Scheme]:
		host = net.JoinHostPort(host, port)
	case strings.Contains(host, ":"):
		host = "[" + host + "]"
	}
	return u.Scheme + "://" + host
}
