package protocol

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"signet/internal/testenv"
)

// contoso is the connection of the tests' organization.
const contoso = "0198c0de-0000-7000-8000-00000000c057"

// upstreamSecret is the house's, as an app of its upstream.
const upstreamSecret = "the-secret-of-the-house"

// pair is a house, and another Signet over TLS that is the provider of one of its
// organizations.
type pair struct {
	*testenv.Env
	up *testenv.Env
}

// federated boots the two. There is no account of ours at the provider but those
// that people declares, and the connection is as more says.
func federated(t *testing.T, backend testenv.Backend, people, more string) *pair {
	t.Helper()
	return federatedWith(t, testenv.Options{Backend: backend}, people, more)
}

// federatedWith is federated, with the house as o has it besides.
func federatedWith(t *testing.T, o testenv.Options, people, more string) *pair {
	t.Helper()
	return federatedBetween(t, testenv.Start(t, testenv.Options{TLS: true, Env: exempt}), o, people, more)
}

// federatedBetween is federatedWith, at the provider up.
func federatedBetween(t *testing.T, up *testenv.Env, o testenv.Options, people, more string) *pair {
	t.Helper()
	p := &pair{up: up}
	env := map[string]string{"SIGNET_OUTBOUND_CA": p.up.Authority, "SIGNET_OUTBOUND_ALLOW_PRIVATE": "true"}
	maps.Copy(env, o.Env)
	o.Env, o.Declare = env, `
organizations:
  - slug: contoso
    name: Contoso
    owners: [bob@example.com]
connections:
  - id: `+contoso+`
    name: Contoso
    protocol: oidc
    untried: true
    organizations: [contoso]
    metadata_url: `+p.up.Issuer+`/.well-known/openid-configuration
    client_id: house
    client_secret: `+upstreamSecret+more
	p.Env = boot(t, o)
	p.register(up, people)
	return p
}

// register has the provider know the house, and the people.
func (p *pair) register(up *testenv.Env, people string) {
	up.Apply(fmt.Sprintf(`
clients:
  - id: house
    name: The house
    secret: %[1]s
    redirect_uris: ["%[2]s/federation/%[3]s/callback"]
    post_logout_redirect_uris: ["%[2]s/federation/%[3]s/signed-out"]
    scopes: [openid, profile, email]
    trusted: true
users:
%[4]s`, upstreamSecret, p.Issuer, contoso, people))
}

const hopperThere = `
  - email: grace@contoso.example
    password: compiler-Nanosec-1
    verified: true
    given_name: Grace
    family_name: Hopper
`

var hopper = testenv.Person{Email: "grace@contoso.example", Password: "compiler-Nanosec-1"}

// onward is where a page goes on to by itself.
func onward(t *testing.T, p *testenv.Page) string {
	t.Helper()
	to, ok := strings.CutPrefix(p.Header.Get("Refresh"), "0;url=")
	if !ok {
		t.Fatalf("%s (status %d) does not go on:\n%s", p.URL, p.Status, p.Body)
	}
	return to
}

// there goes from the page that leads to the provider through the provider's own
// pages, and returns the address to which it sends the browser back.
func (p *pair) there(t *testing.T, from *testenv.Page, who testenv.Person) string {
	t.Helper()
	return p.thereIn(t, p.up.Browser().For(t), from, who)
}

// thereIn is there in a browser that may be signed in at the provider.
func (p *pair) thereIn(t *testing.T, b *testenv.Browser, from *testenv.Page, who testenv.Person) string {
	t.Helper()
	end := b.Finish(b.Get(onward(t, from)), who)
	if !strings.HasPrefix(end.Location, p.Issuer+"/federation/"+contoso+"/callback?") {
		t.Fatalf("the provider ends at %q (status %d)", end.Location, end.Status)
	}
	return end.Location
}

