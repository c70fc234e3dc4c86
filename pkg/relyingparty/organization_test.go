package relyingparty

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"signet/pkg/relyingparty/rptest"
)

const (
	engines = "019e6f6a-6e53-7c39-9d0c-2f6f6a3b1c55"
	tables  = "019e6f6a-6e53-7c39-9d0c-2f6f6a3b1c56"
)

// seen is what a page tells of the organization.
type seen struct {
	One Organization
	All []Organization
}

// startHouse is startApp for an app that asks for an organization, whose person
// belongs to two.
func startHouse(t *testing.T, change func(*Config)) *testApp {
	t.Helper()
	a := startApp(t, func(c *Config) {
		c.Organization = AnyOrganization
		if change != nil {
			change(c)
		}
	})
	a.role(tables, "viewer")
	return a
}

// role changes what the person is in the organization; "" takes them out.
func (a *testApp) role(id, role string) {
	a.provider.Change(func(p *rptest.Provider) {
		of := []rptest.Organization{{ID: engines, Name: "Analytical Engines", Role: "owner"}, {ID: tables, Name: "Tables & Sons", Role: "viewer"}}
		var left []rptest.Organization
		for _, o := range of {
			if o.ID == id {
				o.Role = role
			}
			if o.Role != "" {
				left = append(left, o)
			}
		}
		p.User["organizations"] = left
	})
}

// at opens the path with the cookies of the browser and returns the page's
// answer, which is shown by the handler.
func (a *testApp) organizationOf(b *browser) seen {
	a.t.Helper()
	r := b.get("/organization")
	var s seen
	if err := json.Unmarshal([]byte(r.body), &s); err != nil {
		a.t.Fatalf("%d %s", r.StatusCode, r.body)
	}
	return s
}

func tellOrganization(w http.ResponseWriter, r *http.Request) {
	u := UserFrom(r.Context())
	_ = json.NewEncoder(w).Encode(seen{u.Organization, u.Organizations})
}

func TestOrganization(t *testing.T) {
	a := startHouse(t, nil)
	b := a.browser()
	if got := a.organizationOf(b); got.One != (Organization{engines, "Analytical Engines", RoleOwner}) || len(got.All) != 1 {
		t.Errorf("signed in for %+v", got)
	}
	if q := a.provider.Seen().Authorize; q.Get("organization") != AnyOrganization || !strings.Contains(q.Get("scope"), scopeOrganizations) {
		t.Errorf("asked with %v", q)
	}
	for path, want := range map[string]int{"/owners": http.StatusOK, "/admins": http.StatusOK} {
		if r := b.get(path); r.StatusCode != want {
			t.Errorf("as owner %s answers %d, want %d", path, r.StatusCode, want)
		}
	}

	// Another one, by a link, in the session's place.
	b.get(a.rp.OrganizationURL(tables, "/private/"))
	if got := a.organizationOf(b).One; got.ID != tables || got.Role != RoleViewer {
		t.Errorf("switched to %+v", got)
	}
	for _, path := range []string{"/owners", "/admins"} {
		if r := b.get(path); r.StatusCode != http.StatusForbidden || !strings.Contains(r.body, "role") {
			t.Errorf("as viewer %s answers %d %s", path, r.StatusCode, r.body)
		}
	}
	// A role that changes is known after the refresh, and no page was needed.
	a.role(tables, "admin")
	a.forward(11 * time.Minute)
	if r := b.get("/admins"); r.StatusCode != http.StatusOK {
		t.Errorf("made an admin: %d", r.StatusCode)
	}
	if a.provider.Seen().Refreshes != 1 {
		t.Errorf("%d refreshes", a.provider.Seen().Refreshes)
	}
	// A link with anything else lets the person choose.
	b.step().get("/login?organization=" + url.QueryEscape("x&scope=admin"))
	back := b.step().get("/login?organization=engines").Header.Get("Location")
	if u, err := url.Parse(back); err != nil || u.Query().Get("organization") != AnyOrganization {
		t.Errorf("a slug in a link asks with %s", back)
	}
	// So does a link of another site, whatever it names.
	back = b.step().send(http.MethodGet, a.rp.OrganizationURL(engines, "/private/"), "Sec-Fetch-Site", "cross-site").Header.Get("Location")
	if u, err := url.Parse(back); err != nil || u.Query().Get("organization") != AnyOrganization {
		t.Errorf("another site's link asks with %s", back)
	}
}

