package protocol

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/testenv"
)

// direct boots a house that asks for certificates on a listener of its own and
// trusts the authority.
func direct(t *testing.T, a *testenv.Authority, pairs ...string) *testenv.Env {
	t.Helper()
	env := map[string]string{"SIGNET_MTLS_LISTEN": "127.0.0.1:0", "SIGNET_MTLS_CA": a.File(t)}
	for i := 0; i+1 < len(pairs); i += 2 {
		env[pairs[i]] = pairs[i+1]
	}
	return boot(t, testenv.Options{TLS: true, Env: env})
}

// certified declares an app that proves who it is by a certificate.
func certified(e *testenv.Env, id string, lines ...string) testenv.App {
	app, yaml := trusted(id, append(lines, "grant_types: [authorization_code, refresh_token, client_credentials]")...)
	e.Apply("clients:\n" + strings.Replace(yaml, "    secret: "+app.Secret+"\n", "", 1))
	app.Secret = ""
	return app
}

func with(app testenv.App, c tls.Certificate) testenv.App { app.Certificate = &c; return app }

func x5t(c tls.Certificate) string {
	sum := sha256.Sum256(c.Certificate[0])
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func named(cn string) x509.Certificate {
	return x509.Certificate{
		Subject:     pkix.Name{Country: []string{"DE"}, Organization: []string{"Müller, Söhne"}, CommonName: cn},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
}

// TestTLSClientAuth: a client is who its certificate says, by each kind of name,
// where an authority of the house vouches for it (RFC 8705 §2.1), and at each
// endpoint; nobody else is.
func TestTLSClientAuth(t *testing.T) {
	t.Parallel()
	ours, stranger := testenv.NewAuthority(t), testenv.NewAuthority(t)
	e := direct(t, ours)
	own := func(app testenv.App) *testenv.Answer {
		t.Helper()
		return e.App(t, app).Call("/token", "grant_type", "client_credentials")
	}
	full := named("console")
	full.DNSNames, full.EmailAddresses = []string{"Console.example"}, []string{"dev@Console.example"}
	full.IPAddresses = []net.IP{net.ParseIP("192.0.2.7"), net.ParseIP("2001:db8::7")}
	full.URIs = []*url.URL{{Scheme: "spiffe", Host: "house", Path: "/console"}}
	certificate := ours.Issue(t, full)
	for i, c := range []struct {
		line string
		fits bool
	}{
		{`subject_dn: "CN=console,O=Müller\\, Söhne,C=DE"`, true},
		{`subject_dn: "cn=CONSOLE, o=müller\\2C  söhne, 2.5.4.6=de"`, true},
		{`subject_dn: "C=DE,O=Müller\\, Söhne,CN=console"`, false}, // the other way round
		{`subject_dn: "CN=console"`, false},
		{`subject_dn: "CN=console,O=Müller\\, Söhne"`, false},
		{`subject_dn: "CN=console2,O=Müller\\, Söhne,C=DE"`, false},
		{"san_dns: console.example", true},
		{"san_dns: example", false},
		{"san_uri: spiffe://house/console", true},
		{"san_uri: spiffe://house/", false},
		{"san_ip: 192.0.2.7", true},
		{`san_ip: "2001:0db8:0:0::7"`, true},
		{"san_ip: 192.0.2.70", false},
		{"san_email: dev@console.example", true},
		{"san_email: DEV@console.example", false},
	} {
		app := certified(e, fmt.Sprintf("certified-%d", i), "auth_method: tls_client_auth", "tls_client_auth_"+c.line)
		switch got := own(with(app, certificate)); {
		case c.fits && got.Status != http.StatusOK:
			t.Errorf("%s: %d %s", c.line, got.Status, got.Body)
		case !c.fits:
			wantError(t, c.line, got, http.StatusUnauthorized, "invalid_client")
		}
	}

	app := certified(e, "console", "auth_method: tls_client_auth", `tls_client_auth_subject_dn: "CN=console,O=Müller\\, Söhne,C=DE"`)
	old, early, server := full, full, full
	old.NotBefore, old.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
	early.NotBefore, early.NotAfter = time.Now().Add(time.Hour), time.Now().Add(2*time.Hour)
	server.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for name, c := range map[string]tls.Certificate{
		"of another authority": stranger.Issue(t, full), "self-signed": (*testenv.Authority)(nil).Issue(t, full),
		"expired": ours.Issue(t, old), "not yet valid": ours.Issue(t, early), "for servers": ours.Issue(t, server), "of another": ours.Issue(t, named("other")),
	} {
		wantError(t, name, own(with(app, c)), http.StatusUnauthorized, "invalid_client")
	}
	wantError(t, "no certificate", own(app), http.StatusUnauthorized, "invalid_client")
	secret := with(app, certificate)
	secret.Secret, secret.Post = "guess", true
	wantError(t, "with a secret, too", own(secret), http.StatusUnauthorized, "invalid_client")
	other := with(*e.App(t, fleet), certificate)
	other.Secret = ""
	wantError(t, "a client of another method", own(other), http.StatusUnauthorized, "invalid_client")

	// Through everything, at the addresses that are told (§5).
	console := e.App(t, with(app, certificate))
	got := tokens(t, e.Browser(), console, ada, "scope", "openid offline_access")
	for _, call := range [][]string{
		{"/introspect", "token", got.Str("access_token")}, {"/token", "grant_type", "refresh_token", "refresh_token", got.Str("refresh_token")},
		{"/revoke", "token", got.Str("access_token")},
	} {
		if a := console.Call(call[0], call[1:]...); a.Status != http.StatusOK {
			t.Errorf("%s: %d %s", call[0], a.Status, a.Body)
		}
	}
	if a := push(console, console.Request()); a.Status != http.StatusCreated {
		t.Errorf("/par: %d %s", a.Status, a.Body)
	}
}

// keySet is the key set with the certificate, or with its key alone.
func keySet(t *testing.T, c tls.Certificate, whole bool) string {
	t.Helper()
	key := jose.JSONWebKey{Key: c.Leaf.PublicKey, KeyID: x5t(c)}
	if whole {
		key.Certificates = []*x509.Certificate{c.Leaf}
	}
	return asJSON(t, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key}})
}