// TestFederation signs in by a connection: somebody unknown says which account is
// theirs by signing in to it, once, and is known from then on.
func TestFederation(t *testing.T) {
	t.Parallel()
	for _, backend := range testenv.Backends {
		t.Run(string(backend), func(t *testing.T) {
			p := federated(t, backend, hopperThere, "")
			app, b := p.App(t, web), p.Browser().For(t)
			r := app.Request("connection", contoso)
			came := b.Get(p.there(t, b.Get(r.Path()), hopper))
			page := b.Get(onward(t, came))
			if page.URL.Path != "/signin/link" || page.Form("sign-in") == nil {
				t.Fatalf("somebody unknown is led to %s:\n%s", page.URL, page.Body)
			}
			page = b.Submit(page.Form("sign-in"), "sign-in")
			page = b.Finish(page, ada)
			if page.Form("connect") == nil || !strings.Contains(page.Body, "grace@contoso.example") || !strings.Contains(page.Body, ada.Email) {
				t.Fatalf("after the sign-in: %s\n%s", page.URL, page.Body)
			}
			answer := r.Answer(b.Submit(page.Form("connect"), "connect"))
			tokens := app.Redeem(r, answer)
			subject := app.IDToken(tokens.Str("id_token"), r.Get("nonce"))["sub"]
			if tokens.Status != http.StatusOK || subject == "" {
				t.Fatalf("tokens: %d %s", tokens.Status, tokens.Body)
			}

			// From another browser, without the password of here.
			b = p.Browser().For(t)
			r = app.Request("connection", contoso)
			page = b.Get(onward(t, b.Get(p.there(t, b.Get(r.Path()), hopper))))
			tokens = app.Redeem(r, r.Answer(page))
			claims := app.IDToken(tokens.Str("id_token"), r.Get("nonce"))
			if claims["sub"] != subject || claims["acr"] != "urn:signet:acr:upstream" || fmt.Sprint(claims["amr"]) != "[fed]" {
				t.Errorf("the second sign-in: %v, want the subject %v", claims, subject)
			}
		})
	}
}

// TestFederationRefusals brings back what must not be taken.
func TestFederationRefusals(t *testing.T) {
	t.Parallel()
	p := federated(t, testenv.Embedded, hopperThere, "")
	app := p.App(t, web)
	begin := func(t *testing.T) (*testenv.Browser, *testenv.Page) {
		b := p.Browser().For(t)
		return b, b.Get(app.For(t).Request("connection", contoso).Path())
	}
	change := func(address string, pairs ...string) string {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		for i := 0; i+1 < len(pairs); i += 2 {
			if q.Set(pairs[i], pairs[i+1]); pairs[i+1] == "" {
				q.Del(pairs[i])
			}
		}
		u.RawQuery = q.Encode()
		return u.String()
	}
	b, page := begin(t)
	good := p.there(t, page, hopper)
	for _, test := range []struct {
		name, address string
		status        int
	}{
		{"in another browser", "", http.StatusGone},
		{"without a state", change(good, "state", ""), http.StatusGone},
		{"with a made-up state", change(good, "state", strings.Repeat("a", 43)), http.StatusGone},
	} {
		t.Run(test.name, func(t *testing.T) {
			other, address := b.For(t), test.address
			if address == "" {
				other, _ = begin(t)
				address = good
			}
			if got := other.Get(address); got.Status != test.status {
				t.Errorf("status %d, want %d: %s", got.Status, test.status, got.Body)
			}
		})
	}
	for _, test := range []struct {
		name   string
		change []string
		status int
		says   string
	}{
		{"the answer of another provider", []string{"iss", "https://evil.example"}, http.StatusBadGateway, "evil.example"},
		{"an answer that does not say whose it is", []string{"iss", ""}, http.StatusBadGateway, "RFC 9207"},
		{"an error of another provider", []string{"iss", "https://evil.example", "error", "access_denied"}, http.StatusBadGateway, "evil.example"},
		{"the person turned back", []string{"error", "access_denied", "code", ""}, http.StatusForbidden, "access_denied"},
		{"no code", []string{"code", ""}, http.StatusBadGateway, "no code"},
		{"somebody's made-up code", []string{"code", "stolen"}, http.StatusBadGateway, "refuses the code"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, page := begin(t)
			got := b.Get(change(p.there(t, page, hopper), test.change...))
			if got.Status != test.status || !strings.Contains(got.Body, test.says) || b.Cookie("signet_session") != "" {
				t.Errorf("status %d, want %d and %q: %s", got.Status, test.status, test.says, got.Body)
			}
		})
	}
	t.Run("the code of another sign-in", func(t *testing.T) {
		victim, there := begin(t)
		_, theirs := begin(t)
		code, err := url.Parse(p.there(t, theirs, hopper))
		if err != nil {
			t.Fatal(err)
		}
		got := victim.Get(change(p.there(t, there, hopper), "code", code.Query().Get("code")))
		if got.Status != http.StatusBadGateway || !strings.Contains(got.Body, "refuses the code") {
			t.Errorf("an injected code: status %d: %s", got.Status, got.Body)
		}
	})
	t.Run("the same answer twice", func(t *testing.T) {
		b, page := begin(t)
		back := p.there(t, page, hopper)
		if got := b.Get(back); got.Status != http.StatusOK {
			t.Errorf("the first: status %d", got.Status)
		}
		if got := b.Get(back); got.Status != http.StatusGone {
			t.Errorf("the second: status %d", got.Status)
		}
	})
	t.Run("a form of another site", func(t *testing.T) {
		b, page := begin(t)
		link := b.Get(onward(t, b.Get(p.there(t, page, hopper))))
		b.Header = http.Header{"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}}
		if got := b.Submit(link.Form("sign-in"), "sign-in"); got.Status != http.StatusForbidden {
			t.Errorf("status %d", got.Status)
		}
	})
}

