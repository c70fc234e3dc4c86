package op

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"signet/internal/client"
)

// FuzzRegistration: whatever an app says about itself, it becomes no app of the
// house, has no scope but those to be had, and sends nobody to another kind of
// address; what is wrong is told in words that an error may have.
func FuzzRegistration(f *testing.F) {
	for _, seed := range []string{
		"", "null", "[]", "{}", `{"redirect_uris":["https://a.example/cb"]}`, `{"redirect_uris":["https://a.example/cb"],"trusted":true,"scopes":["admin"],"scope":"openid admin"}`,
		`{"redirect_uris":["javascript:x","http://127.0.0.1/","com.example:/"],"application_type":"native"}`, `{"redirect_uris":"x"}`, `{"jwks":{"keys":[{"kty":"oct","k":"AA"}]}}`,
		`{"grant_types":["implicit"],"response_types":["token id_token"],"redirect_uris":["https://a.example"]}`, `{"client_name":"\u202e\n","redirect_uris":["https://a.example"]}`,
		`{"default_max_age":1e99}`, `{"subject_type":"pairwise","redirect_uris":["https://a.example","https://b.example"]}`, `{"REDIRECT_URIS":["https://a.example"],"Trusted":true}`,
	} {
		f.Add(seed)
	}
	allowed := []string{"openid", "email"}
	p := &Provider{cfg: Config{Issuer: fuzzIssuer, Registration: Registration{Open: true, Scopes: allowed}}, Services: Services{Now: time.Now}}
	registry := client.NewRegistry(nil, client.NewSecrets(make([]byte, 32)), client.Rules{Algs: []string{"RS256"}}, time.Now)
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest("POST", pathRegister, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		m, oerr := readRegistration(r)
		if oerr == nil && m.SectorURI == "" { // which would be fetched
			var c *client.Client
			if c, oerr = p.selfRegistered(t.Context(), "app", m); oerr == nil {
				err := registry.Prepare(c, "a-secret-of-at-least-thirty-two-bytes")
				if client.UsesSecret(c.AuthMethod) && err == nil {
					checkRegistered(t, c, allowed)
				} else if err != nil {
					oerr = metadataError(err)
				}
			}
		}
		if oerr != nil && oerr.Message != headerSafe(oerr.Message) {
			t.Errorf("the description has what it may not: %q", oerr.Message)
		}
	})
}

func checkRegistered(t *testing.T, c *client.Client, allowed []string) {
	if c.Trusted || c.ID != "app" || c.RegistrationHash != "" {
		t.Errorf("it made itself %+v", c)
	}
	for _, s := range c.Scopes {
		if !slices.Contains(allowed, s) {
			t.Errorf("it has the scope %q", s)
		}
	}
	for _, g := range c.GrantTypes {
		if !slices.Contains(client.GuestGrants, g) {
			t.Errorf("it has the grant type %q", g)
		}
	}
	for _, uri := range c.RedirectURIs {
		native := c.ApplicationType == "native"
		if !strings.HasPrefix(strings.ToLower(uri), "https:") && !native {
			t.Errorf("people are sent to %q", uri)
		}
	}
}
