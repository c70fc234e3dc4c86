package protocol

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"signet/internal/testenv"
)

// TestCodeBoundToKey: a code that is asked for with dpop_jkt, or pushed with a
// proof, is redeemed with that key alone (RFC 9449 §10).
func TestCodeBoundToKey(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		p, other := newProver(t, "ES256"), newProver(t, "ES256")
		b := signedIn(t, e, e.App(t, web), ada)
		for _, c := range []testenv.App{web, spa} {
			plain := e.App(t, c)
			for name, begin := range map[string]func() (*testenv.Request, url.Values){
				"dpop_jkt": func() (*testenv.Request, url.Values) {
					r := plain.Request("dpop_jkt", p.thumbprint())
					return r, b.SignIn(r, ada)
				},
				"pushed with a proof": func() (*testenv.Request, url.Values) {
					return pushedAnswer(t, b, proving(*plain, p), plain.Request())
				},
				"pushed with both": func() (*testenv.Request, url.Values) {
					return pushedAnswer(t, b, proving(*plain, p), plain.Request("dpop_jkt", p.thumbprint()))
				},
			} {
				r, answer := begin()
				wantError(t, name+": without proof", plain.Redeem(r, answer), http.StatusBadRequest, "invalid_grant")
				r, answer = begin()
				wantError(t, name+": another key", proving(*plain, other).Redeem(r, answer), http.StatusBadRequest, "invalid_grant")
				r, answer = begin()
				if got := proving(*plain, p).Redeem(r, answer); got.Str("token_type") != "DPoP" {
					t.Errorf("%s: %s", name, got.Body)
				}
			}
			wantError(t, "dpop_jkt of another key", push(proving(*plain, other), plain.Request("dpop_jkt", p.thumbprint())), http.StatusBadRequest, "invalid_dpop_proof")
			wantError(t, "a bad proof", push(proving(*plain, p.with(func(c jwtClaims) { c["htm"] = "GET" })), plain.Request()), http.StatusBadRequest, "invalid_dpop_proof")
			wantError(t, "no thumbprint", push(plain, plain.Request("dpop_jkt", "x")), http.StatusBadRequest, "invalid_request")
		}
	})
}

// pushedAnswer pushes the request and returns what the browser brings back.
func pushedAnswer(t *testing.T, b *testenv.Browser, app *testenv.App, r *testenv.Request) (*testenv.Request, url.Values) {
	t.Helper()
	got := push(app, r)
	if got.Status != http.StatusCreated {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	q := url.Values{"client_id": {app.ID}, "request_uri": {got.Str("request_uri")}}
	return r, r.Answer(b.Finish(b.Get(app.Issuer()+"/authorize?"+q.Encode()), ada))
}

// TestBindingRequired: a client that is registered for bound tokens gets no
// other (RFC 9449 §5.2).
func TestBindingRequired(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		c, yaml := trusted("binds", "dpop_bound_access_tokens: true", "grant_types: [authorization_code, refresh_token, client_credentials]")
		e.Apply("clients:\n" + yaml)
		p := newProver(t, "EdDSA")
		plain := e.App(t, c)
		app := proving(*plain, p)
		got := tokens(t, e.Browser().For(t), app, ada, "scope", "openid offline_access")
		wantError(t, "refresh", plain.Refresh(got.Str("refresh_token")), http.StatusBadRequest, "invalid_dpop_proof")
		wantError(t, "client_credentials", plain.Call("/token", "grant_type", "client_credentials"), http.StatusBadRequest, "invalid_dpop_proof")
		r := plain.Request()
		answer := e.Browser().For(t).SignIn(r, ada)
		wantError(t, "code", plain.Redeem(r, answer), http.StatusBadRequest, "invalid_dpop_proof")
		if again := app.Redeem(r, answer); again.Status != http.StatusOK {
			t.Errorf("%s", again.Body)
		}
		if next := app.Refresh(got.Str("refresh_token")); next.Status != http.StatusOK {
			t.Errorf("%s", next.Body)
		}
		front := strings.Replace(yaml, "[authorization_code, refresh_token, client_credentials]", "[authorization_code, implicit]\n    response_types: [code, token id_token]", 1)
		code, _, errs := e.Run("clients:\n"+front, "apply", "-f", "-")
		if code == 0 || !strings.Contains(errs, "dpop_bound_access_tokens") {
			t.Errorf("tokens of the front channel, which nothing binds: %d %s", code, errs)
		}
	})
}