// TestSelfSignedTLSClientAuth: a client is who has the certificate, or the key,
// that the client registered (RFC 8705 §2.2), whoever made it; one that is not
// known is looked for once more at jwks_uri.
func TestSelfSignedTLSClientAuth(t *testing.T) {
	t.Parallel()
	var nobody *testenv.Authority
	e := direct(t, testenv.NewAuthority(t), "SIGNET_OUTBOUND_ALLOW_PRIVATE", "true")
	own := func(app testenv.App, c tls.Certificate) *testenv.Answer {
		t.Helper()
		return e.App(t, with(app, c)).Call("/token", "grant_type", "client_credentials")
	}
	old := named("x")
	old.NotBefore, old.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
	for i, whole := range []bool{true, false} {
		for j, template := range []x509.Certificate{named("console"), old} { // its own word, and for as long as it is registered
			c := nobody.Issue(t, template)
			app := certified(e, fmt.Sprintf("self-%d-%d", i, j), "auth_method: self_signed_tls_client_auth", "jwks: "+keySet(t, c, whole))
			if got := own(app, c); got.Status != http.StatusOK {
				t.Errorf("%d %s", got.Status, got.Body)
			}
			wantError(t, "another key", own(app, nobody.Issue(t, template)), http.StatusUnauthorized, "invalid_client")
			wantError(t, "no certificate", e.App(t, app).Call("/token", "grant_type", "client_credentials"), http.StatusUnauthorized, "invalid_client")
			renewed := c
			der, err := x509.CreateCertificate(nil, &x509.Certificate{SerialNumber: c.Leaf.SerialNumber, NotAfter: time.Now().Add(time.Hour)}, c.Leaf, c.Leaf.PublicKey, c.PrivateKey)
			if err != nil {
				t.Fatal(err)
			}
			renewed.Certificate = [][]byte{der}
			if got := own(app, renewed); (got.Status == http.StatusOK) == whole {
				t.Errorf("a new certificate of the same key: %d; the whole is registered: %t", got.Status, whole)
			}
		}
	}

	first, second := nobody.Issue(t, named("a")), nobody.Issue(t, named("b"))
	var body atomic.Value
	body.Store(keySet(t, first, true))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(body.Load().(string))) }))
	t.Cleanup(server.Close)
	app := certified(e, "self-remote", "auth_method: self_signed_tls_client_auth", "jwks_uri: "+server.URL+"/keys")
	if got := own(app, first); got.Status != http.StatusOK {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	body.Store(keySet(t, second, true))
	// The address is asked again after a pause.
	within(t, time.Minute, "the new certificate is found", func() bool { return own(app, second).Status == http.StatusOK })
	wantError(t, "the one before", own(app, first), http.StatusUnauthorized, "invalid_client")
}

