package protocol

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"signet/internal/mail/mailtest"
	"signet/internal/testenv"
)

// The people of the organizations below, who can be written to.
var (
	alan = testenv.Person{Email: "alan@example.com", Password: "machine-Tape-9"}
	emmy = testenv.Person{Email: "emmy@example.com", Password: "symmetry-Ring-9"}
)

const twoOrganizations = `
users:
  - {email: grace@example.com, password: compiler-Moth-9, verified: true, given_name: Grace}
  - {email: alan@example.com, password: machine-Tape-9, verified: true, locale: de}
  - {email: emmy@example.com, password: symmetry-Ring-9, verified: true}
organizations:
  - {slug: engines, name: Analytical Engines, owners: [ada@example.com], admins: [grace@example.com], viewers: [alan@example.com]}
  - {slug: rings, name: Rings, owners: [emmy@example.com], viewers: [bob@example.com]}
`

// organization is what the command line says of one.
type organization struct {
	ID, Name string
	EraseAt  string `json:"erase_at"`
	Members  []struct {
		ID          string `json:"account_id"`
		Email, Role string
	}
}

func organizationOf(t *testing.T, e *testenv.Env, slug string) organization {
	t.Helper()
	code, out, errs := e.Run("", "org", "show", slug, "-o", "json")
	var o organization
	if code != 0 || json.Unmarshal([]byte(out), &o) != nil || o.ID == "" {
		t.Fatalf("org show: %s %s", out, errs)
	}
	return o
}

// member is the id of the person's account.
func (o organization) member(who testenv.Person) string {
	for _, m := range o.Members {
		if m.Email == who.Email {
			return m.ID
		}
	}
	return ""
}

func (o organization) roles() map[string]string {
	out := map[string]string{}
	for _, m := range o.Members {
		out[m.Email] = m.Role
	}
	return out
}

// atHome signs the person in on the account page.
func atHome(t *testing.T, e *testenv.Env, who testenv.Person) *testenv.Browser {
	t.Helper()
	b, _ := atAccount(t, e, "/account", who)
	return b
}

// TestOrganizationPages: what the pages offer to a role is what that role may do,
// and what it may not is refused, whoever asks for it by hand.
func TestOrganizationPages(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		e.Apply(twoOrganizations)
		o := organizationOf(t, e, "engines")
		as := map[string]*testenv.Browser{"owner": atHome(t, e, ada), "admin": atHome(t, e, grace), "viewer": atHome(t, e, alan)}
		home := "/orgs/" + o.ID
		of := func(who testenv.Person) string { return home + "/members/" + o.member(who) }

		for role, offers := range map[string]map[string]string{
			"owner":  {of(ada): "submit", of(grace): "remove transfer submit", of(alan): "remove transfer submit", home + "/settings": "submit", home + "/delete": "submit"},
			"admin":  {of(ada): "", of(grace): "submit", of(alan): "remove submit", home + "/settings": "submit"},
			"viewer": {of(ada): "", of(grace): "", of(alan): "", home + "/settings": ""},
		} {
			for path, buttons := range offers {
				p := at(t, as[role].Get(path), path)
				for _, button := range []string{"remove", "transfer", "submit"} {
					if offered := p.Form(button) != nil; offered != strings.Contains(buttons, button) {
						t.Errorf("%s at %s: %s offered: %v", role, path, button, offered)
					}
				}
			}
		}

		before := organizationOf(t, e, "engines")
		for _, c := range []struct {
			role, path string
			fields     url.Values
		}{
			{"viewer", of(alan), url.Values{"role": {"admin"}}},
			{"viewer", of(grace), url.Values{"role": {"viewer"}}},
			{"viewer", of(grace) + "/remove", nil},
			{"viewer", home + "/settings", url.Values{"name": {"Mine"}}},
			{"viewer", home + "/delete", nil},
			{"admin", of(grace), url.Values{"role": {"owner"}}},
			{"admin", of(alan), url.Values{"role": {"owner"}}},
			{"admin", of(ada), url.Values{"role": {"viewer"}}},
			{"admin", of(ada) + "/remove", nil},
			{"admin", of(alan) + "/hand-over", nil},
			{"admin", of(grace) + "/hand-over", nil},
			{"admin", home + "/delete", nil},
		} {
			if p := as[c.role].Post(c.path, c.fields); p.Status != http.StatusForbidden || !strings.Contains(p.Body, `role="alert"`) {
				t.Errorf("%s posts %v to %s: status %d, want 403 and a page that says why", c.role, c.fields, c.path, p.Status)
			}
		}
		for _, path := range []string{of(ada), home + "/leave"} { // the last owner
			if p := as["owner"].Post(path, url.Values{"role": {"viewer"}}); p.Status != http.StatusConflict || !strings.Contains(p.Body, `role="alert"`) {
				t.Errorf("the last owner posts to %s: status %d, want 409 and a page that says why", path, p.Status)
			}
		}
		if p := as["owner"].Post(of(alan), url.Values{"role": {"emperor"}}); p.Status != http.StatusBadRequest {
			t.Errorf("a role that there is not: %d", p.Status)
		}
		for _, path := range []string{home + "/delete", home + "/leave", home + "/restore", of(alan) + "/remove", of(alan) + "/hand-over"} {
			as["owner"].Get(path) // a scanner's look changes nothing
		}
		if after := organizationOf(t, e, "engines"); !reflect.DeepEqual(after, before) {
			t.Errorf("after what was refused: %+v, before: %+v", after, before)
		}
	})
}

