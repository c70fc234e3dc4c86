// Package grant is about what a person has let an app do: the consent that
// lasts, the authorization code that carries it to the app, the access tokens
// that live while the grant lives, and the family of refresh tokens.
//
// It knows neither HTTP nor a store; the stores it needs are the interfaces
// Codes (short-lived) and Families and Consents (lasting).
package grant

import (
	"context"
	"encoding/json"
	"time"
)

// Grant is one act of granting: what an app got from one authorization, or
// from its own credentials. Access tokens name it, and are good only while it
// lives, so that one deletion ends all that came from it.
type Grant struct {
	ID        string          `json:"id"`
	ClientID  string          `json:"client"`
	AccountID string          `json:"account,omitempty"` // empty: the client itself
	Scopes    []string        `json:"scopes,omitempty"`
	Audience  []string        `json:"aud,omitempty"`
	Details   json.RawMessage `json:"authorization_details,omitempty"` // RFC 9396
	// Organization is the id of the one that it is about; "": of none in particular.
	Organization string          `json:"organization,omitempty"`
	SID          string          `json:"sid,omitempty"`
	AuthTime     time.Time       `json:"auth_time,omitzero"`
	ACR          string          `json:"acr,omitempty"`
	AMR          []string        `json:"amr,omitempty"`
	Claims       json.RawMessage `json:"claims,omitempty"` // the claims parameter of the request

	// Of a grant that was made of another's token (RFC 8693): the grants that it
	// came from, nearest first, with any of which it ends, and who acts for the
	// person.
	Parents []string `json:"parents,omitempty"`
	Actor   *Actor   `json:"act,omitempty"`
}

// Actor is who acts for the subject of a token, and for whom that one acted
// before (RFC 8693 §4.1). The json names are those of the claim act.
type Actor struct {
	Subject string `json:"sub"`
	Before  *Actor `json:"act,omitempty"`
}

// Depth is how many have acted.
func (a *Actor) Depth() int {
	n := 0
	for ; a != nil; a = a.Before {
		n++
	}
	return n
}

// Code is what an authorization code stands for.
type Code struct {
	Grant         Grant  `json:"grant"`
	RedirectURI   string `json:"redirect_uri"`
	Nonce         string `json:"nonce,omitempty"`
	CodeChallenge string `json:"code_challenge,omitempty"`
	DPoPKey       string `json:"dpop_jkt,omitempty"` // thumbprint of the only key with which it is redeemed
}

// Confirmation says to what a token is bound: whoever uses it must prove to have
// the private key (RFC 7800 §3.1). At most one member is set; none is set of a
// bearer token. A grant is bound to nothing: each token request of a client may
// bring another key, and refresh tokens say themselves to what they are bound.
type Confirmation struct {
	JKT         string `json:"jkt,omitempty"`      // RFC 7638 thumbprint of a DPoP key (RFC 9449 §6)
	Certificate string `json:"x5t#S256,omitempty"` // SHA-256 of a client's certificate (RFC 8705 §3.1)
}

// IsZero reports whether the token is bound to nothing.
func (c Confirmation) IsZero() bool { return c == Confirmation{} }

// Opaque is what an opaque access token stands for.
type Opaque struct {
	GrantID   string          `json:"grant"`
	IssuedAt  time.Time       `json:"iat"`
	ExpiresAt time.Time       `json:"exp"`
	Scopes    []string        `json:"scopes,omitempty"`
	Audience  []string        `json:"aud,omitempty"`                   // of the grant's; nil: nothing was said
	Details   json.RawMessage `json:"authorization_details,omitempty"` // of the grant's

	Confirmation Confirmation `json:"cnf,omitzero"`
}

