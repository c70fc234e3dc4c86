package protocol

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"signet/internal/testenv"
)

// TestInvitationIntoTheHouse: an operator invites somebody into a house that
// nobody else can sign up at; nobody but this person gets an account, and once.
func TestInvitationIntoTheHouse(t *testing.T) {
	t.Parallel()
	h := newcomersAt(t, testenv.Options{Env: map[string]string{"SIGNET_SIGN_UP_WHO": "invited"}})
	if code, _, stderr := h.env.Run("", "user", "invite", eve.Email, "--language", "fr"); code != 0 {
		t.Fatal(stderr)
	}
	m := h.mail.Wait(1)[0]
	link := invitationLink.FindString(m.Text())
	if m.To != eve.Email || link == "" || !strings.Contains(m.Text(), "Vous recevez") {
		t.Fatalf("the letter to %s:\n%s", m.To, m.Text())
	}
	b := h.env.Browser().For(t)
	p := b.Submit(b.Get(link).Form("submit"), "submit")
	// The address is not the person's to choose, and nothing else is asked for.
	for _, path := range []string{"/signup", "/signup/robot", "/signup/check"} {
		at := b.Get(path + "?" + p.URL.RawQuery)
		if at.URL.Path != "/signup/password" {
			t.Errorf("%s leads to %s %d", path, at.URL.Path, at.Status)
		}
	}
	flow := p.URL.Query().Get("flow")
	if at := b.Post("/signup", url.Values{"flow": {flow}, "username": {"mallory@example.com"}}); at.URL.Path != "/signup/password" || !strings.Contains(at.Body, eve.Email) {
		t.Errorf("another address: %s %d %s", at.URL.Path, at.Status, at.Body)
	}
	p = b.Submit(p.Form("confirmation"), "submit", "password", eve.Password, "confirmation", eve.Password)
	// Another browser has nothing of the flow.
	if other := h.env.Browser().For(t).Get(p.URL.RequestURI()); other.Form("given_name") != nil {
		t.Error("the wizard goes on in another browser")
	}
	p = b.Submit(p.Form("given_name"), "submit", "given_name", "Eve", "family_name", "Adams", "birthdate", "1990-12-09")
	if p.URL.Path != "/account" || !strings.Contains(p.Body, eve.Email) || !strings.Contains(p.Body, "Your account is ready") {
		t.Fatalf("it ends at %s %d %s", p.URL, p.Status, p.Body)
	}
	if again := h.env.Browser().For(t).Get(link); again.Status != http.StatusGone || !strings.Contains(again.Body, "was accepted") {
		t.Errorf("again: %d %s", again.Status, again.Body)
	}
	if code, out, _ := h.env.Run("", "user", "invite", eve.Email); code == 0 || !strings.Contains(out, "already_member") {
		t.Errorf("who has an account is invited: %s", out)
	}
}

// TestSignUpByDomain: where only some domains may sign up, others are told so,
// and who was invited may all the same.
func TestSignUpByDomain(t *testing.T) {
	t.Parallel()
	h := newcomersAt(t, testenv.Options{Env: map[string]string{"SIGNET_SIGN_UP_WHO": "domains", "SIGNET_SIGN_UP_DOMAINS": "example.com,example.net"}})
	b := h.env.Browser().For(t)
	for _, stranger := range []string{"eve@example.org", "eve@mail.example.com", "eve@example.com.example.org"} {
		p := b.Get("/signup")
		p = b.Submit(p.Form("username"), "submit", "username", stranger)
		if p.Form("username") == nil || !strings.Contains(p.Body, "example.com, example.net") {
			t.Errorf("%s: %s %d", stranger, p.URL, p.Status)
		}
	}
	p := fillIn(t, b, b.Get("/signup"), eve)
	if p.Form("code") == nil || h.mail.Wait(1)[0].To != eve.Email {
		t.Errorf("of a domain: %s %d", p.URL, p.Status)
	}
	h.env.Run("", "user", "invite", "guest@example.org")
	link := h.invitationTo(t, "guest@example.org", 1)
	if p := b.Submit(b.Get(link).Form("submit"), "submit"); p.Form("confirmation") == nil {
		t.Errorf("who was invited: %s %d", p.URL, p.Status)
	}
}

