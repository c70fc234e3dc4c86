package web

import (
	"net/http"

	"signet/internal/fault"
	"signet/internal/org"
	"signet/internal/web/view"
)

// showLinks adds the delegated links to the overview of an owner.
func (w *Web) showLinks(r *http.Request, s *setup, page *view.ConnectHome) error {
	if s.delegate {
		return nil
	}
	page.LinkForm = view.Form{Action: w.setupAt(s, partLinks)}
	links, err := w.Setups.Of(r.Context(), s.org.ID)
	if err != nil {
		return err
	}
	for _, l := range links {
		page.Links = append(page.Links, view.SetupLinkRow{
			Until: l.ExpiresAt, Claimed: l.Browser != "",
			Revoke: view.Form{Action: w.setupAt(s, partRevoke), Hidden: []view.Pair{{Name: "link", Value: l.ID}}},
		})
	}
	return nil
}

// postSetupLink makes a link for somebody else, and shows it this once.
func (w *Web) postSetupLink(rw http.ResponseWriter, r *http.Request, s *setup) error {
	l, secret, err := w.Setups.Make(r.Context(), s.org.ID, s.by)
	if fault.Is(err, fault.Limited) {
		return w.showConnectHome(rw, r, s, &view.ConnectHome{LinksFull: true})
	}
	if err != nil {
		return err
	}
	if err := w.recordSetup(r, s, "organization.setup_link", "link", l.ID); err != nil {
		return err
	}
	return w.showConnectHome(rw, r, s, &view.ConnectHome{NewLink: w.Letters.Home + orgPath(pathSetupOpen, l.ID) + "?key=" + secret})
}

// postRevokeLink ends a link, opened or not.
func (w *Web) postRevokeLink(rw http.ResponseWriter, r *http.Request, s *setup) error {
	id := r.PostFormValue("link")
	if err := w.Setups.Revoke(r.Context(), s.org.ID, id, s.by); err != nil {
		return err
	}
	if err := w.recordSetup(r, s, "organization.setup_revoke", "link", id); err != nil {
		return err
	}
	w.send(rw, w.setupAt(s, "", "done", "link-revoked"))
	return nil
}

// setupInvite is where a delegated link leads. It changes nothing: mail scanners
// open links, too.
func (w *Web) setupInvite(rw http.ResponseWriter, r *http.Request) error {
	id, secret := r.PathValue("id"), r.URL.Query().Get("key")
	if _, err := w.Setups.Held(r.Context(), id, w.Cookies.Browser(r)); err == nil {
		w.send(rw, w.at(orgPath(pathSetup, id))) // opened before, in this browser
		return nil
	}
	l, err := w.Setups.Waiting(r.Context(), id, secret)
	if err != nil {
		return err
	}
	o, err := w.orgOfLink(r, l)
	if err != nil {
		return err
	}
	page := &view.SetupInvite{
		Frame: w.bareFrame(r), Org: o.Name, Until: l.ExpiresAt,
		Form: view.Form{Action: w.at(orgPath(pathSetupOpen, id)), Hidden: []view.Pair{{Name: "key", Value: secret}}},
	}
	if by, err := w.Accounts.Get(r.Context(), l.CreatedBy); err == nil {
		page.By = by.Email
	} else if !fault.Is(err, fault.NotFound) {
		return err
	}
	return w.show(rw, r, nil, http.StatusOK, page)
}

// postSetupInvite opens the link in this browser, once.
func (w *Web) postSetupInvite(rw http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	browser := w.Cookies.NameBrowser(rw, r)
	if err := w.Setups.Claim(r.Context(), id, r.PostFormValue("key"), browser); err != nil {
		return err
	}
	l, err := w.Setups.Held(r.Context(), id, browser)
	if err != nil {
		return err
	}
	if err := w.record(r, nil, "organization.setup_open", "link:"+l.ID, l.OrgID); err != nil {
		return err
	}
	if err := w.tellOpened(r, l); err != nil {
		return err
	}
	w.send(rw, w.at(orgPath(pathSetup, id)))
	return nil
}

// orgOfLink returns the organization that a delegated link is about, while there is one.
func (w *Web) orgOfLink(r *http.Request, l *org.SetupLink) (*org.Organization, error) {
	o, err := w.Organizations.Get(r.Context(), l.OrgID)
	if err != nil {
		return nil, err
	}
	if o.Deleted() {
		return nil, org.NotFound()
	}
	return o, nil
}
