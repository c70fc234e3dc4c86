package browser

import (
	"net/http"
	"testing"
)

// Going back, reloading, and a second tab: nothing is lost, and where nothing
// goes on, the page says how to.
func TestDetours(t *testing.T) {
	h := startHouse(t)
	eachWay(t, func(t *testing.T, w way) {
		visitor := newVisitor(t, w)
		tab, second := visitor.NewTab(), visitor.NewTab()
		r := h.kitchen.Request()
		tab.Open(r.Path())
		tab.Arrive(h.Issuer + "/signin?")
		tab.Reload()
		tab.Type("#username", w.email)
		tab.Follow("#submit")
		tab.Arrive(h.Issuer + "/signin/password?")
		tab.Reload()
		tab.Back()
		tab.See(h.Issuer+"/signin?", Look{})
		if got := eval[string](tab, `document.querySelector("#username").value`); got != w.email {
			t.Errorf("after going back the field holds %q, want %q", got, w.email)
		}
		tab.Follow("#submit")
		tab.Arrive(h.Issuer + "/signin/password?")
		same := tab.last()
		waiting := h.kitchen.Request()
		second.Open(waiting.Path())
		second.Arrive(h.Issuer + "/signin?")
		third := visitor.NewTab()
		third.Open(same)
		third.Arrive(same)
		tab.Type("#password", password)
		tab.Follow("#submit")
		h.granted(tab, r)

		// The sign-in of another app that waited in another tab just goes on.
		second.Reload()
		h.granted(second, waiting)

		// The same sign-in in a third tab is over.
		third.Type("#password", password)
		third.Follow("#submit")
		third.See(h.Issuer+"/signin/password", Look{Status: http.StatusGone, Has: "#home"})
		tab.Back()
		tab.See(h.Issuer+"/signin/password", Look{Status: http.StatusGone, Has: "#home"})
	})
}

// A sign-in goes on only in the browser where it began.
func TestAnotherBrowser(t *testing.T) {
	h := startHouse(t)
	eachWay(t, func(t *testing.T, w way) {
		one, other := newVisitor(t, w).NewTab(), newVisitor(t, w).NewTab()
		one.Open(h.kitchen.Request().Path())
		one.Arrive(h.Issuer + "/signin?")
		other.Open(one.last())
		other.See(h.Issuer+"/signin?", Look{Status: http.StatusGone, Has: "#home"})
	})
}