// TestOrganizationLife walks through what an organization goes through, and sees
// who is written to, in whose language.
func TestOrganizationLife(t *testing.T) {
	recovering(t, nil, func(t *testing.T, e *testenv.Env, server *mailtest.Server) {
		e.Apply(twoOrganizations)
		b := atHome(t, e, ada)
		p := at(t, b.Get("/orgs"), "/orgs")
		if !strings.Contains(p.Body, "Analytical Engines") || strings.Contains(p.Body, "Rings") {
			t.Errorf("ada's organizations: %s", p.Body)
		}
		o := organizationOf(t, e, "engines")
		home := "/orgs/" + o.ID
		done := func(p *testenv.Page, path, what string) {
			t.Helper()
			if at(t, p, path); p.URL.Query().Get("done") != what || !strings.Contains(p.Body, `role="status"`) {
				t.Errorf("at %s, want %s done", p.URL, what)
			}
		}
		done(submit(t, b, b.Get(home+"/settings"), "submit", "name", " Difference  Engines "), home+"/settings", "org-renamed")
		member := home + "/members/" + o.member(alan)
		done(submit(t, b, b.Get(member), "submit", "role", "admin"), home, "org-role")
		if text := received(t, server, alan.Email, 1); !strings.Contains(text, "Ihre Rolle in Difference Engines ist jetzt: Admin.") || !strings.Contains(text, "Ada Lovelace (ada@example.com)") || !strings.Contains(text, e.Issuer+home) {
			t.Errorf("the letter of a new role: %s", text)
		}
		done(submit(t, b, b.Get(member), "remove"), home, "org-removed")
		if text := received(t, server, alan.Email, 2); !strings.Contains(text, "Sie wurden aus Difference Engines entfernt") {
			t.Errorf("the letter of who was removed: %s", text)
		}
		if p := b.Get(member); p.Status != http.StatusNotFound || !strings.Contains(p.Body, `role="alert"`) {
			t.Errorf("the page of who was removed: %d", p.Status)
		}

		done(submit(t, b, b.Get(home+"/members/"+o.member(grace)), "transfer"), home, "org-transfer")
		received(t, server, grace.Email, 1)
		want := map[string]string{"ada@example.com": "admin", "grace@example.com": "owner"}
		if got := organizationOf(t, e, "engines").roles(); !reflect.DeepEqual(got, want) {
			t.Errorf("after it was handed over: %v", got)
		}
		g := atHome(t, e, grace)
		done(submit(t, g, g.Get(home+"/delete"), "submit"), "/orgs", "org-deleted")
		if text := received(t, server, grace.Email, 2); !strings.Contains(text, "Difference Engines was deleted") || !strings.Contains(text, e.Issuer+"/orgs") {
			t.Errorf("the letter of the deletion: %s", text)
		}
		for who, b := range map[string]*testenv.Browser{"an admin": b, "the owner": g} {
			if p := b.Get(home); p.Status != http.StatusNotFound {
				t.Errorf("%s sees the deleted organization: %d", who, p.Status)
			}
		}
		if p := b.Post(home+"/restore", nil); p.Status != http.StatusNotFound {
			t.Errorf("an admin restores: %d", p.Status)
		}
		done(g.Post(home+"/restore", nil), home, "org-restored")
		done(submit(t, b, b.Get(home+"/leave"), "submit"), "/orgs", "org-left")
		want = map[string]string{"grace@example.com": "owner"}
		if got := organizationOf(t, e, "engines").roles(); !reflect.DeepEqual(got, want) {
			t.Errorf("in the end: %v", got)
		}
		for action, who := range map[string]testenv.Person{
			"organization.rename": ada, "organization.member": ada, "organization.remove": ada, "organization.transfer": ada,
			"organization.leave": ada, "organization.delete": grace, "organization.restore": grace,
		} {
			_, out, _ := e.Run("", "audit", "--action", action, "-o", "json")
			if !strings.Contains(out, o.ID) || !strings.Contains(out, o.member(who)) {
				t.Errorf("the audit log has no %s by %s: %s", action, who.Email, out)
			}
		}
	})
}

