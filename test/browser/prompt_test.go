package browser

import "testing"

// What an app may ask for although the person is signed in.
func TestPrompts(t *testing.T) {
	h := startHouse(t)
	eachWay(t, func(t *testing.T, w way) {
		tab := newVisitor(t, w).NewTab()
		first := h.kitchen.Request("login_hint", w.email)
		tab.Open(first.Path())
		tab.See(h.Issuer+"/signin?", Look{Focus: "username"})
		tab.Follow("#submit") // the hint has filled it in
		tab.Arrive(h.Issuer + "/signin/password?")
		tab.Type("#password", password)
		tab.Follow("#submit")
		h.granted(tab, first)

		again := h.kitchen.Request("prompt", "login")
		tab.Open(again.Path())
		tab.See(h.Issuer+"/signin/password?", Look{Focus: "password", Has: ".as"})
		tab.Type("#password", password)
		tab.Follow("#submit")
		h.granted(tab, again)

		choose := h.kitchen.Request("prompt", "select_account")
		tab.Open(choose.Path())
		tab.See(h.Issuer+"/signin/account?", Look{Has: "#other"})
		tab.Follow("#submit")
		h.granted(tab, choose)

		other := h.kitchen.Request("prompt", "select_account")
		tab.Open(other.Path())
		tab.Arrive(h.Issuer + "/signin/account?")
		tab.Follow("#other")
		tab.See(h.Issuer+"/signin?", Look{Focus: "username"})
		tab.signIn(h.Issuer, w.person())
		h.granted(tab, other)

		none := h.kitchen.Request("prompt", "none")
		h.silently(tab, none)
	})
}
