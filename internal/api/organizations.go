package api

import (
	"context"
	"net/http"
	"time"

	"signet/internal/fault"
	"signet/internal/org"
	"signet/internal/resource"
)

// Organization is one as the API shows it.
type Organization struct {
	ID        string     `json:"id" format:"uuid" doc:"Stays the same for ever."`
	Name      string     `json:"name" doc:"For people; others may bear the same."`
	Slug      string     `json:"slug,omitempty" doc:"A short name that is its alone, which the operator gives."`
	Role      org.Role   `json:"role,omitempty" enum:"owner,admin,viewer" doc:"What the person may do there; left out for the operator."`
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
	EraseAt   *time.Time `json:"erase_at,omitempty" doc:"It was deleted, can be restored until then, and goes for good."`
}

type organizationOutput struct{ Body Organization }

func organizationOf(o *org.Membership) Organization {
	out := Organization{ID: o.ID, Name: o.Name, Slug: o.Slug, Role: o.Role, CreatedAt: o.CreatedAt.UTC(), UpdatedAt: o.UpdatedAt.UTC()}
	if o.Deleted() {
		at := o.EraseAt.UTC()
		out.EraseAt = &at
	}
	return out
}

// organizationsInput is how a page of organizations is asked for.
type organizationsInput struct {
	PageInput
	Deleted bool `query:"deleted" doc:"Those that the person owns and can restore, in place of the others. To the operator they are among the others."`
}

// createInput is a new organization.
type createInput struct {
	Body struct {
		Name  string `json:"name" minLength:"1" maxLength:"500" doc:"At most 80 printable characters."`
		Slug  string `json:"slug,omitempty" maxLength:"40" doc:"2 to 40 small letters, digits and hyphens. The operator may give one."`
		Owner string `json:"owner,omitempty" maxLength:"100" doc:"The id of the account that owns it. The operator must say it; a person owns what they make."`
	}
}

// updateInput is what is to become of an organization.
type updateInput struct {
	InOrganization
	Body struct {
		Name *string `json:"name,omitempty" minLength:"1" maxLength:"500"`
		Slug *string `json:"slug,omitempty" maxLength:"40" doc:"Empty: none any more."`
	}
}

// InOrganization names the organization that an operation is about.
// Inputs that others embed are exported, or the library does not see them.
type InOrganization struct {
	Organization string `path:"organization" maxLength:"100" doc:"The id or the slug of an organization."`
}

// organizations declares the operations on them.
func (a *API) organizations() {
	const list, one = "/organizations", "/organizations/{organization}"
	declare(a, operation{
		id: "list-organizations", method: http.MethodGet, path: list, scope: resource.OrganizationsRead, tag: tagOrganizations,
		summary: "List organizations",
		about:   "Those that the person is a member of, or the one that the token is about (claim organization); to the operator all, deleted ones too. By id, which is the order in which they were made.",
	}, a.listOrganizations)
	declare(a, operation{
		id: "create-organization", method: http.MethodPost, path: list, scope: resource.OrganizationsWrite, tag: tagOrganizations, status: http.StatusCreated,
		summary: "Make an organization",
		about:   "The person becomes its owner, with a token that is about no organization. The operator says who does, and may give it a slug.",
	}, a.createOrganization)
	declare(a, operation{
		id: "get-organization", method: http.MethodGet, path: one, scope: resource.OrganizationsRead, tag: tagOrganizations,
		summary: "Get an organization",
		about:   "To anybody but its members there is none. One that was deleted is seen by its owners.",
	}, a.getOrganization)
	declare(a, operation{
		id: "update-organization", method: http.MethodPatch, path: one, scope: resource.OrganizationsWrite, tag: tagOrganizations,
		summary: "Give an organization another name or slug",
		about:   "What is left out stays. Owners and admins give the name, the operator alone the slug.",
	}, a.updateOrganization)
	declare(a, operation{
		id: "delete-organization", method: http.MethodDelete, path: one, scope: resource.OrganizationsWrite, tag: tagOrganizations,
		summary: "Delete an organization",
		about:   "Nobody is its member from then on. Until erase_at an owner can restore it; then it is gone with its members. Owners may.",
	}, a.deleteOrganization)
	declare(a, operation{
		id: "restore-organization", method: http.MethodPost, path: one + "/restore", scope: resource.OrganizationsWrite, tag: tagOrganizations,
		summary: "Take a deletion back",
		about:   "With the members that it had. Owners may.",
	}, a.restoreOrganization)
}

func (a *API) listOrganizations(ctx context.Context, c *call, in *organizationsInput) (*pageOutput[Organization], error) {
	read := func(after string, limit int) ([]*org.Membership, error) {
		if c.Organization != "" {
			return a.onlyOrganization(ctx, c, after)
		}
		switch {
		case c.operator():
		case in.Deleted:
			return a.Organizations.DeletedOf(ctx, c.AccountID, after, limit)
		default:
			return a.Organizations.Of(ctx, c.AccountID, after, limit)
		}
		all, err := a.Organizations.List(ctx, after, limit)
		out := make([]*org.Membership, len(all))
		for i, o := range all {
			out[i] = &org.Membership{Organization: *o}
		}
		return out, err
	}
	return paged(in.PageInput, read, organizationOf, func(o *org.Membership) string { return o.ID })
}

func (a *API) getOrganization(ctx context.Context, c *call, in *InOrganization) (*organizationOutput, error) {
	o, err := a.organization(ctx, c, in.Organization)
	if err != nil {
		return nil, err
	}
	return &organizationOutput{organizationOf(o)}, nil
}

// onlyOrganization is the list of organizations for a token that is about one.
func (a *API) onlyOrganization(ctx context.Context, c *call, after string) ([]*org.Membership, error) {
	o, err := a.Organizations.Asked(ctx, c.Organization, c.AccountID)
	if err != nil || o == nil || o.ID <= after {
		return nil, err
	}
	return []*org.Membership{o}, nil
}

// organization returns the organization as the caller sees it. To a person who is
// no member there is none.
func (a *API) organization(ctx context.Context, c *call, idOrSlug string) (*org.Membership, error) {
	if !c.operator() {
		o, err := a.Organizations.Seen(ctx, idOrSlug, c.AccountID)
		if err == nil && c.Organization != "" && o.ID != c.Organization {
			err = org.NotFound() // the token is about another one
		}
		if err != nil {
			return nil, noOrganization(err)
		}
		return o, nil
	}
	o, err := a.Organizations.Get(ctx, idOrSlug)
	if err != nil {
		return nil, noOrganization(err)
	}
	return &org.Membership{Organization: *o}, nil
}

// noOrganization says how to find the right one.
func noOrganization(err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(fault.NotFound, err, "there is no such organization for this caller: list-organizations shows those that there are")
	}
	return err
}
