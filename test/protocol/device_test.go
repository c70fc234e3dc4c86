package protocol

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"signet/internal/testenv"
)

const grantDevice = "urn:ietf:params:oauth:grant-type:device_code"

// The devices of the house, as declared below.
var (
	tv     = testenv.App{ID: "tv", Scope: "openid email offline_access"}
	kiosk  = testenv.App{ID: "kiosk", Secret: "secret-of-kiosk", Scope: "openid"}
	sensor = testenv.App{ID: "sensor", Secret: "secret-of-sensor", Post: true, Scope: "openid offline_access"}
)

const devices = `
  - id: tv
    name: Television
    client_uri: https://tv.example/
    grant_types: ["` + grantDevice + `", refresh_token]
    scopes: [openid, email, offline_access]
  - id: kiosk
    name: Kiosk
    secret: secret-of-kiosk
    grant_types: ["` + grantDevice + `"]
    scopes: [openid, offline_access]
    trusted: true
  - id: sensor
    name: Sensor
    secret: secret-of-sensor
    auth_method: client_secret_post
    grant_types: ["` + grantDevice + `", refresh_token]
    scopes: [openid, offline_access]
    access_token_format: opaque
`

// eachDevice runs the test on every backend, with the devices.
func eachDevice(t *testing.T, test func(t *testing.T, e *testenv.Env)) {
	t.Helper()
	each(t, func(t *testing.T, e *testenv.Env) {
		e.Apply("clients:\n" + devices)
		test(t, e)
	})
}

// asking is a device that asked and shows its code.
type asking struct {
	*testenv.Answer
	app *testenv.App
}

// ask has the app's device ask.
func ask(t *testing.T, app *testenv.App, pairs ...string) *asking {
	t.Helper()
	got := app.Call("/device_authorization", append([]string{"scope", app.Scope}, pairs...)...)
	if got.Status != http.StatusOK || got.Str("device_code") == "" {
		t.Fatalf("%s: %d %s", app.ID, got.Status, got.Body)
	}
	return &asking{got, app}
}

// poll asks the token endpoint.
func (a *asking) poll() *testenv.Answer {
	return a.app.Call("/token", "grant_type", grantDevice, "device_code", a.Str("device_code"))
}

// wantWaiting checks that nothing is decided yet.
func (a *asking) wantWaiting(t *testing.T, when string) {
	t.Helper()
	if got := a.poll().Str("error"); got != "authorization_pending" && got != "slow_down" {
		t.Errorf("%s: %q, want that the device waits", when, got)
	}
}

// typed types the code in the browser and goes on to the page that asks.
func (a *asking) typed(t *testing.T, b *testenv.Browser, who testenv.Person) *testenv.Page {
	t.Helper()
	p := b.Get("/device")
	p = b.Submit(p.Form("user_code"), "submit", "user_code", a.Str("user_code"))
	for _, step := range [][2]string{{"username", who.Email}, {"password", who.Password}} {
		if p.Form(step[0]) != nil {
			p = b.Submit(p.Form(step[0]), "submit", step[0], step[1])
		}
	}
	if p.Form("allow") == nil {
		t.Fatalf("the device is not asked about: %d %s\n%s", p.Status, p.URL, p.Body)
	}
	return p
}

// decide types the code and presses the button.
func (a *asking) decide(t *testing.T, b *testenv.Browser, who testenv.Person, button string) *testenv.Page {
	t.Helper()
	p := a.typed(t, b, who)
	return b.Submit(p.Form(button), button)
}

var userCode = regexp.MustCompile(`^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$`)

