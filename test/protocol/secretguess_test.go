package protocol

import (
	"net/http"
	"strings"
	"testing"

	"signet/internal/testenv"
)

// TestSecretsAreNotGuessedForLong: whoever sends wrong secrets of a client is
// stopped, and with a right one, too; other clients, and the client from
// elsewhere, are not.
func TestSecretsAreNotGuessedForLong(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{Backend: testenv.Full, Nodes: 2, Env: map[string]string{
		"SIGNET_LIMITS_EXEMPT": "192.0.2.0/24", "SIGNET_LIMITS_CLIENT_SECRET": "5/15m", "SIGNET_TRUSTED_PROXIES": "127.0.0.0/8,::1/128",
	}})
	calls := 0
	call := func(id, secret, from string) int {
		app := e.App(t, testenv.App{ID: id, Secret: secret})
		r := app.NewRequest("/token", map[string][]string{"grant_type": {"client_credentials"}})
		// To the nodes in turn, as a proxy in front would.
		r.URL.Host = strings.TrimPrefix(e.Nodes[calls%len(e.Nodes)], "http://")
		r.Header.Set("X-Forwarded-For", from)
		calls++
		return app.Do(r).Status
	}
	const guesser = "198.51.100.7"
	stopped := 0
	for range 20 {
		if status := call(fleet.ID, "wrong", guesser); status == http.StatusTooManyRequests {
			stopped++
		}
	}
	// Five, and one that each node sees is too many.
	if stopped < 20-5-2 {
		t.Errorf("%d of 20 guesses were stopped", stopped)
	}
	for _, c := range []struct {
		what, id, secret, from string
		status                 int
	}{
		{"the right secret, after too many wrong ones", fleet.ID, fleet.Secret, guesser, http.StatusTooManyRequests},
		{"the client from elsewhere", fleet.ID, fleet.Secret, "203.0.113.9", http.StatusOK},
		{"another client", audit.ID, audit.Secret, guesser, http.StatusOK},
	} {
		if status := call(c.id, c.secret, c.from); status != c.status {
			t.Errorf("%s: status %d, want %d", c.what, status, c.status)
		}
	}
}
