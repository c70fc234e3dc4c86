package protocol

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2/clientcredentials"

	"signet/internal/testenv"
)

// The apps that use the management API, and what there is to manage.
const managed = `
clients:
  - id: desk
    name: Front desk
    secret: secret-of-desk
    redirect_uris: ["https://desk.example/cb"]
    grant_types: [authorization_code, refresh_token, client_credentials]
    scopes: [openid, offline_access, "organizations:read", "organizations:write", "users:read", "users:write", "clients:read", "clients:write"]
  - id: robot
    name: Robot of the house
    secret: secret-of-robot
    grant_types: [client_credentials]
    scopes: ["organizations:read", "organizations:write", "users:read", "users:write", "clients:read", "clients:write", "devices:read"]
    resources: ["https://fleet.example"]
    trusted: true
resources:
  - id: https://fleet.example
    scopes: ["devices:read"]
organizations:
  - slug: engines
    name: Analytical Engines
    owners: [ada@example.com]
  - slug: tables
    name: Tables & Sons
    owners: [bob@example.com]
    viewers: [ada@example.com]
  - slug: looms
    name: Looms
    owners: [bob@example.com]
`

var (
	desk  = testenv.App{ID: "desk", Secret: "secret-of-desk", Redirect: "https://desk.example/cb", Scope: "openid organizations:read organizations:write"}
	robot = testenv.App{ID: "robot", Secret: "secret-of-robot"}
)

// manager calls the management API with one token.
type manager struct {
	t     *testing.T
	app   *testenv.App
	token string
}

// itself is the app with a token of its own; the pairs change its token request.
func itself(t *testing.T, app *testenv.App, pairs ...string) *manager {
	t.Helper()
	got := app.Call("/token", append([]string{"grant_type", "client_credentials"}, pairs...)...)
	if got.Status != http.StatusOK {
		t.Fatalf("the app's own token: %d %s", got.Status, got.Body)
	}
	return &manager{t, app, got.Str("access_token")}
}

// behalf is the app for a person.
func behalf(t *testing.T, e *testenv.Env, app *testenv.App, who testenv.Person, pairs ...string) *manager {
	t.Helper()
	got := tokens(t, e.Browser().For(t), app, who, pairs...)
	return &manager{t, app, got.Str("access_token")}
}

