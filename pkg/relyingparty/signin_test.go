package relyingparty

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"signet/pkg/relyingparty/rptest"
)

// A page opened without a session leads through the sign-in and back to that
// page, with every algorithm that providers sign with.
func TestSignIn(t *testing.T) {
	for _, alg := range []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA} {
		t.Run(string(alg), func(t *testing.T) {
			a := startAppSigning(t, alg, nil)
			b := a.browser()
			r := b.get("/private/report?month=5&q=a%20b")
			if got := r.Request.URL.RequestURI(); got != "/private/report?month=5&q=a%20b" {
				t.Errorf("ended at %s", got)
			}
			w := b.whoAt("/")
			if w.Subject != "ada" || w.Name != "Ada Lovelace" || w.Email != "ada@example.com" || w.SessionID != "session-1" {
				t.Errorf("signed in as %+v", w)
			}
			if !slices.Equal(w.Scopes, []string{"openid", "profile", "email", "offline_access"}) {
				t.Errorf("scopes %v", w.Scopes)
			}
		})
	}
}

// TestSignInBegunElsewhere: another site begins the sign-in (OpenID Connect Core
// §4), with this provider alone, and leads to this app alone.
func TestSignInBegunElsewhere(t *testing.T) {
	a := startApp(t, nil)
	good := url.QueryEscape(a.provider.Issuer)
	for query, want := range map[string]string{
		"iss=" + good: "/", "iss=" + good + "&target_link_uri=" + url.QueryEscape(a.url+"/private/x?y=1"): "/private/x?y=1",
		"iss=" + good + "&target_link_uri=" + url.QueryEscape("https://evil.example/private/x"):      "/",
		"iss=" + good + "&target_link_uri=" + url.QueryEscape(a.url+".evil.example/private/x"):       "/",
		"iss=" + good + "&target_link_uri=" + url.QueryEscape(a.url+"//evil.example"):                "/",
		"iss=" + good + "&return_to=/private/z&login_hint=" + url.QueryEscape("ada@example.com&x=1"): "/",
	} {
		r := a.browser().get("/login?" + query)
		if r.StatusCode != http.StatusOK || r.Request.URL.RequestURI() != want {
			t.Errorf("%s: %d at %s, want %s", query, r.StatusCode, r.Request.URL, want)
		}
		if hint := a.provider.Seen().Authorize.Get("login_hint"); strings.Contains(query, "login_hint") != (hint == "ada@example.com&x=1") {
			t.Errorf("%s: login_hint is %q", query, hint)
		}
	}
	if r := a.browser().get("/login?iss=https%3A%2F%2Fother.example"); r.StatusCode != http.StatusBadRequest {
		t.Errorf("with another provider: %d", r.StatusCode)
	}
	b := a.browser().step()
	b.get("/login?login_hint=" + strings.Repeat("x", 321))
	if at := b.get("/login?login_hint=ada").Header.Get("Location"); !strings.Contains(at, "login_hint=ada") {
		t.Errorf("by the app itself: %s", at)
	}
}

func TestAuthorizationRequest(t *testing.T) {
	a := startApp(t, func(c *Config) { c.AuthorizeParams = url.Values{"ui_locales": {"de"}} })
	b := a.browser()
	r := b.step().get("/login?return_to=/private/x&prompt=login")
	to, err := r.Location()
	if err != nil {
		t.Fatal(err)
	}
	q := to.Query()
	for name, want := range map[string]string{
		"response_type": "code", "client_id": "web", "redirect_uri": a.url + "/callback",
		"scope": "openid profile email offline_access", "code_challenge_method": "S256", "prompt": "login", "ui_locales": "de",
	} {
		if q.Get(name) != want {
			t.Errorf("%s is %q, not %q", name, q.Get(name), want)
		}
	}
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if len(q.Get(name)) != 43 {
			t.Errorf("%s is %q, not 256 bits", name, q.Get(name))
		}
	}
	again, err := b.step().get("/login").Location()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if again.Query().Get(name) == q.Get(name) {
			t.Errorf("%s is the same twice", name)
		}
	}
	if r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("headers %v", r.Header)
	}
	if unknown, err := b.step().get("/login?prompt=evil").Location(); err != nil || unknown.Query().Has("prompt") {
		t.Errorf("an unknown prompt was sent on: %v %v", unknown, err)
	}
}

