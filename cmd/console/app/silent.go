package app

import (
	"net/http"
	"strings"
	"time"
)

// A visitor of the start page is asked after at the provider once, without a
// question (prompt=none): who signed in to another app of the house is signed
// in here too, whichever way they came. Whoever is nobody yet sees the landing
// page, after one round trip that they do not notice.

// askedFor is how long the answer "nobody" holds, so that the visitor who comes
// back from the provider is not sent there again.
const askedFor = time.Minute

// askedCookie remembers that the provider was asked. It carries the app's name,
// because the demo's apps share a host.
func (a *app) askedCookie() string { return a.config.ClientID + "_asked" }

// asks reports whether to ask the provider about this visitor.
func (a *app) asks(r *http.Request) bool {
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		return false
	}
	_, err := r.Cookie(a.askedCookie())
	return err != nil
}

// ask sends the visitor to the provider and back.
func (a *app) ask(w http.ResponseWriter, r *http.Request) {
	a.remember(w, askedFor)
	http.Redirect(w, r, "/login?prompt=none&return_to=%2F", http.StatusFound)
}

// remember keeps the app from asking for so long; 0: until the browser closes.
func (a *app) remember(w http.ResponseWriter, life time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: a.askedCookie(), Value: "1", Path: "/", MaxAge: int(life / time.Second), HttpOnly: true,
		Secure: strings.HasPrefix(a.config.BaseURL, "https:"), SameSite: http.SameSiteLaxMode,
	})
}

// stayOut is for whoever signs out of this app alone: asking would sign them in
// again at the next page.
func (a *app) stayOut(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/logout/local" {
			a.remember(w, 0)
		}
		next.ServeHTTP(w, r)
	})
}
