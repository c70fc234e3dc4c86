package browser

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"signet/internal/testenv"
	"signet/internal/web/view"
)

// A person makes an organization from the account page, and owns it.
func TestOrganizationIsMade(t *testing.T) {
	h := startHouse(t)
	eachWay(t, func(t *testing.T, w way) {
		tab := h.owner(t, w, "/account")
		tab.Follow(`nav a[href="/orgs"]`)
		tab.See(h.Issuer+"/orgs", Look{Has: ".empty"})
		tab.Follow("#new")
		tab.See(h.Issuer+"/new-organization", Look{Has: "#name"})
		tab.Follow("#submit")
		tab.See(h.Issuer+"/new-organization", Look{Focus: "name", Has: "#name-fault"})
		tab.Type("#name", "Analytical Engines")
		tab.Follow("#submit")
		tab.See(h.Issuer+"/orgs/", Look{Has: `.tabs [aria-current="page"]`})
		if !strings.Contains(tab.here(), "done=org-created") || tab.Text("h1") != "Analytical Engines" {
			t.Errorf("after the organization was made, the browser is at %s, which says %q", tab.here(), tab.Text("h1"))
		}
		if got := tab.Text("#members tbody"); !strings.Contains(got, w.email) {
			t.Errorf("the members are %q, want %s", got, w.email)
		}
		tab.Open(h.Issuer + "/orgs")
		tab.See(h.Issuer+"/orgs", Look{})
		tab.Follow("#orgs .rows a")
		tab.See(h.Issuer+"/orgs/", Look{Has: "#members"})
	})
}

// startOrganizedHouse is a house in which the person of each way owns an
// organization with one more member.
func startOrganizedHouse(t *testing.T, all []way) *house {
	t.Helper()
	h := startHouse(t)
	var users, orgs strings.Builder
	for _, w := range all {
		fmt.Fprintf(&users, "  - {email: %s, password: %s, verified: true, given_name: Robin, family_name: Walker}\n", w.email, password)
		fmt.Fprintf(&users, "  - {email: %s, password: %s, verified: true}\n", w.other().Email, password)
		fmt.Fprintf(&orgs, "  - {slug: %s, name: Walkers & Sons, owners: [%s], viewers: [%s]}\n", slugOf(w), w.email, w.other().Email)
	}
	h.Apply("users:\n" + users.String() + "organizations:\n" + orgs.String())
	return h
}

func slugOf(w way) string { return strings.NewReplacer("@", "-", ".", "-").Replace(w.email) }

// other is the second person of the way.
func (w way) other() testenv.Person {
	return testenv.Person{Email: "other-" + w.email, Password: password}
}

// goes presses the button, and expects that the page says it was done.
func (tab *Tab) goes(button, then string) {
	tab.t.Helper()
	tab.Follow(button)
	tab.See(then, Look{Has: ".notice[role=status]"})
}

// What an organization goes through: members get another role and go, the name
// changes, it is handed over, left, deleted and brought back. The last owner is
// told why it cannot be left.
func TestOrganizationPages(t *testing.T) {
	h := startOrganizedHouse(t, ways)
	eachWay(t, func(t *testing.T, w way) {
		tab := h.owner(t, w, "/orgs")
		tab.Follow("#orgs .rows a")
		tab.See(h.Issuer+"/orgs/", Look{Has: "#members"})
		home := tab.here()
		theirs := home + "/members/"
		change := func() {
			t.Helper()
			tab.Follow("#members tbody tr:last-child a.button") // the one who was made last
			tab.See(theirs, Look{Has: "#remove"})
		}

		tab.Type("#query", "nobody at all")
		tab.Follow(".search button")
		tab.See(home+"?query=nobody+at+all", Look{Has: "#all"})
		tab.Follow("#all")
		tab.Arrive(home)

		tab.Follow(".tabs a:last-child")
		tab.See(home+"/settings", Look{Has: "#delete"})
		tab.Type("#name", " ")
		tab.Follow("#submit")
		tab.See(home+"/settings", Look{Focus: "name", Has: "#name-fault"})
		tab.Type("#name", "Walkers & Daughters")
		tab.goes("#submit", home+"/settings?done=org-renamed")
		tab.Follow("#leave")
		tab.See(home+"/leave", Look{Has: "#cancel"})
		tab.Follow("#submit")
		tab.See(home+"/leave", Look{Status: http.StatusConflict, Has: "[role=alert]"})

		tab.Open(home)
		tab.Arrive(home)
		change()
		tab.Click("#role-admin")
		tab.goes("#submit", home+"?done=org-role")
		change()
		tab.goes("#transfer", home+"?done=org-transfer")
		tab.Open(home + "/settings")
		tab.See(home+"/settings", Look{Has: "#submit"})
		if tab.Has("#delete") {
			t.Error("an admin is offered to delete the organization")
		}
		tab.Follow("#leave")
		tab.Arrive(home + "/leave")
		tab.goes("#submit", h.Issuer+"/orgs?done=org-left")
		tab.Open(home)
		tab.See(home, Look{Status: http.StatusNotFound})

		w.email = w.other().Email
		tab = h.owner(t, w, "/orgs")
		tab.Follow("#orgs .rows a")
		tab.Arrive(home)
		tab.Follow(".tabs a:last-child")
		tab.Arrive(home + "/settings")
		tab.Follow("#delete")
		tab.See(home+"/delete", Look{Has: "#cancel"})
		tab.goes("#submit", h.Issuer+"/orgs?done=org-deleted")
		tab.goes("#deleted form button", home+"?done=org-restored")
	})
}

// The pages of an organization in every language, with what they refuse.
func TestOrganizationInEveryLanguage(t *testing.T) {
	var all []way
	for _, l := range view.Locales() {
		all = append(all, speaking(l.String()))
	}
	h := startOrganizedHouse(t, all)
	eachLanguage(t, func(t *testing.T, w way) {
		tab := h.owner(t, w, "/new-organization")
		tab.Follow("#submit")
		tab.See(h.Issuer+"/new-organization", Look{Has: "#name-fault"})
		tab.Open(h.Issuer + "/orgs")
		tab.See(h.Issuer+"/orgs", Look{Has: "#new"})
		tab.Follow("#orgs .rows a")
		tab.See(h.Issuer+"/orgs/", Look{Has: "#members"})
		home := tab.here()
		tab.Follow("#members tbody tr:last-child a.button")
		tab.See(home+"/members/", Look{Has: "#transfer"})
		for _, path := range []string{"/settings", "/leave", "/delete"} {
			tab.Open(home + path)
			tab.See(home+path, Look{Has: "#apart, #ask"})
		}
		tab.Open(home + "/leave")
		tab.Follow("#submit")
		tab.See(home+"/leave", Look{Status: http.StatusConflict, Has: "[role=alert]"})
		tab.Open(h.Issuer + "/account/close")
		tab.See(h.Issuer+"/account/close", Look{Has: "#owned"})
		tab.Open(home + "/delete")
		tab.goes("#submit", h.Issuer+"/orgs?done=org-deleted")
	})
}
