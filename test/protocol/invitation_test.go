package protocol

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"signet/internal/mail/mailtest"
	"signet/internal/testenv"
)

const engines = `
clients:
  - id: desk
    name: Front desk
    secret: secret-of-desk
    redirect_uris: ["https://desk.example/callback"]
    initiate_login_uri: https://desk.example/login
    scopes: [openid, email, organizations]
    trusted: true
organizations:
  - slug: engines
    name: Analytical Engines
    owners: [ada@example.com]
`

// inviters is a house with an organization whose owner invites.
type inviters struct {
	*newHouse
	desk  *testenv.App
	id    string // of the organization
	owner *testenv.Browser
}

func invitersAt(t *testing.T, o testenv.Options) *inviters {
	t.Helper()
	h := &inviters{newHouse: newcomersAt(t, o)}
	h.env.Apply(engines)
	h.desk = h.env.App(t, testenv.App{ID: "desk", Secret: "secret-of-desk", Redirect: "https://desk.example/callback", Scope: "openid organizations"})
	_, out, _ := h.env.Run("", "org", "show", "engines", "-o", "json")
	var shown struct{ ID string }
	if err := json.Unmarshal([]byte(out), &shown); err != nil {
		t.Fatal(err, out)
	}
	h.id = shown.ID
	h.owner = signedIn(t, h.env, h.app, ada)
	return h
}

var invitationLink = regexp.MustCompile(`http://\S+/invitation\?link=[\w-]+`)

// invite has the owner invite somebody and returns the link.
func (h *inviters) invite(t *testing.T, address, role, app string) string {
	t.Helper()
	sent := len(h.linksTo(address))
	p := h.owner.Get("/orgs/" + h.id + "/invitations?app=" + app)
	p = h.owner.Submit(p.Form("role"), "submit", "addresses", address, "role", role)
	if p.Status != http.StatusOK || !strings.Contains(p.Body, `id="report"`) {
		t.Fatalf("inviting: %d %s", p.Status, p.Body)
	}
	return h.invitationTo(t, address, sent+1)
}

// linksTo are the links of the invitations that were mailed to the address.
func (h *newHouse) linksTo(address string) (links []string) {
	for _, m := range h.mail.Mails() {
		if link := invitationLink.FindString(m.Text()); link != "" && m.To == address {
			links = append(links, link)
		}
	}
	return links
}

// invitationTo waits for the n-th invitation to the address and returns its link.
func (h *newHouse) invitationTo(t *testing.T, address string, n int) string {
	t.Helper()
	for mails := 1; ; mails++ {
		if links := h.linksTo(address); len(links) >= n {
			return links[n-1]
		}
		h.mail.Wait(mails)
	}
}

// join walks from the invitation through the wizard to its end.
func join(t *testing.T, b *testenv.Browser, p *testenv.Page, password string) (end *testenv.Page, pages int) {
	t.Helper()
	p = b.Submit(p.Form("submit"), "submit")
	if p.Form("confirmation") == nil || !strings.Contains(p.Body, eve.Email) {
		t.Fatalf("after the invitation: %s %d %s", p.URL.Path, p.Status, p.Body)
	}
	p = b.Submit(p.Form("confirmation"), "submit", "password", password, "confirmation", password)
	if p.Form("given_name") == nil {
		t.Fatalf("after the password: %s %d %s", p.URL.Path, p.Status, p.Body)
	}
	return b.Submit(p.Form("given_name"), "submit", "given_name", "Eve", "family_name", "Adams", "birthdate", "1990-12-09"), 3
}

