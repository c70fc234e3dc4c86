package federation

// OpenID Connect Core 1.0 §3.1 as a client, RFC 7636, RFC 9207, RFC 9700.

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/handle"
	"signet/internal/org"
	"signet/internal/session"
)

const (
	metadataFresh = time.Hour
	keysFresh     = 10 * time.Minute
	// maxAnswer bounds a token answer and what userinfo says, in bytes.
	maxAnswer = 256 << 10
	// finishing bounds all calls of one sign-in together.
	finishing = 10 * time.Second
	// maxCode bounds what a browser brings back.
	maxCode = 4096
	// oldest is how long ago an ID token may have been made: it comes from the
	// token endpoint, where it was made just now. skew is between the clocks.
	oldest = 10 * time.Minute
	skew   = 2 * time.Minute
)

// OpenID is the protocol with OpenID Connect providers. It is a Provider.
type OpenID struct {
	out      Outbound
	now      func() time.Time
	metadata *fetched[*Metadata]
	keys     *fetched[[]providerKey]
}

var _ Provider = (*OpenID)(nil)

// NewOpenID returns the protocol, which fetches through out.
func NewOpenID(out Outbound, now func() time.Time) (*OpenID, error) {
	o := &OpenID{out: out, now: now}
	var err error
	o.metadata, err = newFetched(metadataFresh, now, func(ctx context.Context, address string) (*Metadata, error) {
		return fetchMetadata(ctx, out, address)
	})
	if err != nil {
		return nil, err
	}
	o.keys, err = newFetched(keysFresh, now, func(ctx context.Context, address string) ([]providerKey, error) {
		return fetchKeys(ctx, out, address)
	})
	return o, err
}

// Metadata returns what the connection's provider says of itself, from its
// address or from the file that was uploaded.
func (o *OpenID) Metadata(ctx context.Context, s *org.OIDCSettings) (*Metadata, error) {
	var m *Metadata
	var err error
	switch {
	case s.Metadata != "":
		m, err = ParseMetadata([]byte(s.Metadata))
	case s.MetadataURL != "":
		m, err = o.metadata.get(ctx, s.MetadataURL, false)
	default:
		return nil, trouble(Settings, nil, "the connection has no metadata of the provider: enter its address, or upload the document")
	}
	if fault.Is(err, fault.Invalid) && s.Metadata == "" {
		return nil, trouble(Down, err, "the provider's metadata cannot be used: %s", fault.Public(err))
	}
	if fault.Is(err, fault.Invalid) {
		return nil, trouble(Settings, err, "the provider's metadata cannot be used: %s", fault.Public(err))
	}
	if err == nil && m.shared() && len(s.Tenants) == 0 {
		return nil, trouble(Settings, nil, "the provider's metadata is for all of its directories: enter which of them may sign in (tenants), or the metadata of one of them")
	}
	return m, err
}

// scopesOf are what is asked for beyond openid.
func scopesOf(s *org.OIDCSettings) []string {
	if s.Scopes == nil {
		return []string{"profile", "email"}
	}
	return s.Scopes
}

// config is what the library works with.
func (o *OpenID) config(m *Metadata, c *Connection) *oauth2.Config {
	style := oauth2.AuthStyleInParams
	if c.OIDC.AuthMethod == client.AuthBasic || c.OIDC.AuthMethod == "" {
		style = oauth2.AuthStyleInHeader
	}
	config := &oauth2.Config{
		ClientID: c.OIDC.ClientID, RedirectURL: c.Base + PathCallback,
		Endpoint: oauth2.Endpoint{AuthURL: m.Authorization, TokenURL: m.Token, AuthStyle: style},
		Scopes:   append([]string{oidc.ScopeOpenID}, scopesOf(&c.OIDC)...),
	}
	if c.OIDC.AuthMethod != client.AuthPrivateKeyJWT {
		config.ClientSecret = c.Secrets.ClientSecret
	}
	return config
}

// Begin implements Provider.
func (o *OpenID) Begin(ctx context.Context, c Connection, ask Ask) (*Going, error) {
	m, err := o.Metadata(ctx, &c.OIDC)
	if err != nil {
		return nil, err
	}
	if c.OIDC.ClientID == "" {
		return nil, trouble(Settings, nil, "the connection has no client id")
	}
	keep := session.Remembered{Nonce: handle.New(), Verifier: oauth2.GenerateVerifier()}
	params := []oauth2.AuthCodeOption{oidc.Nonce(keep.Nonce), oauth2.S256ChallengeOption(keep.Verifier)}
	for _, p := range []struct {
		name, value string
		set         bool
	}{
		{"login_hint", ask.LoginHint, ask.LoginHint != ""},
		{"ui_locales", ask.UILocales, ask.UILocales != ""},
		{"prompt", "login", ask.Fresh},
		{"max_age", "0", ask.Fresh},
	} {
		if p.set {
			params = append(params, oauth2.SetAuthURLParam(p.name, p.value))
		}
	}
	return &Going{URL: o.config(m, &c).AuthCodeURL(ask.State, params...), Remembered: keep}, nil
}

