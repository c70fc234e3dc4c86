package httpd_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"signet/internal/fault"
	"signet/internal/handle"
	"signet/internal/httpd"
)

type observer struct{ seen []string }

func (o *observer) Route(name string) func(int, time.Duration) {
	return func(status int, _ time.Duration) { o.seen = append(o.seen, fmt.Sprint(name, " ", status)) }
}

func mount(log *bytes.Buffer, o *observer, routes ...httpd.Route) http.Handler {
	tell := func(kind string) func(http.ResponseWriter, *http.Request, error) {
		return func(w http.ResponseWriter, _ *http.Request, err error) {
			w.WriteHeader(httpd.Status(fault.KindOf(err)))
			io.WriteString(w, kind+": "+fault.Public(err))
		}
	}
	return httpd.Mount(httpd.Options{
		Log: slog.New(slog.NewTextHandler(log, nil)), Observer: o, Addresses: httpd.NewAddresses(nil), Secure: true,
		PageError: tell("page"), OAuthError: tell("oauth"),
	}, routes)
}

func TestGuardsComeWithTheKind(t *testing.T) {
	ok := func(w http.ResponseWriter, r *http.Request) error {
		_, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			return fault.Wrap(fault.Invalid, err, "too much")
		}
		io.WriteString(w, "ok")
		return nil
	}
	cases := []struct {
		kind   httpd.Kind
		header string // of the request
		body   int
		status int
		stored bool
		told   string
	}{
		{httpd.Page, "", 0, 200, false, "ok"},
		{httpd.Form, "", 0, 200, false, "ok"},
		{httpd.Form, "Sec-Fetch-Site: cross-site", 0, 403, false, "page: This form was sent from another site"},
		{httpd.Form, "Sec-Fetch-Site: same-site", 0, 403, false, "page: "},
		{httpd.Form, "Origin: https://evil.example", 0, 403, false, "page: "},
		{httpd.Form, "Sec-Fetch-Site: same-origin", 0, 200, false, "ok"},
		{httpd.Redirect, "Sec-Fetch-Site: cross-site", 0, 200, false, "ok"},
		{httpd.Protocol, "Origin: https://app.example", 0, 200, false, "ok"},
		{httpd.Protocol, "", 1 << 20, 400, false, "oauth: too much"},
		{httpd.Form, "", 1 << 20, 400, false, "page: too much"},
		{httpd.Public, "", 0, 200, true, "ok"},
	}
	for i, c := range cases {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			var log bytes.Buffer
			o := &observer{}
			h := mount(&log, o, httpd.Route{Method: "POST", Path: "/x", Kind: c.kind, Do: ok})
			r := httptest.NewRequest("POST", "https://id.example/x?code=secret", strings.NewReader(strings.Repeat("x", c.body)))
			if name, value, found := strings.Cut(c.header, ": "); found {
				r.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != c.status || !strings.HasPrefix(w.Body.String(), c.told) {
				t.Errorf("%d %q, want %d %q", w.Code, w.Body, c.status, c.told)
			}
			if stored := w.Header().Get("Cache-Control") != "no-store"; stored != c.stored {
				t.Errorf("Cache-Control %q", w.Header().Get("Cache-Control"))
			}
			if w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Strict-Transport-Security") == "" {
				t.Errorf("headers %v", w.Header())
			}
			if strings.Contains(log.String(), "secret") {
				t.Errorf("the log holds the query: %s", log.String())
			}
			if len(o.seen) != 1 || o.seen[0] != fmt.Sprint("/x ", c.status) {
				t.Errorf("observed %v", o.seen)
			}
		})
	}
}

func TestErrorsAreToldAndLoggedOnce(t *testing.T) {
	var log bytes.Buffer
	boom := func(http.ResponseWriter, *http.Request) error { panic("at the disco") }
	broken := func(http.ResponseWriter, *http.Request) error { return errors.New("pq: secret detail") }
	h := mount(&log, &observer{}, httpd.Route{Method: "GET", Path: "/boom", Kind: httpd.Page, Do: boom},
		httpd.Route{Method: "GET", Path: "/broken", Kind: httpd.Protocol, Do: broken})
	for path, want := range map[string]string{"/boom": "page: Something went wrong", "/broken": "oauth: Something went wrong", "/none": "page: There is no page"} {
		log.Reset()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "https://id.example"+path, nil))
		if !strings.HasPrefix(w.Body.String(), want) || strings.Contains(w.Body.String(), "secret") || strings.Contains(w.Body.String(), "disco") {
			t.Errorf("%s: %q, want %q", path, w.Body, want)
		}
		if n := strings.Count(log.String(), "msg=request"); n != 1 {
			t.Errorf("%s: %d log lines", path, n)
		}
	}
}

