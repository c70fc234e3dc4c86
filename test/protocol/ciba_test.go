package protocol

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"signet/internal/testenv"
)

const grantCIBA = "urn:openid:params:grant-type:ciba"

// The apps that ask people away from the browser, as declared below.
var (
	till    = testenv.App{ID: "till", Secret: "secret-of-till", Scope: "openid email offline_access"}
	visitor = testenv.App{ID: "visitor", Secret: "secret-of-visitor", Scope: "openid email"}
)

const tills = `
  - id: till
    name: Till
    secret: secret-of-till
    client_uri: https://till.example/
    grant_types: ["` + grantCIBA + `", refresh_token]
    scopes: [openid, email, offline_access]
    trusted: true
  - id: visitor
    name: Visitor
    secret: secret-of-visitor
    grant_types: ["` + grantCIBA + `"]
    scopes: [openid, email]
`

// quick lets tests poll as often as they like.
var quick = map[string]string{"SIGNET_LIFETIMES_BACKCHANNEL_INTERVAL": "1s"}

// eachTill runs the test on every backend, with the tills.
func eachTill(t *testing.T, test func(t *testing.T, e *testenv.Env)) {
	t.Helper()
	t.Parallel()
	for _, backend := range testenv.Backends {
		t.Run(string(backend), func(t *testing.T) {
			nodes := 1
			if backend == testenv.Full {
				nodes = 2
			}
			e := boot(t, testenv.Options{Backend: backend, Nodes: nodes, Env: quick})
			e.Apply("clients:\n" + tills)
			test(t, e)
		})
	}
}

// till is a request under way.
type backchannelRequest struct {
	*testenv.Answer
	app *testenv.App
}

// askFor has the app ask for the person.
func askFor(t *testing.T, app *testenv.App, who testenv.Person, pairs ...string) *backchannelRequest {
	t.Helper()
	got := app.Call("/bc-authorize", append([]string{"scope", app.Scope, "login_hint", who.Email}, pairs...)...)
	if got.Status != http.StatusOK || got.Str("auth_req_id") == "" {
		t.Fatalf("%s: %d %s", app.ID, got.Status, got.Body)
	}
	return &backchannelRequest{got, app}
}

// poll asks for the tokens.
func (b *backchannelRequest) poll() *testenv.Answer {
	return b.app.Call("/token", "grant_type", grantCIBA, "auth_req_id", b.Str("auth_req_id"))
}

// wantWaiting checks that nobody has decided yet.
func (b *backchannelRequest) wantWaiting(t *testing.T, when string) {
	t.Helper()
	if got := b.poll(); got.Status != http.StatusBadRequest || got.Str("error") != "authorization_pending" && got.Str("error") != "slow_down" {
		t.Errorf("%s: %d %s, want that it waits", when, got.Status, got.Body)
	}
}

// approval returns the page of the newest request of the person whose browser it
// is, as found on the account's home.
func approval(t *testing.T, e *testenv.Env, b *testenv.Browser, who testenv.Person) *testenv.Page {
	t.Helper()
	home := b.Finish(b.Get(e.Issuer+"/account"), who)
	_, rest, ok := strings.Cut(home.Body, `href="/approve?request=`)
	if !ok {
		t.Fatalf("no app waits on the account's home: %s", home.URL)
	}
	id, _, _ := strings.Cut(rest, `"`)
	return b.Get(e.Issuer + "/approve?request=" + id)
}

