package protocol

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/handle"
	"signet/internal/testenv"
)

// prover makes DPoP proofs with a key, good in all; the edit changes the claims.
type prover struct {
	t    *testing.T
	key  jose.JSONWebKey
	typ  string
	edit func(jwtClaims)
}

func newProver(t *testing.T, alg string) *prover {
	t.Helper()
	key := keyFor(t, alg, "")
	key.Use = ""
	return &prover{t: t, key: key, typ: "dpop+jwt"}
}

// with is the prover with its claims edited.
func (p prover) with(edit func(jwtClaims)) *prover { p.edit = edit; return &p }

// thumbprint is the key's, as cnf has it (RFC 9449 §6.1).
func (p *prover) thumbprint() string {
	sum, err := p.key.Thumbprint(crypto.SHA256)
	if err != nil {
		p.t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// proof is one for the method and the address.
func (p *prover) proof(method, address, token string) string {
	p.t.Helper()
	claims := jwtClaims{"jti": handle.Short(), "htm": method, "htu": address, "iat": time.Now().Unix()}
	if token != "" {
		claims["ath"] = hashOf(token)
	}
	if p.edit != nil {
		p.edit(claims)
	}
	return p.sign(claims, p.key.Public())
}

// sign signs the claims, with jwk in the header.
func (p *prover) sign(claims jwtClaims, jwk any) string {
	p.t.Helper()
	o := (&jose.SignerOptions{}).WithType(jose.ContentType(p.typ)).WithHeader("jwk", jwk)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(p.key.Algorithm), Key: p.key.Key}, o)
	if err != nil {
		p.t.Fatal(err)
	}
	jws, err := signer.Sign([]byte(asJSON(p.t, claims)))
	if err != nil {
		p.t.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}

// prove gives a request its proof.
func (p *prover) prove(req *http.Request, token string) {
	req.Header.Set("DPoP", p.proof(req.Method, req.URL.String(), token))
	if token != "" {
		req.Header.Set("Authorization", "DPoP "+token)
	}
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// bearing is the app that proves nothing, and proving that which proves with p.
func bearing(app testenv.App) *testenv.App            { app.Prove = nil; return &app }
func proving(app testenv.App, p *prover) *testenv.App { app.Prove = p.prove; return &app }

// cnf is what a JWT or an introspection says about the binding.
func cnf(fields map[string]any) map[string]any {
	m, _ := fields["cnf"].(map[string]any)
	return m
}

// TestDPoP: tokens that are asked for with a proof are bound to its key, in
// either format, and are good with it alone (RFC 9449 §5 to §7).
func TestDPoP(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		for _, c := range []testenv.App{web, spa, opaque} {
			p, other := newProver(t, "ES256"), newProver(t, "ES256")
			app := proving(*e.App(t, c), p)
			got := tokens(t, e.Browser().For(t), app, ada, "scope", "openid email offline_access")
			access := got.Str("access_token")
			if got.Str("token_type") != "DPoP" {
				t.Errorf("%s: token_type is %q", c.ID, got.Str("token_type"))
			}
			if c.ID != opaque.ID && cnf(claimsOf(t, access))["jkt"] != p.thumbprint() {
				t.Errorf("%s: cnf of the token is %v", c.ID, claimsOf(t, access)["cnf"])
			}
			if c.Secret != "" {
				about := app.Call("/introspect", "token", access)
				if cnf(about.Fields)["jkt"] != p.thumbprint() || about.Str("token_type") != "DPoP" {
					t.Errorf("%s: introspection: %s", c.ID, about.Body)
				}
			}
			info := app.Userinfo(access)
			if info.Str("email") != ada.Email {
				t.Errorf("%s: userinfo: %d %s", c.ID, info.Status, info.Body)
			}

			refused := func(name string, got *testenv.Answer, code string) {
				t.Helper()
				wantError(t, c.ID+": "+name, got, http.StatusUnauthorized, code)
				if h := got.Header.Get("WWW-Authenticate"); !strings.HasPrefix(h, `DPoP error="`+code+`"`) || !strings.Contains(h, `algs="RS256 `) {
					t.Errorf("%s: %s: WWW-Authenticate is %q", c.ID, name, h)
				}
			}
			refused("as Bearer", bearing(*app).Userinfo(access), "invalid_token")
			refused("with another key", proving(*app, other).Userinfo(access), "invalid_token")
			refused("without proof", withoutProof(app, access), "invalid_dpop_proof")
			refused("without ath", proving(*app, p.with(func(c jwtClaims) { delete(c, "ath") })).Userinfo(access), "invalid_dpop_proof")
			refused("ath of another token", proving(*app, p.with(func(c jwtClaims) { c["ath"] = hashOf("x") })).Userinfo(access), "invalid_dpop_proof")
			refused("for another endpoint", proving(*app, p.with(func(c jwtClaims) { c["htu"] = e.Issuer + "/token" })).Userinfo(access), "invalid_dpop_proof")

			bearer := tokens(t, e.Browser().For(t), bearing(*app), ada, "scope", "openid email")
			refused("a bearer token as DPoP", app.Userinfo(bearer.Str("access_token")), "invalid_token")

			// Refresh tokens of public clients are bound, those of others are their
			// client's, which may change its key (§5).
			refresh := got.Str("refresh_token")
			if c.Secret == "" {
				wantError(t, "refresh without proof", bearing(*app).Refresh(refresh), http.StatusBadRequest, "invalid_grant")
				wantError(t, "refresh with another key", proving(*app, other).Refresh(refresh), http.StatusBadRequest, "invalid_grant")
			} else {
				next := proving(*app, other).Refresh(refresh)
				if next.Status != http.StatusOK || proving(*app, other).Userinfo(next.Str("access_token")).Status != http.StatusOK {
					t.Errorf("%s: refresh with another key: %s", c.ID, next.Body)
				}
				refresh = next.Str("refresh_token")
			}
			for range 2 {
				next := app.Refresh(refresh)
				if next.Status != http.StatusOK || next.Str("token_type") != "DPoP" || app.Userinfo(next.Str("access_token")).Status != http.StatusOK {
					t.Fatalf("%s: refresh: %d %s", c.ID, next.Status, next.Body)
				}
				refused("the refreshed token as Bearer", bearing(*app).Userinfo(next.Str("access_token")), "invalid_token")
				refresh = next.Str("refresh_token")
			}
			if gone := bearing(*app).Call("/revoke", "token", refresh); gone.Status != http.StatusOK {
				t.Errorf("%s: revocation: %s", c.ID, gone.Body)
			}
			wantError(t, "refresh after revocation", app.Refresh(refresh), http.StatusBadRequest, "invalid_grant")
		}
	})
}

