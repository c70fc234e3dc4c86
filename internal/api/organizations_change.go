package api

import (
	"context"

	"signet/internal/fault"
	"signet/internal/org"
)

func (a *API) createOrganization(ctx context.Context, c *call, in *createInput) (*organizationOutput, error) {
	owner, by := in.Body.Owner, c.actor()
	switch {
	case c.Organization != "":
		return nil, fault.New(fault.Forbidden, "the token is about one organization, and makes no other: ask for a token without organization")
	case by.Operator && owner == "":
		return nil, fault.New(fault.Invalid, "an organization needs an owner: send the id of an account").On("owner")
	case by.Operator:
	case owner != "" && owner != c.AccountID:
		return nil, fault.New(fault.Forbidden, "who makes an organization owns it: leave owner out").On("owner")
	case in.Body.Slug != "":
		return nil, slugIsTheOperators()
	default:
		owner = c.AccountID
	}
	o, err := a.Organizations.Create(ctx, in.Body.Name, in.Body.Slug, owner, by)
	if err != nil {
		return nil, noOwner(err)
	}
	return a.changed(ctx, c, "organization.create", o, "owner", owner)
}

// noOwner tells that there is no such account as what is wrong with the request:
// the address of the request is there.
func noOwner(err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(fault.Invalid, err, "there is no such account: send the id of one that there is").On("owner")
	}
	return err
}

func slugIsTheOperators() error {
	return fault.New(fault.Forbidden, "the operator alone gives a slug: leave it out").On("slug")
}

func (a *API) updateOrganization(ctx context.Context, c *call, in *updateInput) (*organizationOutput, error) {
	seen, err := a.organization(ctx, c, in.Organization)
	if err != nil {
		return nil, err
	}
	name, slug := in.Body.Name, in.Body.Slug
	if name == nil && slug == nil { // anybody may change nothing, and nothing is noted of it
		return &organizationOutput{organizationOf(seen)}, nil
	}
	if name != nil {
		// Looked at before anything is changed: all of it is, or nothing.
		if _, err := org.CheckName(*name); err != nil {
			return nil, err
		}
	}
	o := &seen.Organization
	if slug != nil {
		if !c.operator() {
			return nil, slugIsTheOperators()
		}
		if o, err = a.Organizations.SetSlug(ctx, o.ID, *slug); err != nil {
			return nil, err
		}
	}
	if name != nil {
		if o, err = a.Organizations.Rename(ctx, o.ID, *name, c.actor()); err != nil {
			return nil, err
		}
	}
	return a.changed(ctx, c, "organization.rename", o)
}

func (a *API) deleteOrganization(ctx context.Context, c *call, in *InOrganization) (*organizationOutput, error) {
	seen, err := a.organization(ctx, c, in.Organization)
	if err != nil {
		return nil, err
	}
	o, err := a.Organizations.Delete(ctx, seen.ID, c.actor())
	if err != nil {
		return nil, err
	}
	return a.changed(ctx, c, "organization.delete", o)
}

func (a *API) restoreOrganization(ctx context.Context, c *call, in *InOrganization) (*organizationOutput, error) {
	seen, err := a.organization(ctx, c, in.Organization)
	if err != nil {
		return nil, err
	}
	o, err := a.Organizations.Restore(ctx, seen.ID, c.actor())
	if err != nil {
		return nil, err
	}
	return a.changed(ctx, c, "organization.restore", o)
}

// changed records what was done to the organization and shows it as it is now.
func (a *API) changed(ctx context.Context, c *call, action string, o *org.Organization, pairs ...string) (*organizationOutput, error) {
	if err := a.record(ctx, c, action, o.ID, pairs...); err != nil {
		return nil, err
	}
	seen := &org.Membership{Organization: *o}
	if !c.operator() {
		m, err := a.Organizations.Member(ctx, o.ID, c.AccountID)
		if err != nil {
			return nil, err
		}
		if m != nil {
			seen.Role = m.Role
		}
	}
	return &organizationOutput{organizationOf(seen)}, nil
}
