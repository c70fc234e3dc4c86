package protocol

import (
	"testing"
	"time"

	"signet/internal/testenv"
)

const browserCookie = "signet_browser" // the secret name of a browser

// TestFullSignInCosts: from the app's request to its tokens, with the e-mail
// page and the password page, in a browser that is known to the account and in
// one that is new to it. What is asked of the stores beside that, once a second,
// is what other nodes have changed.
func TestFullSignInCosts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		backend    testenv.Backend
		known, new float64 // SQL statements
	}{
		// Two of each are about where the address signs in: when it is typed, and again
		// when a password is tried.
		{testenv.Full, 4, 5},
		{testenv.Embedded, 6, 9}, // SQLite's writer begins and commits each group of changes
	} {
		t.Run(string(tt.backend), func(t *testing.T) {
			e := boot(t, testenv.Options{Backend: tt.backend, Nodes: 1})
			app := e.App(t, web)
			signIn := func(b *testenv.Browser) {
				r := app.Request()
				app.Redeem(r, b.SignIn(r, ada))
			}
			known := e.Browser().For(t)
			signIn(known) // fills the caches
			for _, who := range []struct {
				name    string
				browser func() *testenv.Browser
				sql     float64
			}{
				{"in a known browser", func() *testenv.Browser {
					b := e.Browser().For(t)
					b.SetCookie(browserCookie, known.Cookie(browserCookie)) // and no session
					return b
				}, tt.known},
				{"in a new browser", func() *testenv.Browser { return e.Browser().For(t) }, tt.new},
			} {
				const times = 30
				began := time.Now()
				sql, kv := e.Metric("signet_database_statements_total"), e.Metric("signet_kv_round_trips_total")
				for range times {
					signIn(who.browser())
				}
				sql, kv = e.Metric("signet_database_statements_total")-sql, e.Metric("signet_kv_round_trips_total")-kv
				polls := 2*time.Since(began).Seconds() + 4
				if sql > who.sql*times+polls {
					t.Errorf("%s: %.1f SQL statements, want %.0f", who.name, sql/times, who.sql)
				}
				if kv > 12*times {
					t.Errorf("%s: %.1f round trips to the store of short-lived state, want 12", who.name, kv/times)
				}
				t.Logf("%s: %.1f statements, %.1f round trips", who.name, sql/times, kv/times)
			}
		})
	}
}