// Codes keeps what lives for minutes: codes, living grants, opaque tokens.
// Losing it ends every code, and every access token but those whose grants are
// on record elsewhere (see Service.Grant), and revives none.
type Codes interface {
	// PutCode stores a code and its living grant, and lists the grant with its
	// account, in one round trip.
	PutCode(ctx context.Context, key string, c *Code, life, grantLife time.Duration) error
	// UseCode returns the code of the grant to exactly one of any number of callers,
	// unless the grant was ended (see EndGrants), and remembers for keep that it was
	// used. To the others it returns nil and whether the code had been used before
	// (false: there never was one, its time is over, or its grant was ended).
	UseCode(ctx context.Context, key, grantID string, keep time.Duration) (c *Code, used bool, err error)
	// NewGrant is PutGrant for a grant that nobody can have ended, because nobody
	// has seen it yet. One that is a person's is listed with the account.
	NewGrant(ctx context.Context, g *Grant, life time.Duration, key string, opaque *Opaque) error
	// GrantsOf returns the ids of the account's grants whose codes, or tokens
	// of the front channel, were given out lately, all or (clientID not "") the client's.
	GrantsOf(ctx context.Context, accountID, clientID string) ([]string, error)
	// PutGrant makes the grant live for so long from now, with the opaque
	// token under key if opaque is not nil, in one round trip. It reports
	// false, and stores nothing, for a grant that was ended (see EndGrants):
	// an answer that is under way must not revive what was just revoked.
	PutGrant(ctx context.Context, g *Grant, life time.Duration, key string, opaque *Opaque) (bool, error)
	// Grant returns the living grant, or nil and whether it was ended (false:
	// nothing is kept of it here).
	Grant(ctx context.Context, id string) (g *Grant, ended bool, err error)
	// Opaque returns what the opaque token under the key stands for, or nil.
	Opaque(ctx context.Context, key string) (*Opaque, error)
	// EndGrants ends the grants: their access tokens are refused from now on,
	// and PutGrant does not revive them for keep, which is at least the life
	// of an access token (a mark stays in the place of the grant).
	EndGrants(ctx context.Context, keep time.Duration, ids ...string) error
}

// Family is a chain of refresh tokens that came from one grant. Of its tokens
// one is the current one; the one before it is answered again for a short
// grace; any older one betrays a theft.
type Family struct {
	Grant      Grant
	RootKey    string // handle.Sum of the random part that all its tokens share
	Generation int64  // of the current token, from 0
	RotatedAt  time.Time
	IdleUntil  time.Time // the current token's end, unless it is used
	ExpiresAt  time.Time // the family's end, used or not
	CreatedAt  time.Time
	RevokedAt  *time.Time
}

// Families keeps refresh-token families for good.
type Families interface {
	// CreateFamily stores a new family. When its grant was revoked before (a
	// code used twice), it stores nothing and reports false.
	CreateFamily(ctx context.Context, f *Family) (bool, error)
	// RotateFamily makes generation+1 the current one of the client's living
	// family, if generation is still current and the account is active (a code
	// may be redeemed just after its account was disabled, when its families
	// have been revoked already), in one atomic statement, and
	// returns the family as it is then; nil when nothing was changed. The new
	// IdleUntil is the earlier of idleUntil and the family's end.
	RotateFamily(ctx context.Context, rootKey, clientID string, generation int64, idleUntil, now time.Time) (*Family, error)
	// KeepFamily is RotateFamily for a token that is not replaced: it moves the
	// end of a family whose current generation it is, and nothing else.
	KeepFamily(ctx context.Context, rootKey, clientID string, generation int64, idleUntil, now time.Time) (*Family, error)
	// GrantRecord returns what lasts of a grant: the grant itself if it has a
	// family, else nil, and whether it was revoked (RevokeFamily), which is known
	// for as long as its access tokens could live.
	GrantRecord(ctx context.Context, grantID string) (g *Grant, revoked bool, err error)
	// FamilyByRoot returns the family, or nil.
	FamilyByRoot(ctx context.Context, rootKey string) (*Family, error)
	// RevokeFamily ends the family of the grant, whether or not it exists
	// yet: one that is created later is dead from the start.
	RevokeFamily(ctx context.Context, grantID string, now time.Time) error
	// RevokeFamiliesOf ends the account's families, all or (clientID not "")
	// the client's, and returns their grants' ids.
	RevokeFamiliesOf(ctx context.Context, accountID, clientID string, now time.Time) ([]string, error)
	// DeleteDeadFamilies removes families that ended before the time, at most
	// limit of them, and returns how many it removed.
	DeleteDeadFamilies(ctx context.Context, before time.Time, limit int) (int, error)
}

// Consent is what a person lets an app have, until it is withdrawn.
type Consent struct {
	AccountID string
	ClientID  string
	Scopes    []string
	GrantedAt time.Time
	UpdatedAt time.Time
}

// Consents keeps consents for good.
type Consents interface {
	// Consent returns the consent, or nil.
	Consent(ctx context.Context, accountID, clientID string) (*Consent, error)
	// ConsentsOf returns the account's consents, newest first.
	ConsentsOf(ctx context.Context, accountID string) ([]*Consent, error)
	// AddConsent adds scopes to the account's consent for the client, making
	// it where there is none, and returns all scopes that it has then.
	AddConsent(ctx context.Context, accountID, clientID string, scopes []string, now time.Time) ([]string, error)
	// WithdrawConsent removes the consent and reports whether there was one.
	WithdrawConsent(ctx context.Context, accountID, clientID string) (bool, error)
}