// TestCertificateBoundTokens are good with the certificate with which they were
// asked for alone, in either format (RFC 8705 §3); so are refresh tokens of
// public clients (§4).
func TestCertificateBoundTokens(t *testing.T) {
	t.Parallel()
	ours := testenv.NewAuthority(t)
	e := direct(t, ours)
	certificate, other := ours.Issue(t, named("console")), ours.Issue(t, named("console"))
	const binds = "tls_client_certificate_bound_access_tokens: true"
	public := strings.Replace(binds, "true", "true\n    auth_method: none\n    grant_types: [authorization_code, refresh_token]", 1)
	_, yaml := trusted("public", public)
	e.Apply("clients:\n" + strings.Replace(yaml, "    secret: secret-of-public\n", "", 1))
	anybody, _ := trusted("public")
	anybody.Secret = ""
	for _, c := range []testenv.App{
		certified(e, "bound-jwt", binds, "auth_method: tls_client_auth", `tls_client_auth_subject_dn: "CN=console,O=Müller\\, Söhne,C=DE"`),
		certified(e, "bound-opaque", binds, "auth_method: tls_client_auth", `tls_client_auth_subject_dn: "CN=console,O=Müller\\, Söhne,C=DE"`, "access_token_format: opaque"),
		anybody,
	} {
		app := e.App(t, with(c, certificate))
		got := tokens(t, e.Browser(), app, ada, "scope", "openid email offline_access")
		access, refresh := got.Str("access_token"), got.Str("refresh_token")
		if got.Str("token_type") != "Bearer" {
			t.Errorf("%s: token_type %q", c.ID, got.Str("token_type"))
		}
		if c.ID != "bound-opaque" && cnf(claimsOf(t, access))["x5t#S256"] != x5t(certificate) {
			t.Errorf("%s: cnf is %v", c.ID, claimsOf(t, access)["cnf"])
		}
		if c.ID != "public" {
			if about := app.Call("/introspect", "token", access); cnf(about.Fields)["x5t#S256"] != x5t(certificate) {
				t.Errorf("%s: introspection: %s", c.ID, about.Body)
			}
		}
		if info := app.Userinfo(access); info.Str("email") != ada.Email {
			t.Errorf("%s: userinfo: %d %s", c.ID, info.Status, info.Body)
		}
		wantError(t, c.ID+": another certificate", e.App(t, with(c, other)).Userinfo(access), http.StatusUnauthorized, "invalid_token")
		wantError(t, c.ID+": no certificate", e.App(t, c).Userinfo(access), http.StatusUnauthorized, "invalid_token")
		wantError(t, c.ID+": as DPoP", proving(*app, newProver(t, "ES256")).Userinfo(access), http.StatusUnauthorized, "invalid_token")

		switch c.ID {
		case "public":
			wantError(t, "refresh with another certificate", e.App(t, with(c, other)).Refresh(refresh), http.StatusBadRequest, "invalid_grant")
			wantError(t, "refresh without", e.App(t, c).Refresh(refresh), http.StatusBadRequest, "invalid_request")
		default:
			next := e.App(t, with(c, other)).Refresh(refresh)
			if next.Status != http.StatusOK || e.App(t, with(c, other)).Userinfo(next.Str("access_token")).Status != http.StatusOK {
				t.Errorf("%s: refresh with its new certificate: %s", c.ID, next.Body)
			}
			refresh = next.Str("refresh_token")
		}
		if next := app.Refresh(refresh); next.Status != http.StatusOK {
			t.Errorf("%s: refresh: %s", c.ID, next.Body)
		}
		wantError(t, c.ID+": with a proof, too", proving(*app, newProver(t, "ES256")).Refresh(refresh), http.StatusBadRequest, "invalid_request")
	}
}

