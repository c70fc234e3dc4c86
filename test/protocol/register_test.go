package protocol

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"signet/internal/testenv"
)

// metadata is what an app says about itself.
type metadata = map[string]any

// call sends the metadata (nil: nothing) with the token ("": none).
func call(t *testing.T, method, address, token string, m any) *testenv.Answer {
	t.Helper()
	body := ""
	if m != nil {
		if text, ok := m.(string); ok {
			body = text
		} else {
			body = asJSON(t, m)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if m != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	got, err := testenv.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// registered is the app of what the provider told it.
func registered(t *testing.T, got *testenv.Answer) testenv.App {
	t.Helper()
	if got.Status != http.StatusCreated && got.Status != http.StatusOK {
		t.Fatalf("not registered: %d %s", got.Status, got.Body)
	}
	app := testenv.App{ID: got.Str("client_id"), Secret: got.Str("client_secret"), Post: got.Str("token_endpoint_auth_method") == "client_secret_post", Scope: "openid email"}
	if list := words(got.Fields["redirect_uris"]); len(list) > 0 {
		app.Redirect = list[0]
	}
	return app
}

var openly = map[string]string{"SIGNET_REGISTRATION_MODE": "open"}

// eachOpen is each for houses where everybody may register.
func eachOpen(t *testing.T, env map[string]string, test func(t *testing.T, e *testenv.Env)) {
	t.Helper()
	t.Parallel()
	for _, backend := range testenv.Backends {
		t.Run(string(backend), func(t *testing.T) {
			all := maps.Clone(openly)
			maps.Copy(all, env)
			test(t, boot(t, testenv.Options{Backend: backend, Env: all}))
		})
	}
}

// TestRegister: an app registers itself and works at once, as a guest of the
// house; it is told all that is registered (RFC 7591 §3).
func TestRegister(t *testing.T) {
	eachOpen(t, nil, func(t *testing.T, e *testenv.Env) {
		doc := fetch(t, e.Issuer+"/.well-known/openid-configuration", nil)
		endpoint := doc.Str("registration_endpoint")
		if endpoint != e.Issuer+"/register" {
			t.Fatalf("registration_endpoint is %q", endpoint)
		}
		got := call(t, "POST", endpoint, "", metadata{"redirect_uris": []string{"https://new.example/cb?kept=exactly%20so"}})
		if got.Status != http.StatusCreated || got.Header.Get("Cache-Control") != "no-store" || got.Header.Get("Content-Type") != "application/json" {
			t.Fatalf("%d %v %s", got.Status, got.Header, got.Body)
		}
		for name, want := range (metadata{
			"token_endpoint_auth_method": "client_secret_basic", "application_type": "web", "subject_type": "public",
			"id_token_signed_response_alg": "RS256", "client_secret_expires_at": 0, "scope": "openid profile email phone address offline_access",
			"grant_types": []string{"authorization_code"}, "response_types": []string{"code"}, "redirect_uris": []string{"https://new.example/cb?kept=exactly%20so"},
		}) {
			if !same(got.Fields[name], want) {
				t.Errorf("%s is %v, want %v", name, got.Fields[name], want)
			}
		}
		if got.Str("registration_access_token") == "" || !strings.HasPrefix(got.Str("registration_client_uri"), e.Issuer+"/") || got.Fields["client_id_issued_at"] == nil {
			t.Errorf("%s", got.Body)
		}
		app := e.App(t, registered(t, got))
		b := e.Browser().For(t)
		r := app.Request()
		p := b.Submit(b.Get(r.Path()).Form("username"), "submit", "username", ada.Email)
		p = b.Submit(p.Form("password"), "submit", "password", ada.Password)
		if p.Form("allow") == nil {
			t.Fatalf("%s: an app that registered itself is not asked about", p.URL)
		}
		if redeemed := app.Redeem(r, wantAnswer(t, e, r, b.Submit(p.Form("allow"), "allow"), "")); redeemed.Status != http.StatusOK {
			t.Errorf("%s", redeemed.Body)
		}

		// Everything that can be said comes back as it was said, and holds.
		key := keyFor(t, "ES256", "1")
		full := metadata{
			"client_name": "Notizbuch für alle 日本", "redirect_uris": []string{"https://full.example/cb", "https://full.example/two"}, "post_logout_redirect_uris": []string{"https://full.example/bye"},
			"grant_types": []string{"authorization_code", "implicit", "refresh_token"}, "response_types": []string{"code", "code id_token", "id_token"},
			"scope": "openid email offline_access", "token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "ES256",
			"contacts": []string{"dev@full.example"}, "client_uri": "https://full.example/", "logo_uri": "https://full.example/logo.png",
			"policy_uri": "https://full.example/policy", "tos_uri": "https://full.example/terms", "initiate_login_uri": "https://full.example/login",
			"jwks": decoded(t, publicSet(t, key)), "subject_type": "public", "id_token_signed_response_alg": "ES256",
			"userinfo_signed_response_alg": "EdDSA", "request_object_signing_alg": "ES256", "request_uris": []string{"https://full.example/request#hash"},
			"require_pushed_authorization_requests": true, "dpop_bound_access_tokens": true, "default_max_age": 3600, "require_auth_time": true,
		}
		sent := maps.Clone(full)
		maps.Copy(sent, metadata{"client_id": "chosen", "client_secret": "chosen", "trusted": true, "client_name#fr": "Carnet", "unknown": 1, "registration_access_token_hash": "x", "software_statement": "x.y.z"})
		got = call(t, "POST", endpoint, "", sent)
		for name, want := range full {
			if !same(got.Fields[name], want) {
				t.Errorf("%s is %v, want %v", name, got.Fields[name], want)
			}
		}
		for _, name := range []string{"trusted", "unknown", "registration_access_token_hash", "client_secret", "client_secret_expires_at", "software_statement"} {
			if got.Fields[name] != nil {
				t.Errorf("%s is %v, want nothing", name, got.Fields[name])
			}
		}
		if got.Str("client_id") == "chosen" {
			t.Error("the app chose its id")
		}
		c := registered(t, got)
		c.Assert = func() string { return sign(t, key, "ES256", "JWT", assertion(e, c.ID, nil)) }
		app = e.App(t, c)
		r = app.Request()
		if pushed := push(app, r); pushed.Status != http.StatusCreated {
			t.Errorf("%d %s", pushed.Status, pushed.Body)
		}
		wantAnswer(t, e, r, b.Get(r.Path()), "invalid_request") // it must push
	})
}

func decoded(t *testing.T, text string) (out metadata) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestOpenIDClientRegisters: npm's openid-client registers itself and signs in.
func TestOpenIDClientRegisters(t *testing.T) {
	eachOpen(t, nil, func(t *testing.T, e *testenv.Env) {
		n := startNode(t, e, testenv.App{Redirect: "https://node.example/cb"}, "register", `{"redirect_uris":["https://node.example/cb"],"client_name":"Node","token_endpoint_auth_method":"client_secret_post"}`)
		b := e.Browser().For(t)
		done := n.must("callback", "url", b.Finish(b.Get(n.must("begin", "parameters", parameters{"scope": "openid email"}).URL), ada).Location)
		if info := n.must("userinfo", "token", done.Tokens.Access, "subject", done.Claims["sub"]); info.Claims["email"] != ada.Email {
			t.Errorf("userinfo: %v", info.Claims)
		}
	})
}

// TestRegisterRefuses tells what is wrong by name (RFC 7591 §3.2.2).
func TestRegisterRefuses(t *testing.T) {
	eachOpen(t, nil, func(t *testing.T, e *testenv.Env) {
		good := []string{"https://new.example/cb"}
		for name, c := range map[string]struct {
			m          any
			code, word string
		}{
			"no JSON":                       {"x", "invalid_client_metadata", "JSON"},
			"null":                          {"null", "invalid_client_metadata", "JSON"},
			"a list":                        {[]string{}, "invalid_client_metadata", "JSON"},
			"nothing":                       {metadata{}, "invalid_redirect_uri", "redirect_uris"},
			"a redirect URI alone":          {metadata{"redirect_uris": "https://new.example/cb"}, "invalid_client_metadata", "redirect_uris"},
			"http":                          {metadata{"redirect_uris": []string{"http://new.example/cb"}}, "invalid_redirect_uri", "https"},
			"a fragment":                    {metadata{"redirect_uris": []string{"https://new.example/cb#x"}}, "invalid_redirect_uri", "fragment"},
			"javascript":                    {metadata{"redirect_uris": []string{"javascript:alert(1)"}}, "invalid_redirect_uri", "redirect_uris"},
			"a wildcard":                    {metadata{"redirect_uris": []string{"https://*.example/cb"}}, "invalid_redirect_uri", "exact"},
			"too many":                      {metadata{"redirect_uris": slices.Repeat(good, 51)}, "invalid_redirect_uri", "at most"},
			"a scheme of a web app":         {metadata{"redirect_uris": []string{"com.example:/cb"}}, "invalid_redirect_uri", "https"},
			"a scope that is not to be had": {metadata{"redirect_uris": good, "scope": "admin"}, "invalid_client_metadata", "scopes"},
			"another grant":                 {metadata{"redirect_uris": good, "grant_types": []string{"client_credentials"}}, "invalid_client_metadata", "client_credentials"},
			"types without their grant":     {metadata{"redirect_uris": good, "grant_types": []string{"authorization_code"}, "response_types": []string{"id_token"}}, "invalid_client_metadata", "implicit"},
			"another type":                  {metadata{"redirect_uris": good, "response_types": []string{"token"}}, "invalid_client_metadata", "response type"},
			"another method":                {metadata{"redirect_uris": good, "token_endpoint_auth_method": "tls_client_auth"}, "invalid_client_metadata", "auth_method"},
			"a key method without keys":     {metadata{"redirect_uris": good, "token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata", "jwks"},
			"a private key":                 {metadata{"redirect_uris": good, "jwks": json.RawMessage(asJSON(t, metadata{"keys": []any{keyFor(t, "ES256", "1")}}))}, "invalid_client_metadata", "private"},
			"jwks and jwks_uri":             {metadata{"redirect_uris": good, "jwks": metadata{"keys": []any{}}, "jwks_uri": "https://new.example/keys"}, "invalid_client_metadata", "jwks_uri"},
			"alg none":                      {metadata{"redirect_uris": good, "id_token_signed_response_alg": "none"}, "invalid_client_metadata", "id_token_signed_response_alg"},
			"a logo of data":                {metadata{"redirect_uris": good, "logo_uri": "data:image/png;base64,AAAA"}, "invalid_client_metadata", "logo_uri"},
			"a script for terms":            {metadata{"redirect_uris": good, "tos_uri": "javascript:alert(1)"}, "invalid_client_metadata", "tos_uri"},
			"login by http":                 {metadata{"redirect_uris": good, "initiate_login_uri": "http://new.example/login"}, "invalid_client_metadata", "initiate_login_uri"},
			"a name with a line end":        {metadata{"redirect_uris": good, "client_name": "a\nb"}, "invalid_client_metadata", "name"},
			"a name that turns around":      {metadata{"redirect_uris": good, "client_name": "a\u202eb"}, "invalid_client_metadata", "name"},
			"a long name":                   {metadata{"redirect_uris": good, "client_name": strings.Repeat("n", 300)}, "invalid_client_metadata", "name"},
			"another subject type":          {metadata{"redirect_uris": good, "subject_type": "secret"}, "invalid_client_metadata", "subject_type"},
			"pairwise on two hosts":         {metadata{"redirect_uris": []string{good[0], "https://other.example/cb"}, "subject_type": "pairwise"}, "invalid_client_metadata", "sector_identifier_uri"},
			"a sector on this machine":      {metadata{"redirect_uris": good, "sector_identifier_uri": "https://127.0.0.1/sector"}, "invalid_client_metadata", "not public"},
			"an age that is no number":      {metadata{"redirect_uris": good, "default_max_age": "soon"}, "invalid_client_metadata", "default_max_age"},
			"too large":                     {metadata{"redirect_uris": good, "client_name": strings.Repeat("n", 300_000)}, "invalid_client_metadata", "too large"},
		} {
			got := call(t, "POST", e.Issuer+"/register", "", c.m)
			wantError(t, name, got, http.StatusBadRequest, c.code)
			if !strings.Contains(got.Str("error_description"), c.word) {
				t.Errorf("%s: %q does not say %q", name, got.Str("error_description"), c.word)
			}
		}
		form := raw401(t, e.Issuer+"/register", map[string][]string{"redirect_uris": good}, "")
		wantError(t, "a form", form, http.StatusBadRequest, "invalid_client_metadata")
	})
}

// TestWhoMayRegister: nobody by default, and whoever has the token where one is
// set; so many from one network.
func TestWhoMayRegister(t *testing.T) {
	t.Parallel()
	good := metadata{"redirect_uris": []string{"https://new.example/cb"}}
	closed := boot(t, testenv.Options{})
	if got := call(t, "POST", closed.Issuer+"/register", "", good); got.Status != http.StatusNotFound && got.Status != http.StatusMethodNotAllowed {
		t.Errorf("registered where nobody may: %d", got.Status)
	}
	if doc := fetch(t, closed.Issuer+"/.well-known/openid-configuration", nil); doc.Fields["registration_endpoint"] != nil {
		t.Error("registration is advertised where nobody may")
	}
	const token = "the-initial-access-token-of-this-house"
	e := boot(t, testenv.Options{Env: map[string]string{"SIGNET_REGISTRATION_MODE": "token", "SIGNET_REGISTRATION_TOKEN": token}})
	for _, bad := range []string{"", "x", token + "x"} {
		got := call(t, "POST", e.Issuer+"/register", bad, good)
		if got.Status != http.StatusUnauthorized || got.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("with the token %q: %d %s", bad, got.Status, got.Body)
		}
	}
	registered(t, call(t, "POST", e.Issuer+"/register", token, good))

	few := boot(t, testenv.Options{Env: map[string]string{"SIGNET_REGISTRATION_MODE": "open", "SIGNET_LIMITS_REGISTRATION": "2/1h", "SIGNET_LIMITS_EXEMPT": ""}})
	statuses := []int{}
	for range 3 {
		statuses = append(statuses, call(t, "POST", few.Issuer+"/register", "", good).Status)
	}
	if !slices.Equal(statuses, []int{201, 201, 429}) {
		t.Errorf("statuses %v", statuses)
	}
}

// TestManagingIsCounted: an app that registered itself fills the log by looking
// after that no further than by registering; it may leave at any time.
func TestManagingIsCounted(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{Env: map[string]string{"SIGNET_REGISTRATION_MODE": "open", "SIGNET_LIMITS_REGISTRATION": "3/1h", "SIGNET_LIMITS_EXEMPT": ""}})
	m := metadata{"redirect_uris": []string{"https://new.example/cb"}}
	first := call(t, "POST", e.Issuer+"/register", "", m)
	m["client_id"] = registered(t, first).ID
	uri, token := first.Str("registration_client_uri"), first.Str("registration_access_token")
	var statuses []int
	for _, method := range []string{"GET", "PUT", "GET", "PUT", "DELETE"} {
		var body any
		if method == "PUT" {
			body = m
		}
		statuses = append(statuses, call(t, method, uri, token, body).Status)
	}
	if !slices.Equal(statuses, []int{200, 200, 429, 429, 204}) {
		t.Errorf("statuses %v", statuses)
	}
}

// TestManageClient: an app reads, replaces and removes its registration, and no
// other's (RFC 7592).
func TestManageClient(t *testing.T) {
	eachOpen(t, nil, func(t *testing.T, e *testenv.Env) {
		first := call(t, "POST", e.Issuer+"/register", "", metadata{"redirect_uris": []string{"https://one.example/cb"}, "client_name": "One"})
		other := call(t, "POST", e.Issuer+"/register", "", metadata{"redirect_uris": []string{"https://two.example/cb"}})
		one := registered(t, first)
		uri, token := first.Str("registration_client_uri"), first.Str("registration_access_token")
		for name, c := range map[string][2]string{
			"no token":               {uri, ""},
			"another's token":        {uri, other.Str("registration_access_token")},
			"no client":              {e.Issuer + "/register/nobody", token},
			"an operator's client":   {e.Issuer + "/register/web", token},
			"the secret for a token": {uri, one.Secret},
		} {
			for _, method := range []string{"GET", "PUT", "DELETE"} {
				if got := call(t, method, c[0], c[1], metadata{"client_id": one.ID, "redirect_uris": []string{"https://evil.example/"}}); got.Status != http.StatusUnauthorized {
					t.Errorf("%s with %s: %d %s", method, name, got.Status, got.Body)
				}
			}
		}
		read := call(t, "GET", uri, token, nil)
		if read.Status != http.StatusOK || read.Str("client_name") != "One" || read.Str("registration_access_token") != token || read.Fields["client_secret"] != nil {
			t.Errorf("read: %d %s", read.Status, read.Body)
		}
		next := metadata{"client_id": one.ID, "client_secret": one.Secret, "redirect_uris": []string{"https://one.example/new"}, "token_endpoint_auth_method": "client_secret_post"}
		for name, bad := range map[string]metadata{
			"without the id": {"redirect_uris": next["redirect_uris"]},
			"of another":     {"client_id": other.Str("client_id"), "redirect_uris": next["redirect_uris"]},
			"with a token":   {"client_id": one.ID, "redirect_uris": next["redirect_uris"], "registration_access_token": token},
			"with a secret":  {"client_id": one.ID, "redirect_uris": next["redirect_uris"], "client_secret": "chosen"},
		} {
			wantError(t, name, call(t, "PUT", uri, token, bad), http.StatusBadRequest, "invalid_client_metadata")
		}
		wantError(t, "a bad address", call(t, "PUT", uri, token, metadata{"client_id": one.ID, "redirect_uris": []string{"http://one.example/"}}), http.StatusBadRequest, "invalid_redirect_uri")
		changed := call(t, "PUT", uri, token, next)
		if changed.Status != http.StatusOK || changed.Str("client_name") != one.ID || changed.Fields["client_secret"] != nil {
			t.Fatalf("replaced: %d %s", changed.Status, changed.Body)
		}
		one.Post, one.Redirect = true, "https://one.example/new"
		app := e.App(t, one)
		got := tokens(t, e.Browser().For(t), app, ada)
		if p := e.Browser().For(t).Get(app.Request("redirect_uri", "https://one.example/cb").Path()); p.Location != "" {
			t.Error("the address of before is still good")
		}
		// What signs must be known here, so there is a new secret.
		next["token_endpoint_auth_method"] = "client_secret_jwt"
		changed = call(t, "PUT", uri, token, next)
		if changed.Str("client_secret") == "" || changed.Str("client_secret") == one.Secret {
			t.Errorf("for a method that signs: %s", changed.Body)
		}
		// An operator who declares it takes it over.
		taken := other.Str("client_id")
		e.Apply("clients:\n  - id: " + taken + "\n    redirect_uris: [\"https://two.example/cb\"]\n    name: " + taken + "\n")
		if got := call(t, "GET", other.Str("registration_client_uri"), other.Str("registration_access_token"), nil); got.Status != http.StatusUnauthorized {
			t.Errorf("a declared client by the token of before: %d", got.Status)
		}
		if gone := call(t, "DELETE", uri, token, nil); gone.Status != http.StatusNoContent {
			t.Fatalf("removed: %d %s", gone.Status, gone.Body)
		}
		for _, method := range []string{"GET", "DELETE"} {
			if after := call(t, method, uri, token, nil); after.Status != http.StatusUnauthorized {
				t.Errorf("%s of what is gone: %d", method, after.Status)
			}
		}
		if info := app.Userinfo(got.Str("access_token")); info.Status != http.StatusUnauthorized {
			t.Errorf("its token lives on: %d", info.Status)
		}
	})
}

// TestPairwise: people have another name at each sector, by which they are known
// wherever the client asks (OpenID Connect Core §8).
func TestPairwise(t *testing.T) {
	eachOpen(t, map[string]string{"SIGNET_OUTBOUND_ALLOW_PRIVATE": "true"}, func(t *testing.T, e *testenv.Env) {
		var list atomic.Value
		list.Store(`["https://a.example/cb","https://b.example/cb","https://b.example/more"]`)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Write([]byte(list.Load().(string)))
		}))
		t.Cleanup(server.Close)
		enroll := func(more metadata, uris ...string) testenv.App {
			t.Helper()
			m := metadata{"redirect_uris": uris, "subject_type": "pairwise", "grant_types": []string{"authorization_code", "implicit", "refresh_token"}, "response_types": []string{"code", "code id_token"}}
			maps.Copy(m, more)
			return registered(t, call(t, "POST", e.Issuer+"/register", "", m))
		}
		sector := metadata{"sector_identifier_uri": server.URL}
		a, b := enroll(sector, "https://a.example/cb"), enroll(sector, "https://b.example/cb", "https://b.example/more")
		c, d := enroll(nil, "https://c.example/cb"), enroll(nil, "https://c.example/other", "https://c.example/cb")
		browser := e.Browser().For(t)
		subOf := func(app testenv.App) string {
			t.Helper()
			mine := e.App(t, app)
			got := tokens(t, browser, mine, ada, "scope", "openid offline_access")
			sub, _ := mine.IDToken(got.Str("id_token"), "")["sub"].(string)
			refreshed := mine.Refresh(got.Str("refresh_token"))
			about := map[string]any{
				"userinfo":      mine.Userinfo(got.Str("access_token")).Fields["sub"],
				"access token":  claimsOf(t, got.Str("access_token"))["sub"],
				"introspection": mine.Call("/introspect", "token", got.Str("access_token")).Fields["sub"],
				"refresh token": mine.Call("/introspect", "token", refreshed.Str("refresh_token")).Fields["sub"],
				"refreshed":     mine.IDToken(refreshed.Str("id_token"), "")["sub"],
			}
			for what, other := range about {
				if other != sub {
					t.Errorf("%s: sub is %v, want %s", what, other, sub)
				}
			}
			// The name leads back to the person.
			for _, pairs := range [][]string{{"id_token_hint", got.Str("id_token")}, {"claims", `{"id_token":{"sub":{"value":"` + sub + `"}}}`}} {
				r := mine.Request(append(pairs, "prompt", "none", "scope", "openid")...)
				wantAnswer(t, e, r, browser.Get(r.Path()), "")
			}
			r := mine.Request("claims", `{"id_token":{"sub":{"value":"AAAAAAAAAAAAAAAAAAAAAA"}}}`, "prompt", "none")
			wantAnswer(t, e, r, browser.Get(r.Path()), "login_required")
			return sub
		}
		public := claimsOf(t, tokens(t, browser, e.App(t, web), ada).Str("id_token"))["sub"]
		subA, subB, subC, subD := subOf(a), subOf(b), subOf(c), subOf(d)
		if subA != subB || subC != subD || subA == subC || subA == public || subC == public {
			t.Errorf("subjects %s %s of one sector, %s %s of another, %s for all", subA, subB, subC, subD, public)
		}
		mine := e.App(t, a)
		bobs := tokens(t, e.Browser().For(t), mine, bob)
		if sub := mine.IDToken(bobs.Str("id_token"), "")["sub"]; sub == subA {
			t.Error("two people have one name")
		}
		// Signing out by an ID token knows the person, too.
		hint := tokens(t, browser, mine, ada).Str("id_token")
		if p := endSession(browser, "GET", []string{"id_token_hint", hint}); p.Status != http.StatusOK && p.Location == "" {
			t.Errorf("signed out: %d", p.Status)
		}
		wantSession(t, e, browser, false)

		for _, text := range []string{`["https://other.example/cb"]`, `{}`, `x`, `[1]`} {
			list.Store(text)
			got := call(t, "POST", e.Issuer+"/register", "", metadata{"redirect_uris": []string{"https://a.example/cb"}, "sector_identifier_uri": server.URL})
			wantError(t, text, got, http.StatusBadRequest, "invalid_client_metadata")
		}
	})
}
