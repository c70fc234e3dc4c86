package app

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
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
	v, _ := managed(t)
	return v
}

// managed is houses, with what the management API is asked.
func managed(t *testing.T) (*visit, *api) {
	t.Helper()
	asked := &api{answer: `{"items":[
		{"account":"ada","email":"ada@example.com","name":"Ada Lovelace","role":"owner"},
		{"account":"bob","email":"bob@example.com","role":"viewer"},{"account":"eve","email":"eve@example.com","name":"<Eve>","role":"owner"}]}`}
	v := openWith(t, Console, func(c *Config) { c.Organizations, c.HTTPClient = true, &http.Client{Transport: asked} })
	v.as("owner")
	return v, asked
}

// api plays the management API, which the provider of these tests has not; all
// else is sent on.
type api struct {
	mu     sync.Mutex
	status int    // 0: 200
	answer string // to GET, and to what is refused
	asked  []string
}

// RoundTrip implements http.RoundTripper.
func (a *api) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasPrefix(r.URL.Path, "/api/v1/") {
		return http.DefaultTransport.RoundTrip(r)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	body := ""
	if r.Body != nil {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = string(text)
	}
	a.asked = append(a.asked, strings.TrimSpace(r.Method+" "+strings.TrimPrefix(r.URL.Path, "/api/v1/organizations/"+engines)+" "+body))
	rec := httptest.NewRecorder()
	switch {
	case !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer "):
		rec.WriteHeader(http.StatusUnauthorized)
	case a.status != 0 && r.Method != http.MethodGet:
		rec.WriteHeader(a.status)
		rec.WriteString(`{"detail":"an organization keeps at least one owner"}`)
	case r.Method == http.MethodGet:
		rec.WriteString(a.answer)
	}
	return rec.Result(), nil
}

func (a *api) last() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked[len(a.asked)-1]
}

// TestMembersInTheConsole: the organization's page asks the management API with the
// person's token, and shows what it refuses.
func TestMembersInTheConsole(t *testing.T) {
	v, asked := managed(t)
	v.page("/organization", 200, "Ada Lovelace (you)", "bob@example.com", "&lt;Eve&gt;", `<option value="viewer" selected>`, `id="rename"`)
	for _, c := range []struct {
		want string
		form []string
	}{
		{`PUT /members/bob {"role":"admin"}`, []string{"do", "role", "account", "bob", "role", "admin"}},
		{`DELETE /members/bob`, []string{"do", "remove", "account", "bob"}},
		{`PATCH  {"name":"New name"}`, []string{"do", "rename", "name", "New name"}},
		{`DELETE /members/..%2Fx`, []string{"do", "remove", "account", "../x"}},
	} {
		asked.mu.Lock()
		asked.status = http.StatusConflict
		asked.mu.Unlock()
		resp, body := v.post("/organization", v.url, c.form...)
		if resp.StatusCode != http.StatusConflict || !strings.Contains(body, "An organization keeps at least one owner.") {
			t.Errorf("%v refused: %d %.200s", c.form, resp.StatusCode, body)
		}
		if got := asked.last(); got != c.want && !strings.Contains(c.want, "%2F") {
			t.Errorf("%v asked %q, want %q", c.form, got, c.want)
		}
		asked.mu.Lock()
		asked.status = 0
		asked.mu.Unlock()
		if resp, body := v.post("/organization", v.url, c.form...); resp.StatusCode != http.StatusOK || !strings.Contains(body, "Analytical Engines") {
			t.Errorf("%v: %d %.200s", c.form, resp.StatusCode, body)
		}
	}
	if resp, _ := v.post("/organization", "https://evil.example", "do", "remove", "account", "bob"); resp.StatusCode != http.StatusForbidden {
		t.Errorf("posted by another site: %d", resp.StatusCode)
	}
	v.as("viewer")
	v.page("/login", 200, "Viewer")
	if body := v.page("/organization", 200, "bob@example.com"); strings.Contains(body, "<select") || strings.Contains(body, `id="rename"`) {
		t.Error("a viewer is offered a change")
	}
	asked.mu.Lock()
	asked.answer = "no JSON"
	asked.mu.Unlock()
	v.page("/organization", 200, "cannot be listed just now", "Analytical Engines")
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
	signIn := v.nobody()
	v.page("/", 200, `action="/login"`, `name="login_hint"`)
	signIn()
	v.page("/login?login_hint=ada%40engines.example", 200)
	if hint := v.provider.Seen().Authorize.Get("login_hint"); hint != "ada@engines.example" {
		t.Errorf("login_hint is %q", hint)
	}
	body := v.page("/", 200, "Analytical Engines", "Owner", "Faraday hub", "Lagrange bar", "/login?organization=%2A")
	if strings.Contains(body, "Zuse hub") || v.provider.Seen().Authorize.Get("organization") != relyingparty.AnyOrganization {
		t.Error("the first organization sees the rooms of another")
	}
	v.page("/devices/zuse-hub", 404)
	v.page("/organization", 200, "Analytical Engines", "You may change devices", "/orgs/"+engines+"?app=console", "/orgs/"+engines+"/invitations?app=console", "/orgs/"+engines+"/signin?app=console", "/orgs/"+engines+"/settings?app=console", engines)

	v.page("/login?organization="+tables, 200, "Tables &amp; Sons", "Viewer", "Zuse hub")
	if body := v.page("/organization", 200, "You may look at everything"); strings.Contains(body, `id="invitations"`) || strings.Contains(body, `id="sign-in"`) {
		t.Error("a viewer is led to what viewers do not do")
	}
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

// TestDevicesOfAnOrganization: what reports with a token about an organization is
// seen by everybody there, and by nobody elsewhere.
func TestDevicesOfAnOrganization(t *testing.T) {
	v := houses(t)
	const good = `{"name": "Hall lamp", "version": "1", "uptime": 1}`
	if got := v.report(map[string]any{"sub": "somebody", "organization": engines}, good).StatusCode; got != http.StatusNoContent {
		t.Fatalf("%d", got)
	}
	v.page("/", 200, "Hall lamp", "Connected by a member")
	if body := v.page("/login?organization="+tables, 200, "Tables &amp; Sons"); strings.Contains(body, "Hall lamp") {
		t.Error("another organization sees it")
	}
	v.page("/devices/"+reporterID(engines, "Hall lamp"), 404)
}
