package protocol

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"signet/internal/testenv"
)

const twoHouses = `
organizations:
  - slug: engines
    name: Analytical Engines
    owners: [ada@example.com]
  - slug: looms
    name: Looms
    owners: [bob@example.com]
`

var handedLink = regexp.MustCompile(`http://[^\s<]+/invitation\?link=hand\.[\w-]+`)

// linkBy has an owner invite somebody where no mail is sent, and returns the link
// that the page shows.
func linkBy(t *testing.T, b *testenv.Browser, page, address string) string {
	t.Helper()
	p := b.Submit(b.Get(page).Form("role"), "submit", "addresses", address, "role", "viewer")
	link := handedLink.FindString(p.Body)
	if p.Status != http.StatusOK || link == "" {
		t.Fatalf("inviting %s: %d %s", address, p.Status, p.Body)
	}
	if again := b.Get(page); strings.Contains(again.Body, "hand.") || !strings.Contains(again.Body, address) {
		t.Errorf("the link is shown again, or the invitation is not there:\n%s", again.Body)
	}
	return link
}

// TestInvitationByHand: where no mail is sent, who invites hands over the link.
// Somebody makes the account of the address by it, which it proves nobody.
func TestInvitationByHand(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		e.Apply(twoHouses)
		hers, his := atHome(t, e, ada), atHome(t, e, bob)
		engines, looms := "/orgs/"+organizationOf(t, e, "engines").ID, "/orgs/"+organizationOf(t, e, "looms").ID
		link := linkBy(t, hers, engines+"/invitations", eve.Email)
		if p := e.Browser().For(t).Get(strings.Replace(link, "hand.", "", 1)); p.Status != http.StatusGone {
			t.Errorf("as if it had come by mail: %d", p.Status)
		}
		b := e.Browser().For(t)
		end, _ := join(t, b, b.Get(link), eve.Password)
		if end.URL.Path != engines || !strings.Contains(end.Body, "a member now") {
			t.Fatalf("at the end: %s %d %s", end.URL, end.Status, end.Body)
		}
		if _, out, _ := e.Run("", "user", "show", eve.Email, "-o", "json"); !strings.Contains(out, `"email_verified": false`) {
			t.Errorf("the address counts as proven: %s", out)
		}
		if p := e.Browser().For(t).Get(link); p.Status != http.StatusGone {
			t.Errorf("used up: %d", p.Status)
		}

		// The account of an address that nobody proved accepts another one, too.
		link = linkBy(t, his, looms+"/invitations", eve.Email)
		b = e.Browser().For(t)
		p := b.Submit(b.Get(link).Form("submit"), "submit")
		p = b.Submit(p.Form("password"), "submit", "password", eve.Password)
		if p = b.Submit(p.Form("submit"), "submit"); p.URL.Path != looms {
			t.Errorf("accepted: %s %d %s", p.URL, p.Status, p.Body)
		}
		if got := organizationOf(t, e, "looms").roles(); got[eve.Email] != "viewer" {
			t.Errorf("members: %v", got)
		}

		// Another link takes the place of the first.
		old := linkBy(t, hers, engines+"/invitations", "grace@works.example")
		var again *testenv.Form
		for _, f := range hers.Get(engines + "/invitations?query=grace").Forms {
			if strings.HasSuffix(f.Action, "/resend") {
				again = f
			}
		}
		link = handedLink.FindString(hers.Submit(again, "").Body)
		if p := e.Browser().For(t).Get(old); link == "" || p.Status != http.StatusGone {
			t.Errorf("the first link, after %q: %d", link, p.Status)
		}
		// The domain is another organization's meanwhile: nobody else makes accounts in it.
		if code, _, errs := e.Run("", "org", "domain", "add", "looms", "works.example", "--proven"); code != 0 {
			t.Fatal(errs)
		}
		b = e.Browser().For(t)
		p = b.Submit(b.Get(link).Form("submit"), "submit")
		p = b.Submit(p.Form("confirmation"), "submit", "password", eve.Password, "confirmation", eve.Password)
		p = b.Submit(p.Form("given_name"), "submit", "given_name", "Grace", "family_name", "Hopper", "birthdate", "1990-12-09")
		wantPage(t, p, http.StatusGone, "another organization")
		if code, _, _ := e.Run("", "user", "show", "grace@works.example"); code == 0 {
			t.Error("there is an account in the domain of another organization")
		}
	})
}

// TestAPIInvitesByMailAlone: the management API keeps its answers to give them
// again, and gives nobody a link.
func TestAPIInvitesByMailAlone(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{})
	e.Apply(managed)
	hers := behalf(t, e, e.App(t, desk), ada)
	got := hers.refused(http.StatusForbidden, "POST", "/organizations/engines/invitations", `{"addresses":["eve@example.com"],"role":"viewer"}`)
	if !strings.Contains(got.Body, "smtp.url") {
		t.Errorf("it does not say what to do: %s", got.Body)
	}
	if list := hers.all("/organizations/engines/invitations", "10"); len(list) != 0 {
		t.Errorf("invited all the same: %v", list)
	}
}
