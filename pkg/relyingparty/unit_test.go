package relyingparty

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func mustURL(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func goodConfig() Config {
	return Config{Issuer: "https://id.example", ClientID: "web", RedirectURL: "https://app.example/callback", CookieKey: make([]byte, 32)}
}

func TestConfigFaultsAtOnce(t *testing.T) {
	_, err := New(t.Context(), Config{
		Issuer: "http://id.example?x", RedirectURL: "/callback", CookieKey: []byte("short"), OldCookieKeys: [][]byte{nil},
		AuthMethod: "tls_client_auth", AuthorizeParams: url.Values{"state": {"fixed"}},
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"Issuer: \"http://id.example?x\" must begin with https://", "Issuer: must have no query", "ClientID", "RedirectURL", "CookieKey: must be at least 32 bytes, has 5", "OldCookieKeys[0]", "AuthMethod", "state"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
	for name, change := range map[string]func(*Config){
		"public with a secret":  func(c *Config) { c.ClientSecret, c.AuthMethod = "s", ClientPublic },
		"basic without":         func(c *Config) { c.AuthMethod = ClientSecretBasic },
		"login at the callback": func(c *Config) { c.LoginPath = "/callback" },
		"a slug":                func(c *Config) { c.Organization = "engines" },
		"logout url":            func(c *Config) { c.PostLogoutURL = "http://app.example/" },
	} {
		c := goodConfig()
		change(&c)
		if _, err := New(t.Context(), c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestConfigDefaults(t *testing.T) {
	c := goodConfig()
	c.RedirectURL = "https://app.example/auth/callback"
	c.Scopes = []string{"email"}
	c, err := c.complete()
	if err != nil {
		t.Fatal(err)
	}
	if c.LoginPath != "/auth/login" || c.LogoutPath != "/auth/logout" || c.PostLogoutURL != "https://app.example/" ||
		c.AuthMethod != ClientPublic || strings.Join(c.Scopes, " ") != "openid email" || c.CookieName != "web" {
		t.Errorf("%+v", c)
	}
	if to := c.HTTPClient.CheckRedirect(nil, nil); !errors.Is(to, http.ErrUseLastResponse) {
		t.Error("the client's secret would follow redirects")
	}
	if got := cookieSafe("a b=c;d_é"); got != "a-b-c-d--" {
		t.Errorf("cookie name %q", got)
	}
}

var returns = []string{
	"/", "/a?b=c", "/a/b%2f..", "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "/\t/evil.example",
	"/\n//evil.example", "javascript:alert(1)", "", "evil", "/%2f/evil", "/a//b", "///evil", "/login", "/callback?code=1", "/logout", "/logout/local", "/a b",
	"/.//evil.example", "/a#b", "/" + strings.Repeat("x", maxReturn), "/ä", "/@evil.example", "/:80/",
}

// Whatever a link says, the browser stays at this app: resolved as browsers do,
// the host is the same.
func FuzzReturnTo(f *testing.F) {
	for _, to := range returns {
		f.Add(to)
	}
	rp, err := New(f.Context(), goodConfig())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, to string) {
		safe := rp.safeReturn(to)
		// Browsers drop tabs and line breaks, and read a backslash as a slash.
		seen := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(safe)
		if !strings.HasPrefix(seen, "/") || strings.HasPrefix(seen, "//") || len(safe) > maxReturn {
			t.Errorf("%q leads to %q", to, safe)
		}
		at, err := url.Parse("https://app.example/x")
		if err != nil {
			t.Fatal(err)
		}
		end, err := at.Parse(safe)
		if err != nil || end.Host != "app.example" || end.Scheme != "https" || end.User != nil {
			t.Errorf("%q leads to %q: %v", to, end, err)
		}
		if safe != "/" && safe != to {
			t.Errorf("%q was changed into %q", to, safe)
		}
	})
}

func TestReturnTo(t *testing.T) {
	rp, err := New(t.Context(), goodConfig())
	if err != nil {
		t.Fatal(err)
	}
	for to, want := range map[string]string{
		"/a?b=c": "/a?b=c", "/a//b": "/a//b", "/ä": "/ä",
		"//evil.example": "/", `/\evil.example`: "/", "https://evil.example": "/", "/\t/evil": "/", "evil": "/", "": "/",
		"/login": "/", "/callback?code=1": "/", "/logout": "/",
	} {
		if got := rp.safeReturn(to); got != want {
			t.Errorf("%q leads to %q, not %q", to, got, want)
		}
	}
}

// Opening never panics, and opens nothing but what was sealed, in its one
// spelling and for its one purpose.
func FuzzOpen(f *testing.F) {
	s, err := newSealer("app", bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32))
	if err != nil {
		f.Fatal(err)
	}
	plain := []byte(`{"i":"session"}`)
	sealed := s.seal("session", plain)
	f.Add("session", sealed)
	f.Add("signin", sealed)
	f.Add("session", sealed+"\n")
	f.Add("session", sealed[:len(sealed)-1])
	f.Add("session", "")
	f.Fuzz(func(t *testing.T, purpose, text string) {
		opened, err := s.open(purpose, text)
		if err != nil {
			if !errors.Is(err, errSealed) || opened != nil {
				t.Errorf("error %v with %q", err, opened)
			}
			return
		}
		// Each worker of the fuzzer seals anew, with the same keys.
		raw, err := encoding.DecodeString(text)
		if err != nil || encoding.EncodeToString(raw) != text || purpose != "session" || !bytes.Equal(opened, plain) {
			t.Errorf("opened %q as %q for %q", text, opened, purpose)
		}
	})
}

// Whatever cookies a browser sends, reading a session never panics, and gives
// none that was not sealed here.
func FuzzSessionCookie(f *testing.F) {
	rp, err := New(f.Context(), goodConfig())
	if err != nil {
		f.Fatal(err)
	}
	f.Add("1.abc", "def")
	f.Add("4."+rp.jar.sealer.seal(sessionCookie, []byte(`{}`)), "")
	f.Add("1."+rp.jar.sealer.seal("other", []byte(`{"t":"a.b.c"}`)), "")
	f.Add("99999999999999999999.x", "")
	f.Add("-1.", "")
	f.Fuzz(func(t *testing.T, first, second string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header.Set("Cookie", rp.jar.prefix+"session="+first+"; "+rp.jar.prefix+"session.1="+second)
		if s, err := rp.openSession(r); err == nil {
			t.Errorf("opened %q %q as %+v", first, second, s)
		}
	})
}

func TestSealedTamper(t *testing.T) {
	s, err := newSealer("app", bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	sealed := s.seal("session", []byte("plain"))
	for i := range sealed {
		other := byte('A')
		if sealed[i] == other {
			other = 'B'
		}
		if _, err := s.open("session", sealed[:i]+string(other)+sealed[i+1:]); err == nil {
			t.Errorf("opened with character %d changed", i)
		}
	}
	if again := s.seal("session", []byte("plain")); again == sealed {
		t.Error("sealing twice gives the same")
	}
}

// Whatever comes to the callback, a browser that began no sign-in gets no
// session and is sent nowhere.
func FuzzCallback(f *testing.F) {
	c := goodConfig()
	c.Logger = slog.New(slog.DiscardHandler)
	rp, err := New(f.Context(), c)
	if err != nil {
		f.Fatal(err)
	}
	h := rp.Handler()
	f.Add("code=a&state=b&iss=https://id.example")
	f.Add("error=access_denied&state=b")
	f.Add("state=a&state=b")
	f.Add("state=%00&code=;&iss=%zz")
	f.Fuzz(func(t *testing.T, query string) {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/callback", nil)
		r.URL.RawQuery = query
		r.Header.Set("Cookie", "__Host-web_signin-=1."+query)
		h.ServeHTTP(w, r)
		if w.Code != http.StatusBadRequest || w.Header().Get("Location") != "" || strings.Contains(w.Header().Get("Set-Cookie"), "session") {
			t.Errorf("%q: %d, %v", query, w.Code, w.Header())
		}
	})
}
