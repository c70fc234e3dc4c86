package fault

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"signet/internal/testenv"
)

var (
	ada  = testenv.Person{Email: "ada@example.com", Password: "correct-Horse-9"}
	bob  = testenv.Person{Email: "bob@example.com", Password: "battery-Staple-7"}
	shop = testenv.App{ID: "shop", Secret: "secret-of-shop", Redirect: "https://shop.example/cb", Scope: "openid email"}
)

const declared = `
clients:
  - id: shop
    name: Shop
    secret: secret-of-shop
    redirect_uris: ["https://shop.example/cb"]
    grant_types: [authorization_code, refresh_token]
    scopes: [openid, email, offline_access]
    trusted: true
users:
  - {email: ada@example.com, password: correct-Horse-9, verified: true, given_name: Ada, family_name: Lovelace}
  - {email: bob@example.com, password: battery-Staple-7, verified: true, given_name: Bob, family_name: Builder}
`

// deadline is when a store is given up, by default. Whatever is answered must
// be answered a little later.
const (
	deadline = 2 * time.Second
	slack    = 1500 * time.Millisecond
)

func boot(t *testing.T, backend testenv.Backend) *testenv.Env {
	t.Helper()
	return testenv.Start(t, testenv.Options{
		Backend: backend, Nodes: 2, Declare: declared, Proxies: true,
		Env: map[string]string{"SIGNET_LIMITS_EXEMPT": "127.0.0.0/8,::1/128", "SIGNET_LIFETIMES_REFRESH_GRACE": "1m"},
	})
}

// visitor is a signed-in person with an app, who knows what every answer must say.
type visitor struct {
	t       *testing.T
	who     testenv.Person
	browser *testenv.Browser
	app     *testenv.App
	subject any
	refresh string
	access  string
}

func arrive(t *testing.T, e *testenv.Env, who testenv.Person) *visitor {
	t.Helper()
	v := &visitor{t: t, who: who, browser: e.Browser().For(t), app: e.App(t, shop)}
	r := v.app.Request("scope", "openid email offline_access")
	got := v.app.Redeem(r, v.browser.SignIn(r, who))
	if got.Status != http.StatusOK {
		t.Fatalf("%s: %s", who.Email, got.Body)
	}
	v.subject, v.refresh, v.access = claims(t, got.Str("id_token"))["sub"], got.Str("refresh_token"), got.Str("access_token")
	return v
}

func claims(t *testing.T, raw string) map[string]any {
	t.Helper()
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		t.Fatalf("%d parts are no JWT", len(parts))
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// pageDown reports whether the page says that a store is away; a page that
// says anything else than that or what was asked for is an error.
func (v *visitor) pageDown(p *testenv.Page) bool {
	v.t.Helper()
	if p.Status != http.StatusServiceUnavailable {
		return false
	}
	if !strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") || p.Header.Get("Retry-After") == "" || p.Header.Get("Cache-Control") != "no-store" {
		v.t.Errorf("a 503 that is no page for a person: %v", p.Header)
	}
	return true
}

func (v *visitor) answerDown(a *testenv.Answer) bool {
	v.t.Helper()
	if a.Status != http.StatusServiceUnavailable {
		return false
	}
	if a.Str("error") != "temporarily_unavailable" || a.Header.Get("Retry-After") == "" || a.Header.Get("Cache-Control") != "no-store" {
		v.t.Errorf("a 503 that an app cannot read: %s %v", a.Body, a.Header)
	}
	return true
}

// trip is the silent round trip; false when a store was away.
func (v *visitor) trip() bool {
	v.t.Helper()
	r := v.app.Request("prompt", "none")
	p := v.browser.Get(r.Path())
	if v.pageDown(p) {
		return false
	}
	answer := r.Answer(p)
	if answer.Get("state") != r.Get("state") {
		v.t.Errorf("%s: the state %q is another's", v.who.Email, answer.Get("state"))
	}
	if answer.Get("code") == "" {
		v.t.Errorf("%s: %d %v, want a code or a page with 503", v.who.Email, p.Status, answer)
		return false
	}
	got := v.app.Redeem(r, answer)
	if v.answerDown(got) {
		return false
	}
	if got.Status != http.StatusOK {
		v.t.Errorf("%s: the code: %d %s", v.who.Email, got.Status, got.Body)
		return false
	}
	if c := claims(v.t, got.Str("id_token")); c["sub"] != v.subject || c["nonce"] != r.Get("nonce") {
		v.t.Errorf("%s: an ID token for sub %v with nonce %v: another's", v.who.Email, c["sub"], c["nonce"])
	}
	return v.userinfo(got.Str("access_token"))
}

func (v *visitor) userinfo(token string) bool {
	v.t.Helper()
	info := v.app.Userinfo(token)
	if v.answerDown(info) {
		return false
	}
	if info.Status != http.StatusOK || info.Fields["sub"] != v.subject || info.Str("email") != v.who.Email {
		v.t.Errorf("%s: userinfo: %d %s", v.who.Email, info.Status, info.Body)
	}
	return true
}

// use refreshes the token. An answer that was lost is asked for again with the
// same token, as apps do.
func (v *visitor) use() bool {
	v.t.Helper()
	got := v.app.Refresh(v.refresh)
	if v.answerDown(got) {
		return false
	}
	if got.Status != http.StatusOK {
		v.t.Errorf("%s: refresh: %d %s", v.who.Email, got.Status, got.Body)
		return false
	}
	if c := claims(v.t, got.Str("id_token")); c["sub"] != v.subject {
		v.t.Errorf("%s: a refreshed ID token for %v: another's", v.who.Email, c["sub"])
	}
	v.refresh = got.Str("refresh_token")
	return true
}

// load lets the visitors come and go until stop is called, which reports how
// many times a visitor got what was asked for and how many times a 503.
func load(t *testing.T, visitors []*visitor) (stop func() (good, down int64)) {
	t.Helper()
	var over atomic.Bool
	var served, refused atomic.Int64
	var group sync.WaitGroup
	for _, v := range visitors {
		group.Go(func() {
			for !over.Load() {
				for _, do := range []func() bool{v.trip, v.use} {
					began := time.Now()
					if do() {
						served.Add(1)
					} else {
						refused.Add(1)
						if took := time.Since(began); took > 3*(deadline+slack) {
							t.Errorf("%s: given up after %v", v.who.Email, took)
						}
					}
				}
			}
		})
	}
	return func() (int64, int64) {
		over.Store(true)
		group.Wait()
		return served.Load(), refused.Load()
	}
}

// ready asks every node whether it is ready, and checks that it answers in
// time and that it is alive whatever it says.
func ready(t *testing.T, e *testenv.Env) (all, none bool) {
	t.Helper()
	all, none = true, true
	for _, node := range e.Nodes {
		for path, alive := range map[string]bool{"/healthz": true, "/readyz": false} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, node+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			a, err := testenv.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took > 2*deadline+slack {
				t.Errorf("%s answered after %v", path, took)
			}
			switch {
			case alive && a.Status != http.StatusOK:
				t.Errorf("%s: %d, want 200 whatever the stores do", path, a.Status)
			case !alive && a.Status == http.StatusOK:
				none = false
			case !alive:
				all = false
				if a.Status != http.StatusServiceUnavailable {
					t.Errorf("%s: %d, want 200 or 503", path, a.Status)
				}
			}
		}
	}
	return all, none
}

// recovers waits until every node is ready again by itself.
func recovers(t *testing.T, e *testenv.Env) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if all, _ := ready(t, e); all {
			return
		}
		if time.Now().After(end) {
			t.Fatal("not ready 15 seconds after the store came back")
		}
	}
}
