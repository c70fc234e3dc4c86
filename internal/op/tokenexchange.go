package op

// RFC 8693: token exchange. An API that was called with a person's token gets
// another for the API that it must call in turn: one that says who acts for the
// person (delegation), or one that does not (impersonation). Nobody may, but whom
// the operator allows it, for named apps' tokens and named APIs; nobody gets more
// than the token has that is exchanged, nor for longer.

import (
	"context"
	"slices"
	"strings"
	"time"

	"signet/internal/client"
	"signet/internal/grant"
)

// Types of tokens (§3).
const (
	typeAccessToken = "urn:ietf:params:oauth:token-type:access_token"
	typeJWT         = "urn:ietf:params:oauth:token-type:jwt"
)

// maxActors is how many may act for a person one after the other: each exchange
// makes a token longer, and one more grant is asked about when it is used.
const maxActors = 5

// exchangeToken makes a token of the subject's (§2).
func (p *Provider) exchangeToken(r *tokenRequest) (*tokens, error) {
	c, ps, ctx := r.client, r.params, r.Context()
	subject, err := p.exchanged(r, "subject")
	if err != nil {
		return nil, err
	}
	infoOf(r.Request).AccountID = subject.grant.AccountID
	if err := p.belongs(ctx, subject.grant); err != nil {
		return nil, err
	}
	g := *subject.grant
	g.ID, g.ClientID, g.Claims = grant.NewID(), c.ID, nil
	g.Parents = append([]string{subject.grant.ID}, subject.grant.Parents...)
	kind := client.Impersonation
	if ps.has("actor_token") || ps.has("actor_token_type") {
		kind = client.Delegation
		actor, err := p.exchanged(r, "actor")
		if err != nil {
			return nil, err
		}
		g.Actor = &grant.Actor{Subject: actor.claims.Subject, Before: g.Actor}
	}
	if oerr := checkExchangePolicy(r, subject, kind, &g); oerr != nil {
		return nil, oerr
	}
	to, oerr := p.exchangeTarget(r, subject)
	if oerr != nil {
		return nil, oerr
	}
	g.Scopes, g.Audience = to.scopes, to.audience
	a, err := p.mint.access(c, &g, to, r.bound)
	if err != nil {
		return nil, err
	}
	if err := p.Pages.Record(r.Request, "token.exchange", c.ID, g.AccountID,
		"kind", kind, "from", subject.claims.ClientID, "audience", strings.Join(g.Audience, " "), "scopes", strings.Join(g.Scopes, " ")); err != nil {
		return nil, err
	}
	if err := p.Grants.Begin(ctx, &g, a.life, a.token, a.opaque); err != nil {
		return nil, err
	}
	issued := typeAccessToken
	if ps.get("requested_token_type") == typeJWT {
		issued = typeJWT
	}
	return &tokens{
		AccessToken: a.token, IssuedType: issued, TokenType: tokenType(r.bound),
		ExpiresIn: int64(a.life / time.Second), Scope: strings.Join(to.scopes, " "),
	}, nil
}

// exchanged returns the access token that the request brings in the role, subject
// or actor. To whom it is bound must prove it, and the new one is bound to the
// same.
func (p *Provider) exchanged(r *tokenRequest, role string) (*checked, error) {
	raw, oerr := r.params.require(role + "_token")
	if oerr != nil {
		return nil, oerr
	}
	typ, oerr := r.params.require(role + "_token_type")
	if oerr != nil {
		return nil, oerr
	}
	if typ != typeAccessToken && typ != typeJWT {
		return nil, ruleExchange.broken("the %s_token_type %s is not one of %s, %s", role, printable(typ), typeAccessToken, typeJWT)
	}
	t, err := p.check(r.Context(), raw)
	if err != nil {
		return nil, err
	}
	switch {
	case t == nil:
		return nil, ruleExchange.broken("the %s_token is not, or no longer, an access token of this provider", role)
	case !t.claims.Confirmation.IsZero() && t.claims.Confirmation != r.bound:
		return nil, ruleBond.broken("the %s_token is bound to a key, and the request has no proof of that key", role)
	case role == "actor" && t.claims.ClientID != r.client.ID:
		return nil, ruleExchange.broken("the actor_token was issued to another client")
	case role == "subject" && t.grant.AccountID == "":
		return nil, ruleExchange.broken("the subject_token is a client's own and about no person; ask for client_credentials instead")
	}
	return t, nil
}

