package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"signet/internal/fault"
	"signet/internal/httpd"
	"signet/internal/org"
	"signet/internal/web/view"
)

// The pages by which an organization moves to a sign-in of its own: prove a
// domain, enter a connection, try it, switch it on. Its owners see them below the
// organization, and who was given a delegated link sees the same below that.

// Paths of these pages, below where they begin.
const (
	partDomains    = "/domains"
	partDomain     = "/domains/{domain}"
	partCheck      = "/domains/{domain}/check"
	partLead       = "/domains/{domain}/lead"
	partDrop       = "/domains/{domain}/remove"
	partProviders  = "/providers"
	partConnection = "/connections/{connection}"
	partTry        = "/connections/{connection}/try"
	partPassed     = "/connections/{connection}/passed"
	partSwitch     = "/connections/{connection}/switch"
	partDisconnect = "/connections/{connection}/remove"
	partLinks      = "/links"
	partRevoke     = "/links/revoke"
)

// mostShown is how many domains the pages list, which is as many as an
// organization can have.
const mostShown = 100

// setup is somebody's visit to these pages.
type setup struct {
	org      *org.Organization
	by       org.Actor
	actor    string // for the audit log
	base     string // where the pages begin
	visit    *orgVisit
	delegate bool
}

// setupAt is the address of one of the pages.
func (w *Web) setupAt(s *setup, part string, pairs ...string) string {
	return w.at(s.base+part, pairs...)
}

// aboutPart is the part with the name of what it is about.
func aboutPart(part, name string) string {
	i := strings.IndexByte(part, '{')
	return part[:i] + url.PathEscape(name) + part[strings.IndexByte(part, '}')+1:]
}

type setupHandler func(http.ResponseWriter, *http.Request, *setup) error

// asOwner is a visit of one of the organization's owners.
func (w *Web) asOwner(do setupHandler) httpd.Handler {
	return func(rw http.ResponseWriter, r *http.Request) error {
		v, err := w.inOrg(rw, r)
		if err != nil || v == nil {
			return err
		}
		if v.org.Role != org.Owner {
			return fault.New(fault.Forbidden, "an owner decides about the sign-in of an organization")
		}
		return do(rw, r, &setup{
			org: &v.org.Organization, by: v.by(), actor: v.account.ID, base: orgPath(pathOrgSignIn, v.org.ID), visit: v,
		})
	}
}

// asDelegate is a visit of who opened a delegated link, in the browser where it
// was opened.
func (w *Web) asDelegate(do setupHandler) httpd.Handler {
	return func(rw http.ResponseWriter, r *http.Request) error {
		l, err := w.Setups.Held(r.Context(), r.PathValue("id"), w.Cookies.Browser(r))
		if err != nil {
			return err
		}
		o, err := w.orgOfLink(r, l)
		if err != nil {
			return err
		}
		return do(rw, r, &setup{
			org: o, by: org.Actor{Delegate: o.ID}, actor: "link:" + l.ID, base: orgPath(pathSetup, l.ID), delegate: true,
		})
	}
}

// connectRoutes are these pages, for owners and for delegates.
func (w *Web) connectRoutes() []httpd.Route {
	var routes []httpd.Route
	for base, as := range map[string]func(setupHandler) httpd.Handler{pathOrgSignIn: w.asOwner, pathSetup: w.asDelegate} {
		routes = append(routes,
			page(base, as(w.connectHome)),
			form(base+partDomains, as(w.postDomain)),
			page(base+partDomain, as(w.connectDomain)),
			form(base+partCheck, as(w.postCheckDomain)),
			form(base+partLead, as(w.postLeadDomain)),
			form(base+partDrop, as(w.postRemoveDomain)),
			page(base+partProviders, as(w.connectProviders)), form(base+partProviders, as(w.postProvider)),
			page(base+partConnection, as(w.connectSettings)), form(base+partConnection, as(w.postSettings)),
			page(base+partTry, as(w.connectTrial)), form(base+partTry, as(w.postTry)),
			form(base+partPassed, as(w.postPassed)),
			form(base+partSwitch, as(w.postSwitch)),
			form(base+partDisconnect, as(w.postDisconnect)))
	}
	return append(routes,
		form(pathOrgSignIn+partLinks, w.asOwner(w.postSetupLink)), form(pathOrgSignIn+partRevoke, w.asOwner(w.postRevokeLink)),
		page(pathSetupOpen, w.setupInvite), form(pathSetupOpen, w.postSetupInvite))
}

// connectFrame is what surrounds these pages. here is the page to which another
// language leads back.
func (w *Web) connectFrame(r *http.Request, s *setup, here string) (view.ConnectFrame, error) {
	page := view.ConnectFrame{Delegate: s.delegate, HomeURL: w.setupAt(s, "")}
	if s.delegate {
		fr, err := w.frame(r, nil)
		if err != nil {
			return page, err
		}
		fr.Notice = notices[r.URL.Query().Get("done")]
		page.OrgFrame = view.OrgFrame{AccountFrame: view.AccountFrame{Frame: fr}, Org: view.Org{ID: s.org.ID, Name: s.org.Name}}
	} else {
		fr, err := w.orgFrame(r, s.visit, pathOrgSignIn)
		if err != nil {
			return page, err
		}
		page.OrgFrame = fr
	}
	page.Languages.Return = here
	return page, nil
}