// withoutProof presents the token as bound, and proves nothing.
func withoutProof(app *testenv.App, token string) *testenv.Answer {
	bare := *app
	bare.Prove = func(req *http.Request, token string) { req.Header.Set("Authorization", "DPoP "+token) }
	return bare.Userinfo(token)
}

// TestRefreshTokenBecomesBound: what a public client gets with a proof is bound,
// also where it began without (RFC 9449 §5).
func TestRefreshTokenBecomesBound(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		p := newProver(t, "ES256")
		bearer := e.App(t, spa)
		app := proving(*bearer, p)
		first := tokens(t, e.Browser().For(t), bearer, ada, "scope", "openid offline_access")
		second := app.Refresh(first.Str("refresh_token"))
		if second.Str("token_type") != "DPoP" {
			t.Fatalf("%s", second.Body)
		}
		wantError(t, "without proof", bearer.Refresh(second.Str("refresh_token")), http.StatusBadRequest, "invalid_grant")
		if third := app.Refresh(second.Str("refresh_token")); third.Status != http.StatusOK {
			t.Errorf("%s", third.Body)
		}
	})
}

// proofAlgWorks checks that a proof signed with the algorithm binds.
func proofAlgWorks(t *testing.T, e *testenv.Env, alg string) {
	app := proving(*e.App(t, fleet), newProver(t, alg))
	if got := app.Call("/token", "grant_type", "client_credentials"); got.Str("token_type") != "DPoP" {
		t.Errorf("%s", got.Body)
	}
}

