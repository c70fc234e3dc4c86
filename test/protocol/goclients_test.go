package protocol

import (
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	coreos "github.com/coreos/go-oidc/v3/oidc"
	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/client/rs"
	httphelper "github.com/zitadel/oidc/v3/pkg/http"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"signet/internal/testenv"
)

// zitadelApp is an app that is made of zitadel's relying party alone.
type zitadelApp struct {
	server *httptest.Server
	rp     rp.RelyingParty
	tokens *oidc.Tokens[*oidc.IDTokenClaims]
	info   *oidc.UserInfo
}

// startZitadel starts the app's server; it is configured once the provider is
// there.
func startZitadel(t *testing.T) *zitadelApp {
	a := &zitadelApp{}
	mux := http.NewServeMux()
	mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		rp.AuthURLHandler(func() string { return "a state: " + r.RemoteAddr }, a.rp)(w, r)
	})
	mux.HandleFunc("/callback", func(w http.ResponseWriter, r *http.Request) {
		done := func(w http.ResponseWriter, _ *http.Request, tokens *oidc.Tokens[*oidc.IDTokenClaims], _ string, _ rp.RelyingParty, info *oidc.UserInfo) {
			a.tokens, a.info = tokens, info
			w.WriteHeader(http.StatusNoContent)
		}
		rp.CodeExchangeHandler(rp.UserinfoCallback(done), a.rp)(w, r)
	})
	a.server = httptest.NewServer(mux)
	t.Cleanup(a.server.Close)
	return a
}

const zitadelClients = `
  - id: zitadel
    name: Zitadel
    secret: secret-of-zitadel
    redirect_uris: ["CALLBACK"]
    post_logout_redirect_uris: ["https://zitadel.example/bye"]
    grant_types: [authorization_code, refresh_token, client_credentials]
    scopes: [openid, profile, email, offline_access, "devices:read"]
    trusted: true
`

// TestZitadelRP runs zitadel's relying party and resource server through all
// that they can do.
func TestZitadelRP(t *testing.T) {
	t.Parallel()
	for _, backend := range testenv.Backends {
		t.Run(string(backend), func(t *testing.T) {
			ctx := t.Context()
			app := startZitadel(t)
			clients := strings.Replace(zitadelClients, "CALLBACK", app.server.URL+"/callback", 1)
			e := testenv.Start(t, testenv.Options{
				Backend: backend, Env: exempt, Declare: strings.Replace(declared, "clients:\n", "clients:"+clients, 1),
			})
			cookies := httphelper.NewCookieHandler([]byte("0123456789abcdef"), []byte("0123456789abcdef"), httphelper.WithUnsecure())
			var err error
			app.rp, err = rp.NewRelyingPartyOIDC(ctx, e.Issuer, "zitadel", "secret-of-zitadel", app.server.URL+"/callback",
				[]string{"openid", "profile", "email", "offline_access"},
				rp.WithPKCE(cookies), rp.WithCookieHandler(cookies), rp.WithSigningAlgsFromDiscovery(), rp.WithAuthStyle(oauth2.AuthStyleInHeader))
			if err != nil {
				t.Fatal(err)
			}
			b := e.Browser().For(t)
			app.signIn(t, b)
			if app.info.Email != ada.Email || !bool(app.info.EmailVerified) || app.info.GivenName != "Ada" {
				t.Errorf("userinfo: %+v", app.info)
			}
			refreshed, err := rp.RefreshTokens[*oidc.IDTokenClaims](ctx, app.rp, app.tokens.RefreshToken, "", "")
			if err != nil || refreshed.IDTokenClaims.Subject != app.tokens.IDTokenClaims.Subject {
				t.Fatalf("refresh: %v", err)
			}
			server, err := rs.NewResourceServerClientCredentials(ctx, e.Issuer, "zitadel", "secret-of-zitadel")
			if err != nil {
				t.Fatal(err)
			}
			about, err := rs.Introspect[*oidc.IntrospectionResponse](ctx, server, refreshed.AccessToken)
			if err != nil || !about.Active || about.Subject != app.info.Subject || about.ClientID != "zitadel" {
				t.Errorf("introspection: %+v, %v", about, err)
			}
			machine, err := rp.NewRelyingPartyOIDC(ctx, e.Issuer, "zitadel", "secret-of-zitadel", "", []string{"devices:read"})
			if err != nil {
				t.Fatal(err)
			}
			own, err := rp.ClientCredentials(ctx, machine, nil)
			if err != nil || own.AccessToken == "" {
				t.Errorf("client_credentials: %v", err)
			}
			if err := rp.RevokeToken(ctx, app.rp, refreshed.RefreshToken, "refresh_token"); err != nil {
				t.Errorf("revocation: %v", err)
			}
			if about, err := rs.Introspect[*oidc.IntrospectionResponse](ctx, server, refreshed.AccessToken); err != nil || about.Active {
				t.Errorf("introspection after revocation: %+v, %v", about, err)
			}
			if _, err := rp.RefreshTokens[*oidc.IDTokenClaims](ctx, app.rp, refreshed.RefreshToken, "", ""); err == nil {
				t.Error("a revoked token was refreshed")
			}
			app.signOut(t, b, refreshed.IDToken)
			wantSession(t, e, b, false)
		})
	}
}

