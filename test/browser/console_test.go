package browser

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"signet/cmd/console/app"
	"signet/internal/mail/mailtest"
	"signet/internal/testenv"
)

// consoleHouse is a house with a mail server, and the console as one of its apps,
// which belongs to one organization at a time.
type consoleHouse struct {
	*house
	tb      testing.TB
	mail    *mailtest.Server
	console string // its address
}

// viewers see what a person of a way owns: one for each way.
func viewer(w way) testenv.Person {
	return testenv.Person{Email: "viewer-" + w.email, Password: password}
}

// slug is that of the organization that the person of the way owns.
func slug(w way) string {
	return strings.ReplaceAll(strings.TrimSuffix(w.email, "@example.com"), ".", "-")
}

const consoleDeclaration = `
clients:
  - id: console
    name: Device console
    secret: %[2]s
    client_uri: %[1]s/
    initiate_login_uri: %[1]s/login
    redirect_uris: ["%[1]s/callback"]
    post_logout_redirect_uris: ["%[1]s/"]
    grant_types: [authorization_code, refresh_token]
    scopes: [openid, profile, email, organizations, "organizations:read", "organizations:write", offline_access]
    trusted: true
users:
`

// startConsole boots the house and the console. In each way's organization the
// person of the way is the owner, and another one a viewer.
func startConsole(t *testing.T, env map[string]string) *consoleHouse {
	t.Helper()
	h := &consoleHouse{tb: t, mail: mailtest.Start(t, mailtest.Options{})}
	settings := map[string]string{
		"SIGNET_SMTP_URL": h.mail.URL(), "SIGNET_SMTP_FROM": "House <no-reply@id.example>", "SIGNET_CHALLENGE_SIGN_UP": "none",
	}
	for k, v := range env {
		settings[k] = v
	}
	h.house = startHouseWith(t, settings)
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	h.console = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	const secret = "secret-of-the-console"
	handler, err := app.New(app.Config{
		Flavor: app.Console, BaseURL: h.console, Issuer: h.Issuer, ClientID: "console", ClientSecret: secret,
		Organizations: true, CookieKey: make([]byte, 32), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/", handler)
	var text strings.Builder
	fmt.Fprintf(&text, consoleDeclaration, h.console, secret)
	for _, w := range ways {
		fmt.Fprintf(&text, "  - {email: %s, password: %s, verified: true, given_name: Vera, family_name: Viewer}\n", viewer(w).Email, password)
	}
	text.WriteString("organizations:\n")
	for _, w := range ways {
		fmt.Fprintf(&text, "  - {slug: %s, name: The house of %s, owners: [%s], viewers: [%s]}\n", slug(w), slug(w), w.email, viewer(w).Email)
	}
	h.Apply(text.String())
	return h
}

// enters signs the person in from the console's landing page.
func (h *consoleHouse) enters(tab *Tab, who testenv.Person) {
	tab.t.Helper()
	tab.Open(h.console)
	tab.Arrive(h.console)
	tab.Follow("main a.button")
	tab.signIn(h.Issuer, who)
}

// wantRole checks for which organization the console shows the person, and as what.
func (tab *Tab) wantRole(organization, role string) {
	tab.t.Helper()
	if got := tab.Text(".house"); !strings.HasPrefix(got, organization) || !strings.Contains(got, role) {
		tab.t.Errorf("the console is for %q, want %s as %s", got, organization, role)
	}
}

// Somebody who has no account makes one from the console, and an organization on
// the way, and is its owner there.
func TestNewcomerMakesAnOrganization(t *testing.T) {
	h := startConsole(t, nil)
	eachWay(t, func(t *testing.T, w way) {
		who, tab := newcomer(w), newVisitor(t, w).NewTab()
		tab.Open(h.console)
		tab.Arrive(h.console)
		tab.Follow("main a.button")
		tab.Arrive(h.Issuer + "/signin?")
		tab.Follow(".aside a")
		tab.fillIn(h.Issuer, who)
		tab.Type("#code", h.mail.Codes(who.Email, 1)[0])
		tab.Follow("#submit")
		tab.See(h.Issuer+"/signin/organization?", Look{Has: "#create"})
		tab.Follow("#create")
		tab.See(h.Issuer+"/signin/organization/new?", Look{Focus: "name"})
		tab.Follow("#submit")
		tab.See(h.Issuer+"/signin/organization/new", Look{Focus: "name", Has: "#name-fault"})
		tab.Type("#name", "Nova & Daughters")
		tab.Follow("#submit")
		tab.See(h.console, Look{Lang: "en", Has: "table.list"})
		tab.wantRole("Nova & Daughters", "Owner")

		tab.Follow(`nav a[href="/organization"]`)
		tab.See(h.console+"/organization", Look{Lang: "en", Has: "#members"})
		for _, link := range []string{"#sign-in", "#rest", "#create", "#invitations"} {
			tab.Follow(link)
			tab.See(h.Issuer+"/", Look{Has: "a.back"})
			tab.Open(h.console + "/organization")
			tab.Arrive(h.console + "/organization")
		}
		tab.Follow("#members")
		tab.See(h.Issuer+"/orgs/", Look{})
		if text := tab.Text("main"); !strings.Contains(text, "Nova & Daughters") {
			t.Errorf("Signet's page of the organization: %.200s", text)
		}
		tab.Open(h.Issuer + "/account") // the way back stays while they look about
		tab.See(h.Issuer+"/account", Look{Has: "a.back"})
		tab.Follow("a.back")
		tab.Arrive(h.console)
		tab.wantRole("Nova & Daughters", "Owner")
	})
}

// What a person may do in the console follows their role in the organization: a
// viewer sees what an owner changes, and changes nothing.
func TestRolesInTheConsole(t *testing.T) {
	h := startConsole(t, nil)
	eachWay(t, func(t *testing.T, w way) {
		owner, other := newVisitor(t, w).NewTab(), newVisitor(t, w).NewTab()
		h.enters(owner, w.person())
		owner.See(h.console, Look{Lang: "en", Has: "table.list"})
		owner.wantRole("The house of "+slug(w), "Owner")
		owner.Follow("table.list th a")
		owner.See(h.console+"/devices/", Look{Lang: "en", Has: "#rename"})
		device := owner.last()
		owner.Type("#device-name", "The first hub")
		owner.Follow("#rename")
		owner.See(device, Look{Lang: "en", Has: "#restart"})
		owner.Follow("#restart")
		owner.Arrive(device)

		h.enters(other, viewer(w))
		other.Arrive(h.console)
		other.wantRole("The house of "+slug(w), "Viewer")
		other.Open(device)
		other.See(device, Look{Lang: "en", Has: "#viewer"})
		if text := other.Text("main"); !strings.Contains(text, "The first hub") || !strings.Contains(text, "Restarted by") {
			t.Errorf("the viewer sees %.300s", text)
		}
		if other.Has("main form") {
			t.Error("a viewer is offered a change")
		}
		// Made an admin by the owner, in the console, the viewer is offered it at the
		// next sign-in.
		owner.Open(h.console + "/organization")
		owner.See(h.console+"/organization", Look{Lang: "en", Has: "form.row select"})
		eval[bool](owner, `(document.querySelector("form.row select").value = "admin") !== ""`)
		owner.Follow("form.row button[value=role]")
		owner.Arrive(h.console + "/organization")
		other.Open(h.console + "/login")
		other.Arrive(h.console)
		other.wantRole("The house of "+slug(w), "Admin")
		other.Open(device)
		other.See(device, Look{Lang: "en", Has: "#rename"})
	})
}

// Who belongs to two organizations chooses one at sign-in, and switches in the
// console; each has devices of its own.
func TestSwitchOrganization(t *testing.T) {
	h := startConsole(t, nil)
	eachWay(t, func(t *testing.T, w way) {
		who, tab := w.person(), newVisitor(t, w).NewTab()
		h.Apply(fmt.Sprintf("organizations:\n  - {slug: second-%[1]s, name: 'Tables & Sons of a rather long name', owners: [%[2]s], viewers: [%[3]s]}\n", slug(w), viewer(w).Email, who.Email))
		h.enters(tab, who)
		tab.See(h.Issuer+"/signin/organization?", Look{Has: "#create"})
		tab.Follow(`button.choice:nth-of-type(2)`)
		tab.See(h.console, Look{Lang: "en", Has: ".house a"})
		tab.wantRole("Tables & Sons of a rather long name", "Viewer")
		tab.Follow(".house a")
		tab.See(h.Issuer+"/signin/organization?", Look{})
		tab.Follow("#cancel")
		tab.See(h.console+"/callback", Look{Lang: "en", Status: http.StatusForbidden, Has: "main a.button"})
		tab.Open(h.console)
		tab.Arrive(h.console)
		tab.wantRole("Tables & Sons of a rather long name", "Viewer") // as before
		tab.Follow(".house a")
		tab.Arrive(h.Issuer + "/signin/organization?")
		tab.Follow("#submit")
		tab.Arrive(h.console)
		tab.wantRole("The house of "+slug(w), "Owner")
		// What may ask nothing opens for the same one.
		tab.Open(h.console + "/login?prompt=none")
		tab.Arrive(h.console)
		tab.wantRole("The house of "+slug(w), "Owner")
	})
}

var invitationLink = regexp.MustCompile(`http://\S+/invitation\?link=[\w-]+`)

// invitation is the link of the letter to the address.
func (h *consoleHouse) invitation(to string) string {
	h.tb.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		for _, m := range h.mail.Mails() {
			if link := invitationLink.FindString(m.Text()); link != "" && m.To == to {
				return link
			}
		}
	}
	h.tb.Fatalf("no invitation to %s", to)
	return ""
}

// Somebody who has no account is invited from the console, and is in the console
// as a viewer after at most five pages.
func TestInvitedFromTheConsole(t *testing.T) {
	h := startConsole(t, map[string]string{"SIGNET_CHALLENGE_SIGN_UP": "slider"}) // for those who are not invited
	eachWay(t, func(t *testing.T, w way) {
		owner, who := newVisitor(t, w).NewTab(), newcomer(w)
		h.enters(owner, w.person())
		owner.Arrive(h.console)
		owner.Follow(`nav a[href="/organization"]`)
		owner.See(h.console+"/organization", Look{Lang: "en", Has: "#invitations"})
		owner.Follow("#invitations")
		owner.See(h.Issuer+"/orgs/", Look{Has: "#addresses"})
		owner.Type("#addresses", who.Email)
		owner.Follow("#submit")
		owner.See(h.Issuer+"/orgs/", Look{Has: "#report .good"})
		owner.Follow("a.back")
		owner.Arrive(h.console)

		tab := newVisitor(t, w).NewTab()
		tab.Open(h.invitation(who.Email))
		tab.See(h.Issuer+"/invitation?", Look{Has: "#submit"})
		if text := tab.Text("main"); !strings.Contains(text, "The house of "+slug(w)) || !strings.Contains(text, who.Email) {
			t.Errorf("the invitation says %.300s", text)
		}
		tab.Follow("#submit")
		tab.See(h.Issuer+"/signup/password?", Look{Has: "#password"})
		tab.choose(who.Password)
		tab.Follow("#submit")
		tab.Arrive(h.Issuer + "/signup/about?")
		tab.Type("#given_name", "Nova")
		tab.Type("#family_name", "Comer")
		tab.born("1990-12-09")
		tab.Follow("#submit")
		tab.See(h.console, Look{Lang: "en", Has: "table.list"})
		tab.wantRole("The house of "+slug(w), "Viewer")
		tab.Follow("table.list th a")
		tab.See(h.console+"/devices/", Look{Lang: "en", Has: "#viewer"})
		pages := 0
		for _, address := range tab.Visited() {
			if strings.HasPrefix(address, h.Issuer) {
				pages++
			}
		}
		if pages > 5 {
			t.Errorf("%d pages from the letter to the console, want at most 5: %v", pages, tab.Visited())
		}
		t.Logf("%d pages", pages)
	})
}

// A device that is connected for an organization is seen by everybody in it.
func TestAgentOfAnOrganization(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		d := startDemo(t)
		a := startAgent(t, d, filepath.Join(t.TempDir(), "tokens.json"), "Hall printer", "-organization", "*")
		code := a.said(`code\s+([A-Z]{4}-[A-Z]{4})\s`)[1]
		tab := newVisitor(t, w).NewTab()
		tab.Open(d.issuer + "/device?user_code=" + code)
		tab.Arrive(d.issuer + "/device?")
		tab.Follow("#submit")
		tab.Arrive(d.issuer + "/signin?")
		tab.signIn(d.issuer, ada)
		tab.See(d.issuer+"/device/asks?", Look{Has: "#allow"})
		if text := tab.Text(".grants"); !strings.Contains(text, "Analytical Engines") {
			t.Errorf("the page does not say for which organization: %s", text)
		}
		tab.Follow("#allow")
		tab.Arrive(d.issuer + "/device/done?end=approved")
		a.said(`Reported to`)

		other := newVisitor(t, w).NewTab()
		other.Open(d.console + "/login")
		other.signIn(d.issuer, testenv.Person{Email: "charles@example.com", Password: password})
		other.See(d.console, Look{Lang: "en", Has: "table.list a[href^='/devices/agent-']"})
		other.wantRole("Analytical Engines", "Viewer")
	})
}
