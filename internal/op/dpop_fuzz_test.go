package op

import (
	"encoding/base64"
	"strings"
	"testing"
)

// FuzzProof: a proof without a signature of the key that it holds is none,
// whatever it says, and breaks nothing.
func FuzzProof(f *testing.F) {
	const ed = `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
	for _, header := range []string{
		`{"typ":"dpop+jwt","alg":"EdDSA","jwk":` + ed + `}`, `{"typ":"dpop+jwt","alg":"none","jwk":` + ed + `}`, `{"typ":"dpop+jwt","alg":"EdDSA"}`,
		`{"typ":"dpop+jwt","alg":"EdDSA","jwk":` + strings.Replace(ed, `"x"`, `"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x"`, 1) + `}`,
		`{"typ":"dpop+jwt","alg":"HS256","jwk":{"kty":"oct","k":"AAAA"}}`, `{"alg":"EdDSA","crit":["x"],"jwk":` + ed + `}`,
		`{"typ":"dpop+jwt","alg":"RS256","jwk":{"kty":"RSA","n":"AQAB","e":"AQAB"}}`, `{"jwk":1}`, `{}`, `null`,
	} {
		for _, payload := range []string{`{"jti":"1","htm":"POST","htu":"https://signet.example/token","iat":1}`, `{"iat":"x"}`, `[]`, `null`} {
			f.Add(header, payload, "")
			f.Add(header, payload, "AAAA")
		}
	}
	encode := base64.RawURLEncoding.EncodeToString
	f.Fuzz(func(t *testing.T, header, payload, signature string) {
		raw := encode([]byte(header)) + "." + encode([]byte(payload)) + "." + signature
		if pr, err := parseProof(raw, clientAlgs); err == nil {
			t.Fatalf("%q proves to have %s", raw, pr.key)
		}
	})
}

// FuzzTarget: an address has one normal form, without query and fragment, and
// only what is ours is ours.
func FuzzTarget(f *testing.F) {
	for _, seed := range []string{
		"https://signet.example/token", "HTTPS://Signet.Example:443/a/../token?x=y#z", "https://signet.example/%74oken", "https://signet.example%2Ftoken",
		"https://signet.example@evil.example/token", "https://user@signet.example/token", "//signet.example/token", "https:signet.example/token",
		"https://signet.example/token/", "https://signet.example/token%2F", "https://signet.example/tok%zz", "https://[::1]:443/token", "https://signet.example:/token", "",
	} {
		f.Add(seed)
	}
	p := &Provider{cfg: Config{Issuer: fuzzIssuer}}
	f.Fuzz(func(t *testing.T, uri string) {
		normal, ok := normalURI(uri)
		if ok {
			if again, still := normalURI(normal); !still || again != normal {
				t.Errorf("%q: normal form %q has the normal form %q", uri, normal, again)
			}
			if strings.ContainsAny(normal, "?#") {
				t.Errorf("%q: %q", uri, normal)
			}
		}
		if p.isTarget(uri, pathToken) && normal != fuzzIssuer+pathToken {
			t.Errorf("%q is taken for the token endpoint", uri)
		}
	})
}
