package protocol

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"signet/internal/mail/mailtest"
	"signet/internal/outbound/dnstest"
	"signet/internal/testenv"
)

// move is a house, a DNS server that it asks, and another Signet over TLS that
// is the provider of an organization to come. Nothing is set up yet.
type move struct {
	*testenv.Env
	up   *testenv.Env
	dns  *dnstest.Server
	mail *mailtest.Server
	org  string
}

var orgID = regexp.MustCompile(`/orgs/([0-9a-f-]{36})`)

// newMove boots them, with more settings; bob owns the organization.
func newMove(t *testing.T, backend testenv.Backend, more ...map[string]string) *move {
	t.Helper()
	c := &move{dns: dnstest.New(t), mail: mailtest.Start(t, mailtest.Options{})}
	c.up = testenv.Start(t, testenv.Options{TLS: true, Env: exempt})
	env := map[string]string{
		"SIGNET_OUTBOUND_CA": c.up.Authority, "SIGNET_OUTBOUND_ALLOW_PRIVATE": "true", "SIGNET_DNS_SERVER": c.dns.Addr,
		"SIGNET_SMTP_URL": c.mail.URL(), "SIGNET_SMTP_FROM": "House <no-reply@id.example>",
	}
	for _, m := range more {
		maps.Copy(env, m)
	}
	c.Env = boot(t, testenv.Options{Backend: backend, Env: env})
	c.Apply(`
organizations:
  - slug: contoso
    name: Contoso
    owners: [bob@contoso.example]
    viewers: [carol@contoso.example]
users:
  - email: bob@contoso.example
    password: the-Owner-of-it-1
    verified: true
  - email: carol@contoso.example
    password: the-Viewer-of-it-1
    verified: true
`)
	return c
}

var (
	contosoBob   = testenv.Person{Email: "bob@contoso.example", Password: "the-Owner-of-it-1"}
	contosoCarol = testenv.Person{Email: "carol@contoso.example", Password: "the-Viewer-of-it-1"}
)

// signedIn is a browser in which the person is signed in to the account pages.
func (c *move) signedIn(t *testing.T, who testenv.Person) *testenv.Browser {
	t.Helper()
	b := c.Browser().For(t)
	if page := b.Finish(b.Get("/account"), who); page.URL.Path != "/account" {
		t.Fatalf("%s ends at %s:\n%s", who.Email, page.URL, page.Body)
	}
	return b
}

// prove proves the domain by the pages, beginning at the overview.
func (c *move) prove(t *testing.T, b *testenv.Browser, overview, domain string) {
	t.Helper()
	page := b.Get(overview)
	page = b.Submit(page.Form("add-domain"), "add-domain", "domain", domain)
	record := regexp.MustCompile(`signet-domain-proof=[\w-]+`).FindString(page.Body)
	if record == "" {
		t.Fatalf("no record at %s:\n%s", page.URL, page.Body)
	}
	c.dns.Set("_signet-challenge."+domain, record)
	if page = b.Submit(page.Form("submit"), "submit"); page.URL.Query().Get("done") != "domain-proven" {
		t.Fatalf("the record does not prove the domain: %s\n%s", page.URL, page.Body)
	}
}

// connect enters the other Signet as the provider, and returns the connection's
// page and what is to be registered there.
func (c *move) connect(t *testing.T, b *testenv.Browser, overview string) *testenv.Page {
	t.Helper()
	page := b.Post(overview+"/providers", map[string][]string{"guide": {"oidc"}})
	callback := regexp.MustCompile(`https?://[^<"]+/callback`).FindString(page.Body)
	if callback == "" {
		t.Fatalf("the page of the connection does not say where to send people back: %s\n%s", page.URL, page.Body)
	}
	c.up.Apply(fmt.Sprintf(`
clients:
  - id: house
    name: The house
    secret: %s
    redirect_uris: ["%s"]
    scopes: [openid, profile, email]
    trusted: true
users:%s`, upstreamSecret, callback, hopperThere))
	return b.Submit(page.Form("client_id"), "submit", "name", "Contoso", "metadata_url", c.up.Issuer+"/.well-known/openid-configuration", "client_id", "house", "client_secret", upstreamSecret)
}

