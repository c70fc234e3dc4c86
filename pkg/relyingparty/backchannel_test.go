package relyingparty

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
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

// notify posts the token as a provider's server does, and returns the status.
func (a *testApp) notify(token string) int {
	a.t.Helper()
	resp, err := http.PostForm(a.url+"/logout/backchannel", url.Values{"logout_token": {token}})
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Header.Get("Cache-Control"); got != "no-store" {
		a.t.Errorf("Cache-Control is %q (Back-Channel Logout §2.8)", got)
	}
	return resp.StatusCode
}

// as makes the provider sign in another session of another person.
func (a *testApp) as(sub, sid any) {
	a.provider.Change(func(p *rptest.Provider) {
		p.User = map[string]any{"sub": sub}
		p.TamperIDToken = func(claims map[string]any) { claims["sid"] = sid }
	})
}

// TestBackchannel: the provider's word ends the session that it names, in every
// copy of its cookie, and no other (Back-Channel Logout 1.0 §2.7).
func TestBackchannel(t *testing.T) {
	for _, alg := range []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.EdDSA} {
		a := startAppSigning(t, alg, nil)
		browsers := map[string]*browser{}
		for _, c := range [][3]any{{"mine", "ada", "1"}, {"phone", "ada", "2"}, {"bob's", "bob", "3"}} {
			a.as(c[1], c[2])
			b := a.browser()
			b.get("/private/")
			browsers[c[0].(string)] = b
		}
		open := func(want string) {
			t.Helper()
			got := []string{}
			for _, name := range []string{"mine", "phone", "bob's"} {
				if browsers[name].whoAt("/").SignedIn {
					got = append(got, name)
				}
			}
			if strings.Join(got, " ") != want {
				t.Errorf("open: %v, want %s", got, want)
			}
		}
		copied := browsers["mine"].cookies()
		if status := a.notify(a.provider.LogoutToken(func(c map[string]any) { c["sid"] = "1" })); status != http.StatusOK {
			t.Fatalf("%s: status %d", alg, status)
		}
		open("phone bob's")
		thief := a.browser()
		thief.Jar.SetCookies(mustURL(t, a.url), copied)
		if thief.whoAt("/").SignedIn {
			t.Error("a copied cookie works after the sign-out")
		}
		// Without sid: all of the person's that began before.
		if status := a.notify(a.provider.LogoutToken(func(c map[string]any) { c["sid"] = nil })); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		open("bob's")
		a.provider.Change(func(p *rptest.Provider) { p.Now = func() time.Time { return time.Now().Add(5 * time.Second) } })
		a.as("ada", nil)
		browsers["mine"].get("/private/")
		open("mine bob's")
		if status := a.notify(a.provider.LogoutToken(func(c map[string]any) { c["sub"], c["sid"] = nil, "3" })); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		open("mine")
		// A sign-in that was under way when its session ended is over, too; long
		// after, the provider has the session still.
		a.as("bob", "3")
		if r := browsers["bob's"].get("/private/"); r.StatusCode != http.StatusBadRequest || !strings.Contains(r.body, "/login") {
			t.Errorf("a sign-in to a session that ended is answered with %d", r.StatusCode)
		}
		open("mine")
		a.as("bob", "4")
		if status := a.notify(a.provider.LogoutToken(func(c map[string]any) { c["sid"], c["iat"] = "4", time.Now().Add(-2*time.Minute).Unix() })); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		browsers["bob's"].get("/private/")
		open("mine bob's")
	}
}

