package browser

import "testing"

// The language is chosen at the foot of the page, in the middle of a sign-in,
// and kept.
func TestLanguage(t *testing.T) {
	h := startHouse(t)
	eachWay(t, func(t *testing.T, w way) {
		visitor := newVisitor(t, w)
		tab := visitor.NewTab()
		other := map[string]string{"en": "ar", "ar": "en"}[w.lang]
		r := h.kitchen.Request()
		tab.Open(r.Path())
		tab.Arrive(h.Issuer + "/signin?")
		tab.Click("details.languages summary")
		tab.See(h.Issuer+"/signin?", Look{Has: "details.languages[open]"})
		tab.Follow("button[lang=de]")
		tab.See(h.Issuer+"/signin?", Look{Lang: "de", Focus: "username"})
		tab.Type("#username", w.email)
		tab.Follow("#submit")
		tab.Arrive(h.Issuer + "/signin/password?")
		tab.Follow("#submit")
		tab.See(h.Issuer+"/signin/password", Look{Lang: "de", Focus: "password", Has: "#password-fault"})
		tab.Click("details.languages summary")
		tab.Follow("button[lang=" + other + "]")
		tab.See(h.Issuer+"/signin/password?", Look{Lang: other})
		tab.Type("#password", password)
		tab.Follow("#submit")
		h.granted(tab, r)

		later := visitor.NewTab()
		later.Open(h.Issuer + "/account")
		later.See(h.Issuer+"/account", Look{Lang: other})
	})
}
