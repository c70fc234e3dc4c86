package browser

import (
	"strings"
	"testing"
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
