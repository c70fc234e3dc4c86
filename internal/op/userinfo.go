package op

// OpenID Connect Core §5.3, §5.4 and RFC 6750: the userinfo endpoint.

import (
	"net/http"
	"slices"
	"strings"

	"signet/internal/account"
	"signet/internal/fault"
)

// userClaims are what userinfo answers (OpenID Connect Core §5.3.2).
type userClaims struct {
	Subject string `json:"sub"`
	*personClaims
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
	asked, err := readAsked(t.grant.Claims)
	if err != nil {
		return err
	}
	return writeJSON(w, &userClaims{a.ID, tell(a, scopes, asked.Userinfo)})
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
