package protocol

import (
	"strings"
	"testing"

	"signet/internal/session"
	"signet/internal/testenv"
)

// TestACRValues: the class that is asked for is the one that is told, in the ID
// token, the access token and by introspection; what cannot be is a wish.
func TestACRValues(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		e.Apply(strings.Replace(declared, "  - id: es256\n", "  - id: es256\n    default_acr_values: [urn:signet:acr:fresh]\n", 1))
		app := e.App(t, web)
		b := signedIn(t, e, app, ada)
		for _, c := range []struct {
			app   testenv.App
			pairs []string
			want  string
		}{
			{web, nil, session.ACRPassword},
			{web, []string{"acr_values", session.ACRFresh}, session.ACRFresh},
			{web, []string{"acr_values", session.ACRPassword + " " + session.ACRFresh}, session.ACRPassword},
			{web, []string{"acr_values", "gold silver"}, session.ACRPassword},
			{web, []string{"acr_values", "gold", "prompt", "none"}, session.ACRPassword},
			{web, []string{"claims", `{"id_token":{"acr":{"essential":true,"value":"` + session.ACRFresh + `"}}}`}, session.ACRFresh},
			{es256, nil, session.ACRFresh},
			{es256, []string{"acr_values", session.ACRPassword}, session.ACRPassword},
		} {
			app := e.App(t, c.app)
			got := tokens(t, b, app, ada, append(c.pairs, "scope", "openid")...)
			id, access := app.IDToken(got.Str("id_token"), ""), claimsOf(t, got.Str("access_token"))
			told := app.Call("/introspect", "token", got.Str("access_token"))
			if id["acr"] != c.want || access["acr"] != c.want || told.Str("acr") != c.want {
				t.Errorf("%s %v: acr %v, %v, %v, want %s", c.app.ID, c.pairs, id["acr"], access["acr"], told.Str("acr"), c.want)
			}
		}
		r := app.Request("claims", `{"id_token":{"acr":{"essential":true,"value":"gold"}}}`)
		got := wantAnswer(t, e, r, b.Get(r.Path()), "unmet_authentication_requirements")
		if why := explained(t, e, got.Get("error_description"), "acr"); !strings.Contains(why.Clause, "Unmet Authentication Requirements") {
			t.Errorf("explained as %+v", why)
		}
	})
}
