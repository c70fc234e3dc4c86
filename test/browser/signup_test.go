package browser

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"signet/internal/mail/mailtest"
	"signet/internal/testenv"
)

// newcomer is the person who makes an account on the way; one for each way. The
// address is longer than a narrow line.
func newcomer(w way) testenv.Person {
	return testenv.Person{Email: "new.with-a-name-of-some-length-" + w.email, Password: "Wander-berg-31"}
}

// startOpenHouse boots a provider that people can sign up at, with the
// challenge, and its mail server.
func startOpenHouse(t *testing.T, challenge string) (*house, *mailtest.Server) {
	t.Helper()
	server := mailtest.Start(t, mailtest.Options{})
	return startHouseWith(t, map[string]string{
		"SIGNET_SMTP_URL": server.URL(), "SIGNET_SMTP_FROM": "House <no-reply@id.example>",
		"SIGNET_CHALLENGE_SIGN_UP": challenge, "SIGNET_SIGN_UP_RESEND_AFTER": "0s",
	}), server
}

var confirmLink = regexp.MustCompile(`http://\S+/signup/confirm\?link=[\w-]+`)

// linkTo is the link of the newest of n letters to the address.
func linkTo(t *testing.T, server *mailtest.Server, to string, n int) string {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		var links []string
		for _, m := range server.Mails() {
			if link := confirmLink.FindString(m.Text()); link != "" && m.To == to {
				links = append(links, link)
			}
		}
		if len(links) >= n {
			return links[n-1]
		}
	}
	t.Fatalf("no letter %d to %s", n, to)
	return ""
}

// choose fills in the new password, and waits for the verdict on it, which
// moves what is below.
func (tab *Tab) choose(password string) {
	tab.t.Helper()
	tab.Type("#password", password)
	if tab.way.script {
		tab.until("a verdict on the password", func() bool { return tab.Has(".new-password[data-strength]") })
	}
	tab.Type("#confirmation", password)
}

// writeInto writes into the field, which has the focus as soon as the page is
// drawn.
func (tab *Tab) writeInto(id, text string) {
	tab.t.Helper()
	tab.until("the focus is on "+id, func() bool { return tab.Has("#" + id + ":focus") })
	tab.Write(text)
}

// born fills in the date of birth: what a picker of dates would do.
func (tab *Tab) born(date string) {
	tab.t.Helper()
	eval[bool](tab, fmt.Sprintf(`(document.querySelector('#birthdate').value = %q) !== ''`, date))
}

// fillIn goes through the wizard, from its first page to the one that waits.
func (tab *Tab) fillIn(issuer string, who testenv.Person) {
	tab.t.Helper()
	tab.Arrive(issuer + "/signup?")
	tab.Type("#username", who.Email)
	tab.Follow("#submit")
	tab.Arrive(issuer + "/signup/password?")
	tab.choose(who.Password)
	tab.Follow("#submit")
	tab.Arrive(issuer + "/signup/about?")
	tab.Type("#given_name", "Nova")
	tab.Type("#family_name", "Comer")
	tab.born("1990-12-09")
	tab.Follow("#submit")
	tab.Arrive(issuer + "/signup/check?")
}

// goesOn waits for the tab to go on to the app by itself, or presses what takes
// the place of the script.
func (h *house) goesOn(tab *Tab, r *testenv.Request) {
	tab.t.Helper()
	if !tab.way.script {
		tab.Follow("#opened")
		tab.See(h.Issuer+"/signup/check?", Look{Has: "#submit"})
		tab.Follow("#submit")
	}
	h.granted(tab, r)
}