// TestMTLSMetadata: what is offered is told, and only where it is.
func TestMTLSMetadata(t *testing.T) {
	t.Parallel()
	e := direct(t, testenv.NewAuthority(t))
	doc := fetch(t, e.Issuer+"/.well-known/openid-configuration", nil)
	aliases, _ := doc.Fields["mtls_endpoint_aliases"].(map[string]any)
	if len(aliases) < 5 || doc.Fields["tls_client_certificate_bound_access_tokens"] != true {
		t.Errorf("%s", doc.Body)
	}
	for name, alias := range aliases {
		path, ok := strings.CutPrefix(alias.(string), e.MTLS)
		if main, _ := doc.Fields[name].(string); !ok || main != e.Issuer+path {
			t.Errorf("%s is %v beside %v", name, alias, doc.Fields[name])
		}
		if got := fetch(t, alias.(string), nil); got.Status == http.StatusNotFound {
			t.Errorf("%s: %d", alias, got.Status)
		}
	}
	for _, name := range []string{"token_endpoint_auth_methods_supported", "revocation_endpoint_auth_methods_supported", "introspection_endpoint_auth_methods_supported"} {
		for _, method := range []string{"tls_client_auth", "self_signed_tls_client_auth"} {
			if !strings.Contains(strings.Join(words(doc.Fields[name]), " "), method) {
				t.Errorf("%s: %v", name, doc.Fields[name])
			}
		}
	}
	for _, page := range []string{"/authorize", "/signin", "/account", "/healthz", "/metrics"} {
		if got := fetch(t, e.MTLS+page, nil); got.Status != http.StatusNotFound {
			t.Errorf("%s is answered where certificates are asked for: %d", page, got.Status)
		}
	}

	plain := boot(t, testenv.Options{})
	doc = fetch(t, plain.Issuer+"/.well-known/openid-configuration", nil)
	if strings.Contains(doc.Body, "mtls") || strings.Contains(doc.Body, "tls_client") {
		t.Errorf("without any listener: %s", doc.Body)
	}
	for line, want := range map[string]string{
		"auth_method: self_signed_tls_client_auth\n    jwks_uri: https://a.example/jwks":       "asks for client certificates",
		"tls_client_certificate_bound_access_tokens: true":                                     "asks for client certificates",
		"auth_method: tls_client_auth\n    tls_client_auth_san_dns: a.example":                 "asks for client certificates",
		"tls_client_auth_san_dns: a.example":                                                   "is for auth_method tls_client_auth",
		"tls_client_certificate_bound_access_tokens: true\n    dpop_bound_access_tokens: true": "exclude each other",
	} {
		if code, _, errs := plain.Run("clients:\n  - id: a\n    redirect_uris: [https://a.example/cb]\n    "+line, "apply", "-f", "-"); code == 0 || !strings.Contains(errs, want) {
			t.Errorf("%s: %d %s", line, code, errs)
		}
	}
	for line, want := range map[string]string{
		"":                                     "exactly one of tls_client_auth_subject_dn",
		"tls_client_auth_subject_dn: console":  "RFC 4514",
		"tls_client_auth_subject_dn: CN=a;C=b": "RFC 4514",
		"tls_client_auth_san_ip: a.example":    "IPv4 or IPv6",
		"tls_client_auth_san_dns: '*.example'": "without wildcards",
		"tls_client_auth_san_uri: a":           "absolute URI",
		"tls_client_auth_san_email: a":         "mail address",
		"tls_client_auth_san_email: a@b.example\n    tls_client_auth_san_ip: 192.0.2.1": "exactly one of",
	} {
		if code, _, errs := e.Run("clients:\n  - id: a\n    redirect_uris: [https://a.example/cb]\n    auth_method: tls_client_auth\n    "+line, "apply", "-f", "-"); code == 0 || !strings.Contains(errs, want) {
			t.Errorf("%q: %d %s", line, code, errs)
		}
	}
}

