package protocol

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/testenv"
)

// claims of a JWT that an app makes.
type jwtClaims = map[string]any

// sign makes a JWT of the claims.
func sign(t *testing.T, key jose.JSONWebKey, alg, typ string, claims jwtClaims) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: key}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign([]byte(asJSON(t, claims)))
	if err != nil {
		t.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// unsigned makes a JWT with alg none.
func unsigned(t *testing.T, claims jwtClaims) string {
	t.Helper()
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(asJSON(t, claims))) + "."
}

// keyFor makes a private key for the signature algorithm.
func keyFor(t *testing.T, alg, kid string) jose.JSONWebKey {
	t.Helper()
	var key any
	var err error
	switch alg {
	case "ES256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ES512":
		key, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "EdDSA":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	return jose.JSONWebKey{Key: key, KeyID: kid, Algorithm: alg, Use: "sig"}
}

// objectOf is the request as the claims of an object, good in all; the edit
// changes it.
func objectOf(e *testenv.Env, r *testenv.Request, edit func(jwtClaims)) jwtClaims {
	now := time.Now()
	claims := jwtClaims{"iss": r.Get("client_id"), "aud": e.Issuer, "exp": now.Add(time.Minute).Unix(), "nbf": now.Unix(), "iat": now.Unix(), "jti": "once"}
	for name, values := range r.Values {
		claims[name] = values[0]
	}
	if edit != nil {
		edit(claims)
	}
	return claims
}

// withObject is the address of a request that has its parameters in the object.
func withObject(e *testenv.Env, r *testenv.Request, object string, pairs ...string) string {
	outer := r.App().Request()
	outer.Values = map[string][]string{"client_id": {r.Get("client_id")}, "request": {object}}
	for i := 0; i+1 < len(pairs); i += 2 {
		outer.Set(pairs[i], pairs[i+1])
	}
	return e.Issuer + "/authorize?" + outer.Encode()
}

// TestRequestObject: a signed request is read from its object alone, and refused
// for everything that is wrong with it (RFC 9101 §6, §10).
func TestRequestObject(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		key, other, stranger := keyFor(t, "PS256", "1"), keyFor(t, "ES256", "2"), keyFor(t, "PS256", "1")
		signs, lines := trusted("signs", "jwks: "+publicSet(t, key, other))
		strict, more := trusted("strict", "jwks: "+publicSet(t, key, other), "request_object_signing_alg: ES256", "require_signed_request_object: true")
		e.Apply("clients:\n" + lines + more)
		app := e.App(t, signs)
		b := signedIn(t, e, app, ada)
		strictApp := e.App(t, strict)

		r := app.Request()
		outside := []string{"state", "outer", "nonce", "outer", "scope", "openid", "redirect_uri", "https://evil.example/cb", "response_type", "id_token", "max_age", "-1"}
		for _, typ := range []string{"oauth-authz-req+jwt", "JWT"} {
			got := wantAnswer(t, e, r, b.Get(withObject(e, r, sign(t, key, "PS256", typ, objectOf(e, r, nil)), outside...)), "")
			redeemed := app.Redeem(r, got)
			if redeemed.Str("scope") != "openid email" {
				t.Errorf("scope %q, want that of the object", redeemed.Str("scope"))
			}
			app.IDToken(redeemed.Str("id_token"), r.Get("nonce"))
		}
		if p := b.Post("/authorize", map[string][]string{"client_id": {app.ID}, "request": {sign(t, key, "PS256", "", objectOf(e, r, nil))}}); r.Answer(p).Get("code") == "" {
			t.Error("posted, the object is refused")
		}
		// Members of other types than text.
		typed := objectOf(e, r, func(c jwtClaims) {
			c["max_age"], c["claims"], c["unknown"], c["exp"] = 3600, jwtClaims{"userinfo": jwtClaims{"nickname": nil}}, nil, float64(time.Now().Unix())+30.5
			delete(c, "iss")
			delete(c, "client_id")
			c["aud"] = []string{"https://other.example", e.Issuer}
		})
		redeemed := app.Redeem(r, wantAnswer(t, e, r, b.Get(withObject(e, r, sign(t, other, "ES256", "", typed))), ""))
		if info := app.Userinfo(redeemed.Str("access_token")); info.Fields["nickname"] != "Enchantress" {
			t.Errorf("claims in the object: userinfo is %v", info.Fields)
		}
		s := strictApp.Request()
		wantAnswer(t, e, s, b.Get(withObject(e, s, sign(t, other, "ES256", "", objectOf(e, s, nil)))), "")
		wantAnswer(t, e, s, b.Get(s.Path()), "invalid_request")
		wantAnswer(t, e, s, b.Get(withObject(e, s, sign(t, key, "PS256", "", objectOf(e, s, nil)), "redirect_uri", s.Get("redirect_uri"), "state", s.Get("state"))), "invalid_request_object")

		good := sign(t, key, "PS256", "", objectOf(e, r, nil))
		parts := strings.Split(good, ".")
		claims := func(edit func(jwtClaims)) string { return sign(t, key, "PS256", "", objectOf(e, r, edit)) }
		for name, bad := range map[string]string{
			"of another key":        sign(t, stranger, "PS256", "", objectOf(e, r, nil)),
			"changed":               parts[0] + "." + strings.Split(claims(func(c jwtClaims) { c["scope"] = "openid profile" }), ".")[1] + "." + parts[2],
			"without its signature": parts[0] + "." + parts[1] + ".",
			"with a key of its own": sign(t, jose.JSONWebKey{Key: stranger.Key}, "PS256", "", objectOf(e, r, nil)),
			"no JWT":                "x",
			"encrypted":             "a.b.c.d.e",
			"of another type":       sign(t, key, "PS256", "at+jwt", objectOf(e, r, nil)),
			"expired":               claims(func(c jwtClaims) { c["exp"] = time.Now().Add(-time.Second).Unix() }),
			"not yet":               claims(func(c jwtClaims) { c["nbf"] = time.Now().Add(time.Hour).Unix() }),
			"of the future":         claims(func(c jwtClaims) { c["iat"] = time.Now().Add(time.Hour).Unix() }),
			"exp of another type":   claims(func(c jwtClaims) { c["exp"] = "tomorrow" }),
			"for another":           claims(func(c jwtClaims) { c["aud"] = "https://other.example" }),
			"from another":          claims(func(c jwtClaims) { c["iss"] = web.ID }),
			"of another client":     claims(func(c jwtClaims) { c["client_id"] = web.ID }),
			"an assertion":          claims(func(c jwtClaims) { c["sub"] = app.ID }),
			"with a request":        claims(func(c jwtClaims) { c["request"] = good }),
			"with a request_uri":    claims(func(c jwtClaims) { c["request_uri"] = "https://signs.example/r" }),
			"scope as a list":       claims(func(c jwtClaims) { c["scope"] = []string{"openid"} }),
			"state as an object":    claims(func(c jwtClaims) { c["state"] = jwtClaims{} }),
			"too large":             claims(func(c jwtClaims) { c["extra"] = strings.Repeat("x", 20_000) }),
		} {
			t.Run(name, func(t *testing.T) {
				b := b.For(t)
				p := b.Get(withObject(e, r, bad, "redirect_uri", r.Get("redirect_uri"), "state", r.Get("state")))
				wantAnswer(t, e, r, p, "invalid_request_object")
				// Nothing says that the answer may go to where the object leads.
				wantPage(t, b.Get(withObject(e, r, bad)), http.StatusBadRequest)
				wantPage(t, b.Get(withObject(e, r, bad, "redirect_uri", "https://evil.example/")), http.StatusBadRequest)
			})
		}
		p := b.Get(withObject(e, r, unsigned(t, objectOf(e, r, nil)), "redirect_uri", r.Get("redirect_uri"), "state", r.Get("state")))
		wantAnswer(t, e, r, p, "request_not_supported")
		// What is wrong with the request in a good object is told as ever.
		wantAnswer(t, e, r, b.Get(withObject(e, r, claims(func(c jwtClaims) { c["prompt"] = "none login" }))), "invalid_request")
		wantPage(t, b.Get(withObject(e, r, claims(func(c jwtClaims) { c["redirect_uri"] = "https://evil.example/" }))), http.StatusBadRequest)
		wantPage(t, b.Get(withObject(e, r, claims(func(c jwtClaims) { delete(c, "redirect_uri") }), "redirect_uri", r.Get("redirect_uri"))), http.StatusBadRequest)
	})
}