// recordSetup notes what was done to the organization during the visit.
func (w *Web) recordSetup(r *http.Request, s *setup, action string, pairs ...string) error {
	return w.record(r, nil, action, s.actor, s.org.ID, pairs...)
}

// recordConnection notes what was done to the connection during the visit.
func (w *Web) recordConnection(r *http.Request, s *setup, action string, c *org.Connection, pairs ...string) error {
	return w.record(r, nil, action, s.actor, c.ID, append([]string{"organization", s.org.ID}, pairs...)...)
}

// connectHome shows how far the organization has come.
func (w *Web) connectHome(rw http.ResponseWriter, r *http.Request, s *setup) error {
	return w.showConnectHome(rw, r, s, &view.ConnectHome{})
}

func (w *Web) showConnectHome(rw http.ResponseWriter, r *http.Request, s *setup, page *view.ConnectHome) error {
	fr, err := w.connectFrame(r, s, w.setupAt(s, ""))
	if err != nil {
		return err
	}
	page.ConnectFrame, page.AddDomain, page.NewURL = fr, view.Form{Action: w.setupAt(s, partDomains)}, w.setupAt(s, partProviders)
	domains, err := w.Domains.List(r.Context(), s.org.ID, "", mostShown)
	if err != nil {
		return err
	}
	for _, d := range domains {
		page.Domains = append(page.Domains, view.ConnectRow{Name: d.Name, State: domainState(d), URL: w.setupAt(s, aboutPart(partDomain, d.Name))})
	}
	connections, err := w.Connections.Of(r.Context(), s.org.ID)
	if err != nil {
		return err
	}
	for _, c := range connections {
		row := view.ConnectRow{Name: c.Name, About: aboutProtocol(c.Protocol), State: connectionState(c, s.org.ID)}
		if !c.Shared() {
			row.URL = w.setupAt(s, aboutPart(partConnection, c.ID))
		}
		page.Connections = append(page.Connections, row)
	}
	page.Next = w.connectNext(s, domains, connections)
	if err := w.showLinks(r, s, page); err != nil {
		return err
	}
	return w.show(rw, r, nil, http.StatusOK, page)
}

func domainState(d *org.Domain) view.State {
	switch {
	case !d.Proven():
		return view.DomainWaits
	case !d.MissedAt.IsZero():
		return view.DomainMissed
	}
	return view.DomainProven
}

func aboutProtocol(p org.Protocol) view.Message {
	if p == org.SAML {
		return view.ConnectProtocolSaml
	}
	return view.ConnectProtocolOidc
}

func connectionState(c *org.Connection, orgID string) view.State {
	switch policy := c.PolicyFor(orgID); {
	case c.Shared():
		return view.ConnForOthers
	case policy == org.PolicyRequired:
		return view.ConnRequired
	case policy == org.PolicyOn:
		return view.ConnOn
	case !c.TestedAt.IsZero():
		return view.ConnTried
	case complete(c):
		return view.ConnUntried
	}
	return view.ConnPartial
}

// complete reports whether all is entered that a trial needs.
func complete(c *org.Connection) bool {
	if c.Protocol == org.SAML {
		return c.SAML.MetadataURL != "" || c.SAML.Metadata != ""
	}
	return (c.OIDC.MetadataURL != "" || c.OIDC.Metadata != "") && c.OIDC.ClientID != "" && len(c.Sealed) > 0
}

// connectNext is what is to be done next: the first thing that is missing.
func (w *Web) connectNext(s *setup, domains []*org.Domain, connections []*org.Connection) view.ConnectNext {
	var waits *org.Domain
	proven := false
	for _, d := range domains {
		proven = proven || d.Proven()
		if !d.Proven() && waits == nil {
			waits = d
		}
	}
	switch {
	case !proven && waits == nil:
		return view.ConnectNext{Say: view.ConnectNextDomain, URL: "#domains"}
	case !proven:
		return view.ConnectNext{Say: view.ConnectNextRecord, URL: w.setupAt(s, aboutPart(partDomain, waits.Name))}
	case len(connections) == 0:
		return view.ConnectNext{Say: view.ConnectNextProvider, URL: w.setupAt(s, partProviders)}
	}
	for _, c := range connections {
		at := w.setupAt(s, aboutPart(partConnection, c.ID))
		switch connectionState(c, s.org.ID) {
		case view.ConnPartial:
			return view.ConnectNext{Say: view.ConnectNextEnter, URL: at}
		case view.ConnUntried:
			return view.ConnectNext{Say: view.ConnectNextTry, URL: at + "#try"}
		case view.ConnTried:
			return view.ConnectNext{Say: view.ConnectNextSwitch, URL: at + "#switch"}
		}
	}
	return view.ConnectNext{Say: view.ConnectNextDone}
}

// ownConnection is the organization's connection that the path names, if it is
// one that its owners change.
func (w *Web) ownConnection(r *http.Request, s *setup) (*org.Connection, error) {
	return w.Connections.Own(r.Context(), s.org.ID, r.PathValue("connection"), s.by)
}

// problemOf is what is wrong with a domain, in the word of the domain.
func problemOf(err error) org.DomainProblem {
	p, _ := errors.AsType[org.DomainProblem](err)
	return p
}
