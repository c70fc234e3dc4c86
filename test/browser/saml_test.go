package browser

import (
	"strings"
	"testing"

	"signet/internal/testenv"
)

// adaThere is somebody at the provider of a company, by SAML.
var adaThere = testenv.IDPPerson{
	User: "ada", Password: "there-It-is-9", Subject: "00u1ada", Email: "ada.king@contoso.example", Given: "Ada", Family: "King",
}

const samlConnection = `
organizations:
  - slug: contoso
    name: Contoso
    owners: [ada@example.com]
connections:
  - id: 019e6f6a-6e53-7c39-9d0c-2f6f6a3b1c55
    name: Contoso
    protocol: saml
    untried: true
    organizations: [contoso]
    idp_initiated: true
    metadata_url: `

// TestSAMLInABrowser: somebody signs in by the SAML provider of their company, which
// is on another site: its page posts the answer, and what cookies a browser sends
// along is the browser's to say.
func TestSAMLInABrowser(t *testing.T) {
	idp := testenv.NewIDP(t, adaThere)
	e := testenv.Start(t, testenv.Options{
		TLS: true, Env: map[string]string{"SIGNET_OUTBOUND_CA": testenv.HouseAuthority(t), "SIGNET_OUTBOUND_ALLOW_PRIVATE": "true"},
		Declare: "users:\n  - {email: ada@example.com, password: " + password + ", verified: true}\n" + samlConnection + idp.MetadataURL(),
	})
	if code, _, errs := e.Run("", "org", "domain", "add", "contoso", "contoso.example", "--proven"); code != 0 {
		t.Fatal(errs)
	}
	base := e.Issuer + "/federation/019e6f6a-6e53-7c39-9d0c-2f6f6a3b1c55"
	idp.Register(base + "/metadata")
	for _, w := range []way{ways[0], ways[2]} {
		t.Run(w.name, func(t *testing.T) {
			v := newVisitor(t, w)
			tab := v.NewTab()
			tab.Open(base + "/start")
			tab.atProvider(idp, adaThere, 1)
			tab.isAt(e.Issuer+"/account", adaThere.Email)

			// By the provider's own page, in a browser that was never here.
			tile := newVisitor(t, w).NewTab()
			tile.Open(idp.Tile(base + "/metadata"))
			tile.atProvider(idp, adaThere, 2) // the second one was asked for
			tile.isAt(e.Issuer+"/account", adaThere.Email)
		})
	}
}

// isAt waits for the page, which says the text.
func (tab *Tab) isAt(address, text string) {
	tab.t.Helper()
	tab.Arrive(address)
	if !strings.Contains(tab.Text("main"), text) {
		tab.t.Errorf("%s does not say %q", tab.last(), text)
	}
}

// atProvider signs in at the provider, which answers so many times. Without scripts
// each page with an answer has a button.
func (tab *Tab) atProvider(idp *testenv.IDP, p testenv.IDPPerson, answers int) {
	tab.t.Helper()
	tab.Arrive(idp.URL + "/")
	tab.Type("#user", p.User)
	tab.Type("#password", p.Password)
	tab.Follow("#login")
	if tab.way.script {
		return
	}
	for range answers {
		tab.Arrive(idp.URL + "/")
		tab.Follow("#go")
	}
}
