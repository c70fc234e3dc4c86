package protocol

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"signet/internal/resource"
	"signet/internal/testenv"
)

// advertised has, for each member of the metadata, the test that it is so: of
// each of its values, and that others are refused where they can be. What it
// does not know may not be advertised, so that a new member brings its proof.
var advertised = map[string]func(t *testing.T, e *testenv.Env, value any){
	"issuer": func(t *testing.T, e *testenv.Env, value any) {
		if value != e.Issuer {
			t.Errorf("%v, want %s exactly (Discovery §4.3)", value, e.Issuer)
		}
	},
	"authorization_endpoint":                answers("GET", http.StatusBadRequest),
	"token_endpoint":                        answers("POST", http.StatusBadRequest),
	"userinfo_endpoint":                     answers("GET", http.StatusUnauthorized),
	"introspection_endpoint":                answers("POST", http.StatusBadRequest),
	"revocation_endpoint":                   answers("POST", http.StatusBadRequest),
	"end_session_endpoint":                  answers("GET", http.StatusOK),
	"registration_endpoint":                 answers("POST", http.StatusBadRequest),
	"client_id_metadata_document_supported": is(true),                               // TestClientIDMetadata
	"protected_resources":                   eachOf(protectedResourceWorks),         // RFC 9728 §4
	"pushed_authorization_request_endpoint": answers("POST", http.StatusBadRequest), // TestPushed
	"device_authorization_endpoint":         answers("POST", http.StatusBadRequest), // TestDevice
	"jwks_uri":                              answers("GET", http.StatusOK),

	"scopes_supported":                 eachOf(scopeWorks),
	"response_types_supported":         exactly(ignore(responseTypeWorks), responseTypeFails, "token", "code code", "device"),
	"response_modes_supported":         exactly(responseModeWorks, requestFails("response_mode", "invalid_request"), "web_message", "cookie"),
	"prompt_values_supported":          eachOf(promptWorks),
	"grant_types_supported":            exactly(grantWorks, grantFails, grantTypesKnown...),
	"acr_values_supported":             eachOf(acrWorks),
	"subject_types_supported":          exactly(subjectTypeWorks, metadataFails("subject_type"), "secret"),
	"claim_types_supported":            only("normal"), // TestScopesGiveClaims
	"code_challenge_methods_supported": exactly(requestWorks("code_challenge_method"), requestFails("code_challenge_method", "invalid_request"), "plain", "S512"),
	"display_values_supported":         eachOf(requestWorks("display")),
	"ui_locales_supported":             eachOf(localeWorks),
	"claims_supported":                 claimsWork,
	"claims_parameter_supported":       is(true), // TestClaimsParameter

	"id_token_signing_alg_values_supported":         signs("id_token_signed_response_alg", idTokenFor),
	"id_token_encryption_alg_values_supported":      encrypts("id_token_encrypted_response", "alg", idTokenFor),
	"id_token_encryption_enc_values_supported":      encrypts("id_token_encrypted_response", "enc", idTokenFor),
	"userinfo_signing_alg_values_supported":         signs("userinfo_signed_response_alg", userinfoFor),
	"userinfo_encryption_alg_values_supported":      encrypts("userinfo_encrypted_response", "alg", userinfoFor),
	"userinfo_encryption_enc_values_supported":      encrypts("userinfo_encrypted_response", "enc", userinfoFor),
	"authorization_signing_alg_values_supported":    signs("authorization_signed_response_alg", answerFor),
	"authorization_encryption_alg_values_supported": encrypts("authorization_encrypted_response", "alg", answerFor),
	"authorization_encryption_enc_values_supported": encrypts("authorization_encrypted_response", "enc", answerFor),
	"introspection_signing_alg_values_supported":    signs("introspection_signed_response_alg", introspectionFor),
	"introspection_encryption_alg_values_supported": encrypts("introspection_encrypted_response", "alg", introspectionFor),
	"introspection_encryption_enc_values_supported": encrypts("introspection_encrypted_response", "enc", introspectionFor),

	"token_endpoint_auth_methods_supported":                    exactly(authMethodWorks("/token"), metadataFails("token_endpoint_auth_method"), authMethodsKnown...),
	"revocation_endpoint_auth_methods_supported":               exactly(authMethodWorks("/revoke"), metadataFails("token_endpoint_auth_method"), authMethodsKnown...),
	"introspection_endpoint_auth_methods_supported":            eachOf(authMethodWorks("/introspect")), // TestClientAuthentication: not none
	"token_endpoint_auth_signing_alg_values_supported":         exactly(authAlgWorks("/token"), metadataFails("token_endpoint_auth_signing_alg", "token_endpoint_auth_method", "private_key_jwt"), "none", "HS384", "ES256K"),
	"revocation_endpoint_auth_signing_alg_values_supported":    eachOf(authAlgWorks("/revoke")),
	"introspection_endpoint_auth_signing_alg_values_supported": eachOf(authAlgWorks("/introspect")),

	"request_parameter_supported":                 is(true), // TestRequestObject
	"request_uri_parameter_supported":             is(true), // TestRequestURI
	"require_request_uri_registration":            is(true), // TestRequestURI
	"request_object_signing_alg_values_supported": exactly(requestObjectWorks, metadataFails("request_object_signing_alg"), "HS256", "ES256K"),
	"backchannel_authentication_endpoint":         answers("POST", http.StatusBadRequest), // TestCIBA
	"backchannel_user_code_parameter_supported":   is(false),                              // TestCIBARegistration
	"backchannel_token_delivery_modes_supported":  exactly(deliveryWorks, metadataFails("backchannel_token_delivery_mode"), "push"),
	"backchannel_authentication_request_signing_alg_values_supported": exactly(signedBackchannelWorks,
		metadataFails("backchannel_authentication_request_signing_alg"), "none", "HS256", "ES256K"),
	"dpop_signing_alg_values_supported":              eachOf(proofAlgWorks), // TestProofs: not HS256, not none
	"request_object_encryption_alg_values_supported": exactly(encryptedObjectWorks("alg"), metadataFails("request_object_encryption_alg"), append(keyAlgsKnown, "ECDH-ES+A128KW")...),
	"request_object_encryption_enc_values_supported": exactly(encryptedObjectWorks("enc"), metadataFails("request_object_encryption_enc", "request_object_encryption_alg", "ECDH-ES"), encsKnown...),
	"authorization_response_iss_parameter_supported": is(true),                      // every front-channel test
	"check_session_iframe":                           answers("GET", http.StatusOK), // TestCheckSession
	"frontchannel_logout_supported":                  is(true),                      // TestFrontchannelLogout
	"frontchannel_logout_session_supported":          is(true),
	"backchannel_logout_supported":                   is(true), // TestBackchannelLogout
	"backchannel_logout_session_supported":           is(true),
}

