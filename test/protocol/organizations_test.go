package protocol

import (
	"reflect"
	"testing"

	"signet/internal/testenv"
)

// TestOrganizations: the scope of that name tells an app of each organization of
// the person, with the role; what changes is told at the next refresh.
func TestOrganizations(t *testing.T) {
	eachHouse(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		got := tokens(t, signedIn(t, e, app, ada), app, ada, "scope", "openid organizations offline_access")
		told := func(access string) map[string]string {
			t.Helper()
			roles := map[string]string{}
			list, ok := app.Userinfo(access).Fields["organizations"].([]any)
			if !ok {
				t.Fatal("userinfo has no list of organizations")
			}
			for _, one := range list {
				o := one.(map[string]any)
				if id, _ := o["id"].(string); len(id) != 36 || len(o) != 3 {
					t.Errorf("%v, want id, name and role", o)
				}
				roles[o["name"].(string)] = o["role"].(string)
			}
			return roles
		}
		want := map[string]string{"Analytical Engines": "owner", "Tables & Sons": "viewer"}
		if roles := told(got.Str("access_token")); !reflect.DeepEqual(roles, want) {
			t.Errorf("%v, want %v", roles, want)
		}

		e.Run("", "org", "member", "tables", "ada@example.com", "--role", "admin")
		e.Run("", "org", "delete", "engines")
		next := app.Refresh(got.Str("refresh_token"))
		want = map[string]string{"Tables & Sons": "admin"}
		if roles := told(next.Str("access_token")); !reflect.DeepEqual(roles, want) {
			t.Errorf("after a refresh: %v, want %v", roles, want)
		}

		// One who has none is told so; without the scope nobody is told.
		none := tokens(t, signedIn(t, e, app, grace), app, grace, "scope", "openid organizations")
		if list, ok := app.Userinfo(none.Str("access_token")).Fields["organizations"].([]any); !ok || len(list) != 0 {
			t.Errorf("of nobody's member: %v, want an empty list", list)
		}
		if silent := tokens(t, signedIn(t, e, app, bob), app, bob, "scope", "openid"); app.Userinfo(silent.Str("access_token")).Fields["organizations"] != nil {
			t.Error("told without the scope")
		}

		// By name, in the ID token too.
		named := tokens(t, signedIn(t, e, app, ada), app, ada, "scope", "openid", "claims", `{"id_token":{"organizations":null}}`)
		if claims := app.IDToken(named.Str("id_token"), ""); claims["organizations"] == nil {
			t.Errorf("asked for in the ID token: %v", claims)
		}
	})
}
