package protocol

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"signet/internal/testenv"
)

const (
	payBob   = `{"type":"payment","creditor":"Bob <b>& Sons","amount":{"value":12.50,"currency":"EUR"}}`
	payCarol = `{"type":"payment","creditor":"Carol","amount":{"value":"7","currency":"CHF"},"actions":["once"],"locations":["https://bills.example"]}`
)

// wantDetails checks what is told of authorization details.
func wantDetails(t *testing.T, what string, got map[string]any, want ...string) {
	t.Helper()
	var list []any
	if len(want) > 0 {
		if err := json.Unmarshal([]byte("["+strings.Join(want, ",")+"]"), &list); err != nil {
			t.Fatal(err)
		}
	}
	if has, _ := got["authorization_details"].([]any); !reflect.DeepEqual(has, list) {
		t.Errorf("%s: %v, want %v", what, got["authorization_details"], list)
	}
}

// TestDetails: RFC 9396. What is asked for finely is shown in words, allowed each time,
// and told to the app and the API.
func TestDetails(t *testing.T) {
	eachWithAPIs(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, mobile)
		b := signedIn(t, e, app, ada)
		both := "[" + payBob + "," + payCarol + "]"
		p := b.Get(app.Request("authorization_details", both, "ui_locales", "de").Path())
		for _, text := range []string{" dies erlauben?</h1>", "12.50 EUR an Bob &lt;b&gt;&amp; Sons zahlen", "7 CHF an Carol zahlen", "actions: once", "https://bills.example"} {
			if p.Form("allow") == nil || !strings.Contains(p.Body, text) {
				t.Fatalf("the consent page does not say %q:\n%s", text, p.Body)
			}
		}
		r := app.Request("authorization_details", both)
		got := app.Redeem(r, b.SignIn(r, ada))
		wantDetails(t, "the answer", got.Fields, payBob, payCarol)
		wantDetails(t, "the access token", claimsOf(t, got.Str("access_token")), payBob, payCarol)
		wantDetails(t, "introspection", app.Call("/introspect", "token", got.Str("access_token")).Fields, payBob, payCarol)

		t.Run("asked each time", func(t *testing.T) {
			b, app := b.For(t), app.For(t)
			r := app.Request("authorization_details", both, "prompt", "none")
			wantAnswer(t, e, r, b.Get(r.Path()), "consent_required")
			if p := b.Get(app.Request("authorization_details", both).Path()); p.Form("allow") == nil {
				t.Errorf("to pay the same once more: %s does not ask", p.URL)
			}
		})
		t.Run("narrowed", func(t *testing.T) {
			app := app.For(t)
			wantError(t, "beyond the grant", app.Refresh(got.Str("refresh_token"), "authorization_details", "["+strings.Replace(payBob, "12.50", "99", 1)+"]"), http.StatusBadRequest, "invalid_authorization_details")
			next := app.Refresh(got.Str("refresh_token"), "authorization_details", "["+payCarol+"]")
			wantDetails(t, "one of two", next.Fields, payCarol)
			next = app.Refresh(next.Str("refresh_token"))
			wantDetails(t, "all again", claimsOf(t, next.Str("access_token")), payBob, payCarol)
			next = app.Refresh(next.Str("refresh_token"), "resource", e.Issuer)
			wantDetails(t, "for an API that is not its location", next.Fields, payBob)
		})
		t.Run("refused", func(t *testing.T) { detailsRefused(t, e, b.For(t)) })
		t.Run("pushed, by the client itself, removed", func(t *testing.T) { detailsElsewhere(t, e, b.For(t)) })
	})
}

func detailsRefused(t *testing.T, e *testenv.Env, b *testenv.Browser) {
	app := e.App(t, mobile)
	for _, bad := range []string{
		`{}`, `[]`, `[{"type":"other"}]`, `[{"type":"unheard-of"}]`, `[{"type":"gone"}]`, `[{"type":"payment"}]`, `[{"type":"payment","amount":1,"iban":"x"}]`,
		`[{"type":"payment","amount":1,"actions":"x"}]`, "[{\"type\":\"payment\",\"amount\":\"\u202e1\"}]", `[{"type":"payment","amount":1}`,
	} {
		r := app.Request("authorization_details", bad)
		got := wantAnswer(t, e, r, b.Get(r.Path()), "invalid_authorization_details")
		if !strings.Contains(got.Get("error_description"), "(authorization-details, request ") {
			t.Errorf("%s: %v", bad, got)
		}
		wantError(t, bad, app.Call("/par", "redirect_uri", app.Redirect, "response_type", "code", "scope", "openid", "authorization_details", bad),
			http.StatusBadRequest, "invalid_authorization_details")
	}
	r := e.App(t, web).Request("authorization_details", "["+payBob+"]")
	wantAnswer(t, e, r, b.Get(r.Path()), "invalid_authorization_details")
}

func detailsElsewhere(t *testing.T, e *testenv.Env, b *testenv.Browser) {
	app := e.App(t, mobile)
	r := app.Request("authorization_details", "["+payCarol+"]")
	pushed := app.Do(app.NewRequest("/par", r.Values))
	short := app.Request()
	short.Values = map[string][]string{"client_id": {app.ID}, "request_uri": {pushed.Str("request_uri")}}
	got := app.Redeem(r, r.Answer(b.Finish(b.Get(short.Path()), ada)))
	wantDetails(t, "pushed", got.Fields, payCarol)
	wantDetails(t, "opaque", app.Call("/introspect", "token", tokens(t, b, app, ada, "resource", billAPI, "authorization_details", "["+payCarol+"]").Str("access_token")).Fields, payCarol)
	own := app.Call("/token", "grant_type", "client_credentials", "authorization_details", "["+payBob+"]")
	wantDetails(t, "its own", claimsOf(t, own.Str("access_token")), payBob)

	types := func() any {
		return app.Do(mustGet(t, e.Issuer+"/.well-known/openid-configuration")).Fields["authorization_details_types_supported"]
	}
	if got := types(); !reflect.DeepEqual(got, []any{"other", "payment"}) {
		t.Errorf("advertised: %v", got)
	}
	for _, name := range []string{"payment", "other"} {
		if code, _, errs := e.Run("", "resource", "delete-type", name, "--yes"); code != 0 {
			t.Fatal(errs)
		}
	}
	var still any
	gone := 0 // answers in a row, so that each node has given one
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end) && gone < 4; {
		if still = types(); still == nil {
			gone++
			continue
		}
		gone = 0
		time.Sleep(50 * time.Millisecond)
	}
	if gone < 4 {
		t.Errorf("advertised after the types were removed: %v", still)
	}
}

func mustGet(t *testing.T, address string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// TestOpenIDClientDetails: npm's openid-client asks for authorization details, and
// reads what was granted.
func TestOpenIDClientDetails(t *testing.T) {
	eachWithAPIs(t, func(t *testing.T, e *testenv.Env) {
		n := startNode(t, e, mobile, "par", "yes")
		b := e.Browser().For(t)
		begun := n.must("begin", "parameters", map[string]any{"scope": mobile.Scope, "authorization_details": "[" + payBob + "]"})
		done := n.must("callback", "url", b.Finish(b.Get(begun.URL), ada).Location)
		wantDetails(t, "the token", claimsOf(t, done.Tokens.Access), payBob)
	})
}