// TestDevice: a device asks, waits, and gets its tokens once its owner has
// compared the codes and allowed it (RFC 8628).
func TestDevice(t *testing.T) {
	eachDevice(t, func(t *testing.T, e *testenv.Env) {
		for _, c := range []testenv.App{tv, kiosk, sensor} {
			app := e.App(t, c)
			d := ask(t, app)
			uri := e.Issuer + "/device"
			if !userCode.MatchString(d.Str("user_code")) || d.Str("verification_uri") != uri ||
				d.Str("verification_uri_complete") != uri+"?user_code="+d.Str("user_code") ||
				d.Fields["expires_in"] != float64(600) || d.Fields["interval"] != float64(5) || d.Header.Get("Cache-Control") != "no-store" {
				t.Fatalf("%s: %s", c.ID, d.Body)
			}
			wantError(t, "before", d.poll(), http.StatusBadRequest, "authorization_pending")
			b := e.Browser().For(t)
			p := d.typed(t, b, ada)
			for _, want := range []string{d.Str("user_code"), "ada@example.com", "127.0.0.1"} {
				if !strings.Contains(p.Body, want) {
					t.Errorf("%s: the page does not say %q", c.ID, want)
				}
			}
			p = b.Submit(p.Form("allow"), "allow")
			if p.Status != http.StatusOK || p.URL.Path != "/device/done" || p.URL.Query().Get("end") != "approved" {
				t.Fatalf("%s: %d %s", c.ID, p.Status, p.URL)
			}
			got := d.poll()
			if got.Status != http.StatusOK || got.Header.Get("Cache-Control") != "no-store" {
				t.Fatalf("%s: %d %s", c.ID, got.Status, got.Body)
			}
			claims := app.IDToken(got.Str("id_token"), "")
			if info := app.Userinfo(got.Str("access_token")); info.Str("sub") != claims["sub"] || claims["sid"] != nil {
				t.Errorf("%s: %s, %v", c.ID, info.Body, claims)
			}
			wantError(t, "used", d.poll(), http.StatusBadRequest, "invalid_grant")
			if refresh := got.Str("refresh_token"); (refresh != "") != strings.Contains(got.Str("scope"), "offline_access") {
				t.Errorf("%s: scope %q, refresh token %q", c.ID, got.Str("scope"), refresh)
			} else if refresh != "" {
				if again := app.Refresh(refresh); again.Status != http.StatusOK {
					t.Errorf("%s: refresh: %s", c.ID, again.Body)
				}
			}
			// A browser that is signed in, and a client that was allowed before,
			// are asked all the same (RFC 8628 §5.4).
			d = ask(t, app)
			d.typed(t, b, ada)
			wantError(t, "asked", d.poll(), http.StatusBadRequest, "authorization_pending")
		}
	})
}

// TestDeviceOfStranger: an app that registered itself gets its tokens without
// anything being sent to its redirect URIs, so that these prove nothing: neither
// whose it is nor with whom it shares its people.
func TestDeviceOfStranger(t *testing.T) {
	eachOpen(t, nil, func(t *testing.T, e *testenv.Env) {
		b := e.Browser().For(t)
		subjects := map[string]bool{}
		for range 2 {
			app := e.App(t, registered(t, call(t, "POST", e.Issuer+"/register", "", metadata{
				"client_name": "Telly", "redirect_uris": []string{"https://bank.example/cb"}, "client_uri": "https://bank.example/",
				"grant_types": []string{grantDevice}, "token_endpoint_auth_method": "none", "subject_type": "pairwise",
			})))
			d := ask(t, app)
			p := d.typed(t, b, ada)
			if !strings.Contains(p.Body, "Telly") || strings.Contains(p.Body, "bank.example") {
				t.Errorf("the page names whose the app says that it is:\n%s", p.Body)
			}
			b.Submit(p.Form("allow"), "allow")
			subjects[app.Userinfo(d.poll().Str("access_token")).Str("sub")] = true
		}
		if len(subjects) != 2 || subjects[""] {
			t.Errorf("two apps of strangers know ada as %v", subjects)
		}
	})
}

// TestDeviceEnds: what the owner refuses, and what came too late, is told to
// both sides.
func TestDeviceEnds(t *testing.T) {
	eachDevice(t, func(t *testing.T, e *testenv.Env) {
		app, b := e.App(t, tv), e.Browser().For(t)
		d := ask(t, app)
		if p := d.decide(t, b, ada, "deny"); p.URL.Query().Get("end") != "refused" {
			t.Errorf("refused: %s", p.URL)
		}
		wantError(t, "refused", d.poll(), http.StatusBadRequest, "access_denied")
		wantError(t, "refused, again", d.poll(), http.StatusBadRequest, "access_denied")

		// Of two tabs the first decides.
		d = ask(t, app)
		first, second := d.typed(t, b, ada), d.typed(t, b, ada)
		if p := b.Submit(first.Form("allow"), "allow"); p.URL.Query().Get("end") != "approved" {
			t.Errorf("first: %s", p.URL)
		}
		if p := b.Submit(second.Form("deny"), "deny"); p.URL.Query().Get("end") != "over" {
			t.Errorf("second: %s", p.URL)
		}
		if p := b.Submit(b.Get("/device").Form("user_code"), "submit", "user_code", d.Str("user_code")); p.Form("user_code") == nil || !strings.Contains(p.Body, "No device is waiting") {
			t.Errorf("a code that was decided about: %s", p.URL)
		}
		got := d.poll()
		if got.Status != http.StatusOK {
			t.Fatal(got.Body)
		}

		// Whatever ends the account's grants ends one that is not fetched yet.
		d = ask(t, app)
		d.decide(t, b, ada, "allow")
		home := b.Get("/account")
		b.Submit(home.Form("sign-out-everywhere"), "sign-out-everywhere")
		wantError(t, "signed out everywhere", d.poll(), http.StatusBadRequest, "invalid_grant")
	})
}