// TestUnsignedRequestObject: only for a client that registered alg none.
func TestUnsignedRequestObject(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		key := keyFor(t, "ES256", "1")
		plain, lines := trusted("plain", "request_object_signing_alg: none", "jwks: "+publicSet(t, key))
		e.Apply("clients:\n" + lines)
		app := e.App(t, plain)
		b := signedIn(t, e, app, ada)
		r := app.Request()
		object := unsigned(t, objectOf(e, r, nil))
		wantAnswer(t, e, r, b.Get(withObject(e, r, object)), "")
		for _, bad := range []string{object + "AAAA", sign(t, key, "ES256", "", objectOf(e, r, nil)), strings.TrimSuffix(object, ".")} {
			p := b.Get(withObject(e, r, bad, "redirect_uri", r.Get("redirect_uri"), "state", r.Get("state")))
			wantAnswer(t, e, r, p, "invalid_request_object")
		}
	})
}

// TestEncryptedRequestObject: what is signed and then encrypted is read as what
// is signed; what is encrypted alone only where nothing must be signed; and all
// that cannot be decrypted is refused in the same words (RFC 9101 §6.1).
func TestEncryptedRequestObject(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		key, stranger := keyFor(t, "ES256", "1"), keyFor(t, "ES256", "1")
		app := appWith(t, e, "jwks: "+publicSet(t, key))
		plain := appWith(t, e, "request_object_signing_alg: none")
		b := signedIn(t, e, app, ada)
		box := boxOf(t, e, "RSA-OAEP-256")
		seal := func(text string) string { return encrypted(t, box, "RSA-OAEP-256", "A256GCM", text, nil) }
		r := app.Request()
		signed := sign(t, key, "ES256", "oauth-authz-req+jwt", objectOf(e, r, nil))
		got := wantAnswer(t, e, r, b.Get(withObject(e, r, seal(signed))), "")
		if redeemed := app.Redeem(r, got); redeemed.Status != http.StatusOK {
			t.Errorf("%d %s", redeemed.Status, redeemed.Body)
		}
		pushed := app.Call("/par", "request", seal(signed))
		if pushed.Status != http.StatusCreated {
			t.Errorf("pushed: %d %s", pushed.Status, pushed.Body)
		}
		of := plain.Request()
		for _, object := range []string{asJSON(t, objectOf(e, of, nil)), unsigned(t, objectOf(e, of, nil))} {
			wantAnswer(t, e, of, b.Get(withObject(e, of, seal(object))), "")
		}
		back := []string{"redirect_uri", r.Get("redirect_uri"), "state", r.Get("state")}
		wantAnswer(t, e, r, b.Get(withObject(e, r, seal(asJSON(t, objectOf(e, r, nil))), back...)), "request_not_supported")
		for name, bad := range map[string]string{
			"signed by another": seal(sign(t, stranger, "ES256", "", objectOf(e, r, nil))),
			"encrypted twice":   seal(seal(signed)),
			"nothing":           seal(""),
			"no object":         seal("x"),
			"too large":         seal(sign(t, key, "ES256", "", objectOf(e, r, func(c jwtClaims) { c["extra"] = strings.Repeat("x", 20_000) }))),
		} {
			t.Run(name, func(t *testing.T) {
				wantAnswer(t, e, r, b.For(t).Get(withObject(e, r, bad, back...)), "invalid_request_object")
			})
		}
		parts := strings.Split(seal(signed), ".")
		unknown := boxes()["RSA"]
		unknown = unknown.Public()
		foreign := unknown
		foreign.KeyID = box.KeyID
		bare := jose.JSONWebKey{Key: box.Key}
		words := ""
		for name, bad := range map[string]string{
			"to another key":      encrypted(t, foreign, "RSA-OAEP-256", "A256GCM", signed, nil),
			"to an unknown key":   encrypted(t, unknown, "RSA-OAEP-256", "A256GCM", signed, nil),
			"changed":             strings.Join(append(parts[:4:4], strings.Repeat("A", len(parts[4]))), "."),
			"by another alg":      encrypted(t, bare, "RSA-OAEP", "A256GCM", signed, nil),
			"by a broken one":     encrypted(t, bare, "RSA1_5", "A256GCM", signed, nil),
			"by the client's own": encrypted(t, jose.JSONWebKey{Key: make([]byte, 32)}, "dir", "A256GCM", signed, nil),
			"by a password":       encrypted(t, jose.JSONWebKey{Key: []byte("a password")}, "PBES2-HS256+A128KW", "A256GCM", signed, nil),
			"compressed":          encrypted(t, box, "RSA-OAEP-256", "A256GCM", signed, &jose.EncrypterOptions{Compression: jose.DEFLATE}),
			"garbage":             "a.b.c.d.e",
		} {
			answer := wantAnswer(t, e, r, b.Get(withObject(e, r, bad, back...)), "invalid_request_object")
			said, _, _ := strings.Cut(answer.Get("error_description"), "(")
			if words == "" {
				words = said
			}
			if said != words || said == "" {
				t.Errorf("%s: %q, others %q", name, said, words)
			}
		}
	})
}