// TestOrganizationsOfOthers swaps the ids of two organizations, and of their
// members, in every address of the pages: to whoever does not belong to it there
// is no such organization, and nothing is changed.
func TestOrganizationsOfOthers(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		e.Apply(twoOrganizations)
		own, other := organizationOf(t, e, "rings"), organizationOf(t, e, "engines")
		b := atHome(t, e, emmy) // an owner, but of the other one
		pages := []string{"", "/settings", "/leave", "/delete", "/members/" + other.member(alan), "/members/" + own.member(emmy)}
		posts := []string{
			"/settings", "/leave", "/delete", "/restore",
			"/members/" + other.member(alan), "/members/" + other.member(alan) + "/remove", "/members/" + other.member(alan) + "/hand-over",
			"/members/" + own.member(emmy), "/members/" + own.member(emmy) + "/remove", "/members/" + own.member(emmy) + "/hand-over",
		}
		fields := url.Values{"role": {"owner"}, "name": {"Mine"}}
		for _, org := range []string{other.ID, "engines", "00000000-0000-0000-0000-000000000000", "%00", "x"} {
			for _, path := range pages {
				if p := b.Get("/orgs/" + org + path); p.Status != http.StatusNotFound {
					t.Errorf("GET %s of %s: %d, want 404", path, org, p.Status)
				}
			}
			for _, path := range posts {
				if p := b.Post("/orgs/"+org+path, fields); p.Status != http.StatusNotFound {
					t.Errorf("POST %s of %s: %d, want 404", path, org, p.Status)
				}
			}
		}
		for _, member := range []string{other.member(alan), "x", "00000000-0000-0000-0000-000000000000"} {
			for _, path := range []string{"", "/remove", "/hand-over"} {
				if p := b.Post(fmt.Sprintf("/orgs/%s/members/%s%s", own.ID, member, path), fields); p.Status != http.StatusNotFound {
					t.Errorf("POST of a member %s of the other organization: %d, want 404", path, p.Status)
				}
			}
		}
		if got := organizationOf(t, e, "engines"); !reflect.DeepEqual(got, other) {
			t.Errorf("the other organization: %+v, before: %+v", got, other)
		}
		if got := organizationOf(t, e, "rings"); !reflect.DeepEqual(got, own) {
			t.Errorf("the own organization: %+v, before: %+v", got, own)
		}

		// Nobody who is not signed in is told whether there is one.
		for _, org := range []string{own.ID, "00000000-0000-0000-0000-000000000000"} {
			if p := e.Browser().For(t).Get("/orgs/" + org); p.URL.Path != "/signin" {
				t.Errorf("without a sign-in, /orgs/%s leads to %s", org, p.URL)
			}
		}
	})
}