// TestCIBA: an app asks, the person approves on a page of the house, and the app
// fetches its tokens (CIBA Core 1.0 §7, §10.1, §11).
func TestCIBA(t *testing.T) {
	eachTill(t, func(t *testing.T, e *testenv.Env) {
		app, b := e.App(t, till), e.Browser().For(t)
		r := askFor(t, app, ada, "binding_message", "W4SCT <b>", "requested_expiry", "120")
		if r.Fields["expires_in"] != float64(120) || r.Fields["interval"] != float64(1) || r.Header.Get("Cache-Control") != "no-store" || len(r.Str("auth_req_id")) < 43 {
			t.Errorf("the answer: %s", r.Body)
		}
		r.wantWaiting(t, "at first")
		page := approval(t, e, b, ada)
		wantPage(t, page, http.StatusOK, "Till", "till.example", "W4SCT &lt;b&gt;", ada.Email, "127.0.0.1")
		for range 2 { // looking at it changes nothing
			b.Get(page.URL.String())
		}
		r.wantWaiting(t, "while the page is looked at")
		if done := b.Submit(page.Form("allow"), "allow"); done.Status != http.StatusOK || !strings.Contains(done.Body, "Approved") {
			t.Errorf("approved: %d %s", done.Status, done.URL)
		}
		got := r.poll()
		if got.Status != http.StatusOK {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		claims := app.IDToken(got.Str("id_token"), "")
		if claims["auth_time"] == nil || claims["acr"] == nil || claims["urn:openid:params:jwt:claim:auth_req_id"] != nil {
			t.Errorf("the ID token: %v", claims)
		}
		if info := app.Userinfo(got.Str("access_token")); info.Str("email") != ada.Email {
			t.Errorf("userinfo: %s", info.Body)
		}
		if again := app.Refresh(got.Str("refresh_token")); again.Status != http.StatusOK {
			t.Errorf("refresh: %s", again.Body)
		}
		wantError(t, "a second time", r.poll(), http.StatusBadRequest, "invalid_grant")
		wantPage(t, b.Get(page.URL.String()), http.StatusGone, "over")
		wantPage(t, b.Submit(page.Form("allow"), "allow"), http.StatusGone, "over")
		if home := b.Get(e.Issuer + "/account"); strings.Contains(home.Body, "/approve?") {
			t.Error("the request is on the account's home still")
		}

		// By an ID token, and refused.
		r = &backchannelRequest{app.Call("/bc-authorize", "scope", "openid", "id_token_hint", got.Str("id_token")), app}
		page = approval(t, e, b, ada)
		b.Submit(page.Form("deny"), "deny")
		for range 2 {
			wantError(t, "refused", r.poll(), http.StatusBadRequest, "access_denied")
		}
		wantPage(t, b.Submit(page.Form("allow"), "allow"), http.StatusGone, "over")
	})
}

// TestCIBARefused: what is wrong with a request, by the codes of CIBA Core 1.0 §13.
func TestCIBARefused(t *testing.T) {
	eachTill(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, till)
		for name, c := range map[string]struct {
			pairs []string
			code  string
		}{
			"no hint":                 {[]string{"scope", "openid"}, "invalid_request"},
			"two hints":               {[]string{"scope", "openid", "login_hint", ada.Email, "id_token_hint", "x"}, "invalid_request"},
			"a login_hint_token":      {[]string{"scope", "openid", "login_hint_token", "x"}, "invalid_request"},
			"no ID token":             {[]string{"scope", "openid", "id_token_hint", "x"}, "invalid_request"},
			"no scope":                {[]string{"login_hint", ada.Email}, "invalid_scope"},
			"no openid":               {[]string{"scope", "email", "login_hint", ada.Email}, "invalid_scope"},
			"a long message":          {[]string{"scope", "openid", "login_hint", ada.Email, "binding_message", strings.Repeat("x", 141)}, "invalid_binding_message"},
			"a message of two lines":  {[]string{"scope", "openid", "login_hint", ada.Email, "binding_message", "a\nb"}, "invalid_binding_message"},
			"an invisible message":    {[]string{"scope", "openid", "login_hint", ada.Email, "binding_message", "a\u202eb"}, "invalid_binding_message"},
			"no expiry":               {[]string{"scope", "openid", "login_hint", ada.Email, "requested_expiry", "0"}, "invalid_request"},
			"an expiry of words":      {[]string{"scope", "openid", "login_hint", ada.Email, "requested_expiry", "soon"}, "invalid_request"},
			"nobody":                  {[]string{"scope", "openid", "login_hint", "nobody@example.com"}, "unknown_user_id"},
			"no address":              {[]string{"scope", "openid", "login_hint", "ada"}, "unknown_user_id"},
			"an object that is none":  {[]string{"request", "x"}, "invalid_request"},
			"an object without a key": {[]string{"request", unsigned(t, jwtClaims{"iss": app.ID})}, "invalid_request"},
		} {
			wantError(t, name, app.Call("/bc-authorize", c.pairs...), http.StatusBadRequest, c.code)
		}
		good := []string{"scope", "openid", "login_hint", ada.Email}
		wantError(t, "not registered for it", e.App(t, web).Call("/bc-authorize", good...), http.StatusBadRequest, "unauthorized_client")
		wrong := *app
		wrong.Secret = "wrong"
		wantError(t, "a wrong secret", wrong.Call("/bc-authorize", good...), http.StatusUnauthorized, "invalid_client")
		if most := askFor(t, app, ada, "requested_expiry", "1000000"); most.Fields["expires_in"] != float64(900) {
			t.Errorf("asked for a long time: %s", most.Body)
		}

		r := askFor(t, app, ada)
		other := &backchannelRequest{r.Answer, e.App(t, visitor)}
		wantError(t, "of another client", other.poll(), http.StatusBadRequest, "invalid_grant")
		for name, id := range map[string]string{"no id": "x", "another tag": flip(r.Str("auth_req_id")), "the name alone": r.Str("auth_req_id")[:43]} {
			wantError(t, name, app.Call("/token", "grant_type", grantCIBA, "auth_req_id", id), http.StatusBadRequest, "invalid_grant")
		}
		wantError(t, "nothing", app.Call("/token", "grant_type", grantCIBA), http.StatusBadRequest, "invalid_request")
	})
}

