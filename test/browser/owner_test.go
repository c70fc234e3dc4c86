package browser

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"signet/internal/mail/mailtest"
	"signet/internal/testenv"
)

// owner returns a tab in which the way's person is signed in, at the page of
// the account.
func (h *house) owner(t *testing.T, w way, path string) *Tab {
	t.Helper()
	tab := newVisitor(t, w).NewTab()
	tab.Open(h.Issuer + path)
	tab.signIn(h.Issuer, w.person())
	tab.Arrive(h.Issuer + path)
	return tab
}

// What is known of a person is changed on the account page; faults stand at
// their fields, and what was typed stays.
func TestProfilePage(t *testing.T) {
	h := startHouse(t)
	eachWay(t, func(t *testing.T, w way) {
		tab := h.owner(t, w, "/account")
		tab.Follow("#change-profile")
		tab.See(h.Issuer+"/account/profile", Look{Has: `nav [aria-current="page"]`})
		tab.Type("#given_name", " ")
		tab.Type("#family_name", "Walker-Çelik")
		tab.born("2199-01-01")
		tab.Follow("#submit")
		tab.See(h.Issuer+"/account/profile", Look{Focus: "given_name", Has: "#birthdate-fault"})
		if got := eval[string](tab, `document.querySelector('#family_name').value`); got != "Walker-Çelik" {
			t.Errorf("the last name is %q after a fault", got)
		}
		tab.Type("#given_name", "Robyn")
		tab.born("1990-12-09")
		tab.Click("#news")
		tab.Follow("#submit")
		tab.See(h.Issuer+"/account/profile?done=profile", Look{Has: ".notice"})
		if !eval[bool](tab, `document.querySelector('#news').checked`) {
			t.Error("the choice of news is not kept")
		}
		tab.Open(h.Issuer + "/account")
		tab.See(h.Issuer+"/account", Look{})
		if got := tab.Text("#you"); !strings.Contains(got, "Robyn") || !strings.Contains(got, "1990") {
			t.Errorf("the page says %q", got)
		}
	})
}

// The whole of a change by keyboard: to the page, through its fields, and back
// to the fault.
func TestPasswordPage(t *testing.T) {
	h := startHouse(t)
	eachWay(t, func(t *testing.T, w way) {
		const next = "another-Horse-8"
		tab, other := h.owner(t, w, "/account"), h.owner(t, w, "/account")
		tab.tabTo(`nav a[href="/account/password"]`)
		tab.Enter()
		tab.See(h.Issuer+"/account/password", Look{Has: "#password-rules"})
		tab.tabTo("#current")
		tab.Write("not the password")
		tab.tabTo("#password")
		tab.Write(next)
		tab.tabTo("#confirmation")
		tab.Write(next)
		tab.Press(kb.Enter)
		tab.until("the fault", func() bool { return tab.Has("#current-fault") })
		tab.See(h.Issuer+"/account/password", Look{Focus: "current", Has: "#current[aria-invalid=true]"})
		tab.Write(password)
		tab.choose(next)
		tab.Type("#confirmation", "another")
		tab.Follow("#submit")
		tab.See(h.Issuer+"/account/password", Look{Focus: "confirmation", Has: "#confirmation-fault"})
		tab.Type("#current", password)
		tab.choose(next)
		tab.Follow("#submit") // the box is checked
		tab.See(h.Issuer+"/account/password?done=password", Look{Has: ".notice"})
		other.Reload()
		other.Arrive(h.Issuer + "/signin?")
		other.signIn(h.Issuer, testenv.Person{Email: w.email, Password: next})
		other.Arrive(h.Issuer + "/account")
	})
}

var mailedAddress = regexp.MustCompile(`https?://\S+`)

// ownersLink waits for a mail to the address that holds such a link.
func ownersLink(tab *Tab, server *mailtest.Server, to, path string) (link string) {
	tab.t.Helper()
	tab.until("a mail to "+to, func() bool {
		for _, m := range server.Mails() {
			if m.To != to {
				continue
			}
			for _, address := range mailedAddress.FindAllString(m.Text(), -1) {
				if strings.Contains(address, path) {
					link = address
				}
			}
		}
		return link != ""
	})
	return link
}

