package app

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jba/templatecheck"
	"golang.org/x/net/html"

	"signet/pkg/relyingparty/rptest"
)

// visit is a browser at a running flavor.
type visit struct {
	*http.Client
	t        *testing.T
	url      string
	provider *rptest.Provider
}

func open(t *testing.T, flavor string) *visit {
	t.Helper()
	return openWith(t, flavor, nil)
}

func openWith(t *testing.T, flavor string, change func(*Config)) *visit {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	provider := rptest.New(t, rptest.Client{
		ID: flavor, Secret: "secret", RedirectURIs: []string{server.URL + "/callback"}, PostLogoutURIs: []string{server.URL + "/"},
	})
	config := Config{
		Flavor: flavor, BaseURL: server.URL, Issuer: provider.Issuer, ClientID: flavor, ClientSecret: "secret",
		CookieKey: make([]byte, 32), Sibling: Link{"The other app", "http://other.example/"},
		Logger: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&config)
	}
	handler, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/", handler)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visit{&http.Client{Jar: jar}, t, server.URL, provider}
}

func (v *visit) send(method, path string) (*http.Response, string) {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), method, v.url+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	resp, err := v.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return resp, string(body)
}

// nobody makes the provider know no one until the returned function is called.
func (v *visit) nobody() (signIn func()) {
	v.provider.Change(func(p *rptest.Provider) { p.Deny = "login_required" })
	return func() { v.provider.Change(func(p *rptest.Provider) { p.Deny = "" }) }
}

// page opens a path and checks what every page must keep to.
func (v *visit) page(path string, status int, wants ...string) string {
	v.t.Helper()
	resp, body := v.send(http.MethodGet, path)
	if resp.StatusCode != status {
		v.t.Errorf("%s: status %d, not %d", path, resp.StatusCode, status)
	}
	for _, want := range wants {
		if !strings.Contains(body, want) {
			v.t.Errorf("%s does not show %q:\n%s", path, want, body)
		}
	}
	if p := resp.Header.Get("Content-Security-Policy"); !strings.HasPrefix(p, "default-src 'none'; style-src 'self'") || strings.Contains(p, "unsafe") {
		v.t.Errorf("%s: policy %q", path, p)
	}
	if err := lint(body); err != nil {
		v.t.Errorf("%s: %v", path, err)
	}
	return body
}

// lint finds what the content security policy blocks, and what a screen reader
// would stumble over.
func lint(page string) error {
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return err
	}
	var faults []error
	labels, headings := map[string]bool{}, 0
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == "label" {
			labels[attr(n, "for")] = true
		}
		if n.Type == html.ElementNode && n.Data == "h1" {
			headings++
		}
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				faults = append(faults, fmt.Errorf("<%s %s> is inline", n.Data, a.Key))
			}
		}
		switch n.Data {
		case "script", "style":
			faults = append(faults, fmt.Errorf("<%s> is inline", n.Data))
		case "img":
			if !slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "alt" }) {
				faults = append(faults, fmt.Errorf("img %s has no alt", attr(n, "src")))
			}
		case "input", "select":
			if attr(n, "type") != "hidden" && !labels[attr(n, "id")] {
				faults = append(faults, fmt.Errorf("%s %s has no label", n.Data, attr(n, "name")))
			}
		case "html":
			if attr(n, "lang") == "" {
				faults = append(faults, errors.New("no language"))
			}
		}
	}
	if headings != 1 {
		faults = append(faults, fmt.Errorf("%d h1", headings))
	}
	return errors.Join(faults...)
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func TestConsole(t *testing.T) {
	v := open(t, Console)
	signIn := v.nobody()
	v.page("/", 200, "Every meeting room, at a glance", `href="/login"`, "Sign in with Signet")
	signIn()
	v.page("/devices/menabrea-bar", 200, "Menabrea bar", "Nothing heard since the power cut", "Ada Lovelace", `href="http://other.example/login?prompt=none"`, "Open The other app")
	v.page("/", 200, "16 devices", "Faraday hub", "Hamilton door")
	if body := v.page("/?q=berlin+hub&status=attention", 200, "Zuse hub"); strings.Contains(body, "Noether hub") {
		t.Error("the list is not narrowed")
	}
	v.page("/?q=%3Cscript%3E", 200, "No device fits", "&lt;script&gt;")
	v.page("/devices/none", 404, "This page does not exist")
	v.page("/pictures/window", 404)
	me := v.page("/me", 200, v.provider.Issuer, "ada@example.com", "What the ID token says", "What userinfo adds", "silent trip", "session-1", "Proved who you are", "Access token ends", "in 10 minutes")
	if token := v.provider.Seen().Authorize.Get("code_challenge"); token == "" || strings.Contains(me, "eyJ") {
		t.Error("the page shows a token as it is")
	}
}

func TestFrames(t *testing.T) {
	v := open(t, Frames)
	signIn := v.nobody()
	v.page("/", 200, "The family wall")
	signIn()
	v.page("/pictures/window", 200, "She has found her place", "2 of 9")
	v.page("/", 200, "Good to see you, Ada", "Out before breakfast", "Open The other app")
	v.page("/me", 200, "in 10 minutes")
	v.page("/pictures/none", 404)
	v.page("/devices/faraday-hub", 404)
}

