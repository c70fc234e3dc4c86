package federation

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/org"
	"signet/internal/outbound"
	"signet/internal/session"
)

// idp is a provider as a test plays it: it says what it is told to.
type idp struct {
	*httptest.Server
	key      *rsa.PrivateKey
	kid      string
	keyOf    string         // issuer that the key set names for the key
	metadata map[string]any // changes the discovery document
	claims   map[string]any // changes the ID token; nil takes a claim away
	userinfo map[string]any // nil: there is no such endpoint
	token    func(w http.ResponseWriter, r *http.Request) bool
	alg      jose.SignatureAlgorithm
	fetched  atomic.Int64 // of the key set
	asked    url.Values   // of the last token request
	nonce    string
}

var clock = time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)

func newIDP(t testing.TB) *idp {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &idp{key: key, kid: "k1", alg: jose.RS256, metadata: map[string]any{}, claims: map[string]any{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{path...}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, wellKnown):
			p.write(w, p.discovery())
		case r.URL.Path == "/keys":
			p.fetched.Add(1)
			public := map[string]any{}
			raw, _ := json.Marshal(jose.JSONWebKey{Key: p.key.Public(), KeyID: p.kid, Use: "sig"})
			json.Unmarshal(raw, &public)
			if p.keyOf != "" {
				public["issuer"] = p.keyOf
			}
			p.write(w, map[string]any{"keys": []any{public}})
		case r.URL.Path == "/userinfo" && r.Header.Get("Authorization") == "Bearer at":
			p.write(w, p.userinfo)
		default:
			http.NotFound(w, r)
		}
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		p.asked = r.PostForm
		if p.token != nil && p.token(w, r) {
			return
		}
		w.Header().Set("Content-Type", "application/json")
		p.write(w, map[string]any{"access_token": "at", "token_type": "Bearer", "id_token": p.idToken(t)})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func (p *idp) write(w http.ResponseWriter, v any) { json.NewEncoder(w).Encode(v) }

func (p *idp) discovery() map[string]any {
	d := map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize?x=1", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
	}
	if p.userinfo != nil {
		d["userinfo_endpoint"] = p.URL + "/userinfo"
	}
	maps.Copy(d, p.metadata)
	return d
}

func (p *idp) idToken(t testing.TB) string {
	t.Helper()
	claims := map[string]any{
		"iss": p.URL, "sub": "s1", "aud": "signet", "exp": clock.Add(time.Minute).Unix(), "iat": clock.Unix(), "nonce": p.nonce,
		"email": "Grace@contoso.example", "given_name": "Grace", "family_name": "Hopper", "groups": []string{"staff", "admins"},
	}
	for name, v := range p.claims {
		if claims[name] = v; v == nil {
			delete(claims, name)
		}
	}
	return p.sign(t, claims, "")
}

// sign signs the claims as a token of the type; "": without one.
func (p *idp) sign(t testing.TB, claims map[string]any, typ string) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	var key any = jose.JSONWebKey{Key: p.key, KeyID: p.kid}
	if strings.HasPrefix(string(p.alg), "HS") {
		key = []byte("the-client-secret-of-at-least-32-bytes")
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: p.alg, Key: key}, typed(typ))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func typed(typ string) *jose.SignerOptions {
	if typ == "" {
		return nil
	}
	return (&jose.SignerOptions{}).WithType(jose.ContentType(typ))
}

// trip is one sign-in at the provider.
type trip struct {
	*OpenID
	c Connection
	p *idp
}

func newTrip(t testing.TB, p *idp) *trip {
	t.Helper()
	openID, err := NewOpenID(outbound.New(outbound.Options{AllowPrivate: true, Timeout: 2 * time.Second}), func() time.Time { return clock })
	if err != nil {
		t.Fatal(err)
	}
	return &trip{OpenID: openID, p: p, c: Connection{
		Connection: &org.Connection{ID: "c1", Protocol: org.OIDC, Mapping: org.Mapping{Groups: "groups"},
			OIDC: org.OIDCSettings{MetadataURL: p.URL + wellKnown, ClientID: "signet"}},
		Secrets: org.Secrets{ClientSecret: "s3cret"}, Base: "https://id.example/federation/c1",
	}}
}