// Finish implements Provider.
func (o *OpenID) Finish(ctx context.Context, c Connection, d *session.Departure, came url.Values) (*org.Arrival, error) {
	if d == nil {
		return nil, trouble(Nonsense, nil, "nobody was sent to the provider from this browser")
	}
	ctx, cancel := context.WithTimeout(ctx, finishing)
	defer cancel()
	m, err := o.Metadata(ctx, &c.OIDC)
	if err != nil {
		return nil, err
	}
	code, err := answered(m, &c.OIDC, came)
	if err != nil {
		return nil, err
	}
	tokens, err := o.exchange(ctx, m, &c, code, d.Remembered.Verifier)
	if err != nil {
		return nil, err
	}
	claims, hint, err := o.verified(ctx, m, &c, d, tokens)
	if err != nil {
		return nil, err
	}
	if err := o.addUserinfo(ctx, m, &c, tokens, claims); err != nil {
		return nil, err
	}
	a := arrivalOf(c.Mapping, claims)
	// Both of https://id.example and https://id.example/ are who has that address.
	a.Issuer = strings.TrimSuffix(text(claims["iss"]), "/")
	if m.shared() {
		// Each directory names its people by itself.
		a.Subject = text(claims["tid"]) + "/" + a.Subject
	}
	a.Hint = hint
	if d.Fresh && !a.AuthTime.IsZero() && a.AuthTime.Before(d.At.Add(-skew)) {
		return nil, trouble(Nonsense, nil, "the provider was asked to have the person sign in again (max_age=0) and did not: auth_time is older than the request")
	}
	return a, nil
}

// answered reads the authorization response (RFC 6749 §4.1.2). Whose it is comes
// first: of another provider's even an error is nothing to go by (RFC 9207 §2.4).
func answered(m *Metadata, s *org.OIDCSettings, came url.Values) (code string, err error) {
	for _, name := range []string{"code", "iss", "error", "error_description"} {
		if len(came[name]) > 1 {
			return "", trouble(Nonsense, nil, "the answer has more than one %s", name)
		}
	}
	iss := came.Get("iss")
	switch {
	case m.NamesIssuer && iss == "":
		return "", trouble(Nonsense, nil, "the answer does not say whose it is, as the provider's metadata promises (RFC 9207)")
	case iss != "" && !issued(m, s, iss):
		return "", trouble(Nonsense, nil, "the answer is that of %q and not of %q", clipped(iss), m.Issuer)
	case came.Get("error") != "":
		why := Refused
		if e := came.Get("error"); e == "server_error" || e == "temporarily_unavailable" {
			why = Down
		}
		return "", trouble(why, nil, "the provider answers %s: %s", clipped(came.Get("error")), clipped(came.Get("error_description")))
	}
	code = came.Get("code")
	if code == "" || len(code) > maxCode {
		return "", trouble(Nonsense, nil, "the answer has no code")
	}
	return code, nil
}

// issued reports whether the issuer is the provider, or one of its directories
// that may sign in.
func issued(m *Metadata, s *org.OIDCSettings, iss string) bool {
	if !m.shared() {
		return iss == m.Issuer
	}
	for _, t := range s.Tenants {
		if iss == m.issuerOf(t) {
			return true
		}
	}
	return false
}