// TestCertificateFromProxy: a proxy that is trusted to may pass the certificate
// on, in either form; a header of anybody else counts for nothing, and is
// refused where it would count.
func TestCertificateFromProxy(t *testing.T) {
	t.Parallel()
	ours := testenv.NewAuthority(t)
	certificate, other := ours.Issue(t, named("console")), testenv.NewAuthority(t).Issue(t, named("console"))
	asPEM := func(c tls.Certificate) string {
		return strings.ReplaceAll(url.QueryEscape(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]}))), "+", "%20")
	}
	asDER := func(c tls.Certificate) string { return ":" + base64.StdEncoding.EncodeToString(c.Certificate[0]) + ":" }
	for _, backend := range testenv.Backends {
		for format, write := range map[string]func(tls.Certificate) string{"pem": asPEM, "der": asDER} {
			t.Run(string(backend)+"/"+format, func(t *testing.T) {
				env := map[string]string{
					"SIGNET_MTLS_HEADER": "Client-Cert", "SIGNET_MTLS_HEADER_FORMAT": format, "SIGNET_MTLS_CA": ours.File(t), "SIGNET_MTLS_PROXIES": "127.0.0.1,::1",
				}
				e := boot(t, testenv.Options{Backend: backend, Nodes: 2, Env: env})
				c := certified(e, "console", "auth_method: tls_client_auth", "tls_client_certificate_bound_access_tokens: true", `tls_client_auth_subject_dn: "CN=console,O=Müller\\, Söhne,C=DE"`)
				passing := func(values ...string) *testenv.App {
					app := c
					app.Prove = func(req *http.Request, _ string) { req.Header["Client-Cert"] = values }
					return e.App(t, app)
				}
				app := passing(write(certificate))
				got := tokens(t, e.Browser().For(t), app, ada, "scope", "openid email offline_access")
				if cnf(claimsOf(t, got.Str("access_token")))["x5t#S256"] != x5t(certificate) {
					t.Errorf("%v", claimsOf(t, got.Str("access_token")))
				}
				if info := app.Userinfo(got.Str("access_token")); info.Str("email") != ada.Email {
					t.Errorf("%d %s", info.Status, info.Body)
				}
				wantError(t, "userinfo with another", passing(write(other)).Userinfo(got.Str("access_token")), http.StatusUnauthorized, "invalid_token")
				for name, bad := range map[string]*testenv.App{
					"another authority": passing(write(other)), "none": passing(), "empty": passing(""), "two": passing(write(certificate), write(certificate)),
					"broken": passing(write(certificate)[:100]), "no base64": passing(":%:"), "too long": passing(strings.Repeat("A", 20_000)),
				} {
					wantError(t, name, bad.Refresh(got.Str("refresh_token")), http.StatusUnauthorized, "invalid_client")
				}
				doc := fetch(t, e.Issuer+"/.well-known/openid-configuration", nil)
				if doc.Fields["mtls_endpoint_aliases"] != nil || doc.Fields["tls_client_certificate_bound_access_tokens"] != true {
					t.Errorf("%s", doc.Body)
				}
			})
		}
	}
	t.Run("not the proxy", func(t *testing.T) {
		env := map[string]string{"SIGNET_MTLS_HEADER": "Client-Cert", "SIGNET_MTLS_HEADER_FORMAT": "der", "SIGNET_MTLS_CA": ours.File(t), "SIGNET_MTLS_PROXIES": "192.0.2.0/24"}
		e := boot(t, testenv.Options{Env: env})
		c := certified(e, "console", "auth_method: tls_client_auth", `tls_client_auth_subject_dn: "CN=console,O=Müller\\, Söhne,C=DE"`)
		c.Prove = func(req *http.Request, _ string) { req.Header.Set("Client-Cert", asDER(certificate)) }
		wantError(t, "a stranger's header", e.App(t, c).Call("/token", "grant_type", "client_credentials"), http.StatusUnauthorized, "invalid_client")
		if !strings.Contains(e.Log(), "is for the proxies of mtls.proxies") {
			t.Error("the log does not say why")
		}
		plain := *e.App(t, fleet)
		plain.Prove = c.Prove
		if got := plain.Call("/token", "grant_type", "client_credentials"); got.Status != http.StatusOK {
			t.Errorf("where no certificate is asked for it is none of our business: %s", got.Body)
		}
	})
}

