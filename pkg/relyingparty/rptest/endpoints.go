package rptest

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	p.seen.Discovery++
	doc := map[string]any{
		"issuer":                       p.Issuer,
		"authorization_endpoint":       p.Issuer + "/authorize",
		"token_endpoint":               p.Issuer + "/token",
		"userinfo_endpoint":            p.Issuer + "/userinfo",
		"jwks_uri":                     p.Issuer + "/keys",
		"end_session_endpoint":         p.Issuer + "/end_session",
		"revocation_endpoint":          p.Issuer + "/revoke",
		"backchannel_logout_supported": true, "backchannel_logout_session_supported": true,
		"frontchannel_logout_supported": true, "frontchannel_logout_session_supported": true,
		"authorization_response_iss_parameter_supported": true,
		"response_types_supported":                       []string{"code"},
		"subject_types_supported":                        []string{"public"},
		"id_token_signing_alg_values_supported":          []string{string(p.key.Algorithm)},
		"code_challenge_methods_supported":               []string{"S256"},
	}
	if p.TamperMetadata != nil {
		p.TamperMetadata(doc)
	}
	reply(w, http.StatusOK, doc)
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, p.public) }

// refusal ends a description as Signet's do: the rule that was broken, and the
// request that its operator can look up.
const refusal = " (some-rule, request AAAAAAAAAAAAAAAAAAAAAA)"

// authorize answers at once, as a provider does whose user is signed in.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	p.seen.Authorize = q
	to := q.Get("redirect_uri")
	if q.Get("client_id") != p.Client.ID || !slices.Contains(p.Client.RedirectURIs, to) {
		http.Error(w, "unknown client or redirect_uri", http.StatusBadRequest)
		return
	}
	answer := url.Values{"iss": {p.Issuer}, "state": q["state"]}
	switch {
	case q.Get("response_type") != "code", q.Get("code_challenge") == "", q.Get("code_challenge_method") != "S256", !strings.Contains(" "+q.Get("scope")+" ", " openid "):
		answer.Set("error", "invalid_request")
	case p.Deny != "":
		answer.Set("error", p.Deny)
		answer.Set("error_description", "<b>text that must not be shown</b>"+refusal)
	case p.User == nil:
		answer.Set("error", "login_required")
	case q.Get("organization") != "" && p.organization(q.Get("organization")) == nil:
		answer.Set("error", "interaction_required")
	default:
		scopes := p.Scopes
		if scopes == nil {
			scopes = strings.Fields(q.Get("scope"))
		}
		req := request{params: q, scopes: scopes, user: maps.Clone(p.User), authAt: p.Now()}
		if o := p.organization(q.Get("organization")); o != nil {
			req.organization = o.ID
		}
		code := random()
		p.codes[code] = req
		answer.Set("code", code)
	}
	if p.TamperAnswer != nil {
		p.TamperAnswer(answer)
	}
	http.Redirect(w, r, to+"?"+answer.Encode(), http.StatusFound)
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	if p.TokenStatus != 0 {
		reply(w, p.TokenStatus, map[string]any{"error": "server_error"})
		return
	}
	if !p.authenticated(r) {
		reply(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	}
	switch r.PostFormValue("grant_type") {
	case "authorization_code":
		p.exchange(w, r)
	case "refresh_token":
		p.refreshed(w, r)
	default:
		reply(w, http.StatusBadRequest, map[string]any{"error": "unsupported_grant_type"})
	}
}

// authenticated holds the client to its registered method (RFC 6749 §2.3).
func (p *Provider) authenticated(r *http.Request) bool {
	method := p.Client.Method
	if method == "" {
		method = "client_secret_basic"
		if p.Client.Secret == "" {
			method = "none"
		}
	}
	id, secret, basic := r.BasicAuth()
	if id, err := url.QueryUnescape(id); basic && err == nil {
		if secret, err = url.QueryUnescape(secret); err != nil {
			return false
		}
		return method == "client_secret_basic" && id == p.Client.ID && same(secret, p.Client.Secret) && r.PostFormValue("client_secret") == ""
	}
	posted := r.PostFormValue("client_secret")
	if r.PostFormValue("client_id") != p.Client.ID {
		return false
	}
	if method == "none" {
		return posted == ""
	}
	return method == "client_secret_post" && same(posted, p.Client.Secret)
}

