package browser

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"strings"
	"testing"

	"signet/internal/testenv"
)

const companyConnection = "0198c0de-0000-7000-8000-00000000c057"

// startUpstream boots a Signet that is somebody else's: on a host of its own, so
// that no cookie of it is one of the house's. The second result is the file of
// the authority that signed its certificate.
func startUpstream(t *testing.T) (*testenv.Env, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	authority := testenv.NewAuthority(t)
	c := authority.Issue(t, x509.Certificate{Subject: pkix.Name{CommonName: "upstream"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	return testenv.Start(t, testenv.Options{Env: map[string]string{
		"SIGNET_ISSUER": "https://" + address, "SIGNET_LISTEN": address,
		"SIGNET_TLS_CERT": testenv.CertificateFile(t, c), "SIGNET_TLS_KEY": testenv.KeyFile(t, c),
	}}), authority.File(t)
}

// startFederatedHouse is a house over TLS, whose organization's people sign in at
// the other Signet: there is somebody new for each way, and somebody who has an
// account here, with another address there.
func startFederatedHouse(t *testing.T) (h *house, up *testenv.Env) {
	t.Helper()
	up, authority := startUpstream(t)
	apps := startApps(t)
	var here, there strings.Builder
	fmt.Fprintf(&here, declaration, apps.url)
	for i, w := range ways {
		fmt.Fprintf(&here, "  - {email: %s, password: %s, verified: true, given_name: Robin, family_name: Walker}\n", w.email, password)
		fmt.Fprintf(&there, "  - {email: new%d@contoso.example, password: %s, verified: true, given_name: Grace, family_name: Hopper}\n", i, password)
		fmt.Fprintf(&there, "  - {email: back%d@contoso.example, password: %s, verified: true}\n", i, password)
		fmt.Fprintf(&there, "  - {email: old%d@elsewhere.example, password: %s, verified: true, given_name: Robin, family_name: There}\n", i, password)
	}
	fmt.Fprintf(&here, `
organizations:
  - {slug: contoso, name: Contoso, owners: [%s]}
connections:
  - {id: %s, name: Contoso, protocol: oidc, untried: true, organizations: [contoso], client_id: house, client_secret: secret-of-the-house,
     metadata_url: "%s/.well-known/openid-configuration"}
`, ways[0].email, companyConnection, up.Issuer)
	h = &house{Env: testenv.Start(t, testenv.Options{
		TLS: true, Env: map[string]string{"SIGNET_OUTBOUND_CA": authority, "SIGNET_OUTBOUND_ALLOW_PRIVATE": "true"},
	}), apps: apps}
	h.Apply(here.String()) // now that it has an address
	if code, _, errs := h.Run("", "org", "domain", "add", "contoso", "contoso.example", "--proven"); code != 0 {
		t.Fatal(errs)
	}
	up.Apply(fmt.Sprintf(`
clients:
  - id: house
    name: The house
    secret: secret-of-the-house
    redirect_uris: ["%s/federation/%s/callback"]
    scopes: [openid, profile, email]
users:
`, h.Issuer, companyConnection) + there.String())
	h.kitchen = h.App(t, testenv.App{ID: "kitchen", Redirect: apps.url + "/callback", Scope: "openid profile email"})
	return h, up
}

// atUpstream signs in at the other Signet, and allows what the house asks.
func (tab *Tab) atUpstream(up *testenv.Env, email string) {
	tab.t.Helper()
	tab.signIn(up.Issuer, testenv.Person{Email: email, Password: password})
	tab.Arrive(up.Issuer + "/consent")
	tab.Follow("#allow")
}

// TestFederationInABrowser: from an app to the provider of one's organization, and
// back to the app, whose answer comes through pages of two strangers to each other.
func TestFederationInABrowser(t *testing.T) {
	t.Parallel()
	h, up := startFederatedHouse(t)
	for i, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			t.Run("somebody new", func(t *testing.T) {
				tab := newVisitor(t, w).NewTab()
				r := h.kitchen.For(t).Request("connection", companyConnection)
				tab.Open(r.Path())
				tab.atUpstream(up, fmt.Sprintf("new%d@contoso.example", i))
				h.granted(tab, r)
			})
			t.Run("somebody with an account", func(t *testing.T) {
				tab := newVisitor(t, w).NewTab()
				r := h.kitchen.For(t).Request("connection", companyConnection)
				tab.Open(r.Path())
				tab.atUpstream(up, fmt.Sprintf("old%d@elsewhere.example", i))
				tab.See(h.Issuer+"/signin/link", Look{Has: "#sign-in"})
				tab.Follow("#sign-in")
				tab.signIn(h.Issuer, w.person())
				tab.See(h.Issuer+"/signin/link", Look{Has: "#connect"})
				if text := tab.Text("main"); !strings.Contains(text, w.email) || !strings.Contains(text, fmt.Sprintf("old%d@elsewhere.example", i)) {
					t.Errorf("the question does not name both: %s", text)
				}
				tab.Follow("#connect")
				h.granted(tab, r)

				// From another browser it opens without the password of here.
				elsewhere := newVisitor(t, w).NewTab()
				r = h.kitchen.For(t).Request("connection", companyConnection)
				elsewhere.Open(r.Path())
				elsewhere.signIn(up.Issuer, testenv.Person{Email: fmt.Sprintf("old%d@elsewhere.example", i), Password: password})
				h.granted(elsewhere, r)
				h.disconnects(tab, elsewhere)
			})
			t.Run("somebody who turns back", func(t *testing.T) {
				tab := newVisitor(t, w).NewTab()
				tab.Open(h.kitchen.For(t).Request("connection", companyConnection).Path())
				tab.signIn(up.Issuer, testenv.Person{Email: fmt.Sprintf("back%d@contoso.example", i), Password: password})
				tab.Arrive(up.Issuer + "/consent")
				tab.Follow("#deny")
				tab.See(h.Issuer+"/federation/"+companyConnection+"/callback", Look{Status: 403, Has: "#other"})
				tab.Follow("#other")
				tab.See(h.Issuer+"/signin", Look{Has: "#username"})
			})
		})
	}
}

// disconnects takes the provider away in the first tab. The second one came by it, and
// is signed out.
func (h *house) disconnects(tab, elsewhere *Tab) {
	tab.t.Helper()
	tab.Open(h.Issuer + "/account")
	tab.See(h.Issuer+"/account", Look{Has: "#providers"})
	tab.Follow("#providers a.button")
	tab.See(h.Issuer+"/account/disconnect?connection="+companyConnection, Look{Has: "#current"})
	tab.Type("#current", "not the password")
	tab.Follow("#submit")
	tab.See(h.Issuer+"/account/disconnect", Look{Focus: "current", Has: "#current-fault"})
	tab.Type("#current", password)
	tab.Follow("#submit")
	tab.See(h.Issuer+"/account?done=disconnected", Look{Has: ".notice"})
	if tab.Has("#providers") {
		tab.t.Error("the provider is still listed")
	}
	elsewhere.Open(h.Issuer + "/account")
	elsewhere.Arrive(h.Issuer + "/signin?")
}
