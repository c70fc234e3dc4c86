package web

import (
	"net/http"

	"signet/internal/account"
	"signet/internal/org"
	"signet/internal/session"
	"signet/internal/web/view"
)

// ledBy is the connection that the app's request leads to before anybody typed
// anything: by the address that the app names, or by the organization that it
// asks for, if its people sign in elsewhere alone; "": none.
func (w *Web) ledBy(r *http.Request, f *session.Flow) (string, error) {
	if f.Progress.Led || f.Progress.Email != "" {
		return "", nil // who comes back chooses
	}
	if f.Request.LoginHint != "" {
		realm, err := w.Realms.Of(r.Context(), f.Request.LoginHint)
		if err != nil || realm != nil {
			return connectionOf(realm), err
		}
	}
	realm, err := w.askedFor(r, f)
	if err != nil || realm == nil || !realm.Enforced {
		return "", err
	}
	return realm.ConnectionID, nil
}

// askedFor is where the people of the organization sign in that the app asks for, or
// nil. Where they need not, the page offers it.
func (w *Web) askedFor(r *http.Request, f *session.Flow) (*org.Realm, error) {
	if f.Request.Organization == "" {
		return nil, nil
	}
	return w.Realms.OfOrganization(r.Context(), f.Request.Organization)
}

func connectionOf(realm *org.Realm) string {
	if realm == nil {
		return ""
	}
	return realm.ConnectionID
}

// lead sends the browser to the connection's provider, and remembers that: who
// comes back is not sent away again.
func (w *Web) lead(rw http.ResponseWriter, r *http.Request, f *session.Flow, connectionID string) error {
	f, err := w.Sessions.Progress(r.Context(), f, func(p *session.Progress) { p.Led = true })
	if err != nil {
		return err
	}
	w.send(rw, w.withConnection(f, connectionID))
	return nil
}

// bars reports whether the account must not be signed in to by its password: its
// address signs in elsewhere alone. Who has just arrived from there with the same
// address may, to say that the account is theirs.
func (w *Web) bars(r *http.Request, f *session.Flow, realm *org.Realm, a *account.Account) (bool, error) {
	barred, err := w.Realms.Bars(r.Context(), realm, a.ID)
	return barred && !arrivedAs(f, realm, a.Email), err
}

// arrivedAs reports whether somebody has just arrived in the flow with the address,
// from where the realm leads.
func arrivedAs(f *session.Flow, realm *org.Realm, email string) bool {
	arrived := f.Progress.Arrived
	if arrived == nil || realm == nil || arrived.Connection != realm.ConnectionID {
		return false
	}
	_, there, malformed := account.NormalizeEmail(arrived.Arrival.Email)
	_, here, unlike := account.NormalizeEmail(email)
	return malformed == nil && unlike == nil && there == here
}

// foreign returns the realm in which the account signs in alone, where the connection
// is none of that realm's organization; nil: the account may be signed in to by it.
func (w *Web) foreign(r *http.Request, c *org.Connection, a *account.Account) (*org.Realm, error) {
	realm, err := w.enforced(r, a.Email)
	if err != nil || realm == nil || c.Serves(realm.OrgID) {
		return nil, err
	}
	barred, err := w.Realms.Bars(r.Context(), realm, a.ID)
	if err != nil || !barred {
		return nil, err
	}
	return realm, nil
}

// showCompany says that the address signs in elsewhere, alone. form is for owners,
// who may go on here all the same; without an action there is none. f may be nil.
func (w *Web) showCompany(rw http.ResponseWriter, r *http.Request, f *session.Flow, realm *org.Realm, form view.Form) error {
	fr, err := w.frame(r, f)
	if err != nil {
		return err
	}
	page := &view.CompanySignIn{Frame: fr, Form: form, Connection: realm.Connection, Domain: realm.Domain, Org: realm.OrgName, ContinueURL: w.at(pathAccount)}
	if f == nil {
		return w.show(rw, r, f, http.StatusOK, page)
	}
	page.ContinueURL = w.withConnection(f, realm.ConnectionID)
	return w.show(rw, r, f, http.StatusOK, page, targets(f)...)
}

// enforced is the realm of the address, if its people sign in there alone.
func (w *Web) enforced(r *http.Request, email string) (*org.Realm, error) {
	realm, err := w.Realms.Of(r.Context(), email)
	if err != nil || realm == nil || !realm.Enforced {
		return nil, err
	}
	return realm, nil
}

// elsewhere answers, for somebody whose address signs in elsewhere alone, that there
// is no sign-in, no password and no other address for them here; it reports whether
// it did. f may be nil.
func (w *Web) elsewhere(rw http.ResponseWriter, r *http.Request, f *session.Flow, a *account.Account) (bool, error) {
	realm, err := w.enforced(r, a.Email)
	if err != nil {
		return false, err
	}
	barred, err := w.Realms.Bars(r.Context(), realm, a.ID)
	if err != nil || !barred {
		return false, err
	}
	return true, w.showCompany(rw, r, f, realm, view.Form{})
}
