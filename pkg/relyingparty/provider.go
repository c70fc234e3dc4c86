package relyingparty

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	zitadel "github.com/zitadel/oidc/v3/pkg/client/rp"
	httphelper "github.com/zitadel/oidc/v3/pkg/http"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"
)

// signingAlgorithms are the asymmetric ones that key sets publish keys for.
// "none" and the HMAC family are never accepted: the client's secret is not a
// signing key here (OpenID Connect Core §10.1).
var signingAlgorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

var (
	errNonce     = errors.New("the ID token's nonce is not the one of this sign-in")
	errTokenType = errors.New("the access token is not of type Bearer")
	errSubject   = errors.New("the refreshed ID token is about somebody else")
	errAuthTime  = errors.New("the refreshed ID token has another auth_time")
)

// provider talks to the OpenID provider. Its metadata is fetched when first
// needed, so the app may start before the provider does.
type provider struct {
	config Config
	life   context.Context // of the app: outlives a single request
	group  singleflight.Group

	mu    sync.RWMutex
	known *party
}

// party is a provider whose metadata is known.
type party struct {
	zitadel.RelyingParty
	// alwaysIss: the provider promises iss in every authorization response, so
	// one without it is not the provider's (RFC 9207 §2.4).
	alwaysIss bool
}

// refreshing asks for no scopes. RFC 6749 §6 then gives those of the original
// grant; the configured ones may be more than the person agreed to.
type refreshing struct{ *party }

func (r refreshing) OAuthConfig() *oauth2.Config {
	c := *r.party.OAuthConfig()
	c.Scopes = nil
	return &c
}

// grant is what a verified token response gave.
type grant struct {
	idToken      string // raw; empty if a refresh brought none
	claims       *oidc.IDTokenClaims
	userInfo     json.RawMessage
	accessToken  string
	refreshToken string
	life         time.Duration // of the access token; zero if not told
	scopes       []string      // nil if not told
}

// get returns the provider's metadata. However many requests wait for it, it is
// asked once; a failure is not remembered.
func (p *provider) get(ctx context.Context) (*party, error) {
	p.mu.RLock()
	known := p.known
	p.mu.RUnlock()
	if known != nil {
		return known, nil
	}
	answer := p.group.DoChan("discovery", func() (any, error) {
		ctx, cancel := context.WithTimeout(p.life, providerTimeout)
		defer cancel()
		found, err := p.discover(ctx)
		if err != nil {
			return nil, err
		}
		p.mu.Lock()
		p.known = found
		p.mu.Unlock()
		return found, nil
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case a := <-answer:
		if a.Err != nil {
			return nil, fmt.Errorf("discovery: %w", a.Err)
		}
		return a.Val.(*party), nil
	}
}

func (p *provider) discover(ctx context.Context) (*party, error) {
	c := p.config
	// The library's metadata type does not carry the RFC 9207 promise, and its
	// error does not say which two issuers differ.
	var told struct {
		Issuer    string `json:"issuer"`
		AlwaysIss bool   `json:"authorization_response_iss_parameter_supported"`
	}
	at := strings.TrimSuffix(c.Issuer, "/") + oidc.DiscoveryEndpoint
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	if err := httphelper.HttpRequest(c.HTTPClient, req, &told); err != nil {
		return nil, err
	}
	if told.Issuer != c.Issuer {
		return nil, fmt.Errorf("the provider at %s calls itself the issuer %q: give Config.Issuer that name", c.Issuer, told.Issuer)
	}
	style := oauth2.AuthStyleInParams
	if c.AuthMethod == ClientSecretBasic {
		style = oauth2.AuthStyleInHeader
	}
	found, err := zitadel.NewRelyingPartyOIDC(ctx, c.Issuer, c.ClientID, c.ClientSecret, c.RedirectURL, c.Scopes,
		zitadel.WithHTTPClient(c.HTTPClient),
		// Never auto-detected: the library would try the code twice.
		zitadel.WithAuthStyle(style),
		zitadel.WithVerifierOpts(
			zitadel.WithIssuedAtOffset(c.ClockSkew),
			zitadel.WithSupportedSigningAlgorithms(signingAlgorithms...),
			// Compared by checkNonce, which knows that a refreshed ID token
			// may come without one.
			zitadel.WithNonce(nil),
		))
	if err != nil {
		return nil, err
	}
	return &party{RelyingParty: found, alwaysIss: told.AlwaysIss}, nil
}

// exchange redeems an authorization code and verifies what comes for it
// (OpenID Connect Core §3.1.3). A browser that leaves does not stop it: other
// requests may wait for the same keys.
func (p *provider) exchange(ctx context.Context, code, verifier, nonce string) (*grant, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), providerTimeout)
	defer cancel()
	party, err := p.get(ctx)
	if err != nil {
		return nil, err
	}
	tokens, err := zitadel.CodeExchange[*oidc.IDTokenClaims](ctx, code, party, zitadel.WithCodeVerifier(verifier))
	if err != nil {
		return nil, err
	}
	if tokens.IDTokenClaims.GetNonce() != nonce {
		return nil, errNonce
	}
	g, err := p.granted(tokens)
	if err != nil {
		return nil, err
	}
	if p.wantsUserInfo(party) {
		g.userInfo, err = userInfo(ctx, party, g.accessToken, tokens.IDTokenClaims.Subject)
	}
	return g, err
}