// signIn sends the person from the app through the provider and back.
func (a *zitadelApp) signIn(t *testing.T, b *testenv.Browser) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	atApp := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	get := func(address string) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := atApp.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp
	}
	start, err := get(a.server.URL + "/login").Location()
	if err != nil {
		t.Fatal(err)
	}
	p := b.Finish(b.Get(start.String()), ada)
	if resp := get(p.Location); resp.StatusCode != http.StatusNoContent || a.tokens == nil {
		t.Fatalf("the app's callback answered %d to %s", resp.StatusCode, p.Location)
	}
}

// signOut follows the library's request as a browser would: it is the browser
// that is signed in, not the app.
func (a *zitadelApp) signOut(t *testing.T, b *testenv.Browser, idToken string) {
	t.Helper()
	q := url.Values{"id_token_hint": {idToken}, "client_id": {"zitadel"}, "post_logout_redirect_uri": {"https://zitadel.example/bye"}, "state": {"s"}}
	if p := b.Get(a.rp.GetEndSessionEndpoint() + "?" + q.Encode()); p.Location != "https://zitadel.example/bye?state=s" {
		t.Errorf("signed out to %q", p.Location)
	}
	// Without a browser there is no session, but the hint proves where to go.
	to, err := rp.EndSession(t.Context(), a.rp, idToken, "https://zitadel.example/bye", "s", "", nil)
	if err != nil || to.String() != "https://zitadel.example/bye?state=s" {
		t.Errorf("EndSession: %v, %v", to, err)
	}
}

// TestCoreosOIDC runs coreos/go-oidc with x/oauth2, with PKCE and a nonce, for
// clients of each way to prove who they are and each algorithm.
func TestCoreosOIDC(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		ctx := t.Context()
		provider, err := coreos.NewProvider(ctx, e.Issuer)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []testenv.App{web, post, spa, es256, eddsa, opaque, guest} {
			b := e.Browser().For(t)
			conf := oauth2.Config{
				ClientID: c.ID, ClientSecret: c.Secret, Endpoint: provider.Endpoint(), RedirectURL: c.Redirect,
				Scopes: strings.Fields(c.Scope),
			}
			verifier := oauth2.GenerateVerifier()
			p := b.Finish(b.Get(conf.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier), coreos.Nonce("nonce"))), ada)
			back, err := url.Parse(p.Location)
			if err != nil {
				t.Fatal(err)
			}
			token, err := conf.Exchange(ctx, back.Query().Get("code"), oauth2.VerifierOption(verifier))
			if err != nil {
				t.Errorf("%s: %v", c.ID, err)
				continue
			}
			raw, _ := token.Extra("id_token").(string)
			id, err := provider.Verifier(&coreos.Config{ClientID: c.ID}).Verify(ctx, raw)
			if err != nil || id.Nonce != "nonce" {
				t.Errorf("%s: ID token: %v", c.ID, err)
				continue
			}
			if err := id.VerifyAccessToken(token.AccessToken); err != nil {
				t.Errorf("%s: at_hash: %v", c.ID, err)
			}
			info, err := provider.UserInfo(ctx, conf.TokenSource(ctx, token))
			if err != nil || info.Subject != id.Subject || strings.Contains(c.Scope, "email") && info.Email != ada.Email {
				t.Errorf("%s: userinfo: %+v, %v", c.ID, info, err)
			}
		}
	})
}

// TestOAuth2 runs golang.org/x/oauth2 alone, which finds out by trial how the
// client proves who it is.
func TestOAuth2(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		ctx := t.Context()
		endpoint := oauth2.Endpoint{AuthURL: e.Issuer + "/authorize", TokenURL: e.Issuer + "/token"}
		conf := oauth2.Config{ClientID: web.ID, ClientSecret: web.Secret, Endpoint: endpoint, RedirectURL: web.Redirect, Scopes: []string{"openid", "offline_access"}}
		b := e.Browser().For(t)
		back, err := url.Parse(b.Finish(b.Get(conf.AuthCodeURL("state")), ada).Location)
		if err != nil {
			t.Fatal(err)
		}
		token, err := conf.Exchange(ctx, back.Query().Get("code"))
		if err != nil || token.RefreshToken == "" || time.Until(token.Expiry) < 5*time.Minute {
			t.Fatalf("exchange: %+v, %v", token, err)
		}
		old := *token
		old.Expiry = time.Now().Add(-time.Hour)
		fresh, err := conf.TokenSource(ctx, &old).Token()
		if err != nil || fresh.AccessToken == token.AccessToken || fresh.RefreshToken == token.RefreshToken {
			t.Errorf("refresh: %+v, %v", fresh, err)
		}
		resp, err := conf.Client(ctx, fresh).Get(e.Issuer + "/userinfo")
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("userinfo: %v", err)
		}
		resp.Body.Close()
		machine := clientcredentials.Config{ClientID: fleet.ID, ClientSecret: fleet.Secret, TokenURL: endpoint.TokenURL, Scopes: []string{"devices:read"}}
		if own, err := machine.Token(ctx); err != nil || own.AccessToken == "" {
			t.Errorf("client_credentials: %v", err)
		}
		machine.ClientSecret = "wrong"
		if _, err := machine.Token(ctx); err == nil || !strings.Contains(err.Error(), "invalid_client") {
			t.Errorf("a wrong secret: %v, want invalid_client", err)
		}
	})
}
