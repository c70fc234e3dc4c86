package web

import (
	"context"
	"net/http"

	"signet/internal/account"
	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/httpd"
	"signet/internal/org"
	"signet/internal/session"
	"signet/internal/web/view"
)

// The way from an invitation's letter into the organization, or into the app
// that it was sent from:
//
//	the link ──> invitation ──nobody, no account──> the wizard ──┐
//	                 │  ▲  └───nobody, an account──> sign-in ─┐   │
//	                 │  └────────────────────────────────────┘   │
//	                 └──the owner of the address──> accepted <───┘
//
// Opening the link changes nothing, and who has it reads the mail of the
// address, or was given the link by who invited: that is the one to whom the page
// tells whether it has an account.

// What the audit log calls what becomes of invitations.
const (
	auditInvite   = "invitation.send"
	auditResend   = "invitation.resend"
	auditUninvite = "invitation.revoke"
	auditJoin     = "invitation.accept"
	auditDecline  = "invitation.decline"
)

// visitor is who looks at an invitation.
type visitor struct {
	invited *org.Invited
	account *account.Account // who is signed in, or nil
}

// mine reports whether it is the owner of the invited address.
func (v *visitor) mine() bool { return v.account != nil && v.invited.Mine(v.account) }

// invited returns the invitation of the request and who looks: by the link
// anybody, by the invitation's id the owner of the address, proven unless the link
// was handed over: nobody learns the id of that but who invites or has it. When there is none that
// is open, the browser is told, and the visitor is nil.
func (w *Web) invited(rw http.ResponseWriter, r *http.Request) (*visitor, error) {
	v := &visitor{}
	sess, err := w.sessionOf(r)
	if err != nil {
		return nil, err
	}
	if sess != nil {
		if v.account, err = w.Accounts.Get(r.Context(), sess.AccountID); err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
	}
	id := r.FormValue("id")
	switch {
	case id == "":
		v.invited, err = w.Invitations.ByLink(r.Context(), r.FormValue("link"))
	case v.account == nil:
		return nil, w.signInFor(rw, r, w.invitationOf(id))
	default:
		v.invited, err = w.Invitations.ByID(r.Context(), id)
		if err == nil && !(v.mine() && (v.account.EmailVerified || v.invited.ByHand())) {
			return nil, w.showInvitationEnd(rw, r, view.InviteUnknown)
		}
	}
	switch {
	case fault.Is(err, fault.NotFound):
		return nil, w.showInvitationEnd(rw, r, view.InviteUnknown)
	case err != nil:
		return nil, err
	case v.account != nil && v.invited.AccountID == v.account.ID: // who accepted it goes on
		return nil, w.arrive(rw, r, v.invited.Invitation)
	case v.invited.Standing != org.Open:
		return nil, w.showInvitationEnd(rw, r, view.InviteEnding(v.invited.Standing))
	}
	return v, nil
}

// invitationOf is the page of an invitation for its owner, below the issuer.
func (w *Web) invitationOf(id string) string { return pathInvitation + "?id=" + clip(id) }

// invitation is where the letter's link leads.
func (w *Web) invitation(rw http.ResponseWriter, r *http.Request) error {
	v, err := w.invited(rw, r)
	if err != nil || v == nil {
		return err
	}
	return w.showInvitation(rw, r, v)
}

func (w *Web) showInvitation(rw http.ResponseWriter, r *http.Request, v *visitor) error {
	i := v.invited
	lead, err := w.leadOf(r.Context(), i.Invitation)
	if err != nil {
		return err
	}
	fr, err := w.frame(r, &session.Flow{Request: session.Request{Lead: lead}})
	if err != nil {
		return err
	}
	name, value := named(r)
	hidden := []view.Pair{{Name: name, Value: value}}
	fr.Languages.Return = w.at(pathInvitation, name, value)
	page := &view.Invitation{
		Frame: fr, Form: view.Form{Action: w.at(pathInvitation), Hidden: hidden}, Role: view.Role(i.Role), Email: i.Email, Until: i.ExpiresAt,
		Decline: view.Form{Action: w.at(pathDecline), Hidden: hidden},
	}
	if i.Organization != nil {
		page.Org = i.Organization.Name
	}
	if page.Inviter, err = w.inviter(r.Context(), i.Invitation); err != nil {
		return err
	}
	switch {
	case v.mine():
		page.As = view.InviteMine
	case v.account != nil:
		page.As, page.Other, page.Decline = view.InviteOther, v.account.Email, view.Form{}
		page.Hidden = append(page.Hidden, view.Pair{Name: "as", Value: "invited"})
	default:
		if page.As, err = w.hasAccount(r.Context(), i.Invitation); err != nil {
			return err
		}
	}
	return w.show(rw, r, nil, http.StatusOK, page, leadTargets(lead)...)
}

// named is how the request names its invitation.
func named(r *http.Request) (name, value string) {
	if id := r.FormValue("id"); id != "" {
		return "id", clip(id)
	}
	return "link", clip(r.FormValue("link"))
}

// hasAccount tells who has the link whether the address has an account.
func (w *Web) hasAccount(ctx context.Context, i *org.Invitation) (view.InviteAs, error) {
	_, err := w.Accounts.ByEmail(ctx, i.Email)
	if fault.Is(err, fault.NotFound) {
		return view.InviteNew, nil
	}
	return view.InviteKnown, err
}

// inviter is who answers for the invitation; nobody, where an operator does.
func (w *Web) inviter(ctx context.Context, i *org.Invitation) (view.Person, error) {
	if i.InviterID == "" {
		return view.Person{}, nil
	}
	a, err := w.Accounts.Get(ctx, i.InviterID)
	if err != nil {
		return view.Person{}, err
	}
	return personOf(a), nil
}