func (tr *trip) run(t *testing.T, came url.Values) (*org.Arrival, error) {
	t.Helper()
	going, err := tr.Begin(t.Context(), tr.c, Ask{State: "st"})
	if err != nil {
		return nil, err
	}
	tr.p.nonce = going.Remembered.Nonce
	return tr.Finish(t.Context(), tr.c, &session.Departure{At: clock, Remembered: going.Remembered}, came)
}

var code = url.Values{"code": {"c"}, "state": {"st"}}

// wantTrouble checks why a sign-in came to nothing.
func wantTrouble(t *testing.T, err error, why Why, says string) {
	t.Helper()
	trouble, ok := errors.AsType[*Trouble](err)
	if !ok || trouble.Why != why || !strings.Contains(trouble.Detail, says) {
		t.Errorf("%v; want %s and %q", err, why, says)
	}
}

func TestOpenIDBegin(t *testing.T) {
	p := newIDP(t)
	tr := newTrip(t, p)
	going, err := tr.Begin(t.Context(), tr.c, Ask{State: "st", LoginHint: "grace@contoso.example", UILocales: "de", Fresh: true})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(going.URL)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for name, want := range map[string]string{
		"x": "1", "client_id": "signet", "response_type": "code", "redirect_uri": "https://id.example/federation/c1/callback", "scope": "openid profile email",
		"state": "st", "nonce": going.Remembered.Nonce, "code_challenge_method": "S256", "login_hint": "grace@contoso.example", "ui_locales": "de",
		"prompt": "login", "max_age": "0",
	} {
		if q.Get(name) != want || want == "" {
			t.Errorf("%s is %q, want %q", name, q.Get(name), want)
		}
	}
	if q.Get("code_challenge") == "" || going.Remembered.Verifier == "" || strings.Contains(going.URL, going.Remembered.Verifier) {
		t.Errorf("no proof key: %s", going.URL)
	}
}

func TestOpenIDArrival(t *testing.T) {
	p := newIDP(t)
	p.userinfo = map[string]any{"sub": "s1", "name": "Rear Admiral", "email": "other@contoso.example", "phone_number": "1"}
	p.claims["family_name"] = nil
	p.claims["at_hash"] = nil
	a, err := newTrip(t, p).run(t, code)
	if err != nil {
		t.Fatal(err)
	}
	if a.Subject != "s1" || a.Email != "Grace@contoso.example" || a.GivenName != "Grace" || a.Name != "Rear Admiral" ||
		fmt.Sprint(a.Groups) != "[staff admins]" || a.EmailRefused || a.Attributes["phone_number"][0] != "1" || a.Hint == "" {
		t.Errorf("arrived: %+v", a)
	}
	if p.asked.Get("code_verifier") == "" || p.asked.Get("client_secret") != "" {
		t.Errorf("the token request: %v", p.asked)
	}
	p.claims["email_verified"] = "false"
	p.claims["groups"] = nil
	if a, err = newTrip(t, p).run(t, code); err != nil || !a.EmailRefused || a.Groups != nil {
		t.Errorf("an address that is not proven there: %+v, %v", a, err)
	}
}

