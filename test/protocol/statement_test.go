package protocol

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"signet/internal/testenv"
)

// TestSoftwareStatement: what a trusted issuer has signed goes before what the
// app says; another's, a changed or an old one is refused (RFC 7591 §2.3, §3.2.2).
func TestSoftwareStatement(t *testing.T) {
	const issuer = "https://federation.example"
	key, stranger := keyFor(t, "ES256", "f"), keyFor(t, "ES256", "f")
	settings := map[string]string{"SIGNET_REGISTRATION_STATEMENT_ISSUER": issuer, "SIGNET_REGISTRATION_STATEMENT_JWKS": publicSet(t, key)}
	eachOpen(t, settings, func(t *testing.T, e *testenv.Env) {
		claims := func(edit func(jwtClaims)) jwtClaims {
			c := jwtClaims{
				"iss": issuer, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(), "software_id": "4NRB1-0XZABZI9E6-5SM3R", "software_version": "2",
				"client_name": "As signed", "client_name#ja": "署名", "redirect_uris": []string{"https://signed.example/cb"}, "client_id": "chosen", "Client_Secret": "chosen", "trusted": true,
			}
			if edit != nil {
				edit(c)
			}
			return c
		}
		register := func(statement any) *testenv.Answer {
			return call(t, "POST", e.Issuer+"/register", "", metadata{
				"software_statement": statement, "client_name": "As said", "client_uri": "https://said.example/", "redirect_uris": []string{"https://said.example/cb"},
			})
		}
		good := sign(t, key, "ES256", "JWT", claims(nil))
		got := register(good)
		app := registered(t, got)
		if got.Str("client_name") != "As signed" || got.Str("client_name#ja") != "署名" || app.Redirect != "https://signed.example/cb" || got.Str("client_uri") != "https://said.example/" ||
			got.Str("software_id") != "4NRB1-0XZABZI9E6-5SM3R" || got.Str("software_version") != "2" || got.Str("software_statement") != good || app.ID == "chosen" || app.Secret == "chosen" {
			t.Errorf("registered: %s", got.Body)
		}
		if tokens(t, e.Browser().For(t), e.App(t, app), ada).Str("id_token") == "" {
			t.Error("it does not work")
		}
		if untyped := register(sign(t, key, "ES256", "", claims(nil))); untyped.Status != http.StatusCreated {
			t.Errorf("without a type: %d %s", untyped.Status, untyped.Body)
		}
		read := call(t, "GET", got.Str("registration_client_uri"), got.Str("registration_access_token"), nil)
		if read.Str("software_statement") != good {
			t.Errorf("read: %s", read.Body)
		}
		for name, bad := range map[string]string{
			"no JWT":          "x",
			"of another key":  sign(t, stranger, "ES256", "JWT", claims(nil)),
			"unsigned":        unsigned(t, claims(nil)),
			"changed":         strings.Join([]string{strings.Split(good, ".")[0], strings.Split(sign(t, stranger, "ES256", "JWT", claims(nil)), ".")[1] + "AA", strings.Split(good, ".")[2]}, "."),
			"an ID token":     sign(t, key, "ES256", "id+jwt", claims(nil)),
			"expired":         sign(t, key, "ES256", "JWT", claims(func(c jwtClaims) { c["exp"] = time.Now().Add(-time.Second).Unix() })),
			"of another type": sign(t, key, "ES256", "JWT", claims(func(c jwtClaims) { c["redirect_uris"] = "https://signed.example/cb" })),
			"large":           sign(t, key, "ES256", "JWT", claims(func(c jwtClaims) { c["x"] = strings.Repeat("x", 9000) })),
		} {
			wantError(t, name, register(bad), http.StatusBadRequest, "invalid_software_statement")
		}
		foreign := sign(t, key, "ES256", "JWT", claims(func(c jwtClaims) { c["iss"] = "https://other.example" }))
		wantError(t, "of another issuer", register(foreign), http.StatusBadRequest, "unapproved_software_statement")
		wantError(t, "what it says is checked", register(sign(t, key, "ES256", "JWT", claims(func(c jwtClaims) { c["redirect_uris"] = []string{"http://signed.example/"} }))), http.StatusBadRequest, "invalid_redirect_uri")
	})
}

// TestStatementRequired: without one nobody registers, where that is said; where
// none are believed they are ignored.
func TestStatementRequired(t *testing.T) {
	t.Parallel()
	key := keyFor(t, "ES256", "f")
	const issuer = "https://federation.example"
	e := boot(t, testenv.Options{Env: map[string]string{
		"SIGNET_REGISTRATION_MODE": "open", "SIGNET_REGISTRATION_STATEMENT_ISSUER": issuer, "SIGNET_REGISTRATION_STATEMENT_JWKS": publicSet(t, key),
		"SIGNET_REGISTRATION_STATEMENT_REQUIRED": "true",
	}})
	m := metadata{"redirect_uris": []string{"https://app.example/cb"}}
	wantError(t, "without", call(t, "POST", e.Issuer+"/register", "", m), http.StatusBadRequest, "unapproved_software_statement")
	m["software_statement"] = sign(t, key, "ES256", "JWT", jwtClaims{"iss": issuer})
	registered(t, call(t, "POST", e.Issuer+"/register", "", m))
	open := boot(t, testenv.Options{Env: openly})
	m["software_statement"] = "x"
	if got := call(t, "POST", open.Issuer+"/register", "", m); got.Status != http.StatusCreated || got.Fields["software_statement"] != nil {
		t.Errorf("ignored: %d %s", got.Status, got.Body)
	}
}

// TestRegistrationsAreRecorded: what an app does to its registration is in the
// audit log, with the names of what it changed, from where, and no secret.
func TestRegistrationsAreRecorded(t *testing.T) {
	eachOpen(t, nil, func(t *testing.T, e *testenv.Env) {
		first := call(t, "POST", e.Issuer+"/register", "", metadata{"redirect_uris": []string{"https://one.example/cb"}, "client_name": "One"})
		app := registered(t, first)
		uri, token := first.Str("registration_client_uri"), first.Str("registration_access_token")
		call(t, "GET", uri, token, nil)
		call(t, "GET", uri, "wrong", nil)
		changed := call(t, "PUT", uri, token, metadata{"client_id": app.ID, "redirect_uris": []string{"https://one.example/new"}, "client_name": "Two", "client_name#ja": "二"})
		if changed.Status != http.StatusOK {
			t.Fatalf("%d %s", changed.Status, changed.Body)
		}
		call(t, "DELETE", uri, token, nil)
		_, out, _ := e.Run("", "audit", "--action", "client")
		var lines []string
		for line := range strings.Lines(out) {
			if strings.Contains(line, app.ID) {
				lines = append(lines, line)
			}
		}
		for i, want := range []string{"client.register", "client.read", "client.update", "client.delete"} {
			if len(lines) != 4 || !strings.Contains(lines[i], want) || !strings.Contains(lines[i], " app ") || !strings.Contains(lines[i], "127.0.0.1") && !strings.Contains(lines[i], "::1") {
				t.Fatalf("the log has not %s at %d:\n%s", want, i, out)
			}
		}
		if !strings.Contains(lines[2], "fields=client_name client_name#ja redirect_uris") {
			t.Errorf("changed: %s", lines[2])
		}
		for _, secret := range []string{token, app.Secret, "one.example"} {
			if strings.Contains(out, secret) {
				t.Errorf("the log tells %s", secret)
			}
		}
	})
}
