package protocol

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"signet/internal/testenv"
)

// TestRefresh: rotation, the grace of a retried request, and what an older
// token sets off (RFC 6749 §6, RFC 9700 §4.14.2, OpenID Connect Core §12).
func TestRefresh(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		for _, c := range []testenv.App{web, spa, opaque} {
			app := e.App(t, c)
			b := signedIn(t, e, app, ada)
			r := app.Request("scope", "openid email offline_access")
			first := app.Redeem(r, b.SignIn(r, ada))
			id := app.IDToken(first.Str("id_token"), r.Get("nonce"))

			second := app.Refresh(first.Str("refresh_token"))
			if second.Status != http.StatusOK || second.Header.Get("Cache-Control") != "no-store" {
				t.Fatalf("%s: %d %s", app.ID, second.Status, second.Body)
			}
			if second.Str("refresh_token") == first.Str("refresh_token") || second.Str("access_token") == first.Str("access_token") {
				t.Errorf("%s: a token was not replaced", app.ID)
			}
			again := app.IDToken(second.Str("id_token"), "")
			for _, same := range []string{"iss", "sub", "aud", "auth_time", "sid", "acr"} {
				if again[same] != id[same] {
					t.Errorf("%s: the new ID token's %s is %v, was %v", app.ID, same, again[same], id[same])
				}
			}
			if again["nonce"] != nil {
				t.Errorf("%s: the new ID token has a nonce (OpenID Connect Core §12.2)", app.ID)
			}
			retried := app.Refresh(first.Str("refresh_token"))
			if retried.Str("refresh_token") != second.Str("refresh_token") {
				t.Errorf("%s: the retried request got %d %s, want the same successor", app.ID, retried.Status, retried.Body)
			}
			third := app.Refresh(second.Str("refresh_token"))
			if third.Status != http.StatusOK {
				t.Fatalf("%s: the third: %s", app.ID, third.Body)
			}
			if app.Userinfo(third.Str("access_token")).Status != http.StatusOK {
				t.Errorf("%s: the third access token is not good", app.ID)
			}
			// The first is not the one before the current one: somebody has a copy.
			wantError(t, "an older token", app.Refresh(first.Str("refresh_token")), http.StatusBadRequest, "invalid_grant")
			wantError(t, "the current one, after that", app.Refresh(third.Str("refresh_token")), http.StatusBadRequest, "invalid_grant")
			for _, a := range []*testenv.Answer{first, second, third} {
				wantError(t, "userinfo after that", app.Userinfo(a.Str("access_token")), http.StatusUnauthorized, "invalid_token")
			}
		}
	})
}

// TestRefreshAfterGrace: the token before the current one betrays a copy, too,
// when the time in which answers get lost is over.
func TestRefreshAfterGrace(t *testing.T) {
	t.Parallel()
	for _, backend := range testenv.Backends {
		e := boot(t, testenv.Options{Backend: backend, Env: map[string]string{"SIGNET_LIFETIMES_REFRESH_GRACE": "1s"}})
		app := e.App(t, web)
		first := tokens(t, signedIn(t, e, app, ada), app, ada, "scope", allScopes)
		second := app.Refresh(first.Str("refresh_token"))
		time.Sleep(1500 * time.Millisecond)
		wantError(t, "after the grace", app.Refresh(first.Str("refresh_token")), http.StatusBadRequest, "invalid_grant")
		wantError(t, "the successor", app.Refresh(second.Str("refresh_token")), http.StatusBadRequest, "invalid_grant")
	}
}

// TestRefreshRefuses tokens that are not the client's own living ones, and
// scopes beyond the grant.
func TestRefreshRefuses(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		b := signedIn(t, e, app, ada)
		first := tokens(t, b, app, ada, "scope", "openid email offline_access")
		refresh := first.Str("refresh_token")
		for name, bad := range map[string]string{
			"garbage": "garbage", "an access token": first.Str("access_token"), "an ID token": first.Str("id_token"),
			"changed": "B" + refresh[1:], "changed at the end": refresh[:len(refresh)-4] + "AAAA", "longer": refresh + "A",
		} {
			wantError(t, name, app.Refresh(bad), http.StatusBadRequest, "invalid_grant")
		}
		wantError(t, "none", app.Call("/token", "grant_type", "refresh_token"), http.StatusBadRequest, "invalid_request")
		wantError(t, "another client", e.App(t, guest).Refresh(refresh), http.StatusBadRequest, "invalid_grant")
		wantError(t, "a public client", e.App(t, spa).Refresh(refresh), http.StatusBadRequest, "invalid_grant")

		narrow := app.Refresh(refresh, "scope", "openid")
		if narrow.Str("scope") != "openid" || claimsOf(t, narrow.Str("access_token"))["scope"] != "openid" {
			t.Errorf("narrowed: %s", narrow.Body)
		}
		if info := app.Userinfo(narrow.Str("access_token")); info.Fields["email"] != nil {
			t.Errorf("userinfo tells more than the narrowed scope: %s", info.Body)
		}
		wide := app.Refresh(narrow.Str("refresh_token"))
		if wide.Str("scope") != "openid email offline_access" {
			t.Errorf("the next refresh has the scope %q, want all that was granted (RFC 6749 §6)", wide.Str("scope"))
		}
		wantError(t, "more than was granted", app.Refresh(wide.Str("refresh_token"), "scope", "openid profile"), http.StatusBadRequest, "invalid_scope")
		if after := app.Refresh(wide.Str("refresh_token")); after.Status != http.StatusOK {
			t.Errorf("after a refused scope, within the grace: %d %s", after.Status, after.Body)
		}
	})
}