// From an app through every page of the wizard, with a fault, a reload and a
// step back on each, to the app by the code.
func TestSignUp(t *testing.T) {
	h, mail := startOpenHouse(t, "slider")
	eachWay(t, func(t *testing.T, w way) {
		who, tab, r := newcomer(w), newVisitor(t, w).NewTab(), h.kitchen.Request()
		tab.Open(r.Path())
		tab.See(h.Issuer+"/signin?", Look{Has: ".aside a"})
		tab.Follow(".aside a")
		tab.See(h.Issuer+"/signup?", Look{Focus: "username"})
		tab.Follow("#submit")
		tab.See(h.Issuer+"/signup", Look{Focus: "username", Has: "#username-fault"})
		tab.Type("#username", who.Email)
		tab.Follow("#submit")

		tab.See(h.Issuer+"/signup/password?", Look{Focus: "password", Has: ".steps"})
		tab.Click("#news")
		tab.Type("#password", "short")
		tab.Type("#confirmation", "short")
		tab.Follow("#submit")
		tab.See(h.Issuer+"/signup/password", Look{Focus: "password", Has: "#password-fault"})
		if !tab.Has("#news:checked") {
			t.Error("the choice of news was lost with the fault")
		}
		tab.choose(who.Password)
		tab.Follow("#submit")

		tab.See(h.Issuer+"/signup/about?", Look{})
		tab.Follow("#back")
		tab.See(h.Issuer+"/signup/password?", Look{Has: "#news:checked"})
		tab.Follow("#submit") // the password is kept
		tab.Arrive(h.Issuer + "/signup/about?")
		tab.Follow("#submit")
		tab.See(h.Issuer+"/signup/about", Look{Has: "#birthdate-fault"})
		tab.Type("#given_name", "Nova")
		tab.Type("#family_name", "Comer")
		tab.born("2025-12-09")
		tab.Follow("#submit")
		tab.See(h.Issuer+"/signup/about", Look{Focus: "birthdate", Has: "#birthdate-fault"})
		tab.born("1990-12-09")
		tab.Follow("#submit")

		tab.See(h.Issuer+"/signup/robot?", Look{Has: "#challenge"})
		tab.Reload()
		if w.script {
			tab.drag(".piece", tab.gap())
			tab.until("the right place", func() bool { return tab.Text(".passed") != "" })
		} else {
			tab.Follow("#submit")
			tab.See(h.Issuer+"/signup/robot", Look{Has: "#answer-fault:not([hidden])", Focus: "answer"})
			tab.slideTo(tab.gap())
		}
		tab.Follow("#submit")

		tab.See(h.Issuer+"/signup/check?", Look{Focus: "code"})
		if text := tab.Text("main"); !strings.Contains(text, who.Email) {
			t.Errorf("the page does not say where the letter went: %s", text)
		}
		tab.Reload()
		tab.Type("#code", "000000")
		tab.Follow("#submit")
		tab.See(h.Issuer+"/signup/check", Look{Focus: "code", Has: "#code-fault"})
		tab.Open(h.Issuer + "/signup/about?" + query(tab, "flow"))
		tab.Arrive(h.Issuer + "/signup/check?")
		tab.Follow("#resend")
		tab.See(h.Issuer+"/signup/check?", Look{Has: ".notice"})
		tab.Type("#code", mail.Codes(who.Email, 2)[1])
		tab.Follow("#submit")
		h.granted(tab, r)
		tab.Open(h.Issuer + "/account")
		tab.See(h.Issuer+"/account", Look{})
		if text := tab.Text("main"); !strings.Contains(text, "Nova Comer") {
			t.Errorf("the account page: %.200s", text)
		}
	})
}

// query is the parameter of the page's form, as in an address.
func query(tab *Tab, name string) string {
	tab.t.Helper()
	return name + "=" + eval[string](tab, fmt.Sprintf(`document.querySelector('input[name=%s]').value`, name))
}

// The letter's link in another tab of the same browser: one button, and the
// first tab goes on.
func TestSignUpByLink(t *testing.T) {
	h, mail := startOpenHouse(t, "none")
	eachWay(t, func(t *testing.T, w way) {
		who, v, r := newcomer(w), newVisitor(t, w), h.kitchen.Request("prompt", "create", "login_hint", newcomer(w).Email)
		tab := v.NewTab()
		tab.Open(r.Path())
		tab.fillIn(h.Issuer, who)
		link := v.NewTab()
		link.Open(linkTo(t, mail, who.Email, 1))
		link.See(h.Issuer+"/signup/confirm?", Look{Has: "#submit"})
		if link.Has("#password") {
			t.Error("the browser of the sign-up is asked for the password")
		}
		link.Follow("#submit")
		link.See(h.Issuer+"/signup/confirm?", Look{Has: "#signin"})
		h.goesOn(tab, r)
		link.Reload()
		link.See(h.Issuer+"/signup/confirm?", Look{Status: http.StatusGone, Has: "#signin"})
		link.Follow("#signin")
		link.Arrive(h.Issuer + "/account")
	})
}