// TestBackchannelRefuses what is not a logout token for this app (§2.6).
func TestBackchannelRefuses(t *testing.T) {
	a := startApp(t, nil)
	b := a.browser()
	b.get("/private/")
	with := func(name string, value any) string {
		return a.provider.LogoutToken(func(c map[string]any) { c[name] = value })
	}
	event := func(value any) map[string]any {
		return map[string]any{"http://schemas.openid.net/event/backchannel-logout": value}
	}
	good := a.provider.LogoutToken(nil)
	stranger := func() (token string) {
		a.provider.Change(func(p *rptest.Provider) { p.SignWith = rptest.Stranger(jose.ES256) })
		token = a.provider.LogoutToken(nil)
		a.provider.Change(func(p *rptest.Provider) { p.SignWith = nil })
		return token
	}()
	for name, token := range map[string]string{
		"nothing": "", "garbage": "garbage", "no signature": good[:strings.LastIndexByte(good, '.')+1],
		"changed": good[:len(good)-6] + "AAAAAA", "a stranger's": stranger,
		"alg none":        "eyJhbGciOiJub25lIiwidHlwIjoibG9nb3V0K2p3dCJ9" + good[strings.IndexByte(good, '.'):strings.LastIndexByte(good, '.')+1],
		"an access token": a.provider.LogoutTokenTyped("at+jwt", nil),
		"another issuer":  with("iss", "https://other.example"), "no issuer": with("iss", nil),
		"another app": with("aud", "other"), "no audience": with("aud", nil),
		"no iat": with("iat", nil), "the future": with("iat", time.Now().Add(time.Hour).Unix()),
		"no exp": with("exp", nil), "expired": with("exp", time.Now().Add(-time.Hour).Unix()),
		"nobody":    a.provider.LogoutToken(func(c map[string]any) { c["sub"], c["sid"] = nil, nil }),
		"no events": with("events", nil), "another event": with("events", map[string]any{"urn:x": map[string]any{}}),
		"an event of null": with("events", event(nil)), "an event of text": with("events", event("x")),
		"a nonce": with("nonce", "n"), "an empty nonce": with("nonce", ""), "no jti": with("jti", nil),
		"an ID token": a.provider.Signed(map[string]any{"iss": a.provider.Issuer, "aud": "web", "sub": "ada", "sid": "session-1", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix()}),
	} {
		if status := a.notify(token); status != http.StatusBadRequest {
			t.Errorf("%s: status %d, want 400", name, status)
		}
	}
	if !b.whoAt("/").SignedIn {
		t.Fatal("a token that is none ended the session")
	}
	for _, name := range []string{"plain", "several"} {
		token := a.provider.LogoutTokenTyped(map[string]string{"plain": "JWT", "several": "application/logout+jwt"}[name], func(c map[string]any) { c["aud"] = []string{"other", "web"} })
		if status := a.notify(token); status != http.StatusOK {
			t.Errorf("%s: status %d", name, status)
		}
	}
	if b.whoAt("/").SignedIn {
		t.Error("the session goes on")
	}
}

// TestBackchannelOnce: of any number of callers with one token, one is heard.
func TestBackchannelOnce(t *testing.T) {
	a := startApp(t, nil)
	token := a.provider.LogoutToken(nil)
	var heard atomic.Int32
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if a.notify(token) == http.StatusOK {
				heard.Add(1)
			}
		})
	}
	group.Wait()
	if heard.Load() != 1 {
		t.Errorf("%d were heard, want 1", heard.Load())
	}
}

// TestBackchannelFailsForAWhile: where the keys or the store of sign-outs cannot be
// reached the provider is told to try again, and nobody is let in meanwhile.
func TestBackchannelFailsForAWhile(t *testing.T) {
	store := &away{SignOuts: newMemory(time.Now)}
	a := startApp(t, func(c *Config) { c.SignOuts = store })
	b := a.browser()
	b.get("/private/")
	store.away.Store(true)
	if status := a.notify(a.provider.LogoutToken(nil)); status != http.StatusServiceUnavailable {
		t.Errorf("status %d, want 503", status)
	}
	if r := b.step().get("/private/"); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a page is answered with %d, want 503", r.StatusCode)
	}
	store.away.Store(false)
	if !b.whoAt("/private/").SignedIn {
		t.Error("the session was lost")
	}
	b = a.browser()
	b.get("/private/")
	a.provider.Rotate(t) // the keys must be fetched anew
	token := a.provider.LogoutToken(nil)
	a.provider.Close()
	if status := a.notify(token); status != http.StatusServiceUnavailable {
		t.Errorf("without the provider's keys: status %d, want 503", status)
	}
}

type away struct {
	SignOuts
	away atomic.Bool
}

func (s *away) Ended(ctx context.Context, names ...string) (map[string]time.Time, error) {
	if s.away.Load() {
		return nil, errors.New("away")
	}
	return s.SignOuts.Ended(ctx, names...)
}

func (s *away) First(ctx context.Context, id string, keep time.Time) (bool, error) {
	if s.away.Load() {
		return false, errors.New("away")
	}
	return s.SignOuts.First(ctx, id, keep)
}

