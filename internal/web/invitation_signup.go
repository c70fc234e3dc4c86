package web

import (
	"context"
	"net/http"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/httpd"
	"signet/internal/org"
	"signet/internal/session"
	"signet/internal/web/view"
)

// byInvitation reports whether the flow's sign-up came by an invitation: nobody
// has to prove its address now, or to show that there is a person.
func byInvitation(f *session.Flow) bool { return signUpOf(f).Invitation != "" }

// admits reports whether an account can be made in the flow; nil: in one that
// begins.
func (w *Web) admits(f *session.Flow) bool {
	return w.OpenSignUp() || f != nil && byInvitation(f) && w.SignUps != nil
}

// byStranger reports whether a link that proves nothing was made by somebody of one
// organization for an address in another one's domain: they would have an account
// in it. Operators know whom they invite.
func (w *Web) byStranger(r *http.Request, told *session.SignUp, i *org.Invitation) (bool, error) {
	if !told.Handed || i.InviterID == "" {
		return false, nil
	}
	owner, err := w.Domains.ProvenBy(r.Context(), org.DomainOf(i.EmailKey))
	return owner != "" && owner != i.OrgID, err
}

// admit makes the account of somebody who was invited, accepts the invitation
// for it, and signs it in.
func (w *Web) admit(rw http.ResponseWriter, r *http.Request, f *session.Flow) error {
	// A browser that goes away meanwhile does not leave it half done.
	r = r.WithContext(context.WithoutCancel(r.Context()))
	told := *signUpOf(f)
	if realm, err := w.enforced(r, told.Email); err != nil || realm != nil {
		if err != nil {
			return err
		}
		return w.showCompany(rw, r, f, realm, view.Form{})
	}
	told.ID = w.SignUps.NewID()
	su, err := w.waitingAs(r, f, &told)
	if err != nil {
		return err
	}
	i, err := w.Invitations.ByID(r.Context(), told.Invitation)
	if fault.Is(err, fault.NotFound) {
		return w.showInvitationEnd(rw, r, view.InviteUnknown)
	}
	if err != nil {
		return err
	}
	if i.Standing != org.Open {
		return w.showInvitationEnd(rw, r, view.InviteEnding(i.Standing))
	}
	if stranger, err := w.byStranger(r, &told, i.Invitation); err != nil || stranger {
		if err != nil {
			return err
		}
		return w.showInvitationEnd(rw, r, view.InviteForeign)
	}
	a, err := w.SignUps.Admit(r.Context(), su, i.ID, !told.Handed)
	switch {
	case fault.Is(err, fault.Conflict): // in another tab, or it had one: the invitation is accepted there
		w.send(rw, w.base+w.invitationOf(i.ID))
		return nil
	case fault.Is(err, fault.Expired):
		return w.showInvitationEnd(rw, r, view.InviteUnknown)
	case err != nil:
		return err
	}
	httpd.InfoOf(r).AccountID = a.ID
	if err := w.record(r, f, auditSignUp, a.ID, a.ID, "by", "invitation", "invitation", i.ID); err != nil {
		return err
	}
	// What ended just now made an account all the same; the flow ends where that
	// is told.
	if err := w.accept(r, i.Invitation, a); err != nil && !fault.Is(err, fault.Expired) {
		return err
	}
	return w.signIn(rw, r, f, &account.Authenticated{Account: a}, false)
}
