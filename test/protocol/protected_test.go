package protocol

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"signet/internal/resource"
	"signet/internal/testenv"
)

// protectedAt is where the metadata of an API of the house are: the well-known part
// stands between host and path (RFC 9728 §3.1).
func protectedAt(e *testenv.Env, api string) string {
	return e.Issuer + "/.well-known/oauth-protected-resource" + strings.TrimPrefix(api, e.Issuer)
}

// protectedResourceWorks: the API's metadata are there, and are its own.
func protectedResourceWorks(t *testing.T, e *testenv.Env, api string) {
	if got := fetch(t, protectedAt(e, api), nil); got.Status != http.StatusOK || got.Str("resource") != api {
		t.Errorf("%s: %d %s", api, got.Status, got.Body)
	}
}

// TestProtectedResource: what is said of the APIs of the house is so (RFC 9728 §2,
// §3), and a refusal leads there (§5.1).
func TestProtectedResource(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		e.Apply(managed)
		house, managing := e.Issuer, e.Issuer+"/api/v1"
		scopes := func(list any) (out []string) {
			for _, s := range list.([]any) {
				out = append(out, s.(string))
			}
			return out
		}
		for api, want := range map[string][]string{house: resource.House, managing: resource.OfAPI} {
			got := fetch(t, protectedAt(e, api), map[string]string{"Origin": "https://anywhere.example"})
			h := got.Header
			if got.Status != http.StatusOK || got.Str("resource") != api || h.Get("Content-Type") != "application/json" || h.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s: %d %v %s", api, got.Status, h, got.Body)
			}
			if servers := scopes(got.Fields["authorization_servers"]); !slices.Equal(servers, []string{e.Issuer}) {
				t.Errorf("%s: tokens are given by %v", api, servers)
			}
			if all := scopes(got.Fields["scopes_supported"]); !slices.Equal(all, want) {
				t.Errorf("%s: scopes %v, want %v", api, all, want)
			}
			if methods := scopes(got.Fields["bearer_methods_supported"]); slices.Contains(methods, "query") || slices.Contains(methods, "body") != (api == house) {
				t.Errorf("%s: tokens are taken from %v", api, methods)
			}
		}

		operator := itself(t, e.App(t, robot))
		challenges := func(got *testenv.Answer, api, more string) {
			t.Helper()
			all := got.Header.Values("WWW-Authenticate")
			for _, c := range all {
				if !strings.Contains(c, ` resource_metadata="`+protectedAt(e, api)+`"`) {
					t.Errorf("the challenge %q leads nowhere", c)
				}
			}
			if len(all) == 0 || !strings.Contains(all[0], more) {
				t.Errorf("challenges %q, want one with %q", all, more)
			}
		}
		for token, more := range map[string]string{"": "Bearer ", "nonsense": `error="invalid_token"`} {
			challenges((&manager{t, operator.app, token}).refused(http.StatusUnauthorized, "GET", "/organizations", ""), managing, more)
		}
		challenges(operator.app.Userinfo("nonsense"), house, `error="invalid_token"`)
		// Who would register an app needs another token than those of the house.
		if got := operator.call("GET", "/nothing", ""); got.Header.Get("WWW-Authenticate") != "" {
			t.Errorf("%v", got.Header)
		}
	})
}

// TestManagementAlone: a token that is for the management API alone opens that and
// nothing else of the house; with a resource that is another address of ours there
// is none (RFC 8707 §3).
func TestManagementAlone(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{})
	e.Apply(managed)
	app := e.App(t, desk)
	managing := e.Issuer + "/api/v1"
	b := signedIn(t, e, app, ada)
	granted := tokens(t, b, app, ada, "scope", "openid offline_access organizations:read", "resource", managing, "prompt", "consent")
	hers := &manager{t, app, granted.Str("access_token")}
	hers.want(http.StatusOK, "GET", "/organizations", "")
	hers.refused(http.StatusForbidden, "POST", "/organizations", `{"name":"Mills"}`)
	if got := app.Userinfo(hers.token); got.Status != http.StatusUnauthorized {
		t.Errorf("userinfo: %d %s", got.Status, got.Body)
	}
	if c := claimsOf(t, hers.token); fmt.Sprint(c["aud"]) != managing && fmt.Sprint(c["aud"]) != "["+managing+"]" || c["scope"] != "organizations:read" {
		t.Errorf("the token is for %v, scope %v", c["aud"], c["scope"])
	}
	// It is narrowed at the token endpoint, too, from what is for the whole house.
	whole := tokens(t, b, app, ada, "scope", "openid offline_access organizations:read")
	narrow := app.Call("/token", "grant_type", "refresh_token", "refresh_token", whole.Str("refresh_token"), "resource", managing)
	if got := app.Userinfo(narrow.Str("access_token")); narrow.Status != http.StatusOK || got.Status != http.StatusUnauthorized {
		t.Errorf("narrowed: %d %s, userinfo %d", narrow.Status, narrow.Body, got.Status)
	}
	(&manager{t, app, narrow.Str("access_token")}).want(http.StatusOK, "GET", "/organizations", "")
	for _, other := range []string{managing + "/", e.Issuer + "/api", managing + "/organizations"} {
		wantError(t, other, e.App(t, robot).Call("/token", "grant_type", "client_credentials", "resource", other), http.StatusBadRequest, "invalid_target")
	}
}

// TestOpenIDClientDiscoversTheAPI: a library that knows the API's address alone gets
// a token and an answer.
func TestOpenIDClientDiscoversTheAPI(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		e.Apply(managed)
		n := startNode(t, e, robot)
		got := n.must("discover", "api", e.Issuer+"/api/v1", "ask", e.Issuer+"/api/v1/organizations")
		if items, _ := got.Claims["items"].([]any); len(items) != 3 || got.Tokens.Access == "" || got.URL != protectedAt(e, e.Issuer+"/api/v1") {
			t.Errorf("%+v", got)
		}
	})
}

// TestProtectedResourceBelowAPath: where the issuer has a path, it comes after the
// well-known part (RFC 9728 §3.1, RFC 8414 §3.1).
func TestProtectedResourceBelowAPath(t *testing.T) {
	t.Parallel()
	const issuer = "http://localhost:1/auth"
	e := boot(t, testenv.Options{Env: map[string]string{"SIGNET_ISSUER": issuer}})
	for path, want := range map[string]string{"/auth": issuer, "/auth/api/v1": issuer + "/api/v1"} {
		if got := fetch(t, e.Nodes[0]+"/.well-known/oauth-protected-resource"+path, nil); got.Status != http.StatusOK || got.Str("resource") != want {
			t.Errorf("%s: %d %s", path, got.Status, got.Body)
		}
	}
	if got := fetch(t, e.Nodes[0]+"/.well-known/oauth-authorization-server/auth", nil); got.Str("issuer") != issuer {
		t.Errorf("RFC 8414: %d %s", got.Status, got.Body)
	}
	for _, path := range []string{"", "/", "/auth/api", "/auth/nothing", "/api/v1"} {
		if got := fetch(t, e.Nodes[0]+"/.well-known/oauth-protected-resource"+path, nil); got.Status != http.StatusNotFound {
			t.Errorf("%q: %d", path, got.Status)
		}
	}
	got := fetch(t, e.Nodes[0]+"/auth/api/v1/organizations", nil)
	if c := got.Header.Get("WWW-Authenticate"); c != `Bearer resource_metadata="http://localhost:1/.well-known/oauth-protected-resource/auth/api/v1"` {
		t.Errorf("challenge %q", c)
	}
}
