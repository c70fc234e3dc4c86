package federation

import (
	"slices"
	"strings"

	"signet/internal/federation/saml"
	"signet/internal/org"
)

// The names by which products tell of a person, where the connection's mapping
// names none: those that Okta's and Ping's guides have people enter, Entra ID's and
// AD FS's addresses, and those of the LDAP profile (urn:oid:, with the friendly
// names beside).
var (
	emailNames  = []string{"email", "mail", "emailAddress", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "urn:oid:0.9.2342.19200300.100.1.3"}
	givenNames  = []string{"given_name", "firstName", "givenName", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname", "urn:oid:2.5.4.42"}
	familyNames = []string{"family_name", "lastName", "surname", "sn", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname", "urn:oid:2.5.4.4"}
	fullNames   = []string{"name", "displayName", "http://schemas.microsoft.com/identity/claims/displayname", "urn:oid:2.16.840.1.113730.3.1.241"}
	groupNames  = []string{
		"groups", "roles", "role", "memberOf", "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
		"http://schemas.microsoft.com/ws/2008/06/identity/claims/role", "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
	}
)

// arrival is the person that the answer is about.
func arrival(c Connection, a *saml.Answer) (*org.Arrival, error) {
	out := &org.Arrival{Issuer: a.Issuer, Attributes: a.Attributes, AuthTime: a.SignedInAt, Until: a.Until, Session: a.Session, Hint: a.Name()}
	m := &c.Mapping
	out.Email = first(named(a, m.Email, emailNames))
	out.GivenName = first(named(a, m.GivenName, givenNames))
	out.FamilyName = first(named(a, m.FamilyName, familyNames))
	out.Name = first(named(a, m.Name, fullNames))
	out.Groups = named(a, m.Groups, groupNames)
	if out.Email == "" && a.EmailSubject() {
		out.Email = a.Subject
	}
	out.EmailRefused = slices.Contains(a.Values("email_verified"), "false")
	switch {
	case c.SAML.Subject != "":
		if out.Subject = strings.Join(a.Values(c.SAML.Subject), "\n"); out.Subject == "" || strings.Contains(out.Subject, "\n") {
			return nil, trouble(Settings, nil, "the attribute %q, which is to name the person, did not come with one value", c.SAML.Subject)
		}
	case a.Transient():
		return nil, trouble(Settings, nil, "the provider gives another NameID at each sign-in (transient): have it send a lasting one, or name an attribute that is one")
	default:
		out.Subject = a.Subject
	}
	return out, nil
}

// named returns the values of the attribute that the mapping names, or else of
// the first that products name so.
func named(a *saml.Answer, mapped string, known []string) []string {
	if mapped != "" {
		return a.Values(mapped)
	}
	for _, name := range known {
		if v := a.Values(name); len(v) > 0 {
			return v
		}
	}
	return nil
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}
