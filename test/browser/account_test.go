package browser

import (
	"strings"
	"testing"
)

// The account page lists the person's browsers, and ends the session of one, or
// of all.
func TestSessions(t *testing.T) {
	h := startHouse(t)
	eachWay(t, func(t *testing.T, w way) {
		here, there := newVisitor(t, w), newVisitor(t, w)
		there.agent = firefoxOnWindows
		one, other := here.NewTab(), there.NewTab()
		for _, tab := range []*Tab{other, one} {
			tab.Open(h.Issuer + "/account")
			tab.signIn(h.Issuer, w.person())
			tab.See(h.Issuer+"/account", Look{Has: "#devices"})
		}
		if got := one.Text("#devices tbody"); !strings.Contains(got, "Firefox") || !strings.Contains(got, "Chrome") {
			t.Errorf("the page lists %q, want Firefox and Chrome", got)
		}
		one.Follow("#devices form button")
		one.See(h.Issuer+"/account?done=session", Look{Has: ".notice"})
		if got := one.Text("#devices tbody"); strings.Contains(got, "Firefox") {
			t.Errorf("the page lists %q after the other browser was signed out", got)
		}
		other.Reload()
		other.signIn(h.Issuer, w.person())
		other.Arrive(h.Issuer + "/account")

		one.Follow("#sign-out-everywhere")
		one.See(h.Issuer+"/signed-out?everywhere", Look{Has: "#again"})
		other.Reload()
		other.Arrive(h.Issuer + "/signin?")
		one.Follow("#again")
		one.Arrive(h.Issuer + "/signin?")
	})
}

// Signing out here ends this browser's session alone.
func TestSignOutHere(t *testing.T) {
	h := startHouse(t)
	eachWay(t, func(t *testing.T, w way) {
		one, other := newVisitor(t, w).NewTab(), newVisitor(t, w).NewTab()
		for _, tab := range []*Tab{other, one} {
			tab.Open(h.Issuer + "/")
			tab.signIn(h.Issuer, w.person())
			tab.Arrive(h.Issuer + "/account")
		}
		one.Follow("#sign-out")
		one.See(h.Issuer+"/signed-out", Look{Has: "#again"})
		one.Open(h.Issuer + "/account")
		one.Arrive(h.Issuer + "/signin?")
		other.Reload()
		other.Arrive(h.Issuer + "/account")
	})
}