// TestRequestObjectAlgs: every algorithm verifies, from npm's openid-client as
// well.
func TestRequestObjectAlgs(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		for _, alg := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"} {
			key := keyFor(t, alg, "of-"+alg)
			signs, lines := trusted("jar-"+strings.ToLower(alg), "jwks: "+publicSet(t, key), "request_object_signing_alg: "+alg)
			e.Apply("clients:\n" + lines)
			app := e.App(t, signs)
			b := signedIn(t, e, app, ada)
			r := app.Request()
			wantAnswer(t, e, r, b.Get(withObject(e, r, sign(t, key, alg, "oauth-authz-req+jwt", objectOf(e, r, nil)))), "")
			if alg == "EdDSA" {
				continue // openid-client knows it by the name of RFC 9864 alone
			}
			n := startNode(t, e, signs, "jar", "yes", "sign", asJSON(t, key))
			n.must("callback", "url", b.Get(n.must("begin", "parameters", parameters{"scope": "openid"}).URL).Location)
		}
	})
}

// TestSealedByAnother: request objects that npm's openid-client signs and npm's jose
// encrypts are read, at the authorization endpoint, pushed, and of a question to a
// person, by each algorithm that is advertised (RFC 9101 §6.1, CIBA Core 1.0 §7.1.1).
func TestSealedByAnother(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		key := keyFor(t, "ES256", "1")
		signs, lines := trusted("seals", "jwks: "+publicSet(t, key), "request_object_signing_alg: ES256", "backchannel_authentication_request_signing_alg: ES256",
			`grant_types: [authorization_code, "`+grantCIBA+`"]`)
		e.Apply("clients:\n" + lines)
		b := signedIn(t, e, e.App(t, signs), ada)
		for i, kind := range [][2]string{{"RSA-OAEP-256", "A256GCM"}, {"ECDH-ES", "A128CBC-HS256"}, {"ECDH-ES", "A128GCM"}, {"RSA-OAEP-256", "A128CBC-HS256"}} {
			pairs := []string{"jar", "yes", "sign", asJSON(t, key), "seal", kind[0], "sealEnc", kind[1]}
			if i%2 == 1 {
				pairs = append(pairs, "par", "yes")
			}
			n := startNode(t, e, signs, pairs...)
			n.must("callback", "url", b.Get(n.must("begin", "parameters", parameters{"scope": "openid"}).URL).Location)
			n.must("askPerson", "parameters", parameters{"scope": "openid", "login_hint": ada.Email})
			b.Submit(approval(t, e, b, ada).Form("allow"), "allow")
			n.must("pollPerson")
			if done := n.must("personDecided"); done.Claims["sub"] == nil {
				t.Errorf("%v: %+v", kind, done)
			}
		}
	})
}