// An account moves to another address by a link, and back by another.
func TestEmailPages(t *testing.T) {
	h, server := startPostingHouse(t)
	eachWay(t, func(t *testing.T, w way) {
		moved := "moved-" + w.email
		tab := h.owner(t, w, "/account/email")
		tab.See(h.Issuer+"/account/email", Look{Has: "#email"})
		tab.Type("#email", "nowhere")
		tab.Type("#current", password)
		tab.Follow("#submit")
		tab.See(h.Issuer+"/account/email", Look{Focus: "email", Has: "#email-fault"})
		tab.Type("#email", moved)
		tab.Follow("#submit")
		tab.See(h.Issuer+"/account/email", Look{Focus: "current", Has: "#current-fault"})
		tab.Type("#current", password)
		tab.Follow("#submit")
		tab.See(h.Issuer+"/account/email", Look{Has: "#waiting"})

		link := ownersLink(tab, server, moved, "/account/email/confirm")
		tab.Open(link)
		tab.See(link, Look{Has: "#submit"})
		tab.Follow("#submit")
		tab.See(h.Issuer+"/account/email?done=email", Look{Has: ".notice"})
		tab.Open(link)
		tab.See(link, Look{Status: http.StatusGone})

		back := ownersLink(tab, server, w.email, "/account/email/restore")
		stranger := newVisitor(t, w).NewTab()
		stranger.Open(back)
		stranger.See(back, Look{Has: "#submit"})
		stranger.Follow("#submit")
		stranger.See(h.Issuer+"/account/email/restore", Look{Has: "#recover"})
		stranger.Follow("#recover")
		stranger.Arrive(h.Issuer + "/recover?")
		tab.Open(h.Issuer + "/account")
		tab.Arrive(h.Issuer + "/signin?")
		tab.Open(back)
		tab.See(back, Look{Status: http.StatusGone})
	})
}

// An account is closed, and kept by who signs in to it on the way to an app.
func TestClosingPages(t *testing.T) {
	h := startHouse(t)
	eachWay(t, func(t *testing.T, w way) {
		tab := h.owner(t, w, "/account/close")
		tab.See(h.Issuer+"/account/close", Look{Has: ".danger"})
		tab.Follow("#submit")
		tab.See(h.Issuer+"/account/close", Look{Focus: "current", Has: "#current-fault"})
		tab.Type("#current", password)
		tab.Follow("#submit")
		tab.See(h.Issuer+"/account/closed", Look{Has: "#again"})
		tab.Follow("#again")
		tab.Arrive(h.Issuer + "/signin?")

		r := h.kitchen.Request()
		tab.Open(r.Path())
		tab.signIn(h.Issuer, w.person())
		tab.See(h.Issuer+"/signin/keep?", Look{Has: ".asking"})
		tab.Follow("#leave")
		tab.Arrive(h.Issuer + "/signed-out")
		tab.Open(r.Path())
		tab.signIn(h.Issuer, w.person())
		tab.Arrive(h.Issuer + "/signin/keep?")
		tab.Follow("#keep")
		if tab.Has("#allow") {
			tab.Follow("#allow")
		}
		h.granted(tab, r)
		tab.Open(h.Issuer + "/account")
		tab.See(h.Issuer+"/account", Look{})
	})
}

// The page that offers the data, and the one that stops news.
func TestDataAndNewsPages(t *testing.T) {
	h := startHouse(t)
	eachWay(t, func(t *testing.T, w way) {
		tab := h.owner(t, w, "/account/data")
		tab.See(h.Issuer+"/account/data", Look{})
		tab.Type("#current", "not the password")
		tab.Follow("#submit")
		tab.See(h.Issuer+"/account/data", Look{Focus: "current", Has: "#current-fault"})

		tab.Open(h.Issuer + "/account/profile")
		tab.Click("#news")
		tab.Follow("#submit")
		_, out, _ := h.Run("", "user", "consents", w.email)
		link := mailedAddress.FindString(out)
		tab.Open(link)
		tab.See(link, Look{Has: "#submit"})
		tab.Follow("#submit")
		tab.See(h.Issuer+"/news/stop", Look{})
		if tab.Has("#submit") {
			t.Error("news can be stopped twice")
		}
		tab.Open(h.Issuer + "/account/profile")
		if eval[bool](tab, `document.querySelector('#news').checked`) {
			t.Error("news are still chosen")
		}
	})
}
