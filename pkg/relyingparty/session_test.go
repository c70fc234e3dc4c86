package relyingparty

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"signet/pkg/relyingparty/rptest"
)

// Parallel requests with an access token at its end refresh once, and all of
// them are served.
func TestParallelRefresh(t *testing.T) {
	a := startApp(t, nil)
	b := a.browser()
	before := b.whoAt("/private/")
	old := b.cookies()
	a.forward(10 * time.Minute)

	var all sync.WaitGroup
	seen := make(chan string, 50)
	for range cap(seen) {
		all.Go(func() {
			w := httptest.NewRecorder()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/private/", nil)
			for _, c := range old {
				r.AddCookie(c)
			}
			a.rp.Require(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				seen <- UserFrom(r.Context()).AccessToken()
			})).ServeHTTP(w, r)
		})
	}
	all.Wait()
	close(seen)
	tokens := map[string]bool{}
	served := 0
	for token := range seen {
		tokens[token] = true
		served++
	}
	if served != 50 || len(tokens) != 1 || tokens[before.Access] {
		t.Errorf("%d served, with %d different tokens", served, len(tokens))
	}
	if s := a.provider.Seen(); s.Refreshes != 1 || s.Reuses != 0 {
		t.Errorf("%d refreshes, %d reuses", s.Refreshes, s.Reuses)
	}
}

// A browser that never received the refreshed cookie still carries the old one:
// it gets what that refresh brought, even two refreshes later.
func TestStaleCookie(t *testing.T) {
	a := startApp(t, func(c *Config) { c.SessionLifetime = time.Hour })
	a.provider.Change(func(p *rptest.Provider) { p.AccessLife = time.Minute })
	b, stale := a.browser(), a.browser()
	b.get("/private/")
	u := mustURL(t, a.url)
	stale.Jar.SetCookies(u, b.cookies())
	for range 2 {
		a.forward(time.Minute)
		if !b.whoAt("/private/").SignedIn {
			t.Fatal("signed out")
		}
	}
	if w := stale.step().whoAt("/private/"); w.Access != b.whoAt("/private/").Access {
		t.Error("the stale cookie did not lead to the newest tokens")
	}
	a.forward(time.Minute) // the newest is due as well: refreshed from there
	if w := stale.step().whoAt("/private/"); !w.SignedIn {
		t.Error("signed out")
	}
	if s := a.provider.Seen(); s.Refreshes != 3 || s.Reuses != 0 {
		t.Errorf("%d refreshes, %d reuses", s.Refreshes, s.Reuses)
	}
}

// Refreshing asks for no scopes: the person may have granted fewer than the app
// asked for, and asking for more is an error.
func TestRefreshWithFewerScopes(t *testing.T) {
	a := startApp(t, nil)
	a.provider.Change(func(p *rptest.Provider) { p.Scopes = []string{"openid", "offline_access"} })
	b := a.browser()
	b.get("/private/")
	a.forward(time.Hour)
	if w := b.step().whoAt("/private/"); !slices.Equal(w.Scopes, []string{"openid", "offline_access"}) {
		t.Errorf("scopes %v", w.Scopes)
	}
}

func TestRefreshRefused(t *testing.T) {
	cases := map[string]func(*rptest.Provider){
		"token revoked":   nil,
		"another subject": func(p *rptest.Provider) { p.TamperIDToken = func(c map[string]any) { c["sub"] = "eve" } },
		"another nonce":   func(p *rptest.Provider) { p.TamperIDToken = func(c map[string]any) { c["nonce"] = "other" } },
		"another sign-in": func(p *rptest.Provider) { p.TamperIDToken = func(c map[string]any) { c["auth_time"] = 1 } },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			a := startApp(t, nil)
			b := a.browser()
			b.get("/private/")
			if change != nil {
				a.provider.Change(change)
			} else {
				a.provider.RevokeAll()
			}
			a.forward(time.Hour)
			if w := b.whoAt("/"); w.SignedIn {
				t.Errorf("still signed in as %+v", w)
			}
			if len(b.cookies()) != 0 {
				t.Errorf("cookies left: %v", b.cookies())
			}
		})
	}
}

// An operator replaces the client's secret at the provider first: people wait,
// and nobody is signed out.
func TestRefreshWhileSecretChanges(t *testing.T) {
	a := startApp(t, nil)
	b := a.browser()
	before := b.whoAt("/private/")
	a.provider.Change(func(p *rptest.Provider) { p.Client.Secret = "changed" })
	a.forward(time.Hour)
	if r := b.step().get("/private/"); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status %d", r.StatusCode)
	}
	a.provider.Change(func(p *rptest.Provider) { p.Client.Secret = a.rp.config.ClientSecret })
	a.forward(refreshPause)
	if w := b.step().whoAt("/private/"); !w.SignedIn || w.Access == before.Access {
		t.Errorf("%+v", w)
	}
}