// TestRequestURI: an object is fetched from a registered address alone, and its
// hash is checked where the address has one (OpenID Connect Core §6.2).
func TestRequestURI(t *testing.T) {
	t.Parallel()
	var object atomic.Value
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "/request", http.StatusFound)
			return
		}
		w.Header().Set("Content-Type", "application/oauth-authz-req+jwt")
		w.Write([]byte(object.Load().(string)))
	}))
	t.Cleanup(server.Close)
	key := keyFor(t, "ES256", "1")
	fetched, lines := trusted("fetched", "jwks: "+publicSet(t, key), "request_uris: ["+server.URL+"/request, "+server.URL+"/away, \""+server.URL+"/old#hash\"]")
	e := boot(t, testenv.Options{Env: map[string]string{"SIGNET_OUTBOUND_ALLOW_PRIVATE": "true"}})
	e.Apply("clients:\n" + lines)
	app := e.App(t, fetched)
	b := signedIn(t, e, app, ada)
	r := app.Request()
	text := sign(t, key, "ES256", "oauth-authz-req+jwt", objectOf(e, r, nil))
	object.Store(text)
	sum := sha256.Sum256([]byte(text))
	hash := base64.RawURLEncoding.EncodeToString(sum[:])
	get := func(uri string, pairs ...string) *testenv.Page {
		outer := app.Request()
		outer.Values = map[string][]string{"client_id": {app.ID}, "request_uri": {uri}}
		for i := 0; i+1 < len(pairs); i += 2 {
			outer.Set(pairs[i], pairs[i+1])
		}
		return b.Get(e.Issuer + "/authorize?" + outer.Encode())
	}
	wantAnswer(t, e, r, get(server.URL+"/request"), "")
	wantAnswer(t, e, r, get(server.URL+"/request#"+hash), "")
	before := asked.Load()
	back := []string{"redirect_uri", r.Get("redirect_uri"), "state", r.Get("state")}
	for _, uri := range []string{server.URL + "/other", server.URL + "/request?x", server.URL + "/old", "http://169.254.169.254/", "file:///etc/passwd", "urn:x"} {
		wantAnswer(t, e, r, get(uri, back...), "invalid_request_uri")
	}
	if asked.Load() != before {
		t.Error("an address was fetched that is not registered")
	}
	wantAnswer(t, e, r, get(server.URL+"/away", back...), "invalid_request_uri")
	wantAnswer(t, e, r, get(server.URL+"/old#hash", back...), "invalid_request_uri")
	wantAnswer(t, e, r, get(server.URL+"/request#"+hash[:42]+"_", back...), "invalid_request_uri")
	object.Store(strings.Repeat("x", 20_000))
	wantAnswer(t, e, r, get(server.URL+"/request", back...), "invalid_request_uri")
	object.Store("x")
	wantAnswer(t, e, r, get(server.URL+"/request", back...), "invalid_request_object")
	wantPage(t, get(server.URL+"/request"), http.StatusBadRequest)
	object.Store(unsigned(t, objectOf(e, r, nil)))
	wantAnswer(t, e, r, get(server.URL+"/request", back...), "request_not_supported")
	server.Close()
	wantAnswer(t, e, r, get(server.URL+"/request", back...), "invalid_request_uri")

	guarded := boot(t, testenv.Options{})
	guarded.Apply("clients:\n" + lines)
	e, app, b = guarded, guarded.App(t, fetched), guarded.Browser().For(t)
	wantAnswer(t, e, r, get(server.URL+"/request", back...), "invalid_request_uri")
}
