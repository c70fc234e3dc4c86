package fault

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"signet/internal/testenv"
)

// told is an app's server that is told of sign-outs. While it is held it takes no
// notice, and lets whoever brings one wait.
type told struct {
	t    *testing.T
	came chan struct{} // somebody waits

	mu   sync.Mutex
	held chan struct{} // closed: not held
	sids map[string]int
}

func tell(t *testing.T) (*told, string) {
	t.Helper()
	a := &told{t: t, came: make(chan struct{}, 1), sids: map[string]int{}}
	s := httptest.NewServer(a)
	t.Cleanup(s.Close)
	t.Cleanup(a.hold()) // before the server waits for those who wait
	return a, s.URL + "/logout"
}

// hold lets all notices wait until release is called.
func (a *told) hold() (release func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	held := make(chan struct{})
	a.held = held
	return sync.OnceFunc(func() { close(held) })
}

// ServeHTTP takes a notice (Back-Channel Logout 1.0 §2.5). One whose sender died
// was not taken.
func (a *told) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sid, _ := claims(a.t, r.PostFormValue("logout_token"))["sid"].(string)
	a.mu.Lock()
	held := a.held
	a.mu.Unlock()
	select {
	case a.came <- struct{}{}:
	default:
	}
	select {
	case <-held:
	case <-r.Context().Done():
		return
	}
	a.mu.Lock()
	a.sids[sid]++
	a.mu.Unlock()
}

// missing are those of the sessions of which nothing was told yet.
func (a *told) missing(sids []string) (left []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, sid := range sids {
		if a.sids[sid] == 0 {
			left = append(left, sid)
		}
	}
	return left
}

// killedWhileTelling: all nodes are killed while they tell an app of sign-outs and
// others sign out. Of everybody who was told that they are signed out the app
// learns, though those who knew are dead. What a dead node had taken in hand is
// another's after a minute, for which all backends wait together.
func killedWhileTelling(t *testing.T, program string) {
	t.Parallel()
	apps, ended := map[testenv.Backend]*told{}, map[testenv.Backend][]string{}
	for backend, nodes := range map[testenv.Backend]int{testenv.Embedded: 1, testenv.Postgres: 2, testenv.Full: 2} {
		app, address := tell(t)
		e := testenv.Start(t, testenv.Options{
			Backend: backend, Nodes: nodes, Program: program, Declare: strings.Replace(declared, "    trusted: true\n", "    trusted: true\n    backchannel_logout_uri: "+address+"\n", 1),
			Env: map[string]string{"SIGNET_LIMITS_EXEMPT": "127.0.0.0/8,::1/128", "SIGNET_OUTBOUND_ALLOW_PRIVATE": "true"},
		})
		apps[backend] = app
		for range 3 {
			ended[backend] = append(ended[backend], killedInRound(t, e, app)...)
		}
	}
	end := time.Now().Add(4 * time.Minute)
	for backend, app := range apps {
		for left := app.missing(ended[backend]); len(left) > 0; left = app.missing(ended[backend]) {
			if time.Now().After(end) {
				t.Errorf("%s: of %d sign-outs the app was not told of %d", backend, len(ended[backend]), len(left))
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
}

// killedInRound lets people sign out, kills all nodes while the app is told of it,
// starts them again, and returns the sessions that ended.
func killedInRound(t *testing.T, e *testenv.Env, app *told) (sids []string) {
	t.Helper()
	release := app.hold()
	defer release()
	var out sync.WaitGroup
	for range 6 {
		b, a := e.Browser().For(t), e.App(t, shop)
		r := a.Request()
		hint := a.Redeem(r, b.SignIn(r, ada)).Str("id_token")
		sids = append(sids, claims(t, hint)["sid"].(string))
		leave := "/end_session?" + url.Values{"id_token_hint": {hint}}.Encode()
		out.Go(func() {
			if p := insist(t, ada.Email, func() *testenv.Page { return b.Get(leave) }); p.Status != http.StatusOK {
				t.Errorf("signed out at %s with status %d", p.URL, p.Status)
			}
		})
	}
	select {
	case <-app.came:
	case <-time.After(time.Minute):
		t.Fatal("the app is told of nothing")
	}
	for node := range e.Nodes {
		e.Kill(node)
	}
	for node := range e.Nodes {
		e.Restart(node)
	}
	out.Wait()
	return sids
}
