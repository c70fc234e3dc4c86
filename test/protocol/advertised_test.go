package protocol

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/handle"
	"signet/internal/testenv"
)

// What specifications know, beyond what is advertised.
var (
	grantTypesKnown = []string{
		"password", "urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:jwt-bearer",
		"urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:grant-type:saml2-bearer", "unknown",
	}
	authMethodsKnown = []string{"tls_client_auth", "self_signed_tls_client_auth", "client_secret_hash"}
	signingAlgsKnown = []string{"none", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "ES256K", "EdDSA"}
	keyAlgsKnown     = []string{"RSA1_5", "RSA-OAEP", "A128KW", "A256KW", "dir", "A128GCMKW", "A256GCMKW", "PBES2-HS256+A128KW"}
	encsKnown        = []string{"A192CBC-HS384", "A256CBC-HS512", "A192GCM"}
)

// boxes are the keys to which the house encrypts for these tests, by the type
// that their algorithms need.
var boxes = sync.OnceValue(func() map[string]jose.JSONWebKey {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	ec, other := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err := errors.Join(err, other); err != nil {
		panic(err) // a machine without randomness
	}
	return map[string]jose.JSONWebKey{"RSA": {Key: r, KeyID: "rsa", Use: "enc"}, "EC": {Key: ec, KeyID: "ec", Use: "enc"}}
})

func boxSet(t *testing.T) string { return publicSet(t, boxes()["RSA"], boxes()["EC"]) }

// appWith declares a client of the house with the lines of metadata.
func appWith(t *testing.T, e *testenv.Env, lines ...string) *testenv.App {
	t.Helper()
	app, yaml := trusted("of-"+handle.Short(), lines...)
	e.Apply("clients:\n" + yaml)
	return e.App(t, app)
}

// metadataFails checks that no client can be registered with the value, and the
// further pairs of names and values.
func metadataFails(name string, pairs ...string) proof {
	return func(t *testing.T, e *testenv.Env, value string) {
		m := metadata{"redirect_uris": []string{"https://new.example/cb"}, "jwks": decoded(t, boxSet(t))}
		for i := 0; i+1 < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		m[name] = value
		wantError(t, name+" "+value, call(t, "POST", e.Issuer+"/register", "", m), http.StatusBadRequest, "invalid_client_metadata")
	}
}

// What a client gets that can be signed and encrypted for it.
func idTokenFor(t *testing.T, e *testenv.Env, app *testenv.App) string {
	return tokens(t, e.Browser().For(t), app, ada).Str("id_token")
}

func userinfoFor(t *testing.T, e *testenv.Env, app *testenv.App) string {
	return app.Userinfo(tokens(t, e.Browser().For(t), app, ada).Str("access_token")).Body
}

func answerFor(t *testing.T, e *testenv.Env, app *testenv.App) string {
	return e.Browser().For(t).SignIn(app.Request("response_mode", "jwt"), ada).Get("response")
}

func introspectionFor(t *testing.T, e *testenv.Env, app *testenv.App) string {
	req := app.NewRequest("/introspect", url.Values{"token": {tokens(t, e.Browser().For(t), app, ada).Str("access_token")}})
	req.Header.Set("Accept", "application/token-introspection+jwt")
	return app.Do(req).Body
}

// signs checks that a client with each value as its metadata gets what is signed
// so, and that none can have another.
func signs(name string, get func(*testing.T, *testenv.Env, *testenv.App) string) func(*testing.T, *testenv.Env, any) {
	return exactly(func(t *testing.T, e *testenv.Env, alg string) {
		raw := get(t, e, appWith(t, e, name+": "+alg))
		jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		if _, err := jws.Verify(keysAt(t, e.Issuer)); err != nil {
			t.Error(err)
		}
	}, metadataFails(name), signingAlgsKnown...)
}

// encrypts checks the same of encryption; which is "alg" or "enc".
func encrypts(stem, which string, get func(*testing.T, *testenv.Env, *testenv.App) string) func(*testing.T, *testenv.Env, any) {
	known := keyAlgsKnown
	if which == "enc" {
		known = encsKnown
	}
	return exactly(func(t *testing.T, e *testenv.Env, value string) {
		alg, enc := "ECDH-ES", "A128CBC-HS256"
		if which == "alg" {
			alg = value
		} else {
			enc = value
		}
		app := appWith(t, e, "jwks: "+boxSet(t), stem+"_alg: "+alg, stem+"_enc: "+enc)
		raw := get(t, e, app)
		jwe, err := jose.ParseEncryptedCompact(raw, []jose.KeyAlgorithm{jose.KeyAlgorithm(alg)}, []jose.ContentEncryption{jose.ContentEncryption(enc)})
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		kty := "EC"
		if strings.HasPrefix(alg, "RSA") {
			kty = "RSA"
		}
		if _, err := jwe.Decrypt(boxes()[kty]); err != nil {
			t.Error(err)
		}
	}, metadataFails(stem+"_"+which, stem+"_alg", "ECDH-ES"), known...)
}

