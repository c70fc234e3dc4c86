package protocol

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"signet/internal/testenv"
)

// endedThere finds what the audit log has of sessions that a provider ended.
var endedThere = regexp.MustCompile(`"session\.end",\s+"subject": "[^"]+",\s+"ip": "[^"]+",\s+"detail": {\s+"connection": "` + contoso)

// tellAt has the provider tell of sign-outs at the address.
func (p *pair) tellAt(address string) {
	p.up.Apply(fmt.Sprintf(`
clients:
  - id: house
    name: The house
    secret: %s
    redirect_uris: ["%s/federation/%s/callback"]
    scopes: [openid, profile, email]
    trusted: true
    backchannel_logout_uri: %q
`, upstreamSecret, p.Issuer, contoso, address))
}

// heldLogouts is a server between a provider and a house: it passes logout tokens on,
// or keeps them.
type heldLogouts struct {
	*httptest.Server
	to   atomic.Value // an address; "": nowhere
	came chan heldLogout
}

type heldLogout struct {
	token  string
	status int
}

func holdLogouts(t *testing.T) *heldLogouts {
	h := &heldLogouts{came: make(chan heldLogout, 10)}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := heldLogout{r.PostFormValue("logout_token"), http.StatusOK}
		if to, _ := h.to.Load().(string); to != "" {
			got.status = postLogout(t, to, got.token)
		}
		w.WriteHeader(got.status)
		h.came <- got
	}))
	t.Cleanup(h.Close)
	return h
}

// backchannel is where the connection takes logout tokens.
func (p *pair) backchannel(connection string) string {
	return p.Issuer + "/federation/" + connection + "/backchannel"
}

// post hands a logout token in, as a provider's server does.
func postLogout(t *testing.T, address, token string) int {
	t.Helper()
	resp, err := http.PostForm(address, url.Values{"logout_token": {token}})
	if err != nil {
		t.Error(err)
		return 0
	}
	resp.Body.Close()
	if resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control is %q", resp.Header.Get("Cache-Control"))
	}
	return resp.StatusCode
}

// company is somebody who is signed in to the app by the provider: in the browsers of
// here and of there. The app may go on without them, by the refresh token.
func (p *pair) company(t *testing.T, app *testenv.App, who testenv.Person) (here, there *testenv.Browser, refresh string) {
	t.Helper()
	here, there = p.Browser().For(t), p.up.Browser().For(t)
	r := app.Request("connection", contoso, "scope", "openid offline_access")
	answer := r.Answer(here.Get(onward(t, here.Get(p.thereIn(t, there, here.Get(r.Path()), who)))))
	if answer.Get("code") == "" {
		t.Fatalf("not signed in: %v", answer)
	}
	tokens := app.Redeem(r, answer)
	if tokens.Status != http.StatusOK {
		t.Fatalf("no tokens: %d %s", tokens.Status, tokens.Body)
	}
	at(t, here.Get("/account"), "/account")
	return here, there, tokens.Str("refresh_token")
}

