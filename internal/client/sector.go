package client

import (
	"net/url"
	"slices"
	"strings"
)

// Subject types (OpenID Connect Core §8).
const (
	SubjectPublic   = "public"
	SubjectPairwise = "pairwise"
)

// SubjectTypes are those that there are.
var SubjectTypes = []string{SubjectPublic, SubjectPairwise}

// Pairwise reports whether people have a name of their own at the client's
// sector.
func (c *Client) Pairwise() bool { return c.SubjectType == SubjectPairwise }

// Sector is what the client shares its pairwise subjects with: the host of its
// sector_identifier_uri, else of its redirect URIs (OpenID Connect Core §8.1); of
// a client by document its own host, whatever device it runs on. One that
// registered itself and may get tokens without an answer to these shares them with
// nobody: it could name anybody's. Neither does a native app, whose answers go to no
// host that is somebody's.
func (c *Client) Sector() string {
	switch {
	case c.Document:
		return hostOf(c.ID)
	case c.RegisteredItself() && c.asksElsewhere():
		return c.ID
	case c.SectorURI != "":
		return hostOf(c.SectorURI)
	}
	for _, uri := range c.RedirectURIs {
		if host := hostOf(uri); host != "" && !(c.ApplicationType == "native" && IsLoopback(host)) {
			return host
		}
	}
	return c.ID
}

// asksElsewhere reports whether the client may get tokens of which nothing goes to
// its redirect URIs.
func (c *Client) asksElsewhere() bool { return c.MayGrant(GrantDevice) || c.MayGrant(GrantCIBA) }

// hostOf is the host of a web address as hosts are compared; "" of any other.
func hostOf(address string) string {
	if u := webAddress(address); u != nil {
		return strings.ToLower(u.Hostname())
	}
	return ""
}

// webAddress reads a web address; nil for any other: whoever makes up a scheme of
// their own can have any host stand behind it.
func webAddress(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return nil
	}
	return u
}

// checkSubject checks what is said of subjects.
func (c *Client) checkSubject(p *problems) {
	p.when(!slices.Contains(SubjectTypes, c.SubjectType), "subject_type", "subject_type is public or pairwise, not %q", c.SubjectType)
	p.when(c.SectorURI != "" && !strings.HasPrefix(c.SectorURI, "https:") && !IsLoopback(hostOf(c.SectorURI)),
		"sector_identifier_uri", "sector_identifier_uri must use https")
	if !c.Pairwise() || c.SectorURI != "" || c.Document {
		return
	}
	for _, uri := range c.RedirectURIs {
		p.when(hostOf(uri) != hostOf(c.RedirectURIs[0]), "sector_identifier_uri",
			"pairwise subjects of a client with redirect URIs on several hosts need a sector_identifier_uri (OpenID Connect Core §8.1)")
	}
}
