package protocol

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"signet/internal/testenv"
)

// listener is the server of several apps that are told of logouts there.
type listener struct {
	*httptest.Server
	t *testing.T

	mu     sync.Mutex
	came   []told
	answer func(app string, n int) int // the status for the n-th notice to the app, from 1; nil: 200
	news   chan struct{}
}

// told is a notice that came.
type told struct {
	app, token string
	status     int
}

func listen(t *testing.T, answer func(app string, n int) int) *listener {
	l := &listener{t: t, answer: answer, news: make(chan struct{}, 1)}
	l.Server = httptest.NewServer(l)
	t.Cleanup(l.Close)
	return l
}

// ServeHTTP takes a notice (Back-Channel Logout 1.0 §2.5).
func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	app := strings.TrimPrefix(r.URL.Path, "/")
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.URL.RawQuery != "from=signet" {
		l.t.Errorf("a notice came as %s %s, %s", r.Method, r.URL, r.Header.Get("Content-Type"))
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		l.t.Errorf("a notice broke off: %v", err)
	}
	fields, err := url.ParseQuery(string(body))
	if err != nil || len(fields) != 1 || len(fields["logout_token"]) != 1 {
		l.t.Errorf("a notice says %q", body)
	}
	l.mu.Lock()
	n := 1
	for _, c := range l.came {
		if c.app == app {
			n++
		}
	}
	l.mu.Unlock()
	status := http.StatusOK
	if l.answer != nil {
		status = l.answer(app, n)
	}
	l.mu.Lock()
	l.came = append(l.came, told{app, fields.Get("logout_token"), status})
	l.mu.Unlock()
	select {
	case l.news <- struct{}{}:
	default:
	}
	w.Header().Set("Location", "/elsewhere")
	w.WriteHeader(status)
}

// notices are those that came to the app so far.
func (l *listener) notices(app string) []told {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(l.came), func(c told) bool { return c.app != app })
}

// wait waits until n notices came to the app, and returns them.
func (l *listener) wait(app string, n int) []told {
	l.t.Helper()
	for timeout := time.After(time.Minute); ; {
		if came := l.notices(app); len(came) >= n {
			return came
		}
		select {
		case <-l.news:
		case <-timeout:
			l.t.Fatalf("%d notices came to %s, want %d", len(l.notices(app)), app, n)
		}
	}
}

// declare is an app that is told at the listener; more is YAML of its entry.
func (l *listener) declare(id string, more ...string) (testenv.App, string) {
	app := testenv.App{ID: id, Secret: "secret-of-" + id, Redirect: "https://" + id + ".example/cb", Scope: "openid email"}
	text := fmt.Sprintf("  - id: %s\n    secret: %s\n    redirect_uris: [%q]\n    scopes: [openid, email, offline_access]\n    trusted: true\n"+
		"    grant_types: [authorization_code, refresh_token]\n    backchannel_logout_uri: %q\n    backchannel_logout_session_required: true\n",
		id, app.Secret, app.Redirect, l.URL+"/"+id+"?from=signet")
	for _, m := range more {
		text += "    " + m + "\n"
	}
	return app, text
}

// mayCall lets the house call apps on this machine.
var mayCall = map[string]string{"SIGNET_OUTBOUND_ALLOW_PRIVATE": "true"}

// eachTold runs the test on every backend, with apps that are told of logouts.
func eachTold(t *testing.T, answer func(app string, n int) int, test func(t *testing.T, e *testenv.Env, l *listener, one, two *testenv.App)) {
	t.Helper()
	t.Parallel()
	for _, backend := range testenv.Backends {
		t.Run(string(backend), func(t *testing.T) {
			nodes := 1
			if backend == testenv.Full {
				nodes = 2
			}
			l := listen(t, answer)
			one, first := l.declare("one")
			two, second := l.declare("two", "id_token_signed_response_alg: ES256", "subject_type: pairwise")
			e := boot(t, testenv.Options{Backend: backend, Nodes: nodes, Env: mayCall})
			e.Apply("clients:\n" + first + second)
			test(t, e, l, e.App(t, one), e.App(t, two))
		})
	}
}

