package app

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"strings"
	"time"

	"signet/pkg/relyingparty"
)

//go:embed templates static
var files embed.FS

// views holds each page's parsed template, by file name without ending.
type views map[string]*template.Template

// frame is what every page shows around its content; each page's data embeds it.
type frame struct {
	flavor
	Title   string
	Here    string // the path of this page, for the navigation
	User    *relyingparty.User
	Sibling Link // the other app's name, and where its silent sign-in begins
	Issuer  string
	Login   string // where signing in begins, and returns to Here
	Begin   string // the same, without where to return to
	Logout  string
	Switch  string // where another organization is chosen; "": there are none
	Style   string // the style sheet's address, which changes with its content
}

// parseViews parses every page with the layout, and fails on the first that is
// broken, so a broken page is found at start.
func parseViews() (views, error) {
	pages, err := files.ReadDir("templates")
	if err != nil {
		return nil, err
	}
	all := views{}
	for _, entry := range pages {
		name := strings.TrimSuffix(entry.Name(), ".html")
		if name == "layout" {
			continue
		}
		t, err := template.New("layout.html").Funcs(helpers).Option("missingkey=error").
			ParseFS(files, "templates/layout.html", path.Join("templates", entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("app: template %s: %w", name, err)
		}
		all[name] = t
	}
	return all, nil
}

var helpers = template.FuncMap{
	"initials": initials,
	"ago":      ago,
	"clock":    func(t time.Time) string { return t.Local().Format("2 Jan 2006, 15:04") },
	"role":     func(r relyingparty.Role) string { return orElse(roleNames[r], "None") },
	"may":      func(r relyingparty.Role) string { return roleMeaning[r] },
	"machine":  func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
}

// initials stand for a picture of the person.
func initials(name string) string {
	var out []rune
	for _, word := range strings.Fields(name) {
		out = append(out, []rune(strings.ToUpper(word))[0])
	}
	if len(out) > 2 {
		out = []rune{out[0], out[len(out)-1]}
	}
	return string(out)
}

// ago says how long d is in the largest fitting unit.
func ago(d time.Duration) string {
	unit, n := "minute", int(d/time.Minute)
	switch {
	case d < time.Minute:
		return "just now"
	case d >= 48*time.Hour:
		unit, n = "day", int(d/(24*time.Hour))
	case d >= time.Hour:
		unit, n = "hour", int(d/time.Hour)
	}
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s ago", n, unit)
}

func (a *app) frame(r *http.Request, title string) frame {
	f := frame{
		flavor: a.named(), Title: title, Here: r.URL.Path, User: relyingparty.UserFrom(r.Context()),
		Sibling: a.config.Sibling.silent(), Issuer: a.config.Issuer,
		Login: a.rp.LoginURL(r.URL.RequestURI()), Begin: a.rp.LoginURL("/"), Logout: a.rp.LogoutURL(),
		Style: "/assets/app.css?v=" + styleVersion(a.flavor.ID),
	}
	if a.config.organizations() {
		f.Switch = a.rp.OrganizationURL(relyingparty.AnyOrganization, "/")
	}
	return f
}

// silent leads to the same app by way of a sign-in that asks nothing. Who is not
// signed in at the provider just arrives.
func (l Link) silent() Link {
	if l.URL != "" {
		l.URL = strings.TrimSuffix(l.URL, "/") + "/login?prompt=none"
	}
	return l
}

func (a *app) named() flavor {
	f := a.flavor
	f.Name = a.config.Name
	return f
}

// page turns a handler that may fail into one that answers.
func (a *app) page(h func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			a.failed(w, r, err)
		}
	})
}

// render answers with a page. It is made in a buffer first: a template that
// fails half-way must not leave half a page.
func (a *app) render(w http.ResponseWriter, status int, name string, data any) error {
	t := a.views[name]
	if t == nil {
		return fmt.Errorf("no template %q", name)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, data); err != nil {
		return fmt.Errorf("template %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w) // the visitor may be gone
	return nil
}

// style returns the parts that both flavors share, then the flavor's own.
func style(id string) []byte {
	var all []byte
	for _, name := range []string{"base", id} {
		part, err := files.ReadFile("static/" + name + ".css")
		if err != nil {
			panic(err) // embedded: it is there, or the build is broken
		}
		all = append(all, part...)
	}
	return all
}

func styleVersion(id string) string {
	sum := sha256.Sum256(style(id))
	return hex.EncodeToString(sum[:6])
}

func (a *app) styleSheet(w http.ResponseWriter, _ *http.Request) {
	a.asset(w, "text/css; charset=utf-8", style(a.flavor.ID))
}

func (a *app) favicon(w http.ResponseWriter, _ *http.Request) {
	a.asset(w, "image/svg+xml", []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" color="`+
		faviconColor[a.flavor.ID]+`">`+string(a.flavor.Mark)+`</svg>`))
}

var faviconColor = map[string]string{Console: "#0d8f6f", Frames: "#a4476d"}

func (a *app) asset(w http.ResponseWriter, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "public, max-age=86400")
	_, _ = w.Write(body) // the visitor may be gone
}
