package protocol

import (
	"net/http"
	"strings"
	"testing"

	"signet/internal/testenv"
)

// TestRefusedWithoutRedirect: when it is not certain where an answer may go,
// it goes nowhere (RFC 6749 §4.1.2.1, RFC 9700 §4.1.3).
func TestRefusedWithoutRedirect(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		const good = "https://post.example/cb"
		cases := []struct {
			name  string
			pairs []string
			says  string
		}{
			{"no client", []string{"client_id", ""}, "client_id is missing"},
			{"unknown client", []string{"client_id", "nobody"}, "no client is registered with the client_id nobody"},
			{"client id in another case", []string{"client_id", "POST"}, "no client is registered"},
			{"client id with markup", []string{"client_id", "<script>alert(1)</script>"}, "no client is registered"},
			{"client id with a NUL", []string{"client_id", "post\x00"}, "no client is registered"},
			{"no redirect_uri", []string{"redirect_uri", ""}, "redirect_uri is missing"},
			{"another host", []string{"redirect_uri", "https://evil.example/cb"}, "not one of the client"},
			{"slash at the end", []string{"redirect_uri", good + "/"}, "not one of the client"},
			{"case of the path", []string{"redirect_uri", "https://post.example/CB"}, "not one of the client"},
			{"case of the host", []string{"redirect_uri", "https://POST.example/cb"}, "not one of the client"},
			{"scheme", []string{"redirect_uri", "http://post.example/cb"}, "not one of the client"},
			{"default port", []string{"redirect_uri", "https://post.example:443/cb"}, "not one of the client"},
			{"another port", []string{"redirect_uri", "https://post.example:8443/cb"}, "not one of the client"},
			{"path above", []string{"redirect_uri", "https://post.example/"}, "not one of the client"},
			{"path below", []string{"redirect_uri", good + "/evil"}, "not one of the client"},
			{"path traversal", []string{"redirect_uri", "https://post.example/cb/../evil"}, "not one of the client"},
			{"path traversal back", []string{"redirect_uri", "https://post.example/x/../cb"}, "not one of the client"},
			{"encoded", []string{"redirect_uri", "https://post.example/%63b"}, "not one of the client"},
			{"encoded slash", []string{"redirect_uri", "https://post.example%2Fcb"}, "not one of the client"},
			{"fragment", []string{"redirect_uri", good + "#x"}, "not one of the client"},
			{"empty fragment", []string{"redirect_uri", good + "#"}, "not one of the client"},
			{"query added", []string{"redirect_uri", good + "?next=evil"}, "not one of the client"},
			{"empty query", []string{"redirect_uri", good + "?"}, "not one of the client"},
			{"userinfo", []string{"redirect_uri", "https://post.example@evil.example/cb"}, "not one of the client"},
			{"userinfo before", []string{"redirect_uri", "https://evil@post.example/cb"}, "not one of the client"},
			{"subdomain", []string{"redirect_uri", "https://a.post.example/cb"}, "not one of the client"},
			{"longer domain", []string{"redirect_uri", "https://post.example.evil.example/cb"}, "not one of the client"},
			{"dot after the host", []string{"redirect_uri", "https://post.example./cb"}, "not one of the client"},
			{"backslash", []string{"redirect_uri", `https://evil.example\@post.example/cb`}, "not one of the client"},
			{"space before", []string{"redirect_uri", " " + good}, "not one of the client"},
			{"line end after", []string{"redirect_uri", good + "\r\n"}, "not one of the client"},
			{"javascript", []string{"redirect_uri", "javascript:alert(1)"}, "not one of the client"},
			{"no scheme", []string{"redirect_uri", "//post.example/cb"}, "not one of the client"},
			{"another client's", []string{"redirect_uri", spa.Redirect}, "not one of the client"},
		}
		b := signedIn(t, e, e.App(t, post), ada)
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				b := b.For(t)
				r := e.App(t, post).Request(c.pairs...)
				p := b.Get(r.Path())
				wantPage(t, p, http.StatusBadRequest, c.says, "Request <code")
				if strings.Contains(p.Body, "<script>alert") {
					t.Error("the request's own words are markup in the page")
				}
				if r.Get("redirect_uri") != "" && strings.Contains(p.Body, `href="`+r.Get("redirect_uri")) {
					t.Error("the page links to the address that is not trusted")
				}
				r.Set("response_mode", "form_post")
				wantPage(t, b.Get(r.Path()), http.StatusBadRequest, c.says)
				r.Del("response_mode")
				r.Set("prompt", "none")
				wantPage(t, b.Get(r.Path()), http.StatusBadRequest, c.says)
			})
		}
	})
}

// TestRepeatedParameters: a parameter that comes twice is refused (RFC 6749
// §3.1), and when it is the client's name or address, nowhere but in a page.
func TestRepeatedParameters(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		b := signedIn(t, e, e.App(t, post), ada)
		app := e.App(t, post)
		r := app.Request()
		for _, name := range []string{"state", "scope", "response_type", "nonce", "code_challenge"} {
			wantAnswer(t, e, r, b.Get(r.Path()+"&"+name+"=x"), "invalid_request")
		}
		wantPage(t, b.Get(r.Path()+"&client_id=spa"), http.StatusBadRequest)
		wantPage(t, b.Get(r.Path()+"&redirect_uri="+spa.Redirect), http.StatusBadRequest)
		wantPage(t, b.Get(e.Issuer+"/authorize?client_id=post;client_id=spa&%zz"), http.StatusBadRequest)
	})
}

// TestLoopbackRedirect: a native app listens on whatever port it gets
// (RFC 8252 §7.3), on the loopback address and nowhere else.
func TestLoopbackRedirect(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		b := signedIn(t, e, e.App(t, native), ada)
		app := e.App(t, native)
		for _, uri := range []string{
			"http://127.0.0.1/done", "http://127.0.0.1:49152/done", "http://[::1]:61023/done", "com.example.app:/done", "http://localhost:7777/done",
		} {
			r := app.Request("redirect_uri", uri)
			answer := r.Answer(b.Get(r.Path()))
			if answer.Get("code") == "" {
				t.Errorf("%s: %v, want a code", uri, answer)
				continue
			}
			if got := app.Redeem(r, answer); got.Status != http.StatusOK {
				t.Errorf("%s: the code was not exchanged: %s", uri, got.Body)
			}
		}
		for _, uri := range []string{
			"http://localhost:49152/done", "http://127.0.0.1:49152/other", "http://127.0.0.2:49152/done", "https://127.0.0.1:49152/done",
			"http://127.0.0.1.evil.example/done", "http://127.0.0.1@evil.example/done", "http://user@127.0.0.1:5/done",
			"http://127.0.0.1:49152/done?x=1", "http://127.0.0.1:49152/done#x", "http://2130706433/done", "http://0x7f.1/done",
			"com.example.app:/done/x", "com.example.app://evil/done", "com.example.application:/done",
		} {
			r := app.Request("redirect_uri", uri)
			p := b.Get(r.Path())
			if p.Location != "" || p.Status != http.StatusBadRequest {
				t.Errorf("%s: %d, sent to %q; want a page with 400", uri, p.Status, p.Location)
			}
		}
		// The port of a web app is part of its address.
		web := e.App(t, post).Request("redirect_uri", "https://post.example:8443/cb")
		wantPage(t, b.Get(web.Path()), http.StatusBadRequest)
	})
}