// through goes from a page that leads to the provider through the provider's pages
// and back, to where the house leads on.
func (c *move) through(t *testing.T, b *testenv.Browser, from *testenv.Page, who testenv.Person) *testenv.Page {
	t.Helper()
	there := c.up.Browser().For(t)
	end := there.Finish(there.Get(onward(t, from)), who)
	if !strings.HasPrefix(end.Location, c.Issuer+"/federation/") {
		t.Fatalf("the provider ends at %q (status %d):\n%s", end.Location, end.Status, end.Body)
	}
	return b.Get(onward(t, b.Get(end.Location)))
}

// overview is where the organization's sign-in is set up.
func (c *move) overview(t *testing.T, b *testenv.Browser) string {
	t.Helper()
	id := orgID.FindString(b.Get("/orgs").Body)
	if id == "" {
		t.Fatal("no organization is listed")
	}
	c.org = id
	return id + "/signin"
}

// setUp does all of the wizard up to the trial that passed, and returns the
// connection's page.
func (c *move) setUp(t *testing.T, b *testenv.Browser, overview string) *testenv.Page {
	t.Helper()
	c.prove(t, b, overview, "contoso.example")
	page := c.connect(t, b, overview)
	if page.URL.Query().Get("done") != "connection-saved" {
		t.Fatalf("the connection is not saved: %s\n%s", page.URL, page.Body)
	}
	page = c.through(t, b, b.Submit(page.Form("try-button"), "try-button"), hopper)
	for _, want := range []string{"grace@contoso.example", "Grace Hopper", "email_verified"} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("the trial does not show %s:\n%s", want, page.Body)
		}
	}
	page = b.Submit(page.Form("submit"), "submit")
	if page.URL.Query().Get("done") != "connection-passed" {
		t.Fatalf("the trial did not pass: %s\n%s", page.URL, page.Body)
	}
	return page
}

// TestWizard moves an organization to its own sign-in by its pages alone, and looks
// at who gets in how at each step.
func TestWizard(t *testing.T) {
	t.Parallel()
	for _, backend := range testenv.Backends {
		t.Run(string(backend), func(t *testing.T) {
			c := newMove(t, backend)
			bob := c.signedIn(t, contosoBob)
			overview := c.overview(t, bob)
			carol := c.signedIn(t, contosoCarol)
			if page := carol.Get(overview); page.Status != http.StatusForbidden {
				t.Errorf("a viewer at the owner's pages: status %d", page.Status)
			}
			page := c.setUp(t, bob, overview)
			// The secret that is kept goes to no other provider.
			moved := bob.Submit(page.Form("client_id"), "submit", "metadata_url", "https://elsewhere.example/.well-known/openid-configuration")
			if moved.URL.Query().Has("done") || !strings.Contains(moved.Body, "another provider") {
				t.Errorf("another provider gets the secret: %s", moved.URL)
			}

			// Nothing is led there before it is switched on.
			app := c.App(t, web)
			if first := step(t, app, c.Browser().For(t), hopper.Email); first.Form("password") == nil {
				t.Fatalf("led away before it is on: %s", first.URL)
			}
			page = bob.Submit(page.Form("switch-button"), "switch-button", "to", "on")
			if page.URL.Query().Get("done") != "connection-on" {
				t.Fatalf("not switched on: %s\n%s", page.URL, page.Body)
			}
			// Who is asked for their organization finds it on the page.
			asking := c.Browser().For(t).Get(app.Request("organization", "contoso", "scope", "openid organizations").Path())
			through := regexp.MustCompile(`id="through" href="([^"]+)"`).FindStringSubmatch(asking.Body)
			if asking.Form("username") == nil || through == nil || !strings.HasPrefix(through[1], "/signin/with?") {
				t.Errorf("the page does not offer the sign-in of the organization: %s\n%s", asking.URL, asking.Body)
			}
			grace := c.Browser().For(t)
			r := app.Request()
			tokens := app.Redeem(r, r.Answer(c.through(t, grace, stepIn(t, grace, r, hopper.Email), hopper)))
			if claims := app.IDToken(tokens.Str("id_token"), r.Get("nonce")); claims["acr"] != "urn:signet:acr:upstream" {
				t.Errorf("signed in as %v", claims)
			}
			// A password still works, by the page behind the one that leads away.
			again := c.Browser().For(t)
			at := again.Get("/signin/password?flow=" + step(t, app, again, contosoCarol.Email).URL.Query().Get("flow"))
			if got := again.Submit(at.Form("password"), "submit", "password", contosoCarol.Password); got.Location == "" {
				t.Errorf("a password while it is on: %s\n%s", got.URL, got.Body)
			}

			page = bob.Submit(page.Form("switch-button"), "switch-button", "to", "required")
			if page.URL.Query().Get("done") != "connection-required" || !strings.Contains(page.Body, contosoBob.Email) {
				t.Fatalf("not required: %s\n%s", page.URL, page.Body)
			}
			c.wantTold(t, "now requires sign-in", "By: "+contosoBob.Email)
			c.wantEnforced(t, carol)
		})
	}
}