// TestDiscovery: the metadata says exactly what is so.
func TestDiscovery(t *testing.T) {
	eachOpen(t, map[string]string{"SIGNET_REGISTRATION_CLIENT_ID_METADATA": "on"}, func(t *testing.T, e *testenv.Env) {
		got := fetch(t, e.Issuer+"/.well-known/openid-configuration", nil)
		for _, name := range []string{
			"issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported",
			"subject_types_supported", "id_token_signing_alg_values_supported", // Discovery §3: required
			"userinfo_endpoint", "scopes_supported", "claims_supported", // recommended
		} {
			if got.Fields[name] == nil {
				t.Errorf("%s is missing (Discovery §3)", name)
			}
		}
		for name, value := range got.Fields {
			check := advertised[name]
			if check == nil {
				t.Errorf("%s is advertised, and no test knows whether it is so", name)
				continue
			}
			t.Run(name, func(t *testing.T) { check(t, e, value) })
		}
		algs, _ := got.Fields["id_token_signing_alg_values_supported"].([]any)
		if !slices.Contains(algs, any("RS256")) {
			t.Error("RS256 is missing (Discovery §3)")
		}
		other := fetch(t, e.Issuer+"/.well-known/oauth-authorization-server", nil)
		if other.Body != got.Body {
			t.Error("the metadata of RFC 8414 differs from that of Discovery")
		}
		var typed oidc.DiscoveryConfiguration
		if err := json.Unmarshal([]byte(got.Body), &typed); err != nil {
			t.Errorf("a library does not read the metadata: %v", err)
		}
	})
}

