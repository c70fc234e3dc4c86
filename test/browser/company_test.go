package browser

import (
	"fmt"
	"strings"
	"testing"

	"signet/internal/testenv"
)

// colleague is somebody of the company, who has an account at its provider alone.
func colleague(w way) testenv.Person {
	return testenv.Person{Email: strings.Replace(w.email, "@example.com", "@contoso.example", 1), Password: "compiler-Nanosec-1"}
}

const contoso = "0198c0de-0000-7000-8000-00000000c057"

// startCompany is the console's house, one of whose organizations signs in at a
// provider of its own, another Signet over TLS, and has proven its domain.
func startCompany(t *testing.T) (h *consoleHouse, provider *testenv.Env) {
	t.Helper()
	people := "users:\n"
	for _, w := range ways {
		people += fmt.Sprintf("  - {email: %s, password: %s, verified: true, given_name: Colin, family_name: League}\n", colleague(w).Email, colleague(w).Password)
	}
	provider = testenv.Start(t, testenv.Options{TLS: true, Declare: people})
	h = startConsole(t, map[string]string{"SIGNET_OUTBOUND_CA": provider.Authority, "SIGNET_OUTBOUND_ALLOW_PRIVATE": "true"})
	provider.Apply(fmt.Sprintf("clients:\n  - {id: house, name: The house, secret: the-secret-of-the-house, redirect_uris: [%q], scopes: [openid, profile, email], trusted: true}\n",
		h.Issuer+"/federation/"+contoso+"/callback"))
	h.Apply(fmt.Sprintf(`
organizations:
  - {slug: contoso, name: Contoso, owners: [%s]}
connections:
  - id: %s
    name: Contoso
    protocol: oidc
    untried: true
    organizations: [contoso]
    metadata_url: %s/.well-known/openid-configuration
    client_id: house
    client_secret: the-secret-of-the-house
`, viewer(ways[0]).Email, contoso, provider.Issuer))
	if code, _, errs := h.Run("", "org", "domain", "add", "contoso", "contoso.example", "--proven"); code != 0 {
		t.Fatalf("the domain: %s", errs)
	}
	return h, provider
}

// Somebody whose company signs them in begins with their address in the console,
// signs in at the company, and is in the console as a viewer of its organization;
// from then on a sign-in there is enough.
func TestCompanySignInFromTheConsole(t *testing.T) {
	h, provider := startCompany(t)
	eachWay(t, func(t *testing.T, w way) {
		who := colleague(w)
		tab := newVisitor(t, w).NewTab()
		enter := func() {
			t.Helper()
			tab.Open(h.console)
			tab.See(h.console, Look{Lang: "en", Has: "#work"})
			tab.Type("#work", who.Email)
			tab.Follow(".company button")
		}
		enter()
		tab.signIn(provider.Issuer, who)
		tab.See(h.console, Look{Lang: "en", Has: "table.list"})
		tab.wantRole("Contoso", "Viewer")

		// Signed out at the house, and still in at the company: no page is shown.
		tab.Click(".who summary")
		tab.Follow(`.who form:not([action$="/local"]) button`)
		tab.until("signed out", func() bool { return strings.HasPrefix(tab.last(), h.console) && tab.Has("body.out") })
		enter()
		tab.Arrive(h.console)
		tab.wantRole("Contoso", "Viewer")
	})
}