// wantTold waits for the letter to the owner that says all this.
func (c *move) wantTold(t *testing.T, texts ...string) {
	t.Helper()
	said := func(m mailtest.Mail) bool {
		return m.To == contosoBob.Email && !slices.ContainsFunc(texts, func(s string) bool { return !strings.Contains(m.Text(), s) })
	}
	for end := time.Now().Add(30 * time.Second); !slices.ContainsFunc(c.mail.Mails(), said); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the owner is not told %q", texts)
		}
	}
}

// step types the address on the first page of a sign-in, and stops there.
func step(t *testing.T, app *testenv.App, b *testenv.Browser, email string) *testenv.Page {
	t.Helper()
	return stepIn(t, b, app.Request(), email)
}

func stepIn(t *testing.T, b *testenv.Browser, r *testenv.Request, email string) *testenv.Page {
	t.Helper()
	page := b.Get(r.Path())
	if page.Form("username") == nil {
		t.Fatalf("no sign-in page: %s (status %d)", page.URL, page.Status)
	}
	return b.Submit(page.Form("username"), "submit", "username", email)
}

// wantSignedOut waits until the browser is signed out.
func wantSignedOut(t *testing.T, b *testenv.Browser) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		page := b.Get("/account")
		if page.URL.Path == "/signin" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("still signed in: %s", page.URL)
		}
	}
}

// wantEnforced holds what must be so once the provider is required.
func (c *move) wantEnforced(t *testing.T, carol *testenv.Browser) {
	t.Helper()
	wantSignedOut(t, carol)
	app := c.App(t, web)
	for _, who := range []testenv.Person{contosoCarol, {Email: "nobody@contoso.example", Password: "some-Password-1"}} {
		b := c.Browser().For(t)
		page := step(t, app, b, who.Email)
		onward(t, page)
		flow := page.URL.Query().Get("flow")
		page = b.Get("/signin/password?flow=" + flow)
		if !strings.Contains(page.Body, `id="company"`) {
			t.Errorf("the page does not say who may use a password:\n%s", page.Body)
		}
		page = b.Submit(page.Form("password"), "submit", "password", who.Password)
		if page.Form("password") == nil || b.Cookie("signet_session") != "" {
			t.Errorf("%s signed in with a password: %s", who.Email, page.URL)
		}
	}
	// Its owner has a way in.
	b := c.Browser().For(t)
	page := step(t, app, b, contosoBob.Email)
	page = b.Get("/signin/password?flow=" + page.URL.Query().Get("flow"))
	if page = b.Submit(page.Form("password"), "submit", "password", contosoBob.Password); page.Location == "" {
		t.Errorf("the owner does not get in: %s\n%s", page.URL, page.Body)
	}
}

