package protocol

import (
	"net/http"
	"strings"
	"testing"

	"signet/internal/testenv"
)

// TestAPIEnforces: an owner's program requires a provider under the conditions of the
// pages, and with what follows from it there: people are signed out, owners are told
// and have a way in. What is believed by other settings is believed by nobody.
func TestAPIEnforces(t *testing.T) {
	t.Parallel()
	for _, backend := range testenv.Backends {
		t.Run(string(backend), func(t *testing.T) {
			t.Parallel()
			c := newMove(t, backend)
			c.Apply(managed)
			c.Apply("organizations:\n  - {slug: contoso, admins: [ada@example.com]}\n")
			owner, admin := behalf(t, c.Env, c.App(t, desk), contosoBob), behalf(t, c.Env, c.App(t, desk), ada)
			const list, required = "/organizations/contoso/connections", `{"enforced":true}`
			at := list + "/" + owner.want(http.StatusCreated, "POST", list, `{"name":"Empty","protocol":"oidc"}`).Str("id")
			if got := owner.refused(http.StatusConflict, "PATCH", at, required); !strings.Contains(got.Str("detail"), "trial") {
				t.Errorf("untried: %s", got.Body)
			}
			owner.want(http.StatusNoContent, "DELETE", at, "")
			bob := c.signedIn(t, contosoBob)
			c.setUp(t, bob, c.overview(t, bob))
			carol := c.signedIn(t, contosoCarol)
			at = list + "/" + owner.all(list, "100")[0]["id"].(string)
			admin.refused(http.StatusForbidden, "PATCH", at, required)
			owner.refused(http.StatusUnprocessableEntity, "PATCH", at, `{"enforced":true,"enabled":false}`)

			got := owner.want(http.StatusOK, "PATCH", at, required)
			if got.Fields["enforced"] != true || got.Fields["enabled"] != true {
				t.Errorf("required: %s", got.Body)
			}
			c.wantTold(t, "now requires sign-in", "By: "+contosoBob.Email)
			wantSignedOut(t, carol)
			if page := bob.Get("/account"); page.URL.Path != "/account" {
				t.Errorf("the owner is signed out: %s", page.URL)
			}
			c.wantEnforced(t, carol)
			if _, audit, _ := c.Run("", "audit", "--action", "connection"); !strings.Contains(audit, "to=required") {
				t.Errorf("noted: %s", audit)
			}

			for _, step := range []struct {
				body              string
				enabled, enforced bool
			}{
				{`{"enabled":true}`, true, true},
				{`{"enforced":false}`, true, false},
				{required, true, true},
				{`{"name":"Contoso Ltd"}`, true, true},
				{`{"mapping":{"groups":"groups"}}`, true, false},
			} {
				got := owner.want(http.StatusOK, "PATCH", at, step.body)
				if got.Fields["enabled"] != step.enabled || got.Fields["enforced"] != step.enforced {
					t.Errorf("after %s: %s", step.body, got.Body)
				}
			}
			owner.refused(http.StatusConflict, "PATCH", at, required) // another trial first
			other := `{"oidc":{"metadata_url":"` + c.up.Issuer + `/.well-known/openid-configuration","client_id":"another"}}`
			if got := owner.want(http.StatusOK, "PATCH", at, other); got.Fields["enabled"] != false {
				t.Errorf("with another client: %s", got.Body)
			}
			owner.refused(http.StatusConflict, "PATCH", at, `{"enabled":true}`)
		})
	}
}
