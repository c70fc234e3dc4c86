package protocol

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	coreos "github.com/coreos/go-oidc/v3/oidc"

	"signet/internal/testenv"
)

// checkFront checks an answer of the authorization endpoint against its request
// (OpenID Connect Core §3.2.2, §3.3.2): what was asked for is there, nothing
// else is, and each hash fits. It returns the claims of the ID token, of the
// token endpoint where the front channel has none.
func checkFront(t *testing.T, app *testenv.App, r *testenv.Request, answer url.Values) map[string]any {
	t.Helper()
	types := strings.Fields(r.Get("response_type"))
	for field, word := range map[string]string{
		"code": "code", "id_token": "id_token", "access_token": "token", "token_type": "token", "expires_in": "token", "scope": "token",
	} {
		if want := slices.Contains(types, word); want != answer.Has(field) {
			t.Fatalf("%v: %s is there: %v, want %v", types, field, !want, want)
		}
	}
	if answer.Get("state") != r.Get("state") || answer.Get("iss") == "" || answer.Has("error") {
		t.Errorf("%v: %v", types, answer)
	}
	var claims map[string]any
	if raw := answer.Get("id_token"); raw != "" {
		claims = app.IDToken(raw, r.Get("nonce"))
		for claim, of := range map[string]string{"at_hash": answer.Get("access_token"), "c_hash": answer.Get("code"), "s_hash": r.Get("state")} {
			if got, _ := claims[claim].(string); got != halfHash(of) {
				t.Errorf("%v: %s is %q, want %q", types, claim, got, halfHash(of))
			}
		}
		// A library's opinion on at_hash.
		if access := answer.Get("access_token"); access != "" {
			token := &coreos.IDToken{AccessTokenHash: claims["at_hash"].(string)}
			verified, err := coreos.NewVerifier(answer.Get("iss"), coreos.NewRemoteKeySet(t.Context(), answer.Get("iss")+"/keys"), &coreos.Config{ClientID: app.ID}).Verify(t.Context(), raw)
			if err != nil || verified.VerifyAccessToken(access) != nil || verified.AccessTokenHash != token.AccessTokenHash {
				t.Errorf("%v: at_hash does not verify: %v", types, err)
			}
		}
	}
	if access := answer.Get("access_token"); access != "" {
		if answer.Get("token_type") != "Bearer" || answer.Get("expires_in") == "" {
			t.Errorf("%v: %v", types, answer)
		}
		info := app.Userinfo(access)
		if info.Status != http.StatusOK || claims != nil && info.Fields["sub"] != claims["sub"] {
			t.Errorf("%v: userinfo %d %s", types, info.Status, info.Body)
		}
	}
	if answer.Get("code") != "" {
		got := app.Redeem(r, answer)
		if got.Status != http.StatusOK {
			t.Fatalf("%v: the code was not exchanged: %s", types, got.Body)
		}
		back := app.IDToken(got.Str("id_token"), r.Get("nonce"))
		if claims != nil && (back["sub"] != claims["sub"] || back["iss"] != claims["iss"] || back["auth_time"] != claims["auth_time"]) {
			t.Errorf("%v: the two ID tokens differ: %v, %v", types, claims, back)
		}
		if claims == nil {
			claims = back
		}
	}
	return claims
}

// halfHash is what the hash claims hold for an RS256 token (OpenID Connect Core
// §3.3.2.11); "" for nothing.
func halfHash(of string) string {
	if of == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(of))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// TestResponseTypes: every response type, its words in any order, in every mode
// that it may have, silent or with a sign-in.
func TestResponseTypes(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, hybrid)
		b := signedIn(t, e, app, ada)
		for _, types := range []string{
			"code", "id_token", "id_token token", "token id_token", "code id_token", "id_token code", "code token", "token code",
			"code id_token token", "token id_token code", "id_token  code token", "none",
		} {
			for _, mode := range []string{"", "fragment", "form_post"} {
				t.Run(types+" "+mode, func(t *testing.T) {
					b, app := b.For(t), app.For(t)
					r := app.Request("response_type", types, "response_mode", mode, "redirect_uri", "https://hybrid.example/cb?from=signet")
					p := b.Get(r.Path())
					want := mode
					if want == "" && strings.Contains(types, "token") {
						want = "fragment"
					}
					checkMode(t, p, r, want)
					claims := checkFront(t, app, r, r.Answer(p))
					// §5.4: the scope's claims are in the ID token where there is no
					// access token, and only there.
					if types != "none" {
						if want := types == "id_token"; want != (claims["email"] == ada.Email) {
							t.Errorf("the ID token tells the e-mail address: %v, want %v", !want, want)
						}
					}
				})
			}
		}
		r := app.Request("response_type", "code id_token token")
		checkFront(t, app, r, e.Browser().For(t).SignIn(r, ada))
		r = app.Request("response_type", "code token", "nonce", "")
		checkFront(t, app, r, r.Answer(b.Get(r.Path())))
		r = app.Request("response_type", "id_token token", "code_challenge", "", "code_challenge_method", "")
		checkFront(t, app, r, r.Answer(b.Get(r.Path())))
	})
}

