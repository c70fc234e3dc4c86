package app

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"signet/pkg/relyingparty"
)

// With organizations the console belongs to one at a time: each has rooms of its
// own, everybody in it sees them, and owners and admins change them. Who belongs
// to which, and as what, is the provider's to say.

// cities are where rooms are; an organization has those of two.
var cities = []string{"London", "Turin", "Berlin", "Arlington"}

// estateOf is the made-up estate of the organization, or all of it for "".
func estateOf(organization string, now time.Time) []device {
	all := fleet(now)
	if organization == "" {
		return all
	}
	sum := sha256.Sum256([]byte(organization))
	first := int(sum[0]) % len(cities)
	theirs := []string{cities[first], cities[(first+1)%len(cities)]}
	return slices.DeleteFunc(all, func(d device) bool {
		city, _, _ := strings.Cut(d.Site, ",")
		return !slices.Contains(theirs, city)
	})
}

// change is what people did to a device.
type change struct {
	name      string // "": as it was
	updated   time.Time
	restarted time.Time
	by        string // who did the last of it
}

// changes are those of all organizations, in memory like all of the app's data.
type changes struct {
	mu  sync.Mutex
	all map[changed]change
}

type changed struct{ organization, device string }

// maxChanges bounds what is kept; maxDeviceName is in characters.
const (
	maxChanges    = 10_000
	maxDeviceName = 40
)

// put changes a device; false where there is no room for one more.
func (c *changes) put(what changed, edit func(*change)) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	one, known := c.all[what]
	if !known && len(c.all) >= maxChanges {
		return false
	}
	if c.all == nil {
		c.all = map[changed]change{}
	}
	edit(&one)
	c.all[what] = one
	return true
}

// on shows the devices as they are after the changes.
func (c *changes) on(organization string, devices []device) []device {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range devices {
		d := &devices[i]
		one, known := c.all[changed{organization, d.ID}]
		if !known {
			continue
		}
		if one.name != "" {
			d.Name = one.name
		}
		if !one.updated.IsZero() {
			d.Firmware = d.Latest()
		}
		d.Updated, d.Restarted, d.ChangedBy = one.updated, one.restarted, one.by
	}
	return devices
}

var (
	errBadName = errors.New("bad name")
	errFull    = errors.New("no room for one more change")
)

// changeDevice does to a device what an admin asks for.
func (a *app) changeDevice(w http.ResponseWriter, r *http.Request) error {
	user, now := relyingparty.UserFrom(r.Context()), a.config.Now()
	organization := user.Organization.ID
	id := r.PathValue("id")
	if !slices.ContainsFunc(estateOf(organization, now), func(d device) bool { return d.ID == id }) {
		return errNotFound
	}
	edit, err := editOf(r, now)
	if err != nil {
		return err
	}
	kept := a.changes.put(changed{organization, id}, func(c *change) {
		edit(c)
		c.by = orElse(user.Name, user.Email)
	})
	if !kept {
		return errFull
	}
	http.Redirect(w, r, "/devices/"+url.PathEscape(id), http.StatusSeeOther)
	return nil
}

// editOf reads the form of a device.
func editOf(r *http.Request, now time.Time) (func(*change), error) {
	switch r.PostFormValue("do") {
	case "restart":
		return func(c *change) { c.restarted = now }, nil
	case "update":
		return func(c *change) { c.updated = now }, nil
	case "rename":
		name := strings.TrimSpace(r.PostFormValue("name"))
		if name == "" || utf8.RuneCountInString(name) > maxDeviceName || strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsPrint(c) }) {
			return nil, errBadName
		}
		return func(c *change) { c.name = name }, nil
	}
	return nil, errNotFound
}

// organizationPage shows the organization that the session is for.
type organizationPage struct {
	frame
	Organization relyingparty.Organization
	Rooms        int
	Members      []memberRow
	More         bool // than are listed
	Unknown      bool // the members cannot be listed now
	Manages      bool // members, invitations, the name
	Owns         bool
	At           addresses
}

// memberRow is a member with what the person may do to them.
type memberRow struct {
	member
	You   bool
	Roles []choice // that can be given; none: nothing can be changed
}

// addresses are the provider's own pages about organizations; each leads back to
// the app.
type addresses struct{ Members, Invitations, SignIn, Settings, New string }

func (a *app) organization(w http.ResponseWriter, r *http.Request) error {
	user := relyingparty.UserFrom(r.Context())
	o := user.Organization
	page := organizationPage{
		frame: a.frame(r, o.Name), Organization: o, Rooms: len(estateOf(o.ID, a.config.Now())), Manages: user.HasRole(relyingparty.RoleAdmin), Owns: user.HasRole(relyingparty.RoleOwner),
	}
	members, ok := a.members(r.Context(), user)
	page.Unknown, page.More = !ok, members.Next != ""
	for _, m := range members.Items {
		page.Members = append(page.Members, rowOf(m, user))
	}
	at := func(path string) string {
		return strings.TrimSuffix(a.config.Issuer, "/") + path + "?" + url.Values{"app": {a.config.ClientID}}.Encode()
	}
	of := "/orgs/" + url.PathEscape(o.ID)
	page.At = addresses{
		Members: at(of), Invitations: at(of + "/invitations"), SignIn: at(of + "/signin"), Settings: at(of + "/settings"), New: at("/new-organization"),
	}
	return a.render(w, http.StatusOK, "organization", page)
}

// rowOf shows a member. Owners change everybody, admins all but owners; the API
// holds everybody to that, and this only spares them what it would refuse.
func rowOf(m member, user *relyingparty.User) memberRow {
	row := memberRow{member: m, You: m.Account == user.Subject}
	mine := user.Organization.Role
	if row.You || !mine.AtLeast(relyingparty.RoleAdmin) || m.Role == relyingparty.RoleOwner && mine != relyingparty.RoleOwner {
		return row
	}
	for _, role := range []relyingparty.Role{relyingparty.RoleOwner, relyingparty.RoleAdmin, relyingparty.RoleViewer} {
		if role != relyingparty.RoleOwner || mine == relyingparty.RoleOwner {
			row.Roles = append(row.Roles, choice{string(role), roleNames[role], role == m.Role})
		}
	}
	return row
}

// roleNames are what roles are called.
var roleNames = map[relyingparty.Role]string{
	relyingparty.RoleOwner: "Owner", relyingparty.RoleAdmin: "Admin", relyingparty.RoleViewer: "Viewer",
}

// roleMeaning says what each role may do here.
var roleMeaning = map[relyingparty.Role]string{
	relyingparty.RoleOwner:  "You may change devices, invite people, and settle what becomes of the organization.",
	relyingparty.RoleAdmin:  "You may change devices and invite people.",
	relyingparty.RoleViewer: "You may look at everything. Owners and admins change it.",
}
