package relyingparty

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// Token is what the access token says that came with a call of an API.
type Token struct {
	// Subject is the person on whose behalf the call is made, or the client
	// itself (RFC 9068 §2.2). It is the User's Subject, unless the provider
	// calls people by other names at other clients (pairwise).
	Subject string
	// ClientID is the app that calls.
	ClientID string
	// Scopes are what it may do.
	Scopes []string
	// Organization is the id of the one that it is about, or "": what is kept for
	// another one is not its business.
	Organization string
	// Expires is the token's end.
	Expires time.Time
}

// HasScope tells whether the token allows it.
func (t *Token) HasScope(scope string) bool { return slices.Contains(t.Scopes, scope) }

type tokenKey struct{}

// TokenFrom returns the token of the call, or nil. The context is that of a
// request which passed [RP.RequireToken].
func TokenFrom(ctx context.Context) *Token {
	t, _ := ctx.Value(tokenKey{}).(*Token)
	return t
}

// maxToken bounds what is looked at of a stranger's token.
const maxToken = 16 << 10

// accessTokenTypes are what the header of an access token says it is (RFC 9068
// §2.1); an ID token is none.
var accessTokenTypes = []any{"at+jwt", "application/at+jwt"}

var (
	errForeignToken = errors.New("the token is of another issuer, for another audience, or no access token")
	errOldToken     = errors.New("the token has expired")
	errBoundToken   = errors.New("the token is bound to a key, and this API reads no proofs")
)

// RequireToken lets only those to the API next whose request brings an access
// token of the provider, as Authorization: Bearer: a JWT (RFC 9068) that is for
// the audience and allows the scopes. Without an audience the token must be for
// the issuer, which is what one is for that names no resource. Others are
// answered as RFC 6750 §3 says. Whether the token was revoked is not asked, so
// that its lifetime bounds how long it works after that.
//
// No cookie is looked at: pages are for [RP.Require].
func (rp *RP) RequireToken(audience string, next http.Handler, scopes ...string) http.Handler {
	if audience == "" {
		audience = rp.config.Issuer
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		scheme, raw, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, oidc.BearerToken) || raw == "" {
			refuseToken(w, http.StatusUnauthorized, "")
			return
		}
		if err := rp.Ready(r.Context()); err != nil {
			rp.config.Logger.LogAttrs(r.Context(), slog.LevelWarn, "token not checked", slog.String("cause", describe(err)))
			refuseToken(w, http.StatusServiceUnavailable, "temporarily_unavailable")
			return
		}
		token, err := rp.readToken(r.Context(), raw, audience)
		if err != nil {
			rp.config.Logger.LogAttrs(r.Context(), slog.LevelInfo, "token refused", slog.String("path", r.URL.Path), slog.String("cause", describe(err)))
			refuseToken(w, http.StatusUnauthorized, "invalid_token")
			return
		}
		for _, scope := range scopes {
			if !token.HasScope(scope) {
				refuseToken(w, http.StatusForbidden, "insufficient_scope", scopes...)
				return
			}
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), tokenKey{}, token)))
	})
}

// refuseToken answers a call (RFC 6750 §3.1). One without a token is told no
// error, only what to bring.
func refuseToken(w http.ResponseWriter, status int, code string, scopes ...string) {
	challenge := "Bearer"
	if code != "" {
		challenge += ` error="` + code + `"`
	}
	if len(scopes) > 0 {
		challenge += `, scope="` + strings.Join(scopes, " ") + `"`
	}
	if status != http.StatusServiceUnavailable {
		w.Header().Set("WWW-Authenticate", challenge)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	body, _ := json.Marshal(map[string]string{"error": code}) // a string always marshals
	_, _ = w.Write(body)                                      // the caller may be gone
}

// accessClaims are those of an access token (RFC 9068 §2.2).
type accessClaims struct {
	Issuer   string          `json:"iss"`
	Subject  string          `json:"sub"`
	Audience oidc.Audience   `json:"aud"`
	Expires  oidc.Time       `json:"exp"`
	ClientID string          `json:"client_id"`
	Scope    string          `json:"scope"`
	Bound    json.RawMessage `json:"cnf"`

	Organization string `json:"organization"`
}

// SetSignatureAlgorithm is asked for by the library, and of no use here.
func (*accessClaims) SetSignatureAlgorithm(jose.SignatureAlgorithm) {}

// readToken verifies an access token (RFC 9068 §4).
func (rp *RP) readToken(ctx context.Context, raw, audience string) (*Token, error) {
	party, err := rp.provider.get(ctx)
	if err != nil {
		return nil, err
	}
	if len(raw) > maxToken {
		return nil, errForeignToken
	}
	header, err := jose.ParseSignedCompact(raw, algorithms())
	if err != nil {
		return nil, err
	}
	claims := &accessClaims{}
	payload, err := oidc.ParseToken(raw, claims)
	if err != nil {
		return nil, err
	}
	typ := header.Signatures[0].Protected.ExtraHeaders[jose.HeaderType]
	if !slices.Contains(accessTokenTypes, typ) || claims.Issuer != rp.config.Issuer || !slices.Contains(claims.Audience, audience) {
		return nil, errForeignToken
	}
	if err := oidc.CheckSignature(ctx, raw, payload, claims, signingAlgorithms, party.IDTokenVerifier().KeySet); err != nil {
		return nil, err
	}
	switch {
	case !rp.now().Before(claims.Expires.AsTime()):
		return nil, errOldToken
	case len(claims.Bound) > 0:
		return nil, errBoundToken
	}
	return &Token{Subject: claims.Subject, ClientID: claims.ClientID, Organization: claims.Organization, Scopes: strings.Fields(claims.Scope), Expires: claims.Expires.AsTime()}, nil
}

// algorithms are those that are accepted, as the library of signatures has them.
func algorithms() []jose.SignatureAlgorithm {
	algs := make([]jose.SignatureAlgorithm, len(signingAlgorithms))
	for i, name := range signingAlgorithms {
		algs[i] = jose.SignatureAlgorithm(name)
	}
	return algs
}
