package protocol

import (
	"net/http"
	"testing"
	"time"

	"signet/internal/testenv"
)

// silentTrip is what a second app costs a person who is signed in: authorize,
// code, token.
func silentTrip(t *testing.T, b *testenv.Browser, app *testenv.App) *testenv.Answer {
	t.Helper()
	r := app.Request()
	answer := r.Answer(b.Get(r.Path()))
	if answer.Get("code") == "" {
		t.Fatalf("no code: %v", answer)
	}
	got := app.Redeem(r, answer)
	if got.Status != http.StatusOK {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	return got
}

// TestSilentTripCosts: without offline_access no SQL, and at most six requests
// to the store of short-lived state.
func TestSilentTripCosts(t *testing.T) {
	t.Parallel()
	for _, backend := range []testenv.Backend{testenv.Full, testenv.Embedded} {
		t.Run(string(backend), func(t *testing.T) {
			e := boot(t, testenv.Options{Backend: backend, Nodes: 1})
			for _, c := range []testenv.App{web, spa, es256} {
				app := e.App(t, c)
				b := signedIn(t, e, app, ada)
				silentTrip(t, b, app) // fills the caches
				// Beside the trips a node looks once a second what changed.
				const trips = 200
				began := time.Now()
				sql, kv := e.Metric("signet_database_statements_total"), e.Metric("signet_kv_round_trips_total")
				for range trips {
					silentTrip(t, b, app)
				}
				sql, kv = e.Metric("signet_database_statements_total")-sql, e.Metric("signet_kv_round_trips_total")-kv
				polls := 2*time.Since(began).Seconds() + 4
				if sql > polls {
					t.Errorf("%s: %.0f SQL statements in %d trips, want none but %.0f of looking what changed", c.ID, sql, trips, polls)
				}
				if perTrip := kv / trips; perTrip > 6.05 || perTrip < 1 {
					t.Errorf("%s: %.2f round trips to the store of short-lived state, want at most 6", c.ID, perTrip)
				}
				t.Logf("%s on %s: %.2f round trips, %.0f statements in %d trips", c.ID, backend, kv/trips, sql, trips)
			}
		})
	}
}

// TestOrganizationTripCosts: for an organization the same trip looks three times
// whether the person belongs to it, one statement each: before the code is given
// out, before the tokens are, and for what the ID token says of it.
func TestOrganizationTripCosts(t *testing.T) {
	t.Parallel()
	for _, backend := range []testenv.Backend{testenv.Full, testenv.Embedded} {
		t.Run(string(backend), func(t *testing.T) {
			e := boot(t, testenv.Options{Backend: backend, Nodes: 1})
			e.Apply(houses)
			app := e.App(t, web)
			b := signedIn(t, e, app, ada)
			trip := func() { tokens(t, b, app, ada, "scope", "openid organizations", "organization", "engines") }
			trip() // fills the caches
			const trips = 100
			began := time.Now()
			sql, kv := e.Metric("signet_database_statements_total"), e.Metric("signet_kv_round_trips_total")
			for range trips {
				trip()
			}
			sql, kv = e.Metric("signet_database_statements_total")-sql, e.Metric("signet_kv_round_trips_total")-kv
			polls := 2*time.Since(began).Seconds() + 4
			if sql > 3*trips+polls || kv > 6.05*trips {
				t.Errorf("%.0f SQL statements and %.0f round trips in %d trips, want 3 and at most 6 of each", sql, kv, trips)
			}
			t.Logf("%.2f statements, %.2f round trips", sql/trips, kv/trips)
		})
	}
}

// TestTokenRequestsCost: a client's own JWT asks nothing of the stores, and a
// refresh is one statement that rotates and commits.
func TestTokenRequestsCost(t *testing.T) {
	t.Parallel()
	for _, backend := range []testenv.Backend{testenv.Full, testenv.Embedded} {
		t.Run(string(backend), func(t *testing.T) {
			e := boot(t, testenv.Options{Backend: backend, Nodes: 1})
			own, app := e.App(t, fleet), e.App(t, web)
			refreshed := tokens(t, e.Browser(), app, ada, "scope", "openid email offline_access").Str("refresh_token")
			update := 1.0
			if backend == testenv.Embedded {
				update = 3 // SQLite's writer begins and commits each group of changes
			}
			for _, c := range []struct {
				name    string
				once    func() *testenv.Answer
				sql, kv float64
			}{
				{"client_credentials", func() *testenv.Answer { return own.Call("/token", "grant_type", "client_credentials") }, 0, 0},
				{"refresh", func() *testenv.Answer { return app.Refresh(refreshed) }, update, 0},
			} {
				const times = 100
				ask := func() {
					a := c.once()
					if a.Status != http.StatusOK {
						t.Fatalf("%s: %d %s", c.name, a.Status, a.Body)
					}
					if r := a.Str("refresh_token"); r != "" {
						refreshed = r
					}
				}
				ask() // fills the caches
				began := time.Now()
				sql, kv := e.Metric("signet_database_statements_total"), e.Metric("signet_kv_round_trips_total")
				for range times {
					ask()
				}
				sql, kv = e.Metric("signet_database_statements_total")-sql, e.Metric("signet_kv_round_trips_total")-kv
				polls := 2*time.Since(began).Seconds() + 4
				if sql > c.sql*times+polls || kv > c.kv*times {
					t.Errorf("%s: %.0f SQL statements and %.0f round trips in %d, want %.0f and %.0f of each", c.name, sql, kv, times, c.sql, c.kv)
				}
			}
		})
	}
}

// TestProofsCost: a proof costs one round trip more, which remembers its jti, and
// no SQL; nonces are kept nowhere.
func TestProofsCost(t *testing.T) {
	t.Parallel()
	for _, nonce := range []string{"optional", "required"} {
		t.Run(nonce, func(t *testing.T) {
			e := boot(t, testenv.Options{Backend: testenv.Full, Nodes: 1, Env: map[string]string{"SIGNET_DPOP_NONCE": nonce}})
			p := newProver(t, "ES256")
			if given := proving(*e.App(t, fleet), p).Call("/token", "grant_type", "client_credentials").Header.Get("DPoP-Nonce"); given != "" {
				p = p.with(func(c jwtClaims) { c["nonce"] = given })
			}
			own, app := proving(*e.App(t, fleet), p), proving(*e.App(t, spa), p)
			b := signedIn(t, e, e.App(t, web), ada)
			got := tokens(t, b, app, ada, "scope", "openid offline_access")
			access, refreshed := got.Str("access_token"), got.Str("refresh_token")
			for _, c := range []struct {
				name    string
				once    func() *testenv.Answer
				sql, kv float64
			}{
				{"client_credentials", func() *testenv.Answer { return own.Call("/token", "grant_type", "client_credentials") }, 0, 1},
				{"refresh", func() *testenv.Answer { return app.Refresh(refreshed) }, 1, 1},
				{"userinfo", func() *testenv.Answer { return app.Userinfo(access) }, 0, 2}, // and whether the grant lives
				{"push", func() *testenv.Answer { return push(app, app.Request()) }, 0, 2}, // and the request itself
				{"silent trip", func() *testenv.Answer { return silentTrip(t, b, app) }, 0, 5},
			} {
				const times = 50
				ask := func() {
					a := c.once()
					if a.Status >= http.StatusBadRequest {
						t.Fatalf("%s: %d %s", c.name, a.Status, a.Body)
					}
					if r := a.Str("refresh_token"); r != "" {
						refreshed = r
					}
				}
				ask() // fills the caches
				began := time.Now()
				sql, kv := e.Metric("signet_database_statements_total"), e.Metric("signet_kv_round_trips_total")
				for range times {
					ask()
				}
				sql, kv = e.Metric("signet_database_statements_total")-sql, e.Metric("signet_kv_round_trips_total")-kv
				polls := 2*time.Since(began).Seconds() + 4
				if sql > c.sql*times+polls || kv > c.kv*times+2 {
					t.Errorf("%s: %.0f SQL statements and %.0f round trips in %d, want %.0f and %.0f of each", c.name, sql, kv, times, c.sql, c.kv)
				}
				t.Logf("%s: %.2f round trips", c.name, kv/times)
			}
		})
	}
}

// TestSignaturesOfATrip: an RS256 client costs one RSA signature, that of its
// ID token; the access token is signed with the far cheaper ES256.
func TestSignaturesOfATrip(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		b := signedIn(t, e, app, ada)
		got := silentTrip(t, b, app)
		algs := map[any]int{}
		for _, token := range []string{got.Str("id_token"), got.Str("access_token")} {
			algs[header(t, token)["alg"]]++
		}
		if algs["RS256"] != 1 || algs["ES256"] != 1 {
			t.Errorf("signatures: %v, want one RS256 and one ES256", algs)
		}
	})
}
