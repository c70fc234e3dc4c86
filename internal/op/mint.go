package op

// RFC 9068 (JWT access tokens) and OpenID Connect Core §2, §3.1.3.6: the one
// place that makes tokens.

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/grant"
	"signet/internal/handle"
	"signet/internal/keys"
	"signet/internal/session"
)

// Types in the header of what is signed (RFC 9068 §2.1, RFC 7519 §5.1).
const (
	typeAccess = "at+jwt"
	typeID     = "JWT"
)

// signatureAlgs are those of our own keys.
var signatureAlgs = algsOf(keys.Algorithms)

func algsOf(names []string) []jose.SignatureAlgorithm {
	algs := make([]jose.SignatureAlgorithm, len(names))
	for i, name := range names {
		algs[i] = jose.SignatureAlgorithm(name)
	}
	return algs
}

type minter struct {
	subjects subjects
	keys     *keys.Manager
	cfg      Config
	now      func() time.Time
}

// audience is one string when there is one member, as most expect it
// (RFC 7519 §4.1.3).
type audience []string

// MarshalJSON writes a string or a list.
func (a audience) MarshalJSON() ([]byte, error) {
	if len(a) == 1 {
		return json.Marshal(a[0])
	}
	return json.Marshal([]string(a))
}

// UnmarshalJSON reads either.
func (a *audience) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*a = audience{""}
		return json.Unmarshal(b, &(*a)[0])
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// accessClaims are those of a JWT access token (RFC 9068 §2.2). The jti is the
// grant's id, a dot, and the token's own part.
type accessClaims struct {
	Issuer   string          `json:"iss"`
	Subject  string          `json:"sub"`
	Audience audience        `json:"aud"`
	Expires  int64           `json:"exp"`
	IssuedAt int64           `json:"iat"`
	ID       string          `json:"jti"`
	ClientID string          `json:"client_id"`
	Scope    string          `json:"scope,omitempty"`
	AuthTime int64           `json:"auth_time,omitempty"`
	ACR      string          `json:"acr,omitempty"`
	AMR      []string        `json:"amr,omitempty"`
	SID      string          `json:"sid,omitempty"`
	Details  json.RawMessage `json:"authorization_details,omitempty"` // RFC 9396 §9.1
	// Organization is the id of the one that was asked for and that the token is about.
	Organization string `json:"organization,omitempty"`

	Confirmation grant.Confirmation `json:"cnf,omitzero"`
	Actor        *grant.Actor       `json:"act,omitempty"` // RFC 8693 §4.1
}

func (c *accessClaims) grantID() string {
	id, _, _ := strings.Cut(c.ID, ".")
	return id
}

// ofClient returns the grant of a client's own token, which nobody else keeps;
// nil when a person granted it.
func (c *accessClaims) ofClient() *grant.Grant {
	if c.Subject != c.ClientID || c.AuthTime != 0 {
		return nil
	}
	return &grant.Grant{ID: c.grantID(), ClientID: c.ClientID, Scopes: strings.Fields(c.Scope), Audience: c.Audience, Details: c.Details}
}

// idClaims are those of an ID token (OpenID Connect Core §2).
type idClaims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience audience `json:"aud"`
	Expires  int64    `json:"exp"`
	IssuedAt int64    `json:"iat"`
	AuthTime int64    `json:"auth_time"`
	Nonce    string   `json:"nonce,omitempty"`
	ACR      string   `json:"acr,omitempty"`
	AMR      []string `json:"amr,omitempty"`
	SID      string   `json:"sid,omitempty"`
	ATHash   string   `json:"at_hash,omitempty"`
	CHash    string   `json:"c_hash,omitempty"` // §3.3.2.11
	SHash    string   `json:"s_hash,omitempty"` // FAPI 1.0 Part 2 §5.1
	AZP      string   `json:"azp,omitempty"`
	// Organization is that of accessClaims; of organizations the token has this one.
	Organization string `json:"organization,omitempty"`
	*personClaims
}

// access is an access token that was made.
type access struct {
	token  string
	opaque *grant.Opaque // nil: a JWT
	scopes []string
	life   time.Duration
}

