package op

// RFC 7662 (token introspection) and RFC 7009 (token revocation).

import (
	"encoding/json"
	"net/http"
	"strings"

	"signet/internal/fault"
	"signet/internal/grant"
)

// introspection is an answer (RFC 7662 §2.2).
type introspection struct {
	Active    bool     `json:"active"`
	Scope     string   `json:"scope,omitempty"`
	ClientID  string   `json:"client_id,omitempty"`
	TokenType string   `json:"token_type,omitempty"`
	Expires   int64    `json:"exp,omitempty"`
	IssuedAt  int64    `json:"iat,omitempty"`
	Subject   string   `json:"sub,omitempty"`
	Audience  audience `json:"aud,omitempty"`
	Issuer    string   `json:"iss,omitempty"`
	ID        string   `json:"jti,omitempty"`
	AuthTime  int64    `json:"auth_time,omitempty"`
	ACR       string   `json:"acr,omitempty"`
	AMR       []string `json:"amr,omitempty"`

	Organization string             `json:"organization,omitempty"`          // that the token is about
	Details      json.RawMessage    `json:"authorization_details,omitempty"` // RFC 9396 §9.2
	Confirmation grant.Confirmation `json:"cnf,omitzero"`                    // RFC 9449 §6.2, RFC 8705 §3.2
	Actor        *grant.Actor       `json:"act,omitempty"`                   // RFC 8693 §4.1
}

// introspect tells an app that proved who it is whether a token is good.
func (p *Provider) introspect(w http.ResponseWriter, r *http.Request) error {
	ps, c, oerr := p.fromClient(r)
	if oerr != nil {
		return oerr
	}
	if c.Public() {
		// RFC 7662 §4: whoever asks must be known, or tokens could be guessed.
		return invalidClient(fault.New(fault.Unauthenticated, "a public client cannot introspect"))
	}
	token, oerr := ps.require("token")
	if oerr != nil {
		return oerr
	}
	out, err := p.introspection(r, token)
	if err != nil {
		return err
	}
	if out, err = p.mayKnow(r.Context(), c, out); err != nil {
		return err
	}
	if wantsSigned(r) {
		return p.writeSignedIntrospection(w, r, c, out)
	}
	return writeJSON(w, out)
}

func (p *Provider) introspection(r *http.Request, token string) (*introspection, error) {
	t, err := p.check(r.Context(), token)
	if err != nil {
		return nil, err
	}
	if t != nil {
		if left, err := p.left(r.Context(), t.grant); err != nil || left {
			return nil, err
		}
		c := t.claims
		return &introspection{
			Active: true, Scope: c.Scope, ClientID: c.ClientID, TokenType: tokenType(c.Confirmation), Expires: c.Expires, IssuedAt: c.IssuedAt,
			Subject: c.Subject, Audience: c.Audience, Issuer: c.Issuer, ID: c.ID, AuthTime: c.AuthTime, ACR: c.ACR, AMR: c.AMR,
			Confirmation: c.Confirmation, Organization: c.Organization, Details: c.Details, Actor: c.Actor,
		}, nil
	}
	f, active, err := p.Grants.FamilyOf(r.Context(), token)
	if err != nil || !active {
		return nil, err
	}
	if left, err := p.left(r.Context(), &f.Grant); err != nil || left {
		return nil, err
	}
	c, err := p.Clients.Get(r.Context(), f.Grant.ClientID)
	if err != nil {
		return nil, err
	}
	return &introspection{
		Active: true, Scope: strings.Join(f.Grant.Scopes, " "), ClientID: f.Grant.ClientID, TokenType: "refresh_token",
		Expires: f.IdleUntil.Unix(), IssuedAt: f.RotatedAt.Unix(), Subject: p.subjects.of(c, f.Grant.AccountID), Issuer: p.cfg.Issuer,
	}, nil
}

// revoke ends a token of the client and the grant that it came from. A token
// that is none, or ended already, is no error (RFC 7009 §2.2).
func (p *Provider) revoke(w http.ResponseWriter, r *http.Request) error {
	ps, c, oerr := p.fromClient(r)
	if oerr != nil {
		return oerr
	}
	token, oerr := ps.require("token")
	if oerr != nil {
		return oerr
	}
	g, err := p.grantOf(r, token)
	if err != nil {
		return err
	}
	if g != nil {
		if g.ClientID != c.ID {
			return ruleForeignToken.broken("the token was issued to another client")
		}
		infoOf(r).AccountID = g.AccountID
		if err := p.Grants.Revoke(r.Context(), g.ID); err != nil {
			return err
		}
	}
	// No body and no type: a type without a body breaks some clients.
	w.WriteHeader(http.StatusOK)
	return nil
}

// grantOf returns the grant that the token, of either kind, came from, or nil.
func (p *Provider) grantOf(r *http.Request, token string) (*grant.Grant, error) {
	t, err := p.check(r.Context(), token)
	if err != nil {
		return nil, err
	}
	if t != nil {
		return t.grant, nil
	}
	f, _, err := p.Grants.FamilyOf(r.Context(), token)
	if err != nil || f == nil {
		return nil, err
	}
	return &f.Grant, nil
}