// TestSharedListener asks for certificates where everything else is answered.
func TestSharedListener(t *testing.T) {
	t.Parallel()
	ours := testenv.NewAuthority(t)
	e := boot(t, testenv.Options{TLS: true, Env: map[string]string{"SIGNET_MTLS_SHARED": "true", "SIGNET_MTLS_CA": ours.File(t)}})
	c := certified(e, "console", "auth_method: tls_client_auth", "tls_client_auth_san_dns: console.example")
	template := named("x")
	template.DNSNames = []string{"console.example"}
	app := e.App(t, with(c, ours.Issue(t, template)))
	tokens(t, e.Browser(), app, ada)
	if doc := fetch(t, e.Issuer+"/.well-known/openid-configuration", nil); doc.Fields["mtls_endpoint_aliases"] != nil {
		t.Errorf("aliases of the same address: %s", doc.Body)
	}
}

// TestOpenIDClientHasCertificate: npm's openid-client proves who it is by a
// certificate, in each way, finds the addresses for that by itself, and binds its
// tokens to it.
func TestOpenIDClientHasCertificate(t *testing.T) {
	t.Parallel()
	ours := testenv.NewAuthority(t)
	var nobody *testenv.Authority
	e := direct(t, ours)
	byCA, byItself := ours.Issue(t, named("console")), nobody.Issue(t, named("self"))
	const binds = "tls_client_certificate_bound_access_tokens: true"
	for method, c := range map[string]struct {
		app         testenv.App
		certificate tls.Certificate
	}{
		"tls_client_auth":             {certified(e, "node-ca", binds, "auth_method: tls_client_auth", `tls_client_auth_subject_dn: "CN=console,O=Müller\\, Söhne,C=DE"`), byCA},
		"self_signed_tls_client_auth": {certified(e, "node-self", binds, "auth_method: self_signed_tls_client_auth", "jwks: "+keySet(t, byItself, true)), byItself},
	} {
		n := startNode(t, e, c.app, "method", method, "metadata", `{"use_mtls_endpoint_aliases":true}`, "par", "yes",
			"ca", e.Authority, "cert", testenv.CertificateFile(t, c.certificate), "key", testenv.KeyFile(t, c.certificate))
		b := e.Browser()
		done := n.must("callback", "url", b.Finish(b.Get(n.must("begin", "parameters", parameters{"scope": "openid email offline_access"}).URL), ada).Location)
		if bound := cnf(claimsOf(t, done.Tokens.Access))["x5t#S256"]; bound != x5t(c.certificate) {
			t.Errorf("%s: bound to %v", method, bound)
		}
		if info := n.must("userinfo", "token", done.Tokens.Access, "subject", done.Claims["sub"]); info.Claims["email"] != ada.Email {
			t.Errorf("%s: userinfo: %v", method, info.Claims)
		}
		n.must("refresh", "token", done.Tokens.Refresh)
		if !n.must("introspect", "token", done.Tokens.Access).Active {
			t.Errorf("%s: the access token is not active", method)
		}
		n.must("revoke", "token", done.Tokens.Access)
		wantError(t, "its token alone", e.App(t, c.app).Userinfo(done.Tokens.Access), http.StatusUnauthorized, "invalid_token")
	}
}