// TestDocuments: what is the same for everybody may be kept, compressed and
// asked for by its name.
func TestDocuments(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		for _, path := range []string{"/.well-known/openid-configuration", "/keys"} {
			plain := fetch(t, e.Issuer+path, nil)
			h := plain.Header
			if h.Get("Content-Type") != "application/json" || !strings.Contains(h.Get("Cache-Control"), "max-age=") || h.Get("ETag") == "" || h.Get("Set-Cookie") != "" {
				t.Errorf("%s: %v", path, h)
			}
			if again := fetch(t, e.Issuer+path, map[string]string{"If-None-Match": h.Get("ETag")}); again.Status != http.StatusNotModified || again.Body != "" {
				t.Errorf("%s by its ETag: %d", path, again.Status)
			}
			if refused := fetch(t, e.Issuer+path, map[string]string{"Accept-Encoding": "gzip;q=0"}); refused.Header.Get("Content-Encoding") != "" {
				t.Errorf("%s: compressed for who refuses that", path)
			}
			packed := fetch(t, e.Issuer+path, map[string]string{"Accept-Encoding": "gzip"})
			if packed.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(packed.Header.Get("Vary"), "Accept-Encoding") {
				t.Fatalf("%s: not compressed: %v", path, packed.Header)
			}
			z, err := gzip.NewReader(strings.NewReader(packed.Body))
			if err != nil {
				t.Fatal(err)
			}
			if text, err := io.ReadAll(z); err != nil || string(text) != plain.Body {
				t.Errorf("%s: unpacked it differs: %v", path, err)
			}
		}
		keys := keysAt(t, e.Issuer)
		algs := map[string]bool{}
		for _, k := range keys.Keys {
			if k.KeyID == "" || k.Use != "sig" && k.Use != "enc" || !k.IsPublic() || !k.Valid() || algs[k.KeyID] {
				t.Errorf("key %q: use %q, public %v", k.KeyID, k.Use, k.IsPublic())
			}
			algs[k.Algorithm], algs[k.KeyID] = true, true
		}
		for _, alg := range []string{"RS256", "ES256", "EdDSA"} {
			if !algs[alg] {
				t.Errorf("no key of %s", alg)
			}
		}
	})
}

