package browser

import (
	"regexp"
	"strings"
	"testing"
)

// resetPassword is what people choose instead of what they forgot.
const resetPassword = "better-Horse-10"

// A person forgot the password on the way to an app: a code from the mail, a
// new password, and on to the app. What was open elsewhere is closed.
func TestReset(t *testing.T) {
	h, mail := startPostingHouse(t)
	eachWay(t, func(t *testing.T, w way) {
		elsewhere := newVisitor(t, w).NewTab()
		elsewhere.Open(h.Issuer + "/account")
		elsewhere.signIn(h.Issuer, w.person())
		elsewhere.Arrive(h.Issuer + "/account")

		tab, r := newVisitor(t, w).NewTab(), h.kitchen.Request()
		tab.Open(r.Path())
		tab.Arrive(h.Issuer + "/signin?")
		tab.Type("#username", w.email)
		tab.Follow("#submit")
		tab.See(h.Issuer+"/signin/password?", Look{Has: ".aside a"})
		tab.Follow(".aside a")
		tab.See(h.Issuer+"/recover?", Look{Has: "#username"})
		if typed := eval[string](tab, `document.querySelector("#username").value`); typed != w.email {
			t.Errorf("the address is filled in as %q", typed)
		}
		tab.Type("#username", "not an address")
		tab.Follow("#submit")
		tab.See(h.Issuer+"/recover", Look{Focus: "username", Has: "#username-fault"})
		tab.Type("#username", w.email)
		tab.Follow("#submit")
		tab.See(h.Issuer+"/recover/code?", Look{Focus: "code"})
		tab.Type("#code", "none")
		tab.Follow("#submit")
		tab.See(h.Issuer+"/recover/code", Look{Focus: "code", Has: "#code-fault"})
		tab.Follow("#resend")
		tab.See(h.Issuer+"/recover/code?", Look{Focus: "code", Has: ".notice"})
		tab.Reload()
		tab.Type("#code", mail.Codes(w.email, 2)[1])
		tab.Follow("#submit")
		tab.See(h.Issuer+"/recover/password?", Look{Focus: "password", Has: "#confirmation"})
		tab.Type("#password", resetPassword)
		tab.Type("#confirmation", "something else")
		tab.Follow("#submit")
		tab.See(h.Issuer+"/recover/password", Look{Focus: "confirmation", Has: "#confirmation-fault"})
		tab.Type("#password", resetPassword)
		tab.Type("#confirmation", resetPassword)
		tab.Follow("#submit")
		tab.See(h.Issuer+"/recover/done?", Look{Has: "#next"})
		tab.Reload()
		tab.Follow("#next")
		tab.See(h.Issuer+"/signin?", Look{Has: "#username"})
		if typed := eval[string](tab, `document.querySelector("#username").value`); typed != w.email {
			t.Errorf("after the reset, the address is filled in as %q", typed)
		}
		tab.Follow("#submit")
		tab.Arrive(h.Issuer + "/signin/password?")
		tab.Type("#password", resetPassword)
		tab.Follow("#submit")
		h.granted(tab, r)

		elsewhere.Reload()
		elsewhere.Arrive(h.Issuer + "/signin?")
	})
}

// The same without a mouse, from the page of its own, with a code that was
// tried too often on the way.
func TestResetByKeyboard(t *testing.T) {
	h, mail := startPostingHouse(t)
	eachWay(t, func(t *testing.T, w way) {
		tab := newVisitor(t, w).NewTab()
		tab.Open(h.Issuer + "/recover")
		tab.Arrive(h.Issuer + "/recover?")
		tab.Write(w.email) // the focus is there
		tab.Enter()
		for range 5 {
			tab.Arrive(h.Issuer + "/recover/code")
			tab.Write("none")
			tab.Enter()
		}
		tab.See(h.Issuer+"/recover/code", Look{Focus: "code", Has: "#code-fault"})
		tab.Write(mail.Codes(w.email, 1)[0])
		tab.Enter()
		tab.See(h.Issuer+"/recover/code", Look{Has: "#code-fault"})
		tab.tabTo("#resend")
		tab.Enter()
		tab.Arrive(h.Issuer + "/recover/code?")
		tab.Write(mail.Codes(w.email, 2)[1])
		tab.tabTo("#submit")
		tab.Enter()
		tab.Arrive(h.Issuer + "/recover/password?")
		tab.Write(resetPassword)
		tab.tabTo("#confirmation")
		tab.Write(resetPassword)
		tab.Enter()
		tab.Arrive(h.Issuer + "/recover/done?")
		tab.tabTo("#next")
		tab.Enter()
		tab.Arrive(h.Issuer + "/signin?")
		tab.tabTo("#submit")
		tab.Enter()
		tab.Arrive(h.Issuer + "/signin/password?")
		tab.Write(resetPassword)
		tab.Enter()
		tab.See(h.Issuer+"/account", Look{Has: "#devices"})
	})
}

