package web

import (
	"context"
	"net/http"
	"time"

	"signet/internal/account"
	"signet/internal/ciba"
	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/grant"
	"signet/internal/httpd"
	"signet/internal/outbox"
	"signet/internal/session"
	"signet/internal/web/view"
)

// kindApproval names the message of an app's request to operators.
const kindApproval = "account.approval_asked"

// Mails queues what announces nothing that is stored.
type Mails interface {
	AddMail(ctx context.Context, m *outbox.Mail) error
}

// AskApproval writes to the account's owner that the client asks for their
// approval; to nobody (nil), at the same cost. What strangers wrote is not ours to
// mail: the name and the message of an app are told where the house vouches for it.
func (w *Web) AskApproval(r *http.Request, c *client.Client, asked *ciba.Request, a *account.Account) error {
	if !w.Letters.Send {
		return nil
	}
	about := view.ApprovalAsked{
		Domain: c.Domain(), At: asked.CreatedAt, Until: asked.ExpiresAt, URL: w.Letters.Home + pathApprove + "?request=" + asked.ID,
	}
	if !c.RegisteredItself() {
		about.App = c.Name
	}
	if c.Trusted {
		about.Message = asked.Message
	}
	l := view.NewApprovalAsked(w.letterFrame(), about)
	var m *outbox.Mail
	var err error
	if a == nil || !a.EmailVerified {
		m, err = w.letter(w.locale(r, nil), kindApproval, "", "", l)
	} else {
		m, err = w.letterTo(a, w.locale(r, nil), kindApproval, l)
	}
	if err != nil {
		return err
	}
	return w.Mails.AddMail(r.Context(), m)
}

// approve asks the signed-in person whether the app that waits elsewhere may sign
// them in.
func (w *Web) approve(rw http.ResponseWriter, r *http.Request) error {
	sess, a, err := w.owner(rw, r)
	if err != nil || sess == nil {
		return err
	}
	if how := view.ApproveHow(r.URL.Query().Get("done")); how == view.ApproveAllowed || how == view.ApproveDenied {
		return w.showApproveEnd(rw, r, how)
	}
	asked, c, err := w.askedOf(r, a)
	if fault.Is(err, fault.Expired) {
		return w.showApproveEnd(rw, r, view.ApproveOver)
	}
	if err != nil {
		return err
	}
	fr, err := w.frame(r, nil)
	if err != nil {
		return err
	}
	fr.App = w.appOf(c, w.locale(r, nil))
	grants, err := w.grantsFor(r.Context(), &asked.Request, w.locale(r, nil), a)
	if fault.Is(err, fault.Expired) {
		return w.showApproveEnd(rw, r, view.ApproveOver)
	}
	if err != nil {
		return err
	}
	page := &view.Approve{
		Frame: fr, Person: personOf(a), Grants: grants, Acts: len(asked.Request.Details) > 0, Message: asked.Message,
		Asked: asked.CreatedAt, Address: asked.IP, Until: asked.ExpiresAt,
		Form: view.Form{Action: w.at(pathApprove), Hidden: []view.Pair{{Name: "request", Value: asked.ID}, {Name: "account", Value: a.ID}}},
	}
	return w.show(rw, r, nil, http.StatusOK, page)
}

// askedOf returns the request that is named, if it waits for this person, with
// its app.
func (w *Web) askedOf(r *http.Request, a *account.Account) (*ciba.Request, *client.Client, error) {
	asked, err := w.CIBA.Get(r.Context(), clip(r.FormValue("request")), a.ID)
	if err != nil {
		return nil, nil, err
	}
	c, err := w.Clients.Get(r.Context(), asked.Request.ClientID)
	if fault.Is(err, fault.NotFound) {
		err = fault.Wrap(fault.Expired, err, "The app is no longer registered.")
	}
	return asked, c, err
}

