package browser

import (
	"net/http"
	"strings"
	"testing"
)

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
		tab.Open(d.console + "/nowhere")
		tab.See(d.console+"/nowhere", Look{Lang: "en", Status: http.StatusNotFound})
	})
}

// Signing out of one app leaves the other open; signing out everywhere ends
// the session at the provider, too.
func TestSignOutOfApps(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		d := startDemo(t)
		tab := newVisitor(t, w).NewTab()
		tab.Open(d.console + "/login")
		tab.signIn(d.issuer, ada)
		tab.Arrive(d.console)
		tab.Open(d.frames + "/login")
		tab.Arrive(d.frames)

		tab.Click(".who summary")
		tab.See(d.frames, Look{Lang: "en", Has: ".who[open]"})
		tab.Follow(`.who form[action$="/local"] button`)
		tab.See(d.frames, Look{Lang: "en", Has: "body.out"})
		tab.Open(d.console)
		tab.Arrive(d.console)
		if tab.Has("body.out") {
			t.Error("signing out of the frames signed out of the console")
		}

		tab.Click(".who summary")
		tab.Follow(`.who form:not([action$="/local"]) button`)
		tab.See(d.console, Look{Lang: "en", Has: "body.out"})
		tab.Open(d.issuer + "/account")
		tab.Arrive(d.issuer + "/signin?")
	})
}

// Whoever signs out at one app is signed out of the other when its page is next
// looked at: the browser told it on the way.
func TestSignOutIsSeenByTheOtherApp(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		d := startDemo(t)
		v := newVisitor(t, w)
		tab, other := v.NewTab(), v.NewTab()
		tab.Open(d.console + "/login")
		tab.signIn(d.issuer, ada)
		tab.Arrive(d.console)
		other.Open(d.frames + "/login")
		other.Arrive(d.frames)
		other.Open(d.frames + "/me")
		other.See(d.frames+"/me", Look{Lang: "en"})

		tab.Click(".who summary")
		tab.Follow(`.who form:not([action$="/local"]) button`)
		tab.Arrive(d.console)
		tab.until("the console is signed out", func() bool { return tab.Has("body.out") })
		other.Open(d.frames)
		other.Arrive(d.frames)
		if !other.Has("body.out") {
			t.Error("signing out at the console left the frames open")
		}
	})
}

// Whose session is ended from another browser is signed out of the apps, too: the
// provider's server told them.
func TestSignOutElsewhereIsSeenByTheApps(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		d := startDemo(t)
		tab, phone := newVisitor(t, w).NewTab(), newVisitor(t, w).NewTab()
		tab.Open(d.console + "/login")
		tab.signIn(d.issuer, ada)
		tab.Arrive(d.console)
		tab.Open(d.frames + "/login")
		tab.Arrive(d.frames)
		phone.Open(d.issuer + "/account")
		phone.signIn(d.issuer, ada)
		phone.Arrive(d.issuer + "/account")
		phone.Follow(`form[action$="/signout/everywhere"] button`)
		phone.Arrive(d.issuer + "/signed-out")
		for _, at := range []string{d.console, d.frames} {
			tab.until(at+" is signed out", func() bool {
				tab.Open(at)
				tab.Arrive(at)
				return tab.Has("body.out")
			})
		}
	})
}

// The mailbox of the demo: the letter that tells of a sign-in, which leads to
// the account page.
func TestMailbox(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		d := startDemo(t)
		first, visitor := newVisitor(t, w).NewTab(), newVisitor(t, w)
		first.Open(d.issuer + "/mailbox")
		first.See(d.issuer+"/mailbox", Look{Has: ".empty"})
		first.Open(d.console + "/login")
		first.signIn(d.issuer, ada)
		first.Arrive(d.console)

		tab := visitor.NewTab()
		tab.Open(d.console + "/login")
		tab.signIn(d.issuer, ada)
		tab.Arrive(d.console)
		tab.Open(d.issuer + "/mailbox")
		tab.See(d.issuer+"/mailbox", Look{Has: ".rows li"})
		tab.Follow(".rows a")
		tab.See(d.issuer+"/mailbox/", Look{Has: "iframe.paper"})
		tab.Click(".plain-text summary")
		tab.See(d.issuer+"/mailbox/", Look{Has: ".letter a"})
		if got := tab.Text(".letter"); !strings.Contains(got, ada.Email) || !strings.Contains(got, "127.0.0.1") {
			t.Errorf("the letter says %q, want who signed in and from where", got)
		}
		tab.Follow(`.letter a[href*="/account"]`)
		tab.Arrive(d.issuer + "/account")
		tab.Open(d.issuer + "/mailbox/nothing")
		tab.See(d.issuer+"/mailbox/nothing", Look{Status: http.StatusNotFound})
	})
}
