package op

// OpenID Connect Core §5.3, §5.4 and RFC 6750: the userinfo endpoint.

import (
	"net/http"
	"slices"
	"strings"

	"signet/internal/account"
	"signet/internal/fault"
)

// claimsSupported are the claims that this provider can tell of a person.
var claimsSupported = []string{
	"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "c_hash", "s_hash", "sid",
	"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
	"website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
	"email", "email_verified", "phone_number", "phone_number_verified", "address",
}

// userClaims are what userinfo answers (OpenID Connect Core §5.3.2).
type userClaims struct {
	Subject string `json:"sub"`
	*personClaims
}

// personClaims are the claims about a person (OpenID Connect Core §5.1).
type personClaims struct {
	profileClaims
	Email         string           `json:"email,omitempty"`
	EmailVerified *bool            `json:"email_verified,omitempty"`
	Phone         string           `json:"phone_number,omitempty"`
	PhoneVerified *bool            `json:"phone_number_verified,omitempty"`
	Address       *account.Address `json:"address,omitempty"`
}

// profileClaims are what the scope profile asks for.
type profileClaims struct {
	Name              string `json:"name,omitempty"`
	GivenName         string `json:"given_name,omitempty"`
	FamilyName        string `json:"family_name,omitempty"`
	MiddleName        string `json:"middle_name,omitempty"`
	Nickname          string `json:"nickname,omitempty"`
	PreferredUsername string `json:"preferred_username,omitempty"`
	ProfileURL        string `json:"profile,omitempty"`
	Picture           string `json:"picture,omitempty"`
	Website           string `json:"website,omitempty"`
	Gender            string `json:"gender,omitempty"`
	Birthdate         string `json:"birthdate,omitempty"`
	ZoneInfo          string `json:"zoneinfo,omitempty"`
	Locale            string `json:"locale,omitempty"`
	UpdatedAt         int64  `json:"updated_at,omitempty"`
}

// tell returns what the scopes let an app know of the person.
func tell(a *account.Account, scopes []string) *personClaims {
	out := &personClaims{}
	p := a.Profile
	if slices.Contains(scopes, "profile") {
		out.profileClaims = profileClaims{
			Name: p.Name, GivenName: p.GivenName, FamilyName: p.FamilyName, MiddleName: p.MiddleName,
			Nickname: p.Nickname, PreferredUsername: p.PreferredUsername, ProfileURL: p.ProfileURL, Picture: p.Picture,
			Website: p.Website, Gender: p.Gender, Birthdate: p.Birthdate, ZoneInfo: p.ZoneInfo, Locale: p.Locale,
			UpdatedAt: a.UpdatedAt.Unix(),
		}
		if p.Name == "" && p.GivenName+p.FamilyName != "" {
			out.Name = a.DisplayName()
		}
	}
	if slices.Contains(scopes, "email") {
		out.Email, out.EmailVerified = a.Email, &a.EmailVerified
	}
	if slices.Contains(scopes, "phone") && p.PhoneNumber != "" {
		out.Phone, out.PhoneVerified = p.PhoneNumber, &p.PhoneVerified
	}
	if slices.Contains(scopes, "address") {
		out.Address = p.Address
	}
	return out
}

func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) error {
	token, oerr := bearer(r)
	if oerr != nil {
		return oerr
	}
	t, err := p.check(r.Context(), token)
	if err != nil {
		return err
	}
	if t == nil || t.grant.AccountID == "" {
		return badToken("the access token has expired, was revoked, or is none")
	}
	info := infoOf(r)
	info.ClientID, info.AccountID = t.grant.ClientID, t.grant.AccountID
	scopes := strings.Fields(t.claims.Scope)
	if !slices.Contains(scopes, "openid") {
		o := oauth(fault.Forbidden, codeInsufficientScope, "the access token was not granted the scope openid")
		o.scheme = "Bearer"
		return o
	}
	a, err := p.Accounts.Recent(r.Context(), t.grant.AccountID)
	if fault.Is(err, fault.NotFound) || err == nil && a.Status != account.Active {
		return badToken("the account is closed")
	}
	if err != nil {
		return err
	}
	return writeJSON(w, &userClaims{a.ID, tell(a, scopes)})
}

// bearer reads the access token from the header or the form (RFC 6750 §2.1,
// §2.2), never from the address (RFC 9700 §4.3.2).
func bearer(r *http.Request) (string, *oauthError) {
	if h := r.Header.Get("Authorization"); h != "" {
		scheme, token, _ := strings.Cut(h, " ")
		if !strings.EqualFold(scheme, "Bearer") || token == "" {
			return "", badToken("the Authorization header is not Bearer with a token")
		}
		return strings.TrimSpace(token), nil
	}
	if r.Method == http.MethodPost && r.Header.Get("Content-Type") != "" {
		ps, oerr := formParams(r)
		if oerr != nil {
			oerr.scheme = "Bearer"
			return "", oerr
		}
		if t := ps.get("access_token"); t != "" {
			return t, nil
		}
	}
	// RFC 6750 §3.1: without a token there is no error code.
	o := oauth(fault.Unauthenticated, "", "send an access token in the Authorization header")
	o.scheme = "Bearer"
	return "", o
}

func badToken(reason string) *oauthError {
	o := oauth(fault.Unauthenticated, codeInvalidToken, "%s", reason)
	o.scheme = "Bearer"
	return o
}
