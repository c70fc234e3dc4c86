package protocol

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"signet/internal/testenv"
)

// wantSession checks whether the browser is signed in, by asking in silence.
func wantSession(t *testing.T, e *testenv.Env, b *testenv.Browser, signedIn bool) {
	t.Helper()
	r := e.App(t, web).Request("prompt", "none")
	code := "login_required"
	if signedIn {
		code = ""
	}
	wantAnswer(t, e, r, b.Get(r.Path()), code)
}

// TestEndSession: a hint of the session signs out at once and leads back, with
// the state (OpenID Connect RP-Initiated Logout 1.0 §2, §3).
func TestEndSession(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		const bye = "https://web.example/bye"
		cases := []struct {
			name  string
			pairs []string
			to    string
		}{
			{"hint alone", nil, ""},
			{"address", []string{"post_logout_redirect_uri", bye}, bye},
			{"state", []string{"post_logout_redirect_uri", bye, "state", "a b&c=ü"}, bye + "?state=" + url.QueryEscape("a b&c=ü")},
			{"state behind a query", []string{"post_logout_redirect_uri", bye + "?from=signet", "state", "s"}, bye + "?from=signet&state=s"},
			{"client_id", []string{"post_logout_redirect_uri", bye, "client_id", web.ID}, bye},
			{"unknown parameters", []string{"post_logout_redirect_uri", bye, "logout_hint", "x", "ui_locales", "fr", "foo", "bar"}, bye},
			{"state alone", []string{"state", "s"}, ""},
		}
		for _, c := range cases {
			for _, method := range []string{"GET", "POST"} {
				t.Run(c.name+" "+method, func(t *testing.T) {
					b, app := e.Browser().For(t), app.For(t)
					hint := tokens(t, b, app, ada).Str("id_token")
					wantSession(t, e, b, true)
					p := endSession(b, method, append(c.pairs, "id_token_hint", hint))
					if p.Location != c.to {
						t.Errorf("sent to %q, want %q", p.Location, c.to)
					}
					if c.to == "" {
						wantPage(t, p, http.StatusOK, "signed out")
					}
					wantSession(t, e, b, false)
					// Whoever is signed out already is sent back all the same.
					if again := endSession(b, method, append(c.pairs, "id_token_hint", hint)); again.Location != c.to {
						t.Errorf("again: sent to %q, want %q", again.Location, c.to)
					}
				})
			}
		}
	})
}

func endSession(b *testenv.Browser, method string, pairs []string) *testenv.Page {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	if method == "POST" {
		return b.Post("/end_session", v)
	}
	return b.Get("/end_session?" + v.Encode())
}

// TestEndSessionRefuses what proves nothing: a page, no redirect, and the
// person stays signed in (RP-Initiated Logout §4).
func TestEndSessionRefuses(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		b := e.Browser().For(t)
		got := tokens(t, b, app, ada)
		hint := got.Str("id_token")
		const bye = "https://web.example/bye"
		cases := []struct {
			name  string
			pairs []string
		}{
			{"changed hint", []string{"id_token_hint", hint[:len(hint)-8] + "AAAAAAAA", "post_logout_redirect_uri", bye}},
			{"changed claims", []string{"id_token_hint", strings.Replace(hint, ".", ".A", 1), "post_logout_redirect_uri", bye}},
			{"unsigned hint", []string{"id_token_hint", hint[:strings.LastIndexByte(hint, '.')+1], "post_logout_redirect_uri", bye}},
			{"access token as hint", []string{"id_token_hint", got.Str("access_token"), "post_logout_redirect_uri", bye}},
			{"garbage", []string{"id_token_hint", "garbage"}},
			{"hint of another client", []string{"id_token_hint", hint, "client_id", guest.ID, "post_logout_redirect_uri", "https://guest.example/bye"}},
			{"unregistered address", []string{"id_token_hint", hint, "post_logout_redirect_uri", "https://evil.example/"}},
			{"address with a slash", []string{"id_token_hint", hint, "post_logout_redirect_uri", bye + "/"}},
			{"address with a query", []string{"id_token_hint", hint, "post_logout_redirect_uri", bye + "?x=y"}},
			{"redirect_uri is no such address", []string{"id_token_hint", hint, "post_logout_redirect_uri", web.Redirect}},
			{"another client's address", []string{"id_token_hint", hint, "post_logout_redirect_uri", "https://guest.example/bye"}},
			{"address without hint or client", []string{"post_logout_redirect_uri", bye}},
			{"unknown client", []string{"client_id", "nobody", "post_logout_redirect_uri", bye}},
			{"endless state", []string{"id_token_hint", hint, "post_logout_redirect_uri", bye, "state", strings.Repeat("s", 5000)}},
			{"endless languages", []string{"ui_locales", strings.Repeat("de ", 2000)}},
			{"unregistered address with client_id", []string{"client_id", web.ID, "post_logout_redirect_uri", "https://evil.example/"}},
		}
		for _, c := range cases {
			for _, method := range []string{"GET", "POST"} {
				t.Run(c.name+" "+method, func(t *testing.T) {
					wantPage(t, endSession(b.For(t), method, c.pairs), http.StatusBadRequest)
				})
			}
		}
		wantPage(t, b.Get("/end_session?state=a&state=b"), http.StatusBadRequest)
		wantSession(t, e, b, true)
	})
}

// TestEndSessionAsks: without proof that the request is about this very
// session the person is asked, so that no page elsewhere signs people out.
func TestEndSessionAsks(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		other := tokens(t, signedIn(t, e, app, bob), app, bob).Str("id_token")
		elsewhere := tokens(t, signedIn(t, e, app, ada), app, ada).Str("id_token")
		const bye = "https://web.example/bye"
		cases := []struct {
			name  string
			pairs []string
			to    string
		}{
			{"nothing", nil, ""},
			{"client_id", []string{"client_id", web.ID, "post_logout_redirect_uri", bye, "state", "s"}, bye + "?state=s"},
			{"hint of somebody else", []string{"id_token_hint", other, "post_logout_redirect_uri", bye}, bye},
			{"hint of another session", []string{"id_token_hint", elsewhere}, ""},
		}
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				b := signedIn(t, e, app.For(t), ada)
				p := endSession(b, "GET", c.pairs)
				f := p.Form("stay")
				if f == nil {
					t.Fatalf("%s %d: no question", p.URL, p.Status)
				}
				wantSession(t, e, b, true)
				if stayed := b.Submit(f, "stay"); stayed.Location != "" {
					t.Errorf("whoever stays was sent to %s", stayed.Location)
				}
				wantSession(t, e, b, true)

				f = endSession(b, "GET", c.pairs).Form("stay")
				stranger := signedIn(t, e, app.For(t), bob)
				wantPage(t, stranger.Submit(f, "submit"), http.StatusGone)
				wantSession(t, e, stranger, true)
				if done := b.Submit(f, "submit"); done.Location != c.to {
					t.Errorf("sent to %q, want %q", done.Location, c.to)
				}
				wantSession(t, e, b, false)
			})
		}
		nobody := e.Browser().For(t)
		wantPage(t, endSession(nobody, "GET", nil), http.StatusOK, "signed out")
		if p := endSession(nobody, "GET", []string{"client_id", web.ID, "post_logout_redirect_uri", bye}); p.Location != "" {
			t.Errorf("somebody unknown was sent to %s without proof", p.Location)
		}
	})
}