func TestWhoIsSignedInElsewhereIsSignedInHere(t *testing.T) {
	v := open(t, Frames)
	v.page("/", 200, "Good to see you, Ada")
	if got := v.provider.Seen().Authorize.Get("prompt"); got != "none" {
		t.Errorf("the provider was asked with prompt=%q", got)
	}
	v.send(http.MethodPost, "/logout/local")
	v.page("/", 200, "The family wall") // and stays out
	v.page("/", 200, "The family wall")
}

func TestSignOut(t *testing.T) {
	v := open(t, Console)
	v.page("/me", 200)
	v.send(http.MethodPost, "/logout/local")
	v.page("/", 200, "Sign in with Signet")
	if v.provider.Seen().EndSessions != 0 {
		t.Error("signing out here told the provider")
	}
	v.page("/me", 200, "Ada Lovelace")
	resp, body := v.send(http.MethodPost, "/logout")
	if resp.Request.URL.String() != v.url+"/" || !strings.Contains(body, "Sign in with Signet") || v.provider.Seen().EndSessions != 1 {
		t.Errorf("ended at %s", resp.Request.URL)
	}
	if p := resp.Header.Get("Content-Security-Policy"); !strings.Contains(p, "form-action 'self' "+v.provider.Issuer+";") {
		t.Errorf("browsers would stop the form's redirect to the provider: %s", p)
	}
}

func TestSignInRefused(t *testing.T) {
	v := open(t, Frames)
	v.provider.Change(func(p *rptest.Provider) { p.Deny = "access_denied" })
	v.page("/me", 403, "You are not signed in", "Try again", "access_denied", `href="/login?return_to=%2Fme"`)
	v.provider.Close()
	w := open(t, Console)
	w.provider.Close()
	w.page("/me", 503, "cannot be reached", "Try again")
	w.page("/", 200, "Sign in with Signet")
}

// A person about whom little is known still has a page.
func TestSparseClaims(t *testing.T) {
	v := open(t, Console)
	v.provider.Change(func(p *rptest.Provider) {
		p.User = map[string]any{"sub": "x1", "groups": []any{"a", map[string]any{"b": 1}}, "urn:x": nil}
	})
	v.page("/me", 200, "No name given", "groups", "A claim that this provider adds.", "a, {&#34;b&#34;:1}")
}

func TestAssets(t *testing.T) {
	for _, flavor := range []string{Console, Frames} {
		v := open(t, flavor)
		_, css := v.send(http.MethodGet, "/assets/app.css")
		if strings.Contains(css, "://") || !strings.Contains(css, "light-dark(") {
			t.Errorf("%s: the style sheet leads elsewhere, or knows no dark", flavor)
		}
		resp, icon := v.send(http.MethodGet, "/favicon.svg")
		if resp.Header.Get("Content-Type") != "image/svg+xml" || wellFormed(icon) != nil {
			t.Errorf("%s: favicon %v", flavor, wellFormed(icon))
		}
		if resp, body := v.send(http.MethodGet, "/healthz"); resp.StatusCode != http.StatusOK || body != "ok\n" {
			t.Errorf("%s: healthz %d", flavor, resp.StatusCode)
		}
	}
}

func TestPictures(t *testing.T) {
	v := open(t, Frames)
	for _, p := range pictures {
		resp, svg := v.send(http.MethodGet, p.File())
		if resp.StatusCode != http.StatusOK || wellFormed(svg) != nil || strings.Contains(svg, "style=") || strings.Contains(svg, "%!") {
			t.Errorf("%s: %d %v", p.ID, resp.StatusCode, wellFormed(svg))
		}
		if string(p.svg()) != svg {
			t.Errorf("%s differs each time", p.ID)
		}
	}
	if resp, _ := v.send(http.MethodGet, "/assets/pictures/none.svg"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("a picture that does not exist: %d", resp.StatusCode)
	}
}

func wellFormed(text string) error {
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// Each template fits its data, on every path through it.
func TestTemplates(t *testing.T) {
	all, err := parseViews()
	if err != nil {
		t.Fatal(err)
	}
	data := map[string]any{
		"landing": landingPage{}, "devices": devicesPage{}, "device": devicePage{}, "wall": wallPage{},
		"picture": picturePage{}, "me": mePage{}, "organization": organizationPage{}, "problem": problemPage{},
	}
	for name, view := range all {
		if err := templatecheck.CheckHTML(view, data[name]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(all) != len(data) {
		t.Errorf("%d templates, %d kinds of data", len(all), len(data))
	}
}

func TestNewReportsFaults(t *testing.T) {
	if _, err := New(Config{Flavor: "shop"}); err == nil || !strings.Contains(err.Error(), `"shop"`) {
		t.Errorf("flavor: %v", err)
	}
	_, err := New(Config{Flavor: Console, BaseURL: "localhost:8081"})
	for _, want := range []string{"Issuer", "ClientID", "RedirectURL", "CookieKey"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not mentioned: %v", want, err)
		}
	}
}

func TestWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "just now", 59 * time.Second: "just now", time.Minute: "1 minute ago", 59 * time.Minute: "59 minutes ago",
		time.Hour: "1 hour ago", 47 * time.Hour: "47 hours ago", 48 * time.Hour: "2 days ago",
	} {
		if got := ago(d); got != want {
			t.Errorf("%v is %q, not %q", d, got, want)
		}
	}
	for name, want := range map[string]string{"Ada Lovelace": "AL", "ada": "A", "Johann Sebastian Bach": "JB", "李 明": "李明", "": ""} {
		if got := initials(name); got != want {
			t.Errorf("%q has initials %q, not %q", name, got, want)
		}
	}
}
