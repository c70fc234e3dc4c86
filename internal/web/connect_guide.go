package web

import (
	"strings"

	"signet/internal/federation"
	"signet/internal/org"
	"signet/internal/web/view"
)

// guide is a provider in one of its protocols, as connections to it begin.
type guide struct {
	id       view.Guide
	name     string // of the connections that are made by it, at first
	product  string // as people choose it; "": another
	protocol org.Protocol
	scopes   []string
}

// guides are those that are offered, in their order.
var guides = []guide{
	{view.GuideEntra, "Microsoft Entra ID", "Microsoft Entra ID (Azure AD)", org.OIDC, nil},
	{view.GuideOktaSAML, "Okta", "Okta", org.SAML, nil},
	{view.GuideOkta, "Okta", "Okta", org.OIDC, []string{"profile", "email", "groups"}},
	{view.GuideEntraSAML, "Microsoft Entra ID", "Microsoft Entra ID (Azure AD)", org.SAML, nil},
	{view.GuideOIDC, "OpenID Connect", "", org.OIDC, nil},
	{view.GuideSAML, "SAML", "", org.SAML, nil},
}

func guideNamed(id string) *guide {
	for i := range guides {
		if string(guides[i].id) == id {
			return &guides[i]
		}
	}
	return nil
}

// guideOf is the one whose steps fit the connection: by what is known of its
// provider, which at first is the name that the guide gave it.
func guideOf(c *org.Connection) view.Guide {
	where := strings.ToLower(c.OIDC.MetadataURL + c.SAML.MetadataURL + " " + c.Name)
	saml := c.Protocol == org.SAML
	switch {
	case strings.Contains(where, "okta") && saml:
		return view.GuideOktaSAML
	case strings.Contains(where, "okta"):
		return view.GuideOkta
	case !strings.Contains(where, "entra") && !strings.Contains(where, "login.microsoftonline"):
		return view.Guide(c.Protocol)
	case saml:
		return view.GuideEntraSAML
	}
	return view.GuideEntra
}

func (w *Web) guideAddresses(c *org.Connection) view.GuideAddresses {
	base := w.Letters.Home + federation.PathFederation + c.ID
	return view.GuideAddresses{
		Callback: base + federation.PathCallback, SignOut: base + federation.PathSignedOut, Told: base + federation.PathBackchannel, EntityID: base + federation.PathMetadata,
		ACS: base + federation.PathACS, App: w.View.Brand().Name,
	}
}
