package relyingparty

import (
	"net/url"
	"strings"
)

// maxReturn bounds what a sign-in's cookie carries, in bytes: several may wait,
// and all of them travel with each request.
const maxReturn = 1024

// safeReturn returns the path and query of this app that to names, or "/".
// Only what every browser reads as a path on the same host passes: a second
// slash or a backslash at the start would name another host, and browsers drop
// control characters before they look (WHATWG URL §4.4).
func (rp *RP) safeReturn(to string) string {
	if len(to) > maxReturn || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") {
		return "/"
	}
	if strings.ContainsFunc(to, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }) {
		return "/"
	}
	u, err := url.Parse(to)
	if err != nil || u.Host != "" || u.Scheme != "" || strings.HasPrefix(u.Path, "//") {
		return "/"
	}
	switch u.Path {
	case rp.config.LoginPath, rp.callbackPath, rp.config.LogoutPath, rp.config.LogoutPath + "/local":
		return "/" // going back there would go round in circles
	}
	return to
}

// ownPath is safeReturn for an address of this app in full.
func (rp *RP) ownPath(address string) string {
	own, err := url.Parse(rp.config.RedirectURL)
	if err != nil {
		return "/"
	}
	path, found := strings.CutPrefix(address, own.Scheme+"://"+own.Host)
	if !found {
		return "/"
	}
	return rp.safeReturn(path)
}