// TestInvitedNewcomer: who has no account ends in the app that the invitation
// was sent from, signed in and a member, without a code or a challenge.
func TestInvitedNewcomer(t *testing.T) {
	t.Parallel()
	for _, backend := range testenv.Backends {
		t.Run(string(backend), func(t *testing.T) {
			t.Parallel()
			h := invitersAt(t, testenv.Options{Backend: backend, Nodes: 2, Env: map[string]string{"SIGNET_SIGN_UP_WHO": "invited"}})
			link := h.invite(t, eve.Email, "viewer", "desk")
			b := h.env.Browser().For(t)
			for range 2 { // programs that look into mail open it, too
				h.env.Browser().For(t).Get(link)
			}
			p := b.Get(link)
			for _, told := range []string{"Analytical Engines", "Ada Lovelace", "Viewer", eve.Email, "Front desk"} {
				if !strings.Contains(p.Body, told) {
					t.Errorf("the page does not tell of %s:\n%s", told, p.Body)
				}
			}
			end, pages := join(t, b, p, eve.Password)
			if !strings.HasPrefix(end.Location, "https://desk.example/login?iss=") || pages > 5 {
				t.Fatalf("after %d pages at %s %q: %s", pages, end.URL, end.Location, end.Body)
			}
			got := tokens(t, b, h.desk, testenv.Person{}, "prompt", "none")
			claims := h.desk.IDToken(got.Str("id_token"), "")
			info := h.desk.Userinfo(got.Str("access_token"))
			list, _ := info.Fields["organizations"].([]any)
			if len(list) != 1 || list[0].(map[string]any)["role"] != "viewer" || claims["sub"] == nil {
				t.Errorf("the app learns %v", info.Fields)
			}
			// Opened again it leads there too; to everybody else it is used up.
			if again := b.Get(link); !strings.HasPrefix(again.Location, "https://desk.example/login") {
				t.Errorf("again: %s %d", again.URL, again.Status)
			}
			if other := h.env.Browser().For(t).Get(link); other.Status != http.StatusGone || strings.Contains(other.Body, eve.Email) {
				t.Errorf("by somebody else, later: %d %s", other.Status, other.Body)
			}
			if answer := h.env.Browser().For(t).SignIn(h.desk.Request(), eve); answer.Get("code") == "" {
				t.Errorf("the next sign-in: %v", answer)
			}
		})
	}
}

// TestInvitationOfAnAccount: who has an account signs in and accepts, as nobody
// else.
func TestInvitationOfAnAccount(t *testing.T) {
	t.Parallel()
	h := invitersAt(t, testenv.Options{})
	h.env.Apply("users:\n  - email: eve@example.com\n    password: Wander-berg-31\n    verified: true\n")
	link := h.invite(t, eve.Email, "admin", "")
	// Somebody else, whom the letter was passed on to.
	other := signedIn(t, h.env, h.app, bob)
	p := other.Get(link)
	if !strings.Contains(p.Body, `id="other"`) || p.Form("decline") != nil {
		t.Fatalf("as somebody else: %d %s", p.Status, p.Body)
	}
	if got := other.Post(link, url.Values{"link": {link[strings.Index(link, "=")+1:]}}); got.URL.Path != "/invitation" || !strings.Contains(got.Body, `id="other"`) {
		t.Errorf("accepting as somebody else: %s %d", got.URL, got.Status)
	}
	if p = other.Submit(p.Form("submit"), "submit"); p.Form("password") == nil || p.Form("password").Fields.Get("username") != eve.Email {
		t.Errorf("going on with the address: %s %d %s", p.URL, p.Status, p.Body)
	}
	// Its owner.
	b := h.env.Browser().For(t)
	p = b.Submit(b.Get(link).Form("submit"), "submit")
	p = b.Submit(p.Form("password"), "submit", "password", eve.Password)
	if p.URL.Path != "/invitation" || p.Form("decline") == nil {
		t.Fatalf("signed in: %s %d %s", p.URL, p.Status, p.Body)
	}
	p = b.Submit(p.Form("submit"), "submit")
	if p.URL.Path != "/orgs/"+h.id || !strings.Contains(p.Body, "Analytical Engines") || !strings.Contains(p.Body, "Bob") && !strings.Contains(p.Body, eve.Email) {
		t.Errorf("accepted: %s %d %s", p.URL, p.Status, p.Body)
	}
	if !strings.Contains(p.Body, "a member now") {
		t.Errorf("the page does not say what happened: %s", p.Body)
	}
	told := func(m mailtest.Mail) bool { return m.To == ada.Email && strings.Contains(m.Text(), "whom you invited") }
	for n := 1; !slices.ContainsFunc(h.mail.Mails(), told); n++ {
		h.mail.Wait(n) // fails in the end
	}
}

