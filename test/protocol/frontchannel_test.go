package protocol

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"signet/internal/testenv"
)

// framed declares two apps that are told of sign-outs in a frame, one of which
// needs no names.
func framed(t *testing.T, e *testenv.Env) (named, plain *testenv.App) {
	t.Helper()
	app := func(id string, more ...string) (testenv.App, string) {
		lines := append([]string{fmt.Sprintf("post_logout_redirect_uris: [https://%s.example/bye]", id)}, more...)
		return trusted(id, lines...)
	}
	one, first := app("named", "frontchannel_logout_uri: https://named.example/out?x=a%20b", "frontchannel_logout_session_required: true")
	two, second := app("plain", "frontchannel_logout_uri: https://plain.example/out")
	e.Apply("clients:\n" + first + second)
	return e.App(t, one), e.App(t, two)
}

// frames are the addresses of the page's frames, each of which nobody sees.
func frames(t *testing.T, p *testenv.Page) []string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(p.Body))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || n.Data != "iframe" {
			continue
		}
		a := map[string]string{}
		for _, at := range n.Attr {
			a[at.Key] = at.Val
		}
		if _, hidden := a["hidden"]; !hidden {
			t.Errorf("the frame of %s is seen", a["src"])
		}
		out = append(out, a["src"])
	}
	slices.Sort(out)
	return out
}

// TestFrontchannelLogout: the browser loads a page of each app of the session,
// with iss and sid where the app asks for them, and then goes to where the
// sign-out leads (Front-Channel Logout 1.0 §2, §3).
func TestFrontchannelLogout(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		named, plain := framed(t, e)
		for name, c := range map[string]struct {
			end func(b *testenv.Browser, hint string) *testenv.Page
			to  string
		}{
			"hint": {func(b *testenv.Browser, hint string) *testenv.Page {
				return endSession(b, "GET", []string{"id_token_hint", hint, "post_logout_redirect_uri", "https://named.example/bye", "state", "a b"})
			}, "https://named.example/bye?state=a+b"},
			"form of another site": {func(b *testenv.Browser, hint string) *testenv.Page {
				return endSession(e.Browser().For(t), "POST", []string{"id_token_hint", hint, "post_logout_redirect_uri", "https://named.example/bye"})
			}, "https://named.example/bye"},
			"question": {func(b *testenv.Browser, _ string) *testenv.Page {
				return b.Submit(endSession(b, "GET", nil).Form("stay"), "submit")
			}, ""},
			"sign out here":       {func(b *testenv.Browser, _ string) *testenv.Page { return b.Post("/account/signout", nil) }, ""},
			"sign out everywhere": {func(b *testenv.Browser, _ string) *testenv.Page { return b.Post("/account/signout/everywhere", nil) }, ""},
		} {
			t.Run(name, func(t *testing.T) {
				b := e.Browser().For(t)
				tokens(t, b, plain.For(t), ada)
				tokens(t, b, e.App(t, web), ada) // has no such page
				hint := tokens(t, b, named.For(t), ada).Str("id_token")
				p := at(t, c.end(b, hint), "/signed-out")
				query := url.Values{"iss": {e.Issuer}, "sid": {claimsOf(t, hint)["sid"].(string)}}
				want := []string{"https://named.example/out?x=a%20b&" + query.Encode(), "https://plain.example/out"}
				if got := frames(t, p); !slices.Equal(got, want) {
					t.Errorf("frames %q, want %q", got, want)
				}
				policy := p.Header.Get("Content-Security-Policy")
				if !strings.HasSuffix(policy, "; frame-src https://named.example https://plain.example") || !strings.Contains(policy, "frame-ancestors 'none'") {
					t.Errorf("the policy is %s", policy)
				}
				refresh := ""
				if c.to != "" {
					refresh = "2; url=" + c.to
				}
				if got := p.Header.Get("Refresh"); got != refresh || strings.Contains(p.Body, `id="go-on"`) != (c.to != "") {
					t.Errorf("goes on to %q, want %q", got, refresh)
				}
				wantSession(t, e, b, false)
				if again := b.Get(p.URL.String()); name != "form of another site" && len(frames(t, again)) != 2 {
					t.Error("loaded again, the page tells nobody")
				}
				stranger := e.Browser().For(t).Get(p.URL.String())
				if len(frames(t, stranger)) != 0 || stranger.Header.Get("Refresh") != "" {
					t.Error("another browser sees where the sign-out leads")
				}
			})
		}
		b := signedIn(t, e, e.App(t, web), ada)
		if p := at(t, b.Post("/account/signout", nil), "/signed-out"); len(frames(t, p)) != 0 || p.URL.RawQuery != "" {
			t.Errorf("without such apps: %s", p.URL)
		}
	})
}