// TestOrganizationIsRemembered: what may ask nothing asks for the organization that
// the browser had.
func TestOrganizationIsRemembered(t *testing.T) {
	a := startHouse(t, func(c *Config) { c.Scopes = []string{"openid"} })
	b := a.browser()
	b.get(a.rp.OrganizationURL(tables, "/private/"))
	asked := func() string { return a.provider.Seen().Authorize.Get("organization") }
	a.forward(11 * time.Minute)
	if got := a.organizationOf(b); got.One.ID != tables || asked() != tables || a.provider.Seen().Exchanges != 2 {
		t.Errorf("the silent round trip asked for %s and brought %+v", asked(), got)
	}
	b.send(http.MethodPost, "/logout/local", "Origin", a.url)
	b.get("/login?prompt=none&return_to=%2Fprivate%2F")
	if asked() != tables || a.organizationOf(b).One.ID != tables {
		t.Errorf("signed out here, the silent sign-in asked for %s", asked())
	}
	// Who left it is signed out by the silent round trip, and not shown an error.
	a.role(tables, "")
	a.forward(11 * time.Minute)
	if w := b.whoAt("/"); w.SignedIn {
		t.Error("who left the organization is signed in to it")
	}
}

// TestOrganizationIsHeld: an answer about another organization, or about none, is
// no sign-in.
func TestOrganizationIsHeld(t *testing.T) {
	for name, tamper := range map[string]func(map[string]any){
		"another": func(c map[string]any) { c["organization"] = engines }, "none": func(c map[string]any) { delete(c, "organization") },
		"no text": func(c map[string]any) { c["organization"] = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			a := startHouse(t, func(c *Config) { c.Organization = tables })
			a.provider.Change(func(p *rptest.Provider) { p.TamperIDToken = tamper })
			b := a.browser()
			if r := b.get(a.rp.OrganizationURL(engines, "/private/")); r.StatusCode != http.StatusBadRequest {
				t.Errorf("%d %s", r.StatusCode, r.body)
			}
			if got := a.provider.Seen().Authorize.Get("organization"); got != tables {
				t.Errorf("a link made the app, which has one, ask for %s", got)
			}
			if b.whoAt("/").SignedIn {
				t.Error("signed in all the same")
			}
		})
	}
	t.Run("a session from before", func(t *testing.T) {
		for config, in := range map[string]string{AnyOrganization: "", tables: engines} {
			a := startHouse(t, func(c *Config) { c.Organization = in })
			b := a.browser()
			b.get("/private/")
			if !b.whoAt("/").SignedIn {
				t.Fatalf("not signed in for %q", in)
			}
			a.rp.config.Organization = config
			if b.whoAt("/").SignedIn {
				t.Errorf("a session for %q is good where %q is wanted", in, config)
			}
		}
	})
	t.Run("a refresh", func(t *testing.T) {
		a := startHouse(t, nil)
		b := a.browser()
		b.get(a.rp.OrganizationURL(tables, "/private/"))
		a.provider.Change(func(p *rptest.Provider) {
			p.TamperIDToken = func(c map[string]any) { c["organization"] = engines }
		})
		a.forward(11 * time.Minute)
		if b.whoAt("/").SignedIn {
			t.Error("the refresh moved the session to another organization")
		}
	})
}

func TestRoles(t *testing.T) {
	for _, c := range []struct {
		have, need Role
		want       bool
	}{
		{RoleOwner, RoleOwner, true}, {RoleOwner, RoleViewer, true}, {RoleAdmin, RoleAdmin, true}, {RoleAdmin, RoleOwner, false},
		{RoleViewer, RoleAdmin, false}, {RoleViewer, RoleViewer, true}, {"", RoleViewer, false}, {"", "", false}, {"root", RoleViewer, false}, {RoleOwner, "root", false},
	} {
		if (&User{Organization: Organization{Role: c.have}}).HasRole(c.need) != c.want {
			t.Errorf("%q may what needs %q: want %t", c.have, c.need, c.want)
		}
	}
	var nobody *User
	if nobody.HasRole(RoleViewer) {
		t.Error("nobody has a role")
	}
}
