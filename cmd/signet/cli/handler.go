package cli

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"signet/config"
	"signet/internal/account"
	"signet/internal/api"
	"signet/internal/ciba"
	"signet/internal/httpd"
	"signet/internal/op"
	"signet/internal/outbound"
	"signet/internal/store/kv"
	"signet/internal/web"
	"signet/internal/web/view"
)

// handler joins the protocol, the pages and the management API into one handler.
func (s *server) handler(o serveOptions) (http.Handler, error) {
	c := s.cfg
	renderer, err := s.renderer()
	if err != nil {
		return nil, err
	}
	roots, err := outboundRoots(c)
	if err != nil {
		return nil, err
	}
	fetcher := outbound.New(outbound.Options{Roots: roots, AllowPrivate: c.Outbound.AllowPrivate})
	s.pinger = ciba.NewPinger(s.ciba, fetcher, s.pingAddress, s.log)
	// What anybody can have fetched, by naming an app that is not known or asking
	// for its logo, waits for places of its own: the apps' keys do not.
	strangers := outbound.New(outbound.Options{Roots: roots, AllowPrivate: c.Outbound.AllowPrivate})
	s.clients.UseDocuments(s.documents(strangers))
	cookies := s.cookies()
	// Providers of organizations wait for places of their own, too: one that is slow
	// keeps nobody's keys waiting.
	upstream, openID, saml, err := s.federation(outbound.New(outbound.Options{Roots: roots, AllowPrivate: c.Outbound.AllowPrivate}))
	if err != nil {
		return nil, err
	}
	services := web.Services{
		Clients: s.clients, Resources: s.resources, Accounts: s.accounts, Organizations: s.orgs, Invitations: s.invites, Sessions: s.sessions, Devices: s.devices, Logouts: s.logouts, Grants: s.grants, Cookies: cookies, Outbound: strangers, View: renderer,
		Links: web.Links{Resume: op.Resume, SignOutTarget: op.SignOutTarget}, Now: time.Now,
		Browsers: s.browsers, Recoveries: s.recoveries, Ledger: s.ledger, Changes: s.changes, LeastAge: c.Account.LeastAge, Letters: s.letters(o), Audit: s.db,
		Domains: s.domains, Realms: s.realms, Setups: s.setups, Connections: s.upstreams, Arrivals: s.arrivals, Upstream: upstream, OpenID: openID, SAML: saml, LogoutGate: s.logoutGate(), Once: kv.NewOnce(s.kv),
		Policy: s.policy(), Challenges: s.challenges, CIBA: s.ciba, Mails: s.db,
		SignUps: s.signUps, Admission: account.Admission{Everybody: c.SignUp.Who == config.SignUpOpen, Domains: c.SignUp.Domains},
	}
	if o.mailbox {
		services.Mailbox = s.mailbox()
	}
	pages := web.New(s.basePath(), services)
	s.pages = pages
	s.orgs.UseLetters(s.boundedLetters(pages))
	mtls, err := s.mtls()
	if err != nil {
		return nil, err
	}
	provider, err := op.New(s.protocol(pages, mtls), op.Services{
		Clients: s.clients, Resources: s.resources, Accounts: s.accounts, Organizations: s.orgs, Sessions: s.sessions, Devices: s.devices, Grants: s.grants, Keys: s.keys,
		Cookies: cookies, Pages: opPages{pages}, Outbound: fetcher, Once: kv.NewOnce(s.kv),
		CIBA: s.ciba, Backchannel: s.backchannelGuard(),
		Secrets: s.secretGuard(), Metrics: s.metrics, Refusals: s.refusals, Audit: s.db, Now: time.Now,
	})
	if err != nil {
		return nil, err
	}
	s.provider = provider
	s.managed = s.api()
	mux := s.mount(slices.Concat(provider.Routes(), pages.Routes(), s.managed.Routes()))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { health(w, http.StatusOK, nil) })
	mux.HandleFunc("GET /readyz", s.ready)
	return mux, nil
}

// protocol is what the protocol is told of the house and of its pages.
func (s *server) protocol(pages *web.Web, mtls op.MTLS) op.Config {
	c := s.cfg
	var locales []string
	for _, l := range pages.View.Languages().All() {
		locales = append(locales, l.String())
	}
	return op.Config{
		Issuer: c.Issuer, APIPath: api.Prefix, AccessToken: c.Lifetimes.AccessToken, DeviceCode: c.Lifetimes.DeviceCode, IDToken: c.Lifetimes.IDToken,
		AccessTokenFormat: c.Tokens.AccessTokenFormat, AccessTokenAlg: c.Tokens.AccessTokenSigningAlg, Algs: c.Keys.Algorithms,
		UILocales: locales, PolicyURI: c.Brand.PrivacyURL, TermsURI: c.Brand.TermsURL,
		SignUp:        pages.OpenSignUp(),
		CheckSession:  c.Issuer + web.PathCheckSession,
		SubjectSecret: s.subjects, Registration: s.registration(), ClientIDMetadata: c.Registration.ClientIDMetadata == config.RegistrationOn,
		DPoP: op.DPoP{NonceRequired: c.DPoP.Nonce == config.NonceRequired, Secret: s.nonces},
		MTLS: mtls,
	}
}

// renderer makes pages and letters of the brand.
func (h *house) renderer() (*view.Renderer, error) {
	c := h.cfg
	return view.New(view.Options{BasePath: h.basePath(), Brand: view.Brand{
		Name: c.Brand.Name, LogoURL: c.Brand.Logo, Accent: c.Brand.Accent,
		PrivacyURL: c.Brand.PrivacyURL, TermsURL: c.Brand.TermsURL, HelpURL: c.Brand.HelpURL,
	}, Languages: c.Languages.Offered, Language: c.Languages.Default})
}

// mount puts the routes below the issuer's path.
func (s *server) mount(routes []httpd.Route) *http.ServeMux {
	mounted := httpd.Mount(httpd.Options{
		Log: s.log, Observer: s.metrics, Addresses: httpd.NewAddresses(s.cfg.TrustedProxies), Secure: s.secure(),
		PageError: s.pages.PageError, OAuthError: s.provider.WriteError, ProblemError: s.managed.WriteError,
	}, routes)
	mux := mounted
	if base := s.basePath(); base != "" {
		mux = http.NewServeMux()
		// RFC 8414 §3.1 and RFC 9728 §3.1 put the well-known part before the issuer's path.
		for _, known := range []string{op.PathMetadata, op.PathProtected} {
			without := func(w http.ResponseWriter, r *http.Request) {
				r = r.Clone(r.Context())
				r.URL.Path = known + strings.TrimPrefix(r.URL.Path, known+base)
				mounted.ServeHTTP(w, r)
			}
			mux.HandleFunc("GET "+known+base, without)
			mux.HandleFunc("GET "+known+base+"/", without)
		}
		mux.Handle(base+"/", http.StripPrefix(base, mounted))
	}
	return mux
}

// opPages gives the protocol the pages.
type opPages struct{ *web.Web }

// FormPost implements op.Pages.
func (p opPages) FormPost(w http.ResponseWriter, r *http.Request, action string, fields []op.Field) error {
	pairs := make([][2]string, len(fields))
	for i, f := range fields {
		pairs[i] = [2]string{f.Name, f.Value}
	}
	return p.Web.FormPost(w, r, action, pairs)
}

// Refuse implements op.Pages.
func (p opPages) Refuse(w http.ResponseWriter, r *http.Request, why op.Refusal) error {
	return p.Web.Refuse(w, r, web.Refusal(why))
}

var _ op.Pages = opPages{}