// TestProofs: what is not exactly a proof of this key for this request, now and
// for the first time, is refused (RFC 9449 §4.3), and uses nothing up.
func TestProofs(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		p := newProver(t, "ES256")
		app := e.App(t, fleet)
		target := e.Issuer + "/token"
		send := func(proofs ...string) *testenv.Answer {
			t.Helper()
			req := app.NewRequest("/token", url.Values{"grant_type": {"client_credentials"}})
			req.Header["Dpop"] = proofs
			return app.Do(req)
		}
		of := func(edit func(jwtClaims)) string { return p.with(edit).proof("POST", target, "") }
		htu := func(u string) string { return of(func(c jwtClaims) { c["htu"] = u }) }
		for name, good := range map[string]string{
			"plain": of(nil), "query and fragment are ignored": htu(target + "?a=b#c"),
			"host in capitals": htu(strings.Replace(target, "localhost", "LOCALHOST", 1)), "scheme in capitals": htu(strings.Replace(target, "http", "HTTP", 1)),
			"dots in the path": htu(e.Issuer + "/x/../token"), "needless encoding": htu(e.Issuer + "/%74oken"),
			"a little old":   of(func(c jwtClaims) { c["iat"] = time.Now().Add(-50 * time.Second).Unix() }),
			"a little ahead": of(func(c jwtClaims) { c["iat"] = time.Now().Add(30 * time.Second).Unix() }),
			"with fractions": of(func(c jwtClaims) { c["iat"] = float64(time.Now().UnixMilli()) / 1000 }),
		} {
			if got := send(good); got.Status != http.StatusOK {
				t.Errorf("%s: %d %s", name, got.Status, got.Body)
			}
		}
		used := of(nil)
		if got := send(used); got.Status != http.StatusOK {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		claims := jwtClaims{"jti": handle.Short(), "htm": "POST", "htu": target, "iat": time.Now().Unix()}
		secret := prover{t: t, typ: "dpop+jwt", key: jose.JSONWebKey{Key: []byte(strings.Repeat("x", 32)), Algorithm: "HS256"}}
		other, weak := newProver(t, "ES256"), newProver(t, "RS256")
		short, err := rsa.GenerateKey(rand.Reader, 1024)
		if err != nil {
			t.Fatal(err)
		}
		weak.key.Key = short
		plainTyp := *p
		plainTyp.typ = "JWT"
		parts := strings.Split(used, ".")
		for name, bad := range map[string][]string{
			"used before":            {used},
			"the jti of before":      {of(func(c jwtClaims) { c["jti"] = claimsOf(t, used)["jti"] })},
			"two":                    {of(nil), of(nil)},
			"two in one":             {of(nil) + ", " + of(nil)},
			"empty":                  {""},
			"no JWT":                 {"x"},
			"unsigned":               {unsigned(t, claims)},
			"without its signature":  {parts[0] + "." + parts[1] + "."},
			"with another's":         {parts[0] + "." + parts[1] + "." + strings.Split(other.proof("POST", target, ""), ".")[2]},
			"another key in jwk":     {p.sign(claims, other.key.Public())},
			"private key in jwk":     {p.sign(claims, p.key)},
			"no jwk":                 {sign(t, p.key, "ES256", "dpop+jwt", claims)},
			"HS256 with jwk":         {secret.sign(claims, p.key.Public())},
			"HS256 with its own":     {secret.sign(claims, map[string]any{"kty": "oct", "k": base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("x", 32)))})},
			"a short RSA key":        {weak.proof("POST", target, "")},
			"typ JWT":                {plainTyp.proof("POST", target, "")},
			"no jti":                 {of(func(c jwtClaims) { delete(c, "jti") })},
			"a long jti":             {of(func(c jwtClaims) { c["jti"] = strings.Repeat("j", 600) })},
			"no htm":                 {of(func(c jwtClaims) { delete(c, "htm") })},
			"htm GET":                {of(func(c jwtClaims) { c["htm"] = "GET" })},
			"htm post":               {of(func(c jwtClaims) { c["htm"] = "post" })},
			"no htu":                 {of(func(c jwtClaims) { delete(c, "htu") })},
			"htu of another host":    {htu("http://evil.example/token")},
			"htu of another port":    {htu("http://localhost:1/token")},
			"htu of https":           {htu(strings.Replace(target, "http://", "https://", 1))},
			"htu with user":          {htu(strings.Replace(target, "http://", "http://user@", 1))},
			"htu of another path":    {htu(e.Issuer + "/userinfo")},
			"htu with slash":         {htu(target + "/")},
			"htu with encoded slash": {htu(e.Issuer + "%2Ftoken")},
			"htu without host":       {htu("/token")},
			"htu of the issuer":      {htu(e.Issuer)},
			"no iat":                 {of(func(c jwtClaims) { delete(c, "iat") })},
			"old":                    {of(func(c jwtClaims) { c["iat"] = time.Now().Add(-3 * time.Minute).Unix() })},
			"of the future":          {of(func(c jwtClaims) { c["iat"] = time.Now().Add(3 * time.Minute).Unix() })},
			"iat in words":           {of(func(c jwtClaims) { c["iat"] = "now" })},
			"too large":              {of(func(c jwtClaims) { c["x"] = strings.Repeat("x", 10_000) })},
		} {
			wantError(t, name, send(bad...), http.StatusBadRequest, "invalid_dpop_proof")
		}

		// What was refused for its proof has not used up the code.
		shop := e.App(t, web)
		r := shop.Request()
		answer := e.Browser().For(t).SignIn(r, ada)
		old := proving(*shop, p.with(func(c jwtClaims) { c["iat"] = 1 }))
		wantError(t, "an old proof", old.Redeem(r, answer), http.StatusBadRequest, "invalid_dpop_proof")
		if got := proving(*shop, p).Redeem(r, answer); got.Str("token_type") != "DPoP" {
			t.Errorf("%s", got.Body)
		}
	})
}

// TestOneProofManyCallers: of 50 who send one proof, to all nodes, one is let in.
func TestOneProofManyCallers(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		p := newProver(t, "ES256")
		app := e.App(t, fleet)
		for range 3 {
			proof := p.proof("POST", e.Issuer+"/token", "")
			got := atOnce(t, callers, func() *http.Request {
				req := app.NewRequest("/token", url.Values{"grant_type": {"client_credentials"}})
				req.Header.Set("DPoP", proof)
				return req
			})
			if count := statuses(got); count[http.StatusOK] != 1 || count[http.StatusBadRequest] != callers-1 {
				t.Errorf("statuses %v, want one 200 and else 400", count)
			}
		}
	})
}
