package protocol

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/testenv"
)

// TestFAPI2ByCertificate: clients of the profile that prove who they are by a
// certificate, in each way; their tokens are bound to it, or to a key by DPoP where
// the client is registered so (FAPI 2.0 Security Profile §5.3.2.1, RFC 8705 §3).
func TestFAPI2ByCertificate(t *testing.T) {
	t.Parallel()
	ours := testenv.NewAuthority(t)
	var nobody *testenv.Authority
	e := direct(t, ours)
	template := named("x")
	template.DNSNames = []string{"bank.example"}
	byCA, byItself, other := ours.Issue(t, template), nobody.Issue(t, named("self")), nobody.Issue(t, named("other"))
	const fapi2 = "profile: fapi2"
	key := keyFor(t, "ES256", "1")
	for name, c := range map[string]struct {
		app         testenv.App
		certificate tls.Certificate
		dpop        bool
	}{
		"tls_client_auth":                         {certified(e, "ca", fapi2, "auth_method: tls_client_auth", "tls_client_auth_san_dns: bank.example"), byCA, false},
		"self_signed_tls_client_auth":             {certified(e, "self", fapi2, "auth_method: self_signed_tls_client_auth", "jwks: "+keySet(t, byItself, true)), byItself, false},
		"tls_client_auth, by DPoP":                {certified(e, "ca-dpop", fapi2, "dpop_bound_access_tokens: true", "auth_method: tls_client_auth", "tls_client_auth_san_dns: bank.example"), byCA, true},
		"self_signed_tls_client_auth, by DPoP":    {certified(e, "self-dpop", fapi2, "dpop_bound_access_tokens: true", "auth_method: self_signed_tls_client_auth", "jwks: "+keySet(t, byItself, false)), byItself, true},
		"private_key_jwt, bound to a certificate": {asserting(t, e, "jwt-bound", key, fapi2, "tls_client_certificate_bound_access_tokens: true"), other, false},
	} {
		t.Run(name, func(t *testing.T) {
			alone := c.app
			app := e.App(t, with(c.app, c.certificate))
			if c.dpop {
				app.Prove = newProver(t, "ES256").prove
			}
			r := app.Request("scope", "openid email offline_access")
			got := redeemPushed(t, e, app, e.Browser().For(t), r)
			bond, want := cnf(claimsOf(t, got.Str("access_token"))), map[bool]string{true: "DPoP", false: "Bearer"}[c.dpop]
			if got.Str("token_type") != want || (bond["jkt"] != nil) != c.dpop || !c.dpop && bond["x5t#S256"] != x5t(c.certificate) {
				t.Errorf("%s, bound to %v", got.Str("token_type"), bond)
			}
			if info := app.Userinfo(got.Str("access_token")); info.Str("email") != ada.Email {
				t.Errorf("userinfo: %d %s", info.Status, info.Body)
			}
			for range 2 { // the token stays, and what it brings is bound
				again := app.Refresh(got.Str("refresh_token"))
				if again.Status != http.StatusOK || again.Str("refresh_token") != "" || len(cnf(claimsOf(t, again.Str("access_token")))) != 1 {
					t.Errorf("refreshed: %d %s", again.Status, again.Body)
				}
			}
			wantError(t, "the token alone", e.App(t, alone).Userinfo(got.Str("access_token")), http.StatusUnauthorized, "invalid_token")
			if c.dpop {
				wantError(t, "refresh without a proof", bearing(*app).Refresh(got.Str("refresh_token")), http.StatusBadRequest, "invalid_dpop_proof")
				return
			}
			wantError(t, "the token with another certificate", e.App(t, with(alone, ours.Issue(t, named("z")))).Userinfo(got.Str("access_token")), http.StatusUnauthorized, "invalid_token")
			refused := e.App(t, alone).Refresh(got.Str("refresh_token"))
			if alone.Assert != nil {
				wantError(t, "refresh without a certificate", refused, http.StatusBadRequest, "invalid_request")
			} else {
				wantError(t, "refresh without a certificate", refused, http.StatusUnauthorized, "invalid_client")
			}
			wantError(t, "both proofs", proving(*app, newProver(t, "ES256")).Refresh(got.Str("refresh_token")), http.StatusBadRequest, "invalid_request")
		})
	}
	t.Run("message signing", func(t *testing.T) {
		set := asJSON(t, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public(), {Key: byItself.Leaf.PublicKey, KeyID: x5t(byItself)}}})
		c := certified(e, "signs", "profile: fapi2-message-signing", "auth_method: self_signed_tls_client_auth", "jwks: "+set)
		app, b := e.App(t, with(c, byItself)), e.Browser().For(t)
		r := app.Request("scope", "openid offline_access")
		wantError(t, "unsigned", push(app, r), http.StatusBadRequest, "invalid_request")
		pushed := app.Do(app.NewRequest("/par", url.Values{"client_id": {app.ID}, "request": {sign(t, key, "ES256", "oauth-authz-req+jwt", objectOf(e, r, nil))}}))
		if pushed.Status != http.StatusCreated {
			t.Fatalf("%d %s", pushed.Status, pushed.Body)
		}
		got := app.Redeem(r, wantAnswer(t, e, r, b.Finish(b.Get(bring(e, app.ID, pushed.Str("request_uri"))), ada), ""))
		if got.Status != http.StatusOK || cnf(claimsOf(t, got.Str("access_token")))["x5t#S256"] != x5t(byItself) {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	})
	t.Run("openid-client", func(t *testing.T) {
		n := startNode(t, e, certified(e, "node", fapi2, "auth_method: self_signed_tls_client_auth", "jwks: "+keySet(t, byItself, true)),
			"method", "self_signed_tls_client_auth", "metadata", `{"use_mtls_endpoint_aliases":true,"id_token_signed_response_alg":"ES256"}`, "par", "yes",
			"ca", e.Authority, "cert", testenv.CertificateFile(t, byItself), "key", testenv.KeyFile(t, byItself))
		b := e.Browser().For(t)
		done := n.must("callback", "url", b.Finish(b.Get(n.must("begin", "parameters", parameters{"scope": "openid email offline_access"}).URL), ada).Location)
		if bound := cnf(claimsOf(t, done.Tokens.Access))["x5t#S256"]; bound != x5t(byItself) {
			t.Errorf("bound to %v", bound)
		}
		n.must("userinfo", "token", done.Tokens.Access, "subject", done.Claims["sub"])
		n.must("refresh", "token", done.Tokens.Refresh)
	})
}
