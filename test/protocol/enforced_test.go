package protocol

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"signet/internal/mail/mailtest"
	"signet/internal/testenv"
)

// fabrikam is a connection of another organization than Contoso.
const fabrikam = "0198c0de-0000-7000-8000-0000000fab01"

// joan is somebody at the provider of Fabrikam.
var joan = testenv.Person{Email: "joan@fabrikam.example", Password: "ENIAC-bombe-1946"}

// addFabrikam makes the organization with a connection to the provider, where
// joan has an account, and which is known there as another client.
func (c *move) addFabrikam(t *testing.T) {
	t.Helper()
	c.Apply(fmt.Sprintf(`
organizations:
  - slug: fabrikam
    name: Fabrikam
    owners: [bob@example.com]
connections:
  - id: %s
    name: Fabrikam
    protocol: oidc
    untried: true
    organizations: [fabrikam]
    metadata_url: %s/.well-known/openid-configuration
    client_id: fabrikam
    client_secret: %s
`, fabrikam, c.up.Issuer, upstreamSecret))
	c.up.Apply(fmt.Sprintf(`
clients:
  - id: fabrikam
    name: Fabrikam
    secret: %s
    redirect_uris: ["%s/federation/%s/callback"]
    scopes: [openid, profile, email]
    trusted: true
users:
  - email: %s
    password: %s
    verified: true
`, upstreamSecret, c.Issuer, fabrikam, joan.Email, joan.Password))
}

// TestEnforcedBesideAnotherConnection: whose address signs in at one organization's
// provider alone does not get in by that of another, to which the account was
// connected before.
func TestEnforcedBesideAnotherConnection(t *testing.T) {
	t.Parallel()
	c := newMove(t, testenv.Embedded)
	c.addFabrikam(t)
	app := c.App(t, web)
	carol := c.Browser().For(t)
	page := c.through(t, carol, carol.Get("/federation/"+fabrikam+"/start"), joan)
	page = carol.Finish(carol.Submit(page.Form("sign-in"), "sign-in"), contosoCarol)
	if page = carol.Submit(page.Form("connect"), "connect"); page.URL.Path != "/account" {
		t.Fatalf("not connected: %s\n%s", page.URL, page.Body)
	}
	carol = c.Browser().For(t)
	if page = c.through(t, carol, carol.Get("/federation/"+fabrikam+"/start"), joan); page.URL.Path != "/account" {
		t.Fatalf("not signed in: %s\n%s", page.URL, page.Body)
	}

	bob := c.signedIn(t, contosoBob)
	page = c.setUp(t, bob, c.overview(t, bob))
	if page = bob.Submit(page.Form("switch-button"), "switch-button", "to", "required"); page.URL.Query().Get("done") != "connection-required" {
		t.Fatalf("not required: %s\n%s", page.URL, page.Body)
	}
	wantSignedOut(t, carol)
	b := c.Browser().For(t)
	page = c.through(t, b, b.Get(app.Request("connection", fabrikam).Path()), joan)
	if to := onward(t, page); b.Cookie("signet_session") != "" || !strings.HasPrefix(to, c.up.Issuer) || strings.Contains(to, fabrikam) {
		t.Errorf("signs in by the other connection: led to %s", to)
	}
}

// TestEnforcedMeanwhile: what was begun before a provider was required ends nowhere
// beside it.
func TestEnforcedMeanwhile(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, mailtest.Options{})
	c := newMove(t, testenv.Embedded, map[string]string{"SIGNET_SMTP_URL": server.URL(), "SIGNET_SMTP_FROM": "House <no-reply@id.example>"})
	h := &newHouse{env: c.Env, app: c.App(t, web), mail: server}
	newcomer, moved := testenv.Person{Email: "eve@contoso.example", Password: "Wander-berg-31"}, "ada@contoso.example"
	wizard := c.Browser().For(t)
	waiting, r, letter := h.waitingFor(t, wizard, newcomer)
	mover := c.signedIn(t, ada)
	submit(t, mover, mover.Get("/account/email"), "submit", "email", moved, "current", ada.Password)
	link := mailedLink(t, received(t, server, moved, 1))

	bob := c.signedIn(t, contosoBob)
	page := c.setUp(t, bob, c.overview(t, bob))
	if page = bob.Submit(page.Form("switch-button"), "switch-button", "to", "required"); page.URL.Query().Get("done") != "connection-required" {
		t.Fatalf("not required: %s\n%s", page.URL, page.Body)
	}
	page = wizard.Submit(waiting.Form("code"), "submit", "code", letter.code)
	if wizard.Cookie("signet_session") != "" || strings.HasPrefix(page.Location, r.Get("redirect_uri")) || !strings.Contains(page.Body, `id="continue"`) {
		t.Errorf("a sign-up from before signs in: %s %s\n%s", page.URL, page.Location, page.Body)
	}
	if page = submit(t, mover, mover.Get(link), "submit"); page.Status != http.StatusGone {
		t.Errorf("an address is moved into the domain: %s %d", page.URL, page.Status)
	}
}
