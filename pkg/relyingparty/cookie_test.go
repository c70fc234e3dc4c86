package relyingparty

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"signet/pkg/relyingparty/rptest"
)

// Cookies: sealed, bound to the app and its purpose, rotated by key, chunked.
func TestSessionCookie(t *testing.T) {
	a := startApp(t, nil)
	b := a.browser()
	first := b.step().get("/login").Header["Set-Cookie"][0]
	if !strings.Contains(first, "; HttpOnly; SameSite=Lax") || !strings.HasPrefix(first, "web_signin-") {
		t.Errorf("Set-Cookie: %s", first)
	}
	b.get("/private/")
	for _, c := range b.cookies() {
		for part := range strings.SplitSeq(c.Value, ".") {
			opened, _ := base64.RawURLEncoding.DecodeString(part) // as far as it goes
			if text := string(opened) + part; strings.Contains(text, `"sub"`) || strings.Contains(text, "ada@") || strings.Contains(text, "eyJhbGci") {
				t.Errorf("%s can be read: %s", c.Name, c.Value)
			}
		}
	}
	opens := func(change func(*Config)) bool {
		c := a.rp.config
		change(&c)
		other, err := New(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		for _, cookie := range b.cookies() {
			r.AddCookie(cookie)
		}
		_, err = other.openSession(r)
		return err == nil
	}
	fresh := bytes.Repeat([]byte{8}, 32)
	if !opens(func(*Config) {}) {
		t.Error("another node of the app cannot open it")
	}
	if !opens(func(c *Config) { c.OldCookieKeys, c.CookieKey = [][]byte{c.CookieKey}, fresh }) {
		t.Error("not opened by the key before rotation")
	}
	if opens(func(c *Config) { c.CookieKey = fresh }) {
		t.Error("opened by a foreign key")
	}
	if opens(func(c *Config) { c.ClientID = "frames" }) || opens(func(c *Config) { c.Issuer = "https://other.example" }) {
		t.Error("opened by another app with the same key")
	}
}

func TestHostCookiesWhereTLSIs(t *testing.T) {
	a := startApp(t, func(c *Config) { c.RedirectURL, c.PostLogoutURL = "https://app.example/auth/callback", "" })
	w := httptest.NewRecorder()
	a.rp.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/auth/login", nil))
	if c := w.Header().Get("Set-Cookie"); !strings.HasPrefix(c, "__Host-web_signin-") || !strings.Contains(c, "Path=/;") || !strings.Contains(c, "Secure") {
		t.Errorf("Set-Cookie: %s", c)
	}
}

// A large session is spread over cookies and leaves none behind when it shrinks
// or ends; one too large is an error, not a session that cannot be read.
func TestLargeSession(t *testing.T) {
	a := startApp(t, nil)
	b := a.browser()
	bio := func(n int) {
		a.provider.Change(func(p *rptest.Provider) {
			p.TamperIDToken = func(c map[string]any) { c["bio"] = strings.Repeat("x", n) }
		})
	}
	count := func() int { return len(b.cookies()) }
	bio(4000)
	if !b.whoAt("/private/").SignedIn || count() != 3 {
		t.Errorf("%d cookies", count())
	}
	for _, c := range b.cookies() {
		if n := len(c.Name) + len(c.Value); n > 4000 {
			t.Errorf("%s has %d bytes", c.Name, n)
		}
	}
	bio(10)
	b.get("/login")
	if !b.whoAt("/private/").SignedIn || count() != 1 {
		t.Errorf("after shrinking: %d cookies", count())
	}
	bio(4000)
	b.get("/login")
	b.send(http.MethodPost, "/logout/local")
	if count() != 0 {
		t.Errorf("after sign-out: %v", b.cookies())
	}
	bio(20000)
	if r := b.get("/login"); r.StatusCode != http.StatusInternalServerError {
		t.Errorf("too large: %d", r.StatusCode)
	}
}