// TestBackchannelLogout: each app of the session gets a token that names the
// session and the person as it knows them (Back-Channel Logout 1.0 §2.4, §2.5),
// and prompt=none fails from then on.
func TestBackchannelLogout(t *testing.T) {
	eachTold(t, nil, func(t *testing.T, e *testenv.Env, l *listener, one, two *testenv.App) {
		b := e.Browser().For(t)
		known := map[string]map[string]any{}
		hint := ""
		for _, app := range []*testenv.App{one, two, e.App(t, web)} {
			r := app.Request()
			got := app.Redeem(r, b.SignIn(r, ada))
			hint = got.Str("id_token")
			known[app.ID] = app.IDToken(hint, r.Get("nonce"))
		}
		elsewhere := signedIn(t, e, one, ada)
		endSession(b, "GET", []string{"id_token_hint", hint})
		wantSession(t, e, b, false)
		wantSession(t, e, elsewhere, true)
		for _, app := range []*testenv.App{one, two} {
			token := l.wait(app.ID, 1)[0].token
			if typ := header(t, token)["typ"]; typ != "logout+jwt" {
				t.Errorf("%s: typ is %v", app.ID, typ)
			}
			verifyLogout(t, e, app.ID, token)
			claims, id := app.IDToken(token, ""), known[app.ID] // signed as its ID tokens are
			for _, name := range []string{"iss", "aud", "sub", "sid"} {
				if claims[name] == nil || claims[name] != id[name] {
					t.Errorf("%s: %s is %v, in the ID token %v", app.ID, name, claims[name], id[name])
				}
			}
			events, _ := claims["events"].(map[string]any)
			if event, _ := events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any); len(events) != 1 || event == nil || len(event) != 0 {
				t.Errorf("%s: events are %v", app.ID, claims["events"])
			}
			iat, exp := claims["iat"].(float64), claims["exp"].(float64)
			if claims["nonce"] != nil || claims["jti"] == nil || exp-iat > 120 || time.Since(time.Unix(int64(iat), 0)) > time.Minute {
				t.Errorf("%s: %v", app.ID, claims)
			}
			if header(t, token)["alg"] != header(t, tokens(t, elsewhere, app, ada).Str("id_token"))["alg"] {
				t.Errorf("%s: signed otherwise than its ID tokens", app.ID)
			}
		}
		if known["one"]["sub"] == known["two"]["sub"] {
			t.Error("a pairwise subject is the public one")
		}
	})
}

