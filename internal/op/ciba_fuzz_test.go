package op

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"signet/internal/client"
	"signet/internal/session"
)

// FuzzBackchannel: whatever an app asks away from the browser, what is taken names
// one person, stays within what the app is registered for, and can be shown to
// them on one line (CIBA Core 1.0 §7.1, §13); an object that the app did not sign
// is not read (§7.1.1).
func FuzzBackchannel(f *testing.F) {
	p := fuzzProvider(f)
	const good = "scope=openid&login_hint=ada%40example.com&client_notification_token=a-token"
	for _, seed := range []string{
		"", good, good + "&binding_message=W4SCT&requested_expiry=120", good + "&id_token_hint=x", good + "&id_token_hint=e30.e30.e30", good + "&requested_expiry=-1",
		good + "&requested_expiry=1e3", good + "&binding_message=%E2%80%AE", good + "&binding_message=%ff", good + "&acr_values=a+b&ui_locales=de", good + "&client_id=spa&client_secret=x",
		good + "&resource=https%3A%2F%2Fapi.example&resource=x", good + "&authorization_details=%5B%7B%22type%22%3A%22payment%22%2C%22amount%22%3A1%7D%5D", good + "&authorization_details=%5B%5D",
		"scope=openid&id_token_hint=eyJhbGciOiJFUzI1NiJ9.e30.AAAA&client_notification_token=%21", "request=eyJhbGciOiJub25lIn0.e30.", "request=eyJhbGciOiJFZERTQSJ9.e30.AAAA&" + good, "request=a.b.c.d.e", "scope=email&login_hint_token=x",
	} {
		f.Add(seed)
	}
	c := &client.Client{
		ID: "till", Scopes: []string{"openid", "email"}, Resources: []string{"https://api.example"},
		Metadata: client.Metadata{
			GrantTypes: []string{client.GrantCIBA}, DeliveryMode: client.DeliveryPing, DetailTypes: []string{"payment"},
			JWKS: `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`,
		},
	}
	f.Fuzz(func(t *testing.T, body string) {
		ps, oerr := parseParams(body)
		if oerr != nil {
			return
		}
		signed := ps.has("request")
		d, oerr := p.readBackchannel(t.Context(), c, ps)
		if oerr != nil {
			if told := backchannelError(oerr); told.Message != headerSafe(told.Message) || told.code == codeInvalidObject {
				t.Errorf("refused with %s: %q", told.code, told.Message)
			}
			return
		}
		if signed {
			t.Fatalf("%q is read although nobody signed it", body)
		}
		checkAsked(t, d)
	})
}

func checkAsked(t *testing.T, d *draft) {
	r, back := d.req, d.back
	if r.ClientID != "till" || r.ResponseType != session.TypeCode || !slices.Contains(r.Scopes, "openid") || r.HintSubject != "" || r.LoginHint == "" {
		t.Errorf("taken: %+v", r)
	}
	for _, s := range r.Scopes {
		if !slices.Contains(d.client.Scopes, s) {
			t.Errorf("the scope %q is not registered", s)
		}
	}
	for _, id := range r.Resource {
		if id != fuzzIssuer && !slices.Contains(d.client.Resources, id) {
			t.Errorf("the resource %q is not registered", id)
		}
	}
	if m := back.message; utf8.RuneCountInString(m) > maxMessage || !utf8.ValidString(m) || strings.ContainsFunc(m, func(c rune) bool { return !unicode.IsPrint(c) }) {
		t.Errorf("the message %q", m)
	}
	if back.life < 0 || back.life > 1<<31*time.Second || !tokenForm.MatchString(back.token) {
		t.Errorf("taken: %+v", back)
	}
}
