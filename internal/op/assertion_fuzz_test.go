package op

import (
	"encoding/base64"
	"testing"
	"time"

	"signet/internal/client"
)

// FuzzAssertion: an assertion that the client did not sign lets nobody in,
// whatever it says, and breaks nothing.
func FuzzAssertion(f *testing.F) {
	for _, header := range []string{`{"alg":"none"}`, `{"alg":"HS256"}`, `{"alg":"EdDSA","kid":"1"}`, `{"alg":"EdDSA","crit":["x"]}`, `{}`} {
		for _, payload := range []string{`{"iss":"app","sub":"app","aud":"https://signet.example","exp":9999999999,"jti":"1"}`, `{"sub":1}`, `{"sub":"app","aud":[1]}`, `null`} {
			f.Add(header, payload, "")
			f.Add(header, payload, "AAAA")
		}
	}
	ring, err := newKeyring(nil, time.Now)
	if err != nil {
		f.Fatal(err)
	}
	p := &Provider{cfg: Config{Issuer: fuzzIssuer}, keyring: ring, Services: Services{Now: time.Now}}
	c := &client.Client{ID: "app", Metadata: client.Metadata{AuthMethod: client.AuthPrivateKeyJWT, JWKS: `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`}}
	encode := base64.RawURLEncoding.EncodeToString
	f.Fuzz(func(t *testing.T, header, payload, signature string) {
		assertion := encode([]byte(header)) + "." + encode([]byte(payload)) + "." + signature
		cr, oerr := readAssertion(params{"client_assertion": {assertion}, "client_assertion_type": {assertionType}}, pathToken)
		if oerr != nil {
			return
		}
		if cr.clientID == "" {
			t.Errorf("%q is of nobody", payload)
		}
		if in, err := p.checkAssertion(t.Context(), c, cr); in || err == nil {
			t.Fatalf("%q lets in", assertion)
		}
	})
}
