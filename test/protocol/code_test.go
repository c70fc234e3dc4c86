package protocol

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"signet/internal/testenv"
)

// TestCode: what must be right when a code is exchanged (RFC 6749 §4.1.3,
// RFC 7636 §4.6, RFC 9700 §2.1.1). A code that was tried in vain is gone.
func TestCode(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		b := signedIn(t, e, e.App(t, web), ada)
		cases := []struct {
			name    string
			app     testenv.App
			request []string // of the authorization request
			token   []string // of the token request
			code    string
		}{
			{"good", web, nil, nil, ""},
			{"without PKCE", web, []string{"code_challenge", "", "code_challenge_method", ""}, nil, ""},
			{"public client", spa, nil, nil, ""},
			{"no code", web, nil, []string{"code", ""}, "invalid_request"},
			{"unknown code", web, nil, []string{"code", strings.Repeat("A", 64)}, "invalid_grant"},
			{"no redirect_uri", web, nil, []string{"redirect_uri", ""}, "invalid_grant"},
			{"another redirect_uri", web, nil, []string{"redirect_uri", "https://web.example/other"}, "invalid_grant"},
			{"redirect_uri with a slash", web, nil, []string{"redirect_uri", web.Redirect + "/"}, "invalid_grant"},
			{"no verifier", web, nil, []string{"code_verifier", ""}, "invalid_grant"},
			{"no verifier of a public client", spa, nil, []string{"code_verifier", ""}, "invalid_grant"},
			{"wrong verifier", web, nil, []string{"code_verifier", strings.Repeat("v", 43)}, "invalid_grant"},
			{"short verifier", web, nil, []string{"code_verifier", "short"}, "invalid_grant"},
			{"long verifier", web, nil, []string{"code_verifier", strings.Repeat("v", 129)}, "invalid_grant"},
			{"verifier without a challenge", web, []string{"code_challenge", "", "code_challenge_method", ""}, []string{"code_verifier", strings.Repeat("v", 43)}, "invalid_grant"},
			// The SHA-256 of 42 characters, although it fits, is none of RFC 7636 §4.1.
			{"verifier too short that fits", web, []string{"code_challenge", "elOGB_2quSlplZKfRRVlu7gULhhEEXMiqv0rPXawGv8"}, []string{"code_verifier", strings.Repeat("a", 42)}, "invalid_grant"},
		}
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				app := e.App(t, c.app)
				r := app.Request(c.request...)
				answer := b.For(t).SignIn(r, ada)
				got := app.Redeem(r, answer, c.token...)
				if c.code == "" {
					if got.Status != http.StatusOK || got.Header.Get("Cache-Control") != "no-store" {
						t.Fatalf("%d %s", got.Status, got.Body)
					}
					app.IDToken(got.Str("id_token"), r.Get("nonce"))
					return
				}
				wantError(t, c.name, got, http.StatusBadRequest, c.code)
				if c.code == "invalid_grant" && c.name != "unknown code" {
					wantError(t, "tried again, rightly", app.Redeem(r, answer), http.StatusBadRequest, "invalid_grant")
				}
			})
		}
	})
}

// TestCodeOfAnother: a code is good for the client that it was issued to.
func TestCodeOfAnother(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		b := signedIn(t, e, app, ada)
		r := app.Request()
		answer := b.SignIn(r, ada)
		wantError(t, "another client", e.App(t, post).Redeem(r, answer), http.StatusBadRequest, "invalid_grant")
		wantError(t, "a public client", e.App(t, spa).Redeem(r, answer), http.StatusBadRequest, "invalid_grant")
		wantError(t, "the client itself, after that", app.Redeem(r, answer), http.StatusBadRequest, "invalid_grant")
	})
}

// TestCodeUsedTwice: the second use is refused and ends what came of the first
// (RFC 6749 §4.1.2), at once and later.
func TestCodeUsedTwice(t *testing.T) {
	t.Parallel()
	for _, wait := range []time.Duration{0, 3 * time.Second} {
		t.Run(wait.String(), func(t *testing.T) {
			each(t, func(t *testing.T, e *testenv.Env) {
				for _, c := range []testenv.App{web, opaque} {
					app := e.App(t, c)
					b := signedIn(t, e, app, ada)
					r := app.Request("scope", "openid email offline_access")
					answer := b.SignIn(r, ada)
					first := app.Redeem(r, answer)
					if app.Userinfo(first.Str("access_token")).Status != http.StatusOK || first.Str("refresh_token") == "" {
						t.Fatalf("%s: the first use: %s", c.ID, first.Body)
					}
					time.Sleep(wait)
					wantError(t, "second use", app.Redeem(r, answer), http.StatusBadRequest, "invalid_grant")
					wantError(t, "userinfo", app.Userinfo(first.Str("access_token")), http.StatusUnauthorized, "invalid_token")
					wantError(t, "refresh", app.Refresh(first.Str("refresh_token")), http.StatusBadRequest, "invalid_grant")
					for _, token := range []string{first.Str("access_token"), first.Str("refresh_token")} {
						if about := app.Call("/introspect", "token", token); about.Fields["active"] != false {
							t.Errorf("%s: introspection: %s, want inactive", c.ID, about.Body)
						}
					}
					wantError(t, "third use", app.Redeem(r, answer), http.StatusBadRequest, "invalid_grant")
				}
			})
		})
	}
}