// checkExchangePolicy checks that the operator allows the client the exchange,
// and that the token reached it by right.
func checkExchangePolicy(r *tokenRequest, subject *checked, kind string, g *grant.Grant) *oauthError {
	c, from := r.client, subject.claims.ClientID
	requested := r.params.get("requested_token_type")
	switch {
	case requested != "" && requested != typeAccessToken && requested != typeJWT:
		return ruleExchange.broken("the requested_token_type %s is not one of %s, %s", printable(requested), typeAccessToken, typeJWT)
	case !c.MayExchange(kind, from):
		return ruleExchangePolicy.broken("the client may not do %s with tokens of the client %s (token_exchange, token_exchange_from)", kind, printable(from))
	case g.Actor.Depth() > maxActors || len(g.Parents) > maxActors:
		return ruleExchange.broken("the token was exchanged %d times already", len(subject.grant.Parents))
	}
	return nil
}

// exchangeTarget is what the new token is for: never more than the subject's, nor
// for longer.
func (p *Provider) exchangeTarget(r *tokenRequest, subject *checked) (*target, *oauthError) {
	c, ps, ctx := r.client, r.params, r.Context()
	if oerr := p.mayHold(ctx, c, subject); oerr != nil {
		return nil, oerr
	}
	// An API is named by its address; audience, which knows other names too, is
	// read as the same (§2.1).
	asked := append(slices.Clone(ps["resource"]), ps["audience"]...)
	asked = slices.DeleteFunc(asked, func(s string) bool { return s == "" })
	if len(asked) == 0 && len(c.Resources) == 1 {
		asked = c.Resources
	}
	if len(asked) == 0 {
		return nil, ruleExchangeTarget.broken("the parameter resource is missing, and the client may have tokens for several APIs")
	}
	had := strings.Fields(subject.claims.Scope)
	scopes, wanted := c.MayScope(had), ps.list("scope")
	if len(wanted) > 0 {
		var ok bool
		if scopes, ok = grant.Narrow(scopes, wanted); !ok {
			return nil, ruleExchangeScope.broken("the scopes asked for are more than the subject_token and the client's registration have in common: %s",
				printable(strings.Join(c.MayScope(had), " ")))
		}
	}
	to, oerr := p.audience(ctx, c, c.Resources, scopes, asked)
	if oerr != nil {
		return nil, oerr
	}
	to.scopes = slices.DeleteFunc(to.scopes, func(s string) bool { return s == "offline_access" })
	if len(wanted) > 0 && len(to.scopes) == 0 {
		return nil, ruleExchangeScope.broken("none of the scopes asked for means anything to %s", printable(strings.Join(to.audience, " ")))
	}
	if r.params.get("requested_token_type") == typeJWT {
		to.format = client.TokenJWT
	}
	to.life = min(to.life, time.Unix(subject.claims.Expires, 0).Sub(p.Now()))
	return to, nil
}

// mayHold checks that the token was meant to reach the client: it is its own, is
// for an API that is the client, or is for no API in particular.
func (p *Provider) mayHold(ctx context.Context, c *client.Client, subject *checked) *oauthError {
	claims := subject.claims
	if claims.ClientID == c.ID || slices.Contains(claims.Audience, p.cfg.Issuer) {
		return nil
	}
	for _, id := range claims.Audience {
		s, err := p.Resources.Server(ctx, id)
		if err != nil {
			return asOAuth(err)
		}
		if s != nil && slices.Contains(s.Clients, c.ID) {
			return nil
		}
	}
	return ruleExchange.broken("the subject_token is for %s, which is none of the client's APIs", printable(strings.Join(claims.Audience, " ")))
}
