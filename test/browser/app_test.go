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

	"signet/internal/mail/mailtest"
	"signet/internal/testenv"
)

// house is a provider with two apps of the test's own: Orchard is a guest, whom
// people must allow what it asks for, and Kitchen is of the house.
type house struct {
	*testenv.Env
	orchard, kitchen *testenv.App
	apps             *answers
}

const declaration = `
clients:
  - id: orchard
    name: Orchard
    client_uri: %[1]s/
    redirect_uris: ["%[1]s/callback"]
    scopes: [openid, profile, email]
  - id: kitchen
    name: Kitchen
    redirect_uris: ["%[1]s/callback"]
    scopes: [openid, profile, email]
    trusted: true
users:
`

// startHouse boots the provider with a person for each way.
func startHouse(t *testing.T) *house {
	t.Helper()
	return startHouseWith(t, nil)
}

// startPostingHouse is startHouse with a mail server, which is returned, too.
func startPostingHouse(t *testing.T) (*house, *mailtest.Server) {
	t.Helper()
	server := mailtest.Start(t, mailtest.Options{})
	return startHouseWith(t, map[string]string{"SIGNET_SMTP_URL": server.URL(), "SIGNET_SMTP_FROM": "House <no-reply@id.example>"}), server
}

// startHouseWith is startHouse with settings.
func startHouseWith(t *testing.T, env map[string]string) *house {
	t.Helper()
	apps := startApps(t)
	var text strings.Builder
	fmt.Fprintf(&text, declaration, apps.url)
	for _, w := range ways {
		fmt.Fprintf(&text, "  - {email: %s, password: %s, verified: true, given_name: Robin, family_name: Walker}\n", w.email, password)
	}
	h := &house{Env: testenv.Start(t, testenv.Options{Env: env, Declare: text.String()}), apps: apps}
	callback := apps.url + "/callback"
	h.orchard = h.App(t, testenv.App{ID: "orchard", Redirect: callback, Scope: "openid profile email"})
	h.kitchen = h.App(t, testenv.App{ID: "kitchen", Redirect: callback, Scope: "openid profile email"})
	return h
}

// answers is the server of the apps: it shows a page where an answer arrives,
// and keeps what the answer was.
type answers struct {
	url string

	mu   sync.Mutex
	told map[string]url.Values // by state
}

var answerPage = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en"><head><title>The app</title><link rel="icon" href="data:,"><meta name="viewport" content="width=device-width"></head>
<body><main><h1>The app</h1><p id="answer">{{.}}</p></main></body></html>
`))

func startApps(t *testing.T) *answers {
	t.Helper()
	a := &answers{told: map[string]url.Values{}}
	s := httptest.NewServer(a)
	t.Cleanup(s.Close)
	a.url = strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	return a
}

// ServeHTTP implements http.Handler.
func (a *answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Form.Set("method", r.Method)
	a.mu.Lock()
	a.told[r.Form.Get("state")] = r.Form
	a.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if err := answerPage.Execute(w, r.Method+" "+r.Form.Get("error")); err != nil {
		panic(http.ErrAbortHandler) // the browser has gone
	}
}

// to is what the app was told to its request, nil when nothing yet.
func (a *answers) to(r *testenv.Request) url.Values {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.told[r.Get("state")]
}

// granted waits until the tab is back at the app, which got a code.
func (h *house) granted(tab *Tab, r *testenv.Request) {
	tab.t.Helper()
	tab.See(r.Get("redirect_uri"), Look{Lang: "en", Has: "#answer"})
	if told := h.apps.to(r); told.Get("code") == "" || told.Get("iss") != h.Issuer {
		tab.t.Errorf("the app was told %v, want a code from %s", told, h.Issuer)
	}
}

// silently sends the tab with the request, and expects that the person saw
// nothing on the way to the app.
func (h *house) silently(tab *Tab, r *testenv.Request) {
	tab.t.Helper()
	before := len(tab.Visited())
	tab.Open(r.Path())
	h.granted(tab, r)
	if shown := tab.Visited()[before:]; len(shown) != 1 {
		tab.t.Errorf("on the way the person saw %v, want the app alone", shown)
	}
}