// A provider in trouble costs nobody the session: while the old token lives it
// is used, then the page says so, and when the provider is back all goes on.
func TestRefreshWhileProviderFails(t *testing.T) {
	a := startApp(t, nil)
	b := a.browser()
	before := b.whoAt("/private/")
	a.provider.Change(func(p *rptest.Provider) { p.TokenStatus = http.StatusInternalServerError })
	a.forward(9*time.Minute + 45*time.Second)
	for range 3 {
		if w := b.step().whoAt("/private/"); w.Access != before.Access {
			t.Error("the living token was not used")
		}
	}
	a.forward(time.Minute)
	if r := b.step().get("/private/"); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status %d", r.StatusCode)
	}
	a.provider.Change(func(p *rptest.Provider) { p.TokenStatus = 0 })
	a.forward(refreshPause)
	if w := b.step().whoAt("/private/"); !w.SignedIn || w.Access == before.Access {
		t.Errorf("after the trouble: %+v", w)
	}
}

// Without a refresh token the browser makes a silent round trip; if the
// provider's session is gone, the visitor is signed out here too.
func TestSilentRenewal(t *testing.T) {
	a := startApp(t, func(c *Config) { c.Scopes = []string{"openid", "profile"} })
	b := a.browser()
	before := b.whoAt("/private/x")
	a.forward(time.Hour)
	after := b.whoAt("/private/x")
	if !after.SignedIn || after.Access == before.Access || a.provider.Seen().Authorize.Get("prompt") != "none" {
		t.Errorf("after renewal: %+v", after)
	}
	a.forward(10*time.Minute + renewGrace - time.Second)
	if r := b.send(http.MethodPost, "/private/x"); r.StatusCode != http.StatusOK {
		t.Errorf("a form that somebody was filling in was answered with %d", r.StatusCode)
	}
	a.forward(time.Minute)
	if r := b.send(http.MethodPost, "/private/x"); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("a form was answered with %d", r.StatusCode)
	}
	a.provider.Change(func(p *rptest.Provider) { p.User = nil })
	if w := b.whoAt("/"); w.SignedIn {
		t.Error("still signed in")
	}
	if a.provider.Seen().Authorize.Get("prompt") != "none" {
		t.Error("the start page led to a sign-in that nobody asked for")
	}
}

func TestSilentSignIn(t *testing.T) {
	a := startApp(t, nil)
	b := a.browser()
	if r := b.get("/login?prompt=none&return_to=/hello"); r.Request.URL.Path != "/hello" || !b.whoAt("/hello").SignedIn {
		t.Errorf("ended at %s", r.Request.URL)
	}
	a.provider.Change(func(p *rptest.Provider) { p.User = nil })
	other := a.browser()
	if r := other.get("/login?prompt=none&return_to=/hello"); r.Request.URL.Path != "/hello" || other.whoAt("/hello").SignedIn {
		t.Errorf("nobody is signed in, yet %s answers %s", r.Request.URL, r.body)
	}
}

func TestSessionEnds(t *testing.T) {
	a := startApp(t, func(c *Config) { c.SessionLifetime = 20 * time.Minute })
	b := a.browser()
	b.get("/private/")
	a.forward(15 * time.Minute)
	if !b.step().whoAt("/private/").SignedIn {
		t.Error("ended early")
	}
	a.forward(6 * time.Minute)
	if w := b.whoAt("/"); w.SignedIn {
		t.Error("a refresh prolonged the session")
	}
}

func TestAccessTokenWithoutLifetime(t *testing.T) {
	a := startApp(t, nil)
	a.provider.Change(func(p *rptest.Provider) { p.AccessLife = 0 })
	b := a.browser()
	b.get("/private/")
	a.forward(time.Hour)
	if !b.step().whoAt("/private/").SignedIn || a.provider.Seen().Refreshes != 0 {
		t.Errorf("%d refreshes", a.provider.Seen().Refreshes)
	}
}

