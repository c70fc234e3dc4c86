package browser

import "testing"

// The answer by form_post: a page posts it to the app, by itself where scripts
// run, and by a button where not.
func TestFormPost(t *testing.T) {
	h := startHouse(t)
	eachWay(t, func(t *testing.T, w way) {
		tab := newVisitor(t, w).NewTab()
		silent := h.kitchen.Request("response_mode", "form_post", "prompt", "none")
		tab.Open(silent.Path())
		h.posted(tab, "/authorize?")
		if told := h.apps.to(silent); told.Get("method") != "POST" || told.Get("error") != "login_required" {
			t.Errorf("the app was told %v, want login_required by POST", told)
		}

		r := h.kitchen.Request("response_mode", "form_post")
		tab.Open(r.Path())
		tab.signIn(h.Issuer, w.person())
		h.posted(tab, "/authorize/resume?")
		h.granted(tab, r)
		if told := h.apps.to(r); told.Get("method") != "POST" {
			t.Errorf("the app was told by %s, want POST", told.Get("method"))
		}
	})
}

// posted sends the form of the page at the path, unless a script does.
func (h *house) posted(tab *Tab, path string) {
	tab.t.Helper()
	if !tab.way.script {
		tab.See(h.Issuer+path, Look{Has: "form[data-submit]"})
		tab.Follow("form[data-submit] button")
	}
	tab.Arrive(h.apps.url + "/callback")
}