// stateHash is what an app is given about the browser's state (Session
// Management 1.0 §3.2).
func stateHash(clientID, origin, state, salt string) string {
	sum := sha256.Sum256([]byte(clientID + " " + origin + " " + state + " " + salt))
	return hex.EncodeToString(sum[:]) + "." + salt
}

// TestSessionState: every answer to a request of OpenID Connect has the session's
// state, which is another one after a sign-in and a sign-out (§2).
func TestSessionState(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, hybrid)
		b := e.Browser().For(t)
		b.SignIn(app.Request(), ada)
		seen := map[string]bool{}
		check := func(t *testing.T, got, clientID, origin string) {
			t.Helper()
			_, salt, ok := strings.Cut(got, ".")
			if !ok || salt == "" || strings.Contains(got, " ") || got != stateHash(clientID, origin, b.Cookie("signet_state"), salt) || seen[got] {
				t.Errorf("session_state is %q", got)
			}
			seen[got] = true
		}
		for _, types := range []string{"code", "id_token", "id_token token", "code id_token", "code token", "code id_token token", "none"} {
			for _, mode := range []string{"", "form_post", "jwt", "form_post.jwt", "fragment.jwt"} {
				r := app.Request("response_type", types, "response_mode", mode, "prompt", "none")
				if !strings.Contains(types, "code") || strings.Contains(types, " ") {
					r.Del("code_challenge")
					r.Del("code_challenge_method")
				}
				got := r.Answer(b.For(t).Get(r.Path()))
				state := got.Get("session_state")
				if strings.HasSuffix(mode, "jwt") {
					state, _ = claimsOf(t, got.Get("response"))["session_state"].(string)
				}
				check(t, state, app.ID, "https://hybrid.example")
			}
		}
		r := e.App(t, web).Request("scope", "email")
		if got := r.Answer(b.Get(r.Path())); got.Get("code") == "" || got.Has("session_state") {
			t.Errorf("without openid: %v", got)
		}
		scheme := native
		scheme.Redirect = "com.example.app:/done"
		r = e.App(t, scheme).Request()
		if got := r.Answer(b.Get(r.Path())); got.Get("code") == "" || got.Has("session_state") {
			t.Errorf("an app without an origin: %v", got)
		}
		scheme.Redirect = "http://127.0.0.1:4567/done"
		r = e.App(t, scheme).Request()
		check(t, r.Answer(b.Get(r.Path())).Get("session_state"), native.ID, "http://127.0.0.1:4567")

		before := b.Cookie("signet_state")
		if before == "" || strings.Contains(before, b.Cookie("signet_session")) {
			t.Errorf("the state is %q", before)
		}
		b.SetCookie("signet_state", "lost")
		r = app.Request("prompt", "none")
		check(t, r.Answer(b.Get(r.Path())).Get("session_state"), app.ID, "https://hybrid.example")
		b.SignIn(app.Request("prompt", "login"), ada)
		again := b.Cookie("signet_state")
		at(t, b.Post("/account/signout", nil), "/signed-out")
		out := b.Cookie("signet_state")
		if again == before || out == again || out == "" {
			t.Errorf("the states: %q, after a sign-in %q, after a sign-out %q", before, again, out)
		}
		// A session that is ended elsewhere: seen when the app asks.
		b.SignIn(app.Request(), ada)
		other, _ := atAccount(t, e, "/account", ada)
		at(t, other.Post("/account/signout/everywhere", nil), "/signed-out")
		in := b.Cookie("signet_state")
		r = app.Request("prompt", "none")
		got := wantAnswer(t, e, r, b.Get(r.Path()), "login_required")
		if got.Has("session_state") || b.Cookie("signet_state") == in {
			t.Errorf("after a sign-out elsewhere: %v", got)
		}
	})
}

// TestCheckSession: the page may be framed by anybody, has no cookie and runs no
// script but its own (§3.3).
func TestCheckSession(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		p := signedIn(t, e, e.App(t, web), ada).Get("/check_session")
		h := p.Header
		if p.Status != http.StatusOK || h.Get("X-Frame-Options") != "" || len(h.Values("Set-Cookie")) != 0 || h.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%d %v", p.Status, h)
		}
		policy := h.Get("Content-Security-Policy")
		if !strings.HasSuffix(policy, "frame-ancestors *") || strings.Contains(policy, "unsafe") || !strings.HasPrefix(policy, "default-src 'none'; script-src 'self';") {
			t.Errorf("the policy is %s", policy)
		}
		if !strings.Contains(p.Body, `data-cookie="signet_state"`) {
			t.Errorf("%s", p.Body)
		}
	})
}