// TestDeviceRefusals: what is wrong with a device's requests.
func TestDeviceRefusals(t *testing.T) {
	eachDevice(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, tv)
		for name, c := range map[string]struct {
			app    testenv.App
			pairs  []string
			status int
			code   string
		}{
			"not registered for it":      {web, nil, 400, "unauthorized_client"},
			"no scope that is the app's": {tv, []string{"scope", "unknown"}, 400, "invalid_scope"},
			"a request object":           {tv, []string{"request", "x"}, 400, "invalid_request"},
			"bad claims":                 {tv, []string{"claims", "{"}, 400, "invalid_request"},
			"too long":                   {tv, []string{"login_hint", strings.Repeat("s", 5000)}, 400, "invalid_request"},
			"unknown":                    {testenv.App{ID: "nobody"}, nil, 401, "invalid_client"},
			"wrong secret":               {testenv.App{ID: "kiosk", Secret: "wrong"}, nil, 401, "invalid_client"},
		} {
			wantError(t, name, e.App(t, c.app).Call("/device_authorization", append([]string{"scope", c.app.Scope}, c.pairs...)...), c.status, c.code)
		}
		d := ask(t, app)
		other := *d
		other.app = e.App(t, kiosk)
		wantError(t, "another client's code", other.poll(), http.StatusBadRequest, "invalid_grant")
		wantError(t, "no code", app.Call("/token", "grant_type", grantDevice), http.StatusBadRequest, "invalid_request")
		wantError(t, "no such code", app.Call("/token", "grant_type", grantDevice, "device_code", "x"), http.StatusBadRequest, "invalid_grant")
		wantError(t, "the user code", app.Call("/token", "grant_type", grantDevice, "device_code", d.Str("user_code")), http.StatusBadRequest, "invalid_grant")
		wantError(t, "first", d.poll(), http.StatusBadRequest, "authorization_pending")
		wantError(t, "too soon", d.poll(), http.StatusBadRequest, "slow_down")
	})
}

// TestOneDeviceManyPolls: of 50 parallel polls on all nodes one gets tokens.
func TestOneDeviceManyPolls(t *testing.T) {
	eachDevice(t, func(t *testing.T, e *testenv.Env) {
		b := e.Browser().For(t)
		for _, c := range []testenv.App{tv, sensor} {
			app := e.App(t, c)
			d := ask(t, app)
			poll := func() *http.Request {
				return app.NewRequest("/token", url.Values{"grant_type": {grantDevice}, "device_code": {d.Str("device_code")}})
			}
			for _, a := range atOnce(t, callers, poll) {
				if a.Str("error") != "authorization_pending" && a.Str("error") != "slow_down" {
					t.Errorf("%s, pending: %d %s", c.ID, a.Status, a.Body)
				}
			}
			d.decide(t, b, ada, "allow")
			won := 0
			for _, a := range atOnce(t, callers, poll) {
				if a.Status == http.StatusOK {
					won++
					if info := app.Userinfo(a.Str("access_token")); info.Status != http.StatusOK {
						t.Errorf("%s: the winner's token: %s", c.ID, info.Body)
					}
				} else if a.Str("error") != "invalid_grant" {
					t.Errorf("%s: %d %s", c.ID, a.Status, a.Body)
				}
			}
			if won != 1 {
				t.Errorf("%s: %d polls got tokens", c.ID, won)
			}
		}
	})
}

