package browser

import (
	"net/http"
	"strings"
	"testing"
)

// A request that cannot be answered to the app is explained to the person, at
// the provider.
func TestRefusal(t *testing.T) {
	h := startHouse(t)
	eachWay(t, func(t *testing.T, w way) {
		tab := newVisitor(t, w).NewTab()
		astray := h.orchard.Request("redirect_uri", h.apps.url+"/elsewhere")
		tab.Open(astray.Path())
		tab.See(h.Issuer+"/authorize?", Look{Status: http.StatusBadRequest, Has: ".developer code"})
		if got := tab.Text(".developer"); !strings.Contains(got, "redirect_uri") {
			t.Errorf("the developer reads %q, want the reason", got)
		}
		if id := tab.Text(".developer code"); len(id) < 8 || !strings.Contains(h.Log(), id) {
			t.Errorf("the request id is %q, want one that the log has", id)
		}
		if told := h.apps.to(astray); told != nil {
			t.Errorf("the app was told %v, want nothing", told)
		}
		tab.Click("details.languages summary")
		tab.Follow("button[lang=de]")
		tab.See(h.Issuer+"/authorize?", Look{Status: http.StatusBadRequest, Lang: "de", Has: ".developer code"})
		tab.Follow("#back")
		tab.Arrive(h.apps.url)

		tab.Open(h.orchard.Request("client_id", "nobody").Path())
		tab.See(h.Issuer+"/authorize?", Look{Lang: "de", Status: http.StatusBadRequest, Has: ".developer code"})
		tab.Open(h.Issuer + "/nowhere")
		tab.See(h.Issuer+"/nowhere", Look{Lang: "de", Status: http.StatusNotFound})
	})
}

// Whoever would rather not sign in goes back to the app, which is told so.
func TestBackToTheApp(t *testing.T) {
	h := startHouse(t)
	eachWay(t, func(t *testing.T, w way) {
		tab := newVisitor(t, w).NewTab()
		request := h.orchard.Request()
		tab.Open(request.Path())
		tab.See(h.Issuer+"/signin?", Look{Has: "#cancel"})
		tab.Follow("#cancel")
		tab.Arrive(h.apps.url)
		if told := h.apps.to(request); told.Get("error") != "access_denied" {
			t.Errorf("the app was told %v, want access_denied", told)
		}
	})
}
