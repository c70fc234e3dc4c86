package protocol

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"signet/internal/testenv"
)

// TestAuthorizeErrors: what is wrong with a request is told to its app, with
// state and iss, in the mode that it asked for.
func TestAuthorizeErrors(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		cases := []struct {
			name  string
			app   testenv.App
			pairs []string
			code  string
		}{
			{"no response_type", post, []string{"response_type", ""}, "invalid_request"},
			{"response_type token", post, []string{"response_type", "token"}, "unsupported_response_type"},
			{"response_type id_token", post, []string{"response_type", "id_token"}, "unauthorized_client"},
			{"response_type hybrid", post, []string{"response_type", "code id_token"}, "unauthorized_client"},
			{"response_type hybrid, other order", post, []string{"response_type", "id_token code"}, "unauthorized_client"},
			{"response_type none with another", hybrid, []string{"response_type", "none code"}, "unsupported_response_type"},
			{"response_type token of a hybrid client", hybrid, []string{"response_type", "token"}, "unsupported_response_type"},
			{"hybrid in the query", hybrid, []string{"response_type", "code id_token", "response_mode", "query"}, "invalid_request"},
			{"code token in the query", hybrid, []string{"response_type", "code token", "response_mode", "query"}, "invalid_request"},
			{"implicit in the query", hybrid, []string{"response_type", "id_token token", "response_mode", "query"}, "invalid_request"},
			{"implicit without nonce", hybrid, []string{"response_type", "id_token", "nonce", ""}, "invalid_request"},
			{"hybrid without nonce", hybrid, []string{"response_type", "code id_token", "nonce", ""}, "invalid_request"},
			{"hybrid with all, without nonce", hybrid, []string{"response_type", "code id_token token", "nonce", ""}, "invalid_request"},
			{"ID token without openid", hybrid, []string{"response_type", "code id_token", "scope", "email"}, "invalid_scope"},
			{"hybrid with a bad PKCE", hybrid, []string{"response_type", "code id_token", "code_challenge", "abc"}, "invalid_request"},
			{"response_type none", post, []string{"response_type", "none"}, "unauthorized_client"},
			{"response_type unknown", post, []string{"response_type", "magic"}, "unsupported_response_type"},
			{"response_type twice", post, []string{"response_type", "code code"}, "unsupported_response_type"},
			{"response_type in another case", post, []string{"response_type", "Code"}, "unsupported_response_type"},
			{"response_mode unknown", post, []string{"response_mode", "web_message"}, "invalid_request"},
			{"response_mode unknown and signed", post, []string{"response_mode", "web_message.jwt"}, "invalid_request"},
			{"response_mode in another case", post, []string{"response_mode", "Query"}, "invalid_request"},
			{"request object", post, []string{"request", "e30.e30."}, "invalid_request_object"},
			{"unsigned request object", post, []string{"request", "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"},
			{"request and request_uri", post, []string{"request", "e30.e30.", "request_uri", "https://post.example/request"}, "invalid_request"},
			{"request_uri", post, []string{"request_uri", "https://post.example/request"}, "invalid_request_uri"},
			{"no scope", post, []string{"scope", ""}, "invalid_scope"},
			{"no scope that is registered", post, []string{"scope", "devices:write"}, "invalid_scope"},
			{"public client without PKCE", spa, []string{"code_challenge", "", "code_challenge_method", ""}, "invalid_request"},
			{"PKCE plain", spa, []string{"code_challenge_method", "plain"}, "invalid_request"},
			{"PKCE without a method is plain", spa, []string{"code_challenge_method", ""}, "invalid_request"},
			{"PKCE plain of a confidential client", post, []string{"code_challenge_method", "plain"}, "invalid_request"},
			{"PKCE method alone", post, []string{"code_challenge", ""}, "invalid_request"},
			{"PKCE short challenge", spa, []string{"code_challenge", "abc"}, "invalid_request"},
			{"PKCE challenge that is no base64url", spa, []string{"code_challenge", strings.Repeat("+", 43)}, "invalid_request"},
			{"prompt none and login", post, []string{"prompt", "none login"}, "invalid_request"},
			{"max_age that is no number", post, []string{"max_age", "soon"}, "invalid_request"},
			{"max_age below 0", post, []string{"max_age", "-1"}, "invalid_request"},
			{"claims that is no JSON", post, []string{"claims", "{"}, "invalid_request"},
			{"claims that is no object", post, []string{"claims", `["name"]`}, "invalid_request"},
			{"resource", post, []string{"resource", "https://api.example"}, "invalid_target"},
			{"id_token_hint that is none", post, []string{"id_token_hint", "x.y.z"}, "invalid_request"},
			{"nonce too long", post, []string{"nonce", strings.Repeat("n", 5000)}, "invalid_request"},
		}
		b := signedIn(t, e, e.App(t, post), ada)
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				b := b.For(t)
				r := e.App(t, c.app).Request(c.pairs...)
				p := b.Get(r.Path())
				got := wantAnswer(t, e, r, p, c.code)
				// Tokens never were for the query, and errors of types with
				// tokens are not either (Multiple Response Types §5).
				if front := strings.Contains(r.Get("response_type"), "token"); front != strings.Contains(p.Location, "#") {
					t.Errorf("in the fragment: %v, want %v", !front, front)
				}
				if got.Has("code") || got.Get("error_description") == "" {
					t.Errorf("%v: want a description and no code", got)
				}
				if p := b.Post("/authorize", r.Values); p.Location == "" {
					t.Errorf("posted: %d, want a redirect", p.Status)
				} else {
					wantAnswer(t, e, r, p, c.code)
				}
				if r.Get("response_mode") == "" {
					r.Set("response_mode", "form_post")
					wantAnswer(t, e, r, b.Get(r.Path()), c.code)
				}
			})
		}
	})
}

