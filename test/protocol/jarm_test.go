package protocol

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/testenv"
)

// opened is the answer that a signed one holds, verified; one that is not signed
// is itself.
func opened(t *testing.T, app *testenv.App, answer url.Values) url.Values {
	t.Helper()
	if !answer.Has("response") {
		return answer
	}
	for _, name := range []string{"code", "id_token", "access_token", "state", "iss", "error", "error_description"} {
		if answer.Has(name) {
			t.Errorf("%s is beside the signed answer", name)
		}
	}
	out := url.Values{}
	for name, value := range verified(t, app, answer.Get("response")) {
		if text, ok := value.(string); ok && name != "aud" {
			out.Set(name, text)
		}
	}
	return out
}

// verified returns the claims of what the provider signed for the app.
func verified(t *testing.T, app *testenv.App, raw string) map[string]any {
	t.Helper()
	algs := []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA, jose.PS256}
	jws, err := jose.ParseSignedCompact(raw, algs)
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	if _, err := jws.Verify(keysAt(t, app.Issuer())); err != nil {
		t.Fatal(err)
	}
	claims := claimsOf(t, raw)
	if claims["iss"] != app.Issuer() || claims["aud"] != app.ID {
		t.Errorf("iss %v, aud %v", claims["iss"], claims["aud"])
	}
	return claims
}

// TestSignedAnswers: success and failure leave as one signed JWT where that is
// asked for, in every mode (JARM §2).
func TestSignedAnswers(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		key := keyOf(t, "EC", "ec", "enc")
		es256, lines := trusted("jarm", "authorization_signed_response_alg: ES256")
		encrypted, more := trusted("jarm-encrypted", "jwks: "+publicSet(t, key), "authorization_encrypted_response_alg: ECDH-ES", "authorization_encrypted_response_enc: A256GCM")
		e.Apply("clients:\n" + lines + more)
		b := signedIn(t, e, e.App(t, web), ada)
		for _, mode := range []string{"jwt", "query.jwt", "fragment.jwt", "form_post.jwt"} {
			for _, c := range []testenv.App{web, es256} {
				app := e.App(t, c)
				way, _ := strings.CutSuffix(mode, "jwt")
				r := app.Request("response_mode", mode)
				p := b.Get(r.Path())
				checkMode(t, p, r, strings.TrimSuffix(way, "."))
				raw := r.Answer(p).Get("response")
				claims := verified(t, app, raw)
				if end := time.Unix(int64(claims["exp"].(float64)), 0); end.Before(time.Now()) || end.After(time.Now().Add(10*time.Minute)) {
					t.Errorf("%s: exp is %s", mode, end)
				}
				if alg := header(t, raw)["alg"]; alg != map[string]any{"web": "RS256", "jarm": "ES256"}[c.ID] {
					t.Errorf("%s: signed with %v", c.ID, alg)
				}
				got := opened(t, app, r.Answer(p))
				if got.Get("state") != r.Get("state") || app.Redeem(r, got).Status != http.StatusOK {
					t.Errorf("%s: %v", mode, got)
				}
				// A signed answer is no ID token.
				hint := app.Request("id_token_hint", raw)
				wantAnswer(t, e, hint, b.Get(hint.Path()), "invalid_request")

				r = app.Request("response_mode", mode, "prompt", "none login")
				p = b.Get(r.Path())
				checkMode(t, p, r, strings.TrimSuffix(way, "."))
				if got := opened(t, app, r.Answer(p)); got.Get("error") != "invalid_request" || got.Get("state") != r.Get("state") || got.Get("error_description") == "" {
					t.Errorf("%s: %v", mode, got)
				}
			}
		}
		app := e.App(t, hybrid)
		for _, mode := range []string{"jwt", "fragment.jwt", "form_post.jwt"} {
			r := app.Request("response_type", "code id_token token", "response_mode", mode)
			p := b.Get(r.Path())
			checkMode(t, p, r, map[bool]string{true: "form_post", false: "fragment"}[mode == "form_post.jwt"])
			checkFront(t, app, r, opened(t, app, r.Answer(p)))
		}
		r := app.Request("response_type", "code id_token", "response_mode", "query.jwt")
		p := b.Get(r.Path())
		checkMode(t, p, r, "fragment")
		if got := opened(t, app, r.Answer(p)); got.Get("error") != "invalid_request" {
			t.Errorf("tokens in the query: %v", got)
		}

		app = e.App(t, encrypted)
		r = app.Request("response_mode", "jwt")
		jwe, err := jose.ParseEncryptedCompact(r.Answer(b.Get(r.Path())).Get("response"), []jose.KeyAlgorithm{jose.ECDH_ES}, []jose.ContentEncryption{jose.A256GCM})
		if err != nil {
			t.Fatal(err)
		}
		plain, err := jwe.Decrypt(key)
		if err != nil {
			t.Fatal(err)
		}
		got := opened(t, app, url.Values{"response": {string(plain)}})
		if app.Redeem(r, got).Status != http.StatusOK {
			t.Errorf("encrypted: %v", got)
		}
		for _, c := range []testenv.App{es256, encrypted} {
			n := startNode(t, e, c, "jarm", "yes", "decrypt", map[bool]string{true: asJSON(t, key)}[c.ID == encrypted.ID], "alg", "ECDH-ES", "enc", "A256GCM",
				"metadata", `{"authorization_signed_response_alg":"`+map[bool]string{true: "ES256", false: "RS256"}[c.ID == es256.ID]+`"}`)
			n.must("callback", "url", b.Get(n.must("begin", "parameters", parameters{"scope": "openid"}).URL).Location)
		}
	})
}

