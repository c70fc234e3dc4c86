package protocol

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"signet/internal/mail/mailtest"
	"signet/internal/testenv"
)

// authorities is a file with the authorities of both.
func authorities(t *testing.T, envs ...*testenv.Env) string {
	t.Helper()
	var all []byte
	for _, e := range envs {
		raw, err := os.ReadFile(e.Authority)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, raw...)
	}
	name := filepath.Join(t.TempDir(), "authorities.pem")
	if err := os.WriteFile(name, all, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// moveTo makes the other Signet the provider of the connection.
func (p *pair) moveTo(up *testenv.Env) {
	p.up = up
	p.Apply(fmt.Sprintf(`
connections:
  - id: %s
    name: Contoso
    protocol: oidc
    organizations: [contoso]
    metadata_url: %s/.well-known/openid-configuration
    client_id: house
    client_secret: %s
    untried: true
`, contoso, up.Issuer, upstreamSecret))
}

// TestAnotherProvider: when a connection is changed to another provider, what that
// one says of people opens no account before the account's owner has signed in to it
// once more; who never had a password gets one by mail.
func TestAnotherProvider(t *testing.T) {
	t.Parallel()
	for _, backend := range testenv.Backends {
		t.Run(string(backend), func(t *testing.T) {
			t.Parallel()
			server := mailtest.Start(t, mailtest.Options{})
			was := testenv.Start(t, testenv.Options{TLS: true, Env: exempt})
			is := testenv.Start(t, testenv.Options{TLS: true, Env: exempt})
			env := mailed(server)
			env["SIGNET_OUTBOUND_CA"] = authorities(t, was, is)
			people := hopperThere + "  - {email: joan@elsewhere.example, password: ENIAC-bombe-1946, verified: true}\n"
			p := federatedBetween(t, was, testenv.Options{Backend: backend, Env: env}, people, "")
			if code, _, errs := p.Run("", "org", "domain", "add", "contoso", "contoso.example", "--proven"); code != 0 {
				t.Fatal(errs)
			}
			there := testenv.Person{Email: "joan@elsewhere.example", Password: "ENIAC-bombe-1946"}
			p.link(t, there, ada)
			app := p.App(t, web)
			r, _, page := p.arrive(t, hopper) // an account is made, without a password
			subject := app.IDToken(app.Redeem(r, r.Answer(page)).Str("id_token"), r.Get("nonce"))["sub"]

			p.register(is, people)
			p.moveTo(is)
			if _, _, page = p.arrive(t, there); page.Form("sign-in") == nil {
				t.Fatalf("another provider opens the account: %s", page.URL)
			}
			p.link(t, there, ada)
			if r, _, page = p.arrive(t, there); r.Answer(page).Get("code") == "" {
				t.Errorf("linked again: %s", page.URL)
			}

			r, b, page := p.arrive(t, hopper)
			if page.Form("sign-in") == nil || !strings.Contains(page.Body, "Forgot password") {
				t.Fatalf("who never had a password: %s\n%s", page.URL, page.Body)
			}
			flow := page.URL.Query().Get("flow")
			b.Submit(page.Form("sign-in"), "sign-in")
			page = at(t, b.Submit(b.Get("/recover?flow="+flow).Form("submit"), "submit"), "/recover/code")
			page = at(t, b.Submit(page.Form("code"), "submit", "code", server.Codes(hopper.Email, 1)[0]), "/recover/password")
			at(t, newPasswordAt(b, page, newPassword), "/recover/done")
			page = b.Finish(b.Get("/signin/password?flow="+flow), testenv.Person{Email: hopper.Email, Password: newPassword})
			page = b.Submit(page.Form("connect"), "connect")
			if again := app.IDToken(app.Redeem(r, r.Answer(page)).Str("id_token"), r.Get("nonce"))["sub"]; again != subject {
				t.Errorf("recovered and linked: %v, want %v", again, subject)
			}
		})
	}
}
