package app

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"signet/pkg/relyingparty/rptest"
)

// report posts the body as the person's device.
func (v *visit) report(claims map[string]any, body string) *http.Response {
	v.t.Helper()
	all := map[string]any{
		"iss": v.provider.Issuer, "aud": v.provider.Issuer, "sub": "user-1", "client_id": "agent",
		"scope": ScopeReport, "exp": time.Now().Add(time.Minute).Unix(),
	}
	for name, value := range claims {
		all[name] = value
	}
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.url+"/api/reports", strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+v.provider.SignedAs("at+jwt", all))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	resp.Body.Close()
	return resp
}

// TestReports: a device's report is seen by the person who connected it, and by
// nobody else; what is no report is refused.
func TestReports(t *testing.T) {
	v := open(t, Console)
	sub := ""
	v.provider.Change(func(p *rptest.Provider) { sub, _ = p.User["sub"].(string) })
	mine := map[string]any{"sub": sub}
	good := `{"name": "Attic <b>", "version": "1.2", "uptime": 7, "readings": [{"name": "Heat", "value": 21.26, "unit": "°C"}]}`
	if got := v.report(mine, good).StatusCode; got != http.StatusNoContent {
		t.Fatalf("status %d", got)
	}
	if got := v.report(map[string]any{"sub": "somebody else"}, strings.ReplaceAll(good, "Attic", "Cellar")).StatusCode; got != http.StatusNoContent {
		t.Fatalf("status %d", got)
	}
	_, list := v.send(http.MethodGet, "/login")
	if !strings.Contains(list, "Attic &lt;b&gt;") || strings.Contains(list, "Cellar") {
		t.Errorf("the list shows %s", list)
	}
	_, page := v.send(http.MethodGet, "/devices/"+reporterID(sub, "Attic <b>"))
	if !strings.Contains(page, "21.3 °C") || !strings.Contains(page, "Connected by you") {
		t.Errorf("the page shows %s", page)
	}
	if resp, _ := v.send(http.MethodGet, "/devices/"+reporterID("somebody else", "Cellar <b>")); resp.StatusCode != http.StatusNotFound {
		t.Errorf("somebody else's device: %d", resp.StatusCode)
	}
	for name, c := range map[string]struct {
		claims map[string]any
		body   string
		status int
	}{
		"no scope":           {map[string]any{"scope": "openid"}, good, http.StatusForbidden},
		"another audience":   {map[string]any{"aud": "https://api.example"}, good, http.StatusUnauthorized},
		"nobody's device":    {map[string]any{"sub": "agent"}, good, http.StatusForbidden},
		"no name":            {mine, `{"name": " "}`, http.StatusBadRequest},
		"an invisible name":  {mine, `{"name": "a\u200eb"}`, http.StatusBadRequest},
		"a long name":        {mine, `{"name": "` + strings.Repeat("a", 65) + `"}`, http.StatusBadRequest},
		"too many readings":  {mine, `{"name": "a", "readings": [` + strings.Repeat(`{"name":"x"},`, 12) + `{}]}`, http.StatusBadRequest},
		"an immense reading": {mine, `{"name": "a", "readings": [{"value": 1e300}]}`, http.StatusBadRequest},
		"no JSON":            {mine, `x`, http.StatusBadRequest},
		"too long":           {mine, `{"name": "a", "x": "` + strings.Repeat("a", 20000) + `"}`, http.StatusBadRequest},
	} {
		if got := v.report(c.claims, c.body).StatusCode; got != c.status {
			t.Errorf("%s: status %d, want %d", name, got, c.status)
		}
	}
	for i := range maxPerPerson {
		v.report(mine, fmt.Sprintf(`{"name": "n%d"}`, i))
	}
	if got := v.report(mine, `{"name": "one more"}`).StatusCode; got != http.StatusTooManyRequests {
		t.Errorf("more devices than one has: %d", got)
	}
	if got := v.report(mine, good).StatusCode; got != http.StatusNoContent {
		t.Errorf("a device that is known: %d", got)
	}
}