func fetch(t *testing.T, address string, header map[string]string) *testenv.Answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	got, err := testenv.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func answers(method string, status int) func(*testing.T, *testenv.Env, any) {
	return func(t *testing.T, e *testenv.Env, value any) {
		address, _ := value.(string)
		if !strings.HasPrefix(address, e.Issuer+"/") {
			t.Fatalf("%q is not at the issuer", address)
		}
		req, err := http.NewRequestWithContext(t.Context(), method, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := testenv.Do(req)
		for i := 0; i < 3 && err == nil && got.Status == http.StatusSeeOther; i++ {
			got = fetch(t, e.Issuer+got.Header.Get("Location"), nil)
		}
		if err != nil || got.Status != status {
			t.Errorf("%s %s: %d, want %d", method, address, got.Status, status)
		}
	}
}

func only(values ...string) func(*testing.T, *testenv.Env, any) {
	return func(t *testing.T, _ *testenv.Env, value any) {
		if got := words(value); !slices.Equal(got, values) {
			t.Errorf("%v, want %v", got, values)
		}
	}
}

func is(want bool) func(*testing.T, *testenv.Env, any) {
	return func(t *testing.T, _ *testenv.Env, value any) {
		if value != want {
			t.Errorf("%v, want %v", value, want)
		}
	}
}

func words(value any) []string {
	var out []string
	list, _ := value.([]any)
	for _, v := range list {
		s, _ := v.(string)
		out = append(out, s)
	}
	return out
}

// ignore makes a check of what returns something as well.
func ignore[T any](check func(*testing.T, *testenv.Env, string) T) func(*testing.T, *testenv.Env, string) {
	return func(t *testing.T, e *testenv.Env, v string) { t.Helper(); check(t, e, v) }
}

// proof checks one value.
type proof = func(t *testing.T, e *testenv.Env, value string)

// eachOf tries each value of a list.
func eachOf(works proof) func(*testing.T, *testenv.Env, any) { return exactly(works, nil) }

// exactly tries each value of a list, and that those of the known ones that are
// not in it are refused.
func exactly(works, fails proof, known ...string) func(*testing.T, *testenv.Env, any) {
	return func(t *testing.T, e *testenv.Env, value any) {
		list := words(value)
		if len(list) == 0 {
			t.Errorf("%v is no list of words", value)
		}
		for _, v := range list {
			t.Run(v, func(t *testing.T) { works(t, e, v) })
		}
		for _, v := range known {
			if !slices.Contains(list, v) {
				t.Run("not "+v, func(t *testing.T) { fails(t, e, v) })
			}
		}
	}
}

// requestWorks checks that a request with the parameter ends in tokens.
func requestWorks(name string) proof {
	return func(t *testing.T, e *testenv.Env, value string) {
		tokens(t, e.Browser().For(t), e.App(t, web), ada, name, value)
	}
}

// requestFails checks that a request with the parameter is refused to the app.
func requestFails(name, code string) proof {
	return func(t *testing.T, e *testenv.Env, value string) {
		r := e.App(t, web).Request(name, value)
		wantAnswer(t, e, r, e.Browser().For(t).Get(r.Path()), code)
	}
}

func responseTypeFails(t *testing.T, e *testenv.Env, responseType string) {
	requestFails("response_type", "unsupported_response_type")(t, e, responseType)
}

// responseTypeWorks checks that a request of the type is answered with what it
// asks for, and returns the claims of its ID token.
func responseTypeWorks(t *testing.T, e *testenv.Env, responseType string) map[string]any {
	t.Helper()
	app := e.App(t, hybrid)
	r := app.Request("response_type", responseType)
	return checkFront(t, app, r, e.Browser().For(t).SignIn(r, ada))
}

// responseModeWorks checks that an answer in the mode, signed or not, brings a
// code that is good.
func responseModeWorks(t *testing.T, e *testenv.Env, mode string) {
	app := e.App(t, web)
	r := app.Request("response_mode", mode)
	answer := opened(t, app, e.Browser().For(t).SignIn(r, ada))
	if got := app.Redeem(r, answer); got.Status != http.StatusOK {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

func scopeWorks(t *testing.T, e *testenv.Env, scope string) {
	every, line := testenv.App{ID: "every", Secret: "secret-of-every", Redirect: "https://every.example/cb"}, strings.ReplaceAll(allScopes, " ", ", ")
	e.Apply("clients:\n  - {id: every, secret: secret-of-every, redirect_uris: [\"https://every.example/cb\"], grant_types: [authorization_code, refresh_token, client_credentials], trusted: true, scopes: [" +
		line + ", \"" + strings.Join(slices.Concat(resource.Managing, resource.Operating), "\", \"") + "\"]}\n")
	if slices.Contains(resource.Operating, scope) { // the app's own
		if got := e.App(t, every).Call("/token", "grant_type", "client_credentials", "scope", scope); got.Str("scope") != scope {
			t.Errorf("by itself: %d %s", got.Status, got.Body)
		}
		return
	}
	got := tokens(t, e.Browser().For(t), e.App(t, every), ada, "scope", "openid "+scope)
	if !slices.Contains(strings.Fields(got.Str("scope")), scope) {
		t.Errorf("granted was %q", got.Str("scope"))
	}
}

func promptWorks(t *testing.T, e *testenv.Env, prompt string) {
	asks := map[string]string{"login": "password", "consent": "allow", "select_account": "other"}[prompt]
	app := e.App(t, web)
	r := app.Request("prompt", prompt)
	p := signedIn(t, e, app, ada).Get(r.Path())
	if prompt == "none" {
		wantAnswer(t, e, r, p, "")
		return
	}
	if asks == "" || p.Form(asks) == nil {
		t.Errorf("%s does not ask for %q", p.URL, asks)
	}
}

func grantWorks(t *testing.T, e *testenv.Env, grant string) {
	app := e.App(t, opaque)
	pairs := []string{"grant_type", grant}
	switch grant {
	case "implicit":
		responseTypeWorks(t, e, "id_token token")
		return
	case grantBearer:
		x := newAsserter(t, e)
		if got := x.bring(x.app, x.assertion(t)); got.Status != http.StatusOK {
			t.Errorf("%d %s", got.Status, got.Body)
		}
		return
	case grantExchange:
		x := exchangeHouse(t, testenv.Embedded)
		if got := x.delegate(x.token(t)); got.Status != http.StatusOK {
			t.Errorf("%d %s", got.Status, got.Body)
		}
		return
	case grantDevice:
		e.Apply("clients:\n" + devices)
		d := ask(t, e.App(t, tv))
		d.decide(t, e.Browser().For(t), ada, "allow")
		if got := d.poll(); got.Status != http.StatusOK {
			t.Errorf("%d %s", got.Status, got.Body)
		}
		return
	case grantCIBA:
		e.Apply("clients:\n" + tills)
		asked, b := askFor(t, e.App(t, till), ada), e.Browser().For(t)
		b.Submit(approval(t, e, b, ada).Form("allow"), "allow")
		if got := asked.poll(); got.Status != http.StatusOK {
			t.Errorf("%d %s", got.Status, got.Body)
		}
		return
	case "authorization_code":
		tokens(t, e.Browser().For(t), app, ada)
		return
	case "refresh_token":
		pairs = append(pairs, "refresh_token", tokens(t, e.Browser().For(t), app, ada).Str("refresh_token"))
	}
	if got := app.Call("/token", pairs...); got.Status != http.StatusOK {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

func acrWorks(t *testing.T, e *testenv.Env, acr string) {
	if acr == "urn:signet:acr:upstream" {
		return // it takes another provider: TestFederation
	}
	app := e.App(t, web)
	got := tokens(t, e.Browser().For(t), app, ada, "acr_values", acr)
	if said := app.IDToken(got.Str("id_token"), "")["acr"]; said != acr {
		t.Errorf("acr is %v", said)
	}
}

func localeWorks(t *testing.T, e *testenv.Env, tag string) {
	p := e.Browser().For(t).Get(e.App(t, web).Request("ui_locales", tag).Path())
	if !strings.Contains(p.Body, `lang="`+tag+`"`) {
		t.Errorf("%s is not in this language", p.URL)
	}
}

// claimsWork checks that all advertised claims can be had, and no others.
func claimsWork(t *testing.T, e *testenv.Env, value any) {
	app := e.App(t, web)
	e.Apply("organizations:\n  - {slug: engines, name: Analytical Engines, owners: [ada@example.com]}\n")
	r := app.Request("scope", allScopes, "organization", "engines")
	got := app.Redeem(r, e.Browser().For(t).SignIn(r, ada))
	had := app.IDToken(got.Str("id_token"), r.Get("nonce"))
	maps.Copy(had, app.Userinfo(got.Str("access_token")).Fields)
	maps.Copy(had, responseTypeWorks(t, e, "code id_token"))
	claims := words(value)
	for name := range had {
		if !slices.Contains(claims, name) {
			t.Errorf("%s is told and not advertised", name)
		}
	}
	for _, name := range claims {
		if had[name] == nil {
			t.Errorf("%s is advertised and was not told", name)
		}
	}
}