// flip changes the last character but one.
func flip(s string) string {
	i := len(s) - 2
	if s[i] == 'A' {
		return s[:i] + "B" + s[i+1:]
	}
	return s[:i] + "A" + s[i+1:]
}

// TestCIBAPace: who polls too soon is told to slow down, and by how much; one that
// nobody decides expires (CIBA Core 1.0 §11).
func TestCIBAPace(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{Env: map[string]string{"SIGNET_LIFETIMES_BACKCHANNEL_INTERVAL": "30s"}})
	e.Apply("clients:\n" + tills)
	r := askFor(t, e.App(t, till), ada)
	wantError(t, "at first", r.poll(), http.StatusBadRequest, "authorization_pending")
	wantError(t, "too soon", r.poll(), http.StatusBadRequest, "slow_down")
	wantError(t, "again", r.poll(), http.StatusBadRequest, "slow_down")

	r = askFor(t, e.App(t, till), ada, "requested_expiry", "1")
	time.Sleep(1100 * time.Millisecond)
	for range 2 {
		wantError(t, "too late", r.poll(), http.StatusBadRequest, "expired_token")
	}
	if home := e.Browser().For(t); strings.Count(home.Finish(home.Get(e.Issuer+"/account"), ada).Body, "/approve?") != 1 {
		t.Error("the account's home has not the one request that waits")
	}
}

// TestCIBATellsNobody: to an app that is not of the house a request for nobody is
// as one for somebody, who then does not decide.
func TestCIBATellsNobody(t *testing.T) {
	eachTill(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, visitor)
		nobody := testenv.Person{Email: "nobody@example.com"}
		somebody, none := askFor(t, app, ada), askFor(t, app, nobody)
		somebody.wantWaiting(t, "for somebody")
		none.wantWaiting(t, "for nobody")
		if len(somebody.Body) != len(none.Body) || somebody.Fields["expires_in"] != none.Fields["expires_in"] {
			t.Errorf("for somebody %s, for nobody %s", somebody.Body, none.Body)
		}
		for name := range somebody.Header {
			if name != "Date" && somebody.Header.Get(name) != none.Header.Get(name) {
				t.Errorf("%s: %q for somebody, %q for nobody", name, somebody.Header.Get(name), none.Header.Get(name))
			}
		}
		// The person's yes is their consent, which they can take back.
		b := e.Browser().For(t)
		page := approval(t, e, b, ada)
		b.Submit(page.Form("allow"), "allow")
		access := somebody.poll().Str("access_token")
		if app.Userinfo(access).Status != http.StatusOK {
			t.Fatal("the access token is not good")
		}
		home := b.Get(e.Issuer + "/account")
		if !strings.Contains(home.Body, "Visitor") {
			t.Error("the app is not among those with access")
		}
		b.Post(e.Issuer+"/account/apps/remove", url.Values{"client_id": {app.ID}})
		wantError(t, "after it was taken back", app.Userinfo(access), http.StatusUnauthorized, "invalid_token")
	})
}

