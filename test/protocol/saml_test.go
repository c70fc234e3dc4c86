package protocol

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"signet/internal/testenv"
)

// adaThere is somebody at the provider of a company, by SAML.
var adaThere = testenv.IDPPerson{
	User: "ada", Password: "there-It-is-9", Subject: "00u1ada", Email: "ada.king@contoso.example", Given: "Ada", Family: "King", Groups: []string{"staff", "admins"},
}

// company is a house that has a connection to a SAML provider.
type company struct {
	*testenv.Env
	idp        *testenv.IDP
	connection string // its id
	entity     string
}

// contosoSAML is the connection's id.
const contosoSAML = "019e6f6a-6e53-7c39-9d0c-2f6f6a3b1c55"

// samlConnection declares the connection, with more of its settings.
func samlConnection(metadataURL, more string) string {
	return `
organizations:
  - slug: contoso
    name: Contoso
    owners: [ada@example.com]
connections:
  - id: ` + contosoSAML + `
    name: Contoso
    protocol: saml
    untried: true
    organizations: [contoso]
    metadata_url: ` + metadataURL + `
    ` + more + `
`
}

// meetSAML connects the house with a provider.
func meetSAML(t *testing.T, o testenv.Options, more string) *company {
	t.Helper()
	c := &company{idp: testenv.NewIDP(t, adaThere)}
	o.Env = map[string]string{"SIGNET_OUTBOUND_CA": testenv.HouseAuthority(t), "SIGNET_OUTBOUND_ALLOW_PRIVATE": "true"}
	o.Declare = samlConnection(c.idp.MetadataURL(), more)
	c.Env = boot(t, o)
	if code, _, errs := c.Run("", "org", "domain", "add", "contoso", "contoso.example", "--proven"); code != 0 {
		t.Fatal(errs)
	}
	c.connection = contosoSAML
	c.entity = c.Issuer + "/federation/" + c.connection + "/metadata"
	c.idp.Register(c.entity)
	return c
}

// leave sends the browser to the provider, and returns the form by which that one
// answers.
func (c *company) leave(t *testing.T, b *testenv.Browser, from string) *testenv.Form {
	t.Helper()
	page := b.Get(from)
	onward := onwardFrom(page)
	if !strings.HasPrefix(onward, c.idp.URL+"/sso?") {
		t.Fatalf("the house leads to %q: status %d\n%s", onward, page.Status, page.Body)
	}
	form := c.idp.SignIn(b, onward, adaThere)
	if form == nil || form.Action != c.Issuer+"/federation/"+c.connection+"/acs" {
		t.Fatalf("the provider answers with %+v", form)
	}
	return form
}

var refreshTo = regexp.MustCompile(`^0;url=(.+)$`)

// onwardFrom is where a page goes on to by itself.
func onwardFrom(p *testenv.Page) string {
	if m := refreshTo.FindStringSubmatch(p.Header.Get("Refresh")); m != nil {
		return m[1]
	}
	return p.Location
}

// come posts the provider's answer as its page does, and goes on to the end, or to
// where it leaves the house.
func (c *company) come(b *testenv.Browser, form *testenv.Form) *testenv.Page {
	page := b.Across(form)
	for page.Location == "" && onwardFrom(page) != "" {
		to := onwardFrom(page)
		if strings.HasPrefix(to, "https://") {
			page.Location = to
			return page
		}
		page = b.Get(to)
	}
	return page
}

// startAt is the connection's own start, which ends at the account page.
func (c *company) startAt() string { return "/federation/" + c.connection + "/start" }