// TestDeviceTyped: codes are read however they are typed, and found by nobody
// who guesses.
func TestDeviceTyped(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{Env: map[string]string{
		"SIGNET_LIMITS_EXEMPT": "", "SIGNET_LIMITS_DEVICE_BROWSER": "3/15m", "SIGNET_LIMITS_DEVICE_NETWORK": "7/15m",
	}})
	e.Apply("clients:\n" + devices)
	app := e.App(t, tv)
	try := func(b *testenv.Browser, code string) *testenv.Page {
		return b.Submit(b.Get("/device").Form("user_code"), "submit", "user_code", code)
	}
	b := e.Browser().For(t)
	for _, write := range []func(string) string{
		strings.ToLower, func(s string) string { return strings.ReplaceAll(s, "-", "") },
		func(s string) string { return " " + strings.ReplaceAll(s, "-", " – ") + " " },
	} {
		if p := try(b, write(ask(t, app).Str("user_code"))); p.Form("username") == nil {
			t.Errorf("typed as %q: %s", write("WDJB-MJHT"), p.URL)
		}
	}
	// A link fills the code in and looks at nothing.
	d := ask(t, app)
	p := b.Get(d.Str("verification_uri_complete"))
	if f := p.Form("user_code"); f == nil || f.Fields.Get("user_code") != d.Str("user_code") {
		t.Errorf("the link: %s", p.Body)
	}
	wantWrong := func(p *testenv.Page) {
		t.Helper()
		if p.Status != http.StatusOK || !strings.Contains(p.Body, "No device is waiting with this code") {
			t.Errorf("a wrong code: %d %s", p.Status, p.Body)
		}
	}
	for range 3 {
		wantWrong(try(b, "BBBB-BBBB"))
	}
	for _, code := range []string{"BBBB-BBBB", d.Str("user_code")} {
		if p := try(b, code); p.Status != http.StatusTooManyRequests || p.Form("user_code") == nil {
			t.Errorf("this browser, after that: %d %s", p.Status, p.URL)
		}
	}
	other := e.Browser().For(t)
	wantWrong(try(other, "nonsense!"))
	if p := try(other, d.Str("user_code")); p.Form("username") == nil {
		t.Errorf("another browser: %s", p.URL)
	}
	for range 3 {
		wantWrong(try(e.Browser().For(t), "CCCC-CCCC"))
	}
	if p := try(e.Browser().For(t), ask(t, app).Str("user_code")); p.Status != http.StatusTooManyRequests {
		t.Errorf("this network, after that: %d", p.Status)
	}
}

// TestDeviceJourney: somebody without an account makes one on the way, and ends
// at the device's page; a link alone decides nothing.
func TestDeviceJourney(t *testing.T) {
	eachDevice(t, func(t *testing.T, e *testenv.Env) {
		d := ask(t, e.App(t, tv))
		b := e.Browser().For(t)
		p := b.Get(d.Str("verification_uri_complete"))
		d.wantWaiting(t, "the link was opened")
		p = b.Submit(p.Form("user_code"), "submit")
		flow := p.Form("username").Fields.Get("flow")
		// Another browser has nothing to decide in this flow.
		wantPage(t, e.Browser().For(t).Get("/device/asks?flow="+flow), http.StatusGone, "")
		wantPage(t, b.Post("/consent", url.Values{"flow": {flow}, "decision": {"allow"}}), http.StatusOK, "")
		d.wantWaiting(t, "nobody signed in")
		for _, step := range [][2]string{{"username", ada.Email}, {"password", ada.Password}} {
			p = b.Submit(p.Form(step[0]), "submit", step[0], step[1])
		}
		b.Get("/device/asks?flow=" + flow)
		b.Get("/authorize/resume?flow=" + flow)
		d.wantWaiting(t, "looked at")
		fields := p.Form("allow").Fields
		wantPage(t, b.Post("/consent", url.Values{"flow": {flow}, "account": fields["account"], "decision": {"allow"}}), http.StatusOK, d.Str("user_code"))
		d.wantWaiting(t, "the page of an app")
		wantPage(t, b.Post("/device/asks", url.Values{"flow": fields["flow"], "account": fields["account"]}), http.StatusBadRequest, "")
		d.wantWaiting(t, "no button was pressed")
		b.Submit(p.Form("allow"), "allow")
		if got := d.poll(); got.Status != http.StatusOK {
			t.Error(got.Body)
		}
		// It is on the account page, and ends there.
		if home := b.Get("/account"); !strings.Contains(home.Body, "Television") {
			t.Error("the account page does not name the app")
		}
	})
}

// TestOpenIDClientDevice: openid-client asks, and polls until its owner decides.
func TestOpenIDClientDevice(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{Env: map[string]string{"SIGNET_LIFETIMES_DEVICE_INTERVAL": "1s"}, Declare: ""})
	e.Apply("clients:\n" + devices)
	for _, c := range []testenv.App{tv, sensor} {
		n := startNode(t, e, c)
		asked := n.must("device", "scope", c.Scope).Device
		d := &asking{&testenv.Answer{Fields: asked}, e.App(t, c)}
		d.decide(t, e.Browser().For(t), ada, "allow")
		done := n.must("pollDevice")
		if done.Tokens.Refresh == "" || done.Claims["sub"] == "" {
			t.Errorf("%s: %+v", c.ID, done)
		}
		n.must("refresh", "token", done.Tokens.Refresh)
	}
}
