package browser

import (
	"strings"
	"testing"
)

// An app that is not of the house: the person is asked, may refuse, is not
// asked twice, and may take it back.
func TestConsent(t *testing.T) {
	h := startHouse(t)
	eachWay(t, func(t *testing.T, w way) {
		tab := newVisitor(t, w).NewTab()
		refused := h.orchard.Request()
		tab.Open(refused.Path())
		tab.signIn(h.Issuer, w.person())
		tab.See(h.Issuer+"/consent?", Look{Has: "#allow"})
		if got := tab.Text(".asking"); !strings.Contains(got, "Orchard") || !strings.Contains(got, "localhost") {
			t.Errorf("the page says that %q asks, want Orchard at localhost", got)
		}
		if got := tab.Text(".grants"); !strings.Contains(got, "Robin Walker") || !strings.Contains(got, w.email) {
			t.Errorf("the page says that the app sees %q, want the name and the address of the person", got)
		}
		tab.Follow("#deny")
		tab.See(h.apps.url+"/callback", Look{Lang: "en"})
		if told := h.apps.to(refused); told.Get("error") != "access_denied" || told.Get("iss") != h.Issuer || told.Get("code") != "" {
			t.Errorf("the app was told %v, want access_denied", told)
		}

		allowed := h.orchard.Request()
		tab.Open(allowed.Path())
		tab.See(h.Issuer+"/consent?", Look{Has: "#allow"})
		tab.Follow("#allow")
		h.granted(tab, allowed)
		h.silently(tab, h.orchard.Request())

		tab.Open(h.Issuer + "/account")
		tab.See(h.Issuer+"/account", Look{Has: "#apps form"})
		if got := tab.Text("#apps li"); !strings.Contains(got, "Orchard") {
			t.Errorf("the account page lists %q, want Orchard", got)
		}
		tab.Follow("#apps form button")
		tab.See(h.Issuer+"/account?done=app", Look{Has: ".notice"})
		if tab.Has("#apps form") {
			t.Error("the app is listed after its access was removed")
		}
		tab.Open(h.orchard.Request().Path())
		tab.See(h.Issuer+"/consent?", Look{Has: "#allow"})
	})
}