// TestFederationAccounts makes accounts for people whose addresses are in a proven
// domain, once; others, and whoever may not sign in here any more, stay out.
func TestFederationAccounts(t *testing.T) {
	t.Parallel()
	for _, backend := range testenv.Backends {
		t.Run(string(backend), func(t *testing.T) {
			p := federated(t, backend, hopperThere+`
  - email: bob@contoso.example
    password: battery-Staple-8
    verified: true
  - email: joan@elsewhere.example
    password: ENIAC-bombe-1946
    verified: true
`, "")
			p.Apply("users:\n  - email: bob@contoso.example\n    password: local-Password-8\n    verified: true\n")
			if code, _, errs := p.Run("", "org", "domain", "add", "contoso", "contoso.example", "--proven"); code != 0 {
				t.Fatal(errs)
			}
			app := p.App(t, web)
			arrive := func(who testenv.Person) (*testenv.Request, *testenv.Browser, *testenv.Page) {
				b := p.Browser().For(t)
				r := app.Request("connection", contoso, "scope", "openid email profile organizations")
				came := b.Get(p.there(t, b.Get(r.Path()), who))
				if came.Status != http.StatusOK {
					return r, b, came
				}
				return r, b, b.Get(onward(t, came))
			}
			var subjects []string
			for range 2 {
				r, _, page := arrive(hopper)
				tokens := app.Redeem(r, r.Answer(page))
				info := app.Userinfo(tokens.Str("access_token"))
				subjects = append(subjects, info.Str("sub"))
				if info.Str("email") != hopper.Email || info.Fields["email_verified"] != true || info.Str("family_name") != "Hopper" ||
					!strings.Contains(info.Body, `"role":"viewer"`) || !strings.Contains(info.Body, `"name":"Contoso"`) {
					t.Fatalf("userinfo: %s", info.Body)
				}
			}
			if subjects[0] != subjects[1] || subjects[0] == "" {
				t.Errorf("two sign-ins are %v", subjects)
			}

			// An address with an account, by a provider that may speak for it: its owner says so.
			_, b, page := arrive(testenv.Person{Email: "bob@contoso.example", Password: "battery-Staple-8"})
			if page.Form("sign-in") == nil || page.Form("create") != nil || !strings.Contains(page.Body, "already an account") {
				t.Errorf("an address with an account: %s\n%s", page.URL, page.Body)
			}
			page = b.Submit(page.Form("sign-in"), "sign-in")
			if f := page.Form("password"); f == nil || f.Fields.Get("username") != "bob@contoso.example" {
				t.Errorf("the sign-in to it: %s", page.Body)
			}
			// An address outside of the proven domain, with or without an account: the same page.
			_, _, page = arrive(testenv.Person{Email: "joan@elsewhere.example", Password: "ENIAC-bombe-1946"})
			if page.URL.Path != "/signin/link" || strings.Contains(page.Body, "already an account") {
				t.Errorf("an address that is not proven: %s\n%s", page.URL, page.Body)
			}

			if code, _, errs := p.Run("", "user", "disable", hopper.Email); code != 0 {
				t.Fatal(errs)
			}
			_, b, page = arrive(hopper)
			if page.Status != http.StatusForbidden || b.Cookie("signet_session") != "" {
				t.Errorf("somebody disabled here: status %d", page.Status)
			}
			for i, want := range []int{0, 1} { // what is gone cannot go again
				if code, _, errs := p.Run("", "org", "connection", "unlink", contoso, hopper.Email); code != want {
					t.Errorf("disconnected, time %d: %d, %s", i+1, code, errs)
				}
			}
			if _, _, page = arrive(hopper); page.Form("sign-in") == nil || !strings.Contains(page.Body, "already an account") {
				t.Errorf("somebody who was disconnected: %s\n%s", page.URL, page.Body)
			}
		})
	}
}
