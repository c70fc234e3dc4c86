package protocol

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"signet/internal/testenv"
)

// TestFederationFresh: where the app asks for a sign-in of now, one that is open at
// the provider does not do, whether anybody is signed in here or not.
func TestFederationFresh(t *testing.T) {
	t.Parallel()
	p := federated(t, testenv.Embedded, hopperThere, "")
	app := p.App(t, web)
	for _, test := range []struct {
		pairs []string
		fresh bool
	}{
		{nil, false}, {[]string{"acr_values", "urn:signet:acr:upstream"}, false}, {[]string{"prompt", "login"}, true}, {[]string{"max_age", "60"}, true},
		{[]string{"acr_values", "urn:signet:acr:fresh"}, true}, {[]string{"claims", `{"id_token":{"acr":{"essential":true,"values":["urn:signet:acr:fresh"]}}}`}, true},
	} {
		to := onward(t, p.Browser().For(t).Get(app.Request(append(test.pairs, "connection", contoso)...).Path()))
		if strings.Contains(to, "prompt=login&") != test.fresh {
			t.Errorf("%v leads to %s", test.pairs, to)
		}
	}
}

// TestFederationOff leads people elsewhere when the connection is disabled, or
// nobody has it any more, and when its provider is gone.
func TestFederationOff(t *testing.T) {
	t.Parallel()
	p := federated(t, testenv.Embedded, hopperThere, "")
	app, b := p.App(t, web), p.Browser().For(t)
	refused := app.Request("connection", "contoso")
	if answer := refused.Answer(b.Get(refused.Path())); answer.Get("error") != "invalid_request" {
		t.Errorf("what is no id: %v", answer)
	}
	page := b.Get(app.Request("connection", contoso).Path())
	back := p.there(t, page, hopper)
	for _, args := range [][]string{{"disable", contoso}, {"remove", contoso}} {
		if code, _, errs := p.Run("", append([]string{"org", "connection"}, args...)...); code != 0 {
			t.Fatal(errs)
		}
		if page := b.Get(app.Request("connection", contoso).Path()); page.Form("username") == nil {
			t.Errorf("%s: %s", args[0], page.URL)
		}
		if got := b.Get(back); got.Status == http.StatusOK {
			t.Errorf("%s: who was on the way is let in", args[0])
		}
	}
}

// TestFederationOffMeanwhile: who arrived before a connection was switched off is not
// connected after.
func TestFederationOffMeanwhile(t *testing.T) {
	t.Parallel()
	p := federated(t, testenv.Embedded, hopperThere, "")
	app := p.App(t, web)
	arrive := func() (*testenv.Browser, *testenv.Page) {
		b := p.Browser().For(t)
		page := b.Get(onward(t, b.Get(p.there(t, b.Get(app.Request("connection", contoso).Path()), hopper))))
		if page.Form("sign-in") == nil {
			t.Fatalf("somebody unknown is led to %s:\n%s", page.URL, page.Body)
		}
		return b, page
	}
	b, page := arrive()
	page = b.Finish(b.Submit(page.Form("sign-in"), "sign-in"), ada)
	for _, args := range [][]string{{"disable"}, {"enable", "--untried"}} {
		if code, _, errs := p.Run("", append([]string{"org", "connection", args[0], contoso}, args[1:]...)...); code != 0 {
			t.Fatal(errs)
		}
		if args[0] == "disable" {
			b.Submit(page.Form("connect"), "connect")
		}
	}
	arrive()
}

// TestFederationDown: the provider is gone. Its people are told so, and everybody
// else signs in as ever.
func TestFederationDown(t *testing.T) {
	t.Parallel()
	p := federated(t, testenv.Embedded, hopperThere, "")
	p.up.Stop(0)
	app, b := p.App(t, web), p.Browser().For(t)
	r := app.Request("connection", contoso)
	page := b.Get(r.Path())
	if page.Status != http.StatusBadGateway || !strings.Contains(page.Body, "Contoso does not answer") || !strings.Contains(page.Body, "other=1") {
		t.Fatalf("status %d: %s", page.Status, page.Body)
	}
	page = b.Get("/signin?flow=" + page.URL.Query().Get("flow") + "&other=1")
	if answer := r.Answer(b.Finish(page, ada)); answer.Get("code") == "" {
		t.Errorf("by password: %v", answer)
	}
}

// TestFederationLogout: who signs out here signs out at the provider as well, where
// the connection asks for that, and ends where the app wants them.
func TestFederationLogout(t *testing.T) {
	t.Parallel()
	p := federated(t, testenv.Embedded, hopperThere, "\n    sign_out: true\n")
	if code, _, errs := p.Run("", "org", "domain", "add", "contoso", "contoso.example", "--proven"); code != 0 {
		t.Fatal(errs)
	}
	app, b, there := p.App(t, web), p.Browser().For(t), p.up.Browser().For(t)
	r := app.Request("connection", contoso)
	page := b.Get(onward(t, b.Get(p.thereIn(t, there, b.Get(r.Path()), hopper))))
	tokens := app.Redeem(r, r.Answer(page))
	page = b.Get("/end_session?" + url.Values{
		"id_token_hint": {tokens.Str("id_token")}, "post_logout_redirect_uri": {"https://web.example/bye"}, "state": {"s1"},
	}.Encode())
	_, to, ok := strings.Cut(page.Header.Get("Refresh"), "url=")
	if !ok || !strings.HasPrefix(to, p.up.Issuer+"/end_session?") {
		t.Fatalf("signed out, and led to %q: %s", to, page.Body)
	}
	out := there.Get(to)
	if !strings.HasPrefix(out.Location, p.Issuer+"/federation/"+contoso+"/signed-out?state=") {
		t.Fatalf("the provider ends at %q: %s", out.Location, out.Body)
	}
	if end := b.Get(out.Location); end.Location != "https://web.example/bye?state=s1" {
		t.Errorf("the sign-out ends at %q", end.Location)
	}
	if again := there.Get("/account"); again.Form("username") == nil {
		t.Errorf("still signed in at the provider: %s", again.URL)
	}
	// It leads nobody elsewhere, and others nowhere.
	if end := b.Get(out.Location); end.Location != "https://web.example/bye?state=s1" {
		t.Errorf("once more: %d %q", end.Status, end.Location)
	}
	if end := p.Browser().For(t).Get(out.Location); end.Location != "" || end.Status != http.StatusOK {
		t.Errorf("in another browser: %d %q", end.Status, end.Location)
	}
}