func (p *Provider) exchange(w http.ResponseWriter, r *http.Request) {
	p.seen.Exchanges++
	code := r.PostFormValue("code")
	req, known := p.codes[code]
	delete(p.codes, code)
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !known || r.PostFormValue("redirect_uri") != req.params.Get("redirect_uri") ||
		base64.RawURLEncoding.EncodeToString(challenge[:]) != req.params.Get("code_challenge") {
		reply(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant", "error_description": "code " + code + refusal})
		return
	}
	p.issue(w, req, req.params.Get("nonce"))
}

// refreshed rotates: each refresh token works once.
func (p *Provider) refreshed(w http.ResponseWriter, r *http.Request) {
	p.seen.Refreshes++
	token := r.PostFormValue("refresh_token")
	req, known := p.refresh[token]
	delete(p.refresh, token)
	if p.used[token] {
		p.seen.Reuses++
	}
	p.used[token] = true
	for _, scope := range strings.Fields(r.PostFormValue("scope")) {
		if !slices.Contains(req.scopes, scope) {
			reply(w, http.StatusBadRequest, map[string]any{"error": "invalid_scope"})
			return
		}
	}
	if !known {
		reply(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant", "error_description": "token " + token})
		return
	}
	p.issue(w, req, "")
}

func (p *Provider) issue(w http.ResponseWriter, req request, nonce string) {
	access := random()
	p.access[access] = req
	claims := map[string]any{
		"iss": p.Issuer, "sub": req.user["sub"], "aud": p.Client.ID, "sid": "session-1", "acr": "1", "amr": []string{"pwd"},
		"iat": p.Now().Unix(), "exp": p.Now().Add(5 * time.Minute).Unix(), "auth_time": req.authAt.Unix(),
		"at_hash": p.leftHalf(access),
	}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	if o := p.organization(req.organization); o != nil {
		claims["organization"], claims["organizations"] = o.ID, []Organization{*o}
	}
	if p.TamperIDToken != nil {
		p.TamperIDToken(claims)
	}
	signed, err := p.sign("JWT", claims)
	if err != nil {
		reply(w, http.StatusInternalServerError, map[string]any{"error": "server_error"})
		return
	}
	body := map[string]any{"access_token": access, "token_type": "Bearer", "id_token": signed, "scope": strings.Join(req.scopes, " ")}
	if p.AccessLife > 0 {
		body["expires_in"] = int(p.AccessLife / time.Second)
	}
	if slices.Contains(req.scopes, "offline_access") {
		token := random()
		p.refresh[token] = req
		body["refresh_token"] = token
	}
	if p.TamperResponse != nil {
		p.TamperResponse(body)
	}
	reply(w, http.StatusOK, body)
}

func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) {
	p.seen.UserInfos++
	if p.UserInfoStatus != 0 {
		reply(w, p.UserInfoStatus, map[string]any{"error": "server_error"})
		return
	}
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	req, known := p.access[token]
	if !known {
		reply(w, http.StatusUnauthorized, map[string]any{"error": "invalid_token"})
		return
	}
	reply(w, http.StatusOK, req.user)
}

func (p *Provider) revoke(w http.ResponseWriter, r *http.Request) {
	if !p.authenticated(r) {
		reply(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	}
	p.seen.Revocations++
	delete(p.refresh, r.PostFormValue("token"))
}

// endSession signs the user out and goes back where that is registered.
func (p *Provider) endSession(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	p.seen.EndSessions++
	p.seen.EndSession = q
	if hint := q.Get("id_token_hint"); hint != "" && !p.signed(hint) {
		http.Error(w, "not our token", http.StatusBadRequest)
		return
	}
	p.User = nil
	if to := q.Get("post_logout_redirect_uri"); slices.Contains(p.Client.PostLogoutURIs, to) {
		http.Redirect(w, r, to, http.StatusFound)
		return
	}
	_, _ = w.Write([]byte("signed out\n")) // the browser may be gone
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}
