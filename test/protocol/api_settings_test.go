package protocol

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"signet/internal/mail/mailtest"
	"signet/internal/outbound/dnstest"
	"signet/internal/testenv"
)

// TestAPIDomains: a domain is the organization's once its record is found, or by
// the operator's word; owners alone decide.
func TestAPIDomains(t *testing.T) {
	t.Parallel()
	dns := dnstest.New(t)
	e := boot(t, testenv.Options{Env: map[string]string{"SIGNET_DNS_SERVER": dns.Addr}})
	e.Apply(managed)
	e.Run("", "org", "member", "engines", bob.Email, "--role", "admin")
	hers, his := behalf(t, e, e.App(t, desk), ada), behalf(t, e, e.App(t, desk), bob)
	const list = "/organizations/engines/domains"
	hers.refused(http.StatusUnprocessableEntity, "POST", list, `{"domain":"gmail.com"}`)
	added := hers.want(http.StatusCreated, "POST", list, `{"domain":"Ada@Engines.Example"}`)
	record, _ := added.Fields["record"].(map[string]any)
	if added.Str("domain") != "engines.example" || added.Fields["proven"] != false || record["type"] != "TXT" {
		t.Fatalf("added: %s", added.Body)
	}
	for _, c := range [][3]string{{"POST", list, `{"domain":"more.example"}`}, {"POST", list + "/engines.example/check", ""}, {"POST", list + "/engines.example/vouch", ""}, {"DELETE", list + "/engines.example", ""}} {
		his.refused(http.StatusForbidden, c[0], c[1], c[2])
	}
	if got := his.all(list, "1"); namesIn(got, "domain") != "engines.example" {
		t.Errorf("an admin sees %v", got)
	}
	check := func() *testenv.Answer {
		t.Helper()
		var got *testenv.Answer
		within(t, 10*time.Second, "the record can be looked for", func() bool {
			got = hers.call("POST", list+"/engines.example/check", "")
			return got.Status != http.StatusTooManyRequests
		})
		return got
	}
	if got := check(); got.Str("problem") != "missing" || got.Fields["proven"] != false || !strings.Contains(got.Str("detail"), record["text"].(string)) {
		t.Errorf("without a record: %s", got.Body)
	}
	if got := hers.refused(http.StatusTooManyRequests, "POST", list+"/engines.example/check", ""); got.Header.Get("Retry-After") == "" {
		t.Error("it does not say when to try again")
	}
	dns.Set(record["name"].(string), record["text"].(string))
	if got := check(); got.Fields["proven"] != true || got.Str("problem") != "" || got.Str("proven_at") == "" {
		t.Errorf("with its record: %s", got.Body)
	}
	hers.refused(http.StatusForbidden, "POST", list+"/engines.example/vouch", "")
	hers.want(http.StatusNoContent, "DELETE", list+"/engines.example", "")
	hers.refused(http.StatusNotFound, "GET", list+"/engines.example", "")
	operator := itself(t, e.App(t, robot))
	operator.want(http.StatusCreated, "POST", list, `{"domain":"engines.corp.example"}`)
	if got := operator.want(http.StatusOK, "POST", list+"/engines.corp.example/vouch", ""); got.Fields["vouched"] != true {
		t.Errorf("by the operator's word: %s", got.Body)
	}
	if log := recorded(t, e, "organization"); !strings.Contains(log, "domain_prove") || !strings.Contains(log, "domain_vouch") || !strings.Contains(log, "domain_remove") {
		t.Errorf("the audit log: %s", log)
	}
}