func TestUserInfo(t *testing.T) {
	a := startApp(t, nil)
	b := a.browser()
	if w := b.whoAt("/private/"); w.Nickname != "Countess" || w.SessionID != "session-1" || w.Subject != "ada" {
		t.Errorf("%+v", w)
	}
	// The spent refresh token is not lost with a userinfo endpoint in trouble.
	a.provider.Change(func(p *rptest.Provider) { p.UserInfoStatus = http.StatusInternalServerError })
	for range 2 {
		a.forward(time.Hour)
		if w := b.step().whoAt("/private/"); w.Nickname != "Countess" {
			t.Errorf("after a refresh: %+v", w)
		}
	}
	a.provider.Change(func(p *rptest.Provider) { p.UserInfoStatus = 0 })
	a.provider.Change(func(p *rptest.Provider) { p.TamperIDToken = func(c map[string]any) { c["sub"] = "eve" } })
	if r := a.browser().get("/private/"); r.StatusCode != http.StatusBadRequest {
		t.Errorf("userinfo of another person was taken: %d", r.StatusCode)
	}
	asked := a.provider.Seen().UserInfos
	for _, change := range []func(*Config){func(c *Config) { c.SkipUserInfo = true }, nil} {
		a := startApp(t, change)
		if change == nil {
			a.provider.Change(func(p *rptest.Provider) {
				p.TamperMetadata = func(m map[string]any) { delete(m, "userinfo_endpoint") }
			})
		}
		if w := a.browser().whoAt("/private/"); w.Subject != "ada" || w.Name != "" || a.provider.Seen().UserInfos != 0 {
			t.Errorf("without userinfo: %+v", w)
		}
	}
	if asked == 0 {
		t.Error("userinfo was never asked")
	}
}

// What is kept in memory goes away by itself.
func TestRefresherForgets(t *testing.T) {
	f, now := newRefresher(), time.Now()
	clock := func() time.Time { return now }
	for i := range 100 {
		s := &session{ID: fmt.Sprint(i), End: now.Add(time.Hour)}
		if _, err := f.refresh(t.Context(), s, clock, func(s *session) (*session, error) { return s.refreshed(&grant{}, now), nil }); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(2 * time.Hour)
	if _, err := f.refresh(t.Context(), &session{ID: "last"}, clock, func(s *session) (*session, error) { return s.refreshed(&grant{}, now), nil }); err != nil {
		t.Fatal(err)
	}
	if len(f.flights) != 1 {
		t.Errorf("%d outcomes are kept, want the last one", len(f.flights))
	}
	f.forget("last")
	if len(f.flights) != 0 {
		t.Error("what was signed out is kept")
	}
}

func TestRequire(t *testing.T) {
	a := startApp(t, nil)
	b := a.browser()
	if r := b.step().send(http.MethodGet, "/private/", "Accept", "application/json"); r.StatusCode != http.StatusUnauthorized ||
		r.Header.Get("Content-Type") != "application/json" || !strings.Contains(r.body, `"unauthenticated"`) {
		t.Errorf("a script was answered with %d %s", r.StatusCode, r.body)
	}
	if r := b.step().send(http.MethodGet, "/private/", "Sec-Fetch-Mode", "cors"); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("fetch was answered with %d", r.StatusCode)
	}
	if r := b.step().send(http.MethodPost, "/private/"); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("a form was answered with %d", r.StatusCode)
	}
	if r := b.step().get("/private/a?b=c"); r.Header.Get("Location") != "/login?return_to=%2Fprivate%2Fa%3Fb%3Dc" {
		t.Errorf("a page led to %s", r.Header.Get("Location"))
	}
	if !b.whoAt("/mail").SignedIn {
		t.Error("a granted scope was refused")
	}
	r := b.get("/admin")
	if r.StatusCode != http.StatusForbidden || !strings.Contains(r.body, "not allowed") {
		t.Errorf("a scope that was not granted: %d %s", r.StatusCode, r.body)
	}
	if r.Header.Get("Cache-Control") != "no-store" || !strings.Contains(r.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("headers %v", r.Header)
	}
}

func TestErrorHandlerAndSecretsStaySecret(t *testing.T) {
	var got *Error
	a := startApp(t, func(c *Config) {
		c.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, e *Error) { got = e; w.WriteHeader(e.Status) }
	})
	a.provider.Change(func(p *rptest.Provider) { p.Deny = "access_denied" })
	a.browser().get("/private/x")
	if got == nil || got.Kind != KindDenied || got.Code != "access_denied" || got.Retry != "/login?return_to=%2Fprivate%2Fx" {
		t.Errorf("handler got %+v", got)
	}
	u := &User{Subject: "ada", access: func() string { return "secret-token" }}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "user", u)
	for _, text := range []string{fmt.Sprintf("%v %+v %#v", u, *u, *u), log.String()} {
		if strings.Contains(text, "secret-token") {
			t.Errorf("printed: %s", text)
		}
	}
}
