package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// From the landing page to the signed-in console and out again, without a
// mouse: everything is reached by the key Tab, and one sees where one is.
func TestKeyboardAlone(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		d := startDemo(t)
		tab := newVisitor(t, w).NewTab()
		tab.Open(d.console)
		tab.tabTo("main a.button")
		tab.Enter()
		tab.Arrive(d.issuer + "/signin?")
		tab.Write(ada.Email) // the focus is there
		tab.Enter()
		tab.Arrive(d.issuer + "/signin/password?")
		tab.Write("not the password")
		tab.Enter()
		tab.See(d.issuer+"/signin/password", Look{Focus: "password", Has: "#password-fault"})
		tab.Write(ada.Password)
		tab.tabTo("#remember")
		tab.Press(" ")
		tab.tabTo("#submit")
		tab.Enter()
		tab.Arrive(d.console)
		if who := tab.Text(".who summary"); !strings.Contains(who, "Ada Lovelace") {
			t.Errorf("the console says that %q is signed in, want Ada Lovelace", who)
		}

		tab.Open(d.issuer + "/account")
		tab.tabTo(".skip")
		tab.See(d.issuer+"/account", Look{}) // the skip link is shown now
		tab.tabTo("#sign-out-everywhere")
		tab.tabTo("details.languages summary")
		tab.Press(kb.Enter)
		tab.tabTo("button[lang=de]")
		tab.Enter()
		tab.See(d.issuer+"/account", Look{Lang: "de"})
		tab.tabTo("#sign-out")
		tab.Enter()
		tab.Arrive(d.issuer + "/signed-out")
	})
}

// maxTabs is more than any page has controls.
const maxTabs = 60

// tabTo presses the key Tab until the control has the focus. Whatever has it on
// the way must be in sight and be marked.
func (tab *Tab) tabTo(selector string) {
	tab.t.Helper()
	var way []string
	for range maxTabs {
		tab.Press(kb.Tab)
		f := eval[focus](tab, `(() => {
			const e = document.activeElement, r = e.getBoundingClientRect(), s = getComputedStyle(e);
			return {
				Name: (e.id || e.className || e.tagName) + '', Page: e === document.body,
				Hidden: r.width < 2 || r.height < 2 || r.bottom <= 0 || r.top >= innerHeight,
				Marked: s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2,
				Reached: e.matches(`+"`"+selector+"`"+`),
			};
		})()`)
		way = append(way, f.Name)
		if !f.Page && (f.Hidden || !f.Marked) {
			tab.t.Errorf("%s: with the focus, %s is hidden (%t) or not marked (%t)", tab.last(), f.Name, f.Hidden, !f.Marked)
		}
		if f.Reached {
			return
		}
	}
	tab.t.Fatalf("%s: the key Tab does not reach %s, only %v", tab.last(), selector, way)
}

// focus is where the keys go.
type focus struct {
	Name                          string
	Page, Hidden, Marked, Reached bool
}
