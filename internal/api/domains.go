package api

import (
	"context"
	"net/http"
	"time"

	"signet/internal/fault"
	"signet/internal/httpd"
	"signet/internal/org"
	"signet/internal/resource"
)

// Domain is a domain of e-mail addresses that an organization says is its own.
type Domain struct {
	Domain     string     `json:"domain" doc:"In ASCII, as it is looked up."`
	Proven     bool       `json:"proven" doc:"Only then does it decide about addresses. One organization alone has it proven."`
	ProvenAt   *time.Time `json:"proven_at,omitempty"`
	MissedAt   *time.Time `json:"missed_at,omitempty" doc:"It is proven, but the record has not been there since."`
	Vouched    bool       `json:"vouched,omitempty" doc:"The operator's word stands for the record."`
	Record     Record     `json:"record"`
	Connection string     `json:"connection,omitempty" doc:"Where its people sign in, of several connections of the organization."`
	CreatedAt  time.Time  `json:"created_at"`
}

// Record is the DNS record that proves a domain.
type Record struct {
	Type string `json:"type" enum:"TXT"`
	Name string `json:"name"`
	Text string `json:"text"`
}

func domainOf(d *org.Domain) Domain {
	name, text := d.Record()
	return Domain{
		Domain: d.Name, Proven: d.Proven(), ProvenAt: moment(d.ProvenAt), MissedAt: moment(d.MissedAt), Vouched: d.Vouched,
		Record: Record{"TXT", name, text}, Connection: d.ConnectionID, CreatedAt: d.CreatedAt.UTC(),
	}
}

// moment is a time that may not have come.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// Finding is what a look at the record of a domain found.
type Finding struct {
	Domain
	Problem string `json:"problem,omitempty" doc:"Why it is not proven: missing, other, at-domain, doubled, unanswered, taken or alike."`
	Detail  string `json:"detail" doc:"The same, and what to change, for people."`
}

type (
	domainOutput  struct{ Body Domain }
	findingOutput struct{ Body Finding }

	domainsInput struct {
		InOrganization
		PageInput
	}

	// InDomain names the domain that an operation is about.
	InDomain struct {
		InOrganization
		Domain string `path:"domain" maxLength:"253"`
	}

	addDomainInput struct {
		InOrganization
		Body struct {
			Domain string `json:"domain" minLength:"1" maxLength:"320" doc:"Also as people write it, or an address in it."`
		}
	}
)

// domains declares the operations on them.
func (a *API) domains() {
	const list = "/organizations/{organization}/domains"
	const one = list + "/{domain}"
	declare(a, operation{
		id: "list-domains", method: http.MethodGet, path: list, scope: resource.OrganizationsRead, tag: tagDomains,
		summary: "List the domains of an organization", about: "By name. Owners and admins see them.",
	}, a.listDomains)
	declare(a, operation{
		id: "get-domain", method: http.MethodGet, path: one, scope: resource.OrganizationsRead, tag: tagDomains,
		summary: "Get a domain of an organization",
	}, a.getDomain)
	declare(a, operation{
		id: "add-domain", method: http.MethodPost, path: list, scope: resource.OrganizationsWrite, tag: tagDomains, status: http.StatusCreated,
		summary: "Say that a domain is the organization's",
		about:   "It decides about nothing until it is proven: publish the record, and have it looked for. Owners may. One that is there already is answered as it is.",
	}, a.addDomain)
	declare(a, operation{
		id: "check-domain", method: http.MethodPost, path: one + "/check", scope: resource.OrganizationsWrite, tag: tagDomains,
		summary: "Look for the record of a domain", about: "Now. Once it is found the domain is proven. Owners may.",
	}, a.checkDomain)
	declare(a, operation{
		id: "vouch-domain", method: http.MethodPost, path: one + "/vouch", scope: resource.OrganizationsWrite, tag: tagDomains,
		summary: "Take a domain as proven without a record", about: "For what the operator knows, who alone may.",
	}, a.vouchDomain)
	declare(a, operation{
		id: "remove-domain", method: http.MethodDelete, path: one, scope: resource.OrganizationsWrite, tag: tagDomains, status: http.StatusNoContent,
		summary: "Give a domain up", about: "Proven or not. Owners may.",
	}, a.removeDomain)
}