// TestNonces: with dpop.nonce required a proof needs one of the house's, of any
// node; they are given in advance, so that nobody is sent away twice
// (RFC 9449 §8, §9).
func TestNonces(t *testing.T) {
	t.Parallel()
	for _, backend := range testenv.Backends {
		t.Run(string(backend), func(t *testing.T) {
			e := boot(t, testenv.Options{Backend: backend, Nodes: 2, Env: map[string]string{"SIGNET_DPOP_NONCE": "required"}})
			p := newProver(t, "ES256")
			plain := e.App(t, web)
			app := proving(*plain, p)
			r := app.Request()
			answer := e.Browser().For(t).SignIn(r, ada)
			first := app.Redeem(r, answer)
			wantError(t, "no nonce", first, http.StatusBadRequest, "use_dpop_nonce")
			nonce := first.Header.Get("DPoP-Nonce")
			if nonce == "" || len(first.Header.Values("DPoP-Nonce")) != 1 {
				t.Fatalf("%v", first.Header)
			}
			with := func(nonce string) *testenv.App {
				return proving(*plain, p.with(func(c jwtClaims) { c["nonce"] = nonce }))
			}
			for _, bad := range []string{"x", nonce[1:], strings.Repeat("A", len(nonce))} {
				got := with(bad).Redeem(r, answer)
				wantError(t, "another nonce", got, http.StatusBadRequest, "use_dpop_nonce")
				if got.Header.Get("DPoP-Nonce") == "" {
					t.Error("no nonce to try again with")
				}
			}
			var got *testenv.Answer
			if got = with(nonce).Redeem(r, answer); got.Status != http.StatusOK {
				t.Fatalf("the code is gone: %s", got.Body)
			}
			for range 2 * len(e.Nodes) { // whichever node is asked
				if info := with(nonce).Userinfo(got.Str("access_token")); info.Status != http.StatusOK {
					t.Errorf("userinfo: %s", info.Body)
				}
			}
			info := app.Userinfo(got.Str("access_token"))
			wantError(t, "userinfo without nonce", info, http.StatusUnauthorized, "use_dpop_nonce")
			if !strings.HasPrefix(info.Header.Get("WWW-Authenticate"), `DPoP error="use_dpop_nonce"`) || info.Header.Get("DPoP-Nonce") == "" {
				t.Errorf("%v", info.Header)
			}
			wantError(t, "pushed without nonce", push(app, app.Request()), http.StatusBadRequest, "use_dpop_nonce")
			if pushed := push(with(nonce), app.Request()); pushed.Status != http.StatusCreated {
				t.Errorf("%s", pushed.Body)
			}
			if bearer := plain.Call("/introspect", "token", got.Str("access_token")); bearer.Fields["active"] != true {
				t.Errorf("who sends no proof needs no nonce: %s", bearer.Body)
			}
		})
	}
}

// TestNoncesAreOptional: where none is needed none is given out (RFC 9449
// §11.3), and whoever uses one must have it right.
func TestNoncesAreOptional(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		p := newProver(t, "ES256")
		app := e.App(t, fleet)
		with := func(nonce string) *testenv.Answer {
			return proving(*app, p.with(func(c jwtClaims) { c["nonce"] = nonce })).Call("/token", "grant_type", "client_credentials")
		}
		if got := proving(*app, p).Call("/token", "grant_type", "client_credentials"); got.Status != http.StatusOK || got.Header.Get("DPoP-Nonce") != "" {
			t.Errorf("%d %s: %v", got.Status, got.Body, got.Header)
		}
		wrong := with("x")
		wantError(t, "a wrong nonce", wrong, http.StatusBadRequest, "use_dpop_nonce")
		if got := with(wrong.Header.Get("DPoP-Nonce")); got.Status != http.StatusOK {
			t.Errorf("%s", got.Body)
		}
	})
}

// TestDPoPAcrossOrigins: an app in the browser may send proofs and read nonces.
func TestDPoPAcrossOrigins(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := proving(*e.App(t, spa), newProver(t, "ES256"))
		for _, endpoint := range []string{"/token", "/userinfo", "/par"} {
			req := app.NewRequest(endpoint, url.Values{})
			req.Header.Set("Origin", "https://spa.example")
			if exposed := app.Do(req).Header.Get("Access-Control-Expose-Headers"); !strings.Contains(exposed, "DPoP-Nonce") || !strings.Contains(exposed, "WWW-Authenticate") {
				t.Errorf("%s exposes %q", endpoint, exposed)
			}
			req = app.NewRequest(endpoint, url.Values{})
			req.Method = http.MethodOptions
			req.Header.Set("Origin", "https://spa.example")
			if allowed := app.Do(req).Header.Get("Access-Control-Allow-Headers"); !slices.Contains(strings.Split(allowed, ", "), "DPoP") {
				t.Errorf("%s allows %q", endpoint, allowed)
			}
		}
	})
}

// TestOpenIDClientProves: npm's openid-client binds its tokens, in each way that
// nonces can be asked for; it retries by itself.
func TestOpenIDClientProves(t *testing.T) {
	t.Parallel()
	for _, nonce := range []string{"optional", "required"} {
		t.Run(nonce, func(t *testing.T) {
			e := boot(t, testenv.Options{Nodes: 1, Env: map[string]string{"SIGNET_DPOP_NONCE": nonce}})
			for _, c := range []testenv.App{post, spa} {
				for _, pairs := range [][]string{{"dpop", "ES256"}, {"dpop", "PS256", "par", "yes"}} {
					n := startNode(t, e, c, pairs...)
					b := e.Browser().For(t)
					scope := "openid email"
					if c.ID == spa.ID {
						scope = "openid email offline_access"
					}
					done := n.must("callback", "url", b.Finish(b.Get(n.must("begin", "parameters", parameters{"scope": scope}).URL), ada).Location)
					if done.Tokens.Type != "dpop" { // which it writes small
						t.Errorf("token_type is %q", done.Tokens.Type)
					}
					if info := n.must("userinfo", "token", done.Tokens.Access, "subject", done.Claims["sub"]); info.Claims["email"] != ada.Email {
						t.Errorf("userinfo: %v", info.Claims)
					}
					wantError(t, "its token as Bearer", e.App(t, c).Userinfo(done.Tokens.Access), http.StatusUnauthorized, "invalid_token")
					if c.ID == spa.ID {
						next := n.must("refresh", "token", done.Tokens.Refresh)
						wantError(t, "its refresh token alone", e.App(t, c).Refresh(next.Tokens.Refresh), http.StatusBadRequest, "invalid_grant")
						n.must("refresh", "token", next.Tokens.Refresh)
					}
				}
			}
		})
	}
}