// TestOpenIDRefusals: what a provider, or somebody in its place, says and must not
// be believed.
func TestOpenIDRefusals(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*idp, *trip)
		came   url.Values
		why    Why
		says   string
	}{
		{"another issuer", func(p *idp, _ *trip) { p.claims["iss"] = "https://evil.example" }, nil, Nonsense, "different provider"},
		{"another audience", func(p *idp, _ *trip) { p.claims["aud"] = "other" }, nil, Nonsense, "audience"},
		{"several audiences", func(p *idp, _ *trip) { p.claims["aud"] = []string{"signet", "other"} }, nil, Nonsense, "azp"},
		{"issued to another", func(p *idp, _ *trip) { p.claims["azp"] = "other" }, nil, Nonsense, "azp"},
		{"another nonce", func(p *idp, _ *trip) { p.claims["nonce"] = "n" }, nil, Nonsense, "nonce"},
		{"no nonce", func(p *idp, _ *trip) { p.claims["nonce"] = nil }, nil, Nonsense, "nonce"},
		{"expired", func(p *idp, _ *trip) { p.claims["exp"] = clock.Add(-time.Second).Unix() }, nil, Nonsense, "expired"},
		{"old", func(p *idp, _ *trip) { p.claims["iat"] = clock.Add(-time.Hour).Unix() }, nil, Nonsense, "iat"},
		{"of tomorrow", func(p *idp, _ *trip) { p.claims["iat"] = clock.Add(time.Hour).Unix() }, nil, Nonsense, "iat"},
		{"no subject", func(p *idp, _ *trip) { p.claims["sub"] = nil }, nil, Nonsense, "subject"},
		{"a long subject", func(p *idp, _ *trip) { p.claims["sub"] = strings.Repeat("s", 256) }, nil, Nonsense, "subject"},
		{"another access token", func(p *idp, _ *trip) { p.claims["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA" }, nil, Nonsense, "at_hash"},
		{"made with the secret", func(p *idp, _ *trip) { p.alg = jose.HS256 }, nil, Nonsense, "not good"},
		{"an algorithm not promised", func(p *idp, _ *trip) { p.alg = jose.PS512 }, nil, Nonsense, "not good"},
		{"another key", func(p *idp, _ *trip) { p.key, _ = rsa.GenerateKey(rand.Reader, 2048); p.keyOf = "x" }, nil, Nonsense, "key of another issuer"},
		{"userinfo of somebody else", func(p *idp, _ *trip) {
			p.userinfo, p.claims["email"] = map[string]any{"sub": "s2", "email": "b@c.example"}, nil
		}, nil, Nonsense, "somebody else"},
		{"another directory", func(p *idp, tr *trip) { tr.c.OIDC.Tenants = []string{"t1"}; p.claims["tid"] = "t2" }, nil, Nonsense, "tid"},
		{"no directory", func(_ *idp, tr *trip) { tr.c.OIDC.Tenants = []string{"t1"} }, nil, Nonsense, "tid"},
		{"two codes", nil, url.Values{"code": {"a", "b"}}, Nonsense, "more than one code"},
		{"two issuers", nil, url.Values{"code": {"a"}, "iss": {"a", "b"}}, Nonsense, "more than one iss"},
		{"a huge code", nil, url.Values{"code": {strings.Repeat("a", maxCode+1)}}, Nonsense, "no code"},
		{"an answer of another", nil, url.Values{"code": {"a"}, "iss": {"https://evil.example"}}, Nonsense, "evil.example"},
		{"issuer promised and missing", func(p *idp, _ *trip) { p.metadata["authorization_response_iss_parameter_supported"] = true }, code, Nonsense, "RFC 9207"},
		{"refused", nil, url.Values{"error": {"access_denied"}}, Refused, "access_denied"},
		{"busy", nil, url.Values{"error": {"temporarily_unavailable"}}, Down, "temporarily_unavailable"},
		{"metadata of another", func(p *idp, _ *trip) { p.metadata["issuer"] = "https://evil.example" }, nil, Down, "enter that address"},
		{"no signatures", func(p *idp, _ *trip) { p.metadata["id_token_signing_alg_values_supported"] = []string{"none", "HS256"} }, nil, Down, "no way that is accepted"},
		{"all directories", func(p *idp, tr *trip) { p.metadata["issuer"] = p.URL + "/{tenantid}/v2.0" }, nil, Settings, "tenants"},
		{"no client", func(_ *idp, tr *trip) { tr.c.OIDC.ClientID = "" }, nil, Settings, "client id"},
		{"no metadata", func(_ *idp, tr *trip) { tr.c.OIDC.MetadataURL = "" }, nil, Settings, "no metadata"},
		{"the secret is wrong", func(p *idp, _ *trip) { p.token = answer(http.StatusUnauthorized, `{"error":"invalid_client"}`) }, nil, Settings, "client secret"},
		{"the code is used", func(p *idp, _ *trip) { p.token = answer(http.StatusBadRequest, `{"error":"invalid_grant"}`) }, nil, Nonsense, "refuses the code"},
		{"broken", func(p *idp, _ *trip) { p.token = answer(http.StatusInternalServerError, "oops") }, nil, Down, "status 500"},
		{"elsewhere", func(p *idp, _ *trip) { p.token = answer(http.StatusFound, "") }, nil, Nonsense, "status 302"},
		{"nonsense", func(p *idp, _ *trip) { p.token = answer(http.StatusOK, "<html>") }, nil, Nonsense, "no token answer"},
		{"without an ID token", func(p *idp, _ *trip) { p.token = answer(http.StatusOK, `{"access_token":"a","token_type":"Bearer"}`) }, nil, Nonsense, "without an ID token"},
		{"endless", func(p *idp, _ *trip) {
			p.token = answer(http.StatusOK, `{"access_token":"`+strings.Repeat("a", maxAnswer))
		}, nil, Nonsense, "no token answer"},
		{"no key to prove with", func(_ *idp, tr *trip) { tr.c.OIDC.AuthMethod = "private_key_jwt" }, nil, Settings, "private key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newIDP(t)
			tr := newTrip(t, p)
			if test.change != nil {
				test.change(p, tr)
			}
			came := test.came
			if came == nil {
				came = code
			}
			a, err := tr.run(t, came)
			if a != nil {
				t.Errorf("somebody arrived: %+v", a)
			}
			wantTrouble(t, err, test.why, test.says)
		})
	}
}