// TestInvitationRace: of many who use one invitation at once, one account comes
// of it, and one member.
func TestInvitationRace(t *testing.T) {
	t.Parallel()
	h := invitersAt(t, testenv.Options{Nodes: 2, Env: map[string]string{"SIGNET_HASHING_MEMORY": "7MiB"}})
	link := h.invite(t, eve.Email, "viewer", "")
	const racers = 20
	var forms [racers]*testenv.Form
	var browsers [racers]*testenv.Browser
	for i := range racers {
		b := h.env.Browser().For(t)
		p := b.Submit(b.Get(link).Form("submit"), "submit")
		p = b.Submit(p.Form("confirmation"), "submit", "password", eve.Password, "confirmation", eve.Password)
		if browsers[i], forms[i] = b, p.Form("given_name"); forms[i] == nil {
			t.Fatalf("racer %d is at %s %d", i, p.URL, p.Status)
		}
	}
	var joined atomic.Int64
	var group sync.WaitGroup
	for i := range racers {
		group.Go(func() {
			p := browsers[i].Submit(forms[i], "submit", "given_name", "Eve", "family_name", "Adams", "birthdate", "1990-12-09")
			if p.URL.Path == "/orgs/"+h.id {
				joined.Add(1)
			}
		})
	}
	group.Wait()
	_, out, _ := h.env.Run("", "org", "show", "engines")
	if n := strings.Count(out, eve.Email); joined.Load() != 1 || n != 1 {
		t.Errorf("%d joined, listed %d times:\n%s", joined.Load(), n, out)
	}
}

// TestInvitationsOfAnOrganization: a pasted list has a verdict per line; what is
// sent again has a new link; what is taken back or declined is over.
func TestInvitationsOfAnOrganization(t *testing.T) {
	t.Parallel()
	h := invitersAt(t, testenv.Options{})
	page := "/orgs/" + h.id + "/invitations"
	p := h.owner.Submit(h.owner.Get(page).Form("role"), "submit", "role", "viewer",
		"addresses", "grace@example.com; nobody\n\"Lovelace, Ada\" <ada@example.com>\n"+eve.Email+"\ngrace@example.com")
	for _, told := range []string{"Sent</span>", "Not an e-mail address</span>", "Member already</span>"} {
		if !strings.Contains(p.Body, told) {
			t.Errorf("the report does not say %q:\n%s", told, p.Body)
		}
	}
	if p := h.owner.Get(page + "?query=GRACE"); !strings.Contains(p.Body, "grace@example.com") || strings.Contains(p.Body, eve.Email) {
		t.Errorf("searched for grace:\n%s", p.Body)
	}
	wantPage(t, h.owner.Get(page+"?query=nobody"), http.StatusOK, "Nobody here matches")
	old := h.invitationTo(t, eve.Email, 1)

	var again, back *testenv.Form
	for _, f := range h.owner.Get(page).Forms {
		id := f.Fields.Get("invitation")
		switch {
		case id == "" || again != nil && again.Fields.Get("invitation") != id:
		case strings.HasSuffix(f.Action, "/resend"):
			again = f
		case strings.HasSuffix(f.Action, "/revoke"):
			back = f
		}
	}
	h.owner.Submit(again, "") // the newest is on top: eve's
	link := h.invitationTo(t, eve.Email, 2)
	stranger := h.env.Browser().For(t)
	if p := stranger.Get(old); p.Status != http.StatusGone {
		t.Errorf("the old link: %d", p.Status)
	}
	if p := stranger.Get(link); p.Status != http.StatusOK {
		t.Errorf("the new link: %d", p.Status)
	}
	h.owner.Submit(back, "")
	if p := stranger.Get(link); p.Status != http.StatusGone || !strings.Contains(p.Body, "taken back") {
		t.Errorf("taken back: %d %s", p.Status, p.Body)
	}
	link = h.invite(t, eve.Email, "viewer", "")
	if p := stranger.Submit(stranger.Get(link).Form("decline"), "decline"); p.Status != http.StatusOK || !strings.Contains(p.Body, "declined") {
		t.Errorf("declined: %d %s", p.Status, p.Body)
	}
	if p := stranger.Get(link); p.Status != http.StatusGone {
		t.Errorf("after it was declined: %d", p.Status)
	}
}
