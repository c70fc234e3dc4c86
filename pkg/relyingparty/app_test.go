package relyingparty

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"signet/pkg/relyingparty/rptest"
)

// testApp is an app that uses the package as its documentation says, next to a
// provider. Its clock can be moved.
type testApp struct {
	t        *testing.T
	provider *rptest.Provider
	rp       *RP
	url      string
	log      *lockedBuffer
	ahead    atomic.Int64 // nanoseconds that the app's clock is ahead
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// who is what the test app's pages answer.
type who struct {
	Subject, Name, Email, SessionID, Nickname, Access string
	Scopes                                            []string
	SignedIn                                          bool
}

func startApp(t *testing.T, change func(*Config)) *testApp {
	t.Helper()
	return startAppSigning(t, jose.ES256, change)
}

func startAppSigning(t *testing.T, alg jose.SignatureAlgorithm, change func(*Config)) *testApp {
	t.Helper()
	a := &testApp{t: t, log: &lockedBuffer{}}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	a.url = server.URL
	config := Config{
		ClientID: "web", ClientSecret: "a secret: with % and +",
		RedirectURL: a.url + "/callback", PostLogoutURL: a.url + "/bye",
		CookieKey: bytes.Repeat([]byte{7}, 32),
		Scopes:    []string{"openid", "profile", "email", "offline_access"},
		Logger:    slog.New(slog.NewTextHandler(a.log, nil)),
	}
	if change != nil {
		change(&config)
	}
	a.provider = rptest.NewSigning(t, rptest.Client{
		ID: config.ClientID, Secret: config.ClientSecret, Method: config.AuthMethod,
		RedirectURIs: []string{a.url + "/callback"}, PostLogoutURIs: []string{a.url + "/bye"},
	}, alg)
	if config.Issuer == "" {
		config.Issuer = a.provider.Issuer
	}
	var err error
	if a.rp, err = New(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	a.rp.now = func() time.Time { return time.Now().Add(time.Duration(a.ahead.Load())) }
	a.rp.Routes(mux)
	mux.Handle("/private/", a.rp.Require(http.HandlerFunc(tell)))
	mux.Handle("/mail", a.rp.Require(http.HandlerFunc(tell), "email"))
	mux.Handle("/admin", a.rp.Require(http.HandlerFunc(tell), "openid", "admin"))
	mux.Handle("/organization", a.rp.Require(http.HandlerFunc(tellOrganization)))
	mux.Handle("/admins", a.rp.RequireRole(http.HandlerFunc(tell), RoleAdmin))
	mux.Handle("/owners", a.rp.RequireRole(http.HandlerFunc(tell), RoleOwner))
	mux.Handle("/", a.rp.Load(http.HandlerFunc(tell)))
	return a
}

func tell(w http.ResponseWriter, r *http.Request) {
	u := UserFrom(r.Context())
	if u == nil {
		_ = json.NewEncoder(w).Encode(who{})
		return
	}
	answer := who{u.Subject, u.Name, u.Email, u.SessionID, "", u.AccessToken(), u.Scopes, true}
	if err := u.Claims(&answer); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (a *testApp) forward(d time.Duration) { a.ahead.Add(int64(d)) }

// browser keeps cookies and, unless told otherwise, follows redirects.
type browser struct {
	*http.Client
	app *testApp
}

func (a *testApp) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		a.t.Fatal(err)
	}
	return &browser{&http.Client{Jar: jar}, a}
}

// step returns the same browser, standing still at each redirect.
func (b *browser) step() *browser {
	c := *b.Client
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &browser{&c, b.app}
}

type answer struct {
	*http.Response
	body string
}

func (b *browser) send(method, to string, headers ...string) answer {
	b.app.t.Helper()
	if strings.HasPrefix(to, "/") {
		to = b.app.url + to
	}
	req, err := http.NewRequestWithContext(b.app.t.Context(), method, to, nil)
	if err != nil {
		b.app.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := b.Do(req)
	if err != nil {
		b.app.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.app.t.Fatal(err)
	}
	return answer{resp, string(body)}
}

func (b *browser) get(to string) answer { b.app.t.Helper(); return b.send(http.MethodGet, to) }

// whoAt opens a page of the test app and returns what it saw.
func (b *browser) whoAt(path string) who {
	b.app.t.Helper()
	r := b.get(path)
	var w who
	if err := json.Unmarshal([]byte(r.body), &w); err != nil {
		b.app.t.Fatalf("%s answered %d: %s", path, r.StatusCode, r.body)
	}
	return w
}

// cookies are the app's, as the browser would send them.
func (b *browser) cookies() []*http.Cookie {
	u, err := url.Parse(b.app.url)
	if err != nil {
		b.app.t.Fatal(err)
	}
	return b.Jar.Cookies(u)
}

// answerURL begins a sign-in and returns the address that the provider would
// send the browser back to.
func (b *browser) answerURL(path string) string {
	b.app.t.Helper()
	toProvider := b.step().get(path).Header.Get("Location")
	back := b.step().get(toProvider).Header.Get("Location")
	if !strings.HasPrefix(back, b.app.url+"/callback?") {
		b.app.t.Fatalf("the provider answered with %q", back)
	}
	return back
}

func (a *testApp) mustNotLeak(texts ...string) {
	a.t.Helper()
	for _, text := range texts {
		if text != "" && strings.Contains(a.log.String(), text) {
			a.t.Errorf("the log holds %q:\n%s", text, a.log)
		}
	}
}
