package federation

import (
	"slices"
	"testing"

	"signet/internal/federation/saml"
	"signet/internal/org"
)

// TestSAMLProducts: what products send of a person, each by its own names, is
// understood without a mapping.
func TestSAMLProducts(t *testing.T) {
	const claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	for name, a := range map[string]*saml.Answer{
		"Okta": {Attributes: map[string][]string{
			"email": {"ada@contoso.example"}, "firstName": {"Ada"}, "lastName": {"Lovelace"}, "displayName": {"Ada Lovelace"}, "groups": {"admins", "staff"},
		}},
		"Entra ID": {Attributes: map[string][]string{
			claims + "emailaddress": {"ada@contoso.example"}, claims + "givenname": {"Ada"}, claims + "surname": {"Lovelace"}, claims + "name": {"ada_upn@contoso.example"},
			"http://schemas.microsoft.com/identity/claims/displayname": {"Ada Lovelace"}, "http://schemas.microsoft.com/identity/claims/tenantid": {"3f6a0e0c"},
			"http://schemas.microsoft.com/ws/2008/06/identity/claims/groups": {"admins", "staff"},
		}},
		"LDAP's names": {Attributes: map[string][]string{
			"urn:oid:0.9.2342.19200300.100.1.3": {"ada@contoso.example"}, "urn:oid:2.5.4.42": {"Ada"}, "urn:oid:2.5.4.4": {"Lovelace"},
			"urn:oid:2.16.840.1.113730.3.1.241": {"Ada Lovelace"}, "urn:oid:1.3.6.1.4.1.5923.1.5.1.1": {"admins", "staff"},
		}},
		"LDAP's friendly names": {
			Attributes: map[string][]string{"a": {"ada@contoso.example"}, "b": {"Ada"}, "c": {"Lovelace"}, "d": {"Ada Lovelace"}, "e": {"admins", "staff"}},
			Friendly:   map[string]string{"mail": "a", "givenName": "b", "sn": "c", "displayName": "d", "memberOf": "e"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			a.Subject = "p1"
			got, err := arrival(Connection{Connection: &org.Connection{}}, a)
			if err != nil {
				t.Fatal(err)
			}
			if got.Subject != "p1" || got.Email != "ada@contoso.example" || got.GivenName != "Ada" || got.FamilyName != "Lovelace" || got.Name != "Ada Lovelace" || !slices.Equal(got.Groups, []string{"admins", "staff"}) {
				t.Errorf("arrived: %+v", got)
			}
		})
	}
}

// TestSAMLAddressRefused: a provider may say itself that an address is not proven.
func TestSAMLAddressRefused(t *testing.T) {
	for value, refused := range map[string]bool{"false": true, "true": false, "": false} {
		got, err := arrival(Connection{Connection: &org.Connection{}}, &saml.Answer{Subject: "p1", Attributes: map[string][]string{"email_verified": {value}}})
		if err != nil || got.EmailRefused != refused {
			t.Errorf("%q: %+v, %v", value, got, err)
		}
	}
}
