package relyingparty

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// User is who is signed in, and what their sign-in gave the app. It is made for
// each request and may be kept.
type User struct {
	// Subject identifies the person at the issuer, and never changes (sub).
	// Key accounts by Issuer and Subject, not by e-mail.
	Subject string
	Issuer  string
	// SessionID is the provider's session (sid), if it names it.
	SessionID string

	// Name, Email and Picture come with the scopes profile and email, from
	// userinfo.
	Name, Email, Picture string
	EmailVerified        bool

	// Organization is the one that the session is for, if the app asks for one
	// ([Config.Organization]), else zero. Organizations are those that the provider
	// told of, with the scope of that name.
	Organization  Organization
	Organizations []Organization

	// Scopes are those granted, which may be fewer than asked for.
	Scopes []string
	// ACR and AMR say how the person proved who they are (OpenID Connect Core
	// §2, RFC 8176).
	ACR string
	AMR []string

	// AuthTime is when the person last proved it, zero if not told; SignedIn
	// is when this app's session began.
	AuthTime, SignedIn time.Time
	// AccessTokenExpiry is zero if the provider did not tell.
	AccessTokenExpiry, IDTokenExpiry, SessionExpiry time.Time
	// Refreshable tells whether the session holds a refresh token.
	Refreshable bool

	idToken  json.RawMessage
	userInfo json.RawMessage
	// access is a function so that printing a User does not print the token:
	// fmt calls no String method on unexported fields.
	access func() string
}

var errNoUser = errors.New("relyingparty: nobody is signed in")

// UserFrom returns who is signed in, or nil. The context is that of a request
// which passed [RP.Load] or [RP.Require].
func UserFrom(ctx context.Context) *User {
	u, _ := ctx.Value(contextKey{}).(*User)
	return u
}

// AccessToken is for calling APIs on the person's behalf, as a bearer token.
func (u *User) AccessToken() string {
	if u == nil || u.access == nil {
		return ""
	}
	return u.access()
}

// HasScope tells whether the scope was granted. A nil user has none.
func (u *User) HasScope(scope string) bool {
	return u != nil && slices.Contains(u.Scopes, scope)
}

// IDToken returns the claims of the ID token as JSON, and UserInfo those of the
// userinfo endpoint, nil if it was not asked.
func (u *User) IDToken() json.RawMessage  { return slices.Clone(u.idToken) }
func (u *User) UserInfo() json.RawMessage { return slices.Clone(u.userInfo) }

// Claims decodes the claims of the ID token into v, as [json.Unmarshal] does,
// and then those of userinfo.
func (u *User) Claims(v any) error {
	if u == nil {
		return errNoUser
	}
	if err := json.Unmarshal(u.idToken, v); err != nil {
		return err
	}
	if u.userInfo == nil {
		return nil
	}
	return json.Unmarshal(u.userInfo, v)
}

// LogValue logs the subject alone.
func (u *User) LogValue() slog.Value {
	if u == nil {
		return slog.StringValue("")
	}
	return slog.StringValue(u.Subject)
}

// user shows a session to the app.
func (s *session) user(issuer string) *User {
	c := s.claims
	u := &User{
		Subject: c.Subject, Issuer: issuer, SessionID: c.SessionID,
		Scopes: slices.Clone(s.Scopes),
		ACR:    c.AuthenticationContextClassReference, AMR: c.AuthenticationMethodsReferences,
		SignedIn: s.SignedIn, AccessTokenExpiry: s.AccessEnd, IDTokenExpiry: c.GetExpiration(), SessionExpiry: s.End,
		Refreshable: s.Refresh != "",
		idToken:     payload(s.IDToken), userInfo: s.UserInfo, access: func() string { return s.Access },
	}
	u.Organizations, u.Organization = s.organizations()
	if c.AuthTime != 0 {
		u.AuthTime = c.GetAuthTime()
	}
	var person struct {
		Name          string    `json:"name"`
		Email         string    `json:"email"`
		EmailVerified oidc.Bool `json:"email_verified"` // some send a string
		Picture       string    `json:"picture"`
	}
	// A claim of another type leaves its field empty; Claims shows what came.
	_ = u.Claims(&person)
	u.Name, u.Email, u.EmailVerified, u.Picture = person.Name, person.Email, bool(person.EmailVerified), person.Picture
	return u
}
