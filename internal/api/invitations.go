package api

import (
	"context"
	"net/http"
	"time"

	"signet/internal/fault"
	"signet/internal/org"
	"signet/internal/resource"
)

// Invitation asks the owner of an address to join an organization, or to make an
// account.
type Invitation struct {
	ID        string       `json:"id" format:"uuid"`
	Email     string       `json:"email"`
	Role      org.Role     `json:"role,omitempty" enum:"owner,admin,viewer"`
	Standing  org.Standing `json:"standing" enum:"open,accepted,declined,revoked,expired,void" doc:"Void: who invited may not any more. What is expired or void can be sent again."`
	InvitedBy string       `json:"invited_by,omitempty" doc:"The account that answers for it; left out: the operator."`
	CreatedAt time.Time    `json:"created_at"`
	SentAt    time.Time    `json:"sent_at" doc:"The last letter."`
	ExpiresAt time.Time    `json:"expires_at"`
}

// Invited says what became of the wish to invite one address. It does not tell
// whether the address has an account, but to the operator.
type Invited struct {
	Address    string      `json:"address" doc:"As it was sent."`
	Verdict    org.Verdict `json:"verdict" enum:"sent,no_address,already_invited,already_member,too_many"`
	Invitation string      `json:"invitation,omitempty" doc:"The id of the invitation that was sent."`
}

// inviteBody is whom to invite to what.
type inviteBody struct {
	Addresses []string `json:"addresses" minItems:"1" maxItems:"100" nullable:"false" doc:"Each gets a letter with a link."`
	Role      org.Role `json:"role" enum:"owner,admin,viewer"`
	Language  string   `json:"language,omitempty" maxLength:"40" doc:"Of the letters (BCP 47); left out: that of the house."`
}

type (
	invitationsInput struct {
		InOrganization
		QueryInput
		PageInput
	}

	inviteInput struct {
		InOrganization
		Body inviteBody
	}

	invitedOutput struct {
		Body struct {
			Results []Invited `json:"results" nullable:"false" doc:"One for each address, in their order."`
		}
	}

	// InInvitation names the invitation that an operation is about.
	InInvitation struct {
		InOrganization
		Invitation string `path:"invitation" maxLength:"100"`
	}

	resendInput struct {
		InInvitation
		Language string `query:"language" maxLength:"40" doc:"Of the letter (BCP 47); left out: that of the house."`
	}

	invitationOutput struct{ Body Invitation }
)

// invitationOf shows one whose standing is known.
func invitationOf(i *org.Invitation, standing org.Standing) Invitation {
	return Invitation{
		ID: i.ID, Email: i.Email, Role: i.Role, Standing: standing, InvitedBy: i.InviterID,
		CreatedAt: i.CreatedAt.UTC(), SentAt: i.SentAt.UTC(), ExpiresAt: i.ExpiresAt.UTC(),
	}
}

// invitations declares the operations on them.
func (a *API) invitations() {
	const list = "/organizations/{organization}/invitations"
	const one = list + "/{invitation}"
	declare(a, operation{
		id: "list-invitations", method: http.MethodGet, path: list, scope: resource.OrganizationsRead, tag: tagInvitations,
		summary: "List the invitations to an organization", about: "The newest first, until a month after they expired; query searches their addresses. Owners and admins see them.",
	}, a.listInvitations)
	declare(a, operation{
		id: "invite", method: http.MethodPost, path: list, scope: resource.OrganizationsWrite, tag: tagInvitations,
		summary: "Invite people to an organization",
		about:   "By mail, with a report for each address. Owners may invite to every role, admins to all but owner. Who accepts ends at the app that invited, if people can begin there.",
	}, a.invite)
	declare(a, operation{
		id: "resend-invitation", method: http.MethodPost, path: one + "/resend", scope: resource.OrganizationsWrite, tag: tagInvitations,
		summary: "Send an invitation again", about: "With another link, good for as long as the first one was, which leads nowhere from then on. Who sends it answers for it.",
	}, a.resendInvitation)
	declare(a, operation{
		id: "revoke-invitation", method: http.MethodDelete, path: one, scope: resource.OrganizationsWrite, tag: tagInvitations, status: http.StatusNoContent,
		summary: "Take an invitation back", about: "410 says that it was accepted, declined or taken back before.",
	}, a.revokeInvitation)
}

func (a *API) listInvitations(ctx context.Context, c *call, in *invitationsInput) (*pageOutput[Invitation], error) {
	o, err := a.settings(ctx, c, in.Organization)
	if err != nil {
		return nil, err
	}
	return searched(in.PageInput, func(before string, limit int) ([]*org.Invited, string, error) {
		return a.Invitations.List(ctx, c.actor(), o.ID, in.Query, before, limit)
	}, func(i *org.Invited) Invitation { return invitationOf(i.Invitation, i.Standing) })
}

// letter writes invitations, which go by mail alone here: answers are kept to be
// given again, and a link is not for that.
func (a *API) letter(ctx context.Context, language string) (org.ComposeInvitation, error) {
	letter := a.Letter(ctx, language)
	if letter == nil {
		return nil, fault.New(fault.Forbidden, "no mail is sent here: invite on the page of the organization, which shows a link to hand over, or set smtp.url")
	}
	return letter, nil
}

func (a *API) invite(ctx context.Context, c *call, in *inviteInput) (*invitedOutput, error) {
	o, err := a.settings(ctx, c, in.Organization)
	if err != nil {
		return nil, err
	}
	letter, err := a.letter(ctx, in.Body.Language)
	if err != nil {
		return nil, err
	}
	wish := org.Wish{OrgID: o.ID, Role: in.Body.Role, ClientID: c.ClientID}
	reports, err := a.Invitations.Invite(ctx, c.actor(), wish, in.Body.Addresses, letter)
	if err != nil {
		return nil, err
	}
	out := &invitedOutput{}
	for _, r := range reports {
		result := Invited{Address: r.Address, Verdict: r.Verdict}
		if r.Invitation != nil {
			result.Invitation = r.Invitation.ID
			if err := a.record(ctx, c, "invitation.send", o.ID, "invitation", r.Invitation.ID, "role", string(wish.Role)); err != nil {
				return nil, err
			}
		}
		out.Body.Results = append(out.Body.Results, result)
	}
	return out, nil
}

func (a *API) resendInvitation(ctx context.Context, c *call, in *resendInput) (*invitationOutput, error) {
	o, err := a.settings(ctx, c, in.Organization)
	if err != nil {
		return nil, err
	}
	letter, err := a.letter(ctx, in.Language)
	if err != nil {
		return nil, err
	}
	i, err := a.Invitations.Resend(ctx, c.actor(), o.ID, in.Invitation, letter)
	if err != nil {
		return nil, err
	}
	return &invitationOutput{invitationOf(i, org.Open)}, a.record(ctx, c, "invitation.resend", o.ID, "invitation", i.ID)
}

func (a *API) revokeInvitation(ctx context.Context, c *call, in *InInvitation) (*struct{}, error) {
	o, err := a.settings(ctx, c, in.Organization)
	if err != nil {
		return nil, err
	}
	if _, err := a.Invitations.Revoke(ctx, c.actor(), o.ID, in.Invitation); err != nil {
		return nil, err
	}
	return nil, a.record(ctx, c, "invitation.revoke", o.ID, "invitation", in.Invitation)
}