// settings returns the organization to those who see its settings: its owners and
// admins, and the operator. One that was deleted has none to see.
func (a *API) settings(ctx context.Context, c *call, idOrSlug string) (*org.Membership, error) {
	o, err := a.organization(ctx, c, idOrSlug)
	switch {
	case err != nil:
		return nil, err
	case o.Deleted():
		return nil, org.NotFound()
	case o.Role == org.Viewer:
		return nil, fault.New(fault.Forbidden, "owners and admins see the settings of an organization: an owner can make this person one")
	}
	return o, nil
}

func (a *API) listDomains(ctx context.Context, c *call, in *domainsInput) (*pageOutput[Domain], error) {
	o, err := a.settings(ctx, c, in.Organization)
	if err != nil {
		return nil, err
	}
	read := func(after string, limit int) ([]*org.Domain, error) { return a.Domains.List(ctx, o.ID, after, limit) }
	return paged(in.PageInput, read, domainOf, func(d *org.Domain) string { return d.Name })
}

func (a *API) getDomain(ctx context.Context, c *call, in *InDomain) (*domainOutput, error) {
	o, err := a.settings(ctx, c, in.Organization)
	if err != nil {
		return nil, err
	}
	d, err := a.Domains.Get(ctx, o.ID, in.Domain)
	if err != nil {
		return nil, err
	}
	return &domainOutput{domainOf(d)}, nil
}

func (a *API) addDomain(ctx context.Context, c *call, in *addDomainInput) (*domainOutput, error) {
	o, err := a.settings(ctx, c, in.Organization)
	if err != nil {
		return nil, err
	}
	d, err := a.Domains.Add(ctx, o.ID, in.Body.Domain, c.actor())
	if err != nil {
		return nil, err
	}
	return &domainOutput{domainOf(d)}, a.record(ctx, c, "organization.domain_add", o.ID, "domain", d.Name)
}

func (a *API) checkDomain(ctx context.Context, c *call, in *InDomain) (*findingOutput, error) {
	o, err := a.settings(ctx, c, in.Organization)
	if err != nil {
		return nil, err
	}
	before, err := a.Domains.Get(ctx, o.ID, in.Domain)
	if err != nil {
		return nil, err
	}
	found, err := a.Domains.Check(ctx, o.ID, before.Name, c.actor())
	if fault.Is(err, fault.Limited) {
		httpd.RetryAfter(c.answer, 2*time.Second)
	}
	if err != nil {
		return nil, err
	}
	if found.Proven && !before.Proven() {
		if err := a.record(ctx, c, "organization.domain_prove", o.ID, "domain", before.Name); err != nil {
			return nil, err
		}
	}
	d, err := a.Domains.Get(ctx, o.ID, before.Name)
	if err != nil {
		return nil, err
	}
	return &findingOutput{Finding{domainOf(d), string(found.Problem), found.Sentence(d)}}, nil
}

func (a *API) vouchDomain(ctx context.Context, c *call, in *InDomain) (*domainOutput, error) {
	o, err := a.settings(ctx, c, in.Organization)
	if err != nil {
		return nil, err
	}
	if !c.operator() {
		return nil, fault.New(fault.Forbidden, "the operator alone vouches for a domain: publish its record")
	}
	d, err := a.Domains.Vouch(ctx, o.ID, in.Domain)
	if err != nil {
		return nil, err
	}
	return &domainOutput{domainOf(d)}, a.record(ctx, c, "organization.domain_vouch", o.ID, "domain", d.Name)
}

func (a *API) removeDomain(ctx context.Context, c *call, in *InDomain) (*struct{}, error) {
	o, err := a.settings(ctx, c, in.Organization)
	if err != nil {
		return nil, err
	}
	if err := a.Domains.Remove(ctx, o.ID, in.Domain, c.actor()); err != nil {
		return nil, err
	}
	return nil, a.record(ctx, c, "organization.domain_remove", o.ID, "domain", in.Domain)
}
