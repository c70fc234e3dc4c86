package op

// The parameter organization: an app asks for one of the person's organizations,
// and what it gets is about that one. No specification has it;
// docs/specs/organization.md says what it does here.

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"signet/internal/account"
	"signet/internal/grant"
	"signet/internal/org"
	"signet/internal/session"
)

// checkOrganization reads what organization is asked for. Whether there is one is
// not looked at: who is not its member learns as little as of one that is not.
func checkOrganization(_ *Provider, _ context.Context, d *draft) *oauthError {
	asked := d.params.get("organization")
	switch {
	case asked == "":
		return nil
	case !org.Askable(asked):
		return ruleOrganization.broken("the organization %s is no id, no slug, and not %s", printable(asked), org.Any)
	case !slices.Contains(d.req.Scopes, scopeOrganizations):
		return ruleOrganization.broken("the parameter organization needs the scope %s", scopeOrganizations)
	}
	d.req.Organization = asked
	return nil
}

// settleOrganization finds the organization that the flow's app gets, if it asks
// for one: the one that the person chose, while they are a member of it, else the
// only one that fits. It is looked at each time, since who was a member when the
// page was shown need not be one now.
func (p *Provider) settleOrganization(ctx context.Context, f *session.Flow, sess *session.Session) error {
	asked := f.Request.Organization
	if asked == "" || sess == nil {
		return nil
	}
	settled := f.Progress.Of(sess)
	fitting := []string{asked}
	if asked == org.Any && settled.Organization != "" {
		fitting = []string{settled.Organization, org.Any}
	}
	settled.Organization = ""
	for _, one := range fitting {
		m, err := p.Organizations.Asked(ctx, one, sess.AccountID)
		if err != nil {
			return err
		}
		if m != nil {
			settled.Organization = m.ID
			return nil
		}
	}
	return nil
}

// belongs ends a grant that is about an organization which its person left: what
// comes of it would let the app take them for a member.
func (p *Provider) belongs(ctx context.Context, g *grant.Grant) error {
	left, err := p.left(ctx, g)
	if err != nil || !left {
		return err
	}
	if err := p.Grants.Revoke(ctx, g.ID); err != nil {
		return err
	}
	return ruleMembership.broken("the person is no longer a member of the organization that the app asked for")
}

// left reports whether the grant is about an organization that its person does not
// belong to any more.
func (p *Provider) left(ctx context.Context, g *grant.Grant) (bool, error) {
	if g.Organization == "" {
		return false, nil
	}
	m, err := p.Organizations.Asked(ctx, g.Organization, g.AccountID)
	return m == nil && err == nil, err
}

// organizationsIn are those that an app with the grant is told of: of one that is
// about one organization that one, while the person belongs to it.
func (p *Provider) organizationsIn(ctx context.Context, accountID, organization string) ([]*org.Membership, error) {
	if organization == "" {
		return p.Organizations.Of(ctx, accountID, "", mostOrganizations)
	}
	m, err := p.Organizations.Asked(ctx, organization, accountID)
	if err != nil || m == nil {
		return nil, err
	}
	return []*org.Membership{m}, nil
}

// checkOneOrganization is checkOrganization for a request about a person who is
// not there to choose.
func checkOneOrganization(p *Provider, ctx context.Context, d *draft) *oauthError {
	if d.params.get("organization") == org.Any {
		return ruleOrganization.broken("organization=%s lets the person choose, which nobody can away from the browser; name one", org.Any)
	}
	return checkOrganization(p, ctx, d)
}

// inOrganization is the account that a hint leads to, or nil where the request is
// for an organization that it does not belong to: nobody there has the hint. It
// costs the same where there is no account.
func (p *Provider) inOrganization(ctx context.Context, req *session.Request, a *account.Account) (*account.Account, error) {
	if req.Organization == "" {
		return a, nil
	}
	id := uuid.Nil.String()
	if a != nil {
		id = a.ID
	}
	m, err := p.Organizations.Asked(ctx, req.Organization, id)
	if err != nil || m == nil {
		return nil, err
	}
	req.Organization = m.ID
	return a, nil
}
