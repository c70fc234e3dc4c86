package op

// OpenID Connect RP-Initiated Logout 1.0.

import (
	"net/http"
	"net/url"

	"signet/internal/fault"
	"signet/internal/session"
)

// endSession signs the browser out. A request that proves itself by an ID
// token of the very session does so at once; for any other the person is asked,
// so that no page elsewhere can sign people out (§2).
func (p *Provider) endSession(w http.ResponseWriter, r *http.Request) error {
	ps, oerr := p.readEndSession(r)
	if oerr != nil {
		return p.refuse(w, r, nil, oerr)
	}
	out, oerr := p.signOutRequest(r, ps)
	if oerr != nil {
		return p.refuse(w, r, nil, oerr)
	}
	cookie := p.Cookies.Session(r)
	if cookie == "" && r.Method == http.MethodPost {
		return p.endSessionBlind(w, r, ps, out)
	}
	sess, err := p.Sessions.Current(r.Context(), cookie)
	if err != nil {
		return err
	}
	switch {
	case sess == nil && out.proven != nil:
		return p.Pages.Leave(w, r, &out.req, nil)
	case sess == nil:
		return p.Pages.Leave(w, r, &session.Request{}, nil)
	case out.proven != nil && out.proven.Subject == sess.AccountID && out.proven.SID == sess.SID:
		if err := p.Sessions.End(r.Context(), sess); err != nil {
			return err
		}
		if err := p.Pages.RecordSignOut(r, out.req.ClientID, sess.AccountID, sess.SID); err != nil {
			return err
		}
		p.Cookies.DropSession(w)
		return p.Pages.Leave(w, r, &out.req, sess)
	}
	f, err := p.Sessions.StartFlow(r.Context(), infoOf(r).Address, p.Cookies.NameBrowser(w, r), out.req, session.Progress{})
	if err != nil {
		return err
	}
	redirect(w, p.Pages.ConfirmSignOut(f.ID))
	return nil
}

// endSessionBlind answers a POST without the session cookie: a form of another
// site brings no SameSite=Lax cookie along. The session that an ID token names
// ends by its name, and a page on the way takes the cookie; without one, the same
// request by a redirect brings the cookie.
func (p *Provider) endSessionBlind(w http.ResponseWriter, r *http.Request, ps params, out *signOut) error {
	if out.proven == nil {
		redirect(w, p.cfg.Issuer+pathEndSession+"?"+url.Values(ps).Encode())
		return nil
	}
	ended, err := p.Sessions.EndOther(r.Context(), out.proven.Subject, out.proven.SID)
	if err == nil {
		err = p.Pages.RecordSignOut(r, out.req.ClientID, out.proven.Subject, out.proven.SID)
	}
	if err != nil && !fault.Is(err, fault.NotFound) { // it ended before: that is what is wanted
		return err
	}
	return p.Pages.Leave(w, r, &out.req, ended)
}

func (p *Provider) readEndSession(r *http.Request) (params, *oauthError) {
	read := queryParams
	if r.Method == http.MethodPost {
		read = formParams
	}
	ps, oerr := read(r)
	if oerr == nil {
		oerr = ps.fit()
	}
	return ps, oerr
}

// signOut is a request to sign out that was read.
type signOut struct {
	req    session.Request // RedirectURI is "" where no redirect is due
	proven *idClaims       // of a good id_token_hint, or nil
}

// signOutRequest reads and checks the request. A hint that was changed, or is
// another client's, proves nothing and leads nowhere (§4).
func (p *Provider) signOutRequest(r *http.Request, ps params) (*signOut, *oauthError) {
	out := &signOut{req: session.Request{Purpose: session.SigningOut, State: ps.get("state"), UILocales: ps.get("ui_locales")}}
	clientID := ps.get("client_id")
	if hint := ps.get("id_token_hint"); hint != "" {
		claims, err := p.verifyHint(r.Context(), hint, clientID)
		if err != nil {
			return nil, ruleHint.broken("the id_token_hint is not an ID token that was issued here to this client").because(err)
		}
		out.proven, clientID = claims, claims.Audience[0]
	}
	out.req.ClientID = clientID
	uri := ps.get("post_logout_redirect_uri")
	if clientID == "" {
		if uri != "" {
			return nil, ruleSignOutURI.broken("post_logout_redirect_uri needs an id_token_hint or a client_id beside it")
		}
		return out, nil
	}
	c, err := p.Clients.Get(r.Context(), clientID)
	if fault.Is(err, fault.NotFound) {
		return nil, unknownClient(clientID, err)
	}
	if err != nil {
		return nil, asOAuth(err)
	}
	infoOf(r).ClientID = c.ID
	if uri != "" && !c.MayReturn(uri) {
		return nil, ruleSignOutURI.broken("the post_logout_redirect_uri %s is not one of the client's registered post_logout_redirect_uris", printable(uri))
	}
	out.req.RedirectURI = uri
	return out, nil
}

// SignOutTarget is the address to which a sign-out request wants the browser
// sent, with its state.
func SignOutTarget(req *session.Request) string {
	if req.State == "" {
		return req.RedirectURI
	}
	return withQuery(req.RedirectURI, []Field{{"state", req.State}})
}
