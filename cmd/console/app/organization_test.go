package app

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"signet/pkg/relyingparty"
	"signet/pkg/relyingparty/rptest"
)

// Two organizations whose rooms are in other cities, which their ids decide.
var engines, tables = idOf("London", "Turin"), idOf("Berlin", "Arlington")

// idOf is the id of an organization that has rooms in the two cities.
func idOf(first, second string) string {
	for i := range 256 {
		id := fmt.Sprintf("019e6f6a-6e53-7c39-9d0c-2f6f6a3b1c%02x", i)
		all := estateOf(id, time.Now())
		if strings.HasPrefix(all[0].Site, first) && strings.HasPrefix(all[len(all)-1].Site, second) {
			return id
		}
	}
	panic("no id has rooms in " + first)
}

// houses opens the console with organizations; the person is in two.
func houses(t *testing.T) *visit {
	t.Helper()
	v := openWith(t, Console, func(c *Config) { c.Organizations = true })
	v.as("owner")
	return v
}

// as makes the person something in the first organization, and a viewer in the other.
func (v *visit) as(role string) {
	v.provider.Change(func(p *rptest.Provider) {
		p.User["organizations"] = []rptest.Organization{{ID: engines, Name: "Analytical Engines", Role: role}, {ID: tables, Name: "Tables & Sons", Role: "viewer"}}
	})
}

// post sends a form as a page of the app does.
func (v *visit) post(path, origin string, pairs ...string) (*http.Response, string) {
	v.t.Helper()
	fields := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		fields.Set(pairs[i], pairs[i+1])
	}
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.url+path, strings.NewReader(fields.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Origin", origin)
	resp, err := v.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return resp, string(body)
}

func TestOrganizationsHaveRoomsOfTheirOwn(t *testing.T) {
	v := houses(t)
	body := v.page("/", 200, "Analytical Engines", "Owner", "Faraday hub", "Lagrange bar", "/login?organization=%2A")
	if strings.Contains(body, "Zuse hub") || v.provider.Seen().Authorize.Get("organization") != relyingparty.AnyOrganization {
		t.Error("the first organization sees the rooms of another")
	}
	v.page("/devices/zuse-hub", 404)
	v.page("/organization", 200, "Analytical Engines", "You may change devices", "/orgs/"+engines+"?app=console", engines)

	v.page("/login?organization="+tables, 200, "Tables &amp; Sons", "Viewer", "Zuse hub")
	v.page("/organization", 200, "You may look at everything")
	v.page("/devices/faraday-hub", 404)
}

func TestRolesInTheConsole(t *testing.T) {
	v := houses(t)
	v.page("/devices/babbage-hub", 200, `id="rename"`, "Install 4.8.2")
	for _, form := range [][]string{{"do", "rename", "name", "The <first> hub"}, {"do", "restart"}, {"do", "update"}} {
		if resp, body := v.post("/devices/babbage-hub", v.url, form...); resp.StatusCode != http.StatusOK {
			t.Fatalf("%v: %d %s", form, resp.StatusCode, body)
		}
	}
	v.page("/devices/babbage-hub", 200, "The &lt;first&gt; hub", "Restarted by Ada Lovelace", "Firmware 4.8.2 installed by Ada Lovelace", "up to date")
	for _, name := range []string{"", " ", strings.Repeat("x", 41), "a\x00b"} {
		if resp, _ := v.post("/devices/babbage-hub", v.url, "do", "rename", "name", name); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("renamed to %q: %d", name, resp.StatusCode)
		}
	}
	if resp, _ := v.post("/devices/babbage-hub", "https://evil.example", "do", "restart"); resp.StatusCode != http.StatusForbidden {
		t.Errorf("posted by another site: %d", resp.StatusCode)
	}
	if resp, _ := v.post("/devices/zuse-hub", v.url, "do", "restart"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("a device of another organization: %d", resp.StatusCode)
	}
	if resp, _ := v.post("/devices/babbage-hub", v.url, "do", "explode"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("something else: %d", resp.StatusCode)
	}

	v.as("viewer")
	v.page("/login", 200, "Viewer")
	if body := v.page("/devices/babbage-hub", 200, "The &lt;first&gt; hub", "You are a viewer in Analytical Engines"); strings.Contains(body, `method="post" action="/devices`) {
		t.Error("a viewer is offered a change")
	}
	if resp, body := v.post("/devices/babbage-hub", v.url, "do", "restart"); resp.StatusCode != http.StatusForbidden || !strings.Contains(body, "Your role") {
		t.Errorf("a viewer restarts it: %d", resp.StatusCode)
	}
}