// While the person thinks of a password, an operator sets one: the page says
// what to do, and the reset begins anew with a click.
func TestResetIsOver(t *testing.T) {
	h, mail := startPostingHouse(t)
	eachWay(t, func(t *testing.T, w way) {
		tab := newVisitor(t, w).NewTab()
		tab.Open(h.Issuer + "/recover")
		tab.Type("#username", w.email)
		tab.Follow("#submit")
		tab.Arrive(h.Issuer + "/recover/code?")
		tab.Type("#code", mail.Codes(w.email, 1)[0])
		tab.Follow("#submit")
		tab.Arrive(h.Issuer + "/recover/password?")
		if code, _, errs := h.Run(password+"x\n", "user", "password", w.email); code != 0 {
			t.Fatal(errs)
		}
		tab.Type("#password", resetPassword)
		tab.Type("#confirmation", resetPassword)
		tab.Follow("#submit")
		tab.See(h.Issuer+"/recover?", Look{Has: ".notice"})
		tab.Follow("#submit")
		tab.Arrive(h.Issuer + "/recover/code?")
		tab.Type("#code", mail.Codes(w.email, 2)[1])
		tab.Follow("#submit")
		tab.See(h.Issuer+"/recover/password?", Look{Focus: "password"})
	})
}

// The whole of it as it comes: from the console of the demo, by the characters
// that are heard, with the code from the mailbox, back to the console.
func TestResetInTheDemo(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		d := startDemo(t)
		v := newVisitor(t, w)
		tab, mailbox := v.NewTab(), v.NewTab()
		heard := func() bool { return strings.HasPrefix(tab.last(), d.issuer+"/recover/code?") }
		for range 4 {
			tab.Open(d.console + "/login")
			tab.Type("#username", ada.Email)
			tab.Follow("#submit")
			tab.Arrive(d.issuer + "/signin/password?")
			tab.Follow(".aside a")
			tab.See(d.issuer+"/recover?", Look{Has: "#challenge"})
			// The machine hears two of three well, and a sign-in allows ten answers.
			for range 9 {
				if !heard() {
					tab.hear()
					tab.Follow("#submit")
				}
			}
			if heard() {
				break
			}
		}
		tab.Arrive(d.issuer + "/recover/code?")
		mailbox.Open(d.issuer + "/mailbox")
		mailbox.Follow(".rows a")
		mailbox.See(d.issuer+"/mailbox/", Look{Has: ".letter"})
		tab.Type("#code", sixDigits.FindString(mailbox.Text(".letter")))
		tab.Follow("#submit")
		tab.Arrive(d.issuer + "/recover/password?")
		tab.Type("#password", resetPassword)
		tab.Type("#confirmation", resetPassword)
		tab.Follow("#submit")
		tab.Arrive(d.issuer + "/recover/done?")
		tab.Follow("#next")
		tab.Follow("#submit")
		tab.Arrive(d.issuer + "/signin/password?")
		tab.Type("#password", resetPassword)
		tab.Follow("#submit")
		tab.Arrive(d.console)
		if who := tab.Text(".who summary"); !strings.Contains(who, "Ada Lovelace") {
			t.Errorf("the console says that %q is signed in, want Ada Lovelace", who)
		}
	})
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)
