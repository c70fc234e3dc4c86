package op

import (
	"slices"
	"testing"

	"signet/internal/client"
	"signet/internal/session"
)

// FuzzClaims: whatever is asked for, only known claims of scopes that are the
// client's are kept, and what is kept is read again as it was.
func FuzzClaims(f *testing.F) {
	for _, seed := range []string{
		"{}", "null", "[]", `{"userinfo":null}`, `{"userinfo":{"name":null,"email":{"essential":true}},"id_token":{"acr":{"values":["a","b"]}}}`,
		`{"id_token":{"sub":{"value":"x"}}}`, `{"id_token":{"sub":{"value":1}}}`, `{"id_token":{"acr":{"essential":true,"value":"urn:signet:acr:password"}}}`,
		`{"USERINFO":{"Name":null}}`, `{"userinfo":{"name":{"value":{"a":[]}}}}`, `{"id_token":{"name":null},"id_token":{"phone_number":null}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, claims string) {
		d := &draft{
			params: params{"claims": {claims}}, client: &client.Client{ID: "app", Scopes: []string{"openid", "email"}},
			req: &session.Request{Scopes: []string{"openid"}},
		}
		if oerr := checkClaims(&Provider{}, t.Context(), d); oerr != nil {
			return
		}
		asked := readAsked(d.req.Claims)
		if kept := len(d.req.Claims) > 0; kept != (len(asked.Userinfo)+len(asked.IDToken) > 0) {
			t.Fatalf("what was kept reads as nothing: %s", d.req.Claims)
		}
		for _, name := range append(asked.Userinfo, asked.IDToken...) {
			if name != "email" && name != "email_verified" {
				t.Errorf("%q is kept, and none of the client's scopes brings it", name)
			}
			if !slices.Equal(d.req.ClaimScopes, []string{"email"}) {
				t.Errorf("the person is asked for %v", d.req.ClaimScopes)
			}
		}
	})
}