// TestResponseModes: success and failure leave in the mode that was asked for,
// and state and iss come back unchanged (RFC 6749 §4.1.2, RFC 9207 §2).
func TestResponseModes(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		b := signedIn(t, e, app, ada)
		states := map[string]string{
			"long":      strings.Repeat("0123456789abcdef", 10),
			"very long": strings.Repeat("x", 4000),
			"odd":       "a b+c%20&d=e#f?g/h\"<i>'j'ü😀\t\n",
			"none":      "",
			"JSON":      `{"next":"/a?b=c&d","n":[1,2]}`,
		}
		for _, mode := range []string{"", "query", "fragment", "form_post"} {
			for name, state := range states {
				t.Run(mode+" "+name, func(t *testing.T) {
					b, app := b.For(t), app.For(t)
					r := app.Request("state", state, "response_mode", mode)
					p := b.Get(r.Path())
					checkMode(t, p, r, mode)
					got := wantAnswer(t, e, r, p, "")
					if state == "" && got.Has("state") {
						t.Error("a state came back that was not sent")
					}
					if mode == "" && p.Status != http.StatusSeeOther {
						t.Errorf("status %d, want 303 (RFC 9700 §4.12)", p.Status)
					}
					if redeemed := app.Redeem(r, got); redeemed.Status != http.StatusOK {
						t.Errorf("the code was not exchanged: %s", redeemed.Body)
					}
					r.Set("prompt", "none login")
					p = b.Get(r.Path())
					checkMode(t, p, r, mode)
					wantAnswer(t, e, r, p, "invalid_request")
				})
			}
		}
	})
}

// checkMode checks that the page brings its answer in the mode.
func checkMode(t *testing.T, p *testenv.Page, r *testenv.Request, mode string) {
	t.Helper()
	if mode == "form_post" {
		if p.Location != "" || p.Status != http.StatusOK || len(p.Forms) == 0 || p.Forms[0].Action != r.Get("redirect_uri") {
			t.Fatalf("%d to %q with %d forms, want a page that posts to the app", p.Status, p.Location, len(p.Forms))
		}
		wantGuards(t, p)
		if csp := p.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https:") {
			t.Errorf("the page's policy does not let the form go to the app: %s", csp)
		}
		return
	}
	u, err := url.Parse(p.Location)
	if err != nil {
		t.Fatal(err)
	}
	registered, err := url.Parse(r.Get("redirect_uri"))
	if err != nil {
		t.Fatal(err)
	}
	if u.Host != registered.Host || u.Path != registered.Path {
		t.Fatalf("sent to %s, want %s", p.Location, registered)
	}
	for name := range registered.Query() {
		if u.Query().Get(name) != registered.Query().Get(name) {
			t.Errorf("the registered address lost its %s: %s", name, p.Location)
		}
	}
	switch fragment := u.Fragment != ""; {
	case mode == "fragment" && (!fragment || u.Query().Has("state") || u.Query().Has("code") || u.Query().Has("error")):
		t.Errorf("%s: want the answer in the fragment alone", p.Location)
	case mode != "fragment" && fragment:
		t.Errorf("%s: want the answer in the query alone", p.Location)
	}
}

