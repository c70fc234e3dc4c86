package app

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"signet/pkg/relyingparty"
)

// devicesPage lists the fleet, or the part of it that was asked for.
type devicesPage struct {
	frame
	Tiles   []tile
	Devices []device
	Total   int
	Query   string
	Status  string
	Choices []choice
	Now     time.Time
}

// tile is a number at the top of the list, which also filters it.
type tile struct {
	Label, Status string
	Count         int
	Current       bool
}

type choice struct {
	Value, Label string
	Selected     bool
}

// filters are what the list can be narrowed to.
var filters = []struct {
	value, label string
	keep         func(device) bool
}{
	{"", "All devices", func(device) bool { return true }},
	{"online", "Online", func(d device) bool { return d.Status == online }},
	{"attention", "Needs attention", func(d device) bool { return d.Status == attention || d.Status == offline }},
	{"outdated", "Update waiting", func(d device) bool { return d.Outdated() }},
}

func (a *app) devices(w http.ResponseWriter, r *http.Request) error {
	now := a.config.Now()
	query, status := strings.TrimSpace(r.URL.Query().Get("q")), r.URL.Query().Get("status")
	all := a.fleetOf(r, now)
	page := devicesPage{frame: a.frame(r, "Devices"), Query: query, Total: len(all), Now: now}
	keep := filters[0].keep
	for _, f := range filters {
		if f.value == status {
			keep, page.Status = f.keep, status
		}
	}
	for _, f := range filters {
		current := f.value == page.Status
		page.Choices = append(page.Choices, choice{f.value, f.label, current})
		page.Tiles = append(page.Tiles, tile{f.label, f.value, count(all, f.keep), current})
	}
	page.Devices = slices.DeleteFunc(all, func(d device) bool { return !keep(d) || !d.matches(query) })
	return a.render(w, http.StatusOK, "devices", page)
}

// fleetOf is the estate, after the devices that the person connected, and those
// that were connected for the organization.
func (a *app) fleetOf(r *http.Request, now time.Time) []device {
	user := relyingparty.UserFrom(r.Context())
	organization := user.Organization.ID
	connected := append(a.reporters.of(user.Subject, "Connected by you", now), a.reporters.of(organization, "Connected by a member", now)...)
	return append(connected, a.changes.on(organization, estateOf(organization, now))...)
}

func count(all []device, keep func(device) bool) int {
	n := 0
	for _, d := range all {
		if keep(d) {
			n++
		}
	}
	return n
}

// devicePage shows one device.
type devicePage struct {
	frame
	Device  device
	Events  []event
	Now     time.Time
	Changes bool // the person may change it
	Asks    bool // somebody could, if not this person
	MaxName int
}

func (a *app) device(w http.ResponseWriter, r *http.Request) error {
	now := a.config.Now()
	for _, d := range a.fleetOf(r, now) {
		if d.ID == r.PathValue("id") {
			page := devicePage{frame: a.frame(r, d.Name), Device: d, Events: d.history(), Now: now, MaxName: maxDeviceName}
			page.Asks = a.config.organizations() && !d.Reports()
			page.Changes = page.Asks && page.User.HasRole(relyingparty.RoleAdmin)
			return a.render(w, http.StatusOK, "device", page)
		}
	}
	return errNotFound
}