// TestOtherMethods: a path says which it answers, or how it answers the others.
func TestOtherMethods(t *testing.T) {
	say := func(what string) httpd.Handler {
		return func(w http.ResponseWriter, _ *http.Request) error {
			_, err := io.WriteString(w, what)
			return err
		}
	}
	h := mount(&bytes.Buffer{}, &observer{}, httpd.Route{Method: "GET", Path: "/a", Do: say("a")}, httpd.Route{Method: "POST", Path: "/a", Do: say("made")},
		httpd.Route{Method: "GET", Path: "/b", Do: say("b")}, httpd.Route{Path: "/b", Do: say("other")}, httpd.Route{Path: "/b/", Do: say("below")})
	for _, c := range [][3]string{
		{"GET", "/a", "a"}, {"POST", "/a", "made"}, {"PUT", "/a", "this address answers GET, HEAD, POST\n"},
		{"GET", "/b", "b"}, {"PUT", "/b", "other"}, {"GET", "/b/c/d", "below"}, {"PUT", "/b/c", "below"},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(c[0], "https://id.example"+c[1], nil))
		if w.Body.String() != c[2] {
			t.Errorf("%s %s: %q, want %q", c[0], c[1], w.Body, c[2])
		}
	}
}

func TestAddresses(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	cases := []struct {
		trusted []netip.Prefix
		remote  string
		header  []string
		want    string
	}{
		{nil, "192.0.2.1:1", []string{"198.51.100.9"}, "192.0.2.1"},
		{proxies, "192.0.2.1:1", []string{"198.51.100.9"}, "192.0.2.1"},
		{proxies, "10.1.1.1:1", []string{"198.51.100.9"}, "198.51.100.9"},
		{proxies, "10.1.1.1:1", []string{"6.6.6.6, 198.51.100.9, 10.2.2.2"}, "198.51.100.9"},
		{proxies, "10.1.1.1:1", []string{"6.6.6.6", "198.51.100.9"}, "198.51.100.9"},
		{proxies, "10.1.1.1:1", []string{"::ffff:198.51.100.9"}, "198.51.100.9"},
		{proxies, "[::1]:1", []string{"2001:db8::7"}, "2001:db8::7"},
		{proxies, "10.1.1.1:1", []string{"nonsense"}, "10.1.1.1"},
		{proxies, "10.1.1.1:1", nil, "10.1.1.1"},
	}
	for _, c := range cases {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.remote
		for _, v := range c.header {
			r.Header.Add("X-Forwarded-For", v)
		}
		if got := httpd.NewAddresses(c.trusted).Of(r); got != c.want {
			t.Errorf("%s with %v = %s, want %s", c.remote, c.header, got, c.want)
		}
	}
}

func TestCookies(t *testing.T) {
	for _, secure := range []bool{false, true} {
		c := httpd.NewCookies(secure, http.SameSiteLaxMode)
		w := httptest.NewRecorder()
		c.SetSession(w, "value", time.Hour)
		name := c.NameBrowser(w, httptest.NewRequest("GET", "/", nil))
		c.SetLocale(w, "de")
		r := httptest.NewRequest("GET", "/", nil)
		for _, cookie := range w.Result().Cookies() {
			state := cookie.Name == c.StateName() // apps ask a script about it, in a frame
			if cookie.HttpOnly == state || cookie.Path != "/" || cookie.Domain != "" || cookie.Secure != secure {
				t.Errorf("secure %v: %v", secure, cookie)
			}
			if strings.HasPrefix(cookie.Name, "__Host-") != secure {
				t.Errorf("secure %v: name %s", secure, cookie.Name)
			}
			if state && (cookie.Value != httpd.StateOf("value") || (cookie.SameSite == http.SameSiteNoneMode) != secure) {
				t.Errorf("secure %v: %v", secure, cookie)
			}
			r.AddCookie(cookie)
		}
		if c.Session(r) != "value" || c.Browser(r) != name || c.Locale(r) != "de" || !handle.Valid(name) {
			t.Errorf("read back %q %q %q", c.Session(r), c.Browser(r), c.Locale(r))
		}
		w = httptest.NewRecorder()
		if again := c.NameBrowser(w, r); again != name || len(w.Result().Cookies()) != 0 {
			t.Error("a browser that has a name got another")
		}
		if state := c.KeepState(w, r); state != httpd.StateOf("value") || len(w.Result().Cookies()) != 0 {
			t.Error("a browser that has its session's state got another")
		}
		c.DropSession(w)
		for _, cookie := range w.Result().Cookies() {
			if cookie.Name == c.StateName() && (!handle.Valid(cookie.Value) || cookie.Value == httpd.StateOf("value") || cookie.Value == httpd.StateOf("")) {
				t.Errorf("signed out, the browser's state is %s", cookie.Value)
			}
		}
	}
}
