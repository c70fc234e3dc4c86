package browser

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"signet/internal/mail/mailtest"
	"signet/internal/web/view"
)

// startSpeakingHouse is a posting house with somebody for every language.
func startSpeakingHouse(t *testing.T) (*house, *mailtest.Server) {
	t.Helper()
	h, mail := startPostingHouse(t)
	var text strings.Builder
	text.WriteString("users:\n")
	for _, l := range view.Locales() {
		fmt.Fprintf(&text, "  - {email: %s, password: %s, verified: true, given_name: Robin, family_name: Walker}\n", speaking(l.String()).email, password)
	}
	h.Apply(text.String())
	return h, mail
}

// A sign-in, with its faults and the question of an app, and a reset, in every
// language: nothing is too wide, and what axe finds wrong is wrong in none.
func TestSignInAndResetInEveryLanguage(t *testing.T) {
	h, mail := startSpeakingHouse(t)
	eachLanguage(t, func(t *testing.T, w way) {
		tab, r := newVisitor(t, w).NewTab(), h.orchard.Request()
		tab.Open(r.Path())
		tab.See(h.Issuer+"/signin?", Look{Focus: "username"})
		tab.Follow("#submit")
		tab.See(h.Issuer+"/signin", Look{Has: "#username-fault"})
		tab.Type("#username", w.email)
		tab.Follow("#submit")
		tab.See(h.Issuer+"/signin/password?", Look{Focus: "password"})
		tab.Type("#password", "not the password")
		tab.Follow("#submit")
		tab.See(h.Issuer+"/signin/password", Look{Has: "#password-fault"})
		tab.Follow(".aside a")
		h.resetIn(tab, mail)
		tab.Follow("#next")
		tab.Follow("#submit")
		tab.Arrive(h.Issuer + "/signin/password?")
		tab.Type("#password", resetPassword)
		tab.Follow("#submit")
		tab.See(h.Issuer+"/consent?", Look{Has: "#allow"})
		tab.Follow("#allow")
		h.granted(tab, r)
		tab.Open(h.orchard.Request("prompt", "select_account").Path())
		tab.See(h.Issuer+"/signin/", Look{})
		tab.Open(h.Issuer + "/end_session")
		tab.See(h.Issuer+"/signout?", Look{Has: "#submit"})
		tab.Follow("#submit")
		tab.See(h.Issuer+"/signed-out", Look{Has: "#again"})
		tab.Open(h.Issuer + "/signin?flow=" + strings.Repeat("x", 43))
		tab.See(h.Issuer+"/signin?", Look{Status: http.StatusGone})
	})
}

// resetIn goes through the reset, from its first page to its last.
func (h *house) resetIn(tab *Tab, mail *mailtest.Server) {
	tab.t.Helper()
	tab.See(h.Issuer+"/recover?", Look{Has: "#username"})
	tab.Type("#username", "nowhere")
	tab.Follow("#submit")
	tab.See(h.Issuer+"/recover", Look{Has: "#username-fault"})
	tab.Type("#username", tab.way.email)
	tab.Follow("#submit")
	tab.See(h.Issuer+"/recover/code?", Look{Focus: "code"})
	tab.Type("#code", "000000")
	tab.Follow("#submit")
	tab.See(h.Issuer+"/recover/code", Look{Has: "#code-fault"})
	tab.Follow("#resend")
	tab.See(h.Issuer+"/recover/code?", Look{Has: ".notice"})
	tab.Type("#code", mail.Codes(tab.way.email, 2)[1])
	tab.Follow("#submit")
	tab.See(h.Issuer+"/recover/password?", Look{Focus: "password"})
	tab.Follow("#submit")
	tab.See(h.Issuer+"/recover/password", Look{Has: "#password-fault"})
	tab.Type("#password", resetPassword)
	tab.Type("#confirmation", resetPassword)
	tab.Follow("#submit")
	tab.See(h.Issuer+"/recover/done?", Look{Has: "#next"})
}

// The pages of an account in every language, each with its faults and with what
// it says when all is well, to the closing of the account.
func TestAccountInEveryLanguage(t *testing.T) {
	h, mail := startSpeakingHouse(t)
	eachLanguage(t, func(t *testing.T, w way) {
		tab := newVisitor(t, w).NewTab()
		tab.Open(h.Issuer + "/account")
		tab.signIn(h.Issuer, w.person())
		tab.See(h.Issuer+"/account", Look{Has: "#devices"})

		// see opens a page, sends it without an answer and, where there is one to
		// give, with it.
		see := func(path string, answer func(), then string, look Look) {
			t.Helper()
			tab.Open(h.Issuer + path)
			tab.See(h.Issuer+path, Look{Has: "#submit"})
			if tab.Has("#given_name") {
				tab.Type("#given_name", " ") // it is filled in
			}
			tab.Follow("#submit")
			tab.See(h.Issuer+path, Look{Has: ".fault"})
			if answer != nil {
				answer()
				tab.Follow("#submit")
				tab.See(h.Issuer+then, look)
			}
		}
		see("/account/profile", func() {
			tab.Type("#given_name", "Robin")
			tab.Type("#family_name", "Walker")
			tab.born("1990-12-09")
		}, "/account/profile?done=profile", Look{Has: ".notice"})
		see("/account/password", func() {
			tab.Type("#current", password)
			tab.choose(password + "9")
		}, "/account/password?done=password", Look{Has: ".notice"})
		see("/account/data", nil, "", Look{})
		moved := "moved-" + w.email
		see("/account/email", func() {
			tab.Type("#email", moved)
			tab.Type("#current", password+"9")
		}, "/account/email", Look{Has: "#waiting"})
		link := ownersLink(tab, mail, moved, "/account/email/confirm")
		tab.Open(link)
		tab.See(link, Look{Has: "#submit"})
		tab.Follow("#submit")
		tab.See(h.Issuer+"/account/email?done=email", Look{Has: ".notice"})
		tab.Open(link)
		tab.See(link, Look{Status: http.StatusGone})
		see("/account/close", func() { tab.Type("#current", password+"9") }, "/account/closed", Look{Has: "#again"})
		tab.Open(h.Issuer + "/account")
		tab.Type("#username", moved)
		tab.Follow("#submit")
		tab.Arrive(h.Issuer + "/signin/password?")
		tab.Type("#password", password+"9")
		tab.Follow("#submit")
		tab.See(h.Issuer+"/signin/keep?", Look{Has: "#keep"})

		back := ownersLink(tab, mail, w.email, "/account/email/restore")
		tab.Open(back)
		tab.See(back, Look{Has: "#submit"})
		tab.Follow("#submit")
		tab.See(h.Issuer+"/account/email/restore", Look{Has: "#recover"})
	})
}
