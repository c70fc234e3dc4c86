package op

import (
	"encoding/base64"
	"slices"
	"testing"
	"time"

	"signet/internal/client"
)

// FuzzRequestObject: nothing that is not signed is read for a client that signs;
// and what an unsigned object of one that may brings is the client's, names no
// other object, and has each parameter once.
func FuzzRequestObject(f *testing.F) {
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	for _, seed := range []string{
		`{}`, `null`, `[]`, `{"client_id":"app","scope":"openid","max_age":1,"claims":{"userinfo":null},"resource":["a","b"]}`, `{"client_id":"other"}`,
		`{"iss":"app","aud":["https://signet.example"],"exp":99999999999,"nbf":1.5,"iat":"x"}`, `{"request":"x"}`, `{"scope":["openid"]}`, `{"aud":1}`,
		`{"client_id":null,"state":true,"nonce":1e400}`, `{"sub":"app"}`, `{"scope":"a","scope":"b"}`, `{"":""}`,
	} {
		f.Add(none, seed, "")
	}
	f.Add(base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256","typ":"oauth-authz-req+jwt"}`)), `{}`, "AAAA")
	f.Add("e30", `{}`, "")
	ring, err := newKeyring(nil, time.Now)
	if err != nil {
		f.Fatal(err)
	}
	p := &Provider{cfg: Config{Issuer: fuzzIssuer}, keyring: ring, Services: Services{Now: time.Now}}
	plain := &client.Client{ID: "app", Metadata: client.Metadata{RequestObjectAlg: "none"}}
	signs := &client.Client{ID: "app", Metadata: client.Metadata{JWKS: `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`}}
	f.Fuzz(func(t *testing.T, header, payload, signature string) {
		raw := header + "." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + "." + signature
		if ps, oerr := p.unpack(t.Context(), signs, authorizationObject, raw); oerr == nil {
			t.Fatalf("%q is read: %v", raw, ps)
		}
		ps, oerr := p.unpack(t.Context(), plain, authorizationObject, raw)
		if oerr != nil {
			if oerr.Message != headerSafe(oerr.Message) {
				t.Errorf("the description has what it may not: %q", oerr.Message)
			}
			return
		}
		if ps.get("client_id") != "app" || ps.has("request") || ps.has("request_uri") {
			t.Errorf("%q gives %v", payload, ps)
		}
		for name, values := range ps {
			if len(values) > 1 && !repeatable[name] || slices.Contains(jwtNames, name) {
				t.Errorf("%q gives %q: %v", payload, name, values)
			}
		}
	})
}
