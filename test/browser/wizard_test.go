package browser

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"signet/internal/outbound/dnstest"
	"signet/internal/testenv"
)

// move is the console's house, a DNS server that it asks, and another Signet over
// TLS, which is to become the provider of the organization of each way.
type move struct {
	*consoleHouse
	provider *testenv.Env
	dns      *dnstest.Server
}

// works is the domain of the way's organization, and worker somebody in it, who has
// an account at the provider alone.
func works(w way) string { return slug(w) + "-works.example" }

func worker(w way) testenv.Person {
	return testenv.Person{Email: "nova@" + works(w), Password: "compiler-Nanosec-1"}
}

func startMove(t *testing.T) *move {
	t.Helper()
	people := "users:\n"
	for _, w := range ways {
		people += fmt.Sprintf("  - {email: %s, password: %s, verified: true, given_name: Nova, family_name: Comer}\n", worker(w).Email, worker(w).Password)
	}
	m := &move{dns: dnstest.New(t), provider: testenv.Start(t, testenv.Options{TLS: true, Declare: people})}
	m.consoleHouse = startConsole(t, map[string]string{
		"SIGNET_OUTBOUND_CA": m.provider.Authority, "SIGNET_OUTBOUND_ALLOW_PRIVATE": "true", "SIGNET_DNS_SERVER": m.dns.Addr,
	})
	return m
}

// An owner comes from the console to where the organization's sign-in is set up,
// proves its domain, and enters its provider, or has somebody do it who has nothing
// but a link; tries it, switches it on and requires it. Who then comes to the console
// from the organization for the first time signs in there, and is a viewer.
func TestWizardFromTheConsole(t *testing.T) {
	m := startMove(t)
	eachWay(t, func(t *testing.T, w way) {
		tab := newVisitor(t, w).NewTab()
		m.enters(tab, w.person())
		tab.Arrive(m.console)
		tab.Follow(`nav a[href="/organization"]`)
		tab.Arrive(m.console + "/organization")
		tab.Follow("#sign-in")
		tab.See(m.Issuer+"/orgs/", Look{Has: "#next-step"})
		home := tab.page()
		m.prove(tab, home, works(w))
		tab.Open(home)
		tab.See(home, Look{Has: "#domains .tag.good"})
		if !w.script { // half of them leave the rest to somebody else
			tab, home = m.delegate(tab, home, w)
		}
		at := m.connect(tab, home)
		m.try(tab, at)
		for _, to := range []string{"on", "required"} {
			tab.Click(`#switch input[value=` + to + `]`)
			tab.Follow("#switch-button")
			tab.See(at+"?done=connection-"+to, Look{Has: `#switch input[value=` + to + `]:checked`})
		}
		if text := tab.Text("#glass"); !strings.Contains(text, w.email) {
			t.Errorf("the page does not say that the owner keeps a way in: %s", text)
		}

		newcomer := newVisitor(t, w).NewTab()
		newcomer.Open(m.console)
		newcomer.Arrive(m.console)
		newcomer.Type("#work", worker(w).Email)
		newcomer.Follow(".company button")
		newcomer.signIn(m.provider.Issuer, worker(w))
		newcomer.See(m.console, Look{Lang: "en", Has: "table.list"})
		newcomer.wantRole("The house of "+slug(w), "Viewer")
	})
}

// page is the address of the page in the tab, without its query.
func (tab *Tab) page() string {
	tab.t.Helper()
	u, err := url.Parse(tab.here())
	if err != nil {
		tab.t.Fatal(err)
	}
	u.RawQuery, u.Fragment = "", ""
	return u.String()
}

// prove adds the domain, looks for its record in vain, publishes it, and has it
// looked for again.
func (m *move) prove(tab *Tab, home, domain string) {
	tab.t.Helper()
	tab.Type("#domain", domain)
	tab.Follow("#add-domain")
	at := home + "/domains/" + domain
	tab.See(at, Look{Has: ".copied code"})
	tab.copies(".copied code")
	name, text := tab.Text("dl div:nth-child(3) code"), tab.Text("dl div:nth-child(4) code")
	tab.Follow("#submit")
	tab.See(at+"/check", Look{Has: "#found"})
	m.dns.Set(name, text)
	for end := time.Now().Add(patience); !strings.Contains(tab.here(), "done=domain-proven"); {
		if time.Now().After(end) {
			tab.t.Fatalf("the record of %s does not prove it: %s", domain, tab.Text("#found"))
		}
		tab.Follow("#submit") // for two seconds it is not looked for again
	}
	tab.See(at+"?done=domain-proven", Look{Has: ".tag.good"})
}

