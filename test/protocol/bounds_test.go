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
