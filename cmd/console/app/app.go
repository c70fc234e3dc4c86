// Package app is the sample relying app: what an app that signs people in with
// Signet looks like from the inside and from the outside.
//
// It comes in two flavors that share all code and are two apps to the provider
// and to the visitor: "console", which watches over the devices of meeting
// rooms, and "frames", where a family shares pictures. Opening the second after
// signing in at the first shows single sign-on at work.
//
// The package must not know more of the provider than any app would: its
// address and a client registered there. Everything else goes through
// pkg/relyingparty. Its data is made up and held in memory.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"signet/pkg/relyingparty"
)

// The flavors.
const (
	Console = "console"
	Frames  = "frames"
)

// Config says which app to be, where it is reached, and how it is known to the
// provider. Flavor, BaseURL, Issuer, ClientID and CookieKey are required.
type Config struct {
	// Flavor is Console or Frames.
	Flavor string
	// Name is what the app calls itself. By default the flavor's own name.
	Name string
	// BaseURL is where browsers reach the app, without a path. The client's
	// redirect URI is BaseURL + "/callback", and its post logout redirect URI
	// BaseURL + "/".
	BaseURL string

	// Issuer, ClientID and ClientSecret are the provider and the app's
	// registration there. Without a secret the client is a public one.
	Issuer, ClientID, ClientSecret string
	// Scopes are asked for. By default openid, profile and email. Without
	// offline_access the browser makes a silent round trip when the access
	// token ends, so that a sign-out elsewhere is noticed here.
	Scopes []string
	// Organizations makes the console belong to one of the person's organizations
	// at a time. It is for Signet, whose scope, claims and pages they are.
	Organizations bool
	// CookieKey seals the app's session: at least 32 random bytes.
	CookieKey []byte

	// Sibling is the other flavor, to link to; may be empty. The link leads
	// through its silent sign-in, so whoever is signed in here arrives there
	// signed in.
	Sibling Link

	// HTTPClient calls the provider. By default pkg/relyingparty's own.
	HTTPClient *http.Client
	// Logger receives failures. By default slog.Default().
	Logger *slog.Logger
	// Now is the clock. By default time.Now.
	Now func() time.Time
}

// Link is another app, by the name and address that a visitor sees.
type Link struct{ Name, URL string }

// app is one running flavor.
type app struct {
	config Config
	flavor flavor
	rp     *relyingparty.RP
	views  views
	policy string

	reporters reporters
	changes   changes

	crossOrigin *http.CrossOriginProtection
	client      *http.Client // calls the management API
}

// New returns the whole app. It does not call the provider, which may be
// started later; it reports all faults of the configuration at once.
func New(config Config) (http.Handler, error) {
	chosen, known := flavors[config.Flavor]
	if !known {
		return nil, fmt.Errorf("app: flavor %q is not one of %s, %s", config.Flavor, Console, Frames)
	}
	a := &app{config: config.withDefaults(chosen), flavor: chosen, client: config.HTTPClient}
	if a.client == nil {
		a.client = &http.Client{Timeout: apiTimeout}
	}
	var err error
	if a.views, err = parseViews(); err != nil {
		return nil, err
	}
	base := strings.TrimSuffix(a.config.BaseURL, "/")
	a.rp, err = relyingparty.New(context.Background(), relyingparty.Config{
		Issuer:        a.config.Issuer,
		ClientID:      a.config.ClientID,
		ClientSecret:  a.config.ClientSecret,
		RedirectURL:   base + "/callback",
		PostLogoutURL: base + "/",
		Scopes:        a.config.Scopes,
		Organization:  a.config.organization(),
		CookieKey:     a.config.CookieKey,
		CookieName:    a.config.ClientID,
		HTTPClient:    a.config.HTTPClient,
		ErrorHandler:  a.signInFailed,
		Logger:        a.config.Logger,
	})
	if err != nil {
		return nil, err
	}
	a.crossOrigin = http.NewCrossOriginProtection()
	if err := a.crossOrigin.AddTrustedOrigin(base); err != nil { // so that a proxy which rewrites Host does no harm
		return nil, fmt.Errorf("app: base URL: %w", err)
	}
	if a.policy, err = contentPolicy(a.config.Issuer); err != nil {
		return nil, err
	}
	return a.routes(), nil
}

func (c Config) withDefaults(f flavor) Config {
	if c.Name == "" {
		c.Name = f.Name
	}
	if len(c.Scopes) == 0 && c.organizations() {
		c.Scopes = manageScopes
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// organization is what sessions are for.
func (c Config) organization() string {
	if c.organizations() {
		return relyingparty.AnyOrganization
	}
	return ""
}

func (c Config) organizations() bool { return c.Organizations && c.Flavor == Console }

// routes lists every address of the app. The start page is open to all; what
// has an address below it needs a session, and is where a sign-in returns to.
func (a *app) routes() http.Handler {
	mux := http.NewServeMux()
	a.rp.Routes(mux)
	mux.Handle("GET /{$}", a.rp.Load(a.page(a.home)))
	mux.Handle("GET /me", a.rp.Require(a.page(a.me), "openid"))
	switch a.config.Flavor {
	case Console:
		mux.Handle("GET /devices/{id}", a.rp.Require(a.page(a.device)))
		if a.config.organizations() {
			mux.Handle("GET /organization", a.rp.Require(a.page(a.organization)))
			mux.Handle("POST /organization", a.form(a.rp.Require(a.page(a.changeOrganization))))
			mux.Handle("POST /devices/{id}", a.form(a.rp.RequireRole(a.page(a.changeDevice), relyingparty.RoleAdmin)))
		}
		mux.Handle("POST /api/reports", a.rp.RequireToken("", http.HandlerFunc(a.takeReport), ScopeReport))
	case Frames:
		mux.Handle("GET /pictures/{id}", a.rp.Require(a.page(a.picture)))
		mux.HandleFunc("GET /assets/pictures/{file}", a.pictureFile)
	}
	mux.HandleFunc("GET /assets/app.css", a.styleSheet)
	mux.HandleFunc("GET /favicon.svg", a.favicon)
	mux.HandleFunc("GET /healthz", healthy)
	mux.Handle("/", a.rp.Load(a.page(a.missing)))
	return a.secured(a.stayOut(mux))
}

// maxForm bounds what a form may bring, in bytes.
const maxForm = 8 << 10

// form refuses what another site makes the browser post.
func (a *app) form(next http.Handler) http.Handler {
	next = http.MaxBytesHandler(next, maxForm)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := a.crossOrigin.Check(r); err != nil {
			a.problem(w, r, http.StatusForbidden, problemPage{
				frame: a.frame(r, "That is not allowed"), Message: "This request came from another site and was not carried out.",
				Next: "/", NextLabel: "Go to the start page",
			})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// secured sets what every answer of the app carries.
func (a *app) secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", a.policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// contentPolicy allows the app's own styles and pictures and nothing else.
// Browsers hold form-action against redirects too, and signing out everywhere
// leads from a form here to the provider.
func contentPolicy(issuer string) (string, error) {
	u, err := url.Parse(issuer)
	if err != nil {
		return "", fmt.Errorf("app: issuer: %w", err)
	}
	return "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' " + u.Scheme + "://" + u.Host +
		"; base-uri 'none'; frame-ancestors 'none'", nil
}

func healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n")) // the prober may be gone
}

var errNotFound = errors.New("no such page")
