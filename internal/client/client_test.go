package client_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/store/storetest"
)

var rules = client.Rules{Algs: []string{"RS256", "ES256", "EdDSA"}}

func valid() client.Client {
	return client.Client{ID: "web", SecretHash: "x", Metadata: client.Metadata{RedirectURIs: []string{"https://app.example/cb"}}}
}

func TestDefaults(t *testing.T) {
	c := valid()
	c.Fill()
	if err := c.Check(rules); err != nil {
		t.Fatal(err)
	}
	if c.AuthMethod != client.AuthBasic || c.ApplicationType != "web" || !c.MayGrant(client.GrantCode) || c.IDTokenAlg != "RS256" || c.Name != "web" {
		t.Errorf("defaults: %+v", c)
	}
	public := client.Client{ID: "spa", Metadata: client.Metadata{RedirectURIs: []string{"https://app.example/cb"}}}
	if public.Fill(); !public.Public() {
		t.Error("a client without a secret is not public")
	}
}

// TestFlowsFollowFromEachOther: what is left out of grant types and response
// types is what the other needs, and the order of words counts for nothing.
func TestFlowsFollowFromEachOther(t *testing.T) {
	for _, tc := range []struct{ grants, types, wantGrants, wantTypes string }{
		{"", "", "authorization_code", "code"},
		{"", "token id_token", "implicit", "id_token token"},
		{"", "token id_token code,code", "authorization_code,implicit", "code id_token token,code"},
		{"client_credentials", "", "client_credentials", ""},
		{"authorization_code,implicit", "id_token code", "authorization_code,implicit", "code id_token"},
		{"", "none", "authorization_code", "none"},
	} {
		c := valid()
		c.GrantTypes, c.ResponseTypes = list(tc.grants), list(tc.types)
		c.Fill()
		if err := c.Check(rules); err != nil {
			t.Errorf("%+v: %v", tc, err)
		}
		if strings.Join(c.GrantTypes, ",") != tc.wantGrants || strings.Join(c.ResponseTypes, ",") != tc.wantTypes {
			t.Errorf("%+v: %v, %v", tc, c.GrantTypes, c.ResponseTypes)
		}
	}
}

