package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/org"
	"signet/internal/resource"
	"signet/internal/session"
	"signet/internal/web/view"
)

// asked returns the flow with the signed-in person that it is about; when
// nobody is signed in the browser is sent on, and the session is nil.
func (w *Web) asked(rw http.ResponseWriter, r *http.Request) (*session.Flow, *session.Session, error) {
	f, err := w.flowOf(r)
	if err != nil {
		return nil, nil, err
	}
	sess, err := w.sessionOf(r)
	if err != nil {
		return nil, nil, err
	}
	if sess == nil {
		return f, nil, w.goOn(rw, r, f, nil)
	}
	return f, sess, nil
}

// askedConsent is asked for what an app in this browser asks. A device has a page
// of its own, on which more is said.
func (w *Web) askedConsent(rw http.ResponseWriter, r *http.Request) (*session.Flow, *session.Session, error) {
	f, sess, err := w.asked(rw, r)
	if err == nil && sess != nil && f.Request.Device != nil {
		w.send(rw, w.at(pathDeviceAsks, "flow", f.ID))
		return f, nil, nil
	}
	return f, sess, err
}

// consent asks whether the app may have what it asks for.
func (w *Web) consent(rw http.ResponseWriter, r *http.Request) error {
	f, sess, err := w.askedConsent(rw, r)
	if err != nil || sess == nil {
		return err
	}
	q, err := w.question(r, f, sess, pathConsent)
	if err != nil {
		return err
	}
	q.frame.Leave = nil // its own Cancel says the same
	page := &view.Consent{
		Frame: q.frame, Form: q.form, Person: q.person, Grants: q.grants, Acts: acts(f), Own: q.own,
	}
	return w.show(rw, r, f, http.StatusOK, page, targets(f)...)
}

// acts reports whether the app asks to do something, and not only to see data.
func acts(f *session.Flow) bool {
	return len(f.Request.Details) > 0 || slices.Contains(f.Request.Wanted(), resource.OrganizationsWrite)
}

// question is what the pages have in common that ask a person to allow what a
// flow asks for.
type question struct {
	frame  view.Frame
	form   view.Form // names the account, so that nobody else's answer is taken
	person view.Person
	grants []view.Grant
	own    bool // the app is the house's
}

func (w *Web) question(r *http.Request, f *session.Flow, sess *session.Session, path string) (*question, error) {
	a, err := w.Accounts.Get(r.Context(), sess.AccountID)
	if err != nil {
		return nil, err
	}
	c, err := w.Clients.Get(r.Context(), f.Request.ClientID)
	if err != nil {
		return nil, err
	}
	q := &question{form: w.form(path, f), person: personOf(a), own: c.Trusted}
	q.form.Hidden = append(q.form.Hidden, view.Pair{Name: "account", Value: a.ID})
	if q.frame, err = w.frame(r, f); err != nil {
		return nil, err
	}
	q.grants, err = w.grantsFor(r.Context(), &f.Request, w.locale(r, f), a)
	return q, err
}

// grantsOf shows what each scope would give away of the person, and to which
// APIs.
func (w *Web) grantsOf(ctx context.Context, scopes []string, a *account.Account) ([]view.Grant, error) {
	values := map[string]string{"profile": a.DisplayName(), "email": a.Email, "phone": a.Profile.PhoneNumber}
	if a.Profile.Address != nil {
		values["address"] = a.Profile.Address.Formatted
	}
	var out []view.Grant
	for _, s := range scopes {
		if s == "organizations" || slices.Contains(resource.Managing, s) {
			of, err := w.Organizations.Of(ctx, a.ID, "", 5)
			if err != nil {
				return nil, err
			}
			values[s] = namesOf(of)
		}
		if s == "openid" && len(scopes) > 1 {
			continue // who it is, is in every other line
		}
		g := view.Grant{Scope: s, Value: values[s]}
		api, err := w.Resources.Server(ctx, s)
		if err != nil {
			return nil, err
		}
		if api != nil && api.Name != s {
			g.Title, g.Value = api.Name, s
		}
		out = append(out, g)
	}
	return out, nil
}

func namesOf(of []*org.Membership) string {
	names := make([]string, len(of))
	for i, o := range of {
		names[i] = o.Name
	}
	return strings.Join(names, ", ")
}

