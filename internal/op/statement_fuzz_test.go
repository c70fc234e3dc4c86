package op

import (
	"encoding/base64"
	"testing"
	"time"

	"signet/internal/client"
)

// FuzzStatement: nothing that its issuer has not signed changes what an app says.
func FuzzStatement(f *testing.F) {
	for _, payload := range []string{`{}`, `null`, `{"iss":"https://f.example","client_name":"x"}`, `{"iss":1}`, `{"exp":"x","iss":"https://f.example"}`} {
		f.Add(`{"alg":"EdDSA"}`, payload, "AAAA")
		f.Add(`{"alg":"none"}`, payload, "")
	}
	ring, err := newKeyring(nil, time.Now)
	if err != nil {
		f.Fatal(err)
	}
	p := &Provider{keyring: ring, Services: Services{Now: time.Now}, cfg: Config{Registration: Registration{Statements: Statements{
		Issuer: "https://f.example", JWKS: `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`,
	}}}}
	f.Fuzz(func(t *testing.T, header, payload, signature string) {
		enc := base64.RawURLEncoding
		m := &registration{Statement: enc.EncodeToString([]byte(header)) + "." + enc.EncodeToString([]byte(payload)) + "." + signature, Metadata: client.Metadata{Name: "mine"}}
		oerr := p.believe(t.Context(), m)
		if oerr == nil || m.Name != "mine" {
			t.Fatalf("believed: %+v", m)
		}
		if oerr.Message != headerSafe(oerr.Message) {
			t.Errorf("the description has what it may not: %q", oerr.Message)
		}
	})
}