// The link in another browser, after a program looked at it: it asks for the
// password, and the first tab goes on.
func TestSignUpElsewhere(t *testing.T) {
	h, mail := startOpenHouse(t, "none")
	eachWay(t, func(t *testing.T, w way) {
		who, tab, r := newcomer(w), newVisitor(t, w).NewTab(), h.kitchen.Request("prompt", "create")
		tab.Open(r.Path())
		tab.fillIn(h.Issuer, who)
		tab.Follow("#correct")
		tab.See(h.Issuer+"/signup?", Look{Focus: "username"})
		tab.Follow("#submit") // the same address: nothing is made anew
		tab.Arrive(h.Issuer + "/signup/check?")
		address := linkTo(t, mail, who.Email, 1)
		resp, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		phone := newVisitor(t, w).NewTab()
		phone.Open(address)
		phone.See(h.Issuer+"/signup/confirm?", Look{Focus: "password", Has: "#deny"})
		phone.Type("#password", "Wander-berg-32")
		phone.Follow("#submit")
		phone.See(h.Issuer+"/signup/confirm", Look{Focus: "password", Has: "#password-fault"})
		phone.Type("#password", who.Password)
		phone.Follow("#submit")
		phone.See(h.Issuer+"/signup/confirm?", Look{Has: "#signin"})
		h.goesOn(tab, r)
		phone.Follow("#signin")
		phone.signIn(h.Issuer, who)
		phone.Arrive(h.Issuer + "/account")
	})
}

// A stranger signs up with somebody's address, who says that it was not he; the
// stranger's tab says how to go on.
func TestNotMe(t *testing.T) {
	h, mail := startOpenHouse(t, "none")
	eachWay(t, func(t *testing.T, w way) {
		who, stranger := newcomer(w), newVisitor(t, w).NewTab()
		stranger.Open(h.Issuer + "/signup")
		stranger.fillIn(h.Issuer, testenv.Person{Email: who.Email, Password: "Fremder-Plan-66"})
		owner := newVisitor(t, w).NewTab()
		owner.Open(linkTo(t, mail, who.Email, 1))
		owner.Follow("#deny")
		owner.See(h.Issuer+"/signup/deny", Look{Has: "#signin"})
		if !w.script {
			stranger.Follow("#opened")
		}
		stranger.until("the page hears of it", func() bool { return stranger.Has("#again") })
		stranger.See(h.Issuer+"/signup/check?", Look{Status: http.StatusGone, Has: "#again"})
		stranger.Follow("#again")
		stranger.See(h.Issuer+"/signup?", Look{Focus: "username"})

		// An account that waits is found again at the sign-in.
		mine := newVisitor(t, w).NewTab()
		mine.Open(h.Issuer + "/signup")
		mine.fillIn(h.Issuer, who)
		later := newVisitor(t, w).NewTab()
		later.Open(h.Issuer + "/account")
		later.signIn(h.Issuer, who)
		later.See(h.Issuer+"/signup/check?", Look{Focus: "code"})
		later.Type("#code", mail.Codes(who.Email, 2)[1])
		later.Follow("#submit")
		later.Arrive(h.Issuer + "/account")
	})
}