// access makes an access token of the grant for the target, bound to what
// cnf names.
func (m *minter) access(c *client.Client, g *grant.Grant, to *target, cnf grant.Confirmation) (*access, error) {
	now, alg := m.now(), c.AccessTokenAlg
	if to.format == client.TokenOpaque {
		return &access{
			token: handle.New(), scopes: to.scopes, life: to.life,
			opaque: &grant.Opaque{GrantID: g.ID, Scopes: to.scopes, Audience: to.audience, Details: to.details, IssuedAt: now, ExpiresAt: now.Add(to.life), Confirmation: cnf},
		}, nil
	}
	if alg == "" {
		alg = m.cfg.AccessTokenAlg
	}
	key, err := m.keys.Set().Signer(alg)
	if err != nil {
		return nil, err
	}
	claims := m.claimsOf(c, g, to.scopes, to.audience, g.ID+"."+handle.Short(), now, now.Add(to.life))
	claims.Confirmation, claims.Details = cnf, to.details
	token, err := key.Sign(typeAccess, claims)
	return &access{token: token, scopes: to.scopes, life: to.life}, err
}

// claimsOf is what an access token of the grant says, in either format.
func (m *minter) claimsOf(c *client.Client, g *grant.Grant, scopes, aud []string, jti string, iat, exp time.Time) *accessClaims {
	claims := &accessClaims{
		Issuer: m.cfg.Issuer, Subject: m.subjects.of(c, g.AccountID), Audience: aud, ID: jti, ClientID: g.ClientID,
		Expires: exp.Unix(), IssuedAt: iat.Unix(), Scope: strings.Join(scopes, " "),
		ACR: session.ACRAt(g.ACR, g.AMR, g.AuthTime, iat), AMR: g.AMR, SID: g.SID, Actor: g.Actor, Organization: g.Organization,
	}
	if g.AccountID == "" {
		claims.Subject = g.ClientID // RFC 9068 §2.2: no person is involved
	}
	if len(claims.Audience) == 0 {
		claims.Audience = audience{m.cfg.Issuer} // RFC 9068 §3: the default resource
	}
	if !g.AuthTime.IsZero() {
		claims.AuthTime = g.AuthTime.Unix()
	}
	return claims
}

// idParts are what an ID token says besides what its grant does.
type idParts struct {
	nonce  string
	access string        // the access token that goes with it: at_hash
	code   string        // the code that goes with it: c_hash
	state  string        // the state that goes with it: s_hash
	person *personClaims // nil: only who it is
}

// id makes an ID token of the grant.
func (m *minter) id(c *client.Client, g *grant.Grant, parts *idParts) (string, error) {
	key, err := m.keys.Set().Signer(c.IDTokenAlg)
	if err != nil {
		return "", err
	}
	now := m.now()
	claims := &idClaims{
		Issuer: m.cfg.Issuer, Subject: m.subjects.of(c, g.AccountID), Audience: audience{c.ID},
		Expires: now.Add(m.cfg.IDToken).Unix(), IssuedAt: now.Unix(), AuthTime: g.AuthTime.Unix(),
		Nonce: parts.nonce, ACR: session.ACRAt(g.ACR, g.AMR, g.AuthTime, now), AMR: g.AMR, SID: g.SID, Organization: g.Organization,
		personClaims: parts.person,
	}
	for _, h := range []struct {
		of   string
		into *string
	}{{parts.access, &claims.ATHash}, {parts.code, &claims.CHash}, {parts.state, &claims.SHash}} {
		if h.of == "" {
			continue
		}
		if *h.into, err = oidc.ClaimHash(h.of, jose.SignatureAlgorithm(c.IDTokenAlg)); err != nil {
			return "", err
		}
	}
	told, err := withLocalized(claims, parts.person)
	if err != nil {
		return "", err
	}
	return key.Sign(typeID, told)
}

// signedHere returns the payload of a JWS of the type that one of our
// published keys signed.
func (m *minter) signedHere(token, typ string) ([]byte, error) {
	jws, err := jose.ParseSignedCompact(token, signatureAlgs)
	if err != nil {
		return nil, err
	}
	header := jws.Signatures[0].Protected
	if got, _ := header.ExtraHeaders[jose.HeaderType].(string); got != typ {
		return nil, fault.New(fault.Invalid, "the token is of type %s, not %s", printable(got), typ)
	}
	key := m.keys.Set().Verifier(header.KeyID)
	if key == nil || key.Alg != header.Algorithm {
		return nil, fault.New(fault.Invalid, "no published key is named %s", printable(header.KeyID))
	}
	return jws.Verify(key.Public)
}
