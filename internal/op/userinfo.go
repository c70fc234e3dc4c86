package op

// OpenID Connect Core §5.3, §5.4 and RFC 6750: the userinfo endpoint.

import (
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"signet/internal/account"
	"signet/internal/client"
)

// userClaims are what userinfo answers (OpenID Connect Core §5.3.2).
type userClaims struct {
	Issuer   string   `json:"iss,omitempty"` // of a signed answer, as aud is
	Audience audience `json:"aud,omitempty"`
	Subject  string   `json:"sub"`
	*personClaims
}

func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) error {
	return p.house.refuses(p.about(w, r))
}

func (p *Provider) about(w http.ResponseWriter, r *http.Request) error {
	shown, oerr := presented(r)
	if oerr != nil {
		return oerr
	}
	t, a, err := p.accept(w, r, shown, p.house)
	if err != nil {
		return err
	}
	if a == nil {
		return shown.refused("the access token is the client's own, and about nobody")
	}
	if !slices.Contains(strings.Fields(t.claims.Scope), "openid") {
		o := ruleOpenID.broken("the access token was not granted the scope openid")
		o.scheme = shown.scheme
		return o
	}
	return p.tellUserinfo(w, r, t, a)
}

// headerInteraction names a call in the logs of both sides (FAPI 1.0 Part 1
// §6.2.1, 11).
const headerInteraction = "X-Fapi-Interaction-Id"

// tellUserinfo answers in the form that the client is registered for.
func (p *Provider) tellUserinfo(w http.ResponseWriter, r *http.Request, t *checked, a *account.Account) error {
	asked := readAsked(t.grant.Claims)
	c := t.client
	if c.Profile != client.ProfileOIDC {
		id := r.Header.Get(headerInteraction)
		if len(id) != len(uuid.Nil.String()) || uuid.Validate(id) != nil {
			id = uuid.NewString()
		}
		w.Header().Set(headerInteraction, id)
	}
	about, err := p.tell(r.Context(), a, t.grant.Organization, strings.Fields(t.claims.Scope), asked.Userinfo, asked.Languages)
	if err != nil {
		return err
	}
	claims := &userClaims{Subject: p.subjects.of(c, a.ID), personClaims: about}
	if c.UserinfoAlg == "" && c.UserinfoEncAlg == "" {
		told, err := withLocalized(claims, about)
		if err != nil {
			return err
		}
		return writeJSON(w, told)
	}
	token, err := p.userinfoToken(r.Context(), c, claims)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/jwt") // §5.3.2
	io.WriteString(w, token)                          // a reader that went away is no error of ours
	return nil
}

// shown is an access token as it came along.
type shown struct{ scheme, token string }

// refused says what is wrong with the token, to those who use its scheme.
func (s shown) refused(reason string) *oauthError {
	o := badToken(reason)
	o.scheme = s.scheme
	return o
}

// presented reads the access token from the header or the form (RFC 6750 §2.1,
// §2.2, RFC 9449 §7.1), never from the address (RFC 9700 §4.3.2).
func presented(r *http.Request) (shown, *oauthError) {
	header, body := r.Header.Get("Authorization") != "", r.Header.Get("Content-Type")
	inForm := ""
	if r.Method == http.MethodPost && body != "" && (!header || strings.HasPrefix(body, "application/x-www-form-urlencoded")) {
		ps, oerr := formParams(r)
		if oerr != nil {
			return shown{}, bearerError(oerr)
		}
		inForm = ps.get("access_token")
	}
	switch {
	case header && inForm != "": // §2: one method in each request
		return shown{}, bearerError(ruleRepeated.broken("the access token comes in the Authorization header and in the form; send it once"))
	case header:
		return inHeader(r)
	case inForm != "":
		return shown{schemeBearer, inForm}, nil
	}
	return shown{}, noToken()
}

// inHeader reads the access token from the header alone (RFC 6750 §2.1,
// RFC 9449 §7.1).
func inHeader(r *http.Request) (shown, *oauthError) {
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, schemeDPoP) && token != "" {
		return shown{schemeDPoP, strings.TrimSpace(token)}, nil
	}
	token, oerr := bearerHeader(r)
	return shown{schemeBearer, token}, oerr
}

// bearerHeader reads one that is presented as a bearer token.
func bearerHeader(r *http.Request) (string, *oauthError) {
	h := r.Header.Get("Authorization")
	if h == "" {
		return "", noToken()
	}
	scheme, token, _ := strings.Cut(h, " ")
	if !strings.EqualFold(scheme, schemeBearer) || token == "" {
		return "", badToken("the Authorization header is not Bearer with a token")
	}
	return strings.TrimSpace(token), nil
}

// noToken has no error code: RFC 6750 §3.1 wants none where nothing was sent.
func noToken() *oauthError {
	return bearerError(ruleNoToken.broken("send an access token in the Authorization header"))
}

func badToken(reason string) *oauthError {
	return bearerError(ruleToken.broken("%s", reason))
}

// bearerError is told in the challenge that asks for a token (RFC 6750 §3).
func bearerError(o *oauthError) *oauthError {
	o.scheme = schemeBearer
	return o
}
