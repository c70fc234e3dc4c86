package protocol

import (
	"context"
	"html"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/pkg/client/rp"

	"signet/internal/testenv"
)

// begin types the device's code in a browser that nobody is signed in with.
func (a *asking) begin(t *testing.T, b *testenv.Browser) *testenv.Page {
	t.Helper()
	return at(t, b.Submit(b.Get("/device").Form("user_code"), "submit", "user_code", a.Str("user_code")), "/signin")
}

// TestDeviceDetours: who makes an account on the way, or sets a new password,
// comes back to the device's page.
func TestDeviceDetours(t *testing.T) {
	t.Parallel()
	h := newcomersAt(t, testenv.Options{})
	h.env.Apply("clients:\n" + devices)
	app := h.env.App(t, tv)

	d, b := ask(t, app), h.env.Browser().For(t)
	p := fillIn(t, b, createPage(t, b, d.begin(t, b)), eve)
	p = at(t, b.Submit(p.Form("code"), "submit", "code", read(t, h.mail.Wait(1)[0]).code), "/device/asks")
	b.Submit(p.Form("allow"), "allow")
	if claims := app.IDToken(d.poll().Str("id_token"), ""); claims["sub"] == "" {
		t.Errorf("a new account: %v", claims)
	}

	d, b = ask(t, app), h.env.Browser().For(t)
	p = askCode(t, b, d.begin(t, b), ada.Email)
	p = at(t, b.Submit(p.Form("code"), "submit", "code", h.mail.Codes(ada.Email, 1)[0]), "/recover/password")
	p = at(t, newPasswordAt(b, p, newPassword), "/recover/done")
	next := regexp.MustCompile(`id="next" href="([^"]+)"`).FindStringSubmatch(p.Body)
	if next == nil {
		t.Fatalf("no way on:\n%s", p.Body)
	}
	p = b.Finish(b.Get(html.UnescapeString(next[1])), testenv.Person{Email: ada.Email, Password: newPassword})
	if at(t, p, "/device/done"); p.URL.Query().Get("end") != "approved" {
		t.Errorf("a new password: %s", p.URL)
	}
	if got := d.poll(); got.Str("access_token") == "" {
		t.Errorf("a new password: %s", got.Body)
	}
}

// TestDeviceBound: a device that proves a key gets tokens that are bound to it.
func TestDeviceBound(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{})
	e.Apply("clients:\n" + devices)
	key := newProver(t, "ES256")
	app := proving(*e.App(t, tv), key)
	d := ask(t, e.App(t, tv))
	d.decide(t, e.Browser().For(t), ada, "allow")
	d.app = app
	got := d.poll()
	if got.Str("token_type") != "DPoP" || cnf(claimsOf(t, got.Str("access_token")))["jkt"] != key.thumbprint() {
		t.Errorf("%s", got.Body)
	}
	wantError(t, "a refresh without the key", e.App(t, tv).Refresh(got.Str("refresh_token")), 400, "invalid_grant")
	if next := app.Refresh(got.Str("refresh_token")); next.Str("access_token") == "" {
		t.Errorf("a refresh with the key: %s", next.Body)
	}
}

// TestZitadelDevice: zitadel's relying party asks, and polls until the owner of
// the device has decided.
func TestZitadelDevice(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{Env: map[string]string{"SIGNET_LIFETIMES_DEVICE_INTERVAL": "1s"}})
	e.Apply("clients:\n" + devices)
	party, err := rp.NewRelyingPartyOIDC(t.Context(), e.Issuer, sensor.ID, sensor.Secret, "", []string{"openid"})
	if err != nil {
		t.Fatal(err)
	}
	asked, err := rp.DeviceAuthorization(t.Context(), []string{"openid"}, party, nil)
	if err != nil {
		t.Fatal(err)
	}
	d := &asking{&testenv.Answer{Fields: map[string]any{"user_code": asked.UserCode}}, e.App(t, sensor)}
	d.decide(t, e.Browser().For(t), ada, "allow")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	got, err := rp.DeviceAccessToken(ctx, asked.DeviceCode, time.Duration(asked.Interval)*time.Second, party)
	if err != nil || got.AccessToken == "" || got.IDToken == "" {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestDeviceCrowded: who used up what there is for strangers, from however many
// browsers, keeps nobody off who signs in; and they are limited, too.
func TestDeviceCrowded(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{Env: map[string]string{
		"SIGNET_LIMITS_EXEMPT": "", "SIGNET_LIMITS_DEVICE_BROWSER": "3/15m", "SIGNET_LIMITS_DEVICE_EVERYONE": "20/1h",
	}})
	e.Apply("clients:\n" + devices)
	d := ask(t, e.App(t, tv))
	try := func(b *testenv.Browser, p *testenv.Page, code string) *testenv.Page {
		return b.Submit(p.Form("user_code"), "submit", "user_code", code)
	}
	for range 2 { // of 20 this network may take a tenth
		b := e.Browser().For(t)
		wantPage(t, try(b, b.Get("/device"), "BBBB-BBBB"), http.StatusOK, "No device is waiting with this code")
	}
	b := e.Browser().For(t)
	p := try(b, b.Get("/device"), d.Str("user_code"))
	wantPage(t, p, http.StatusTooManyRequests, "Sign in first", `href="/device?sign_in=1&amp;user_code=`+d.Str("user_code")+`"`)
	p = b.Finish(b.Get("/device?sign_in=1&user_code="+d.Str("user_code")), ada)
	if f := p.Form("user_code"); f == nil || f.Fields.Get("user_code") != d.Str("user_code") {
		t.Fatalf("after the sign-in: %d %s", p.Status, p.URL)
	}
	if asks := try(b, p, d.Str("user_code")); asks.Form("allow") == nil {
		t.Errorf("the right code: %d %s", asks.Status, asks.URL)
	}
	for range 3 {
		wantPage(t, try(b, b.Get("/device"), "BBBB-BBBB"), http.StatusOK, "No device is waiting with this code")
	}
	wantPage(t, try(b, b.Get("/device"), "BBBB-BBBB"), http.StatusTooManyRequests, "Too many tries")
}
