package relyingparty_test

import (
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"signet/pkg/relyingparty"
	"signet/pkg/relyingparty/rptest"
)

// TestRequireToken: an API lets in who brings an access token of the provider
// that is for it and allows what is done (RFC 9068 §4, RFC 6750 §3).
func TestRequireToken(t *testing.T) {
	p := rptest.New(t, rptest.Client{ID: "web", Secret: "secret", RedirectURIs: []string{"http://localhost/callback"}})
	rp, err := relyingparty.New(t.Context(), relyingparty.Config{
		Issuer: p.Issuer, ClientID: "web", ClientSecret: "secret", RedirectURL: "http://localhost/callback",
		CookieKey: make([]byte, 32), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	var got *relyingparty.Token
	next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = relyingparty.TokenFrom(r.Context()) })
	call := func(audience, authorization string) *httptest.ResponseRecorder {
		got = nil
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api", nil)
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		w := httptest.NewRecorder()
		rp.RequireToken(audience, next, "report").ServeHTTP(w, r)
		return w
	}
	good := map[string]any{
		"iss": p.Issuer, "sub": "ada", "aud": p.Issuer, "client_id": "agent", "scope": "openid report",
		"exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix(), "jti": "1",
	}
	with := func(name string, value any) map[string]any {
		claims := maps.Clone(good)
		claims[name] = value
		return claims
	}
	for _, token := range []string{p.SignedAs("at+jwt", good), p.SignedAs("application/at+jwt", with("aud", []string{"other", p.Issuer}))} {
		if w := call("", "bearer "+token); w.Code != http.StatusOK || got == nil || got.Subject != "ada" || got.ClientID != "agent" || !got.HasScope("report") {
			t.Errorf("a good token: %d %s, %+v", w.Code, w.Body, got)
		}
	}
	if w := call("https://api.example", "Bearer "+p.SignedAs("at+jwt", with("aud", "https://api.example"))); w.Code != http.StatusOK {
		t.Errorf("for a resource: %d %s", w.Code, w.Body)
	}
	stranger := func() string {
		p.Change(func(p *rptest.Provider) { p.SignWith = rptest.Stranger(jose.ES256) })
		defer p.Change(func(p *rptest.Provider) { p.SignWith = nil })
		return p.SignedAs("at+jwt", good)
	}()
	signed := p.SignedAs("at+jwt", good)
	for name, token := range map[string]string{
		"an ID token":          p.Signed(good),
		"of another issuer":    p.SignedAs("at+jwt", with("iss", "https://evil.example")),
		"for another API":      p.SignedAs("at+jwt", with("aud", "https://api.example")),
		"expired":              p.SignedAs("at+jwt", with("exp", time.Now().Add(-time.Second).Unix())),
		"without an end":       p.SignedAs("at+jwt", with("exp", nil)),
		"bound to a key":       p.SignedAs("at+jwt", with("cnf", map[string]string{"jkt": "x"})),
		"signed by a stranger": stranger,
		"changed":              signed[:len(signed)-8] + "AAAAAAAA",
		"nonsense":             "x",
		"too long":             strings.Repeat("a", 1<<20),
	} {
		if w := call("", "Bearer "+token); w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") != `Bearer error="invalid_token"` || got != nil {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
	}
	for _, none := range []string{"", "Basic YTpi", "Bearer", "Bearer "} {
		if w := call("", none); w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") != "Bearer" || got != nil {
			t.Errorf("%q: %d %v", none, w.Code, w.Header())
		}
	}
	if w := call("", "Bearer "+p.SignedAs("at+jwt", with("scope", "openid"))); w.Code != http.StatusForbidden || got != nil ||
		w.Header().Get("WWW-Authenticate") != `Bearer error="insufficient_scope", scope="report"` {
		t.Errorf("without the scope: %d %v", w.Code, w.Header())
	}
	p.Close()
	if w := call("", "Bearer "+signed); w.Code != http.StatusOK {
		t.Errorf("while the provider is away, with keys that are known: %d", w.Code)
	}
}
