package client_test

import (
	"slices"
	"strings"
	"testing"

	"signet/internal/client"
	"signet/internal/fault"
)

// strict is a client that every profile takes.
func strict(profile string) client.Client {
	c := client.Client{ID: "bank", Metadata: client.Metadata{
		Profile: profile, AuthMethod: client.AuthPrivateKeyJWT, JWKSURI: "https://app.example/keys", RedirectURIs: []string{"https://app.example/cb"},
	}}
	c.Fill()
	return c
}

// TestProfilesSwitchOnWhatTheyAsk: naming the profile is enough.
func TestProfilesSwitchOnWhatTheyAsk(t *testing.T) {
	for _, profile := range client.Profiles {
		c := strict(profile)
		if err := c.Check(rules); err != nil {
			t.Errorf("%s: %v", profile, err)
		}
		policy := c.Policy()
		fapi2 := strings.HasPrefix(profile, "fapi2")
		if c.RequirePAR != fapi2 || policy.IssuerAudience != fapi2 || policy.KeepRefresh != fapi2 {
			t.Errorf("%s: RequirePAR %v, %+v", profile, c.RequirePAR, policy)
		}
		if c.RequireSignedRequest != (profile == client.ProfileFAPI2Signing) {
			t.Errorf("%s: RequireSignedRequest %v", profile, c.RequireSignedRequest)
		}
		for _, alg := range []string{c.IDTokenAlg, c.AnswerAlg, c.IntrospectionAlg} {
			if want := map[bool]string{true: "RS256", false: "ES256"}[profile == client.ProfileOIDC]; alg != want {
				t.Errorf("%s: the default algorithm is %s, want %s", profile, alg, want)
			}
		}
	}
	machine := client.Client{ID: "job", Metadata: client.Metadata{
		Profile: client.ProfileFAPI2Signing, AuthMethod: client.AuthPrivateKeyJWT, JWKSURI: "https://app.example/keys", GrantTypes: []string{client.GrantClientCredentials},
	}}
	if machine.Fill(); machine.RequirePAR || machine.RequireSignedRequest || machine.Check(rules) != nil {
		t.Errorf("a client without people: %+v, %v", machine.Metadata, machine.Check(rules))
	}
}

// TestProfilesBind: the tokens of a client that shows a certificate are bound to
// it, and those of any other to a key by DPoP, unless the client says which.
func TestProfilesBind(t *testing.T) {
	withCertificates := rules
	withCertificates.Certificates, withCertificates.Authorities = true, true
	for _, profile := range client.Profiles[1:] {
		for name, tc := range map[string]struct {
			edit func(*client.Client)
			dpop bool
		}{
			"by an assertion": {func(*client.Client) {}, true},
			"by an assertion, and asked for certificates": {func(c *client.Client) { c.CertificateBound = true }, false},
			"by a certificate":                            {func(c *client.Client) { c.AuthMethod, c.TLSDNS = client.AuthTLS, "app.example" }, false},
			"by its own":                                  {func(c *client.Client) { c.AuthMethod = client.AuthSelfSignedTLS }, false},
			"by its own, and asked for DPoP":              {func(c *client.Client) { c.AuthMethod, c.DPoPBound = client.AuthSelfSignedTLS, true }, true},
		} {
			c := client.Client{ID: "bank", Metadata: client.Metadata{
				Profile: profile, AuthMethod: client.AuthPrivateKeyJWT, JWKSURI: "https://app.example/keys", RedirectURIs: []string{"https://app.example/cb"},
			}}
			tc.edit(&c)
			c.Fill()
			if err := c.Check(withCertificates); err != nil || c.DPoPBound != tc.dpop || c.CertificateBound == tc.dpop {
				t.Errorf("%s, %s: bound by DPoP %v, to the certificate %v, %v", profile, name, c.DPoPBound, c.CertificateBound, err)
			}
		}
	}
}