// TestCodeExpires after its life.
func TestCodeExpires(t *testing.T) {
	t.Parallel()
	for _, backend := range testenv.Backends {
		e := boot(t, testenv.Options{Backend: backend, Env: map[string]string{"SIGNET_LIFETIMES_CODE": "10s"}})
		app := e.App(t, web)
		r := app.Request()
		answer := signedIn(t, e, app, ada).SignIn(r, ada)
		t.Run(string(backend), func(t *testing.T) {
			t.Parallel()
			time.Sleep(10500 * time.Millisecond)
			wantError(t, "expired", e.App(t, web).Redeem(r, answer), http.StatusBadRequest, "invalid_grant")
		})
	}
}

// TestTokenAnswer is what RFC 6749 §5.1 and OpenID Connect Core §3.1.3.3 say
// of a good one, for each kind of client.
func TestTokenAnswer(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		b := signedIn(t, e, e.App(t, web), ada)
		for _, c := range []struct {
			app     testenv.App
			alg     string
			jwt     bool
			refresh bool
		}{
			{web, "RS256", true, false}, {es256, "ES256", true, false}, {eddsa, "EdDSA", true, false},
			{opaque, "RS256", false, true}, {spa, "RS256", true, false},
		} {
			app := e.App(t, c.app)
			r := app.Request("max_age", "100")
			got := app.Redeem(r, b.SignIn(r, ada))
			claims := app.IDToken(got.Str("id_token"), r.Get("nonce"))
			if alg := header(t, got.Str("id_token"))["alg"]; alg != c.alg {
				t.Errorf("%s: the ID token's alg is %v, want %s", app.ID, alg, c.alg)
			}
			for _, name := range []string{"sub", "auth_time", "sid", "acr", "amr", "at_hash", "iat", "exp"} {
				if claims[name] == nil {
					t.Errorf("%s: the ID token has no %s", app.ID, name)
				}
			}
			if claims["aud"] != app.ID || claims["iss"] != e.Issuer || claims["email"] != nil {
				t.Errorf("%s: ID token %v", app.ID, claims)
			}
			if got.Str("token_type") != "Bearer" || got.Fields["expires_in"] != 600.0 || (got.Str("refresh_token") != "") != c.refresh {
				t.Errorf("%s: %s", app.ID, got.Body)
			}
			access := got.Str("access_token")
			if jwt := strings.Count(access, ".") == 2; jwt != c.jwt {
				t.Errorf("%s: a JWT as access token: %v, want %v", app.ID, jwt, c.jwt)
				continue
			}
			if c.jwt {
				checkAccessToken(t, e, app, access, claims)
			}
			if info := app.Userinfo(access); info.Status != http.StatusOK || info.Fields["sub"] != claims["sub"] {
				t.Errorf("%s: userinfo: %s", app.ID, info.Body)
			}
		}
	})
}

// checkAccessToken holds a JWT access token against RFC 9068 §2.
func checkAccessToken(t *testing.T, e *testenv.Env, app *testenv.App, raw string, id map[string]any) {
	t.Helper()
	if h := header(t, raw); h["typ"] != "at+jwt" || h["alg"] != "ES256" || h["kid"] == nil {
		t.Errorf("%s: header %v, want typ at+jwt, ES256 and a kid", app.ID, h)
	}
	claims := claimsOf(t, raw)
	for _, name := range []string{"exp", "iat", "jti", "auth_time", "acr", "amr", "scope"} {
		if claims[name] == nil {
			t.Errorf("%s: the access token has no %s (RFC 9068 §2.2)", app.ID, name)
		}
	}
	if claims["iss"] != e.Issuer || claims["aud"] != e.Issuer || claims["client_id"] != app.ID || claims["sub"] != id["sub"] {
		t.Errorf("%s: access token %v", app.ID, claims)
	}
}

