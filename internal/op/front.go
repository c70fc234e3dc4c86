package op

// OpenID Connect Core 1.0 §3.1.2.5, §3.2.2.5, §3.3.2.5 and OAuth 2.0 Multiple
// Response Types: what an authorization request is answered with.

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"signet/internal/client"
	"signet/internal/grant"
	"signet/internal/session"
)

// granted answers the request of a flow to which the session says yes: with the
// members of its response type, in the order of RFC 6749 §4.2.2.
func (p *Provider) granted(w http.ResponseWriter, r *http.Request, f *session.Flow, c *client.Client, sess *session.Session) error {
	ctx, req := r.Context(), &f.Request
	infoOf(r).AccountID = sess.AccountID
	if !req.MeetsACR(sess, p.Now()) {
		return p.answerError(w, r, req, unmetACR())
	}
	if err := p.Sessions.See(ctx, sess); err != nil {
		return err
	}
	if req.Device != nil {
		return p.grantDevice(w, r, f, sess)
	}
	code := &grant.Code{
		Grant:       grantFor(req, f.Progress.Organization, sess, p.Now()),
		RedirectURI: req.RedirectURI, Nonce: req.Nonce, CodeChallenge: req.CodeChallenge, DPoPKey: req.DPoPKey,
	}
	var fields []Field
	made := idParts{nonce: req.Nonce}
	if req.ResponseType.Has(session.TypeCode) {
		var err error
		if made.code, err = p.Grants.IssueCode(ctx, code, c.Policy().CodeLife); err != nil {
			return err
		}
		fields = append(fields, Field{"code", made.code})
	}
	if req.ResponseType.FrontChannel() {
		tokens, err := p.frontTokens(r, req, c, &code.Grant, &made)
		if err != nil {
			return p.answerError(w, r, req, err)
		}
		fields = append(fields, tokens...)
	}
	lives, err := p.Sessions.Opened(ctx, sess, c.ID)
	if err != nil {
		return err
	}
	if !lives {
		if id := code.Grant.ID; id != "" {
			err = p.Grants.Revoke(ctx, id)
		}
		if err != nil {
			return err
		}
		return p.answerError(w, r, req, silentError(session.NeedSignIn))
	}
	if state := sessionState(req, p.Cookies.KeepState(w, r)); state != "" {
		fields = append(fields, Field{"session_state", state})
	}
	return p.answer(w, r, req, fields...)
}

// grantFor is what the person of the session grants by the request, for the
// organization, if any. It has no id yet.
func grantFor(req *session.Request, organization string, sess *session.Session, now time.Time) grant.Grant {
	return grant.Grant{
		ClientID: req.ClientID, AccountID: sess.AccountID, Scopes: req.Scopes, Audience: req.Resource, Organization: organization, SID: sess.SID,
		AuthTime: sess.AuthTime.Truncate(time.Second), ACR: req.ACR(sess, now), AMR: sess.AMR, Claims: req.Claims, Details: req.Details,
	}
}

// personIn is what an ID token of the grant tells about the person: what the
// scopes bring, and what was asked for by name. It is nil, and nothing is read,
// where nothing is to be told.
func (p *Provider) personIn(ctx context.Context, g *grant.Grant, scopes []string) (*personClaims, error) {
	asked := readAsked(g.Claims)
	if g.Organization != "" {
		asked.IDToken = append(asked.IDToken, scopeOrganizations)
	}
	if len(asked.IDToken)+len(scopes) == 0 {
		return nil, nil
	}
	a, err := p.Accounts.Recent(ctx, g.AccountID)
	if err != nil {
		return nil, err
	}
	return p.tell(ctx, a, g.Organization, scopes, asked.IDToken, asked.Languages)
}

// frontTokens makes the tokens that pass through the browser. They belong to
// the grant of the code, where there is one: what ends the one ends the other.
func (p *Provider) frontTokens(r *http.Request, req *session.Request, c *client.Client, g *grant.Grant, made *idParts) ([]Field, error) {
	ctx := r.Context()
	var fields []Field
	if req.ResponseType.Has(session.TypeToken) {
		if made.code == "" {
			g.ID = grant.NewID()
		}
		to, oerr := p.target(ctx, c, g, req.Scopes, nil)
		if oerr != nil {
			return nil, oerr
		}
		a, err := p.mint.access(c, g, to, grant.Confirmation{})
		if err != nil {
			return nil, err
		}
		// The grant of a code that was just given out lives long enough for a
		// token that names it; only one that is stored must be.
		switch {
		case made.code == "":
			err = p.Grants.Begin(ctx, g, a.life, a.token, a.opaque)
		case a.opaque != nil:
			err = p.Grants.Live(ctx, g, a.token, a.opaque)
		}
		if err != nil {
			return nil, err
		}
		made.access = a.token
		fields = append(fields, Field{"access_token", a.token}, Field{"token_type", "Bearer"},
			Field{"expires_in", strconv.FormatInt(int64(a.life/time.Second), 10)}, Field{"scope", strings.Join(a.scopes, " ")})
	}
	if req.ResponseType.Has(session.TypeIDToken) {
		made.state = req.State
		var scopes []string
		if req.ResponseType == session.TypeIDToken {
			scopes = req.Scopes // §5.4: there will be no access token with which to ask userinfo
		}
		var err error
		if made.person, err = p.personIn(ctx, g, scopes); err != nil {
			return nil, err
		}
		token, err := p.idToken(ctx, c, g, made)
		if err != nil {
			return nil, err
		}
		fields = append(fields, Field{"id_token", token})
	}
	return fields, nil
}
