package op

import (
	"encoding/base64"
	"testing"
	"time"

	"signet/internal/client"
)

// FuzzBearer: an assertion that its issuer did not sign is no grant, whatever it
// says, and breaks nothing.
func FuzzBearer(f *testing.F) {
	for _, header := range []string{`{"alg":"none"}`, `{"alg":"HS256"}`, `{"alg":"EdDSA","kid":"1"}`, `{"alg":"EdDSA","typ":"JWT"}`, `{"alg":"EdDSA","typ":1}`, `{}`} {
		for _, payload := range []string{`{"iss":"https://hr.example","sub":"4711","aud":"https://signet.example","exp":9999999999,"jti":"1"}`, `{"sub":1}`, `null`} {
			f.Add(header, payload, "")
			f.Add(header, payload, "AAAA")
		}
	}
	ring, err := newKeyring(nil, time.Now)
	if err != nil {
		f.Fatal(err)
	}
	p := &Provider{cfg: Config{Issuer: fuzzIssuer}, keyring: ring, Services: Services{Now: time.Now}}
	c := &client.Client{
		ID: "app", AssertionIssuer: "https://hr.example", AssertionSubjects: []string{client.AssertionByEmail},
		AssertionJWKS: `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`,
	}
	encode := base64.RawURLEncoding.EncodeToString
	f.Fuzz(func(t *testing.T, header, payload, signature string) {
		assertion := encode([]byte(header)) + "." + encode([]byte(payload)) + "." + signature
		if claims, err := p.readBearer(t.Context(), c, assertion); claims != nil || err == nil {
			t.Fatalf("%q is taken", assertion)
		}
	})
}