// TestUserinfoRefuses what is no living access token with openid (OpenID
// Connect Core §5.3.3, RFC 6750 §3).
func TestUserinfoRefuses(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		b := signedIn(t, e, app, ada)
		got := tokens(t, b, app, ada, "scope", allScopes)
		access := got.Str("access_token")
		for name, bad := range map[string]string{
			"ID token": got.Str("id_token"), "refresh token": got.Str("refresh_token"), "garbage": "garbage",
			"changed": access[:len(access)-6] + "AAAAAA", "unsigned": access[:strings.LastIndexByte(access, '.')+1],
			"client's own": e.App(t, fleet).Call("/token", "grant_type", "client_credentials").Str("access_token"),
			"two tokens":   access + " " + access,
		} {
			refused := app.Userinfo(bad)
			wantError(t, name, refused, http.StatusUnauthorized, "invalid_token")
			if h := refused.Header.Get("WWW-Authenticate"); !strings.HasPrefix(h, "Bearer ") || !strings.Contains(h, `error="invalid_token"`) {
				t.Errorf("%s: WWW-Authenticate is %q", name, h)
			}
		}
		ask := func(method, query, contentType, body, authorization string) *testenv.Answer {
			req, err := http.NewRequestWithContext(t.Context(), method, e.Issuer+"/userinfo"+query, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if contentType != "" {
				req.Header.Set("Content-Type", contentType)
			}
			if authorization != "" {
				req.Header.Set("Authorization", authorization)
			}
			return app.Do(req)
		}
		const form = "application/x-www-form-urlencoded"
		for name, good := range map[string]*testenv.Answer{
			"header": ask("GET", "", "", "", "Bearer "+access), "header of a post": ask("POST", "", "", "", "bearer "+access),
			"form": ask("POST", "", form, "access_token="+access, ""),
		} {
			if good.Status != http.StatusOK || good.Header.Get("Content-Type") != "application/json" || good.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %d %s", name, good.Status, good.Body)
			}
		}
		wantError(t, "in two ways", ask("POST", "", form, "access_token="+access, "Bearer "+access), http.StatusBadRequest, "invalid_request")
		for name, bad := range map[string]*testenv.Answer{
			"none": ask("GET", "", "", "", ""), "query": ask("GET", "?access_token="+access, "", "", ""),
			"post without a token": ask("POST", "", form, "", ""),
		} {
			wantError(t, name, bad, http.StatusUnauthorized, "")
			if h := bad.Header.Get("WWW-Authenticate"); h != `Bearer resource_metadata="`+e.Issuer+`/.well-known/oauth-protected-resource"` {
				t.Errorf("%s: WWW-Authenticate is %q; without a token there is no error code (RFC 6750 §3.1)", name, h)
			}
		}
		wantError(t, "basic", ask("GET", "", "", "", "Basic "+access), http.StatusUnauthorized, "invalid_token")
		noOpenID := tokens(t, b, app, ada, "scope", "email").Str("access_token")
		wantError(t, "without openid", app.Userinfo(noOpenID), http.StatusForbidden, "insufficient_scope")
	})
}

// TestScopesGiveClaims: each scope brings its claims, and no other (OpenID
// Connect Core §5.4).
func TestScopesGiveClaims(t *testing.T) {
	profile := map[string]any{
		"name": "Ada Lovelace", "given_name": "Ada", "middle_name": "Augusta", "family_name": "Lovelace", "nickname": "Enchantress",
		"preferred_username": "ada", "profile": "https://people.example/ada", "picture": "https://people.example/ada.png",
		"website": "https://ada.example", "gender": "female", "birthdate": "1815-12-10", "zoneinfo": "Europe/London", "locale": "en-GB",
	}
	want := map[string]map[string]any{
		"profile":       profile,
		"email":         {"email": "ada@example.com", "email_verified": true},
		"phone":         {"phone_number": "+441234567890", "phone_number_verified": true},
		"address":       {"address": nil},
		"organizations": {"organizations": nil}, // TestOrganizations
	}
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		b := signedIn(t, e, app, ada)
		for scope, claims := range want {
			info := app.Userinfo(tokens(t, b, app, ada, "scope", "openid "+scope).Str("access_token")).Fields
			for name, value := range claims {
				if info[name] == nil || value != nil && info[name] != value {
					t.Errorf("%s: %s is %v, want %v", scope, name, info[name], value)
				}
			}
			if scope == "profile" {
				if at, _ := info["updated_at"].(float64); time.Since(time.Unix(int64(at), 0)) > time.Hour {
					t.Errorf("updated_at is %v", info["updated_at"])
				}
				delete(info, "updated_at")
			}
			if len(info) != len(claims)+1 {
				t.Errorf("%s: %v has claims beside sub and its own", scope, info)
			}
		}
		info := app.Userinfo(tokens(t, b, app, ada, "scope", "openid").Str("access_token")).Fields
		if len(info) != 1 || info["sub"] == nil {
			t.Errorf("openid alone: %v, want sub", info)
		}
		other := tokens(t, signedIn(t, e, app, bob), app, bob, "scope", "openid email")
		if info := app.Userinfo(other.Str("access_token")).Fields; info["email_verified"] != false {
			t.Errorf("email_verified of an unverified address: %v, want false", info["email_verified"])
		}
	})
}

// TestAuthorizeAnswerIsOneUse: the same answer cannot be had twice by going
// back to the resumed flow.
func TestAuthorizeAnswerIsOneUse(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		b := e.Browser().For(t)
		r := app.Request()
		p := b.Finish(b.Get(r.Path()), ada)
		wantAnswer(t, e, r, p, "")
		var resumed string
		for _, hop := range p.Hops {
			if u, err := url.Parse(hop); err == nil && u.Path == "/authorize/resume" {
				resumed = hop
			}
		}
		if resumed == "" {
			t.Fatalf("no resume in %v", p.Hops)
		}
		wantPage(t, b.Get(resumed), http.StatusGone)
	})
}