// TestUpstreamLogout: who signs out at the provider is signed out here, and the apps
// are told; a notice is taken once, for its own connection, and nobody else's.
func TestUpstreamLogout(t *testing.T) {
	t.Parallel()
	for _, backend := range testenv.Backends {
		t.Run(string(backend), func(t *testing.T) {
			t.Parallel()
			nodes := 1
			if backend == testenv.Full {
				nodes = 2
			}
			env := map[string]string{"SIGNET_OUTBOUND_ALLOW_PRIVATE": "true"}
			maps.Copy(env, exempt)
			up := testenv.Start(t, testenv.Options{TLS: true, Env: env})
			p := federatedBetween(t, up, testenv.Options{Backend: backend, Nodes: nodes}, hopperThere, "")
			if code, _, errs := p.Run("", "org", "domain", "add", "contoso", "contoso.example", "--proven"); code != 0 {
				t.Fatal(errs)
			}
			l, held := listen(t, nil), holdLogouts(t)
			till, declared := l.declare("till")
			p.Apply("clients:\n" + declared + fmt.Sprintf(`
connections:
  - {id: %s, name: Fabrikam, protocol: oidc, organizations: [contoso], metadata_url: "%s/.well-known/openid-configuration", client_id: fabrikam, client_secret: %s, untried: true}
`, fabrikam, up.Issuer, upstreamSecret))
			app := p.App(t, till)
			p.tellAt(held.URL)

			// One that is passed on.
			held.to.Store(p.backchannel(contoso))
			here, there, refresh := p.company(t, app, hopper)
			at(t, submit(t, there, there.Get("/account"), "sign-out"), "/signed-out")
			if status := (<-held.came).status; status != http.StatusOK {
				t.Errorf("the notice: status %d", status)
			}
			if page := here.Get("/account"); page.URL.Path != "/signin" {
				t.Errorf("still signed in: %s", page.URL)
			}
			l.wait("till", 1)
			if kept := app.Refresh(refresh); kept.Status != http.StatusOK {
				t.Errorf("the app may act while nobody is signed in: %d %s", kept.Status, kept.Body)
			}

			// One that we have in our hands.
			held.to.Store("")
			here, there, _ = p.company(t, app, hopper)
			local, _ := atAccount(t, p.Env, "/account", ada)
			at(t, submit(t, there, there.Get("/account"), "sign-out"), "/signed-out")
			token := (<-held.came).token
			if status := postLogout(t, p.backchannel(fabrikam), token); status != http.StatusBadRequest {
				t.Errorf("at another connection: %d", status)
			}
			if status := postLogout(t, p.backchannel("0198c0de-0000-7000-8000-00000000beef"), token); status != http.StatusNotFound {
				t.Errorf("at none: %d", status)
			}
			for name, wrong := range map[string]string{"nothing": "", "no token": "x", "another signature": token[:strings.LastIndex(token, ".")+1] + strings.Repeat("A", 86)} {
				if status := postLogout(t, p.backchannel(contoso), wrong); status != http.StatusBadRequest {
					t.Errorf("%s: %d", name, status)
				}
			}
			at(t, here.Get("/account"), "/account")
			p.wantTakenOnce(t, token)
			if page := here.Get("/account"); page.URL.Path != "/signin" {
				t.Errorf("still signed in: %s", page.URL)
			}
			at(t, local.Get("/account"), "/account")
			l.wait("till", 2)
			if code, out, errs := p.Run("", "audit", "-o", "json"); code != 0 || len(endedThere.FindAllString(out, -1)) != 2 {
				t.Errorf("the audit log: %s %s", out, errs)
			}
		})
	}
}

// wantTakenOnce hands the token in many times at once.
func (p *pair) wantTakenOnce(t *testing.T, token string) {
	t.Helper()
	var taken, refused atomic.Int64
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			switch status := postLogout(t, p.backchannel(contoso), token); status {
			case http.StatusOK:
				taken.Add(1)
			case http.StatusBadRequest:
				refused.Add(1)
			default:
				t.Errorf("status %d", status)
			}
		})
	}
	group.Wait()
	if taken.Load() != 1 || refused.Load() != 19 {
		t.Errorf("taken %d times, refused %d", taken.Load(), refused.Load())
	}
}

// TestUpstreamLogoutLimit: made-up tokens are not looked at without end.
func TestUpstreamLogoutLimit(t *testing.T) {
	t.Parallel()
	e := testenv.Start(t, testenv.Options{Declare: declared, Env: map[string]string{"SIGNET_LIMITS_PROVIDER_LOGOUT": "3/1h"}})
	for i, want := range []int{404, 404, 404, 429} {
		if status := postLogout(t, e.Issuer+"/federation/"+contoso+"/backchannel", "x"); status != want {
			t.Errorf("%d: status %d, want %d", i+1, status, want)
		}
	}
}