// TestProfilesNameEveryFault: what a client cannot meet is told at once, each by
// its field and with the clause.
func TestProfilesNameEveryFault(t *testing.T) {
	p384 := `{"keys":[{"kty":"EC","crv":"P-384","x":"PGY9gsaX59aNwA9vtNmXYIsobQnKEGUCfdBFpd7-Obxhk9gZO6jZXxvaRjPGZ9wS","y":"g2SPTGMTCXrYc3v2FzYb9QH7NiIcNnFZPnqZjyHcMeQWZh9pPZH4pBYHQW2hM5gU"}]}`
	weak := `{"keys":[{"kty":"RSA","e":"AQAB","n":"` + strings.Repeat("_", 170) + `w"}]}` // 1024 bits
	for name, tc := range map[string]struct {
		edit   func(*client.Client)
		fields []string
	}{
		"a secret": {func(c *client.Client) { c.AuthMethod, c.SecretHash = client.AuthBasic, "x" }, []string{"auth_method"}},
		"public":   {func(c *client.Client) { c.AuthMethod = client.AuthNone }, []string{"auth_method"}},
		"RS256 everywhere": {func(c *client.Client) {
			c.AuthSigningAlg, c.IDTokenAlg, c.AccessTokenAlg, c.UserinfoAlg, c.AnswerAlg, c.IntrospectionAlg, c.RequestObjectAlg = "RS256", "RS256", "RS256", "RS256", "RS256", "RS256", "RS256"
		}, []string{
			"token_endpoint_auth_signing_alg", "id_token_signed_response_alg", "access_token_signed_response_alg", "userinfo_signed_response_alg",
			"authorization_signed_response_alg", "introspection_signed_response_alg", "request_object_signing_alg",
		}},
		"unsigned requests": {func(c *client.Client) { c.RequestObjectAlg = "none" }, []string{"request_object_signing_alg"}},
		"hybrid": {func(c *client.Client) {
			c.GrantTypes, c.ResponseTypes = []string{client.GrantCode, client.GrantImplicit}, []string{"code", "code id_token", "none"}
		}, []string{"grant_types", "response_types", "response_types"}},
		"plain http":             {func(c *client.Client) { c.RedirectURIs = []string{"http://localhost:8081/cb"} }, []string{"redirect_uris"}},
		"a name of the loopback": {func(c *client.Client) { c.ApplicationType, c.RedirectURIs = "native", []string{"http://localhost/cb"} }, []string{"redirect_uris"}},
		"no key that can sign":   {func(c *client.Client) { c.JWKSURI, c.JWKS = "", client.KeySet(p384) }, []string{"jwks"}},
		"a weak key":             {func(c *client.Client) { c.JWKSURI, c.JWKS = "", client.KeySet(weak) }, []string{"jwks"}},
		"all of it": {func(c *client.Client) {
			c.AuthMethod, c.SecretHash, c.IDTokenAlg, c.RedirectURIs = client.AuthPost, "x", "RS256", []string{"http://127.0.0.1/cb"}
		}, []string{"auth_method", "id_token_signed_response_alg", "redirect_uris"}},
		"a profile that is none": {func(c *client.Client) { c.Profile = "fapi1" }, []string{"profile"}},
		"loopback of a native app": {func(c *client.Client) {
			c.ApplicationType, c.RedirectURIs = "native", []string{"http://127.0.0.1/cb", "http://[::1]/cb"}
		}, nil},
	} {
		c := strict(client.ProfileFAPI2)
		tc.edit(&c)
		err := c.Check(client.Rules{Algs: rules.Algs, Loopback: true})
		var got []string
		for _, one := range unjoin(err) {
			f, ok := one.(*fault.Error)
			if !ok {
				t.Fatalf("%s: %v", name, err)
			}
			got = append(got, f.Field)
			if f.Field != "profile" && f.Field != "jwks" && (!strings.Contains(f.Message, "profile fapi2") || !strings.Contains(f.Message, "§")) && strings.Contains(f.Message, "profile") {
				t.Errorf("%s: %q names no profile or clause", name, f.Message)
			}
		}
		slices.Sort(got)
		slices.Sort(tc.fields)
		if !slices.Equal(got, tc.fields) {
			t.Errorf("%s: %v (%v), want %v", name, got, err, tc.fields)
		}
	}
}

func unjoin(err error) []error {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		return several.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}