func answer(status int, body string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
		return true
	}
}

// TestOpenIDDown: a provider that hangs or is gone costs its own people a moment.
func TestOpenIDDown(t *testing.T) {
	p := newIDP(t)
	tr := newTrip(t, p)
	hang := make(chan struct{})
	p.token = func(http.ResponseWriter, *http.Request) bool { <-hang; return true }
	_, err := tr.run(t, code)
	close(hang)
	wantTrouble(t, err, Down, "cannot be reached")
	gone := newIDP(t)
	away := newTrip(t, gone)
	gone.Close()
	_, err = away.Begin(t.Context(), away.c, Ask{State: "st"})
	wantTrouble(t, err, Down, "cannot be reached")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = newTrip(t, p).Begin(ctx, newTrip(t, p).c, Ask{State: "st"})
	if err != nil { // the document is fetched for whoever comes next
		t.Errorf("a browser that went away: %v", err)
	}
}

// TestOpenIDDirectories: Entra ID's issuer for many directories lets in those of
// the connection's list, each under its own issuer and with a key of its own.
func TestOpenIDDirectories(t *testing.T) {
	const mine, other = "8e4d3a52-1111-4c3b-9b7d-0123456789ab", "9188040d-6c67-4c5b-b112-36a304b66dad"
	p := newIDP(t)
	p.metadata["issuer"] = p.URL + "/{tenantid}/v2.0"
	tr := newTrip(t, p)
	tr.c.OIDC.MetadataURL = p.URL + "/organizations/v2.0" + wellKnown
	tr.c.OIDC.Tenants = []string{strings.ToUpper(mine)}
	p.claims["tid"], p.claims["iss"] = mine, p.URL+"/"+mine+"/v2.0"
	a, err := tr.run(t, code)
	if err != nil || a.Subject != mine+"/s1" {
		t.Fatalf("%+v, %v", a, err)
	}
	p.claims["iss"] = p.URL + "/" + other + "/v2.0"
	_, err = tr.run(t, code)
	wantTrouble(t, err, Nonsense, "tid")
	p.claims["tid"] = other
	_, err = tr.run(t, code)
	wantTrouble(t, err, Nonsense, "tid")
	p.claims["tid"], p.claims["iss"] = mine, p.URL+"/"+mine+"/v2.0"
	p.keyOf = p.URL + "/{tenantid}/v2.0"
	if _, err = newTripLike(t, tr).run(t, code); err != nil {
		t.Errorf("a key of all directories: %v", err)
	}
	p.keyOf = p.URL + "/" + other + "/v2.0"
	_, err = newTripLike(t, tr).run(t, code)
	wantTrouble(t, err, Nonsense, "key of another issuer")
}

// newTripLike is another node of the same house.
func newTripLike(t *testing.T, tr *trip) *trip {
	t.Helper()
	next := newTrip(t, tr.p)
	next.c = tr.c
	return next
}

// FuzzMetadata: what a stranger publishes is read or refused, and leads nowhere
// but to addresses.
func FuzzMetadata(f *testing.F) {
	f.Add([]byte(`{"issuer":"https://a.example","authorization_endpoint":"https://a.example/a","token_endpoint":"https://a.example/t","jwks_uri":"https://a.example/k"}`))
	f.Add([]byte(`{"issuer":"https://login.example/{tenantid}/v2.0","authorization_endpoint":"javascript:alert(1)"}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := ParseMetadata(raw)
		if err != nil {
			return
		}
		for _, address := range []string{m.Authorization, m.Token, m.Keys} {
			u, err := url.Parse(address)
			if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
				t.Errorf("%q is taken for an address", address)
			}
		}
		if len(m.Algs) == 0 || m.Issuer == "" {
			t.Errorf("%+v", m)
		}
		m.checkOrigin("https://a.example" + wellKnown)
	})
}