// copies presses the button that copies the value, which scripts alone offer.
func (tab *Tab) copies(value string) {
	tab.t.Helper()
	if !tab.way.script {
		if tab.Has(value + " + button") {
			tab.t.Error("a button to copy without a script to do it")
		}
		return
	}
	// All tabs share one clipboard, and the button says for two seconds that it was
	// done: what it does is noted when it does it.
	eval[bool](tab, fmt.Sprintf(`(() => {
		const button = document.querySelector(%q), write = navigator.clipboard.writeText.bind(navigator.clipboard);
		window.said = [];
		new MutationObserver(() => said.push(button.textContent)).observe(button, {childList: true});
		navigator.clipboard.writeText = text => { window.copied = text; return write(text); };
		return true;
	})()`, value+" + button"))
	tab.Click(value + " + button")
	tab.until("copying", func() bool {
		return eval[bool](tab, fmt.Sprintf(`(() => {
			const code = document.querySelector(%q);
			return copied === code.textContent && said.includes(code.dataset.copied);
		})()`, value))
	})
}

// delegate makes a link and opens it in another browser; it returns the tab there,
// and where the pages begin in it.
func (m *move) delegate(tab *Tab, home string, w way) (*Tab, string) {
	tab.t.Helper()
	tab.Follow("#new-link-button")
	tab.See(home+"/links", Look{Has: "#new-link"})
	link := tab.Text("#new-link")
	other := newVisitor(tab.t, w).NewTab()
	other.Open(link)
	other.See(m.Issuer+"/setup/", Look{Has: "#submit"})
	if text := other.Text("main"); !strings.Contains(text, "The house of "+slug(w)) || !strings.Contains(text, w.email) {
		tab.t.Errorf("the link does not say whose it is, and from whom: %s", text)
	}
	other.Follow("#submit")
	other.See(m.Issuer+"/setup/", Look{Has: "#domains .tag.good"})
	if other.Has("#new-link-button") {
		tab.t.Error("who has a link can make others")
	}
	return other, other.page()
}

var callbackAddress = regexp.MustCompile(`https?://[^\s<"]+/callback`)

// connect enters the other Signet, and returns the page of the connection. Its
// metadata is a file in one of the ways.
func (m *move) connect(tab *Tab, home string) string {
	tab.t.Helper()
	tab.Follow("#new-connection")
	tab.See(home+"/providers", Look{Has: "button.choice"})
	tab.Follow("button.choice[value=oidc]")
	tab.See(home+"/connections/", Look{Has: "#client_id"})
	at, id := tab.page(), "house-"+slug(tab.way)
	m.provider.Apply(fmt.Sprintf("clients:\n  - {id: %s, name: The house, secret: the-secret-of-the-house, redirect_uris: [%q], scopes: [openid, profile, email], trusted: true}\n",
		id, callbackAddress.FindString(tab.Text("#there"))))
	tab.Follow("#submit")
	tab.See(at, Look{Has: "#client_id-fault"})
	tab.Type("#client_id", id)
	tab.Type("#client_secret", "the-secret-of-the-house")
	document := m.provider.Issuer + "/.well-known/openid-configuration"
	if tab.way == ways[0] {
		file := filepath.Join(tab.t.TempDir(), "openid-configuration.json")
		if err := os.WriteFile(file, []byte(m.provider.Browser().Get(document).Body), 0o600); err != nil {
			tab.t.Fatal(err)
		}
		tab.do("choosing a file", chromedp.SetUploadFiles("#metadata_file", []string{file}))
	} else {
		tab.Type("#metadata_url", document)
	}
	tab.Follow("#submit")
	tab.See(at+"?done=connection-saved", Look{Has: "#try-button"})
	return at
}

// try goes through the provider, looks at what arrived, and says that it is right.
func (m *move) try(tab *Tab, at string) {
	tab.t.Helper()
	tab.Follow("#try-button")
	who := worker(tab.way)
	tab.signIn(m.provider.Issuer, who)
	tab.See(at+"/try", Look{Has: "#arrived"})
	if text := tab.Text("#arrived"); !strings.Contains(text, who.Email) || !strings.Contains(text, "Nova Comer") {
		tab.t.Errorf("what arrived is %s", text)
	}
	tab.Follow("#submit")
	tab.See(at+"?done=connection-passed", Look{Has: "#switch-button"})
}
