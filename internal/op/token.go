package op

// RFC 6749 §4.1.3, §4.4, §6 and OpenID Connect Core §3.1.3, §12: the token
// endpoint.

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/grant"
	"signet/internal/resource"
)

// tokens is a successful answer (RFC 6749 §5.1).
type tokens struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"` // seconds
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	Scope        string `json:"scope,omitempty"`
	IssuedType   string `json:"issued_token_type,omitempty"` // RFC 8693 §2.2.1

	Details json.RawMessage `json:"authorization_details,omitempty"` // RFC 9396 §7
}

// tokenRequest is a request for tokens, of a client that has proven who it is.
type tokenRequest struct {
	*http.Request
	client *client.Client
	params params
	bound  grant.Confirmation // to what the tokens will be bound
}

// grants is the table of what the token endpoint can be asked for.
var grants = map[string]func(*Provider, *tokenRequest) (*tokens, error){
	client.GrantCode:              (*Provider).exchange,
	client.GrantRefresh:           (*Provider).refresh,
	client.GrantClientCredentials: (*Provider).clientCredentials,
	client.GrantDevice:            (*Provider).deviceTokens,
	client.GrantCIBA:              (*Provider).fetchApproved,
	client.GrantExchange:          (*Provider).exchangeToken,
	client.GrantAssertion:         (*Provider).assertedTokens,
}

// jsonType is the Content-Type of answers, shared to save its allocation.
var jsonType = []string{"application/json"}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) error {
	ps, oerr := formParams(r)
	if oerr != nil {
		return oerr
	}
	name := ps.get("grant_type")
	out, err := p.grantTokens(w, r, name, ps)
	if err != nil {
		o := asOAuth(err)
		if _, known := grants[name]; !known {
			name = "other" // a stranger's words are no metric
		}
		p.Metrics.Token(name, o.code)
		return o
	}
	p.Metrics.Token(name, "ok")
	return writeJSON(w, out)
}

func (p *Provider) grantTokens(w http.ResponseWriter, r *http.Request, name string, ps params) (*tokens, error) {
	c, oerr := p.authenticate(r, ps)
	if oerr != nil {
		return nil, oerr
	}
	do, known := grants[name]
	switch {
	case name == "":
		return nil, ruleMissing.broken("the parameter grant_type is missing")
	case !known:
		return nil, ruleGrantType.broken("the grant_type %s is not supported", printable(name))
	case !c.MayGrant(name):
		return nil, ruleGrantTypeRegistered.broken("the client is not registered for the grant_type %s", name)
	}
	// Before the grant is looked at: what a request without its proof, or with one
	// that must be made again, would use up is still good after it.
	bound, oerr := p.boundTo(w, r, c)
	if oerr != nil {
		return nil, oerr
	}
	return do(p, &tokenRequest{Request: r, client: c, params: ps, bound: bound})
}

func writeJSON(w http.ResponseWriter, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header()["Content-Type"] = jsonType
	w.Write(body)
	return nil
}

// exchange turns a code into tokens. The code is used up first: every check
// after that fails for good, so that a stolen code cannot be tried again.
func (p *Provider) exchange(r *tokenRequest) (*tokens, error) {
	c, ps := r.client, r.params
	raw, oerr := ps.require("code")
	if oerr != nil {
		return nil, oerr
	}
	ctx := r.Context()
	code, err := p.Grants.Redeem(ctx, raw)
	if fault.Is(err, fault.Expired) {
		return nil, ruleCode.broken("%s", fault.Public(err)).because(err)
	}
	if err != nil {
		return nil, err
	}
	g := &code.Grant
	infoOf(r.Request).AccountID = g.AccountID
	if oerr := checkExchange(r, code); oerr != nil {
		if err := p.Grants.Revoke(ctx, g.ID); err != nil {
			return nil, err
		}
		return nil, oerr
	}
	out, err := p.tokensOf(r, g, g.Scopes, code.Nonce)
	if err != nil {
		return nil, err
	}
	if out.opaque != nil {
		// A grant that ended since, because its code was used twice, is answered
		// for as with a JWT: one caller gets tokens, and they are dead.
		err := p.Grants.Live(ctx, g, out.token, out.opaque)
		if err != nil && !fault.Is(err, fault.Expired) {
			return nil, err
		}
	}
	if slices.Contains(g.Scopes, "offline_access") && c.MayGrant(client.GrantRefresh) {
		if err := p.Clients.Keep(ctx, c); err != nil {
			return nil, err
		}
		if out.answer.RefreshToken, err = p.Grants.StartFamily(ctx, *g, r.keptTo()); err != nil {
			return nil, err
		}
	}
	return out.answer, nil
}