// TestAPIInvitations are sent, listed, sent again and taken back.
func TestAPIInvitations(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, mailtest.Options{})
	e := boot(t, testenv.Options{Env: map[string]string{"SIGNET_SMTP_URL": server.URL(), "SIGNET_SMTP_FROM": "House <no-reply@id.example>"}})
	e.Apply(managed)
	e.Run("", "org", "member", "engines", bob.Email, "--role", "viewer")
	hers, his := behalf(t, e, e.App(t, desk), ada), behalf(t, e, e.App(t, desk), bob)
	const list = "/organizations/engines/invitations"
	for _, body := range []string{`{"addresses":[],"role":"viewer"}`, `{"addresses":["x@example.com"],"role":"boss"}`, `{"addresses":["` + strings.Repeat(`x@example.com","`, 100) + `x@example.com"],"role":"viewer"}`} {
		hers.refused(http.StatusUnprocessableEntity, "POST", list, body)
	}
	his.refused(http.StatusForbidden, "POST", list, `{"addresses":["x@example.com"],"role":"viewer"}`)
	his.refused(http.StatusForbidden, "GET", list, "")
	got := hers.want(http.StatusOK, "POST", list, `{"addresses":["eve@example.com","nobody","bob@example.com"],"role":"viewer","language":"de"}`, "Idempotency-Key", "1")
	for _, want := range []string{`{"address":"eve@example.com","verdict":"sent","invitation":"`, `"verdict":"no_address"`, `"verdict":"already_member"`} {
		if !strings.Contains(got.Body, want) {
			t.Errorf("the report has no %s: %s", want, got.Body)
		}
	}
	hers.want(http.StatusOK, "POST", list, `{"addresses":["eve@example.com","nobody","bob@example.com"],"role":"viewer","language":"de"}`, "Idempotency-Key", "1")
	mails := server.Wait(1)
	if len(mails) != 1 || !strings.Contains(mails[0].Text(), "Analytical Engines") || !strings.Contains(mails[0].Text(), "Ada") {
		t.Fatalf("%d letters: %v", len(mails), mails)
	}
	first := invitationLink.FindString(mails[0].Text())
	waiting := hers.all(list, "1")
	id, _ := waiting[0]["id"].(string)
	if len(waiting) != 1 || waiting[0]["standing"] != "open" || waiting[0]["email"] != "eve@example.com" {
		t.Fatalf("the list: %v", waiting)
	}
	hers.want(http.StatusOK, "POST", list+"/"+id+"/resend", "")
	if again := invitationLink.FindString(server.Wait(2)[1].Text()); again == first || again == "" {
		t.Errorf("sent again with the link %s", again)
	}
	hers.want(http.StatusNoContent, "DELETE", list+"/"+id, "")
	hers.refused(http.StatusGone, "DELETE", list+"/"+id, "")
	hers.refused(http.StatusGone, "POST", list+"/"+id+"/resend", "")
	if got := hers.all(list, "5"); got[0]["standing"] != "revoked" {
		t.Errorf("taken back: %v", got)
	}
	if log := recorded(t, e, "invitation"); strings.Count(log, "invitation.send") != 1 || !strings.Contains(log, "invitation.resend") || !strings.Contains(log, "invitation.revoke") {
		t.Errorf("the audit log: %s", log)
	}
}

// TestAPIAccountsAndApps are the operator's to see, never with a secret, and no
// person can allow it.
func TestAPIAccountsAndApps(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{})
	e.Apply(managed)
	operator := itself(t, e.App(t, robot))
	if got := operator.all("/users", "1"); namesIn(got, "email") != "ada@example.com, bob@example.com" {
		t.Errorf("accounts: %v", got)
	}
	one := operator.all("/users", "5&email=ADA@example.com")
	if len(one) != 1 || one[0]["name"] != "Ada Augusta Lovelace" && one[0]["name"] != "Ada Lovelace" || one[0]["status"] != "active" {
		t.Errorf("by address: %v", one)
	}
	if got := operator.all("/users", "5&email=nobody"); len(got) != 0 {
		t.Errorf("nobody: %v", got)
	}
	got := operator.want(http.StatusOK, "GET", "/users/"+one[0]["id"].(string), "")
	apps := operator.want(http.StatusOK, "GET", "/clients/desk", "")
	for _, answer := range []*testenv.Answer{got, apps, operator.want(http.StatusOK, "GET", "/clients?limit=100", "")} {
		for _, secret := range []string{"argon2", "1815", "secret-of", "s256:", "hash"} {
			if strings.Contains(answer.Body, secret) {
				t.Errorf("it tells %q: %s", secret, answer.Body)
			}
		}
	}
	if apps.Fields["trusted"] != false || !strings.Contains(apps.Body, "https://desk.example/cb") {
		t.Errorf("an app: %s", apps.Body)
	}
	operator.refused(http.StatusNotFound, "GET", "/users/nobody", "")
	operator.refused(http.StatusNotFound, "GET", "/clients/nobody", "")

	// The scopes are registered for the app, asked for, and not had for a person.
	app := e.App(t, desk)
	granted := tokens(t, e.Browser().For(t), app, ada, "scope", "openid organizations:read users:read clients:read")
	if granted.Str("scope") != "openid organizations:read" {
		t.Errorf("granted: %s", granted.Str("scope"))
	}
	for _, path := range []string{"/users", "/clients", "/users/" + one[0]["id"].(string), "/clients/desk"} {
		(&manager{t, app, granted.Str("access_token")}).refused(http.StatusForbidden, "GET", path, "")
	}
}