// TestSAML: somebody signs in to an app by the SAML provider of their company,
// which is not ours, verifies what we ask, and encrypts what it answers.
func TestSAML(t *testing.T) {
	t.Parallel()
	for _, backend := range testenv.Backends {
		t.Run(string(backend), func(t *testing.T) {
			c := meetSAML(t, testenv.Options{Backend: backend, Nodes: 1 + map[testenv.Backend]int{testenv.Full: 1}[backend]}, "")
			app, b := c.App(t, web), c.Browser()
			req := app.Request("connection", c.connection)
			page := c.come(b, c.leave(t, b, req.Path()))
			answer := req.Answer(page)
			if answer.Get("code") == "" {
				t.Fatalf("no code: status %d at %s, %v\n%s", page.Status, page.URL, answer, page.Body)
			}
			claims := app.IDToken(app.Redeem(req, answer).Str("id_token"), req.Get("nonce"))
			if claims["sub"] == "" {
				t.Errorf("claims: %v", claims)
			}
			// The second time the same person comes.
			again := c.Browser()
			second := app.Request("connection", c.connection)
			answer = second.Answer(c.come(again, c.leave(t, again, second.Path())))
			if got := app.IDToken(app.Redeem(second, answer).Str("id_token"), second.Get("nonce")); got["sub"] != claims["sub"] {
				t.Errorf("the same person there is %v and then %v", claims["sub"], got["sub"])
			}
		})
	}
}

// TestSAMLOtherBrowser: what a provider says to one browser signs nobody in with
// another, whoever has posted it and wherever that goes on.
func TestSAMLOtherBrowser(t *testing.T) {
	t.Parallel()
	c := meetSAML(t, testenv.Options{}, "")
	mine, theirs := c.Browser(), c.Browser()
	form := c.leave(t, mine, c.startAt())
	theirs.Get(c.startAt()) // has a name, too
	if page := c.come(theirs, form); page.Status != http.StatusGone || signedInAs(theirs) {
		t.Errorf("another browser with the answer: status %d at %s", page.Status, page.URL)
	}
	if page := c.come(mine, form); page.Status < 400 || signedInAs(mine) {
		t.Errorf("the answer once more: status %d at %s", page.Status, page.URL)
	}
	// Without a departure there is nothing to come back from.
	for name, relay := range map[string]string{"none": "", "made up": "not-a-handle", "of nobody": strings.Repeat("A", 43)} {
		f := *c.leave(t, mine, c.startAt())
		f.Fields = url.Values{"SAMLResponse": f.Fields["SAMLResponse"], "RelayState": {relay}}
		if page := c.come(mine, &f); page.Status != http.StatusGone || signedInAs(mine) {
			t.Errorf("relay state %s: status %d at %s", name, page.Status, page.URL)
		}
	}
}

// signedInAs reports whether the browser is signed in to the house.
func signedInAs(b *testenv.Browser) bool {
	page := b.Get("/account")
	return page.Status == http.StatusOK && strings.HasSuffix(page.URL.Path, "/account")
}

// TestSAMLReplayRaced: one answer posted by many at once, on two nodes, lands once.
func TestSAMLReplayRaced(t *testing.T) {
	t.Parallel()
	c := meetSAML(t, testenv.Options{Backend: testenv.Full, Nodes: 2}, "")
	b := c.Browser()
	form := c.leave(t, b, c.startAt())
	const callers = 24
	var wg sync.WaitGroup
	pages := make([]*testenv.Page, callers)
	for i := range callers {
		other := b.For(t)
		wg.Go(func() { pages[i] = c.come(other, form) })
	}
	wg.Wait()
	in := 0
	for _, page := range pages {
		if page.Status == http.StatusOK && strings.HasSuffix(page.URL.Path, "/account") {
			in++
		}
	}
	if in > 1 {
		t.Errorf("%d of %d callers were signed in by one answer", in, callers)
	}
}

// TestSAMLTile: people who come from the provider's own page, unasked, are signed
// in where the connection allows it, and by an answer that they asked for.
func TestSAMLTile(t *testing.T) {
	t.Parallel()
	c := meetSAML(t, testenv.Options{}, "")
	b := c.Browser()
	form := c.idp.SignIn(b, c.idp.Tile(c.entity), adaThere)
	if page := c.come(b, form); page.Status != http.StatusGone || signedInAs(b) {
		t.Errorf("unasked: status %d at %s", page.Status, page.URL)
	}
	c.Apply(samlConnection(c.idp.MetadataURL(), "idp_initiated: true"))
	form = c.idp.SignIn(b, c.idp.Tile(c.entity), adaThere)
	page := c.come(b, form)
	if !strings.HasPrefix(page.Location, c.idp.URL+"/sso?") {
		t.Fatalf("unasked, and allowed: status %d at %s, to %q\n%s", page.Status, page.URL, page.Location, page.Body)
	}
	if signedInAs(b) {
		t.Error("signed in by an answer that nobody asked for")
	}
	if page = c.come(b, c.idp.SignIn(b, page.Location, adaThere)); !signedInAs(b) {
		t.Errorf("by the tile: status %d at %s", page.Status, page.URL)
	}
}