// grantsFor shows what an app asks for: the single things first.
func (w *Web) grantsFor(ctx context.Context, req *session.Request, loc view.Locale, a *account.Account) ([]view.Grant, error) {
	out, err := w.grantsOf(ctx, req.Wanted(), a)
	if err != nil || len(req.Details) == 0 {
		return out, err
	}
	list, _ := resource.ParseDetails(string(req.Details)) // they were checked before they were stored
	var details []view.Grant
	for _, d := range list {
		t, err := w.Resources.Type(ctx, d.Type())
		if err != nil {
			return nil, err
		}
		if t == nil {
			return nil, fault.New(fault.Expired, "What the app asks for is not offered any more.")
		}
		g := view.Grant{}
		g.Title, g.Value = t.Describe(d, loc.String())
		details = append(details, g)
	}
	return append(details, out...), nil
}

func (w *Web) postConsent(rw http.ResponseWriter, r *http.Request) error {
	f, sess, err := w.askedConsent(rw, r)
	if err != nil || sess == nil {
		return err
	}
	if r.PostFormValue("account") != sess.AccountID {
		// Somebody else signed in meanwhile, in another tab: what the page
		// showed is not theirs to give away.
		w.send(rw, w.at(pathConsent, "flow", f.ID))
		return nil
	}
	switch r.PostFormValue("decision") {
	case "allow":
		err = w.allow(r, f, sess)
	case "deny":
		f, err = w.Sessions.Progress(r.Context(), f, func(p *session.Progress) { p.Of(sess).Denied = true })
	default:
		return fault.New(fault.Invalid, "Choose whether to allow or to cancel.").On("decision")
	}
	if err != nil {
		return err
	}
	return w.goOn(rw, r, f, sess)
}

// postCancel ends an app's flow before its end: the person goes back, and the
// app learns that they would not (access_denied).
func (w *Web) postCancel(rw http.ResponseWriter, r *http.Request) error {
	f, err := w.flowOf(r)
	if err != nil {
		return err
	}
	if f.Request.ClientID == "" || f.Request.Device != nil {
		return fault.New(fault.Invalid, "No app waits for an answer here.")
	}
	sess, err := w.sessionOf(r)
	if err != nil {
		return err
	}
	f, err = w.Sessions.Progress(r.Context(), f, func(p *session.Progress) {
		if sess != nil {
			p = p.Of(sess)
		}
		p.Denied = true
	})
	if err != nil {
		return err
	}
	return w.goOn(rw, r, f, sess)
}

func (w *Web) allow(r *http.Request, f *session.Flow, sess *session.Session) error {
	ctx, clientID := r.Context(), f.Request.ClientID
	if clientID == "" {
		return fault.New(fault.Invalid, "No app asks for anything here.")
	}
	c, err := w.Clients.Get(ctx, clientID)
	if err != nil {
		return err
	}
	if err := w.Clients.Keep(ctx, c); err != nil {
		return err
	}
	all, err := w.Grants.Allow(ctx, sess.AccountID, clientID, f.Request.Wanted())
	if err != nil {
		return err
	}
	if err := w.Sessions.RememberConsent(ctx, sess, clientID, all); err != nil {
		return err
	}
	if err := w.record(r, f, "consent.give", sess.AccountID, sess.AccountID, "scopes", strings.Join(f.Request.Scopes, " ")); err != nil {
		return err
	}
	_, err = w.Sessions.Progress(ctx, f, func(p *session.Progress) {
		p = p.Of(sess)
		p.Asked, p.Consented = true, f.Request.Wanted()
	})
	return err
}

// choose asks with which account to go on.
func (w *Web) choose(rw http.ResponseWriter, r *http.Request) error {
	f, sess, err := w.asked(rw, r)
	if err != nil || sess == nil {
		return err
	}
	a, err := w.Accounts.Get(r.Context(), sess.AccountID)
	if err != nil {
		return err
	}
	fr, err := w.frame(r, f)
	if err != nil {
		return err
	}
	page := &view.Choose{
		Frame: fr, Form: w.form(pathChoose, f), Other: chooseOther,
		Accounts: []view.Choice{{Person: personOf(a), Value: a.ID}},
	}
	return w.show(rw, r, f, http.StatusOK, page, targets(f)...)
}

// chooseOther is the choice of an account that is not in the list.
const chooseOther = "other"

func (w *Web) postChoose(rw http.ResponseWriter, r *http.Request) error {
	f, sess, err := w.asked(rw, r)
	if err != nil || sess == nil {
		return err
	}
	if r.PostFormValue("account") != sess.AccountID {
		w.send(rw, w.at(pathSignIn, "flow", f.ID, "other", "1"))
		return nil
	}
	f, err = w.Sessions.Progress(r.Context(), f, func(p *session.Progress) { p.Of(sess).Selected = true })
	if err != nil {
		return err
	}
	return w.goOn(rw, r, f, sess)
}
