package op

// OpenID Connect Core 1.0 §3.1.2: the authorization endpoint.

import (
	"context"
	"net/http"

	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/httpd"
	"signet/internal/session"
)

func infoOf(r *http.Request) *httpd.Info { return httpd.InfoOf(r) }

// authorize begins: it reads the request, and answers it at once when nothing
// is missing, or stores it as a flow and asks the person.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) error {
	d := &draft{req: &session.Request{}}
	var oerr *oauthError
	if r.Method == http.MethodPost {
		d.params, oerr = formParams(r)
	} else {
		d.params, oerr = queryParams(r)
	}
	d.refused = oerr
	for _, check := range addressChecks {
		oerr := check(p, r.Context(), d)
		infoOf(r).Asked = d.params // those of a request object, once it is read
		if oerr != nil {
			return p.refuse(w, r, d.client, oerr)
		}
	}
	infoOf(r).ClientID = d.client.ID
	if d.refused != nil {
		return p.answerError(w, r, d.req, d.refused)
	}
	checks := requestChecks
	if d.pushed {
		checks = nil
	}
	for _, check := range checks {
		if oerr := check(p, r.Context(), d); oerr != nil {
			return p.answerError(w, r, d.req, oerr)
		}
	}
	return p.begin(w, r, d)
}

// refuse tells the person, because the app's address is not known to be its.
func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, c *client.Client, o *oauthError) error {
	if o.Kind == fault.Unavailable || o.Kind == fault.Internal {
		return o
	}
	info := infoOf(r)
	info.Kind, info.Cause = o.Kind, o
	if c != nil {
		info.ClientID = c.ID
	}
	reason := o.Message
	if p.keep(r, o, nil) {
		reason += " (" + o.rule.Name + ")" // the page names the request itself
	}
	return p.Pages.Refuse(w, r, Refusal{Client: c, Code: o.code, Field: o.Field, Reason: reason})
}

func (p *Provider) begin(w http.ResponseWriter, r *http.Request, d *draft) error {
	cookie := p.Cookies.Session(r)
	if cookie == "" && r.Method == http.MethodPost {
		// A form of another site brings no SameSite=Lax cookie along; the
		// redirect that follows does.
		return p.park(w, r, d.req, "")
	}
	sess, err := p.Sessions.Current(r.Context(), cookie)
	if err != nil {
		return err
	}
	if sess == nil && cookie != "" {
		p.Cookies.DropSession(w) // it ended elsewhere: what apps see of it changes here
	}
	f := &session.Flow{Request: *d.req} // stored where the person must be asked
	need, err := p.need(r.Context(), f, sess, d.client)
	if err != nil {
		return err
	}
	if need != session.NeedNothing && !d.req.Prompts(session.PromptNone) {
		return p.park(w, r, d.req, need)
	}
	if err := p.Sessions.AnswerPushed(r.Context(), d.req); err != nil {
		return p.answerError(w, r, d.req, pushedGone(err))
	}
	if need != session.NeedNothing {
		return p.answerError(w, r, d.req, silentError(need))
	}
	return p.granted(w, r, f, d.client, sess)
}

// need is what the flow still needs. What the person allowed the client in
// an earlier session is read once and copied into this one.
func (p *Provider) need(ctx context.Context, f *session.Flow, sess *session.Session, c *client.Client) (session.Need, error) {
	if err := p.settleOrganization(ctx, f, sess); err != nil {
		return session.NeedNothing, err
	}
	need := session.Next(&f.Request, &f.Progress, sess, c.Trusted, p.Now())
	if need != session.NeedConsent || sess.Consents[c.ID] != nil {
		return need, nil
	}
	scopes, err := p.Grants.Consent(ctx, sess.AccountID, c.ID)
	if err != nil || scopes == nil {
		return need, err
	}
	if err := p.Sessions.CopyConsent(ctx, sess, c.ID, scopes); err != nil {
		return need, err
	}
	return session.Next(&f.Request, &f.Progress, sess, c.Trusted, p.Now()), nil
}

// park stores the request as a flow of this browser and sends it to where the
// need is asked for.
func (p *Provider) park(w http.ResponseWriter, r *http.Request, req *session.Request, need session.Need) error {
	if err := p.Sessions.ReturnPushed(r.Context(), req); err != nil {
		return err
	}
	f, err := p.Sessions.StartFlow(r.Context(), infoOf(r).Address, p.Cookies.NameBrowser(w, r), *req, session.Progress{})
	if err != nil {
		return err
	}
	if need == session.NeedNothing {
		redirect(w, p.cfg.Issuer+Resume(f.ID))
		return nil
	}
	redirect(w, p.Pages.Address(need, f.ID))
	return nil
}

// silentError says why prompt=none cannot be met (OpenID Connect Core §3.1.2.6).
func silentError(need session.Need) *oauthError {
	switch need {
	case session.NeedConsent:
		return ruleConsent.broken("the person has not allowed this yet, and prompt=none forbids to ask")
	case session.NeedOrganization:
		return ruleOrganizationChoice.broken("the person must choose an organization, or belongs to none that fits, and prompt=none forbids to ask")
	case session.NeedAccount:
		return ruleAccount.broken("the person must choose an account, and prompt=none forbids to ask")
	default:
		return ruleSignIn.broken("nobody is signed in who fits the request, and prompt=none forbids to ask")
	}
}

// resume goes on with a flow after a page has recorded something.
func (p *Provider) resume(w http.ResponseWriter, r *http.Request) error {
	f, sess, err := p.Sessions.FlowAndSession(r.Context(), session.SigningIn, r.URL.Query().Get("flow"), p.Cookies.Browser(r), p.Cookies.Session(r))
	if err != nil {
		return err
	}
	req := &f.Request
	infoOf(r).ClientID = req.ClientID
	c, err := p.Clients.Get(r.Context(), req.ClientID)
	if err != nil {
		return err
	}
	need, err := p.need(r.Context(), f, sess, c)
	if err != nil {
		return err
	}
	refused := p.refusalOf(req, f, sess, need)
	if refused == nil && need != session.NeedNothing {
		redirect(w, p.Pages.Address(need, f.ID))
		return nil
	}
	if err := p.Sessions.Finish(r.Context(), f); err != nil {
		return err
	}
	if err := p.Sessions.AnswerPushed(r.Context(), req); err != nil {
		refused = pushedGone(err)
	}
	if refused != nil {
		return p.answerError(w, r, req, refused)
	}
	return p.granted(w, r, f, c, sess)
}

// refusalOf returns the error with which the flow ends, or nil.
func (p *Provider) refusalOf(req *session.Request, f *session.Flow, sess *session.Session, need session.Need) *oauthError {
	switch {
	case need == session.NeedRefusal:
		return ruleRefused.broken("the person refused")
	case need != session.NeedNothing && req.Prompts(session.PromptNone):
		return silentError(need)
	case req.HintSubject != "" && sess != nil && f.Progress.Account == sess.AccountID && !f.Progress.SignedInAt.IsZero() && sess.AccountID != req.HintSubject:
		return ruleSignIn.broken("somebody else signed in than the id_token_hint names")
	}
	return nil
}