func TestClientAuthentication(t *testing.T) {
	for _, method := range []string{ClientSecretBasic, ClientSecretPost, ClientPublic} {
		t.Run(method, func(t *testing.T) {
			a := startApp(t, func(c *Config) {
				c.AuthMethod = method
				if method == ClientPublic {
					c.ClientSecret = ""
				}
			})
			b := a.browser()
			b.get("/private/")
			a.forward(time.Hour)
			if w := b.whoAt("/private/"); w.Subject != "ada" || a.provider.Seen().Refreshes != 1 {
				t.Errorf("after a refresh: %+v, %+v", w, a.provider.Seen())
			}
			b.send(http.MethodPost, "/logout/local")
			if n := a.provider.Seen().Revocations; n != 1 {
				t.Errorf("%d revocations", n)
			}
		})
	}
}

// refusedAnswer is a way in which a provider, or somebody in between, answers
// otherwise than it may.
type refusedAnswer struct {
	name   string
	change func(*rptest.Provider)
	status int
	cause  string // as the log has it
}

func refusedAnswers() []refusedAnswer {
	claim := func(name string, value any) func(*rptest.Provider) {
		return func(p *rptest.Provider) { p.TamperIDToken = func(c map[string]any) { c[name] = value } }
	}
	param := func(name, value string) func(*rptest.Provider) {
		return func(p *rptest.Provider) { p.TamperAnswer = func(q url.Values) { q.Set(name, value) } }
	}
	response := func(name string, value any) func(*rptest.Provider) {
		return func(p *rptest.Provider) { p.TamperResponse = func(b map[string]any) { b[name] = value } }
	}
	return []refusedAnswer{
		{"nonce of another sign-in", claim("nonce", "other"), 400, "nonce"},
		{"no nonce", claim("nonce", nil), 400, "nonce"},
		{"another audience", claim("aud", "other"), 400, "audience"},
		{"several audiences without azp", claim("aud", []string{"web", "other"}), 400, "authorized party"},
		{"another authorized party", claim("azp", "other"), 400, "authorized party"},
		{"another issuer", claim("iss", "https://evil.example"), 400, "issuer"},
		{"no subject", claim("sub", nil), 400, "subject"},
		{"expired", claim("exp", time.Now().Add(-time.Second).Unix()), 400, "expired"},
		{"no expiry", claim("exp", nil), 400, "expired"},
		{"issued in the future", claim("iat", time.Now().Add(time.Hour).Unix()), 400, "future"},
		{"never issued", claim("iat", nil), 400, "issuedAt"},
		{"at_hash of another token", claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"), 400, "at_hash"},
		{"signed by a stranger", func(p *rptest.Provider) { p.SignWith = rptest.Stranger(jose.ES256) }, 400, "signature"},
		{"signed with the client's secret", func(p *rptest.Provider) {
			p.SignWith = &jose.SigningKey{Algorithm: jose.HS256, Key: []byte(strings.Repeat("a secret: with % and +", 2))}
		}, 400, "algorithm not supported"},
		{"not signed", response("id_token", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ."), 400, "token response"},
		{"not a token", response("id_token", "secret-nonsense"), 400, "token response"},
		{"no ID token", response("id_token", ""), 400, "id_token missing"},
		{"unknown token type", response("token_type", "N_A"), 400, "Bearer"},
		{"mix-up: another iss", param("iss", "https://evil.example"), 400, "iss"},
		{"mix-up: no iss", func(p *rptest.Provider) { p.TamperAnswer = func(q url.Values) { q.Del("iss") } }, 400, "iss"},
		{"state of another browser", param("state", handle()), 400, "state"},
		{"no state", func(p *rptest.Provider) { p.TamperAnswer = func(q url.Values) { q.Del("state") } }, 400, "state"},
		{"two codes", func(p *rptest.Provider) { p.TamperAnswer = func(q url.Values) { q.Add("code", "second") } }, 400, "repeated"},
		{"no code", func(p *rptest.Provider) { p.TamperAnswer = func(q url.Values) { q.Del("code") } }, 400, "neither code nor error"},
		{"a code that does not exist", param("code", "secret-guess"), 502, "invalid_grant"},
		{"a code that does not exist, explained", param("code", "secret-guess"), 502, "rule=some-rule request=AAAAAAAAAAAAAAAAAAAAAA"},
		{"access denied", func(p *rptest.Provider) { p.Deny = "access_denied" }, 403, "denied"},
		{"invalid scope, explained", func(p *rptest.Provider) { p.Deny = "invalid_scope" }, 502, "rule=some-rule request=AAAAAAAAAAAAAAAAAAAAAA"},
		{"login required", func(p *rptest.Provider) { p.Deny = "login_required" }, 401, "login_required"},
		{"invalid scope", func(p *rptest.Provider) { p.Deny = "invalid_scope" }, 502, "invalid_scope"},
		{"an error in other characters", func(p *rptest.Provider) { p.Deny = "<script>" }, 502, "unknown"},
		{"temporarily unavailable", func(p *rptest.Provider) { p.Deny = "temporarily_unavailable" }, 503, "temporarily_unavailable"},
		{"token endpoint broken", func(p *rptest.Provider) { p.TokenStatus = 500 }, 503, "status 500"},
	}
}

// The provider answers, but not as a provider may: nobody is signed in, and
// neither the page nor the log tells a secret.
func TestAnswersThatAreRefused(t *testing.T) {
	for _, c := range refusedAnswers() {
		t.Run(c.name, func(t *testing.T) {
			a := startApp(t, nil)
			a.provider.Change(c.change)
			b := a.browser()
			r := b.get("/private/x")
			if r.StatusCode != c.status {
				t.Errorf("status %d, not %d: %s", r.StatusCode, c.status, r.body)
			}
			if !strings.Contains(a.log.String(), c.cause) {
				t.Errorf("the log does not tell %q: %s", c.cause, a.log)
			}
			if strings.Contains(r.body, "must not be shown") || strings.Contains(r.body, "<script>") {
				t.Errorf("the page shows what a stranger may have written: %s", r.body)
			}
			a.mustNotLeak("secret-nonsense", "secret-guess", "must not be shown", "eyJ")
			a.provider.Change(func(p *rptest.Provider) { p.User = nil })
			if w := b.whoAt("/"); w.SignedIn {
				t.Errorf("signed in as %+v", w)
			}
		})
	}
}

// A provider that does not promise iss may leave it out (RFC 9207 §2.4).
func TestIssuerNotPromised(t *testing.T) {
	a := startApp(t, nil)
	a.provider.Change(func(p *rptest.Provider) {
		p.TamperMetadata = func(m map[string]any) { delete(m, "authorization_response_iss_parameter_supported") }
		p.TamperAnswer = func(q url.Values) { q.Del("iss") }
	})
	if w := a.browser().whoAt("/private/"); !w.SignedIn {
		t.Error("not signed in")
	}
}

// A clock that is a little ahead at the provider does no harm.
func TestClockSkew(t *testing.T) {
	a := startApp(t, nil)
	a.provider.Change(func(p *rptest.Provider) { p.Now = func() time.Time { return time.Now().Add(20 * time.Second) } })
	if w := a.browser().whoAt("/private/"); !w.SignedIn {
		t.Errorf("not signed in: %s", a.log)
	}
}

func TestAnswerCountsOnce(t *testing.T) {
	a := startApp(t, nil)
	b := a.browser()
	back := b.answerURL("/login?return_to=/private/x")
	if r := b.step().get(back); r.Header.Get("Location") != "/private/x" {
		t.Fatalf("first answer: %d %s", r.StatusCode, r.body)
	}
	if r := b.step().get(back); r.StatusCode != http.StatusBadRequest || !strings.Contains(r.body, "already used") {
		t.Errorf("second answer: %d %s", r.StatusCode, r.body)
	}
	if n := a.provider.Seen().Exchanges; n != 1 {
		t.Errorf("the code was sent %d times", n)
	}
}

// Login CSRF: an answer that an attacker obtained is not taken by the browser
// of the victim.
func TestAnswerIsBoundToItsBrowser(t *testing.T) {
	a := startApp(t, nil)
	attacker, victim := a.browser(), a.browser()
	victim.step().get("/login") // has a sign-in of its own under way
	if r := victim.step().get(attacker.answerURL("/login")); r.StatusCode != http.StatusBadRequest {
		t.Errorf("status %d", r.StatusCode)
	}
	if w := victim.step().whoAt("/"); w.SignedIn {
		t.Error("the victim is signed in as the attacker")
	}
}

func TestAnswerTooLate(t *testing.T) {
	a := startApp(t, nil)
	b := a.browser()
	back := b.answerURL("/login?return_to=/private/x")
	a.forward(2 * time.Hour)
	r := b.step().get(back)
	if r.StatusCode != http.StatusBadRequest || !strings.Contains(r.body, `href="/login?return_to=%2Fprivate%2Fx"`) {
		t.Errorf("%d %s", r.StatusCode, r.body)
	}
}

// Tabs sign in side by side; a browser does not collect cookies without end.
func TestSeveralTabs(t *testing.T) {
	a := startApp(t, nil)
	b := a.browser()
	first, second := b.answerURL("/login?return_to=/private/1"), b.answerURL("/login?return_to=/private/2")
	if r := b.step().get(second); r.Header.Get("Location") != "/private/2" {
		t.Errorf("second tab: %d %s", r.StatusCode, r.body)
	}
	if r := b.step().get(first); r.Header.Get("Location") != "/private/1" {
		t.Errorf("first tab: %d %s", r.StatusCode, r.body)
	}
	for range 3 * maxAttempts {
		b.step().get("/login")
	}
	waiting := 0
	for _, c := range b.cookies() {
		if strings.Contains(c.Name, attemptCookie) {
			waiting++
		}
	}
	if waiting != maxAttempts {
		t.Errorf("%d sign-ins wait, not %d", waiting, maxAttempts)
	}
	if r := b.step().get(b.answerURL("/login?return_to=/private/3")); r.Header.Get("Location") != "/private/3" {
		t.Errorf("the newest did not survive: %d", r.StatusCode)
	}
}

// gate is a network that can be down.
type gate struct {
	down  atomic.Bool
	calls atomic.Int64
}

func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	g.calls.Add(1)
	if g.down.Load() {
		return nil, errors.New("network is down")
	}
	return http.DefaultTransport.RoundTrip(r)
}

// The app starts, and answers, while the provider is not there yet; once it is,
// its metadata is asked for once.
func TestProviderComesLater(t *testing.T) {
	network := &gate{}
	network.down.Store(true)
	a := startApp(t, func(c *Config) { c.HTTPClient = &http.Client{Transport: network} })
	b := a.browser()
	if err := a.rp.Ready(t.Context()); err == nil {
		t.Error("ready without a provider")
	}
	if r := b.get("/private/"); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status %d without a provider", r.StatusCode)
	}
	network.down.Store(false)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := a.rp.Ready(t.Context()); err != nil {
				t.Errorf("not ready with the provider: %v", err)
			}
		})
	}
	all.Wait()
	if n := a.provider.Seen().Discovery; n > 2 {
		t.Errorf("the metadata was fetched %d times", n)
	}
	if !b.whoAt("/private/").SignedIn {
		t.Error("not signed in")
	}
}

