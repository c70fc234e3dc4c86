package protocol

import (
	"net/http"
	"net/url"
	"sync"
	"testing"

	"signet/internal/testenv"
)

// TestSignOutMissesNoGrant: an app that asks without end, for a browser that is
// being signed out everywhere, has nothing afterwards.
func TestSignOutMissesNoGrant(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		type given struct {
			request *testenv.Request
			code    string
		}
		for range 3 {
			b := signedIn(t, e, app, ada)
			cookie := "signet_session=" + b.Cookie("signet_session")
			var mu sync.Mutex
			var all []given
			var apps sync.WaitGroup
			for range 16 {
				apps.Go(func() {
					for {
						r := app.Request("prompt", "none", "scope", "openid offline_access")
						q, _ := http.NewRequest("GET", r.Path(), nil)
						q.Header.Set("Cookie", cookie)
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
				})
			}
			at(t, b.Post("/account/signout/everywhere", url.Values{}), "/signed-out")
			apps.Wait()
			for _, g := range all[max(0, len(all)-32):] { // the last ones are those that were under way
				a := app.Redeem(g.request, url.Values{"code": {g.code}})
				if a.Status == http.StatusOK && app.Userinfo(a.Str("access_token")).Status == http.StatusOK {
					t.Fatal("what was granted during the sign-out is good after it")
				}
			}
		}
	})
}
