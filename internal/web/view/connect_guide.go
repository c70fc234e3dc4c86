package view

import "strings"

// GuideAddresses are those of a connection, which its provider is told.
type GuideAddresses struct {
	Callback, SignOut string // of OpenID Connect
	Told              string // the same: where it tells of who was signed out there
	EntityID, ACS     string // of SAML
	App               string // a name for this service there
}

// Guide names a provider in one of its protocols.
type Guide string

// The guides that there are.
const (
	GuideEntra     Guide = "entra"
	GuideEntraSAML Guide = "entra-saml"
	GuideOkta      Guide = "okta"
	GuideOktaSAML  Guide = "okta-saml"
	GuideOIDC      Guide = "oidc"
	GuideSAML      Guide = "saml"
)

// Steps are what to do at the provider. The names of what to click are the
// product's own, in English, and stand in the texts as values.
func (g Guide) Steps(own GuideAddresses) []GuideStep {
	switch g {
	case GuideEntra:
		return entraSteps(own)
	case GuideEntraSAML:
		return entraSAMLSteps(own)
	case GuideOkta:
		return oktaSteps(own)
	case GuideOktaSAML:
		return oktaSAMLSteps(own)
	case GuideSAML:
		return samlSteps(own)
	}
	return oidcSteps(own)
}

// step is one thing to do: the text, and the names of what to click, in their
// order: A, B, C, ...
func step(say Message, clicks ...string) GuideStep {
	s := GuideStep{Sentence: Sentence{Say: say}}
	for i, name := range clicks {
		s.Values = append(s.Values, string(rune('A'+i)), name)
	}
	return s
}

// with adds values that are to be copied there.
func with(s GuideStep, copied ...Copied) GuideStep {
	s.Copy = copied
	return s
}

// way joins the names of what is clicked one after the other.
func way(names ...string) string { return strings.Join(names, " › ") }

func copied(label Message, value string) Copied { return Copied{Label: label, Value: value} }

func entraSteps(own GuideAddresses) []GuideStep {
	return []GuideStep{
		step("guide.open", "Microsoft Entra admin center (entra.microsoft.com)", "Cloud Application Administrator"),
		step("guide.go", way("Entra ID", "App registrations", "New registration")),
		with(step("guide.entra.register", "Name", "Accounts in this organizational directory only", "Redirect URI", "Web", "Register"),
			copied("guide.label.name", own.App), copied("guide.label.redirect", own.Callback)),
		step("guide.entra.client", "Overview", "Application (client) ID"),
		step("guide.entra.metadata", "Endpoints", "OpenID Connect metadata document"),
		step("guide.entra.secret", way("Certificates & secrets", "Client secrets", "New client secret"), "Value", "Secret ID"),
		step("guide.entra.claims", way("Token configuration", "Add optional claim", "ID"), "email, family_name, given_name", "Add"),
		step("guide.entra.groups", way("Token configuration", "Add groups claim"), "Security groups"),
		step("guide.entra.assign", way("Enterprise applications", own.App, "Properties"), "Assignment required?", "Users and groups"),
	}
}

func entraSAMLSteps(own GuideAddresses) []GuideStep {
	return []GuideStep{
		step("guide.open", "Microsoft Entra admin center (entra.microsoft.com)", "Cloud Application Administrator"),
		step("guide.go", way("Entra ID", "Enterprise applications", "New application", "Create your own application")),
		with(step("guide.entra.gallery", "Integrate any other application you don't find in the gallery (Non-gallery)", "Create"),
			copied("guide.label.name", own.App)),
		step("guide.go", way("Single sign-on", "SAML", "Basic SAML Configuration", "Edit")),
		with(step("guide.fill", "Save"), copied("guide.label.entra_entity", own.EntityID), copied("guide.label.entra_reply", own.ACS)),
		step("guide.entra.nameid", way("Attributes & Claims", "Edit", "Unique User Identifier (Name ID)"), "user.objectid", "Persistent"),
		step("guide.entra.signing", way("SAML Certificates", "Edit", "Signing Option"), "Sign SAML response and assertion"),
		step("guide.saml.url", way("SAML Certificates", "App Federation Metadata Url")),
		step("guide.assign", way("Users and groups", "Add user/group")),
	}
}

func oktaSAMLSteps(own GuideAddresses) []GuideStep {
	return []GuideStep{
		step("guide.open", "Okta Admin Console", "Application Administrator"),
		step("guide.go", way("Applications", "Applications", "Create App Integration", "SAML 2.0", "Next")),
		with(step("guide.okta.name", "App name", "Next"), copied("guide.label.name", own.App)),
		with(step("guide.okta.saml", "Use this for Recipient URL and Destination URL"),
			copied("guide.label.okta_acs", own.ACS), copied("guide.label.okta_entity", own.EntityID)),
		step("guide.okta.nameid", "Name ID format", "Persistent", "Application username", "Okta username"),
		step("guide.okta.signing", "Show Advanced Settings", "Response", "Assertion Signature", "Signed"),
		with(step("guide.okta.attributes", "Attribute Statements"),
			copied("guide.label.attribute", "email = user.email"), copied("guide.label.attribute", "firstName = user.firstName"),
			copied("guide.label.attribute", "lastName = user.lastName")),
		step("guide.okta.groups", "Group Attribute Statements", "groups", way("Matches regex", ".*")),
		step("guide.okta.finish", "Next", "This is an internal app that we have created", "Finish"),
		step("guide.saml.url", way("Sign On", "Metadata details", "Metadata URL")),
		step("guide.assign", way("Assignments", "Assign")),
	}
}

func oktaSteps(own GuideAddresses) []GuideStep {
	return []GuideStep{
		step("guide.open", "Okta Admin Console", "Application Administrator"),
		step("guide.go", way("Applications", "Applications", "Create App Integration", "OIDC - OpenID Connect", "Web Application", "Next")),
		with(step("guide.fill", "Save"), copied("guide.label.okta_name", own.App), copied("guide.label.okta_redirect", own.Callback),
			copied("guide.label.okta_signout", own.SignOut)),
		step("guide.client", way("General", "Client Credentials"), "Client ID", "Client secret"),
		step("guide.okta.metadata", "https://YOUR-DOMAIN.okta.com/.well-known/openid-configuration"),
		step("guide.okta.groups_oidc", way("Sign On", "OpenID Connect ID Token", "Groups claim filter"), "groups", way("Matches regex", ".*")),
		step("guide.assign", way("Assignments", "Assign")),
	}
}

func oidcSteps(own GuideAddresses) []GuideStep {
	return []GuideStep{
		with(step("guide.oidc.register"), copied("guide.label.name", own.App), copied("guide.label.redirect", own.Callback), copied("guide.label.signout", own.SignOut), copied("guide.label.told", own.Told)),
		step("guide.oidc.flow", "authorization code", "client_secret_basic", "client_secret_post"),
		step("guide.oidc.metadata", "/.well-known/openid-configuration"),
		step("guide.oidc.claims", "sub", "email", "given_name", "family_name", "groups"),
	}
}

func samlSteps(own GuideAddresses) []GuideStep {
	return []GuideStep{
		with(step("guide.saml.register"), copied("guide.label.saml_metadata", own.EntityID), copied("guide.label.saml_entity", own.EntityID), copied("guide.label.saml_acs", own.ACS)),
		step("guide.saml.sign"),
		step("guide.saml.attributes", "email", "firstName", "lastName", "groups"),
		step("guide.saml.metadata"),
	}
}
