package browser

import (
	"strings"
	"testing"

	"signet/internal/testenv"
)

// signIn fills in the two pages of the sign-in.
func (tab *Tab) signIn(issuer string, who testenv.Person) {
	tab.t.Helper()
	tab.Arrive(issuer + "/signin?")
	tab.Type("#username", who.Email)
	tab.Follow("#submit")
	tab.Arrive(issuer + "/signin/password")
	tab.Type("#password", who.Password)
	tab.Follow("#submit")
}

// From the landing page of one app to the other app, which opens without a
// question.
func TestSignInOnceTwoAppsOpen(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		d := startDemo(t)
		tab := newVisitor(t, w).NewTab()
		tab.Open(d.console)
		tab.See(d.console, Look{Lang: "en", Has: "a.button"})
		tab.Follow("main a.button")
		tab.See(d.issuer+"/signin?", Look{Focus: "username"})
		tab.Follow("#submit")
		tab.See(d.issuer+"/signin", Look{Focus: "username", Has: "#username-fault"})
		tab.Type("#username", ada.Email)
		tab.Follow("#submit")
		tab.See(d.issuer+"/signin/password?", Look{Focus: "password"})
		tab.Type("#password", "not the password")
		tab.Follow("#submit")
		tab.See(d.issuer+"/signin/password", Look{Focus: "password", Has: "#password[aria-invalid=true]"})
		tab.Type("#password", ada.Password)
		tab.Follow("#submit")
		tab.See(d.console, Look{Lang: "en", Has: "table.list"})
		if who := tab.Text(".who summary"); !strings.Contains(who, "Ada Lovelace") {
			t.Errorf("the console says that %q is signed in, want Ada Lovelace", who)
		}

		before := len(tab.Visited())
		tab.Follow("a.sibling")
		tab.See(d.frames, Look{Lang: "en", Has: ".wall"})
		for _, address := range tab.Visited()[before:] {
			if strings.HasPrefix(address, d.issuer) {
				t.Errorf("on the way to the second app the person saw %s", address)
			}
		}
		tab.Open(d.frames + "/me")
		tab.See(d.frames+"/me", Look{Lang: "en"})
	})
}
