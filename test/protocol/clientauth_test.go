package protocol

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"signet/internal/testenv"
)

// TestClientAuthentication: the registered method is the only one that is
// accepted, at every endpoint (RFC 6749 §2.3, RFC 7009 §2.1, RFC 7662 §2.1).
func TestClientAuthentication(t *testing.T) {
	basic := func(id, secret string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))
	}
	raw := func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }
	cases := []struct {
		name          string
		authorization string
		form          []string
		status        int // 0: the client is let in
		code          string
	}{
		{"basic", basic(web.ID, web.Secret), nil, 0, ""},
		{"basic with the same client_id", basic(web.ID, web.Secret), []string{"client_id", web.ID}, 0, ""},
		{"post", "", []string{"client_id", post.ID, "client_secret", post.Secret}, 0, ""},
		{"none", "", []string{"client_id", spa.ID}, 0, ""},
		{"nothing", "", nil, 401, "invalid_client"},
		{"unknown client", basic("nobody", "x"), nil, 401, "invalid_client"},
		{"unknown client by post", "", []string{"client_id", "nobody", "client_secret", "x"}, 401, "invalid_client"},
		{"unknown public client", "", []string{"client_id", "nobody"}, 401, "invalid_client"},
		{"wrong secret", basic(web.ID, "wrong"), nil, 401, "invalid_client"},
		{"empty secret", basic(web.ID, ""), nil, 401, "invalid_client"},
		{"another's secret", basic(web.ID, guest.Secret), nil, 401, "invalid_client"},
		{"secret in another case", basic(web.ID, strings.ToUpper(web.Secret)), nil, 401, "invalid_client"},
		{"wrong secret by post", "", []string{"client_id", post.ID, "client_secret", "wrong"}, 401, "invalid_client"},
		{"secret that is not encoded", raw(web.ID + ":" + web.Secret), nil, 401, "invalid_client"},
		{"post where basic is registered", "", []string{"client_id", web.ID, "client_secret", web.Secret}, 401, "invalid_client"},
		{"basic where post is registered", basic(post.ID, post.Secret), nil, 401, "invalid_client"},
		{"no secret where one is registered", "", []string{"client_id", web.ID}, 401, "invalid_client"},
		{"basic of a public client", basic(spa.ID, "x"), nil, 401, "invalid_client"},
		{"empty basic of a public client", basic(spa.ID, ""), nil, 401, "invalid_client"},
		{"post of a public client", "", []string{"client_id", spa.ID, "client_secret", "x"}, 401, "invalid_client"},
		{"two methods", basic(web.ID, web.Secret), []string{"client_secret", web.Secret}, 400, "invalid_request"},
		{"two clients", basic(web.ID, web.Secret), []string{"client_id", post.ID}, 400, "invalid_request"},
		{"not base64", "Basic %%%", nil, 401, "invalid_client"},
		{"no colon", raw(web.ID), nil, 401, "invalid_client"},
		{"bad escape", raw(web.ID + ":%zz"), nil, 401, "invalid_client"},
		{"another scheme", "Digest " + web.ID, nil, 401, "invalid_client"},
		{"bearer", "Bearer " + web.Secret, nil, 401, "invalid_client"},
		{"secret with a NUL", basic(web.ID, "\x00"), nil, 401, "invalid_client"},
		{"assertion", "", []string{"client_id", web.ID, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion", "e30.e30.x"}, 401, "invalid_client"},
	}
	each(t, func(t *testing.T, e *testenv.Env) {
		for _, c := range cases {
			for endpoint, letIn := range map[string]string{"/token": "invalid_grant", "/revoke": "", "/introspect": ""} {
				t.Run(c.name+" "+endpoint, func(t *testing.T) {
					form := url.Values{"grant_type": {"authorization_code"}, "code": {"x"}, "redirect_uri": {"y"}, "token": {"z"}}
					for i := 0; i+1 < len(c.form); i += 2 {
						form.Set(c.form[i], c.form[i+1])
					}
					got := raw401(t, e.Issuer+endpoint, form, c.authorization)
					switch {
					case c.status != 0:
						wantError(t, c.name, got, c.status, c.code)
					case endpoint == "/introspect" && c.name == "none":
						wantError(t, "a public client", got, http.StatusUnauthorized, "invalid_client")
					case letIn == "":
						if got.Status != http.StatusOK || got.Header.Get("Cache-Control") != "no-store" {
							t.Errorf("%d %s, want 200", got.Status, got.Body)
						}
					default:
						wantError(t, c.name, got, http.StatusBadRequest, letIn)
					}
				})
			}
		}
	})
}

// raw401 posts the form with the Authorization header as it stands.
func raw401(t *testing.T, address string, form url.Values, authorization string) *testenv.Answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	got, err := testenv.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestTokenRequests that are not what RFC 6749 §3.2 asks for.
func TestTokenRequests(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, fleet)
		good := url.Values{"grant_type": {"client_credentials"}}
		send := func(method, query, contentType, body string) *testenv.Answer {
			t.Helper()
			req, err := http.NewRequestWithContext(t.Context(), method, e.Issuer+"/token"+query, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if contentType != "" {
				req.Header.Set("Content-Type", contentType)
			}
			req.SetBasicAuth(fleet.ID, fleet.Secret)
			return app.Do(req)
		}
		const form = "application/x-www-form-urlencoded"
		if got := send("POST", "", form+"; charset=UTF-8", good.Encode()); got.Status != http.StatusOK {
			t.Fatalf("a good request: %d %s", got.Status, got.Body)
		}
		if got := send("GET", "?"+good.Encode(), "", ""); got.Status != http.StatusMethodNotAllowed || got.Header.Get("Allow") != "POST, OPTIONS" {
			t.Errorf("GET: %d with Allow %q, want 405 with POST", got.Status, got.Header.Get("Allow"))
		}
		for name, got := range map[string]*testenv.Answer{
			"everything in the query": send("POST", "?"+good.Encode(), form, ""),
			"JSON":                    send("POST", "", "application/json", `{"grant_type":"client_credentials"}`),
			"no type":                 send("POST", "", "", good.Encode()),
			"multipart":               send("POST", "", "multipart/form-data; boundary=x", "--x--"),
			"grant_type twice":        send("POST", "", form, good.Encode()+"&"+good.Encode()),
			"scope twice":             send("POST", "", form, good.Encode()+"&scope=a&scope=a"),
			"bad escape":              send("POST", "", form, good.Encode()+"&x=%zz"),
			"too large":               send("POST", "", form, good.Encode()+"&x="+strings.Repeat("x", 300<<10)),
			"no grant_type":           send("POST", "", form, ""),
			"empty grant_type":        send("POST", "", form, "grant_type="),
		} {
			wantError(t, name, got, http.StatusBadRequest, "invalid_request")
		}
		for _, grant := range []string{"password", "implicit", "urn:ietf:params:oauth:grant-type:saml2-bearer", `"<x>\`} {
			wantError(t, grant, send("POST", "", form, "grant_type="+url.QueryEscape(grant)), http.StatusBadRequest, "unsupported_grant_type")
		}
		for _, grant := range []string{"authorization_code", "refresh_token"} {
			wantError(t, grant, send("POST", "", form, "code=x&refresh_token=x&grant_type="+grant), http.StatusBadRequest, "unauthorized_client")
		}
		// Credentials in an address are no credentials (RFC 6749 §2.3.1).
		query := url.Values{"client_id": {post.ID}, "client_secret": {post.Secret}}
		got := raw401(t, e.Issuer+"/token?"+query.Encode(), url.Values{"grant_type": {"authorization_code"}, "code": {"x"}}, "")
		wantError(t, "credentials in the query", got, http.StatusUnauthorized, "invalid_client")
	})
}

// TestClientCredentials gives a client a token of its own (RFC 6749 §4.4,
// RFC 9068 §2.2).
func TestClientCredentials(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, fleet)
		cases := []struct{ asked, given, code string }{
			{"", "devices:read devices:write", ""},
			{"devices:read", "devices:read", ""},
			{"devices:write devices:read devices:write", "devices:write devices:read", ""},
			{"devices:read unknown", "devices:read", ""},
			{"unknown", "", "invalid_scope"},
			{"openid", "", "invalid_scope"},
		}
		for _, c := range cases {
			got := app.Call("/token", "grant_type", "client_credentials", "scope", c.asked)
			if c.code != "" {
				wantError(t, c.asked, got, http.StatusBadRequest, c.code)
				continue
			}
			if got.Status != http.StatusOK || got.Str("scope") != c.given || got.Str("token_type") != "Bearer" ||
				got.Fields["refresh_token"] != nil || got.Fields["id_token"] != nil || got.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("scope %q: %d %s, want the scope %q and neither refresh nor ID token", c.asked, got.Status, got.Body, c.given)
			}
			about := app.Call("/introspect", "token", got.Str("access_token"))
			if about.Fields["active"] != true || about.Str("sub") != fleet.ID || about.Str("client_id") != fleet.ID {
				t.Errorf("introspection: %s", about.Body)
			}
			wantError(t, "userinfo without a person", app.Userinfo(got.Str("access_token")), http.StatusUnauthorized, "invalid_token")
		}
		wantError(t, "a client without the grant", e.App(t, web).Call("/token", "grant_type", "client_credentials"), http.StatusBadRequest, "unauthorized_client")
		wantError(t, "a public client", e.App(t, spa).Call("/token", "grant_type", "client_credentials"), http.StatusBadRequest, "unauthorized_client")
		wantError(t, "resource", app.Call("/token", "grant_type", "client_credentials", "resource", "https://api.example"), http.StatusBadRequest, "invalid_target")
	})
}