// Without a mouse: the wizard, and a sign-up that is over.
func TestSignUpByKeyboard(t *testing.T) {
	h, mail := startOpenHouse(t, "none")
	eachWay(t, func(t *testing.T, w way) {
		who, tab := newcomer(w), newVisitor(t, w).NewTab()
		tab.Open(h.Issuer + "/signup/check?flow=" + strings.Repeat("x", 43))
		tab.See(h.Issuer+"/signup/check?", Look{Status: http.StatusGone, Has: "#home"})
		tab.Open(h.Issuer + "/account")
		tab.Arrive(h.Issuer + "/signin?")
		tab.tabTo(".aside a")
		tab.Enter()
		tab.Arrive(h.Issuer + "/signup?")
		tab.writeInto("username", who.Email)
		tab.Enter()
		tab.Arrive(h.Issuer + "/signup/password?")
		tab.writeInto("password", who.Password)
		tab.tabTo("#confirmation")
		tab.Write(who.Password)
		tab.tabTo("#news")
		tab.Press(" ")
		tab.Enter()
		tab.Arrive(h.Issuer + "/signup/about?")
		tab.writeInto("given_name", "Nova")
		tab.tabTo("#family_name")
		tab.Write("Comer")
		tab.tabTo("#birthdate")
		tab.Press("12091990") // a browser that speaks English, whatever it asks for
		tab.Enter()
		tab.Arrive(h.Issuer + "/signup/check?")
		tab.writeInto("code", mail.Codes(who.Email, 1)[0])
		tab.tabTo("#submit")
		tab.Enter()
		tab.Arrive(h.Issuer + "/account")
		if code, out, errs := h.Run("", "user", "consents", who.Email); code != 0 || !strings.Contains(out, "news") {
			t.Errorf("the ledger: %s%s", out, errs)
		}
	})
}

// Every page of the wizard in every language, in a narrow window without
// scripts: nothing is too wide, and what axe finds wrong is wrong in none.
func TestSignUpInEveryLanguage(t *testing.T) {
	h, mail := startOpenHouse(t, "none")
	eachLanguage(t, func(t *testing.T, w way) {
		who, tab, r := newcomer(w), newVisitor(t, w).NewTab(), h.kitchen.Request("prompt", "create")
		tab.Open(r.Path())
		for _, page := range []struct{ path, focus string }{
			{"/signup", "username"}, {"/signup/password", "password"}, {"/signup/about", ""},
		} {
			tab.See(h.Issuer+page.path+"?", Look{Focus: page.focus})
			tab.Follow("#submit") // without an answer
			tab.See(h.Issuer+page.path, Look{Has: ".fault"})
			switch page.path {
			case "/signup":
				tab.Type("#username", who.Email)
			case "/signup/password":
				tab.choose(who.Password)
			default:
				tab.Type("#given_name", "Nova")
				tab.Type("#family_name", "Comer")
				tab.born("1990-12-09")
			}
			tab.Follow("#submit")
		}
		tab.See(h.Issuer+"/signup/check?", Look{Focus: "code"})
		elsewhere := newVisitor(t, w).NewTab()
		elsewhere.Open(linkTo(t, mail, who.Email, 1))
		elsewhere.See(h.Issuer+"/signup/confirm?", Look{Has: "#deny"})
		tab.Type("#code", mail.Codes(who.Email, 1)[0])
		tab.Follow("#submit")
		h.granted(tab, r)
		elsewhere.Reload()
		elsewhere.See(h.Issuer+"/signup/confirm?", Look{Status: http.StatusGone, Has: "#signin"})
	})
}

// Two tabs of one sign-up: the one that has the code goes on, the other says
// that it is over.
func TestSignUpInTwoTabs(t *testing.T) {
	h, mail := startOpenHouse(t, "none")
	eachWay(t, func(t *testing.T, w way) {
		who, v, r := newcomer(w), newVisitor(t, w), h.kitchen.Request("prompt", "create")
		first := v.NewTab()
		first.Open(r.Path())
		first.fillIn(h.Issuer, who)
		second := v.NewTab()
		second.Open(first.last())
		second.See(h.Issuer+"/signup/check?", Look{Focus: "code"})
		first.Type("#code", mail.Codes(who.Email, 1)[0])
		first.Follow("#submit")
		h.granted(first, r)
		if !w.script {
			second.Follow("#opened")
		}
		second.until("the tab hears of it", func() bool { return second.Has("#home") })
		// Where it hears of it between two steps of the first it is sent on.
		second.See(h.Issuer+"/signup", Look{Status: http.StatusGone, Has: "#home"})
		second.Follow("#home")
		second.Arrive(h.Issuer + "/account")
	})
}