// TestSignOutOnAnotherNode: nodes that share their sign-outs end a session for each
// other, whether it was ended here or at the provider.
func TestSignOutOnAnotherNode(t *testing.T) {
	shared := newMemory(time.Now)
	a := startApp(t, func(c *Config) { c.SignOuts = shared })
	b := a.browser()
	b.get("/private/")
	copied := b.cookies()
	b.send(http.MethodPost, "/logout/local")
	a.rp.refresher = newRefresher() // another node
	thief := a.browser()
	thief.Jar.SetCookies(mustURL(t, a.url), copied)
	if thief.whoAt("/").SignedIn {
		t.Error("a copied cookie works at another node")
	}
}

// TestFrontchannel: the frame ends the session of the browser that loads it, if it
// is the one that is named (Front-Channel Logout 1.0 §2).
func TestFrontchannel(t *testing.T) {
	a := startApp(t, nil)
	b := a.browser()
	b.get("/private/")
	frame := func(b *browser, iss, sid string) answer {
		return b.get("/logout/frontchannel?" + url.Values{"iss": {iss}, "sid": {sid}}.Encode())
	}
	issuer := a.provider.Issuer
	for _, c := range [][2]string{{"", ""}, {issuer, ""}, {issuer, "session-2"}, {"https://other.example", "session-1"}, {"", "session-1"}} {
		if r := frame(b, c[0], c[1]); r.StatusCode != http.StatusOK || !b.whoAt("/").SignedIn {
			t.Errorf("%v: status %d, or the session ended", c, r.StatusCode)
		}
	}
	frame(a.browser(), issuer, "session-1") // somebody else's browser
	if !b.whoAt("/").SignedIn {
		t.Error("another browser ended the session")
	}
	copied := b.cookies()
	r := frame(b, issuer, "session-1")
	if got := r.Header.Get("Content-Security-Policy"); got != "default-src 'none'; frame-ancestors "+issuer || r.Header.Get("X-Frame-Options") != "" || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", r.Header)
	}
	thief := a.browser()
	thief.Jar.SetCookies(mustURL(t, a.url), copied)
	if len(b.cookies()) != 0 || thief.whoAt("/").SignedIn {
		t.Error("still signed in")
	}
}

// TestMemoryForgets what is over, and what would be over first when there is too
// much.
func TestMemoryForgets(t *testing.T) {
	now := time.Now()
	m := newMemory(func() time.Time { return now })
	m.most = 100
	ctx := t.Context()
	end := func(name string, issued, keep time.Time) {
		if err := m.End(ctx, name, issued, keep); err != nil {
			t.Fatal(err)
		}
	}
	ended := func(name string) bool {
		found, err := m.Ended(ctx, name)
		_, ok := found[name]
		return ok && err == nil
	}
	end("sub:ada", now.Add(time.Minute), now.Add(time.Hour))
	end("sub:ada", now, now.Add(time.Minute))
	if found, _ := m.Ended(ctx, "sub:ada", "sub:bob"); len(found) != 1 || !found["sub:ada"].Equal(now.Add(time.Minute)) {
		t.Errorf("of two endings: %v", found)
	}
	end("sub:ada", time.Time{}, now.Add(time.Hour))
	end("sub:ada", now, now.Add(time.Hour))
	if found, _ := m.Ended(ctx, "sub:ada"); !found["sub:ada"].IsZero() {
		t.Errorf("all were ended, and then: %v", found)
	}
	for i := range 1000 {
		end(fmt.Sprint("sid:", i), time.Time{}, now.Add(time.Hour+time.Duration(i)*time.Second))
	}
	if len(m.ends) > m.most || ended("sid:0") || !ended("sid:999") {
		t.Errorf("%d endings are kept", len(m.ends))
	}
	now = now.Add(2 * time.Hour)
	if ended("sid:999") {
		t.Error("an ending outlives its time")
	}
	for i := range 1000 {
		if first, err := m.First(ctx, fmt.Sprint(i), now.Add(time.Minute)); !first || err != nil {
			t.Fatal("not the first", err)
		}
	}
	if again, _ := m.First(ctx, "999", now.Add(time.Minute)); again || len(m.first) > m.most || len(m.ends) != 0 {
		t.Errorf("%d ids and %d endings are kept", len(m.first), len(m.ends))
	}
}