// TestEnforcement: what must not be possible beside a provider that is required, by
// an address that has an account and by one that has none alike; and how its
// administrator sets all of it up by a link.
func TestEnforcement(t *testing.T) {
	t.Parallel()
	c := newMove(t, testenv.Embedded)
	bob := c.signedIn(t, contosoBob)
	overview := c.overview(t, bob)
	page := bob.Get(overview)
	page = bob.Submit(page.Form("new-link-button"), "new-link-button")
	link := regexp.MustCompile(`http[^<"]+/setup/[^<"]+key=[\w-]+`).FindString(page.Body)
	admin := c.Browser().For(t)
	for range 2 { // to look at it uses nothing up
		page = admin.Get(link)
	}
	if page = admin.Submit(page.Form("submit"), "submit"); page.Form("add-domain") == nil || page.Form("new-link-button") != nil {
		t.Fatalf("the administrator is led to %s:\n%s", page.URL, page.Body)
	}
	c.wantTold(t, "Somebody has begun to set up", "Network address: ")
	setup := page.URL.Path
	other := c.Browser().For(t)
	if got := other.Get(link); got.Status != http.StatusGone {
		t.Errorf("the link a second time: status %d", got.Status)
	}
	if got := other.Get(setup); got.Status != http.StatusGone {
		t.Errorf("its pages in another browser: status %d", got.Status)
	}
	if got := admin.Get(overview); got.URL.Path == overview && got.Status == http.StatusOK {
		t.Error("who has the link sees the owner's pages")
	}
	page = c.setUp(t, admin, setup)
	if page = admin.Submit(page.Form("switch-button"), "switch-button", "to", "required"); page.URL.Query().Get("done") != "connection-required" {
		t.Fatalf("not required: %s\n%s", page.URL, page.Body)
	}

	app := c.App(t, web)
	for _, email := range []string{contosoCarol.Email, "nobody@contoso.example"} {
		b := c.Browser().For(t)
		first := b.Get(app.Request().Path())
		flow := "?flow=" + first.Form("username").Fields.Get("flow")
		if page := b.Get("/signup" + flow); page.Form("username") != nil {
			if page = b.Submit(page.Form("username"), "submit", "username", email); !strings.Contains(page.Body, `id="continue"`) {
				t.Errorf("%s signs up beside it: %s\n%s", email, page.URL, page.Body)
			}
		}
		if page := b.Get("/recover" + flow); page.Form("username") != nil {
			if page = b.Submit(page.Form("username"), "submit", "username", email); page.Form("owner") == nil {
				t.Errorf("%s gets a code: %s\n%s", email, page.URL, page.Body)
			}
		}
	}
	// The app may name the person, or the organization.
	for _, pairs := range [][]string{{"login_hint", hopper.Email}, {"organization", "contoso", "scope", "openid organizations"}} {
		onward(t, c.Browser().For(t).Get(app.Request(pairs...).Path()))
	}
	if page := c.Browser().For(t).Get(app.Request("login_hint", "grace@c\u043entoso.example").Path()); page.Form("username") == nil {
		t.Errorf("an address that looks alike is led to %s", page.URL)
	}

	// Whoever owns the domain now decides: nothing is left of it without its record.
	if code, _, errs := c.Run("", "org", "domain", "remove", "contoso", "contoso.example"); code != 0 {
		t.Fatal(errs)
	}
	if page := step(t, app, c.Browser().For(t), contosoCarol.Email); page.Form("password") == nil {
		t.Errorf("after the domain is gone: %s", page.URL)
	}

	// Another secret takes the requirement away, and another client the connection.
	for _, c := range [][2]string{{"house", "connection-eased"}, {"another", "connection-stopped"}} {
		page = admin.Get(page.URL.Path)
		page = admin.Submit(page.Form("client_id"), "submit", "client_id", c[0], "client_secret", "another-secret")
		if page.URL.Query().Get("done") != c[1] {
			t.Errorf("after a change: %s, want %s\n%s", page.URL, c[1], page.Body)
		}
	}
}
