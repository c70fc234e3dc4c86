package protocol

import (
	"net/http"
	"testing"

	"signet/internal/testenv"
)

// TestARefusedScopeCostsNoRefreshToken: an app that asked for more than was
// granted can ask again with the same token (RFC 6749 §5.2), also where no
// retried request is answered.
func TestARefusedScopeCostsNoRefreshToken(t *testing.T) {
	t.Parallel()
	for _, backend := range testenv.Backends {
		e := boot(t, testenv.Options{Backend: backend, Env: map[string]string{"SIGNET_LIFETIMES_REFRESH_GRACE": "0s"}})
		app := e.App(t, web)
		first := tokens(t, signedIn(t, e, app, ada), app, ada, "scope", "openid email offline_access")
		token := first.Str("refresh_token")
		wantError(t, "more than was granted", app.Refresh(token, "scope", "openid profile"), http.StatusBadRequest, "invalid_scope")
		if after := app.Refresh(token, "scope", "openid"); after.Status != http.StatusOK || after.Str("scope") != "openid" {
			t.Errorf("%s: the same token after that: %d %s", backend, after.Status, after.Body)
		}
	}
}
