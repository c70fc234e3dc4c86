package web

import (
	"net/http"

	"signet/internal/fault"
	"signet/internal/httpd"
	"signet/internal/org"
	"signet/internal/session"
	"signet/internal/web/view"
)

// newcomer returns the flow with who arrived in it and the connection; where there
// is nobody the browser is sent on, and the connection is nil.
func (w *Web) newcomer(rw http.ResponseWriter, r *http.Request) (*session.Flow, *session.Session, *org.Connection, error) {
	f, err := w.flowOf(r)
	if err != nil {
		return nil, nil, nil, err
	}
	sess, err := w.sessionOf(r)
	if err != nil {
		return nil, nil, nil, err
	}
	if f.Progress.Arrived == nil {
		return f, sess, nil, w.goOn(rw, r, f, sess)
	}
	c, err := w.Connections.Get(r.Context(), f.Progress.Arrived.Connection)
	if fault.Is(err, fault.NotFound) || err == nil && !c.Enabled {
		// Removed or switched off since: what it said is not believed any more.
		if f, err = w.forgetArrived(r, f); err != nil {
			return f, sess, nil, err
		}
		return f, sess, nil, w.goOn(rw, r, f, sess)
	}
	return f, sess, c, err
}

func (w *Web) forgetArrived(r *http.Request, f *session.Flow) (*session.Flow, error) {
	return w.Sessions.Progress(r.Context(), f, func(p *session.Progress) { p.Arrived = nil })
}

// link asks somebody who arrived from a provider, and is not known by it, which
// account is theirs; and, once they have signed in to it, whether to connect them.
func (w *Web) link(rw http.ResponseWriter, r *http.Request) error {
	f, sess, c, err := w.newcomer(rw, r)
	if err != nil || c == nil {
		return err
	}
	return w.showLink(rw, r, f, sess, c, "")
}

func (w *Web) showLink(rw http.ResponseWriter, r *http.Request, f *session.Flow, sess *session.Session, c *org.Connection, bad view.Message) error {
	fr, err := w.frame(r, f)
	if err != nil {
		return err
	}
	arrival := &f.Progress.Arrived.Arrival
	page := &view.LinkAccount{Frame: fr, Form: w.form(pathLink, f), Name: c.Name, There: view.Person{Name: arrival.Name, Email: arrival.Email}, Fault: bad}
	if session.Next(&f.Request, &f.Progress, sess, true, w.Now()) == session.NeedLink {
		a, err := w.Accounts.Get(r.Context(), sess.AccountID)
		if err != nil {
			return err
		}
		here := personOf(a)
		page.Here = &here
		page.Form.Hidden = append(page.Form.Hidden, view.Pair{Name: "account", Value: a.ID})
		return w.show(rw, r, f, statusOf(bad), page, targets(f)...)
	}
	out, err := w.Arrivals.Foresee(r.Context(), c, arrival)
	if err != nil {
		return err
	}
	page.Mail = w.Letters.Send
	if page.Taken = out.Taken; !page.Taken {
		page.CreateURL = w.createURL(f)
	}
	return w.show(rw, r, f, statusOf(bad), page, targets(f)...)
}

// postLink takes the answer: to sign in to the account first, to connect it, or
// not to.
func (w *Web) postLink(rw http.ResponseWriter, r *http.Request) error {
	f, sess, c, err := w.newcomer(rw, r)
	if err != nil || c == nil {
		return err
	}
	arrival := f.Progress.Arrived.Arrival
	ready := session.Next(&f.Request, &f.Progress, sess, true, w.Now()) == session.NeedLink
	switch decision := r.PostFormValue("decision"); {
	case !ready && decision == "sign-in":
		return w.signInToLink(rw, r, f, c, &arrival)
	case ready && decision == "connect":
		if r.PostFormValue("account") != sess.AccountID {
			return w.showLink(rw, r, f, sess, c, "")
		}
		err := w.Arrivals.Link(r.Context(), c, &arrival, sess.AccountID)
		if fault.Is(err, fault.Conflict) {
			return w.showLink(rw, r, f, sess, c, view.FaultLinked)
		}
		if err != nil {
			return err
		}
		if err := w.record(r, f, "account.connect", sess.AccountID, sess.AccountID, "connection", c.ID); err != nil {
			return err
		}
		httpd.InfoOf(r).AccountID = sess.AccountID
	case decision == "not":
	default:
		return w.showLink(rw, r, f, sess, c, "")
	}
	if f, err = w.forgetArrived(r, f); err != nil {
		return err
	}
	return w.goOn(rw, r, f, sess)
}

// signInToLink leads to the sign-in by password, with the address filled in that
// has an account for certain.
func (w *Web) signInToLink(rw http.ResponseWriter, r *http.Request, f *session.Flow, c *org.Connection, arrival *org.Arrival) error {
	out, err := w.Arrivals.Foresee(r.Context(), c, arrival)
	if err != nil {
		return err
	}
	if !out.Taken {
		w.send(rw, w.at(pathSignIn, "flow", f.ID, "other", "1"))
		return nil
	}
	if f, err = w.Sessions.Progress(r.Context(), f, func(p *session.Progress) { p.Email = arrival.Email }); err != nil {
		return err
	}
	w.send(rw, w.at(pathPassword, "flow", f.ID))
	return nil
}
