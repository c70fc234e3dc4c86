package protocol

import (
	"strings"
	"testing"

	"signet/internal/testenv"
)

// TestSignUpsThatWaited: whoever made an account before the provider was required,
// and proves the address after, is led to the provider and not signed in; the same
// holds for who proved it in time and goes on after.
func TestSignUpsThatWaited(t *testing.T) {
	t.Parallel()
	c := newMove(t, testenv.Embedded)
	bob := c.signedIn(t, contosoBob)
	page := c.setUp(t, bob, c.overview(t, bob))
	app := c.App(t, web)
	type waiting struct {
		who testenv.Person
		b   *testenv.Browser
		p   *testenv.Page
	}
	var all []waiting
	for _, email := range []string{"eve@contoso.example", "mallory@contoso.example"} {
		who := testenv.Person{Email: email, Password: eve.Password}
		b := c.Browser().For(t)
		all = append(all, waiting{who, b, fillIn(t, b, createPage(t, b, b.Get(app.Request().Path())), who)})
	}
	second := all[1]
	c.mail.Codes(second.who.Email, 1) // it has come
	for _, m := range c.mail.Mails() {
		if m.To == second.who.Email {
			second.b.Submit(second.b.Get(read(t, m).link).Form("submit"), "submit")
		}
	}
	if page = bob.Submit(page.Form("switch-button"), "switch-button", "to", "required"); page.URL.Query().Get("done") != "connection-required" {
		t.Fatalf("not required: %s\n%s", page.URL, page.Body)
	}
	first := all[0]
	ends := []*testenv.Page{
		first.b.Submit(first.p.Form("code"), "submit", "code", c.mail.Codes(first.who.Email, 1)[0]),
		second.b.Submit(second.b.Get(second.p.URL.String()).Form("submit"), "submit"),
	}
	for i, end := range ends {
		if !strings.Contains(end.Body, `id="continue"`) || all[i].b.Cookie("signet_session") != "" {
			t.Errorf("%s ends at %s:\n%s", all[i].who.Email, end.URL, end.Body)
		}
	}
}