// TestLastOwnerCloses: an account is not closed while others belong to an
// organization that nobody else owns; the page says which, and stays signed in.
func TestLastOwnerCloses(t *testing.T) {
	recovering(t, nil, func(t *testing.T, e *testenv.Env, _ *mailtest.Server) {
		e.Apply(twoOrganizations)
		e.Apply("organizations:\n  - {slug: lone, name: Lone Star, owners: [ada@example.com]}\n")
		b := atHome(t, e, ada)
		const path = "/account/close"
		p := at(t, b.Get(path), path)
		if !strings.Contains(p.Body, "Analytical Engines") || p.Form("submit") != nil {
			t.Errorf("the page offers to close the account of a last owner: %s", p.Body)
		}
		if p = b.Post(path, url.Values{"current": {ada.Password}}); p.Status != http.StatusConflict || !strings.Contains(p.Body, "Analytical Engines") {
			t.Errorf("posted by hand: %d", p.Status)
		}
		at(t, b.Get("/account"), "/account")

		if code, _, errs := e.Run("", "user", "delete", ada.Email, "--yes"); code != 1 || !strings.Contains(errs, "signet org member") {
			t.Errorf("the operator erases a last owner: status %d, %s", code, errs)
		}

		o := organizationOf(t, e, "engines")
		at(t, submit(t, b, b.Get("/orgs/"+o.ID+"/members/"+o.member(grace)), "submit", "role", "owner"), "/orgs/"+o.ID)
		p = at(t, b.Get(path), path)
		if !strings.Contains(p.Body, "Lone Star") {
			t.Error("the page does not say what is deleted with the account")
		}
		at(t, submit(t, b, p, "submit", "current", ada.Password), "/account/closed")
		if lone := organizationOf(t, e, "lone"); lone.EraseAt == "" {
			t.Error("the organization that nobody else belongs to is not deleted")
		}
		if o := organizationOf(t, e, "engines"); o.EraseAt != "" || o.roles()[grace.Email] != "owner" {
			t.Errorf("what others belong to: %+v", o)
		}
	})
}

var nextPage = regexp.MustCompile(`<a href="([^"]+)" id="next"`)

// listed follows the pages of a list of members from the path on, and counts how
// often each of them is there, and the pages.
func listed(t *testing.T, b *testenv.Browser, path string) (seen map[string]int, pages int) {
	t.Helper()
	for seen = map[string]int{}; path != ""; pages++ {
		p := b.Get(path)
		if p.Status != http.StatusOK {
			t.Fatalf("%s: %d", path, p.Status)
		}
		for _, m := range memberLink.FindAllStringSubmatch(p.Body, -1) {
			seen[m[1]]++
		}
		path = ""
		if next := nextPage.FindStringSubmatch(p.Body); next != nil {
			path = html.UnescapeString(next[1])
		}
	}
	for member, n := range seen {
		if n != 1 {
			t.Errorf("%s is on %d pages", member, n)
		}
	}
	return seen, pages
}

// TestMembersByPage follows the pages of a long list, and of what is searched in
// it: each member is on exactly one of them.
func TestMembersByPage(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		const many = 120
		var users, viewers strings.Builder
		for i := range many {
			fmt.Fprintf(&users, "  - {email: m%d@example.com, verified: true}\n", i)
			fmt.Fprintf(&viewers, ", m%d@example.com", i)
		}
		e.Apply("users:\n" + users.String() + "organizations:\n  - {slug: big, name: Big, owners: [ada@example.com], viewers: [bob@example.com" + viewers.String() + "]}\n")
		b, home := atHome(t, e, ada), "/orgs/"+organizationOf(t, e, "big").ID
		for query, want := range map[string][2]int{ // members and pages
			"": {many + 2, 3}, "EXAMPLE": {many + 2, 3}, "m11": {11, 1}, "m1": {31, 1}, "lovelace ádá": {1, 1}, "m118@example.com": {1, 1}, "zoë": {0, 1}, strings.Repeat("m", 5000): {0, 1},
		} {
			if seen, pages := listed(t, b, home+"?query="+url.QueryEscape(query)); len(seen) != want[0] || pages != want[1] {
				t.Errorf("%.20q: %d members on %d pages, want %v", query, len(seen), pages, want)
			}
		}
		p := b.Submit(b.Get(home).Form("query"), "", "query", "<zoë>")
		wantPage(t, p, http.StatusOK, "Nobody here matches", "&lt;zoë&gt;", `href="`+home+`"`)
		for _, odd := range []string{"x", "%00", "00000000-0000-0000-0000-000000000000' OR 1", strings.Repeat("9", 5000)} {
			if p := b.Get("/orgs/" + organizationOf(t, e, "big").ID + "?after=" + url.QueryEscape(odd)); p.Status != http.StatusOK {
				t.Errorf("after %.20q: %d", odd, p.Status)
			}
		}
	})
}

var memberLink = regexp.MustCompile(`href="/orgs/[^"/]+/members/([^"]+)"`)