// FuzzLogoutToken: whatever a token says and however it is written, what passes is
// complete, and nothing panics.
func FuzzLogoutToken(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `[]`, `{"iss":"i","aud":"web","sub":"ada","iat":1000,"exp":1100,"jti":"x","events":{"` + logoutEvent + `":{}}}`,
		`{"iss":"i","aud":["web","x"],"sid":"s","iat":1e3,"exp":1100.5,"jti":"x","events":{"` + logoutEvent + `":{"a":1}},"nonce":null}`,
		`{"iss":"i","aud":"web","sub":"ada","iat":1000,"exp":99999999999999999999,"jti":"x","events":{"` + logoutEvent + `":[]}}`,
	} {
		f.Add(seed)
	}
	now := time.Unix(1050, 0)
	f.Fuzz(func(t *testing.T, payload string) {
		claims, err := verifyLogout(t.Context(), rptest.Unchecked("logout+jwt", payload), trusting{})
		if err != nil {
			return
		}
		if claims.check("i", "web", now, time.Second) != nil {
			return
		}
		if claims.Issuer != "i" || claims.SID == "" && claims.Subject == "" || claims.ID == "" || claims.Nonce != nil || len(claims.Events) == 0 {
			t.Errorf("%q passes", payload)
		}
	})
}

// trusting is a key set that takes every signature.
type trusting struct{}

func (trusting) VerifySignature(_ context.Context, jws *jose.JSONWebSignature) ([]byte, error) {
	return jws.UnsafePayloadWithoutVerification(), nil
}

// TestFrontchannelAbroad: under https a cookie of its own has the session's name, and
// comes along into a frame on another site; it ends the session, and is good for
// nothing else.
func TestFrontchannelAbroad(t *testing.T) {
	a := startApp(t, func(c *Config) {
		c.RedirectURL, c.PostLogoutURL = "https://app.example/callback", "https://app.example/"
	})
	mux := http.NewServeMux()
	a.rp.Routes(mux)
	mux.Handle("/", a.rp.Load(http.HandlerFunc(tell)))
	token := func(sid string) string {
		claims, err := json.Marshal(map[string]any{"iss": a.provider.Issuer, "sub": "ada", "sid": sid})
		if err != nil {
			t.Fatal(err)
		}
		return "e30." + encoding.EncodeToString(claims) + ".AAAA"
	}
	s := &session{ID: handle(), IDToken: token("session-1"), SignedIn: a.rp.now(), End: a.rp.now().Add(time.Hour)}
	var err error
	if s.claims, err = readClaims(s.IDToken); err != nil {
		t.Fatal(err)
	}
	saved := httptest.NewRecorder()
	if err := a.rp.saveSession(saved, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://app.example/", nil), s); err != nil {
		t.Fatal(err)
	}
	var home, abroad []*http.Cookie
	for _, c := range saved.Result().Cookies() {
		switch {
		case c.SameSite == http.SameSiteNoneMode && c.Secure && c.HttpOnly && c.Name == "__Host-web_named":
			abroad = append(abroad, c)
		case c.SameSite == http.SameSiteLaxMode:
			home = append(home, c)
		default:
			t.Errorf("the cookie %v", c)
		}
	}
	get := func(path string, cookies []*http.Cookie) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://app.example"+path, nil)
		for _, c := range cookies {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		return w
	}
	signedIn := func(cookies []*http.Cookie) bool {
		return strings.Contains(get("/", cookies).Body.String(), `"SignedIn":true`)
	}
	if len(abroad) != 1 || !signedIn(home) || signedIn(abroad) {
		t.Fatalf("abroad %v: signed in %v; at home: %v", abroad, signedIn(abroad), signedIn(home))
	}
	frame := "/logout/frontchannel?" + url.Values{"iss": {a.provider.Issuer}, "sid": {"session-1"}}.Encode()
	get(strings.Replace(frame, "session-1", "session-2", 1), abroad)
	get(frame, nil)
	if !signedIn(home) {
		t.Fatal("ended by another's frame")
	}
	get(frame, abroad)
	if signedIn(home) {
		t.Error("still signed in")
	}
}