// TestInvitationNobodyStandsBehind: what ends while the wizard is under way makes
// no account; what ended before says why.
func TestInvitationNobodyStandsBehind(t *testing.T) {
	t.Parallel()
	h := invitersAt(t, testenv.Options{})
	h.env.Apply("organizations:\n  - slug: engines\n    name: Analytical Engines\n    owners: [ada@example.com]\n    admins: [bob@example.com]\n")
	h.owner = signedIn(t, h.env, h.app, bob) // an admin
	link := h.invite(t, eve.Email, "admin", "")
	b := h.env.Browser().For(t)
	p := b.Submit(b.Get(link).Form("submit"), "submit")
	p = b.Submit(p.Form("confirmation"), "submit", "password", eve.Password, "confirmation", eve.Password)
	if code, _, stderr := h.env.Run("", "org", "member", "engines", bob.Email, "--role", "viewer"); code != 0 {
		t.Fatal(stderr)
	}
	p = b.Submit(p.Form("given_name"), "submit", "given_name", "Eve", "family_name", "Adams", "birthdate", "1990-12-09")
	if p.Status != http.StatusGone || !strings.Contains(p.Body, "no longer good") {
		t.Errorf("at the end of the wizard: %s %d %s", p.URL, p.Status, p.Body)
	}
	if code, _, _ := h.env.Run("", "user", "show", eve.Email); code == 0 {
		t.Error("it made an account")
	}
	if p := b.Get(link); p.Status != http.StatusGone || !strings.Contains(p.Body, "no longer good") {
		t.Errorf("the link: %d %s", p.Status, p.Body)
	}
	// A viewer sees no invitations, and sends none.
	page := "/orgs/" + h.id + "/invitations"
	if p := h.owner.Get(page); p.Status != http.StatusForbidden {
		t.Errorf("a viewer's list: %d", p.Status)
	}
	if p := h.owner.Post(page, url.Values{"addresses": {"x@example.com"}, "role": {"viewer"}}); p.Status != http.StatusForbidden && !strings.Contains(p.Body, "addresses-fault") {
		t.Errorf("a viewer invites: %d", p.Status)
	}
	// An owner sends it again, the organization is deleted.
	h.owner = signedIn(t, h.env, h.app, ada)
	var again *testenv.Form
	for _, f := range h.owner.Get(page).Forms {
		if strings.HasSuffix(f.Action, "/resend") {
			again = f
		}
	}
	h.owner.Submit(again, "")
	link = h.invitationTo(t, eve.Email, 2)
	if len(h.linksTo("x@example.com")) > 0 {
		t.Error("a viewer's invitation was sent")
	}
	if p := b.Get(link); p.Status != http.StatusOK || !strings.Contains(p.Body, "Ada Lovelace") {
		t.Errorf("sent again by somebody else: %d %s", p.Status, p.Body)
	}
	h.env.Run("", "org", "delete", "engines")
	if p := b.Get(link); p.Status != http.StatusGone || strings.Contains(p.Body, "Analytical") {
		t.Errorf("after the organization was deleted: %d %s", p.Status, p.Body)
	}
}

// TestInvitingTellsNothing: who invites sees the same whether an address has an
// account, and so do strangers without the link.
func TestInvitingTellsNothing(t *testing.T) {
	t.Parallel()
	h := invitersAt(t, testenv.Options{})
	hide := regexp.MustCompile(`(bob|eve)@example\.com|[0-9a-f-]{36}|[\w-]{43}`)
	seen := map[string]string{}
	for _, address := range []string{bob.Email, eve.Email} { // bob has an account
		p := h.owner.Get("/orgs/" + h.id + "/invitations")
		form := p.Form("role")
		p = h.owner.Submit(form, "submit", "addresses", address, "role", "viewer")
		for _, f := range p.Forms { // the next one finds the same page
			if strings.HasSuffix(f.Action, "/revoke") {
				h.owner.Submit(f, "")
			}
		}
		report, _, _ := strings.Cut(p.Body, `id="invitations"`)
		seen[address] = hide.ReplaceAllString(report, "")
	}
	if seen[bob.Email] != seen[eve.Email] {
		t.Errorf("with an account:\n%s\nwithout:\n%s", seen[bob.Email], seen[eve.Email])
	}
	// Without the link there is nothing, by id neither.
	h.invite(t, eve.Email, "viewer", "")
	list := h.owner.Get("/orgs/" + h.id + "/invitations")
	var id string
	for _, f := range list.Forms {
		if strings.HasSuffix(f.Action, "/revoke") {
			id = f.Fields.Get("invitation")
			break
		}
	}
	if p := h.env.Browser().For(t).Get("/invitation?id=" + id); p.URL.Path != "/signin" {
		t.Errorf("by id: %s %d", p.URL, p.Status)
	}
	other := signedIn(t, h.env, h.app, bob)
	for _, address := range []string{"/invitation?id=" + id, "/invitation?id=" + h.id, "/invitation?link=" + strings.Repeat("x", 43), "/invitation"} {
		if p := other.Get(address); p.Status != http.StatusGone || strings.Contains(p.Body, eve.Email) || strings.Contains(p.Body, "Analytical") {
			t.Errorf("%s: %d %s", address, p.Status, p.Body)
		}
	}
	for _, path := range []string{"/invitation", "/invitation/decline"} {
		if p := other.Post(path, url.Values{"id": {id}}); p.Status != http.StatusGone {
			t.Errorf("POST %s: %d", path, p.Status)
		}
	}
	if _, out, _ := h.env.Run("", "org", "invitations", "engines"); !strings.Contains(out, "viewer  open") {
		t.Errorf("somebody else changed it:\n%s", out)
	}
}

// TestInvitationLimits: what one person sends a day has an end, and the report
// says so.
func TestInvitationLimits(t *testing.T) {
	t.Parallel()
	h := invitersAt(t, testenv.Options{Env: map[string]string{"SIGNET_LIMITS_INVITATIONS_PERSON": "2/1d", "SIGNET_LIMITS_EXEMPT": "127.0.0.0/8"}})
	p := h.owner.Get("/orgs/" + h.id + "/invitations")
	p = h.owner.Submit(p.Form("role"), "submit", "role", "viewer", "addresses", "a@example.com b@example.com\nc@example.com\nd@example.com\ne@example.com")
	if n := strings.Count(p.Body, "too many today"); n != 1 || strings.Count(p.Body, ">Sent</span>") != 2 {
		t.Errorf("%d were too many:\n%s", n, p.Body)
	}
}