// TestCIBALettersAreOfTheMailbox: a person gets no more letters because apps name
// them in two ways.
func TestCIBALettersAreOfTheMailbox(t *testing.T) {
	t.Parallel()
	h := newcomersAt(t, testenv.Options{Env: map[string]string{"SIGNET_LIMITS_BACKCHANNEL_LETTERS": "1/1h"}})
	h.env.Apply("clients:\n" + tills + "users:\n  - email: " + eve.Email + "\n    password: " + eve.Password + "\n    verified: true\n")
	app, b := h.env.App(t, till), h.env.Browser().For(t)
	r := askFor(t, app, ada)
	b.Submit(approval(t, h.env, b, ada).Form("allow"), "allow")
	if got := app.Call("/bc-authorize", "scope", "openid", "id_token_hint", r.poll().Str("id_token")); got.Status != http.StatusOK {
		t.Fatalf("by an ID token: %d %s", got.Status, got.Body)
	}
	askFor(t, app, eve)
	to := map[string]int{}
	for _, m := range h.mail.Wait(2) {
		to[read(t, m).to]++
	}
	if len(to) != 2 || to[ada.Email] != 1 || to[eve.Email] != 1 {
		t.Errorf("letters: %v", to)
	}
}

// TestCIBAIsThePersonsOwn: another account, a browser that is not signed in, and
// what a page of another account posts decide nothing; signing out everywhere ends
// what was approved and not fetched.
func TestCIBAIsThePersonsOwn(t *testing.T) {
	eachTill(t, func(t *testing.T, e *testenv.Env) {
		app, b, other := e.App(t, till), e.Browser().For(t), e.Browser().For(t)
		r := askFor(t, app, ada)
		page := approval(t, e, b, ada)
		other.Finish(other.Get(e.Issuer+"/account"), bob)
		wantPage(t, other.Get(page.URL.String()), http.StatusGone, "over")
		fields := page.Form("allow").Fields
		fields.Set("decision", "allow")
		wantPage(t, other.Post(e.Issuer+"/approve", fields), http.StatusGone, "over")
		stranger := e.Browser().For(t)
		if p := stranger.Get(page.URL.String()); p.Form("username") == nil {
			t.Errorf("without a sign-in the page is %s", p.URL)
		} else if p = stranger.Submit(p.Form("username"), "submit", "username", ada.Email); p.Form("password") == nil {
			t.Errorf("after the address the page is %s", p.URL)
		} else if p = stranger.Submit(p.Form("password"), "submit", "password", ada.Password); p.Form("allow") == nil {
			t.Errorf("the sign-in led to %s", p.URL)
		}
		stranger = e.Browser().For(t)
		stranger.Post(e.Issuer+"/approve", fields)
		r.wantWaiting(t, "after all that")

		b.Submit(page.Form("allow"), "allow")
		b.Post(e.Issuer+"/account/signout/everywhere", nil)
		wantError(t, "signed out everywhere", r.poll(), http.StatusBadRequest, "invalid_grant")
	})
}

// TestOneApprovalManyPolls: of many who poll at once, at two nodes, one gets
// tokens; of many decisions one counts.
func TestOneApprovalManyPolls(t *testing.T) {
	eachTill(t, func(t *testing.T, e *testenv.Env) {
		app, b := e.App(t, till), e.Browser().For(t)
		for range 4 {
			r := askFor(t, app, ada)
			b.Submit(approval(t, e, b, ada).Form("allow"), "allow")
			var got atomic.Int32
			var all sync.WaitGroup
			for range 50 {
				all.Go(func() {
					switch a := r.poll(); {
					case a.Status == http.StatusOK:
						got.Add(1)
					case a.Str("error") != "invalid_grant":
						t.Errorf("%d %s", a.Status, a.Body)
					}
				})
			}
			all.Wait()
			if got.Load() != 1 {
				t.Fatalf("%d polls got tokens", got.Load())
			}
		}
		for range 4 {
			r := askFor(t, app, ada)
			page := approval(t, e, b, ada)
			var counted atomic.Int32
			var all sync.WaitGroup
			for i := range 10 {
				button := []string{"allow", "deny"}[i%2]
				all.Go(func() {
					if p := b.Submit(page.Form(button), button); p.Status == http.StatusOK {
						counted.Add(1)
					}
				})
			}
			all.Wait()
			if counted.Load() != 1 {
				t.Fatalf("%d decisions counted", counted.Load())
			}
			if a := r.poll(); a.Status != http.StatusOK && a.Str("error") != "access_denied" {
				t.Errorf("%d %s", a.Status, a.Body)
			}
		}
	})
}
