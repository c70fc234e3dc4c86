package relyingparty

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// RP signs people in to one app. It is safe for concurrent use.
type RP struct {
	config       Config
	callbackPath string
	jar          *jar
	provider     *provider
	refresher    *refresher
	issuerOrigin string
	crossOrigin  *http.CrossOriginProtection
	now          func() time.Time
}

// New checks the configuration and reports all its faults at once. It does not
// call the provider: that happens when it is first needed (see [RP.Ready]). Work
// that several requests wait for runs under ctx, so ctx is the app's and not a
// request's.
func New(ctx context.Context, config Config) (*RP, error) {
	c, err := config.complete()
	if err != nil {
		return nil, err
	}
	redirect, err := url.Parse(c.RedirectURL)
	if err != nil {
		return nil, err
	}
	// No two apps, and no two registrations of one app, open each other's
	// cookies.
	owner := strings.Join([]string{c.Issuer, c.ClientID, c.CookieName}, "\x00")
	seal, err := newSealer(owner, append([][]byte{c.CookieKey}, c.OldCookieKeys...)...)
	if err != nil {
		return nil, err
	}
	// Named, so that a proxy which rewrites Host does not make it look foreign.
	crossOrigin := http.NewCrossOriginProtection()
	if err := crossOrigin.AddTrustedOrigin(redirect.Scheme + "://" + redirect.Host); err != nil {
		return nil, fmt.Errorf("relyingparty: RedirectURL: %w", err)
	}
	if c.ErrorHandler == nil {
		c.ErrorHandler = writeError
	}
	issuer, err := url.Parse(c.Issuer)
	if err != nil {
		return nil, err
	}
	rp := &RP{
		config:       c,
		callbackPath: redirect.Path,
		jar:          newJar(seal, c.CookieName, redirect.Scheme == "https"),
		provider:     &provider{config: c, life: ctx},
		refresher:    newRefresher(),
		issuerOrigin: issuer.Scheme + "://" + issuer.Host,
		crossOrigin:  crossOrigin,
		now:          time.Now,
	}
	if c.SignOuts == nil {
		rp.config.SignOuts = newMemory(func() time.Time { return rp.now() })
	}
	return rp, nil
}

// Ready tells whether the provider's metadata is known, and asks for it if not.
// It suits a readiness probe, and makes the first sign-in as fast as the next.
func (rp *RP) Ready(ctx context.Context) error {
	_, err := rp.provider.get(ctx)
	return err
}

// Routes mounts sign-in, callback and sign-out on mux:
//
//	GET  /login?return_to=/page   sends the browser to the provider; with
//	                              prompt=none silently, or prompt=login,
//	                              select_account, consent, create; where
//	                              [Config.Organization] leaves a choice, with
//	                              organization, the id of one; and login_hint, the
//	                              person's address, if it is known. It is an
//	                              initiate_login_uri (OpenID Connect Core §4), too
//	GET  /callback                takes the provider's answer
//	POST /logout                  signs out here and at the provider
//	POST /logout/local            signs out here only
//	POST /logout/backchannel      where the provider's server tells of sign-outs
//	                              (register it as backchannel_logout_uri)
//	GET  /logout/frontchannel     what the provider's page frames at a sign-out
//	                              (register it as frontchannel_logout_uri, with
//	                              frontchannel_logout_session_required)
func (rp *RP) Routes(mux *http.ServeMux) {
	mux.Handle("GET "+rp.config.LoginPath, rp.route(rp.login))
	mux.Handle("GET "+rp.callbackPath, rp.route(rp.callback))
	mux.Handle("POST "+rp.config.LogoutPath, rp.form(rp.logout))
	mux.Handle("POST "+rp.config.LogoutPath+"/local", rp.form(rp.logoutLocal))
	mux.HandleFunc("POST "+rp.config.LogoutPath+"/backchannel", rp.backchannel)
	mux.Handle("GET "+rp.config.LogoutPath+"/frontchannel", rp.route(rp.frontchannel))
}

// Handler serves the routes alone, for apps with a router of their own.
func (rp *RP) Handler() http.Handler {
	mux := http.NewServeMux()
	rp.Routes(mux)
	return mux
}

// LoginURL is the path that begins a sign-in and ends at returnTo, a path of
// this app. Anything else than such a path leads to the start page.
func (rp *RP) LoginURL(returnTo string) string {
	if returnTo = rp.safeReturn(returnTo); returnTo == "/" {
		return rp.config.LoginPath
	}
	return rp.config.LoginPath + "?" + url.Values{"return_to": {returnTo}}.Encode()
}

// LogoutURL is the path to post to for signing out here and at the provider;
// with "/local" added, here only.
func (rp *RP) LogoutURL() string { return rp.config.LogoutPath }

// route guards what a browser is sent through: not kept, and not told to the
// next site in a Referer header, since the callback's address holds a code.
func (rp *RP) route(h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		h(w, r)
	})
}

// form also refuses what another site makes the browser post.
func (rp *RP) form(h http.HandlerFunc) http.Handler {
	return rp.route(func(w http.ResponseWriter, r *http.Request) {
		if err := rp.crossOrigin.Check(r); err != nil {
			rp.fail(w, r, rp.fault(KindCrossOrigin, "/", err))
			return
		}
		h(w, r)
	})
}

// unavailable tells a provider that cannot be reached from other failures to
// use it.
func (rp *RP) unavailable(returnTo string, err error) *Error {
	if errors.Is(err, context.Canceled) {
		return rp.fault(KindUnavailable, returnTo, errors.New("the browser left"))
	}
	return rp.fault(KindUnavailable, returnTo, err)
}
