package browser

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"signet/internal/mail/mailtest"
	"signet/internal/web/view"
)

// startInvitingHouse is a posting house where nobody signs up uninvited, with an
// organization whose owners are the persons of all ways, and an app that an
// invitation can lead to.
func startInvitingHouse(t *testing.T) (*house, *mailtest.Server) {
	t.Helper()
	server := mailtest.Start(t, mailtest.Options{})
	h := startHouseWith(t, map[string]string{
		"SIGNET_SMTP_URL": server.URL(), "SIGNET_SMTP_FROM": "House <no-reply@id.example>", "SIGNET_SIGN_UP_WHO": "invited",
	})
	var text strings.Builder
	fmt.Fprintf(&text, `
clients:
  - id: desk
    name: Front desk
    redirect_uris: ["%[1]s/callback"]
    initiate_login_uri: %[1]s/login
    scopes: [openid]
    trusted: true
organizations:
`, h.apps.url)
	for i, w := range ways {
		fmt.Fprintf(&text, "  - {slug: engines%d, name: Engines of way %[1]d, owners: [%s]}\n", i, w.email)
	}
	h.Apply(text.String())
	return h, server
}

// invitations opens the way's organization, and there the page of invitations.
func (h *house) invitations(t *testing.T, w way) *Tab {
	t.Helper()
	tab := h.owner(t, w, "/orgs")
	tab.Follow("#orgs .rows a")
	tab.Arrive(h.Issuer + "/orgs/")
	tab.Follow(".tabs a:nth-child(2)")
	tab.See(h.Issuer+"/orgs/", Look{Has: "#addresses"})
	return tab
}

// An owner invites a list; somebody who has no account follows the link through
// the wizard, which asks neither for the address nor for a code, into the app; an
// address that has one is not accepted by anybody else.
func TestInvitationJourney(t *testing.T) {
	h, mail := startInvitingHouse(t)
	eachWay(t, func(t *testing.T, w way) {
		tab, who := h.invitations(t, w), newcomer(w)
		tab.Follow("#submit")
		tab.See(h.Issuer+"/orgs/", Look{Focus: "addresses", Has: "#addresses-fault"})
		at := eval[string](tab, `location.href`)
		tab.Open(at + "?app=desk")
		tab.Type("#addresses", who.Email+", nobody; "+w.email)
		tab.Follow("#submit")
		tab.See(h.Issuer+"/orgs/", Look{Has: "#report"})
		if got := tab.Text("#addresses"); got != "nobody" {
			t.Errorf("to be typed again is %q", got)
		}
		link := ownersLink(tab, mail, who.Email, "/invitation")

		// The owner opens it by mistake.
		tab.Open(link)
		tab.See(h.Issuer+"/invitation?", Look{Has: "#other"})

		guest := newVisitor(t, w).NewTab()
		guest.Open(h.Issuer + "/signup")
		guest.See(h.Issuer+"/signup", Look{Has: "#signin"})
		guest.Open(link)
		guest.See(h.Issuer+"/invitation?", Look{Has: "#decline"})
		guest.Follow("#submit")
		guest.See(h.Issuer+"/signup/password?", Look{Focus: "password", Has: ".steps"})
		guest.choose(who.Password)
		guest.Follow("#submit")
		guest.See(h.Issuer+"/signup/about?", Look{Has: "#back"})
		guest.Type("#given_name", "Nova")
		guest.Type("#family_name", "Comer")
		guest.born("1990-12-09")
		guest.Follow("#submit")
		guest.See(h.apps.url+"/login?iss=", Look{Lang: "en", Has: "#answer"})
		guest.Open(h.Issuer + "/orgs")
		guest.See(h.Issuer+"/orgs", Look{Has: "#orgs .rows li"})

		other := newVisitor(t, w).NewTab()
		other.Open(link)
		other.See(h.Issuer+"/invitation?", Look{Status: http.StatusGone})

		tab.Open(at)
		tab.See(h.Issuer+"/orgs/", Look{Has: "#invitations .tag.good"})
	})
}

// What is invited and what is not, in every language.
func TestInvitationsInEveryLanguage(t *testing.T) {
	h, mail := startSpeakingHouse(t)
	var text strings.Builder
	text.WriteString("organizations:\n")
	for _, l := range view.Locales() {
		fmt.Fprintf(&text, "  - {slug: of-%s, name: Analytical Engines, owners: [%s]}\n", strings.ToLower(l.String()), speaking(l.String()).email)
	}
	h.Apply(text.String())
	eachLanguage(t, func(t *testing.T, w way) {
		tab := h.invitations(t, w)
		guest := "guest-of-" + w.email
		tab.Type("#addresses", guest+", nobody; "+w.email)
		tab.Follow("#submit")
		tab.See(h.Issuer+"/orgs/", Look{Has: "#report"})
		link := ownersLink(tab, mail, guest, "/invitation")
		tab.Open(link)
		tab.See(h.Issuer+"/invitation?", Look{Has: "#other"})
		other := newVisitor(t, w).NewTab()
		other.Open(link)
		other.See(h.Issuer+"/invitation?", Look{Has: "#decline"})
		other.Follow("#decline")
		other.See(h.Issuer+"/invitation/decline", Look{Has: "#home"})
		other.Open(link)
		other.See(h.Issuer+"/invitation?", Look{Status: http.StatusGone})
	})
}