// call sends the request; body is JSON, or "".
func (m *manager) call(method, path, body string, headers ...string) *testenv.Answer {
	m.t.Helper()
	req, err := http.NewRequestWithContext(m.t.Context(), method, m.app.Base()+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	if m.token != "" {
		req.Header.Set("Authorization", "Bearer "+m.token)
	}
	if m.app.Prove != nil {
		m.app.Prove(req, m.token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return m.app.Do(req)
}

// want is call for what must succeed.
func (m *manager) want(status int, method, path, body string, headers ...string) *testenv.Answer {
	m.t.Helper()
	got := m.call(method, path, body, headers...)
	if got.Status != status {
		m.t.Fatalf("%s %s: %d %s, want %d", method, path, got.Status, got.Body, status)
	}
	if got.Header.Get("Cache-Control") != "no-store" {
		m.t.Errorf("%s %s: may be stored", method, path)
	}
	return got
}

// refused is call for what must be refused, as a problem that says so.
func (m *manager) refused(status int, method, path, body string, headers ...string) *testenv.Answer {
	m.t.Helper()
	got := m.want(status, method, path, body, headers...)
	if got.Header.Get("Content-Type") != "application/problem+json" || got.Fields["status"] != float64(status) || got.Str("detail") == "" ||
		!strings.HasPrefix(got.Str("instance"), "urn:signet:request:") {
		m.t.Errorf("%s %s is no problem that can be found in the log: %v %s", method, path, got.Header, got.Body)
	}
	return got
}

// all reads a whole list, a page of n at a time.
func (m *manager) all(path string, n string) []map[string]any {
	m.t.Helper()
	var out []map[string]any
	for cursor := ""; ; {
		got := m.want(http.StatusOK, "GET", path+"?limit="+n+"&cursor="+cursor, "")
		var page struct {
			Items []map[string]any `json:"items"`
			Next  string           `json:"next_cursor"`
		}
		if err := json.Unmarshal([]byte(got.Body), &page); err != nil {
			m.t.Fatal(err)
		}
		if out = append(out, page.Items...); page.Next == "" {
			return out
		}
		cursor = page.Next
	}
}

// names are the values of the member in a list.
func namesIn(list []map[string]any, member string) string {
	var out []string
	for _, one := range list {
		s, _ := one[member].(string)
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

// TestAPIOrganizationsAreReadByTheirMembersAndTheOperator, and by nobody else.
func TestAPIOrganizationsAreReadByTheirMembersAndTheOperator(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		e.Apply(managed)
		operator, hers := itself(t, e.App(t, robot)), behalf(t, e, e.App(t, desk), ada)
		everything := operator.all("/organizations", "2")
		if got := namesIn(everything, "name"); got != "Analytical Engines, Tables & Sons, Looms" {
			t.Errorf("the operator sees %s", got)
		}
		list := hers.all("/organizations", "1")
		if got := namesIn(list, "name") + "; " + namesIn(list, "role"); got != "Analytical Engines, Tables & Sons; owner, viewer" {
			t.Errorf("a member sees %s", got)
		}
		engines := list[0]["id"].(string)
		if got := hers.want(http.StatusOK, "GET", "/organizations/engines", ""); got.Str("id") != engines || got.Str("role") != "owner" {
			t.Errorf("by its slug: %s", got.Body)
		}
		for _, which := range []string{"looms", everything[2]["id"].(string), "nothing", "0", "%00", strings.Repeat("x", 100)} {
			hers.refused(http.StatusNotFound, "GET", "/organizations/"+which, "")
		}
		for _, query := range []string{"limit=0", "limit=101", "limit=x", "cursor=!", "cursor=" + strings.Repeat("A", 201)} {
			hers.refused(http.StatusUnprocessableEntity, "GET", "/organizations?"+query, "")
		}
		// A cursor that was made up leads nowhere.
		if got := hers.want(http.StatusOK, "GET", "/organizations?cursor=bm9ib2R5", ""); got.Str("next_cursor") != "" || strings.Contains(got.Body, "Looms") {
			t.Errorf("after nobody come %s", got.Body)
		}
		e.Run("", "user", "disable", ada.Email)
		within(t, 5*time.Second, "a closed account is refused", func() bool { return hers.call("GET", "/organizations", "").Status == http.StatusUnauthorized })
	})
}

// TestAPITokensThatAreNone: what is no access token, is for somebody else, allows
// something else, or allows nothing any more.
func TestAPITokensThatAreNone(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{})
	e.Apply(managed)
	app, house := e.App(t, desk), e.App(t, robot)
	b := signedIn(t, e, app, ada)
	got := tokens(t, b, app, ada)
	good := &manager{t, app, got.Str("access_token")}
	good.want(http.StatusOK, "GET", "/organizations", "")

	unauthorized := func(what string, m *manager, challenge string) {
		t.Helper()
		if got := m.refused(http.StatusUnauthorized, "GET", "/organizations", ""); !strings.Contains(got.Header.Get("WWW-Authenticate"), challenge) {
			t.Errorf("%s: the challenge is %q", what, got.Header.Get("WWW-Authenticate"))
		}
	}
	unauthorized("none", &manager{t, app, ""}, "Bearer")
	unauthorized("nonsense", &manager{t, app, "nonsense"}, `error="invalid_token"`)
	unauthorized("an ID token", &manager{t, app, got.Str("id_token")}, `error="invalid_token"`)
	unauthorized("for another API", itself(t, house, "resource", "https://fleet.example", "scope", "devices:read"), `error="invalid_token"`)

	for what, m := range map[string]*manager{
		"another scope":        itself(t, house, "scope", "devices:read"),
		"no scope of a person": {t, app, tokens(t, b, app, ada, "scope", "openid").Str("access_token")},
	} {
		if got := m.refused(http.StatusForbidden, "GET", "/organizations", ""); !strings.Contains(got.Header.Get("WWW-Authenticate"), `scope="organizations:read"`) {
			t.Errorf("%s: the challenge is %q", what, got.Header.Get("WWW-Authenticate"))
		}
	}
	// An app that is not the house's has what the person has, and nothing by itself.
	itself(t, app).refused(http.StatusForbidden, "GET", "/organizations", "")
	itself(t, house, "resource", e.Issuer).want(http.StatusOK, "GET", "/organizations", "")

	app.Call("/revoke", "token", good.token)
	unauthorized("revoked", good, `error="invalid_token"`)
	robots := itself(t, house)
	robots.want(http.StatusOK, "GET", "/organizations", "")
	e.Run("", "client", "delete", "robot", "--yes")
	within(t, 5*time.Second, "the deleted app is refused", func() bool { return robots.call("GET", "/organizations", "").Status == http.StatusUnauthorized })
}

// TestAPIDescription: the document is there for everyone, and names what is there.
func TestAPIDescription(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{})
	m := &manager{t: t, app: e.App(t, robot)}
	got := m.call("GET", "/openapi.json", "")
	paths, _ := got.Fields["paths"].(map[string]any)
	if got.Status != http.StatusOK || got.Str("openapi") != "3.1.0" || paths["/api/v1/organizations/{organization}"] == nil {
		t.Errorf("%d %.300s", got.Status, got.Body)
	}
	if !strings.Contains(got.Body, e.Issuer+"/.well-known/openid-configuration") {
		t.Error("it does not say whose tokens are taken")
	}
}

// TestAPIBoundTokens: what is bound to a key or a certificate is good here with
// that alone, as it is everywhere (RFC 9449 §7, RFC 8705 §3).
func TestAPIBoundTokens(t *testing.T) {
	t.Parallel()
	ours := testenv.NewAuthority(t)
	e := direct(t, ours)
	e.Apply(managed)
	e.Apply(`
clients:
  - id: sealed
    grant_types: [client_credentials]
    scopes: ["organizations:read"]
    trusted: true
    auth_method: tls_client_auth
    tls_client_auth_subject_dn: "CN=robot,O=Müller\\, Söhne,C=DE"
    tls_client_certificate_bound_access_tokens: true
`)
	unauthorized := func(what string, m *manager, challenge string) {
		t.Helper()
		if got := m.refused(http.StatusUnauthorized, "GET", "/organizations?limit=1", ""); !strings.Contains(got.Header.Get("WWW-Authenticate"), challenge) {
			t.Errorf("%s: the challenge is %q", what, got.Header.Get("WWW-Authenticate"))
		}
	}
	prover := newProver(t, "ES256")
	app := proving(*e.App(t, robot), prover)
	bound := itself(t, app)
	bound.want(http.StatusOK, "GET", "/organizations?limit=1", "")
	bound.want(http.StatusOK, "PATCH", "/organizations/looms", `{"name":"Looms & Co"}`)
	unauthorized("another key", &manager{t, proving(*app, newProver(t, "ES256")), bound.token}, `DPoP error="invalid_token"`)
	unauthorized("without a proof", &manager{t, bearing(*app), bound.token}, `DPoP error="invalid_token"`)
	same := proving(*app, prover.with(func(c jwtClaims) { c["jti"] = "the same" }))
	(&manager{t, same, bound.token}).want(http.StatusOK, "GET", "/organizations?limit=1", "")
	unauthorized("a proof that comes again", &manager{t, same, bound.token}, `DPoP error="invalid_dpop_proof"`)
	unauthorized("a proof for another method", &manager{t, proving(*app, prover.with(func(c jwtClaims) { c["htm"] = "POST" })), bound.token}, `DPoP error="invalid_dpop_proof"`)
	unauthorized("one that is not bound, as DPoP", &manager{t, app, itself(t, bearing(*app)).token}, `DPoP error="invalid_token"`)

	certificate, other := ours.Issue(t, named("robot")), ours.Issue(t, named("robot"))
	c := testenv.App{ID: "sealed"}
	certain := itself(t, e.App(t, with(c, certificate)))
	certain.want(http.StatusOK, "GET", "/organizations?limit=1", "")
	unauthorized("another certificate", &manager{t, e.App(t, with(c, other)), certain.token}, `Bearer error="invalid_token"`)
	unauthorized("no certificate", &manager{t, e.App(t, c), certain.token}, `Bearer error="invalid_token"`)
}

// TestAPICalls are bounded for each app and person, and the tokens of a library's
// client are as good as others.
func TestAPICalls(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{Env: map[string]string{"SIGNET_LIMITS_API": "3/1h", "SIGNET_LIMITS_EXEMPT": "192.0.2.0/24"}})
	e.Apply(managed)
	c := clientcredentials.Config{ClientID: robot.ID, ClientSecret: robot.Secret, TokenURL: e.Issuer + "/token", Scopes: []string{"organizations:read"}}
	library := c.Client(t.Context())
	for range 3 {
		resp, err := library.Get(e.Issuer + "/api/v1/organizations?limit=1")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("with a library's token: %s", resp.Status)
		}
	}
	if got := itself(t, e.App(t, robot)).refused(http.StatusTooManyRequests, "GET", "/organizations", ""); got.Header.Get("Retry-After") == "" || got.Header.Get("Retry-After") == "1" {
		t.Errorf("it is to be tried again after %q", got.Header.Get("Retry-After"))
	}
	behalf(t, e, e.App(t, desk), ada).want(http.StatusOK, "GET", "/organizations", "")
}
