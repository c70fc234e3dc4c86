package protocol

import (
	"net/http"
	"strings"
	"testing"

	"signet/internal/testenv"
)

// TestAPIAddressesThatAreNoOperation: below /api/ a program is answered as a
// program, whatever it asks for and however, also where certificates are asked for.
func TestAPIAddressesThatAreNoOperation(t *testing.T) {
	t.Parallel()
	ours := testenv.NewAuthority(t)
	e := direct(t, ours)
	e.Apply(managed)
	at := func(app testenv.App) func(method, path string) *testenv.Answer {
		a := e.App(t, app)
		return func(method, path string) *testenv.Answer {
			t.Helper()
			req, err := http.NewRequestWithContext(t.Context(), method, a.Base()+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			return a.Do(req)
		}
	}
	for where, call := range map[string]func(method, path string) *testenv.Answer{
		"the house": at(robot), "with certificates": at(with(robot, ours.Issue(t, named("robot")))),
	} {
		problem := func(status int, method, path string) *testenv.Answer {
			t.Helper()
			got := call(method, path)
			if got.Status != status || got.Header.Get("Content-Type") != "application/problem+json" || got.Header.Get("Cache-Control") != "no-store" ||
				method != "HEAD" && (got.Fields["status"] != float64(status) || !strings.HasPrefix(got.Str("instance"), "urn:signet:request:") || !strings.Contains(got.Str("detail"), "/api/v1/openapi.json")) {
				t.Errorf("%s: %s %s: %d %v %s", where, method, path, got.Status, got.Header, got.Body)
			}
			return got
		}
		for _, path := range []string{"/api", "/api/", "/api/v1", "/api/v1/", "/api/v2/organizations", "/api/v1/nothing", "/api/v1/organizations/", "/api/v1/organizations/x/y/z", "/api/v1/%00"} {
			for _, method := range []string{"GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "BREW"} {
				problem(http.StatusNotFound, method, path)
			}
		}
		for path, allow := range map[string]string{
			"/api/v1/organizations":             "GET, HEAD, POST, OPTIONS",
			"/api/v1/organizations/engines":     "DELETE, GET, HEAD, PATCH, OPTIONS",
			"/api/v1/organizations/x/members/y": "DELETE, GET, HEAD, PUT, OPTIONS",
		} {
			if got := problem(http.StatusMethodNotAllowed, "BREW", path); got.Header.Get("Allow") != allow {
				t.Errorf("%s: %s allows %q, want %q", where, path, got.Header.Get("Allow"), allow)
			}
			if got := call("OPTIONS", path); got.Status != http.StatusNoContent || got.Header.Get("Allow") != allow {
				t.Errorf("%s: OPTIONS %s: %d, allows %q", where, path, got.Status, got.Header.Get("Allow"))
			}
		}
	}
	if got := at(robot)("POST", "/api/v1/openapi.json"); got.Status != http.StatusMethodNotAllowed || got.Header.Get("Allow") != "GET, HEAD, OPTIONS" {
		t.Errorf("the description: %d, allows %q", got.Status, got.Header.Get("Allow"))
	}
	if got := at(robot)("GET", "/apiary"); strings.Contains(got.Header.Get("Content-Type"), "problem") {
		t.Error("what is not below /api/ is a page")
	}
}

// TestAPIFromABrowser: pages of the house's apps may call for the person whose
// token they have, and read whatever they are answered; other pages may not.
func TestAPIFromABrowser(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{})
	e.Apply(managed)
	hers := behalf(t, e, e.App(t, desk), ada)
	const good = "https://desk.example"
	for path, status := range map[string]int{"/organizations": http.StatusOK, "/users": http.StatusForbidden, "/nothing": http.StatusNotFound} {
		got := hers.want(status, "GET", path, "", "Origin", good)
		if h := got.Header; h.Get("Access-Control-Allow-Origin") != good || !strings.Contains(h.Get("Vary"), "Origin") || !strings.Contains(h.Get("Access-Control-Expose-Headers"), "WWW-Authenticate") {
			t.Errorf("%s: %v, want the origin allowed and named in Vary", path, h)
		}
		for _, origin := range []string{"", "https://evil.example", "http://desk.example", "null"} {
			if got := hers.want(status, "GET", path, "", "Origin", origin).Header.Get("Access-Control-Allow-Origin"); got != "" {
				t.Errorf("%s from %q: allowed %q", path, origin, got)
			}
		}
	}
	nobody := &manager{t, hers.app, ""}
	if got := nobody.refused(http.StatusUnauthorized, "GET", "/organizations", "", "Origin", good); got.Header.Get("Access-Control-Allow-Origin") != good {
		t.Error("a page cannot read that its token is none")
	}
	flight := nobody.call("OPTIONS", "/organizations/engines", "", "Origin", good, "Access-Control-Request-Method", "PATCH")
	if h := flight.Header; flight.Status != http.StatusNoContent || h.Get("Access-Control-Allow-Origin") != good || !strings.Contains(h.Get("Access-Control-Allow-Methods"), "PATCH") ||
		!strings.Contains(h.Get("Access-Control-Allow-Headers"), "Authorization") || !strings.Contains(h.Get("Access-Control-Allow-Headers"), "Idempotency-Key") || h.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("preflight: %d %v", flight.Status, h)
	}
	if got := nobody.call("OPTIONS", "/organizations/engines", "", "Origin", "https://evil.example").Header; got.Get("Access-Control-Allow-Origin")+got.Get("Access-Control-Allow-Methods") != "" {
		t.Errorf("another page's preflight: %v", got)
	}
	if got := nobody.call("GET", "/openapi.json", "", "Origin", "https://tools.example").Header; got.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("the description is read by %q", got.Get("Access-Control-Allow-Origin"))
	}
}
