package op

// RFC 7523 §2.1, §3: a JWT of an issuer that the operator trusts, for this
// client, is a grant: the person was signed in elsewhere. What comes of it is an
// access token and nothing that lasts.

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/account"
	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/grant"
)

// maxAsserted bounds what an assertion says of whom it is about.
const maxAsserted = 255

// assertedTokens gives the client a token for the person whom the assertion is
// about.
func (p *Provider) assertedTokens(r *tokenRequest) (*tokens, error) {
	c, ps, ctx := r.client, r.params, r.Context()
	raw, oerr := ps.require("assertion")
	if oerr != nil {
		return nil, oerr
	}
	resources, oerr := p.resources(ctx, c, ps["resource"])
	if oerr != nil {
		return nil, oerr
	}
	claims, err := p.readBearer(ctx, c, raw)
	if err != nil {
		return nil, err
	}
	a, err := p.asserted(ctx, c, claims.Subject)
	if err != nil {
		return nil, err
	}
	infoOf(r.Request).AccountID = a.ID
	scopes, err := p.assertedScopes(r, a)
	if err != nil {
		return nil, err
	}
	// Last of all, so that what is refused uses up no jti.
	if err := p.firstUse(ctx, c, claims); err != nil {
		return nil, err
	}
	g := &grant.Grant{ID: grant.NewID(), ClientID: c.ID, AccountID: a.ID, Scopes: scopes, Audience: resources}
	out, err := p.tokensOf(r, g, scopes, "")
	if err != nil {
		return nil, err
	}
	if err := p.Pages.Record(r.Request, "token.assertion", c.ID, a.ID, "issuer", c.AssertionIssuer, "scopes", strings.Join(scopes, " ")); err != nil {
		return nil, err
	}
	if err := p.Grants.Begin(ctx, g, out.life, out.token, out.opaque); err != nil {
		return nil, err
	}
	// Whoever closed or disabled the account meanwhile ended what it had granted
	// until then.
	if _, err := p.asserted(ctx, c, claims.Subject); err != nil {
		if err := p.Grants.Revoke(ctx, g.ID); err != nil {
			return nil, err
		}
		return nil, err
	}
	return out.answer, nil
}

// readBearer verifies an assertion: who signed it, for whom, and when (§3).
func (p *Provider) readBearer(ctx context.Context, c *client.Client, raw string) (*jwtClaims, error) {
	if len(raw) > maxAssertion {
		return nil, ruleAssertion.broken("the assertion has %d bytes; at most %d are read", len(raw), maxAssertion)
	}
	jws, err := jose.ParseSignedCompact(raw, algsFor(c))
	if err != nil {
		return nil, ruleAssertion.broken("the assertion is no JWT that is signed by an algorithm for signatures").because(err)
	}
	// What is signed for another purpose is none (RFC 8725 §3.11).
	if typ, _ := jws.Signatures[0].Protected.ExtraHeaders[jose.HeaderType].(string); typ != "" && !strings.EqualFold(typ, typeID) {
		return nil, ruleAssertion.broken("the assertion is of type %s, not JWT", printable(typ))
	}
	payload, err := p.keyring.verify(ctx, c.AssertionKeys(), jws)
	if fault.Is(err, fault.Invalid) {
		return nil, ruleAssertion.broken("the assertion is not signed by a key of %s", printable(c.AssertionIssuer)).because(err)
	}
	if err != nil {
		return nil, err
	}
	claims := &jwtClaims{}
	if err := json.Unmarshal(payload, claims); err != nil {
		return nil, ruleAssertion.broken("a claim of the assertion is of the wrong type").because(err)
	}
	exp, ok := moment(claims.Expires)
	now := p.Now()
	switch {
	case claims.Issuer != c.AssertionIssuer:
		return nil, ruleAssertion.broken("the iss of the assertion is not %s", printable(c.AssertionIssuer))
	case claims.Subject == "" || len(claims.Subject) > maxAsserted:
		return nil, ruleAssertion.broken("the sub of the assertion is missing or too long")
	case !p.isForUs(claims.Audience, pathToken):
		return nil, ruleAssertion.broken("the aud of the assertion is neither this issuer nor its token endpoint")
	case !ok || exp.After(now.Add(maxAssertionLife)):
		return nil, ruleAssertion.broken("the exp of the assertion is missing, or more than an hour away")
	case claims.ID == "" || len(claims.ID) > 512:
		return nil, ruleAssertion.broken("the jti of the assertion is missing or too long")
	}
	if wrong := claims.inTime(now); wrong != "" {
		return nil, ruleAssertion.broken("the assertion: %s", wrong)
	}
	return claims, nil
}

// asserted returns the account that the subject stands for. That there is none,
// and that it may not be used, reads the same.
func (p *Provider) asserted(ctx context.Context, c *client.Client, subject string) (*account.Account, error) {
	nobody := ruleAssertion.broken("the sub of the assertion stands for nobody here")
	email := c.AssertedEmail(subject)
	if email == "" {
		return nil, nobody
	}
	a, err := p.Accounts.ByEmail(ctx, email)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) {
		return nil, nobody.because(err)
	}
	if err != nil {
		return nil, err
	}
	if a.Status != account.Active || !a.EmailVerified {
		return nil, nobody
	}
	return a, nil
}

// assertedScopes are what the token is for: what is asked for, the client is
// registered for and, where it is not the house's, the person has allowed it. It
// is no sign-in, and nothing that lasts.
func (p *Provider) assertedScopes(r *tokenRequest, a *account.Account) ([]string, error) {
	c, asked := r.client, r.params.list("scope")
	scopes := c.MayScope(asked)
	if len(asked) == 0 {
		scopes = slices.Clone(c.Scopes)
	}
	scopes = slices.DeleteFunc(scopes, func(s string) bool { return s == "openid" || s == "offline_access" })
	if !c.Trusted {
		allowed, err := p.Grants.Consent(r.Context(), a.ID, c.ID)
		if err != nil {
			return nil, err
		}
		scopes = slices.DeleteFunc(scopes, func(s string) bool { return !slices.Contains(allowed, s) })
	}
	if len(scopes) == 0 {
		return nil, ruleOwnScope.broken("none of the scopes asked for (%s) can be had by an assertion: the client is not registered for them, the person has not allowed them, or they are openid or offline_access",
			printable(strings.Join(asked, " ")))
	}
	return scopes, nil
}

// firstUse uses up the assertion's jti.
func (p *Provider) firstUse(ctx context.Context, c *client.Client, claims *jwtClaims) error {
	exp, _ := moment(claims.Expires)
	first, err := p.Once.First(ctx, "bearer "+c.AssertionIssuer+" "+claims.ID, exp.Sub(p.Now())+maxSkew)
	if err == nil && !first {
		return ruleAssertion.broken("the jti of the assertion was used before")
	}
	return err
}
