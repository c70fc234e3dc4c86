package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/org"
	"signet/internal/session"
	"signet/internal/web/view"
)

// kindDisconnected names the message about a provider that opens an account no more
// to operators.
const kindDisconnected = "account.disconnected"

// recentSignIn is how old a sign-in may be that stands for a password that the
// account does not have.
const recentSignIn = 10 * time.Minute

// providers are those at which a sign-in opens the account.
func (w *Web) providers(ctx context.Context, a *account.Account) ([]view.Provider, error) {
	identities, err := w.Arrivals.Of(ctx, a.ID)
	if err != nil || len(identities) == 0 {
		return nil, err
	}
	mine, err := w.organizationsOf(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	var out []view.Provider
	for _, i := range identities {
		c, err := w.Connections.Get(ctx, i.ConnectionID)
		if fault.Is(err, fault.NotFound) {
			continue // it went a moment ago, and the identity with it
		}
		if err != nil {
			return nil, err
		}
		p := view.Provider{
			Name: c.Name, There: i.Email, Since: i.CreatedAt, LastUsed: i.LastSignIn, Off: !c.Enabled,
			DisconnectURL: w.at(pathDisconnect, "connection", c.ID),
		}
		for _, o := range mine {
			// Those alone that the person belongs to: whose else it is, is not theirs to see.
			if c.Serves(o.ID) {
				p.Orgs = append(p.Orgs, o.Name)
			}
		}
		out = append(out, p)
	}
	return out, nil
}

// disconnecting is a provider that the owner of an account wants to take away.
type disconnecting struct {
	sess *session.Session
	a    *account.Account
	c    *org.Connection
	stay view.Stay // why it cannot be
}

// disconnectable returns what the request is about; where there is nothing to take
// away, the browser is sent on, and it is nil.
func (w *Web) disconnectable(rw http.ResponseWriter, r *http.Request) (*disconnecting, error) {
	sess, a, err := w.owner(rw, r)
	if err != nil || sess == nil {
		return nil, err
	}
	identities, err := w.Arrivals.Of(r.Context(), a.ID)
	if err != nil {
		return nil, err
	}
	id := r.FormValue("connection")
	if !slices.ContainsFunc(identities, func(i *org.Identity) bool { return i.ConnectionID == id }) {
		w.send(rw, w.at(pathAccount))
		return nil, nil
	}
	d := &disconnecting{sess: sess, a: a}
	if d.c, err = w.Connections.Get(r.Context(), id); err != nil {
		return nil, err
	}
	// A sign-in of now stands for a password that the account does not have.
	if a.PasswordHash == "" && w.Now().Sub(sess.AuthTime) > recentSignIn {
		return nil, w.signInAnew(rw, r, sess, pathDisconnect+"?connection="+url.QueryEscape(id))
	}
	d.stay, err = w.mustStay(r, d, identities)
	return d, err
}

// mustStay says why the account's owner cannot take the provider away: their
// organization wants it, or nothing else would open the account.
func (w *Web) mustStay(r *http.Request, d *disconnecting, identities []*org.Identity) (view.Stay, error) {
	realm, err := w.enforced(r, d.a.Email)
	if err != nil {
		return "", err
	}
	if realm != nil && d.c.Serves(realm.OrgID) {
		if barred, err := w.Realms.Bars(r.Context(), realm, d.a.ID); err != nil || barred {
			return view.StayRequired, err
		}
	}
	if d.a.PasswordHash != "" {
		return "", nil
	}
	for _, i := range identities {
		if i.ConnectionID == d.c.ID {
			continue
		}
		other, err := w.Connections.Get(r.Context(), i.ConnectionID)
		if err == nil && other.Enabled {
			return "", nil
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			return "", err
		}
	}
	return view.StayAlone, nil
}

// takeAway says what follows, and asks for the password.
func (w *Web) takeAway(rw http.ResponseWriter, r *http.Request) error {
	d, err := w.disconnectable(rw, r)
	if err != nil || d == nil {
		return err
	}
	return w.showDisconnect(rw, r, d, "")
}

func (w *Web) showDisconnect(rw http.ResponseWriter, r *http.Request, d *disconnecting, bad view.Message) error {
	fr, err := w.accountFrame(r, d.a, pathAccount)
	if err != nil {
		return err
	}
	fr.Languages.Return = w.at(pathDisconnect, "connection", d.c.ID)
	page := &view.Disconnect{
		AccountFrame: fr, Name: d.c.Name, Stay: d.stay, HomeURL: w.at(pathAccount) + "#providers",
		Form: view.Form{Action: w.at(pathDisconnect), Hidden: []view.Pair{{Name: "connection", Value: d.c.ID}}},
		Here: d.sess.Upstream != nil && d.sess.Upstream.Connection == d.c.ID,
	}
	if d.a.PasswordHash != "" {
		page.Current = current(d.a, bad)
	}
	if w.Letters.Send {
		page.RecoverURL = w.at(pathRecover)
	}
	status := statusOf(bad)
	if d.stay != "" && r.Method == http.MethodPost {
		status = http.StatusConflict
	}
	return w.show(rw, r, nil, status, page)
}

func (w *Web) postTakeAway(rw http.ResponseWriter, r *http.Request) error {
	d, err := w.disconnectable(rw, r)
	if err != nil || d == nil {
		return err
	}
	if d.stay != "" {
		return w.showDisconnect(rw, r, d, "")
	}
	if d.a.PasswordHash != "" {
		bad, err := w.prove(rw, r, d.a)
		if err != nil {
			return err
		}
		if bad != "" {
			return w.showDisconnect(rw, r, d, bad)
		}
	}
	switch done, err := w.disconnectNow(r, d); {
	case fault.Is(err, fault.Conflict): // another one was taken away a moment ago
		d.stay = view.StayAlone
		return w.showDisconnect(rw, r, d, "")
	case err != nil:
		return err
	case done:
		if err := w.record(r, nil, "account.disconnect", d.a.ID, d.a.ID, "connection", d.c.ID); err != nil {
			return err
		}
	}
	if u := d.sess.Upstream; u != nil && u.Connection == d.c.ID {
		w.Cookies.DropSession(rw)
		return w.Leave(rw, r, &session.Request{}, d.sess)
	}
	w.send(rw, w.at(pathAccount, "done", "disconnected"))
	return nil
}

// disconnectNow disconnects the account. Who signed in by the provider is signed out, and
// apps that go on while the person is away have to ask again, before it and after it,
// as in shutOut.
func (w *Web) disconnectNow(r *http.Request, d *disconnecting) (done bool, err error) {
	letter := view.NewDisconnected(w.letterFrame(), w.Letters.Home+pathAccount, d.c.Name, w.whereOf(r))
	notice, err := w.tell(d.a, w.locale(r, nil), kindDisconnected, letter)
	if err != nil {
		return false, err
	}
	end := func() error {
		if _, err := w.Sessions.EndUpstream(r.Context(), d.a.ID, d.c.ID, ""); err != nil {
			return err
		}
		return w.Grants.RevokeAll(r.Context(), d.a.ID, "")
	}
	if err := end(); err != nil {
		return false, err
	}
	if done, err = w.Arrivals.Disconnect(r.Context(), d.c.ID, d.a.ID, notice); err != nil {
		return false, err
	}
	return done, end()
}