// TestNoRefreshToken where none is due (OpenID Connect Core §11).
func TestNoRefreshToken(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		b := signedIn(t, e, e.App(t, web), ada)
		if got := tokens(t, b, e.App(t, web), ada, "scope", "openid"); got.Str("refresh_token") != "" {
			t.Error("a refresh token without offline_access")
		}
		// es256 is not registered for refresh_token, nor for offline_access.
		got := tokens(t, b, e.App(t, es256), ada, "scope", "openid offline_access")
		if got.Str("refresh_token") != "" || strings.Contains(got.Str("scope"), "offline_access") {
			t.Errorf("a client that is not registered for it got %s", got.Body)
		}
	})
}

// TestIntrospection tells the client that may know, and nobody else
// (RFC 7662 §2.2, §4).
func TestIntrospection(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app, op := e.App(t, guest), e.App(t, opaque)
		b := signedIn(t, e, e.App(t, web), ada)
		jwt := tokens(t, b, app, ada, "scope", "openid email offline_access")
		handle := tokens(t, b, op, ada)
		cases := []struct {
			name, token string
			by          testenv.App
			kind        string // "": inactive
			client      string
		}{
			{"own JWT", jwt.Str("access_token"), guest, "Bearer", "guest"},
			{"own opaque", handle.Str("access_token"), opaque, "Bearer", "opaque"},
			{"own refresh token", jwt.Str("refresh_token"), guest, "refresh_token", "guest"},
			{"JWT, by the house's", jwt.Str("access_token"), audit, "Bearer", "guest"},
			{"opaque, by the house's", handle.Str("access_token"), audit, "Bearer", "opaque"},
			{"foreign JWT", jwt.Str("access_token"), fleet, "", ""},
			{"foreign opaque", handle.Str("access_token"), fleet, "", ""},
			{"foreign refresh token", jwt.Str("refresh_token"), fleet, "", ""},
			{"ID token", jwt.Str("id_token"), guest, "", ""},
			{"garbage", "garbage", guest, "", ""},
			{"changed", jwt.Str("access_token") + "x", guest, "", ""},
		}
		for _, c := range cases {
			for _, hint := range []string{"", "access_token", "refresh_token", "magic"} {
				got := e.App(t, c.by).Call("/introspect", "token", c.token, "token_type_hint", hint)
				if got.Status != http.StatusOK || got.Header.Get("Cache-Control") != "no-store" {
					t.Errorf("%s: %d %s", c.name, got.Status, got.Body)
				}
				switch {
				case c.kind == "" && strings.TrimSpace(got.Body) != `{"active":false}`:
					t.Errorf("%s: %s, want nothing but inactive", c.name, got.Body)
				case c.kind != "" && (got.Fields["active"] != true || got.Str("token_type") != c.kind || got.Str("client_id") != c.client ||
					got.Str("sub") == "" || got.Str("iss") != e.Issuer || !strings.Contains(got.Str("scope"), "openid")):
					t.Errorf("%s: %s", c.name, got.Body)
				}
			}
		}
		wantError(t, "no token", app.Call("/introspect"), http.StatusBadRequest, "invalid_request")
		used := app.Refresh(jwt.Str("refresh_token"))
		if got := app.Call("/introspect", "token", jwt.Str("refresh_token")); got.Fields["active"] != false {
			t.Errorf("a refresh token that was replaced is active: %s", got.Body)
		}
		if got := app.Call("/introspect", "token", used.Str("refresh_token")); got.Fields["active"] != true {
			t.Errorf("its successor: %s", got.Body)
		}
	})
}

// TestRevocation ends a token and all that came from its grant (RFC 7009).
func TestRevocation(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, opaque)
		b := signedIn(t, e, app, ada)
		for _, kind := range []string{"access_token", "refresh_token"} {
			for _, hint := range []string{"", "access_token", "refresh_token", "magic"} {
				got := tokens(t, b, app, ada)
				wantError(t, "another client", e.App(t, web).Call("/revoke", "token", got.Str(kind)), http.StatusBadRequest, "invalid_grant")
				if app.Userinfo(got.Str("access_token")).Status != http.StatusOK {
					t.Fatal("another client's revocation was heeded")
				}
				for range 2 { // the second time there is nothing left to do
					done := app.Call("/revoke", "token", got.Str(kind), "token_type_hint", hint)
					if done.Status != http.StatusOK || done.Body != "" || done.Header.Get("Content-Type") != "" {
						t.Errorf("%s: %d %q of type %q, want 200, empty, without a type", kind, done.Status, done.Body, done.Header.Get("Content-Type"))
					}
				}
				wantError(t, "userinfo", app.Userinfo(got.Str("access_token")), http.StatusUnauthorized, "invalid_token")
				wantError(t, "refresh", app.Refresh(got.Str("refresh_token")), http.StatusBadRequest, "invalid_grant")
			}
		}
		if got := app.Call("/revoke", "token", "garbage"); got.Status != http.StatusOK {
			t.Errorf("garbage: %d, want 200 (RFC 7009 §2.2)", got.Status)
		}
		wantError(t, "no token", app.Call("/revoke"), http.StatusBadRequest, "invalid_request")
		public := e.App(t, spa)
		got := tokens(t, b, public, ada, "scope", "openid offline_access")
		if public.Call("/revoke", "token", got.Str("refresh_token")).Status != http.StatusOK {
			t.Error("a public client cannot revoke its token")
		}
		wantError(t, "its access token", public.Userinfo(got.Str("access_token")), http.StatusUnauthorized, "invalid_token")
	})
}
