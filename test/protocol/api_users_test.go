package protocol

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"signet/internal/testenv"
)

// TestAPIAnAccountsLife: the operator finds an account by its id or its address, keeps
// it from signing in, signs it out and erases it, on all nodes within two seconds.
func TestAPIAnAccountsLife(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		e.Apply(managed)
		operator, hers := itself(t, e.App(t, robot)), behalf(t, e, e.App(t, desk), bob, "scope", "openid offline_access organizations:read", "prompt", "consent")
		id := idOf(t, e, bob)
		for _, who := range []string{id, bob.Email, "BOB@example.com"} {
			if got := operator.want(http.StatusOK, "GET", "/users/"+who, ""); got.Str("id") != id || got.Str("status") != "active" {
				t.Errorf("by %s: %s", who, got.Body)
			}
		}
		for _, who := range []string{"nobody@example.com", "nobody", "%00", "019e6f6a-6e53-7c39-9d0c-2f6f6a3b1c55"} {
			for _, c := range [][2]string{{"GET", ""}, {"DELETE", ""}, {"POST", "/disable"}, {"POST", "/enable"}, {"POST", "/sign-out"}, {"GET", "/connections"}, {"DELETE", "/connections/" + id}} {
				operator.refused(http.StatusNotFound, c[0], "/users/"+who+c[1], "")
			}
		}
		operator.refused(http.StatusNotFound, "DELETE", "/users/"+id+"/connections/"+id, "")
		if strings.Contains(e.Log(), "nobody@example.com") {
			t.Error("the log has an address that was typed")
		}

		soon := func(what string, holds func() bool) {
			t.Helper()
			within(t, 4*time.Second, what, holds)
		}
		b := e.Browser().For(t)
		got := tokens(t, b, e.App(t, desk), bob, "scope", "openid offline_access", "prompt", "consent")
		refreshed := func() bool {
			return e.App(t, desk).Refresh(got.Str("refresh_token")).Status == http.StatusOK
		}
		operator.want(http.StatusOK, "POST", "/users/"+bob.Email+"/sign-out", "")
		if signedInAs(b) || refreshed() {
			t.Error("something stays open after a sign-out everywhere")
		}
		tokens(t, b, e.App(t, desk), bob, "scope", "openid")
		if got := operator.want(http.StatusOK, "POST", "/users/"+id+"/disable", ""); got.Str("status") != "disabled" {
			t.Errorf("disabled: %s", got.Body)
		}
		soon("who is disabled is out", func() bool {
			return !signedInAs(b) && hers.call("GET", "/organizations", "").Status == http.StatusUnauthorized
		})
		if got := operator.want(http.StatusOK, "POST", "/users/"+id+"/enable", ""); got.Str("status") != "active" {
			t.Errorf("enabled: %s", got.Body)
		}
		b = e.Browser().For(t)
		tokens(t, b, e.App(t, desk), bob, "scope", "openid")

		// Others belong to what he alone owns: he stays, and nothing is changed.
		refused := operator.refused(http.StatusConflict, "DELETE", "/users/"+id, "")
		if !strings.Contains(refused.Str("detail"), "Tables & Sons") || !signedInAs(b) {
			t.Errorf("the last owner: %s", refused.Body)
		}
		operator.want(http.StatusOK, "PUT", "/organizations/tables/members/"+idOf(t, e, ada), `{"role":"owner"}`)
		operator.want(http.StatusNoContent, "DELETE", "/users/"+id, "")
		soon("who is erased is out", func() bool { return !signedInAs(b) })
		operator.refused(http.StatusNotFound, "GET", "/users/"+id, "")
		if got := operator.want(http.StatusOK, "GET", "/organizations/looms", ""); got.Str("erase_at") == "" {
			t.Errorf("what nobody else belongs to stays: %s", got.Body)
		}
		log := recorded(t, e, "account") + recorded(t, e, "organization")
		for _, want := range []string{"account.signout", "account.disable", "account.enable", "account.delete", "organization.delete", `"client_id": "robot"`} {
			if !strings.Contains(log, want) {
				t.Errorf("the audit log has no %s", want)
			}
		}
	})
}

// TestAPIAnAccountAtOnce: of many who erase it one does; who disables it and who enables
// it at the same moment are both heard, and the account is one or the other.
func TestAPIAnAccountAtOnce(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		e.Apply(managed)
		e.Apply("users:\n  - {email: eve@example.com, password: Wander-berg-31, verified: true}\n")
		operator := itself(t, e.App(t, robot))
		const callers = 20
		statuses := func(do func(i int) *testenv.Answer) map[int]int {
			var wg sync.WaitGroup
			var mu sync.Mutex
			out := map[int]int{}
			for i := range callers {
				wg.Go(func() {
					got := do(i)
					mu.Lock()
					defer mu.Unlock()
					out[got.Status]++
				})
			}
			wg.Wait()
			return out
		}
		got := statuses(func(i int) *testenv.Answer {
			return operator.call("POST", "/users/eve@example.com/"+[]string{"disable", "enable"}[i%2], "")
		})
		if got[http.StatusOK] == 0 || got[http.StatusOK]+got[http.StatusConflict] != callers {
			t.Errorf("disabled and enabled: %v", got)
		}
		if got := statuses(func(int) *testenv.Answer { return operator.call("DELETE", "/users/eve@example.com", "") }); got[http.StatusNoContent] != 1 || got[http.StatusNotFound] != callers-1 {
			t.Errorf("erased: %v", got)
		}
	})
}

// TestAPIDisconnect: the operator sees at which providers somebody signs in, and takes
// one away.
func TestAPIDisconnect(t *testing.T) {
	t.Parallel()
	p := federated(t, testenv.Embedded, hopperThere, "")
	p.Apply(managed)
	operator, app, b := itself(t, p.App(t, robot)), p.App(t, web), p.Browser().For(t)
	r := app.Request("connection", contoso)
	page := b.Get(onward(t, b.Get(p.there(t, b.Get(r.Path()), hopper))))
	page = b.Finish(b.Submit(page.Form("sign-in"), "sign-in"), ada)
	r.Answer(b.Submit(page.Form("connect"), "connect"))
	at := "/users/" + ada.Email + "/connections"
	list := operator.all(at, "10")
	if len(list) != 1 || list[0]["connection"] != contoso || list[0]["email"] != hopper.Email || list[0]["subject"] == "" {
		t.Errorf("connected: %v", list)
	}
	operator.refused(http.StatusNotFound, "DELETE", "/users/"+bob.Email+"/connections/"+contoso, "")
	operator.want(http.StatusNoContent, "DELETE", at+"/"+contoso, "")
	operator.refused(http.StatusNotFound, "DELETE", at+"/"+contoso, "")
	if list := operator.all(at, "10"); len(list) != 0 {
		t.Errorf("disconnected: %v", list)
	}
	if !strings.Contains(recorded(t, p.Env, "account"), "account.disconnect") {
		t.Error("the audit log does not have it")
	}
}