// leadOf is the app that the invitation leads to, if it can begin a sign-in
// (OpenID Connect Core §4); else nil. An app that registered itself does not send
// people its way through letters of the house.
func (w *Web) leadOf(ctx context.Context, i *org.Invitation) (*session.Lead, error) {
	c, err := w.invitingApp(ctx, i.ClientID)
	if err != nil || c == nil {
		return nil, err
	}
	return &session.Lead{ClientID: c.ID, URL: c.Start(w.Letters.Home)}, nil
}

func (w *Web) invitingApp(ctx context.Context, clientID string) (*client.Client, error) {
	if clientID == "" {
		return nil, nil
	}
	c, err := w.Clients.Get(ctx, clientID)
	switch {
	case fault.Is(err, fault.NotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case c.RegisteredItself() || c.Document || c.Start(w.Letters.Home) == "":
		return nil, nil
	}
	return c, nil
}

// postInvitation accepts, or leads to where that can be done.
func (w *Web) postInvitation(rw http.ResponseWriter, r *http.Request) error {
	v, err := w.invited(rw, r)
	if err != nil || v == nil {
		return err
	}
	switch {
	case v.mine():
		err = w.accept(r, v.invited.Invitation, v.account)
		if fault.Is(err, fault.Expired) { // in another tab, or taken back: the page says so
			name, value := named(r)
			w.send(rw, w.at(pathInvitation, name, value))
			return nil
		}
		if err != nil {
			return err
		}
		return w.arrive(rw, r, v.invited.Invitation)
	case v.account != nil && r.PostFormValue("as") != "invited":
		return w.showInvitation(rw, r, v) // somebody signed in meanwhile
	}
	return w.beginInvited(rw, r, v.invited.Invitation)
}

// accept makes the account what the invitation says.
func (w *Web) accept(r *http.Request, i *org.Invitation, a *account.Account) error {
	httpd.InfoOf(r).AccountID = a.ID
	if _, err := w.Invitations.Accept(r.Context(), i, a); err != nil {
		return err
	}
	return w.record(r, nil, auditJoin, a.ID, i.OrgID, "invitation", i.ID)
}

// arrive sends the browser to where an accepted invitation leads.
func (w *Web) arrive(rw http.ResponseWriter, r *http.Request, i *org.Invitation) error {
	lead, err := w.leadOf(r.Context(), i)
	if err != nil {
		return err
	}
	if lead != nil {
		w.send(rw, lead.URL)
		return nil
	}
	if i.OrgID == "" {
		w.send(rw, w.at(pathAccount, "done", "welcome"))
		return nil
	}
	w.send(rw, w.at(orgPath(pathOrg, i.OrgID), "done", "joined"))
	return nil
}

// beginInvited begins a flow of the owner of the invited address, which comes
// back to the invitation: a sign-in or, where the address has no account, the
// wizard without the pages that the link stands for, at whose end the
// invitation is accepted.
func (w *Web) beginInvited(rw http.ResponseWriter, r *http.Request, i *org.Invitation) error {
	as, err := w.hasAccount(r.Context(), i)
	if err != nil {
		return err
	}
	lead, err := w.leadOf(r.Context(), i)
	if err != nil {
		return err
	}
	req := session.Request{RedirectURI: w.invitationOf(i.ID), Lead: lead}
	path, progress := pathPassword, session.Progress{Email: i.Email}
	if as == view.InviteNew {
		path, progress = pathSignUpPassword, session.Progress{SignUp: &session.SignUp{Email: i.Email, Invitation: i.ID, Handed: i.ByHand()}}
	}
	f, err := w.Sessions.StartFlow(r.Context(), addressOf(r), w.Cookies.NameBrowser(rw, r), req, progress)
	if err != nil {
		return err
	}
	w.send(rw, w.at(path, "flow", f.ID))
	return nil
}

// invitedTo are the organizations that the person is invited to.
func (w *Web) invitedTo(r *http.Request, a *account.Account) ([]view.Org, error) {
	waiting, err := w.Invitations.For(r.Context(), a, orgsPage)
	var out []view.Org
	for _, i := range waiting {
		out = append(out, view.Org{ID: i.OrgID, Name: i.Organization.Name, Role: view.Role(i.Role), URL: w.base + w.invitationOf(i.ID)})
	}
	return out, err
}

// postDecline ends the invitation by who has the link, or is its owner.
func (w *Web) postDecline(rw http.ResponseWriter, r *http.Request) error {
	v, err := w.invited(rw, r)
	if err != nil || v == nil {
		return err
	}
	ended, err := w.Invitations.Decline(r.Context(), v.invited.Invitation)
	if err != nil {
		return err
	}
	if ended {
		actor := ""
		if v.mine() {
			actor = v.account.ID
		}
		if err := w.record(r, nil, auditDecline, actor, v.invited.OrgID, "invitation", v.invited.ID); err != nil {
			return err
		}
	}
	return w.showInvitationEnd(rw, r, view.InviteDeclined)
}

func (w *Web) showInvitationEnd(rw http.ResponseWriter, r *http.Request, how view.InviteEnding) error {
	status := http.StatusGone
	if how == view.InviteDeclined && r.Method == http.MethodPost {
		status = http.StatusOK
	}
	return w.show(rw, r, nil, status, &view.InvitationEnd{Frame: w.bareFrame(r), How: how, HomeURL: w.at(pathAccount)})
}