// TestFrontChannelErrors: what cannot be met is told in the fragment, or
// posted, for every type with tokens (Multiple Response Types §5).
func TestFrontChannelErrors(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, hybrid)
		b := e.Browser().For(t)
		for _, types := range []string{"id_token", "id_token token", "code id_token", "code token", "code id_token token"} {
			for _, mode := range []string{"", "form_post"} {
				for code, pairs := range map[string][]string{
					"login_required": {"prompt", "none"}, "invalid_request": {"prompt", "none login"}, "invalid_scope": {"scope", "unknown"},
				} {
					r := app.Request(append([]string{"response_type", types, "response_mode", mode}, pairs...)...)
					p := b.Get(r.Path())
					want := mode
					if want == "" {
						want = "fragment"
					}
					checkMode(t, p, r, want)
					wantAnswer(t, e, r, p, code)
				}
			}
		}
	})
}

// TestHybridRefresh: a code that came with tokens brings a refresh token as any
// other; implicit requests ignore offline_access (OpenID Connect Core §11).
func TestHybridRefresh(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, hybrid)
		b := signedIn(t, e, app, ada)
		for _, types := range []string{"code id_token", "code token", "code id_token token"} {
			got := tokens(t, b, app, ada, "response_type", types, "scope", "openid offline_access")
			if again := app.Refresh(got.Str("refresh_token")); again.Status != http.StatusOK {
				t.Errorf("%s: refresh: %d %s", types, again.Status, again.Body)
			}
		}
		r := app.Request("response_type", "id_token token", "scope", "openid offline_access")
		if answer := r.Answer(b.Get(r.Path())); answer.Get("scope") != "openid" || answer.Has("refresh_token") {
			t.Errorf("implicit with offline_access: %v", answer)
		}
	})
}

// TestFrontChannelTokensEnd: tokens of the front channel die with the grant: by
// a code that is used twice, by revocation, and with all else that the person
// has open.
func TestFrontChannelTokensEnd(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, hybrid)
		b := signedIn(t, e, app, ada)
		ask := func(types string) (*testenv.Request, url.Values) {
			r := app.Request("response_type", types)
			answer := r.Answer(b.Get(r.Path()))
			if answer.Get("access_token") == "" {
				t.Fatalf("%s: %v", types, answer)
			}
			return r, answer
		}
		lives := func(what, token string, want int) {
			t.Helper()
			if got := app.Userinfo(token).Status; got != want {
				t.Errorf("%s: userinfo answers %d, want %d", what, got, want)
			}
		}
		r, answer := ask("code id_token token")
		app.Redeem(r, answer)
		lives("after the code", answer.Get("access_token"), http.StatusOK)
		app.Redeem(r, answer)
		lives("after the code's second use", answer.Get("access_token"), http.StatusUnauthorized)

		_, answer = ask("id_token token")
		if got := app.Call("/revoke", "token", answer.Get("access_token")); got.Status != http.StatusOK {
			t.Errorf("revocation: %d %s", got.Status, got.Body)
		}
		lives("after revocation", answer.Get("access_token"), http.StatusUnauthorized)

		_, answer = ask("id_token token")
		if p := b.Post("/account/signout/everywhere", nil); p.Status != http.StatusOK {
			t.Fatalf("sign out everywhere: %d", p.Status)
		}
		lives("after signing out everywhere", answer.Get("access_token"), http.StatusUnauthorized)
	})
}

// TestOpenIDClientFront runs npm's openid-client through the response types that
// it knows besides code. It checks nonce, state, iss, c_hash and the signatures.
func TestOpenIDClientFront(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		for _, types := range []string{"code id_token", "id_token"} {
			for _, mode := range []string{"fragment", "form_post"} {
				t.Run(types+" "+mode, func(t *testing.T) {
					n := startNode(t, e, hybrid, "responseType", types)
					b := signedIn(t, e, e.App(t, hybrid), ada)
					begun := n.must("begin", "parameters", parameters{"scope": "openid email", "response_mode": mode})
					p := b.Get(begun.URL)
					var done nodeAnswer
					if mode == "form_post" {
						done = n.must("callback", "url", hybrid.Redirect, "method", "POST", "body", p.Forms[0].Fields.Encode())
					} else {
						done = n.must("callback", "url", p.Location)
					}
					if done.Claims["sub"] == nil || types == "id_token" && done.Claims["email"] != ada.Email {
						t.Errorf("%v", done)
					}
				})
			}
		}
	})
}
