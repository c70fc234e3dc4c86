package protocol

import (
	"net/http"
	"strings"
	"testing"

	"signet/internal/testenv"
)

// TestCORS: apps in the browser may read what they call themselves, from the
// origins of their registered addresses, and never with cookies.
func TestCORS(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		ask := func(method, path, origin, asksFor string) *testenv.Answer {
			t.Helper()
			req, err := http.NewRequestWithContext(t.Context(), method, e.Issuer+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if origin != "" {
				req.Header.Set("Origin", origin)
			}
			if asksFor != "" {
				req.Header.Set("Access-Control-Request-Method", asksFor)
				req.Header.Set("Access-Control-Request-Headers", "authorization")
			}
			got, err := testenv.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			if v := got.Header.Get("Access-Control-Allow-Credentials"); v != "" {
				t.Errorf("%s %s: Access-Control-Allow-Credentials is %q, want none ever", method, path, v)
			}
			return got
		}
		const good = "https://spa.example"
		strangers := []string{"https://evil.example", "https://spa.example.evil.example", "http://spa.example", "https://spa.example:8443", "null", "https://SPA.example", "file://"}
		for path, method := range map[string]string{"/token": "POST", "/userinfo": "GET", "/revoke": "POST"} {
			if got := ask(method, path, good, "").Header; got.Get("Access-Control-Allow-Origin") != good || !strings.Contains(got.Get("Vary"), "Origin") {
				t.Errorf("%s: %v, want the origin allowed and named in Vary", path, got)
			}
			flight := ask("OPTIONS", path, good, method)
			if flight.Status != http.StatusNoContent || flight.Header.Get("Access-Control-Allow-Origin") != good ||
				!strings.Contains(flight.Header.Get("Access-Control-Allow-Methods"), method) ||
				!strings.Contains(strings.ToLower(flight.Header.Get("Access-Control-Allow-Headers")), "authorization") {
				t.Errorf("%s: preflight %d %v", path, flight.Status, flight.Header)
			}
			for _, stranger := range strangers {
				for _, got := range []*testenv.Answer{ask(method, path, stranger, ""), ask("OPTIONS", path, stranger, method)} {
					if v := got.Header.Get("Access-Control-Allow-Origin"); v != "" {
						t.Errorf("%s from %s: allowed %q", path, stranger, v)
					}
					if !strings.Contains(got.Header.Get("Vary"), "Origin") {
						t.Errorf("%s from %s: no Vary, so a cache could give the refusal to others", path, stranger)
					}
				}
			}
			if got := ask(method, path, "", ""); got.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s without an Origin: allowed", path)
			}
		}
		for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/keys"} {
			for _, origin := range append(strangers, good) {
				if got := ask("GET", path, origin, ""); got.Status != http.StatusOK || got.Header.Get("Access-Control-Allow-Origin") != "*" {
					t.Errorf("%s from %s: %d %v, want open to all", path, origin, got.Status, got.Header)
				}
			}
		}
		for _, path := range []string{"/authorize", "/authorize?client_id=spa", "/end_session", "/signin", "/account", "/introspect"} {
			for _, got := range []*testenv.Answer{ask("GET", path, good, ""), ask("POST", path, good, ""), ask("OPTIONS", path, good, "GET")} {
				if v := got.Header.Get("Access-Control-Allow-Origin"); v != "" {
					t.Errorf("%s: allowed %q, want never", path, v)
				}
			}
		}
	})
}

// TestHeadersChangeNothing: the issuer and every link come from the settings,
// whatever Host or a proxy's headers say.
func TestHeadersChangeNothing(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		evil := map[string]string{
			"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-Port": "666", "X-Forwarded-Prefix": "/evil",
			"Forwarded": "host=evil.example;proto=https", "X-Original-URL": "/evil", "X-Rewrite-URL": "/evil", "X-Forwarded-Server": "evil.example",
		}
		app := e.App(t, web)
		b := signedIn(t, e, app, ada)
		session := b.Cookie("signet_session")
		for _, host := range []string{"", "evil.example", "evil.example:80"} {
			for _, path := range []string{
				"/.well-known/openid-configuration", "/", "/account", "/signin", "/authorize?client_id=nobody", "/end_session",
				strings.TrimPrefix(app.Request().Path(), e.Issuer), strings.TrimPrefix(app.Request("prompt", "login").Path(), e.Issuer),
			} {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.Nodes[0]+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Host = host
				for k, v := range evil {
					req.Header.Set(k, v)
				}
				req.AddCookie(&http.Cookie{Name: "signet_session", Value: session})
				got := app.Do(req)
				for k, v := range got.Header {
					if strings.Contains(strings.Join(v, " "), "evil") {
						t.Errorf("%s as %q: header %s is %v", path, host, k, v)
					}
				}
				if strings.Contains(got.Body, "evil") {
					t.Errorf("%s as %q: the body repeats the header", path, host)
				}
				if strings.HasPrefix(path, "/.well-known") && got.Str("issuer") != e.Issuer {
					t.Errorf("issuer is %q, want %q", got.Str("issuer"), e.Issuer)
				}
			}
		}
	})
}