// authMethodWorks checks that a client of the method is let in at the endpoint
// by what it proves, and not by its id alone.
func authMethodWorks(endpoint string) proof {
	return func(t *testing.T, e *testenv.Env, method string) {
		var app testenv.App
		switch method {
		case "none":
			app = spa
		case "private_key_jwt":
			app = asserting(t, e, "by-"+handle.Short(), keyFor(t, "ES256", "1"))
		default:
			app = *appWith(t, e, "auth_method: "+method, "grant_types: [authorization_code, client_credentials]")
			app.Post = method == "client_secret_post"
			if method == "client_secret_jwt" {
				// At least 32 bytes, which sign (RFC 7518 §3.2).
				secret := handle.New()
				e.Apply("clients:\n  - id: " + app.ID + "\n    secret: " + secret + "\n    auth_method: " + method + "\n    redirect_uris: [" + app.Redirect + "]\n    grant_types: [authorization_code, client_credentials]\n")
				app.Assert = func() string {
					return sign(t, jose.JSONWebKey{Key: []byte(secret)}, "HS256", "JWT", assertion(e, app.ID, nil))
				}
			}
		}
		letIn(t, e, e.App(t, app), endpoint, method != "none")
	}
}

func letIn(t *testing.T, e *testenv.Env, app *testenv.App, endpoint string, proves bool) {
	t.Helper()
	form := []string{"grant_type", "client_credentials", "token", "x"}
	if !proves {
		form[1] = "refresh_token" // client_credentials is for who can prove who they are
	}
	got := app.Call(endpoint, form...)
	if got.Status != http.StatusOK && (proves || got.Str("error") != "invalid_request") {
		t.Errorf("%s: %d %s", endpoint, got.Status, got.Body)
	}
	if proves {
		bare := raw401(t, e.Issuer+endpoint, url.Values{"grant_type": {"client_credentials"}, "token": {"x"}, "client_id": {app.ID}}, "")
		wantError(t, "by its id alone", bare, http.StatusUnauthorized, "invalid_client")
	}
}

// authAlgWorks checks that an assertion signed with the algorithm is taken at
// the endpoint.
func authAlgWorks(endpoint string) proof {
	return func(t *testing.T, e *testenv.Env, alg string) {
		if alg == "HS256" {
			authMethodWorks(endpoint)(t, e, "client_secret_jwt")
			return
		}
		app := asserting(t, e, "by-"+handle.Short(), keyFor(t, alg, "1"), "token_endpoint_auth_signing_alg: "+alg)
		letIn(t, e, e.App(t, app), endpoint, true)
	}
}

// requestObjectWorks checks that a request signed with the algorithm is read.
func requestObjectWorks(t *testing.T, e *testenv.Env, alg string) {
	if alg == "none" {
		app := appWith(t, e, "request_object_signing_alg: none")
		r := app.Request()
		wantAnswer(t, e, r, signedIn(t, e, app, ada).Get(withObject(e, r, unsigned(t, objectOf(e, r, nil)))), "")
		return
	}
	key := keyFor(t, alg, "1")
	app := appWith(t, e, "request_object_signing_alg: "+alg, "jwks: "+publicSet(t, key))
	r := app.Request()
	wantAnswer(t, e, r, signedIn(t, e, app, ada).Get(withObject(e, r, sign(t, key, alg, "oauth-authz-req+jwt", objectOf(e, r, nil)))), "")
}

// boxOf is the provider's key to encrypt to by the algorithm.
func boxOf(t *testing.T, e *testenv.Env, alg string) jose.JSONWebKey {
	t.Helper()
	for _, k := range keysAt(t, e.Issuer).Keys {
		if k.Use == "enc" && k.Algorithm == alg {
			return k
		}
	}
	t.Fatalf("no key to encrypt to by %s is published", alg)
	return jose.JSONWebKey{}
}

// encrypted is the text encrypted to the provider.
func encrypted(t *testing.T, key jose.JSONWebKey, alg, enc, text string, o *jose.EncrypterOptions) string {
	t.Helper()
	encrypter, err := jose.NewEncrypter(jose.ContentEncryption(enc), jose.Recipient{Algorithm: jose.KeyAlgorithm(alg), Key: key}, o)
	if err != nil {
		t.Fatal(err)
	}
	jwe, err := encrypter.Encrypt([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := jwe.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// encryptedObjectWorks checks that a request that is signed, and then encrypted
// so, is read; which is "alg" or "enc".
func encryptedObjectWorks(which string) proof {
	return func(t *testing.T, e *testenv.Env, value string) {
		alg, enc := "ECDH-ES", "A128GCM"
		if which == "alg" {
			alg = value
		} else {
			enc = value
		}
		key := keyFor(t, "ES256", "1")
		app := appWith(t, e, "request_object_encryption_alg: "+alg, "request_object_encryption_enc: "+enc, "jwks: "+publicSet(t, key))
		r := app.Request()
		object := encrypted(t, boxOf(t, e, alg), alg, enc, sign(t, key, "ES256", "", objectOf(e, r, nil)), (&jose.EncrypterOptions{}).WithContentType("JWT"))
		wantAnswer(t, e, r, signedIn(t, e, app, ada).Get(withObject(e, r, object)), "")
	}
}

// subjectTypeWorks checks that people have the same name at two clients if it is
// public, and two if it is pairwise.
func subjectTypeWorks(t *testing.T, e *testenv.Env, kind string) {
	b := e.Browser().For(t)
	sub := func() any {
		app := appWith(t, e, "subject_type: "+kind)
		return app.IDToken(tokens(t, b, app, ada).Str("id_token"), "")["sub"]
	}
	if one, other := sub(), sub(); one == nil || (one == other) != (kind == "public") {
		t.Errorf("subjects %v and %v at two clients", one, other)
	}
}

// grantFails checks that nobody gets tokens by the grant.
func grantFails(t *testing.T, e *testenv.Env, grant string) {
	got := e.App(t, opaque).Call("/token", "grant_type", grant, "username", ada.Email, "password", ada.Password, "assertion", "x")
	wantError(t, grant, got, http.StatusBadRequest, "unsupported_grant_type")
}
