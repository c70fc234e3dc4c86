package protocol

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/client"
	"signet/internal/testenv"
)

// keyOf makes a private key of an app; use "" is for both.
func keyOf(t *testing.T, kty, kid, use string) jose.JSONWebKey {
	t.Helper()
	var key any
	var err error
	if kty == "RSA" {
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	} else {
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	return jose.JSONWebKey{Key: key, KeyID: kid, Use: use}
}

// publicSet is the key set of the keys' public halves, as JSON.
func publicSet(t *testing.T, keys ...jose.JSONWebKey) string {
	t.Helper()
	var set jose.JSONWebKeySet
	for _, k := range keys {
		set.Keys = append(set.Keys, k.Public())
	}
	return asJSON(t, set)
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// trusted is a client of the house for a declaration, with further lines.
func trusted(id string, lines ...string) (testenv.App, string) {
	app := testenv.App{ID: id, Secret: "secret-of-" + id, Redirect: "https://" + strings.ToLower(id) + ".example/cb", Scope: "openid email"}
	return app, fmt.Sprintf("  - id: %s\n    secret: %s\n    redirect_uris: [%q]\n    scopes: [openid, profile, email, offline_access]\n    trusted: true\n", id, app.Secret, app.Redirect) +
		"    " + strings.Join(lines, "\n    ") + "\n"
}

// TestSignedResponses: every algorithm signs ID tokens and userinfo for a client
// that is registered for it; a library verifies them.
func TestSignedResponses(t *testing.T) {
	t.Parallel()
	algs := []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
	e := boot(t, testenv.Options{Env: map[string]string{"SIGNET_KEYS_ALGORITHMS": strings.Join(algs, ",")}})
	yaml := "clients:\n"
	apps := map[string]testenv.App{}
	for _, alg := range algs {
		app, lines := trusted("of-"+alg, "id_token_signed_response_alg: "+alg, "userinfo_signed_response_alg: "+alg, "access_token_signed_response_alg: "+alg)
		apps[alg], yaml = app, yaml+lines
	}
	e.Apply(yaml)
	doc := fetch(t, e.Issuer+"/.well-known/openid-configuration", nil)
	for _, name := range []string{"id_token_signing_alg_values_supported", "userinfo_signing_alg_values_supported"} {
		if got := words(doc.Fields[name]); !slices.Equal(got, algs) {
			t.Errorf("%s: %v", name, got)
		}
	}
	b := e.Browser().For(t)
	for _, alg := range algs {
		app := e.App(t, apps[alg])
		got := tokens(t, b, app, ada)
		id := app.IDToken(got.Str("id_token"), "")
		if header(t, got.Str("id_token"))["alg"] != alg || header(t, got.Str("access_token"))["alg"] != alg {
			t.Errorf("%s: signed with %v", alg, header(t, got.Str("id_token")))
		}
		info := app.Userinfo(got.Str("access_token"))
		if info.Header.Get("Content-Type") != "application/jwt" {
			t.Fatalf("%s: userinfo is %s: %s", alg, info.Header.Get("Content-Type"), info.Body)
		}
		jws, err := jose.ParseSignedCompact(info.Body, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := jws.Verify(keysAt(t, e.Issuer)); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
		claims := claimsOf(t, info.Body)
		if claims["iss"] != e.Issuer || claims["aud"] != app.ID || claims["sub"] != id["sub"] || claims["email"] != ada.Email {
			t.Errorf("%s: userinfo says %v", alg, claims)
		}
		// It names the person, and is no ID token (§16.11).
		r := app.Request("id_token_hint", info.Body)
		wantAnswer(t, e, r, b.Get(r.Path()), "invalid_request")
		n := startNode(t, e, apps[alg], "metadata", `{"userinfo_signed_response_alg":"`+alg+`","id_token_signed_response_alg":"`+alg+`"}`)
		done := n.must("callback", "url", b.Get(n.must("begin", "parameters", parameters{"scope": "openid email"}).URL).Location)
		if info := n.must("userinfo", "token", done.Tokens.Access, "subject", done.Claims["sub"]); info.Claims["email"] != ada.Email {
			t.Errorf("%s: openid-client reads %v", alg, info.Claims)
		}
	}
}

// TestEncryptedResponses: ID tokens and userinfo are signed and then encrypted
// to the client's key, by every algorithm; openid-client decrypts them.
func TestEncryptedResponses(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		rsaKey, ecKey := keyOf(t, "RSA", "rsa", "enc"), keyOf(t, "EC", "ec", "enc")
		set := publicSet(t, keyOf(t, "EC", "not-this", "sig"), rsaKey, ecKey)
		for _, alg := range client.KeyAlgs {
			for _, enc := range client.ContentEncs {
				id := strings.NewReplacer("+", "-").Replace(alg + "-" + enc)
				app, lines := trusted(id, "jwks: "+set,
					"id_token_encrypted_response_alg: "+alg, "id_token_encrypted_response_enc: "+enc, "id_token_signed_response_alg: ES256",
					"userinfo_signed_response_alg: EdDSA", "userinfo_encrypted_response_alg: "+alg, "userinfo_encrypted_response_enc: "+enc)
				e.Apply("clients:\n" + lines)
				key := ecKey
				if alg == "RSA-OAEP-256" {
					key = rsaKey
				}
				got := tokens(t, e.Browser().For(t), e.App(t, app), ada)
				info := e.App(t, app).Userinfo(got.Str("access_token")).Body
				for what, raw := range map[string]string{"ID token": got.Str("id_token"), "userinfo": info} {
					jwe, err := jose.ParseEncryptedCompact(raw, []jose.KeyAlgorithm{jose.KeyAlgorithm(alg)}, []jose.ContentEncryption{jose.ContentEncryption(enc)})
					if err != nil {
						t.Fatalf("%s, %s: %v", id, what, err)
					}
					plain, err := jwe.Decrypt(key)
					if err != nil || jwe.Header.KeyID != key.KeyID || jwe.Header.ExtraHeaders[jose.HeaderContentType] != "JWT" {
						t.Fatalf("%s, %s: %v, header %v", id, what, err, jwe.Header)
					}
					if claims := claimsOf(t, string(plain)); claims["iss"] != e.Issuer || claims["aud"] != app.ID {
						t.Errorf("%s, %s: %v", id, what, claims)
					}
				}
				n := startNode(t, e, app, "decrypt", asJSON(t, key), "alg", alg, "enc", enc,
					"metadata", `{"userinfo_signed_response_alg":"EdDSA","id_token_signed_response_alg":"ES256"}`)
				b := signedIn(t, e, e.App(t, app), ada)
				done := n.must("callback", "url", b.Get(n.must("begin", "parameters", parameters{"scope": "openid email"}).URL).Location)
				if info := n.must("userinfo", "token", done.Tokens.Access, "subject", done.Claims["sub"]); info.Claims["email"] != ada.Email {
					t.Errorf("%s: openid-client reads %v", id, info.Claims)
				}
			}
		}
	})
}

// TestKeysByURI: a client's keys are fetched from its jwks_uri, once for many
// answers; where there are none the app is told.
func TestKeysByURI(t *testing.T) {
	t.Parallel()
	key := keyOf(t, "EC", "ec", "")
	var asked atomic.Int32
	var body atomic.Value
	body.Store(publicSet(t, key))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Write([]byte(body.Load().(string)))
	}))
	t.Cleanup(server.Close)
	lines := []string{"jwks_uri: " + server.URL + "/keys", "userinfo_encrypted_response_alg: ECDH-ES", "grant_types: [authorization_code, refresh_token]"}
	app, client := trusted("by-uri", lines...)
	e := boot(t, testenv.Options{Env: map[string]string{"SIGNET_OUTBOUND_ALLOW_PRIVATE": "true"}})
	e.Apply("clients:\n" + client)
	a := e.App(t, app)
	b := e.Browser().For(t)
	token := tokens(t, b, a, ada).Str("access_token")
	for range 5 {
		info := a.Userinfo(token)
		jwe, err := jose.ParseEncryptedCompact(info.Body, []jose.KeyAlgorithm{jose.ECDH_ES}, []jose.ContentEncryption{jose.A128CBC_HS256})
		if err != nil {
			t.Fatalf("%d %s: %v", info.Status, info.Body, err)
		}
		plain, err := jwe.Decrypt(key)
		if err != nil || !strings.Contains(string(plain), ada.Email) {
			t.Errorf("decrypted: %s, %v", plain, err)
		}
	}
	if asked.Load() != 1 {
		t.Errorf("the key set was fetched %d times, want once", asked.Load())
	}
	guarded := boot(t, testenv.Options{})
	guarded.Apply("clients:\n" + client)
	a = guarded.App(t, app)
	info := a.Userinfo(tokens(t, guarded.Browser().For(t), a, ada).Str("access_token"))
	if info.Status != http.StatusBadRequest || asked.Load() != 1 {
		t.Errorf("keys on this machine, where that is not allowed: %d %s, fetched %d times", info.Status, info.Body, asked.Load())
	}
	// The app is told, also where its tokens would pass through the browser.
	front, client := trusted("by-uri-front", lines[0], "id_token_encrypted_response_alg: ECDH-ES", "grant_types: [implicit]", "response_types: [id_token]")
	guarded.Apply("clients:\n" + client)
	r := guarded.App(t, front).Request("response_type", "id_token")
	signedIn := guarded.Browser().For(t)
	signedIn.Finish(signedIn.Get(guarded.Issuer+"/account"), ada)
	wantAnswer(t, guarded, r, signedIn.Get(r.Path()), "invalid_request")
}