// TestSAMLLogout: a provider ends the sessions that began by it, and no others;
// nobody else does.
func TestSAMLLogout(t *testing.T) {
	t.Parallel()
	c := meetSAML(t, testenv.Options{}, "")
	slo := strings.TrimSuffix(c.entity, "/metadata") + "/logout"
	b, other := c.Browser(), c.Browser()
	c.come(b, c.leave(t, b, c.startAt()))
	other.Finish(other.Get("/signin"), ada)
	if !signedInAs(b) || !signedInAs(other) {
		t.Fatal("nobody is signed in")
	}
	forged := c.idp.SignOut(slo, "ada")
	for name, address := range map[string]string{
		"changed": strings.Replace(forged, "Signature=", "Signature=AAAA", 1), "empty": slo, "by another provider": testenv.NewIDP(t, adaThere).SignOut(slo, "ada"),
	} {
		if page := b.Get(address); page.Status != http.StatusBadRequest || !signedInAs(b) {
			t.Errorf("%s: status %d", name, page.Status)
		}
	}
	address := c.idp.SignOut(slo, "ada")
	if page := other.Get(address); !strings.HasPrefix(page.Location, c.idp.URL+"/slo?SAMLResponse=") || !signedInAs(other) {
		t.Errorf("somebody who did not come from there: status %d, to %s", page.Status, page.Location)
	}
	if page := b.Get(address); page.Status != http.StatusBadRequest || !signedInAs(b) {
		t.Errorf("once more: status %d", page.Status)
	}
	if page := b.Get(c.idp.SignOut(slo, "ada")); !strings.HasPrefix(page.Location, c.idp.URL+"/slo?SAMLResponse=") || signedInAs(b) {
		t.Errorf("signed out there: status %d, to %s", page.Status, page.Location)
	}
}

// TestSAMLSignOut: who signs out here is signed out there, too, where the connection
// says so, and comes back.
func TestSAMLSignOut(t *testing.T) {
	t.Parallel()
	c := meetSAML(t, testenv.Options{}, "sign_out: true")
	b := c.Browser()
	c.come(b, c.leave(t, b, c.startAt()))
	if c.idp.SignedIn() != 1 {
		t.Fatalf("%d people are signed in there", c.idp.SignedIn())
	}
	page := b.Post("/account/signout", nil)
	_, there, _ := strings.Cut(page.Header.Get("Refresh"), "url=")
	if !strings.HasPrefix(there, c.idp.URL+"/slo?SAMLRequest=") || signedInAs(b) {
		t.Fatalf("status %d at %s, leads to %q", page.Status, page.URL, there)
	}
	at := c.idp.Browser(b).Get(there)
	if c.idp.SignedIn() != 0 || !strings.HasPrefix(at.Location, c.Issuer+"/federation/"+c.connection+"/logout?") {
		t.Fatalf("the provider answers with status %d, to %q: %s", at.Status, at.Location, at.Body)
	}
	if end := b.Get(at.Location); end.Status != http.StatusOK || !strings.HasSuffix(end.URL.Path, "/signed-out") {
		t.Errorf("back: status %d at %s", end.Status, end.URL)
	}
}

// TestSAMLMetadata: our side of a connection is a document that anybody may read.
func TestSAMLMetadata(t *testing.T) {
	t.Parallel()
	c := meetSAML(t, testenv.Options{}, "")
	page := c.Browser().Get(c.entity)
	if page.Header.Get("Content-Type") != "application/samlmetadata+xml" || !strings.Contains(page.Body, `entityID="`+c.entity+`"`) {
		t.Errorf("status %d, %s:\n%s", page.Status, page.Header.Get("Content-Type"), page.Body)
	}
	if page := c.Browser().Get(strings.Replace(c.entity, c.connection, "019e6f6a-6e53-7c39-9d0c-000000000000", 1)); page.Status != http.StatusNotFound {
		t.Errorf("of a connection that is not there: status %d", page.Status)
	}
}