// TestSignedIntrospection: an answer is a JWT for its caller where that is asked
// for, and says of the token the same (RFC 9701).
func TestSignedIntrospection(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		key := keyOf(t, "RSA", "rsa", "enc")
		asks, lines := trusted("asks", "introspection_signed_response_alg: EdDSA")
		secret, more := trusted("asks-encrypted", "jwks: "+publicSet(t, key), "introspection_encrypted_response_alg: RSA-OAEP-256")
		e.Apply("clients:\n" + lines + more)
		token := tokens(t, e.Browser().For(t), e.App(t, web), ada).Str("access_token")
		ask := func(app *testenv.App, token string) *testenv.Answer {
			req := app.NewRequest("/introspect", url.Values{"token": {token}})
			req.Header.Set("Accept", "application/token-introspection+jwt")
			got := app.Do(req)
			if got.Status != http.StatusOK || got.Header.Get("Content-Type") != "application/token-introspection+jwt" {
				t.Fatalf("%d %s %s", got.Status, got.Header.Get("Content-Type"), got.Body)
			}
			return got
		}
		app := e.App(t, asks)
		for _, token := range []string{token, "x"} {
			raw := ask(app, token).Body
			claims := verified(t, app, raw)
			if h := header(t, raw); h["typ"] != "token-introspection+jwt" || h["alg"] != "EdDSA" {
				t.Errorf("header %v", h)
			}
			if claims["iat"] == nil || claims["sub"] != nil || claims["exp"] != nil || claims["active"] != nil {
				t.Errorf("it looks like a token: %v", claims)
			}
			if plain := app.Call("/introspect", "token", token).Fields; !same(claims["token_introspection"], plain) {
				t.Errorf("signed %v, plain %v", claims["token_introspection"], plain)
			}
		}
		jwe, err := jose.ParseEncryptedCompact(ask(e.App(t, secret), token).Body, []jose.KeyAlgorithm{jose.RSA_OAEP_256}, []jose.ContentEncryption{jose.A128CBC_HS256})
		if err != nil {
			t.Fatal(err)
		}
		plain, err := jwe.Decrypt(key)
		if err != nil {
			t.Fatal(err)
		}
		if about, _ := verified(t, e.App(t, secret), string(plain))["token_introspection"].(map[string]any); about["active"] != true {
			t.Errorf("%v", about)
		}
	})
}