// TestUnknownParameters are ignored (RFC 6749 §3.1), known ones that the
// provider has no use for yet are accepted.
func TestUnknownParameters(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		b := signedIn(t, e, app, ada)
		for _, pairs := range [][]string{
			{"foo", "bar", "", "empty", "request_id", "1"},
			{"display", "popup"}, {"display", "hologram"},
			{"ui_locales", "fr-CA fr en"}, {"ui_locales", "???"}, {"claims_locales", "de"},
			{"acr_values", "urn:mace:incommon:iap:silver 2"}, {"login_hint", ada.Email}, {"login_hint", "nobody"},
			{"claims", `{"userinfo":{"name":{"essential":true}}}`},
			{"prompt", "create-a-world"}, {"nonce", ""},
			{"scope", "openid email devices:write unknown"},
		} {
			r := app.Request(pairs...)
			got := wantAnswer(t, e, r, b.Get(r.Path()), "")
			redeemed := app.Redeem(r, got)
			if redeemed.Status != http.StatusOK {
				t.Errorf("%v: the code was not exchanged: %s", pairs, redeemed.Body)
				continue
			}
			app.IDToken(redeemed.Str("id_token"), r.Get("nonce"))
			if pairs[0] == "scope" && redeemed.Str("scope") != "openid email" {
				t.Errorf("scope is %q, want what is registered of what was asked for", redeemed.Str("scope"))
			}
		}
		token := app.Call("/token", "grant_type", "authorization_code", "code", "x", "redirect_uri", web.Redirect, "foo", "bar")
		wantError(t, "unknown parameter at the token endpoint", token, http.StatusBadRequest, "invalid_grant")
	})
}

// TestSilent: prompt=none asks nothing and says why it cannot be met, in every
// mode (OpenID Connect Core §3.1.2.6).
func TestSilent(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		nobody := e.Browser().For(t)
		someone := signedIn(t, e, e.App(t, web), ada)
		time.Sleep(1100 * time.Millisecond) // so that max_age=0 and 1 are over
		hint := tokens(t, signedIn(t, e, e.App(t, web), bob), e.App(t, web), bob).Str("id_token")
		cases := []struct {
			name  string
			b     *testenv.Browser
			app   testenv.App
			pairs []string
			code  string
		}{
			{"nobody signed in", nobody, web, nil, "login_required"},
			{"no consent", someone, guest, nil, "consent_required"},
			{"max_age over", someone, web, []string{"max_age", "1"}, "login_required"},
			{"somebody else", someone, web, []string{"id_token_hint", hint}, "login_required"},
			{"signed in", someone, web, nil, ""},
			{"first of an ended session", nobody, guest, nil, "login_required"},
		}
		for _, c := range cases {
			for _, mode := range []string{"query", "fragment", "form_post"} {
				t.Run(c.name+" "+mode, func(t *testing.T) {
					r := e.App(t, c.app).Request(append([]string{"prompt", "none", "response_mode", mode}, c.pairs...)...)
					p := c.b.For(t).Get(r.Path())
					checkMode(t, p, r, mode)
					wantAnswer(t, e, r, p, c.code)
				})
			}
		}
	})
}

// TestSelectAccount: prompt=select_account shows a page on which the person
// chooses who goes on.
func TestSelectAccount(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		b := signedIn(t, e, app, ada)
		r := app.Request("prompt", "select_account")
		p := b.Get(r.Path())
		if p.Form("other") == nil {
			t.Fatalf("%s: no choice of accounts", p.URL)
		}
		got := wantAnswer(t, e, r, b.Submit(p.Form("other"), "submit"), "")
		first := app.IDToken(app.Redeem(r, got).Str("id_token"), r.Get("nonce"))

		r = app.Request("prompt", "select_account")
		p = b.Get(r.Path())
		p = b.Finish(b.Submit(p.Form("other"), "other"), bob)
		second := app.IDToken(app.Redeem(r, wantAnswer(t, e, r, p, "")).Str("id_token"), r.Get("nonce"))
		if first["sub"] == second["sub"] || first["sid"] == second["sid"] {
			t.Errorf("the other account has sub %v and sid %v of the first", second["sub"], second["sid"])
		}
	})
}

// TestSignInAgain: prompt=login, max_age and a hint at somebody else make the
// person sign in again, and auth_time says when (OpenID Connect Core §3.1.2.1).
func TestSignInAgain(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		b := signedIn(t, e, app, ada)
		claimsOf := func(r *testenv.Request, p *testenv.Page) map[string]any {
			t.Helper()
			return app.IDToken(app.Redeem(r, wantAnswer(t, e, r, p, "")).Str("id_token"), r.Get("nonce"))
		}
		r := app.Request("max_age", "1000")
		before := claimsOf(r, b.Get(r.Path()))
		for _, pairs := range [][]string{{"prompt", "login"}, {"max_age", "1"}, {"max_age", "0"}, {"prompt", "login consent"}} {
			time.Sleep(2100 * time.Millisecond) // auth_time counts seconds
			r := app.Request(pairs...)
			p := b.Get(r.Path())
			if p.Form("password") == nil {
				t.Fatalf("%v: no question for the password at %s", pairs, p.URL)
			}
			after := claimsOf(r, b.Finish(p, ada))
			if after["auth_time"].(float64) <= before["auth_time"].(float64) {
				t.Errorf("%v: auth_time %v is not after %v", pairs, after["auth_time"], before["auth_time"])
			}
			if after["sub"] != before["sub"] || after["sid"] != before["sid"] {
				t.Errorf("%v: another sub or sid after the same person signed in again", pairs)
			}
			before = after
		}
		r = app.Request("max_age", "1000", "prompt", "none")
		if again := claimsOf(r, b.Get(r.Path())); again["auth_time"] != before["auth_time"] {
			t.Errorf("auth_time changed from %v to %v without a sign-in", before["auth_time"], again["auth_time"])
		}
	})
}