func TestProviderUnreachable(t *testing.T) {
	a := startApp(t, nil)
	a.provider.Close()
	b := a.browser()
	if r := b.get("/private/"); r.StatusCode != http.StatusServiceUnavailable || !strings.Contains(r.body, "Try again") {
		t.Errorf("%d %s", r.StatusCode, r.body)
	}
	if w := b.whoAt("/"); w.SignedIn {
		t.Error("signed in")
	}
}

// A provider that calls itself by another name is not the one configured.
func TestDiscoveryOfAnotherIssuer(t *testing.T) {
	a := startApp(t, nil)
	a.provider.Change(func(p *rptest.Provider) {
		p.TamperMetadata = func(m map[string]any) { m["issuer"] = "https://evil.example" }
	})
	if err := a.rp.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), `calls itself the issuer "https://evil.example"`) {
		t.Errorf("ready: %v", err)
	}
}

// Keys that the provider rotated are fetched when first needed.
func TestKeyRotation(t *testing.T) {
	a := startApp(t, nil)
	// Twice: the library lets go of its fetch of the keys a moment after the first
	// sign-in has them, and who asks within that moment is given the old ones.
	for range 2 {
		if !a.browser().whoAt("/private/").SignedIn {
			t.Fatal("not signed in")
		}
	}
	a.provider.Rotate(t)
	if !a.browser().whoAt("/private/").SignedIn {
		t.Errorf("not signed in with the new key: %s", a.log)
	}
}
