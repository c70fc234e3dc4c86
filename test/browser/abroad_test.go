package browser

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"signet/internal/testenv"
	"signet/pkg/relyingparty"
)

// abroad serves the handler over https as the host, which is on another site than
// the house: browsers send cookies into frames of it only if these say so.
func abroad(t *testing.T, host string, h http.Handler) (address string) {
	t.Helper()
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	return strings.Replace(s.URL, "127.0.0.1", host, 1)
}

// startSecureHouse is a house that is reached over https, with somebody for each
// way.
func startSecureHouse(t *testing.T) *house {
	t.Helper()
	text := "users:\n"
	for _, w := range ways {
		text += fmt.Sprintf("  - {email: %s, password: %s, verified: true}\n", w.email, password)
	}
	return &house{Env: testenv.Start(t, testenv.Options{TLS: true, Declare: text})}
}

// trusting calls the house.
func trusting(t *testing.T, h *house) *http.Client {
	t.Helper()
	text, err := os.ReadFile(h.Authority)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// startShop is an app made of pkg/relyingparty on a site of its own, which is told
// of sign-outs in the browser alone.
func startShop(t *testing.T, h *house) (address string) {
	t.Helper()
	mux := http.NewServeMux()
	address = abroad(t, "shop.test", mux)
	h.Apply(fmt.Sprintf("clients:\n  - {id: shop, secret: secret-of-shop, redirect_uris: [%q], post_logout_redirect_uris: [%q], scopes: [openid, email], trusted: true,\n"+
		"     frontchannel_logout_uri: %q, frontchannel_logout_session_required: true}\n", address+"/callback", address+"/", address+"/logout/frontchannel"))
	rp, err := relyingparty.New(t.Context(), relyingparty.Config{
		Issuer: h.Issuer, ClientID: "shop", ClientSecret: "secret-of-shop", RedirectURL: address + "/callback", PostLogoutURL: address + "/",
		CookieKey: []byte("a key of thirty-two bytes for it"), Scopes: []string{"openid", "email"}, HTTPClient: trusting(t, h),
	})
	if err != nil {
		t.Fatal(err)
	}
	rp.Routes(mux)
	mux.Handle("GET /{$}", rp.Load(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := "nobody"
		if u := relyingparty.UserFrom(r.Context()); u != nil {
			who = u.Email
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!doctype html><html lang=en><title>Shop</title><link rel=icon href='data:,'><main><h1>Shop</h1><p id=who>%s</p></main>", html.EscapeString(who))
	})))
	return address
}

// TestAppsAbroad: apps on sites of their own, reached over https as the house is. The
// page that they frame sees the browser's state, and the frame in which they are told
// of a sign-out ends their session, with scripts and without (Session Management 1.0
// §3.2, Front-Channel Logout 1.0 §2).
func TestAppsAbroad(t *testing.T) {
	h := startSecureHouse(t)
	c := &corner{answer: map[string]url.Values{}}
	c.url = abroad(t, "corner.test", c.handler())
	c.declare(h, "")
	shop := startShop(t, h)
	eachWay(t, func(t *testing.T, w way) { walkAbroad(t, h, c, shop, w) })
}

func walkAbroad(t *testing.T, h *house, c *corner, shop string, w way) {
	who := w.person()
	tab := newVisitor(t, w).NewTab()
	tab.Open(shop + "/login")
	tab.signIn(h.Issuer, who)
	tab.Arrive(shop + "/")
	wantWho := func(when, want string) {
		t.Helper()
		tab.Open(shop + "/")
		if got := tab.Text("#who"); got != want {
			t.Errorf("%s the shop sees %s, want %s", when, got, want)
		}
	}
	wantWho("signed in,", who.Email)
	_, answer, tokens := c.open(t, h, tab, "shed", nil)
	says := func(when, want string) {
		t.Helper()
		if !w.script {
			return // nobody can ask
		}
		tab.Open(c.url + "/watch?" + url.Values{"message": {"shed " + answer.Get("session_state")}}.Encode())
		tab.until("the frame answers", func() bool { return tab.Text("#answer") != "" })
		if got := tab.Text("#answer"); got != want {
			t.Errorf("%s the frame says %s, want %s", when, got, want)
		}
	}
	says("signed in,", "unchanged")
	// The browser goes on when each app's page is loaded.
	tab.Open(h.Issuer + "/end_session?" + url.Values{"id_token_hint": {tokens.Str("id_token")}, "post_logout_redirect_uri": {c.url + "/bye"}}.Encode())
	tab.Arrive(c.url + "/bye")
	wantWho("signed out at the house,", "nobody")
	says("signed out,", "changed")
}
