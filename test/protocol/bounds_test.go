package protocol

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"signet/internal/testenv"
)

// TestFlowsAreBounded: a stranger's requests are stored until they expire, so
// that their number per network, their size and what is logged of them end.
func TestFlowsAreBounded(t *testing.T) {
	t.Parallel()
	e := testenv.Start(t, testenv.Options{Declare: declared, Env: map[string]string{"SIGNET_LIMITS_FLOW_NETWORK": "3/5m"}})
	app := e.App(t, web)
	for range 3 {
		r := app.Request()
		if p := e.Browser().Get(r.Path()); p.Status != http.StatusOK {
			t.Fatalf("a sign-in within the limit: %d", p.Status)
		}
	}
	if p := e.Browser().Get(app.Request().Path()); p.Status != http.StatusTooManyRequests {
		t.Errorf("a fourth sign-in: %d, want 429", p.Status)
	}
	large := app.Request("login_hint", strings.Repeat("x", 4000), "nonce", strings.Repeat("y", 4000), "ui_locales", strings.Repeat("z", 4000))
	wantAnswer(t, e, large, e.Browser().Get(large.Path()), "invalid_request")

	before := len(e.Log())
	app.Do(app.NewRequest("/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {strings.Repeat("\x01", 200_000)}}))
	if grown := len(e.Log()) - before; grown > 16<<10 {
		t.Errorf("one refused request wrote %d bytes to the log", grown)
	}
}

// TestALongHint: an ID token that tells much is a hint as any other, for signing in
// and out: it is read, and nothing of it is kept.
func TestALongHint(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		e.Apply("users:\n  - email: " + ada.Email + "\n    password: " + ada.Password + "\n    verified: true\n    website: https://ada.example/" + strings.Repeat("x", 5000) + "\n")
		app, b := e.App(t, web), e.Browser().For(t)
		hint := tokens(t, b, app, ada, "claims", `{"id_token":{"website":null}}`).Str("id_token")
		if len(hint) < 5000 {
			t.Fatalf("the ID token has %d bytes", len(hint))
		}
		r := app.Request("prompt", "none", "id_token_hint", hint)
		wantAnswer(t, e, r, b.Get(r.Path()), "")
		for _, method := range []string{"GET", "POST"} {
			if p := endSession(b, method, []string{"id_token_hint", hint, "post_logout_redirect_uri", "https://web.example/bye"}); p.Status != http.StatusOK && p.Location == "" {
				t.Errorf("signed out by %s: %d", method, p.Status)
			}
		}
		wantSession(t, e, b, false)
	})
}