// TestAPIConnections are entered by program, with what is secret going in and
// never coming out; nobody signs in by one that no trial has passed.
func TestAPIConnections(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{})
	e.Apply(managed)
	e.Run("", "org", "member", "engines", bob.Email, "--role", "admin")
	hers, his := behalf(t, e, e.App(t, desk), ada), behalf(t, e, e.App(t, desk), bob)
	const list, secret = "/organizations/engines/connections", "a-secret-of-the-provider"
	for _, body := range []string{
		`{"name":"Okta","protocol":"ldap"}`, `{"protocol":"oidc"}`, `{"name":"Okta","protocol":"saml","oidc":{"client_id":"x"}}`,
		`{"name":"Okta","protocol":"oidc","mapping":{"groups":"g","roles":[{"value":"bosses","role":"owner"}]}}`,
	} {
		hers.refused(http.StatusUnprocessableEntity, "POST", list, body)
	}
	his.refused(http.StatusForbidden, "POST", list, `{"name":"Okta","protocol":"oidc"}`)
	made := hers.want(http.StatusCreated, "POST", list, `{"name":"Okta","protocol":"oidc","oidc":{"client_secret":"`+secret+`"}}`, "Idempotency-Key", "1")
	at := list + "/" + made.Str("id")
	addresses, _ := made.Fields["addresses"].(map[string]any)
	if addresses["callback"] != e.Issuer+"/federation/"+made.Str("id")+"/callback" || made.Fields["enabled"] != false || made.Fields["tested_at"] != nil {
		t.Errorf("made: %s", made.Body)
	}
	got := hers.want(http.StatusOK, "PATCH", at, `{"oidc":{"metadata_url":"https://okta.example/.well-known/openid-configuration","client_id":"signet"},"mapping":{"groups":"groups","roles":[{"value":"bosses","role":"admin"}]}}`)
	if oidc, _ := got.Fields["oidc"].(map[string]any); oidc["client_id"] != "signet" || got.Str("name") != "Okta" || !strings.Contains(got.Body, "bosses") {
		t.Errorf("changed: %s", got.Body)
	}
	hers.refused(http.StatusUnprocessableEntity, "PATCH", at, `{"oidc":{"metadata_url":"https://elsewhere.example/.well-known/openid-configuration","client_id":"signet"}}`)
	hers.refused(http.StatusUnprocessableEntity, "PATCH", at, `{"oidc":{"metadata_url":"https://okta.example/.well-known/openid-configuration","client_id":"signet","private_key":"no key"}}`)
	hers.refused(http.StatusUnprocessableEntity, "POST", list, `{"name":"Okta","protocol":"saml","saml":{"metadata":"<html/>"}}`, "Idempotency-Key", "none")
	hers.refused(http.StatusConflict, "PATCH", at, `{"enabled":true}`)
	his.refused(http.StatusForbidden, "PATCH", at, `{"name":"Mine"}`)
	his.refused(http.StatusForbidden, "DELETE", at, "")
	saml := hers.want(http.StatusCreated, "POST", list, `{"name":"Entra","protocol":"saml","saml":{"metadata_url":"https://entra.example/metadata"}}`)
	if addresses, _ := saml.Fields["addresses"].(map[string]any); addresses["acs"] == nil || addresses["entity_id"] == nil || addresses["callback"] != nil {
		t.Errorf("by SAML: %s", saml.Body)
	}
	seen := his.want(http.StatusOK, "GET", list, "")
	for _, answer := range []*testenv.Answer{made, got, seen, hers.want(http.StatusCreated, "POST", list, `{"name":"Okta","protocol":"oidc","oidc":{"client_secret":"`+secret+`"}}`, "Idempotency-Key", "1")} {
		if strings.Contains(answer.Body, secret) || strings.Contains(answer.Body, "PRIVATE KEY") {
			t.Errorf("a secret comes out: %s", answer.Body)
		}
	}
	if strings.Contains(e.Log(), secret) {
		t.Error("a secret is in the log")
	}
	hers.want(http.StatusNoContent, "DELETE", at, "")
	hers.refused(http.StatusNotFound, "GET", at, "")
}