// TestHint: an id_token_hint of this client is honoured, expired or not; one
// of another client, or that was changed, is refused.
func TestHint(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		b := signedIn(t, e, app, ada)
		hint := tokens(t, b, app, ada).Str("id_token")
		access := tokens(t, b, app, ada).Str("access_token")
		foreign := tokens(t, b, e.App(t, post), ada).Str("id_token")
		bobs := tokens(t, signedIn(t, e, app, bob), app, bob).Str("id_token")
		forged := hint[:len(hint)-8] + "AAAAAAAA"
		for name, bad := range map[string]string{
			"another client's": foreign, "forged": forged, "unsigned": strings.Join(append(strings.Split(hint, ".")[:2], ""), "."),
			"access token": access, "alg none": "eyJhbGciOiJub25lIn0." + strings.Split(hint, ".")[1] + ".",
		} {
			r := app.Request("id_token_hint", bad)
			if got := r.Answer(b.Get(r.Path())); got.Get("error") != "invalid_request" {
				t.Errorf("%s: %v, want invalid_request", name, got)
			}
		}
		r := app.Request("id_token_hint", hint, "prompt", "none")
		wantAnswer(t, e, r, b.Get(r.Path()), "")

		// Somebody else is asked for; signing in as oneself does not do.
		r = app.Request("id_token_hint", bobs)
		p := b.Get(r.Path())
		if p.Form("username") == nil {
			t.Fatalf("%s: want a sign-in page for another person", p.URL)
		}
		wantAnswer(t, e, r, b.Finish(p, ada), "login_required")
		r = app.Request("id_token_hint", bobs)
		wantAnswer(t, e, r, b.Finish(b.Get(r.Path()), bob), "")
	})
}

// TestExpiredHint is accepted: the app need not have signed the person in
// lately (OpenID Connect Core §3.1.2.1).
func TestExpiredHint(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{Env: map[string]string{"SIGNET_LIFETIMES_ID_TOKEN": "10s"}})
	app := e.App(t, web)
	b := signedIn(t, e, app, ada)
	hint := tokens(t, b, app, ada).Str("id_token")
	time.Sleep(11 * time.Second)
	r := app.Request("id_token_hint", hint, "prompt", "none")
	wantAnswer(t, e, r, b.Get(r.Path()), "")
	p := endSession(b, "GET", []string{"id_token_hint", hint, "post_logout_redirect_uri", "https://web.example/bye"})
	if p.Location != "https://web.example/bye" {
		t.Errorf("signed out with an expired hint: sent to %q", p.Location)
	}
	wantSession(t, e, b, false)
}

// TestPostedAuthorize: a request may be posted (OpenID Connect Core §3.1.2.1),
// from the app's own site, from where SameSite cookies do not come along.
func TestPostedAuthorize(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		b := signedIn(t, e, app, ada)
		r := app.Request()
		wantAnswer(t, e, r, b.Post("/authorize", r.Values), "")

		// As a form of another site: no cookie with the post, all of them with
		// the redirect that follows.
		for _, prompt := range []string{"", "none"} {
			r = app.Request("prompt", prompt)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.Issuer+"/authorize", strings.NewReader(r.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set("Origin", "https://web.example")
			req.Header.Set("Sec-Fetch-Site", "cross-site")
			posted := app.Do(req)
			if posted.Status != http.StatusSeeOther {
				t.Fatalf("posted from the app's site: %d %s", posted.Status, posted.Body)
			}
			for _, c := range (&http.Response{Header: posted.Header}).Cookies() {
				b.SetCookie(c.Name, c.Value)
			}
			p := b.Get(posted.Header.Get("Location"))
			got := wantAnswer(t, e, r, p, "")
			if redeemed := app.Redeem(r, got); redeemed.Status != http.StatusOK {
				t.Errorf("prompt %q: the code was not exchanged: %s", prompt, redeemed.Body)
			}
		}
		// Nothing of the query is read in a post, and other types are refused.
		p := b.Post("/authorize?"+r.Encode(), url.Values{})
		wantPage(t, p, http.StatusBadRequest, "client_id is missing")
	})
}
