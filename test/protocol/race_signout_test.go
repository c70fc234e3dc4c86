package protocol

import (
	"net/http"
	"net/url"
	"sync"
	"testing"

	"signet/internal/testenv"
)

// given is a code, and what was asked for with it.
type given struct {
	request *testenv.Request
	code    string
}

// askWithoutEnd has the app ask silently by the session of the cookie, many times at
// once, until it gets no code any more; wait returns what it got last.
func askWithoutEnd(t *testing.T, app *testenv.App, session string) (wait func() []given) {
	var mu sync.Mutex
	var all []given
	var apps sync.WaitGroup
	for range 16 {
		apps.Go(func() {
			for range 2000 {
				r := app.Request("prompt", "none", "scope", "openid offline_access")
				q, _ := http.NewRequest("GET", r.Path(), nil)
				q.Header.Set("Cookie", "signet_session="+session)
				a, err := testenv.Do(q)
				if err != nil {
					t.Error(err)
					return
				}
				to, _ := url.Parse(a.Header.Get("Location"))
				if !to.Query().Has("code") {
					return
				}
				mu.Lock()
				all = append(all, given{r, to.Query().Get("code")})
				mu.Unlock()
			}
			t.Error("the app goes on getting codes")
		})
	}
	return func() []given {
		apps.Wait()
		return all[max(0, len(all)-32):]
	}
}

// wantDead checks that nothing of what was given is good.
func wantDead(t *testing.T, app *testenv.App, all []given) {
	t.Helper()
	for _, g := range all {
		a := app.Redeem(g.request, url.Values{"code": {g.code}})
		if a.Status == http.StatusOK && app.Userinfo(a.Str("access_token")).Status == http.StatusOK {
			t.Fatal("what was granted meanwhile is good afterwards")
		}
	}
}

// TestSignOutMissesNoGrant: an app that asks without end, for a browser that is
// being signed out everywhere, has nothing afterwards.
func TestSignOutMissesNoGrant(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		for range 3 {
			b := signedIn(t, e, app, ada)
			wait := askWithoutEnd(t, app, b.Cookie("signet_session"))
			at(t, b.Post("/account/signout/everywhere", url.Values{}), "/signed-out")
			wantDead(t, app, wait())
		}
	})
}

// TestWithdrawalMissesNoGrant: the same for an app that the person allows nothing any
// more, by a session that has used it and by one that has not.
func TestWithdrawalMissesNoGrant(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, guest)
		for range 3 {
			b := signedIn(t, e, e.App(t, web), ada)
			tokens(t, b, app, ada, "scope", "openid offline_access")
			var withdraw *testenv.Form
			for _, f := range b.Get("/account").Forms {
				if f.Fields.Get("client_id") == guest.ID {
					withdraw = f
				}
			}
			fresh := signedIn(t, e, e.App(t, web), ada)
			used, unused := askWithoutEnd(t, app, b.Cookie("signet_session")), askWithoutEnd(t, app, fresh.Cookie("signet_session"))
			b.Submit(withdraw, "")
			wantDead(t, app, append(used(), unused()...))
		}
	})
}