func list(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

func TestCheckNamesTheField(t *testing.T) {
	cases := []struct {
		field string
		edit  func(*client.Client)
	}{
		{"id", func(c *client.Client) { c.ID = "a b" }},
		{"id", func(c *client.Client) { c.ID = "" }},
		{"application_type", func(c *client.Client) { c.ApplicationType = "mobile" }},
		{"auth_method", func(c *client.Client) { c.AuthMethod = "magic" }},
		{"secret", func(c *client.Client) { c.AuthMethod = client.AuthNone }},
		{"secret", func(c *client.Client) { c.SecretHash, c.AuthMethod = "", client.AuthPost }},
		{"secret", func(c *client.Client) { c.AuthMethod, c.JWKSURI = client.AuthPrivateKeyJWT, "https://app.example/keys" }},
		{"secret", func(c *client.Client) { c.AuthMethod = client.AuthSecretJWT }}, // of which a hash is kept
		{"auth_method", func(c *client.Client) { c.SecretHash, c.AuthMethod = "", client.AuthPrivateKeyJWT }},
		{"token_endpoint_auth_signing_alg", func(c *client.Client) { c.AuthSigningAlg = "ES256" }},
		{"token_endpoint_auth_signing_alg", func(c *client.Client) {
			c.SecretHash, c.AuthMethod, c.JWKSURI, c.AuthSigningAlg = "", client.AuthPrivateKeyJWT, "https://app.example/keys", "HS256"
		}},
		{"grant_types", func(c *client.Client) { c.GrantTypes = []string{"password"} }},
		{"grant_types", func(c *client.Client) { c.SecretHash, c.GrantTypes = "", []string{client.GrantClientCredentials} }},
		{"response_types", func(c *client.Client) { c.ResponseTypes = []string{"token"} }},
		{"response_types", func(c *client.Client) { c.ResponseTypes = []string{"code code"} }},
		{"response_types", func(c *client.Client) { c.GrantTypes = []string{client.GrantCode, client.GrantImplicit} }},
		{"grant_types", func(c *client.Client) {
			c.GrantTypes, c.ResponseTypes = []string{client.GrantCode}, []string{"code id_token"}
		}},
		{"grant_types", func(c *client.Client) {
			c.GrantTypes, c.ResponseTypes = []string{client.GrantImplicit}, []string{"id_token", "code"}
		}},
		{"redirect_uris", func(c *client.Client) { c.RedirectURIs, c.ResponseTypes = nil, []string{"id_token"} }},
		{"scopes", func(c *client.Client) { c.Scopes = []string{"a b"} }},
		{"scopes", func(c *client.Client) { c.Scopes = []string{`a"b`} }},
		{"id_token_signed_response_alg", func(c *client.Client) { c.IDTokenAlg = "none" }},
		{"id_token_signed_response_alg", func(c *client.Client) { c.IDTokenAlg = "HS256" }},
		{"access_token_format", func(c *client.Client) { c.AccessTokenFormat = "saml" }},
		{"accent_color", func(c *client.Client) { c.Accent = "red;}" }},
		{"default_max_age", func(c *client.Client) { c.DefaultMaxAge = -1 }},
		{"redirect_uris", func(c *client.Client) { c.RedirectURIs = nil }},
		{"redirect_uris", func(c *client.Client) { c.RedirectURIs = []string{"http://app.example/cb"} }},
		{"redirect_uris", func(c *client.Client) { c.RedirectURIs = []string{"http://localhost/cb"} }},
		{"redirect_uris", func(c *client.Client) { c.RedirectURIs = []string{"https://app.example/cb#x"} }},
		{"redirect_uris", func(c *client.Client) { c.RedirectURIs = []string{"https://*.example/cb"} }},
		{"redirect_uris", func(c *client.Client) { c.RedirectURIs = []string{"https://user@app.example/cb"} }},
		{"redirect_uris", func(c *client.Client) { c.RedirectURIs = []string{"https:/cb"} }},
		{"redirect_uris", func(c *client.Client) { c.RedirectURIs = []string{"javascript:alert(1)"} }},
		{"redirect_uris", func(c *client.Client) { c.RedirectURIs = []string{"/cb"} }},
		{"redirect_uris", func(c *client.Client) { c.RedirectURIs = []string{"com.example.app:/cb"} }},
		{"redirect_uris", func(c *client.Client) { c.ApplicationType, c.RedirectURIs = "native", []string{"myapp:/cb"} }},
		{"post_logout_redirect_uris", func(c *client.Client) { c.PostLogoutURIs = []string{"http://app.example/"} }},
		{"jwks_uri", func(c *client.Client) { c.JWKSURI = "http://app.example/keys" }},
		{"jwks_uri", func(c *client.Client) { c.JWKS, c.JWKSURI = `{"keys":[]}`, "https://app.example/keys" }},
		{"jwks", func(c *client.Client) { c.JWKS = `{"key":[]}` }},
		{"jwks", func(c *client.Client) { c.JWKS = `{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}` }},
		{"jwks", func(c *client.Client) {
			c.JWKS = `{"keys":[{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`
		}},
		{"request_object_signing_alg", func(c *client.Client) { c.RequestObjectAlg = "HS256" }},
		{"request_object_signing_alg", func(c *client.Client) { c.RequestObjectAlg = "ES256" }},
		{"require_signed_request_object", func(c *client.Client) { c.RequireSignedRequest = true }},
		{"require_signed_request_object", func(c *client.Client) {
			c.RequireSignedRequest, c.RequestObjectAlg, c.JWKSURI = true, "none", "https://app.example/keys"
		}},
		{"request_uris", func(c *client.Client) { c.RequestURIs = []string{"http://app.example/r"} }},
		{"request_uris", func(c *client.Client) { c.RequestURIs = []string{"https://app.example/" + strings.Repeat("r", 600)} }},
		{"request_uris", func(c *client.Client) {
			c.RequestURIs = slices.Repeat([]string{"https://app.example/r"}, 51)
		}},
		{"userinfo_signed_response_alg", func(c *client.Client) { c.UserinfoAlg = "none" }},
		{"id_token_encrypted_response_alg", func(c *client.Client) { c.IDTokenEncAlg, c.JWKSURI = "RSA1_5", "https://app.example/keys" }},
		{"id_token_encrypted_response_alg", func(c *client.Client) { c.IDTokenEncAlg = "RSA-OAEP-256" }},
		{"id_token_encrypted_response_enc", func(c *client.Client) { c.IDTokenEnc = "A128GCM" }},
		{"userinfo_encrypted_response_enc", func(c *client.Client) {
			c.UserinfoEncAlg, c.UserinfoEnc, c.JWKSURI = "ECDH-ES", "A192GCM", "https://app.example/keys"
		}},
		{"authorization_signed_response_alg", func(c *client.Client) { c.AnswerAlg = "none" }},
		{"introspection_signed_response_alg", func(c *client.Client) { c.IntrospectionAlg = "HS256" }},
		{"authorization_encrypted_response_alg", func(c *client.Client) { c.AnswerEncAlg = "dir" }},
		{"introspection_encrypted_response_enc", func(c *client.Client) { c.IntrospectionEnc = "A128GCM" }},
		{"subject_type", func(c *client.Client) { c.SubjectType = "private" }},
		{"sector_identifier_uri", func(c *client.Client) {
			c.SubjectType, c.RedirectURIs = "pairwise", []string{"https://a.example/", "https://b.example/"}
		}},
		{"sector_identifier_uri", func(c *client.Client) { c.SectorURI = "http://app.example/sector" }},
		{"initiate_login_uri", func(c *client.Client) { c.InitiateLoginURI = "http://app.example/login" }},
		{"name", func(c *client.Client) { c.Name = "a\u202eb" }},
		{"contacts", func(c *client.Client) { c.Contacts = []string{"a\nb"} }},
		{"redirect_uris", func(c *client.Client) { c.RedirectURIs = []string{"https://app.example/" + strings.Repeat("x", 2000)} }},
		{"logo_uri", func(c *client.Client) { c.LogoURI = "data:image/png;base64,AAAA" }},
	}
	for _, tc := range cases {
		c := valid()
		tc.edit(&c)
		c.Fill()
		err := c.Check(rules)
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.Invalid || f.Field != tc.field {
			t.Errorf("%+v: %v on %q, want invalid on %q", c, err, f.Field, tc.field)
		}
	}
}

func TestNativeAndLoopback(t *testing.T) {
	c := valid()
	c.ApplicationType, c.RedirectURIs = "native", []string{"com.example.app:/cb", "http://127.0.0.1/cb", "http://[::1]:1234/cb", "http://localhost:9/cb"}
	c.Fill()
	if err := c.Check(rules); err != nil {
		t.Error(err)
	}
	web := valid()
	web.RedirectURIs = []string{"http://localhost:8081/callback"}
	web.Fill()
	loopback := rules
	loopback.Loopback = true
	if err := web.Check(loopback); err != nil {
		t.Errorf("a loopback client of a loopback issuer: %v", err)
	}
}

func TestMayRedirect(t *testing.T) {
	web := client.Client{Metadata: client.Metadata{RedirectURIs: []string{"https://app.example/cb?x=1", "http://127.0.0.1:8080/cb"}}}
	native := client.Client{Metadata: client.Metadata{ApplicationType: "native", RedirectURIs: []string{"http://127.0.0.1/cb", "http://[::1]:5/cb", "com.example.app:/cb"}}}
	cases := []struct {
		client *client.Client
		uri    string
		want   bool
	}{
		{&web, "https://app.example/cb?x=1", true},
		{&web, "https://app.example/cb", false},
		{&web, "https://app.example/cb?x=1&y=2", false},
		{&web, "https://app.example/cb?x=1#f", false},
		{&web, "https://APP.example/cb?x=1", false},
		{&web, "https://app.example:443/cb?x=1", false},
		{&web, "https://app.example/./cb?x=1", false},
		{&web, "https://app.example.evil.example/cb?x=1", false},
		{&web, "https://evil@app.example/cb?x=1", false},
		{&web, "http://127.0.0.1:8080/cb", true},
		{&web, "http://127.0.0.1:9/cb", false},
		{&web, "", false},
		{&native, "http://127.0.0.1:49152/cb", true},
		{&native, "http://127.0.0.1/cb", true},
		{&native, "http://[::1]:49152/cb", true},
		{&native, "http://[::1]/cb", true},
		{&native, "http://127.0.0.1:49152/other", false},
		{&native, "http://127.0.0.1:49152/cb?x=1", false},
		{&native, "http://127.0.0.2:49152/cb", false},
		{&native, "https://127.0.0.1:49152/cb", false},
		{&native, "http://localhost:49152/cb", false},
		{&native, "http://evil@127.0.0.1:49152/cb", false},
		{&native, "http://127.0.0.1.evil.example:1/cb", false},
		{&native, "com.example.app:/cb", true},
		{&native, "com.example.app:/cb2", false},
	}
	for _, c := range cases {
		if got := c.client.MayRedirect(c.uri); got != c.want {
			t.Errorf("MayRedirect(%q) of a %q client = %v, want %v", c.uri, c.client.ApplicationType, got, c.want)
		}
	}
}

func TestMayScopeKeepsTheRequestsOrderAndEachOnce(t *testing.T) {
	c := client.Client{Scopes: []string{"email", "openid"}}
	if got := strings.Join(c.MayScope([]string{"openid", "admin", "email", "openid"}), " "); got != "openid email" {
		t.Errorf("MayScope = %q", got)
	}
}

func newRegistry(t *testing.T) *client.Registry {
	t.Helper()
	db, _ := storetest.Embedded(t, time.Now)
	return client.NewRegistry(db, client.NewSecrets(make([]byte, 32)), rules, time.Now)
}

func verify(t *testing.T, r *client.Registry, id, secret string) bool {
	t.Helper()
	c, err := r.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return r.Verify(c, secret)
}

func TestSecrets(t *testing.T) {
	r := newRegistry(t)
	c := valid()
	c.SecretHash = ""
	if err := r.Put(t.Context(), &c, "a-long-secret"); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(c.SecretHash, "a-long-secret") {
		t.Error("the secret is stored as it is")
	}
	if !verify(t, r, "web", "a-long-secret") || verify(t, r, "web", "a-long-secreT") || verify(t, r, "web", "") {
		t.Error("a secret is checked wrongly")
	}
	// One that signs can be had again, and is no less bound to its client.
	const long = "a-secret-of-more-than-thirty-two-bytes"
	signs := valid()
	signs.ID, signs.SecretHash, signs.AuthMethod = "signs", "", client.AuthSecretJWT
	if err := r.Put(t.Context(), &signs, long); err != nil {
		t.Fatal(err)
	}
	kept := signs.SecretHash
	if got, ok := r.Secret(&signs); !ok || got != long || strings.Contains(kept, long) {
		t.Errorf("the secret reads %q, %v", got, ok)
	}
	if !verify(t, r, "signs", long) || verify(t, r, "signs", "another") {
		t.Error("a secret that signs is checked wrongly")
	}
	if again := r.Prepare(&signs, long); again != nil || signs.SecretHash != kept {
		t.Errorf("said again, it is kept as another: %v", again)
	}
	other := signs
	other.ID = "other"
	if _, ok := r.Secret(&other); ok {
		t.Error("one client's sealed secret is read as another's")
	}
	if _, ok := r.Secret(&c); ok {
		t.Error("a hashed secret can be had")
	}
	if err := r.Prepare(&signs, "short"); !fault.Is(err, fault.Invalid) {
		t.Errorf("a short secret that signs: %v", err)
	}
	// A sealed secret is bound to its client.
	swapped := valid()
	swapped.ID, swapped.SecretHash = "swapped", c.SecretHash
	if err := r.Put(t.Context(), &swapped, ""); err != nil {
		t.Fatal(err)
	}
	if verify(t, r, "swapped", "a-long-secret") {
		t.Error("one client's sealed secret opens another")
	}
}

// TestAChangeIsSeen: on the node that made it at once, elsewhere after Forget.
func TestAChangeIsSeen(t *testing.T) {
	db, _ := storetest.Embedded(t, time.Now)
	secrets := client.NewSecrets(make([]byte, 32))
	here, there := client.NewRegistry(db, secrets, rules, time.Now), client.NewRegistry(db, secrets, rules, time.Now)
	ctx := context.Background()
	c := valid()
	if err := here.Put(ctx, &c, ""); err != nil {
		t.Fatal(err)
	}
	origin := func(r *client.Registry, o string) bool {
		known, err := r.KnowsOrigin(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		return known
	}
	if _, err := there.Get(ctx, "web"); err != nil || !origin(there, "https://app.example") {
		t.Fatal("the other node does not know the client")
	}
	c.RedirectURIs = []string{"https://new.example:8443/cb", "https://Other.example:443/cb"}
	if err := here.Put(ctx, &c, ""); err != nil {
		t.Fatal(err)
	}
	if got, _ := here.Get(ctx, "web"); !got.MayRedirect("https://new.example:8443/cb") || !origin(here, "https://new.example:8443") || !origin(here, "https://other.example") {
		t.Error("this node does not see its own change")
	}
	there.Forget()
	if got, _ := there.Get(ctx, "web"); !got.MayRedirect("https://new.example:8443/cb") || origin(there, "https://app.example") {
		t.Error("the other node does not see the change after Forget")
	}
	if err := here.Delete(ctx, "web"); err != nil {
		t.Fatal(err)
	}
	if _, err := here.Get(ctx, "web"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a deleted client: %v", err)
	}
}

// slow answers for one client when it is told to, with what it read before.
type slow struct {
	client.Store
	asked, answer chan struct{}
}

func (s *slow) Client(ctx context.Context, id string) (*client.Client, error) {
	c, err := s.Store.Client(ctx, id)
	s.asked <- struct{}{}
	<-s.answer
	return c, err
}

// TestWhatWasReadBeforeForgetIsNotKept: a slow read of the past is no answer to
// who asks after the change.
func TestWhatWasReadBeforeForgetIsNotKept(t *testing.T) {
	db, _ := storetest.Embedded(t, time.Now)
	c := valid()
	c.Fill()
	if err := db.PutClient(t.Context(), &c, time.Now()); err != nil {
		t.Fatal(err)
	}
	store := &slow{Store: db, asked: make(chan struct{}, 2), answer: make(chan struct{}, 2)}
	r := client.NewRegistry(store, client.NewSecrets(make([]byte, 32)), rules, time.Now)
	names := make(chan string, 2)
	get := func() {
		got, err := r.Get(t.Context(), "web")
		if err != nil {
			t.Errorf("Get: %v", err)
			names <- ""
			return
		}
		names <- got.Name
	}
	go get()
	<-store.asked
	c.Name = "new"
	if err := db.PutClient(t.Context(), &c, time.Now()); err != nil {
		t.Fatal(err)
	}
	r.Forget()
	go get()
	<-store.asked // it asks itself, and does not wait for the answer of before
	store.answer <- struct{}{}
	store.answer <- struct{}{}
	<-names
	<-names
	store.answer <- struct{}{}
	if got, err := r.Get(t.Context(), "web"); err != nil || got.Name != "new" {
		t.Errorf("kept %q, %v", got.Name, err)
	}
}

// TestOneReadIsSharedComplete: those who ask for a client at the same time share
// what is read, and nobody changes it any more.
func TestOneReadIsSharedComplete(t *testing.T) {
	db, _ := storetest.Embedded(t, time.Now)
	c := valid() // as it was stored before some of what Fill sets could be said
	if err := db.PutClient(t.Context(), &c, time.Now()); err != nil {
		t.Fatal(err)
	}
	const callers = 16
	store := &slow{Store: db, asked: make(chan struct{}, callers), answer: make(chan struct{}, callers)}
	for range callers {
		store.answer <- struct{}{}
	}
	r := client.NewRegistry(store, client.NewSecrets(make([]byte, 32)), rules, time.Now)
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			got, err := r.Get(t.Context(), "web")
			if err != nil || len(got.ResponseTypes) == 0 || got.IDTokenAlg == "" {
				t.Errorf("Get = %+v, %v", got, err)
			}
		})
	}
	group.Wait()
}

// TestStart: an app that nobody of the house has looked at leads to no other domain
// than the one that people are shown.
func TestStart(t *testing.T) {
	const issuer = "https://id.example"
	for _, test := range []struct {
		start, hash string
		document    bool
		want        string
	}{
		{"", "", false, ""},
		{"https://app.example/start", "", false, "https://app.example/start?iss=https%3A%2F%2Fid.example"},
		{"https://other.example/start?a=b", "", false, "https://other.example/start?a=b&iss=https%3A%2F%2Fid.example"},
		{"https://app.example/start", "x", false, "https://app.example/start?iss=https%3A%2F%2Fid.example"},
		{"https://other.example/start", "x", false, ""},
		{"https://other.example/start", "", true, ""},
	} {
		c := &client.Client{ID: "app", RegistrationHash: test.hash, Document: test.document}
		c.RedirectURIs, c.InitiateLoginURI = []string{"https://app.example/cb"}, test.start
		if test.document {
			c.ID = "https://app.example/client"
		}
		if got := c.Start(issuer); got != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
}