// refresh trades a refresh token for new tokens (OpenID Connect Core §12). The
// claims are those of the ID token that the session holds.
func (p *provider) refresh(ctx context.Context, token string, claims *oidc.IDTokenClaims) (*grant, error) {
	ctx, cancel := context.WithTimeout(ctx, providerTimeout)
	defer cancel()
	party, err := p.get(ctx)
	if err != nil {
		return nil, err
	}
	tokens, err := zitadel.RefreshTokens[*oidc.IDTokenClaims](ctx, refreshing{party}, token, "", "")
	if err != nil {
		return nil, err
	}
	if fresh := tokens.IDTokenClaims; fresh != nil {
		if err := sameSession(claims, fresh); err != nil {
			return nil, err
		}
	}
	g, err := p.granted(tokens)
	if err != nil {
		return nil, err
	}
	if p.wantsUserInfo(party) {
		// The old refresh token is spent: what came for it must not be lost
		// because userinfo fails. The session keeps the claims it has.
		if g.userInfo, err = userInfo(ctx, party, g.accessToken, claims.Subject); err != nil {
			p.config.Logger.LogAttrs(ctx, slog.LevelInfo, "userinfo not refreshed", slog.String("cause", describe(err)))
		}
	}
	return g, nil
}

// sameSession holds a refreshed ID token to the original one, as OpenID Connect
// Core §12.2 asks. Issuer and audience were verified already.
func sameSession(old, fresh *oidc.IDTokenClaims) error {
	switch {
	case fresh.Subject != old.Subject:
		return errSubject
	case fresh.Nonce != "" && fresh.Nonce != old.Nonce:
		return errNonce
	case organizationOf(fresh) != organizationOf(old):
		return errOrganization
	case fresh.AuthTime != 0 && old.AuthTime != 0 && fresh.AuthTime != old.AuthTime:
		return errAuthTime
	}
	return nil
}

// granted gathers what the rest of the package needs of a token response.
func (p *provider) granted(tokens *oidc.Tokens[*oidc.IDTokenClaims]) (*grant, error) {
	// RFC 6749 §7.1: a token of an unknown type must not be used.
	if !strings.EqualFold(tokens.TokenType, oidc.BearerToken) {
		return nil, errTokenType
	}
	g := &grant{
		idToken:      tokens.IDToken,
		claims:       tokens.IDTokenClaims,
		accessToken:  tokens.AccessToken,
		refreshToken: tokens.RefreshToken,
	}
	if tokens.Extra("expires_in") != nil {
		g.life = time.Until(tokens.Expiry)
	}
	if scope, ok := tokens.Extra("scope").(string); ok && scope != "" {
		g.scopes = strings.Fields(scope)
	}
	return g, nil
}

func (p *provider) wantsUserInfo(party *party) bool {
	return !p.config.SkipUserInfo && party.UserinfoEndpoint() != ""
}

// userInfo returns what the userinfo endpoint says of the subject, and only of
// that one (OpenID Connect Core §5.3.2).
func userInfo(ctx context.Context, party *party, accessToken, subject string) (json.RawMessage, error) {
	info, err := zitadel.Userinfo[*oidc.UserInfo](ctx, accessToken, oidc.BearerToken, subject, party)
	if err != nil {
		return nil, fmt.Errorf("userinfo: %w", err)
	}
	return json.Marshal(info)
}

// revoke tells the provider that a refresh token will not be used again (RFC
// 7009). It is a courtesy: sign-out does not depend on it.
func (p *provider) revoke(ctx context.Context, token string) error {
	party, err := p.get(ctx)
	if err != nil {
		return err
	}
	return zitadel.RevokeToken(ctx, party, token, "refresh_token")
}

// describe says what went wrong without what might be secret: the library's
// errors quote the bodies of answers, and a body may hold tokens.
func describe(err error) string {
	var retrieve *oauth2.RetrieveError
	var protocol *oidc.Error
	switch {
	case errors.As(err, &retrieve):
		status := 0
		if retrieve.Response != nil {
			status = retrieve.Response.StatusCode
		}
		return fmt.Sprintf("token endpoint: status %d, error %q", status, retrieve.ErrorCode)
	case errors.As(err, &protocol):
		return fmt.Sprintf("provider: error %q", protocol.ErrorType)
	}
	text := strings.ReplaceAll(err.Error(), "\n", ": ") // of joined errors
	if cut := strings.IndexAny(text, "{<"); cut >= 0 {
		text = text[:cut] + "..."
	}
	return text
}

// rejected tells whether the refresh token will never work again. Anything else
// may pass, a client secret that the operator is just replacing too.
func rejected(err error) bool {
	var protocol *oidc.Error
	if errors.As(err, &protocol) {
		return protocol.ErrorType == oidc.InvalidGrant || protocol.ErrorType == oidc.UnauthorizedClient
	}
	return errors.Is(err, errSubject) || errors.Is(err, errNonce) || errors.Is(err, errAuthTime) || errors.Is(err, errOrganization)
}