func checkExchange(r *tokenRequest, code *grant.Code) *oauthError {
	ps := r.params
	verifier := ps.get("code_verifier")
	switch {
	case code.Grant.ClientID != r.client.ID:
		return ruleCode.broken("the code was issued to another client")
	case ps.get("redirect_uri") != code.RedirectURI:
		return ruleCodeRedirect.broken("redirect_uri is not the one of the authorization request")
	case code.CodeChallenge == "" && verifier != "":
		// RFC 9700 §2.1.1: a verifier without a challenge is a downgrade.
		return ruleVerifier.broken("code_verifier was sent, but the authorization request had no code_challenge")
	case code.CodeChallenge != "" && (len(verifier) < 43 || len(verifier) > 128):
		return ruleVerifier.broken("code_verifier must have 43 to 128 characters (RFC 7636, section 4.1)")
	case code.CodeChallenge != "" && !oidc.VerifyCodeChallenge(&oidc.CodeChallenge{Challenge: code.CodeChallenge, Method: oidc.CodeChallengeMethodS256}, verifier):
		return ruleVerifier.broken("code_verifier does not fit the code_challenge")
	case code.DPoPKey != "" && code.DPoPKey != r.bound.JKT:
		return ruleBond.broken("the code is bound to a DPoP key (dpop_jkt), and the request has no proof of that key (RFC 9449, section 10)")
	}
	return nil
}

// minted is an answer with what must be stored for it.
type minted struct {
	*access
	answer *tokens
}

// tokensOf makes the access token, for the APIs that the request names, bound to
// what the request proved to have, and the ID token where openid was granted.
func (p *Provider) tokensOf(r *tokenRequest, g *grant.Grant, scopes []string, nonce string) (*minted, error) {
	ctx, c := r.Context(), r.client
	if err := p.belongs(ctx, g); err != nil {
		return nil, err
	}
	to, oerr := p.target(ctx, c, g, scopes, r.params)
	if oerr != nil {
		return nil, oerr
	}
	a, err := p.mint.access(c, g, to, r.bound)
	if err != nil {
		return nil, err
	}
	out := &tokens{AccessToken: a.token, TokenType: tokenType(r.bound), ExpiresIn: int64(a.life / time.Second), Scope: strings.Join(to.scopes, " "), Details: to.details}
	if g.AccountID != "" && slices.Contains(scopes, "openid") {
		parts := &idParts{nonce: nonce, access: a.token}
		if parts.person, err = p.personIn(ctx, g, nil); err != nil {
			return nil, err
		}
		if out.IDToken, err = p.idToken(ctx, c, g, parts); err != nil {
			return nil, err
		}
	}
	return &minted{a, out}, nil
}

// live stores an opaque access token and makes its grant live for as long. The
// grant may have been revoked since it was read; then the answer is the one of a
// revoked grant. Of a JWT nothing is stored: the family is its grant's record.
func (p *Provider) live(ctx context.Context, g *grant.Grant, out *minted) error {
	if out.opaque == nil {
		return nil
	}
	err := p.Grants.Live(ctx, g, out.token, out.opaque)
	if fault.Is(err, fault.Expired) {
		return ruleGrantEnded.broken("%s", fault.Public(err)).because(err)
	}
	return err
}

