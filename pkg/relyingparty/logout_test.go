package relyingparty

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"signet/pkg/relyingparty/rptest"
)

func TestLogoutEverywhere(t *testing.T) {
	a := startApp(t, nil)
	b := a.browser()
	b.get("/private/")
	r := b.send(http.MethodPost, "/logout")
	if r.Request.URL.Path != "/bye" {
		t.Errorf("ended at %s: %s", r.Request.URL, r.body)
	}
	seen := a.provider.Seen()
	if seen.EndSessions != 1 || seen.Revocations != 1 || seen.EndSession.Get("id_token_hint") == "" || seen.EndSession.Get("client_id") != "web" {
		t.Errorf("the provider saw %+v", seen)
	}
	if len(b.cookies()) != 0 || b.whoAt("/").SignedIn {
		t.Error("still signed in")
	}
}

func TestLogoutHere(t *testing.T) {
	a := startApp(t, nil)
	b := a.browser()
	b.get("/private/")
	copied := b.cookies()
	if r := b.send(http.MethodPost, "/logout/local"); r.Request.URL.Path != "/" {
		t.Errorf("ended at %s", r.Request.URL)
	}
	if b.whoAt("/").SignedIn || a.provider.Seen().EndSessions != 0 {
		t.Error("not signed out here, or signed out there")
	}
	// A copy of the cookie is worth nothing on this node, and nothing anywhere
	// once its access token has ended.
	thief := a.browser()
	thief.Jar.SetCookies(mustURL(t, a.url), copied)
	if thief.whoAt("/").SignedIn {
		t.Error("a copied cookie works after sign-out")
	}
	thief.Jar.SetCookies(mustURL(t, a.url), copied)
	a.rp.refresher, a.rp.config.SignOuts = newRefresher(), newMemory(a.rp.now) // another node
	a.forward(time.Hour)
	if thief.whoAt("/").SignedIn {
		t.Error("a copied cookie could be refreshed after sign-out")
	}
}

// A refresh under way while the person signs out does not bring the session
// back.
func TestLogoutDuringRefresh(t *testing.T) {
	var entered, leave = make(chan struct{}), make(chan struct{})
	hold := false
	a := startApp(t, func(c *Config) {
		c.HTTPClient = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if hold && r.URL.Path == "/token" {
				close(entered)
				<-leave
			}
			return http.DefaultTransport.RoundTrip(r)
		})}
	})
	b, tab := a.browser(), a.browser()
	b.get("/private/")
	tab.Jar.SetCookies(mustURL(t, a.url), b.cookies())
	a.forward(time.Hour)
	hold = true
	refreshed := make(chan who, 1)
	go func() { refreshed <- tab.whoAt("/") }()
	<-entered
	b.send(http.MethodPost, "/logout/local")
	close(leave)
	if w := <-refreshed; w.SignedIn || len(tab.cookies()) != 0 {
		t.Errorf("signed in again as %+v", w)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestLogoutWithoutSession(t *testing.T) {
	a := startApp(t, nil)
	b := a.browser()
	if r := b.send(http.MethodPost, "/logout"); r.Request.URL.Path != "/bye" || a.provider.Seen().EndSession.Has("id_token_hint") {
		t.Errorf("ended at %s", r.Request.URL)
	}
	a.provider.Change(func(p *rptest.Provider) {
		p.TamperMetadata = func(m map[string]any) { delete(m, "end_session_endpoint") }
	})
	other, err := New(t.Context(), a.rp.config)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	other.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/logout", nil))
	if to := w.Header().Get("Location"); to != a.url+"/bye" {
		t.Errorf("without an end_session endpoint: %s", to)
	}
}

func TestLogoutIsAPostOfThisSite(t *testing.T) {
	a := startApp(t, nil)
	b := a.browser()
	b.get("/private/")
	if r := b.step().send(http.MethodPost, "/logout", "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"); r.StatusCode != http.StatusForbidden {
		t.Errorf("another site signed the person out: %d", r.StatusCode)
	}
	b.get("/logout")
	if !b.step().whoAt("/private/").SignedIn {
		t.Error("a GET signed the person out")
	}
}