// verifyLogout has a library validate the token (§2.6).
func verifyLogout(t *testing.T, e *testenv.Env, clientID, token string) *oidc.LogoutToken {
	t.Helper()
	provider, err := oidc.NewProvider(t.Context(), e.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	got, err := provider.Verifier(&oidc.Config{ClientID: clientID}).VerifyLogout(t.Context(), token)
	if err != nil {
		t.Fatalf("a library refuses the token: %v", err)
	}
	return got
}

// TestLogoutIsTriedAgain: an app that fails is told again, with a fresh token;
// one that redirects was not told (§2.8).
func TestLogoutIsTriedAgain(t *testing.T) {
	answer := func(app string, n int) int {
		return []int{http.StatusServiceUnavailable, http.StatusFound, http.StatusNoContent}[min(n, 3)-1]
	}
	eachTold(t, answer, func(t *testing.T, e *testenv.Env, l *listener, one, _ *testenv.App) {
		b := signedIn(t, e, one, ada)
		at(t, b.Post("/account/signout", nil), "/signed-out")
		came := l.wait(one.ID, 3)
		ids := map[string]bool{}
		for _, c := range came {
			ids[verifyLogout(t, e, one.ID, c.token).TokenID] = true
		}
		if len(ids) != 3 {
			t.Error("a token was sent twice")
		}
		within(t, time.Minute, "the notice is recorded as sent", func() bool { return e.Metric("signet_logouts_sent_total") == 1 })
		if failed, came := e.Metric("signet_logouts_failed_total"), len(l.notices(one.ID)); failed != 2 || came != 3 {
			t.Errorf("%v tries failed, %d notices came", failed, came)
		}
	})
}

// TestLogoutWaitsForNobody: an app that hangs delays neither the person nor the
// other apps. The app answers only once both are done.
func TestLogoutWaitsForNobody(t *testing.T) {
	release := make(chan struct{})
	answer := func(app string, _ int) int {
		if app == "one" {
			<-release
		}
		return http.StatusOK
	}
	t.Parallel()
	l := listen(t, nil)
	hung := listen(t, answer)
	one, first := hung.declare("one")
	two, second := l.declare("two")
	e := boot(t, testenv.Options{Env: mayCall})
	e.Apply("clients:\n" + first + second)
	t.Cleanup(sync.OnceFunc(func() { close(release) }))
	for range 8 { // more than may wait for one host
		b := signedIn(t, e, e.App(t, one), ada)
		tokens(t, b, e.App(t, two), ada)
		at(t, b.Post("/account/signout", nil), "/signed-out")
	}
	l.wait("two", 8)
	if sent := len(hung.notices("one")); sent != 0 {
		t.Errorf("%d answers of the app that hangs", sent)
	}
}

// TestQueuedLogoutsOutliveANode: what no node had told yet when it stopped, the
// next one tells; a command queues it as well.
func TestQueuedLogoutsOutliveANode(t *testing.T) {
	t.Parallel()
	for _, backend := range testenv.Backends {
		t.Run(string(backend), func(t *testing.T) {
			var down sync.Mutex
			status := http.StatusServiceUnavailable
			l := listen(t, func(string, int) int {
				down.Lock()
				defer down.Unlock()
				return status
			})
			one, first := l.declare("one")
			e := boot(t, testenv.Options{Backend: backend, Env: mayCall})
			e.Apply("clients:\n" + first)
			app := e.App(t, one)
			signedIn(t, e, app, bob)
			b := signedIn(t, e, app, ada)
			at(t, b.Post("/account/signout", nil), "/signed-out")
			l.wait(one.ID, 1)
			e.Stop(0)
			if code, _, errs := e.Run("", "user", "disable", bob.Email); code != 0 {
				t.Fatal(errs)
			}
			down.Lock()
			status = http.StatusOK
			before := len(l.notices(one.ID))
			down.Unlock()
			e.StartNode()
			people := map[string]bool{}
			for _, c := range l.wait(one.ID, before+2)[before:] {
				people[claimsOf(t, c.token)["sub"].(string)] = true
			}
			if len(people) != 2 {
				t.Errorf("told of %d people, want 2", len(people))
			}
		})
	}
}

// TestEncryptedLogoutToken: an app whose ID tokens are encrypted gets its logout
// tokens so (§2.4).
func TestEncryptedLogoutToken(t *testing.T) {
	t.Parallel()
	key := keyOf(t, "EC", "ec", "enc")
	l := listen(t, nil)
	one, first := l.declare("one", "jwks: "+publicSet(t, key), "id_token_encrypted_response_alg: ECDH-ES", "id_token_encrypted_response_enc: A256GCM")
	e := boot(t, testenv.Options{Env: mayCall})
	e.Apply("clients:\n" + first)
	at(t, signedIn(t, e, e.App(t, one), ada).Post("/account/signout", nil), "/signed-out")
	jwe, err := jose.ParseEncryptedCompact(l.wait("one", 1)[0].token, []jose.KeyAlgorithm{jose.ECDH_ES}, []jose.ContentEncryption{jose.A256GCM})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := jwe.Decrypt(key)
	if err != nil {
		t.Fatal(err)
	}
	if got := verifyLogout(t, e, "one", string(plain)); got.SessionID == "" || jwe.Header.ExtraHeaders[jose.HeaderContentType] != "JWT" {
		t.Errorf("%+v, header %v", got, jwe.Header)
	}
}

// TestLogoutAddresses: where an app is told must be https, and what is framed
// must be of an origin that answers go to (Back-Channel Logout §2.2,
// Front-Channel Logout §2).
func TestLogoutAddresses(t *testing.T) {
	eachOpen(t, nil, func(t *testing.T, e *testenv.Env) {
		with := func(pairs ...string) metadata {
			m := metadata{"redirect_uris": []string{"https://new.example/cb", "https://other.example:8443/cb"}}
			for i := 0; i+1 < len(pairs); i += 2 {
				m[pairs[i]] = pairs[i+1]
			}
			return m
		}
		const front, back = "frontchannel_logout_uri", "backchannel_logout_uri"
		good := with(back, "https://anywhere.example/out?x=y", front, "https://OTHER.example:8443/out?x=y")
		good["backchannel_logout_session_required"], good["frontchannel_logout_session_required"] = true, true
		got := call(t, "POST", e.Issuer+"/register", "", good)
		if got.Status != http.StatusCreated {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		for _, name := range []string{front, back, "backchannel_logout_session_required", "frontchannel_logout_session_required"} {
			if got.Fields[name] != good[name] {
				t.Errorf("%s is %v, want %v", name, got.Fields[name], good[name])
			}
		}
		for _, bad := range [][2]string{
			{back, "http://new.example/out"}, {back, "https://new.example/out#x"}, {back, "/out"}, {back, "javascript:alert(1)"},
			{front, "http://new.example/out"}, {front, "https://new.example/out#x"}, {front, "https://new.example:8443/out"},
			{front, "https://other.example/out"}, {front, "https://sub.new.example/out"}, {front, "data:text/html,x"},
		} {
			got := call(t, "POST", e.Issuer+"/register", "", with(bad[0], bad[1]))
			if got.Status != http.StatusBadRequest || got.Str("error") != "invalid_client_metadata" || !strings.Contains(got.Str("error_description"), bad[0]) {
				t.Errorf("%v: %d %s", bad, got.Status, got.Body)
			}
		}
	})
}