func (o *OpenID) exchange(ctx context.Context, m *Metadata, c *Connection, code, verifier string) (*oauth2.Token, error) {
	params := []oauth2.AuthCodeOption{oauth2.VerifierOption(verifier)}
	if c.OIDC.AuthMethod == client.AuthPrivateKeyJWT {
		assertion, err := assertionOf(c, m.Token, o.now())
		if err != nil {
			return nil, trouble(Settings, err, "the connection's private key cannot be used: %s", fault.Public(err))
		}
		params = append(params,
			oauth2.SetAuthURLParam("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
			oauth2.SetAuthURLParam("client_assertion", assertion))
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, o.out.HTTP(maxAnswer))
	tokens, err := o.config(m, c).Exchange(ctx, code, params...)
	if err == nil {
		return tokens, nil
	}
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	switch {
	case !ok && fault.KindOf(err) == fault.Internal: // the library: an answer that it cannot read
		return nil, trouble(Nonsense, err, "the token endpoint answers what is no token answer")
	case !ok:
		return nil, trouble(Down, err, "the token endpoint: %s", unreached(err))
	case refused.ErrorCode == "invalid_client" || refused.ErrorCode == "unauthorized_client":
		return nil, trouble(Settings, errCode(refused), "the provider does not accept the client secret or key of the connection (%s)", clipped(refused.ErrorCode))
	case refused.ErrorCode != "":
		return nil, trouble(Nonsense, errCode(refused), "the token endpoint refuses the code (%s)", clipped(refused.ErrorCode))
	case refused.Response.StatusCode >= http.StatusInternalServerError:
		return nil, trouble(Down, errCode(refused), "the token endpoint answers with status %d", refused.Response.StatusCode)
	}
	return nil, trouble(Nonsense, errCode(refused), "the token endpoint answers with status %d and no OAuth error", refused.Response.StatusCode)
}

// unreached is what is said of a call that got no answer.
func unreached(err error) string {
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Invalid {
		return f.Message
	}
	return "the address cannot be reached, or not in time"
}

// errCode is what may be logged of a refusal: the library's own error repeats the
// answer, in which there may be anything.
func errCode(r *oauth2.RetrieveError) error {
	return fault.New(fault.Invalid, "status %d, error %q: %s", r.Response.StatusCode, clipped(r.ErrorCode), clipped(r.ErrorDescription))
}

// verified checks the ID token (OpenID Connect Core §3.1.3.7) and returns its
// claims, and itself.
func (o *OpenID) verified(ctx context.Context, m *Metadata, c *Connection, d *session.Departure, tokens *oauth2.Token) (map[string]any, string, error) {
	raw, ok := tokens.Extra("id_token").(string)
	if !ok {
		return nil, "", trouble(Nonsense, nil, "the token endpoint answers without an ID token")
	}
	keys := &verifier{keys: o.keys, m: m}
	id, err := oidc.NewVerifier(m.Issuer, keys, &oidc.Config{
		ClientID: c.OIDC.ClientID, SupportedSigningAlgs: m.Algs, SkipIssuerCheck: m.shared(), Now: o.now,
	}).Verify(ctx, raw)
	if err != nil {
		return nil, "", trouble(Nonsense, err, "the ID token is not good: %s", clipped(err.Error()))
	}
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil {
		return nil, "", trouble(Nonsense, err, "the ID token's claims cannot be read")
	}
	problem := ""
	azp, named := claims["azp"]
	switch now := o.now(); {
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(d.Remembered.Nonce)) != 1:
		problem = "its nonce is that of another sign-in"
	case named && azp != c.OIDC.ClientID:
		problem = "it was issued to another client (azp)"
	case len(id.Audience) > 1 && !named:
		problem = "it has several audiences and does not say to which it was issued (azp)"
	case id.IssuedAt.After(now.Add(skew)) || id.IssuedAt.Before(now.Add(-oldest)):
		problem = "it was not issued just now (iat): compare the clocks"
	case id.Subject == "" || len(id.Subject) > 255:
		problem = "its subject is empty or longer than 255 characters"
	case keys.by != "" && strings.Replace(keys.by, tenantID, text(claims["tid"]), 1) != id.Issuer:
		problem = "it is signed with the key of another issuer"
	case id.AccessTokenHash != "" && id.VerifyAccessToken(tokens.AccessToken) != nil:
		problem = "its access token is another (at_hash)"
	default:
		problem = tenantProblem(m, &c.OIDC, id.Issuer, text(claims["tid"]))
	}
	if problem != "" {
		return nil, "", trouble(Nonsense, nil, "the ID token is not good: %s", problem)
	}
	return claims, raw, nil
}

// tenantProblem says why people of the directory may not sign in; "": they may.
// Where the issuer is one for many directories it has to be that of the tenant
// that the token names, and that has to be one of the connection's.
func tenantProblem(m *Metadata, s *org.OIDCSettings, issuer, tid string) string {
	if len(s.Tenants) == 0 {
		return ""
	}
	for _, t := range s.Tenants {
		if strings.EqualFold(t, tid) && (!m.shared() || issuer == m.issuerOf(tid)) {
			return ""
		}
	}
	return "it is of a directory (tid) that is not one of the connection's"
}
