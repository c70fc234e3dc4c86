package op

// RFC 6750 and RFC 9068 §4: which access tokens are good. An ID token is none:
// its type differs.

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"time"

	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/grant"
	"signet/internal/keys"
)

// checked is an access token that is good.
type checked struct {
	client *client.Client
	grant  *grant.Grant
	claims *accessClaims
}

// check returns what the access token stands for; nil when it is not, or no
// longer, one of ours. Only a store that fails is an error.
func (p *Provider) check(ctx context.Context, token string) (*checked, error) {
	o, g, err := p.Grants.Opaque(ctx, token)
	if err != nil {
		return nil, err
	}
	if o != nil {
		t, err := p.ofClient(ctx, &checked{grant: g})
		if t != nil {
			t.claims = p.mint.claimsOf(t.client, g, o.Scopes, o.Audience, "", o.IssuedAt, o.ExpiresAt)
			t.claims.Confirmation, t.claims.Details = o.Confirmation, o.Details
		}
		return t, err
	}
	claims := p.parseAccess(token)
	if claims == nil {
		return nil, nil
	}
	g, err = p.Grants.Grant(ctx, claims.grantID(), claims.ofClient())
	if err != nil || g == nil {
		return nil, err
	}
	return p.ofClient(ctx, &checked{grant: g, claims: claims})
}

// ofClient returns the token if its client is still registered, else nil.
func (p *Provider) ofClient(ctx context.Context, t *checked) (*checked, error) {
	c, err := p.Clients.Get(ctx, t.grant.ClientID)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	t.client = c
	return t, nil
}

// maxVerified is how many access tokens a node remembers to have verified, at
// about a kilobyte each.
const maxVerified = 4096

// verifiedToken names a token that was found good: the whole of it, signature
// included, and the keys of that time. With other keys it is looked at anew.
type verifiedToken struct {
	sum  [sha256.Size]byte
	keys *keys.Set
}

// parseAccess returns the claims of a JWT access token that was signed here and
// has not expired, or nil. The caller must not change them.
//
// An API asks about the same token again and again, and to verify a signature
// is most of what that costs, so its claims are remembered. Whether the grant
// lives is asked each time.
func (p *Provider) parseAccess(token string) *accessClaims {
	name := verifiedToken{sha256.Sum256([]byte(token)), p.Keys.Set()}
	claims, known := p.verified.Get(name)
	if !known {
		payload, err := p.mint.signedHere(token, typeAccess)
		if err != nil {
			return nil
		}
		claims = &accessClaims{}
		if json.Unmarshal(payload, claims) != nil || claims.Issuer != p.cfg.Issuer {
			return nil
		}
		p.verified.Add(name, claims)
	}
	if p.Now().Unix() >= claims.Expires {
		return nil
	}
	return claims
}

// verifyHint returns the claims of an id_token_hint: an ID token that was
// issued here to the client (to any, if clientID is ""), with the account's id
// for its subject. It may have expired (OpenID Connect Core §3.1.2.1).
func (p *Provider) verifyHint(ctx context.Context, hint, clientID string) (*idClaims, error) {
	payload, err := p.mint.signedHere(hint, typeID)
	if err != nil {
		return nil, err
	}
	claims := &idClaims{personClaims: &personClaims{}} // which a token may tell of, too, and which must be there to be read
	if err := json.Unmarshal(payload, claims); err != nil {
		return nil, err
	}
	switch {
	case claims.Issuer != p.cfg.Issuer:
		return nil, fault.New(fault.Invalid, "the token is of another issuer")
	case claims.Expires == 0 || claims.IssuedAt == 0:
		return nil, fault.New(fault.Invalid, "the token is a userinfo answer and no ID token")
	case len(claims.Audience) != 1 || clientID != "" && claims.Audience[0] != clientID:
		return nil, fault.New(fault.Invalid, "the token is of another client")
	case claims.IssuedAt > p.Now().Add(time.Minute).Unix():
		return nil, fault.New(fault.Invalid, "the token is from the future")
	}
	c, err := p.Clients.Get(ctx, claims.Audience[0])
	if err != nil {
		return nil, err
	}
	claims.Subject = p.subjects.account(c, claims.Subject)
	return claims, nil
}
