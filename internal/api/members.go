package api

import (
	"context"
	"net/http"
	"time"

	"signet/internal/fault"
	"signet/internal/org"
	"signet/internal/resource"
)

// Member is a person's place in an organization, with what the others see of
// them.
type Member struct {
	Account  string    `json:"account" format:"uuid" doc:"The id of the account: the sub of its tokens, but of apps with pairwise subjects."`
	Email    string    `json:"email"`
	Name     string    `json:"name,omitempty"`
	Role     org.Role  `json:"role" enum:"owner,admin,viewer"`
	JoinedAt time.Time `json:"joined_at"`
}

type memberOutput struct{ Body Member }

func memberOf(p *org.Person) Member {
	return Member{Account: p.AccountID, Email: p.Email, Name: p.Name, Role: p.Role, JoinedAt: p.JoinedAt.UTC()}
}

// membersInput is how a page of members is asked for.
type membersInput struct {
	InOrganization
	QueryInput
	PageInput
}

// InMember names the member that an operation is about.
type InMember struct {
	InOrganization
	Account string `path:"account" maxLength:"100" doc:"The id of an account."`
}

// memberInput is what is to become of a member.
type memberInput struct {
	InMember
	Body struct {
		Role org.Role `json:"role" enum:"owner,admin,viewer"`
	}
}

// transferInput is who an organization is handed over to.
type transferInput struct {
	InOrganization
	Body struct {
		To string `json:"to" maxLength:"100" doc:"The id of the account of another member."`
	}
}

// members declares the operations on them.
func (a *API) members() {
	const list = "/organizations/{organization}/members"
	const one = list + "/{account}"
	declare(a, operation{
		id: "list-members", method: http.MethodGet, path: list, scope: resource.OrganizationsRead, tag: tagMembers,
		summary: "List the members of an organization",
		about:   "By the ids of their accounts; query searches them. Every member sees all.",
	}, a.listMembers)
	declare(a, operation{
		id: "get-member", method: http.MethodGet, path: one, scope: resource.OrganizationsRead, tag: tagMembers,
		summary: "Get a member of an organization",
	}, a.getMember)
	declare(a, operation{
		id: "set-member", method: http.MethodPut, path: one, scope: resource.OrganizationsWrite, tag: tagMembers,
		summary: "Give a member another role",
		about:   "Owners change everybody, admins all but owners, and neither can give a role that is not theirs to give; an owner remains. To the operator alone it makes somebody a member who was none.",
	}, a.setMember)
	declare(a, operation{
		id: "remove-member", method: http.MethodDelete, path: one, scope: resource.OrganizationsWrite, tag: tagMembers, status: http.StatusNoContent,
		summary: "Take a member out of an organization, or leave it",
		about:   "Who may change a member may remove them, and everybody can leave; an owner remains.",
	}, a.removeMember)
	declare(a, operation{
		id: "transfer-organization", method: http.MethodPost, path: "/organizations/{organization}/transfer", scope: resource.OrganizationsWrite, tag: tagMembers,
		summary: "Hand an organization over",
		about:   "The other member becomes an owner and the person, who was one, an admin: both or neither. It is for people; the operator gives roles.",
	}, a.transferOrganization)
}

func (a *API) listMembers(ctx context.Context, c *call, in *membersInput) (*pageOutput[Member], error) {
	o, err := a.organization(ctx, c, in.Organization)
	if err != nil {
		return nil, err
	}
	return searched(in.PageInput, func(after string, limit int) ([]*org.Person, string, error) {
		return a.Organizations.FindMembers(ctx, o.ID, in.Query, after, limit)
	}, memberOf)
}

func (a *API) getMember(ctx context.Context, c *call, in *InMember) (*memberOutput, error) {
	o, err := a.organization(ctx, c, in.Organization)
	if err != nil {
		return nil, err
	}
	return a.member(ctx, o.ID, in.Account)
}

// member shows the member as it is now.
func (a *API) member(ctx context.Context, orgID, accountID string) (*memberOutput, error) {
	m, err := a.Organizations.Member(ctx, orgID, accountID)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, fault.New(fault.NotFound, "there is no such member: list-members shows all")
	}
	who, err := a.Accounts.Get(ctx, accountID)
	if err != nil {
		return nil, err
	}
	return &memberOutput{memberOf(&org.Person{Member: *m, Email: who.Email, Name: who.DisplayName()})}, nil
}

func (a *API) setMember(ctx context.Context, c *call, in *memberInput) (*memberOutput, error) {
	o, err := a.organization(ctx, c, in.Organization)
	if err != nil {
		return nil, err
	}
	if c.operator() {
		err = a.Organizations.Put(ctx, o.ID, in.Account, in.Body.Role)
	} else {
		err = a.Organizations.SetRole(ctx, o.ID, in.Account, in.Body.Role, c.actor())
	}
	if err != nil {
		return nil, err
	}
	if err := a.record(ctx, c, "organization.member", o.ID, "account", in.Account, "role", string(in.Body.Role)); err != nil {
		return nil, err
	}
	return a.member(ctx, o.ID, in.Account)
}

func (a *API) removeMember(ctx context.Context, c *call, in *InMember) (*struct{}, error) {
	o, err := a.organization(ctx, c, in.Organization)
	if err != nil {
		return nil, err
	}
	action := "organization.remove"
	if in.Account == c.AccountID {
		action, err = "organization.leave", a.Organizations.Leave(ctx, o.ID, c.AccountID)
	} else {
		err = a.Organizations.Remove(ctx, o.ID, in.Account, c.actor())
	}
	if err != nil {
		return nil, err
	}
	return nil, a.record(ctx, c, action, o.ID, "account", in.Account)
}

func (a *API) transferOrganization(ctx context.Context, c *call, in *transferInput) (*organizationOutput, error) {
	o, err := a.organization(ctx, c, in.Organization)
	if err != nil {
		return nil, err
	}
	if c.operator() {
		return nil, fault.New(fault.Forbidden, "an owner hands an organization over; the operator gives roles to its members")
	}
	if err := a.Organizations.Transfer(ctx, o.ID, c.AccountID, in.Body.To); err != nil {
		return nil, err
	}
	return a.changed(ctx, c, "organization.transfer", &o.Organization, "account", in.Body.To)
}