// refresh gives new tokens for a refresh token, and replaces it unless the
// client's profile says otherwise.
func (p *Provider) refresh(r *tokenRequest) (*tokens, error) {
	c, ps := r.client, r.params
	raw, oerr := ps.require("refresh_token")
	if oerr != nil {
		return nil, oerr
	}
	ctx, asked := r.Context(), ps.list("scope")
	if err := p.checkNarrowed(ctx, raw, c, ps); err != nil {
		return nil, err
	}
	f, next, err := p.useRefresh(r, raw)
	if errors.Is(err, grant.ErrBond) {
		return nil, ruleBond.broken("%s", fault.Public(err)).because(err)
	}
	if fault.Is(err, fault.Expired) {
		return nil, ruleRefreshToken.broken("%s", fault.Public(err)).because(err)
	}
	if err != nil {
		return nil, err
	}
	infoOf(r.Request).AccountID = f.Grant.AccountID
	// What the client may no longer ask for is not refreshed either.
	scopes, _ := grant.Narrow(c.MayScope(f.Grant.Scopes), asked)
	out, err := p.tokensOf(r, &f.Grant, scopes, "")
	if err != nil {
		return nil, err
	}
	if err := p.live(ctx, &f.Grant, out); err != nil {
		return nil, err
	}
	out.answer.RefreshToken = next
	return out.answer, nil
}

// useRefresh uses the refresh token and returns the one that replaces it; "" for
// a client whose tokens stay (RFC 6749 §6 leaves it out then).
func (p *Provider) useRefresh(r *tokenRequest, token string) (*grant.Family, string, error) {
	if r.client.Policy().KeepRefresh {
		f, err := p.Grants.Reuse(r.Context(), token, r.client.ID, r.keptTo())
		return f, "", err
	}
	return p.Grants.Refresh(r.Context(), token, r.client.ID, r.keptTo())
}

// checkNarrowed refuses scopes and APIs beyond the token's grant before the token
// is used up: an app that asked for too much can ask again. It costs a read, where
// any are asked for at all. A token that is not the client's is left to
// Refresh.
func (p *Provider) checkNarrowed(ctx context.Context, token string, c *client.Client, ps params) error {
	if !ps.has("scope") && !ps.has("resource") && !ps.has("authorization_details") {
		return nil
	}
	f, _, err := p.Grants.FamilyOf(ctx, token)
	if err != nil || f == nil || f.Grant.ClientID != c.ID {
		return err
	}
	scopes, ok := grant.Narrow(c.MayScope(f.Grant.Scopes), ps.list("scope"))
	if !ok {
		return ruleRefreshScope.broken("a refresh cannot ask for more than was granted: %s", printable(strings.Join(f.Grant.Scopes, " ")))
	}
	if _, oerr := p.target(ctx, c, &f.Grant, scopes, ps); oerr != nil {
		return oerr
	}
	return nil
}

// clientCredentials gives the client a token of its own (RFC 6749 §4.4).
func (p *Provider) clientCredentials(r *tokenRequest) (*tokens, error) {
	c, ps := r.client, r.params
	if c.Public() {
		return nil, ruleGrantTypeRegistered.broken("client_credentials needs a client that can prove who it is")
	}
	ctx := r.Context()
	resources, oerr := p.resources(ctx, c, ps["resource"])
	if oerr != nil {
		return nil, oerr
	}
	details, oerr := p.details(ctx, c, ps.get("authorization_details"))
	if oerr != nil {
		return nil, oerr
	}
	asked := ps.list("scope")
	scopes := c.MayScope(asked)
	if len(asked) == 0 {
		scopes = slices.Clone(c.Scopes)
	}
	// There is no person whose identity or absence these could be about.
	scopes = slices.DeleteFunc(scopes, func(s string) bool { return slices.Contains(resource.Personal, s) })
	if len(asked) > 0 && len(scopes) == 0 {
		return nil, ruleOwnScope.broken("none of the scopes asked for (%s) can be given to the client itself", printable(strings.Join(asked, " ")))
	}
	g := &grant.Grant{ID: grant.NewID(), ClientID: c.ID, Scopes: scopes, Audience: resources, Details: resource.Join(details)}
	out, err := p.tokensOf(r, g, scopes, "")
	if err != nil {
		return nil, err
	}
	if out.opaque == nil {
		// A JWT says all that there is to know of its grant (ADR 0013).
		return out.answer, nil
	}
	return out.answer, p.Grants.Begin(ctx, g, out.life, out.token, out.opaque)
}