func (w *Web) showApproveEnd(rw http.ResponseWriter, r *http.Request, how view.ApproveHow) error {
	fr, err := w.frame(r, nil)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if how == view.ApproveOver {
		status = httpd.Status(fault.Expired)
		if r.Method != http.MethodGet {
			fr.Languages = view.LanguageChoice{} // nothing leads back to it
		}
	}
	return w.show(rw, r, nil, status, &view.ApproveEnd{Frame: fr, How: how, HomeURL: w.at(pathAccount)})
}

func (w *Web) postApprove(rw http.ResponseWriter, r *http.Request) error {
	sess, a, err := w.owner(rw, r)
	if err != nil || sess == nil {
		return err
	}
	if r.PostFormValue("account") != a.ID {
		// Somebody else signed in meanwhile: what the page showed is not theirs.
		w.send(rw, w.at(pathApprove, "request", clip(r.PostFormValue("request"))))
		return nil
	}
	how := view.ApproveAllowed
	asked, c, err := w.askedOf(r, a)
	if err == nil {
		switch r.PostFormValue("decision") {
		case "allow":
			err = w.approved(r, sess, c, asked)
		case "deny":
			how = view.ApproveDenied
			if err = w.CIBA.Deny(r.Context(), asked.ID, a.ID); err == nil {
				err = w.record(r, nil, "backchannel.deny", a.ID, a.ID, "client", c.ID)
			}
		default:
			err = fault.New(fault.Invalid, "Choose whether to approve or to refuse.").On("decision")
		}
	}
	if fault.Is(err, fault.Expired) {
		return w.showApproveEnd(rw, r, view.ApproveOver)
	}
	if err != nil {
		return err
	}
	w.send(rw, w.at(pathApprove, "done", string(how)))
	return nil
}

// approved records the person's yes. The grant lives from now on, listed with the
// account, so that whatever ends what the account granted ends it too, although
// the app has not fetched it yet. It is not this browser's: signing out here does
// not end what goes on elsewhere.
func (w *Web) approved(r *http.Request, sess *session.Session, c *client.Client, asked *ciba.Request) error {
	ctx := r.Context()
	if !c.Trusted {
		all, err := w.Grants.Allow(ctx, sess.AccountID, c.ID, asked.Request.Wanted())
		if err == nil {
			err = w.Sessions.RememberConsent(ctx, sess, c.ID, all)
		}
		if err != nil {
			return err
		}
	}
	g := &grant.Grant{ID: grant.NewID(), ClientID: c.ID, AccountID: sess.AccountID, Scopes: asked.Request.Scopes, Audience: asked.Request.Resource, Details: asked.Request.Details}
	if err := w.Grants.Begin(ctx, g, asked.ExpiresAt.Sub(w.Now())+time.Minute, "", nil); err != nil {
		return err
	}
	err := w.CIBA.Approve(ctx, asked.ID, sess.AccountID, ciba.Approval{
		GrantID: g.ID, At: w.Now(), AuthTime: sess.AuthTime, ACR: sess.ACR, AMR: sess.AMR,
	})
	if err != nil {
		return err
	}
	if err := w.record(r, nil, "backchannel.approve", sess.AccountID, sess.AccountID, "client", c.ID); err != nil {
		return err
	}
	// Whoever ends all sessions first, and then what was granted, misses nothing.
	lives, err := w.Sessions.Lives(ctx, sess)
	if err == nil && !lives {
		err = w.Grants.Revoke(ctx, g.ID)
	}
	return err
}

// waitingApps are the apps that wait for the person's approval.
func (w *Web) waitingApps(r *http.Request, a *account.Account) ([]view.WaitingApp, error) {
	all, err := w.CIBA.Waiting(r.Context(), a.ID)
	if err != nil {
		return nil, err
	}
	var out []view.WaitingApp
	for _, asked := range all {
		c, err := w.Clients.Get(r.Context(), asked.Request.ClientID)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, view.WaitingApp{App: *w.appOf(c, w.locale(r, nil)), Asked: asked.CreatedAt, URL: w.at(pathApprove, "request", asked.ID)})
	}
	return out, nil
}
