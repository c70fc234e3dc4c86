package browser

import (
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"signet/internal/testenv"
)

// corner is a server of apps that watch the session and are told when it ends.
type corner struct {
	url, issuer string

	mu     sync.Mutex
	told   []string              // addresses at which it was told of sign-outs
	answer map[string]url.Values // that came to the callback, by state
}

// cornerPage asks the provider's frame about the session, and shows what that
// says (Session Management 1.0 §3.1).
var cornerPage = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en"><head><title>A corner</title><link rel="icon" href="data:,"><meta name="viewport" content="width=device-width"></head>
<body><main><h1>A corner</h1><p id="answer"></p>
{{if .Frame}}<iframe id="op" src="{{.Frame}}" hidden></iframe>
<script>
window.addEventListener('message', function (e) {
  if (e.origin === {{.Issuer}}) document.getElementById('answer').textContent = e.data;
});
document.getElementById('op').onload = function () { this.contentWindow.postMessage({{.Message}}, {{.Issuer}}); };
</script>{{end}}</main></body></html>
`))

func startCorner(t *testing.T) *corner {
	t.Helper()
	c := &corner{answer: map[string]url.Values{}}
	s := httptest.NewServer(c.handler())
	t.Cleanup(s.Close)
	c.url = strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	return c
}

func (c *corner) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		c.answer[r.URL.Query().Get("state")] = r.URL.Query()
		c.mu.Unlock()
		c.page(w, "")
	})
	mux.HandleFunc("GET /watch", func(w http.ResponseWriter, r *http.Request) { c.page(w, r.URL.Query().Get("message")) })
	mux.HandleFunc("GET /bye", func(w http.ResponseWriter, _ *http.Request) { c.page(w, "") })
	mux.HandleFunc("GET /out", func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		c.told = append(c.told, r.URL.RequestURI())
		c.mu.Unlock()
		if r.URL.Query().Has("hang") {
			<-r.Context().Done()
			return
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!doctype html><title>Out</title>")
	})
	return mux
}

func (c *corner) page(w http.ResponseWriter, message string) {
	data := struct{ Frame, Issuer, Message string }{"", c.issuer, message}
	if message != "" {
		data.Frame = c.issuer + "/check_session"
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := cornerPage.Execute(w, data); err != nil {
		panic(http.ErrAbortHandler) // the browser has gone
	}
}

// declare makes two apps at the corner; hang is a query of where the second is
// told.
func (c *corner) declare(h *house, hang string) {
	c.issuer = h.Issuer
	text := "clients:\n"
	for _, id := range []string{"shed", "attic"} {
		query := ""
		if id == "attic" {
			query = hang
		}
		text += fmt.Sprintf("  - {id: %s, redirect_uris: [%q], post_logout_redirect_uris: [%q], frontchannel_logout_uri: %q, frontchannel_logout_session_required: true, trusted: true}\n",
			id, c.url+"/callback", c.url+"/bye", c.url+"/out?app="+id+query)
	}
	h.Apply(text)
}

// open signs the tab in to the app, which the person may be already, and returns
// what the app was told.
func (c *corner) open(t *testing.T, h *house, tab *Tab, id string, who *testenv.Person, pairs ...string) (*testenv.App, url.Values, *testenv.Answer) {
	t.Helper()
	app := h.App(t, testenv.App{ID: id, Redirect: c.url + "/callback", Scope: "openid email"})
	r := app.Request(pairs...)
	tab.Open(r.Path())
	if who != nil {
		tab.signIn(h.Issuer, *who)
	}
	tab.Arrive(c.url + "/callback?")
	c.mu.Lock()
	answer := c.answer[r.Get("state")]
	c.mu.Unlock()
	if answer.Get("code") == "" {
		return app, answer, nil
	}
	return app, answer, app.Redeem(r, answer)
}

// TestCheckSessionInABrowser: an app that frames the provider's page learns that
// the person signed out, and is told of what it asks wrongly (Session Management
// 1.0 §3.2).
func TestCheckSessionInABrowser(t *testing.T) {
	h, c := startHouse(t), startCorner(t)
	c.declare(h, "")
	eachWay(t, func(t *testing.T, w way) {
		if !w.script {
			return // nobody can ask
		}
		who := w.person()
		tab := newVisitor(t, w).NewTab()
		says := func(message, want string) {
			t.Helper()
			tab.Open(c.url + "/watch?" + url.Values{"message": {message}}.Encode())
			tab.until("the frame says "+want, func() bool { return tab.Text("#answer") != "" })
			if got := tab.Text("#answer"); got != want {
				t.Errorf("%q: %s, want %s", message, got, want)
			}
		}
		says("shed x.y", "error") // the browser has no state yet
		_, answer, _ := c.open(t, h, tab, "shed", &who)
		state := answer.Get("session_state")
		says("shed "+state, "unchanged")
		says("attic "+state, "changed") // of another app
		says("shed "+state+"x", "changed")
		for _, bad := range []string{"shed", "shed ", "shed " + strings.ReplaceAll(state, ".", ""), "shed " + state + " x", "shed ."} {
			says(bad, "error")
		}
		_, answer, _ = c.open(t, h, tab, "shed", nil, "prompt", "none")
		if answer.Get("session_state") == "" || answer.Get("session_state") == state {
			t.Errorf("the state in silence is %q", answer.Get("session_state"))
		}
		says("shed "+answer.Get("session_state"), "unchanged")

		tab.Open(h.Issuer + "/end_session")
		tab.See(h.Issuer+"/signout?", Look{Has: "#stay"})
		tab.Follow("#submit")
		tab.Arrive(h.Issuer + "/signed-out")
		says("shed "+state, "changed")
		if _, answer, _ = c.open(t, h, tab, "shed", nil, "prompt", "none"); answer.Get("error") != "login_required" {
			t.Errorf("asked in silence after the sign-out, the provider says %v", answer)
		}
		_, answer, _ = c.open(t, h, tab, "shed", &who)
		says("shed "+state, "changed")
		says("shed "+answer.Get("session_state"), "unchanged")
	})
}

// times is how often the app was told of the end of the session.
func (c *corner) times(app, issuer, sid string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, address := range c.told {
		if u, err := url.Parse(address); err == nil && u.Query().Get("app") == app && u.Query().Get("iss") == issuer && u.Query().Get("sid") == sid {
			n++
		}
	}
	return n
}

// TestFarewellInABrowser: at a sign-out the browser loads a page of each app, and
// then goes to where the app wants it, with scripts and without; with them, although
// one of the apps never answers (Front-Channel Logout 1.0 §4).
func TestFarewellInABrowser(t *testing.T) {
	for name, hang := range map[string]string{"all answer": "", "one hangs": "&hang=1"} {
		t.Run(name, func(t *testing.T) {
			h, c := startHouse(t), startCorner(t)
			c.declare(h, hang)
			eachWay(t, func(t *testing.T, w way) {
				if hang != "" && !w.script {
					return // the page has a link
				}
				who := w.person()
				tab := newVisitor(t, w).NewTab()
				c.open(t, h, tab, "attic", &who)
				app, _, tokens := c.open(t, h, tab, "shed", nil)
				hint := tokens.Str("id_token")
				tab.Open(h.Issuer + "/end_session?" + url.Values{
					"id_token_hint": {hint}, "post_logout_redirect_uri": {c.url + "/bye"}, "state": {"a b"},
				}.Encode())
				tab.Arrive(c.url + "/bye?state=a+b")
				sid, _ := app.IDToken(hint, "")["sid"].(string)
				if shed, attic := c.times("shed", h.Issuer, sid), c.times("attic", h.Issuer, sid); shed != 1 || attic != 1 {
					t.Errorf("the apps were told %d and %d times: %q", shed, attic, c.told)
				}
			})
		})
	}
}

// TestSignedOutTellsApps: where the sign-out leads nowhere else, the page stays,
// and the apps are told unseen.
func TestSignedOutTellsApps(t *testing.T) {
	h, c := startHouse(t), startCorner(t)
	c.declare(h, "")
	eachWay(t, func(t *testing.T, w way) {
		who := w.person()
		tab := newVisitor(t, w).NewTab()
		app, _, tokens := c.open(t, h, tab, "shed", &who)
		tab.Open(h.Issuer + "/end_session")
		tab.See(h.Issuer+"/signout?", Look{Has: "#stay"})
		tab.Follow("#submit")
		tab.See(h.Issuer+"/signed-out?", Look{Has: "iframe[hidden]"})
		sid, _ := app.IDToken(tokens.Str("id_token"), "")["sid"].(string)
		tab.until("the app is told", func() bool { return c.times("shed", h.Issuer, sid) > 0 })
	})
}
