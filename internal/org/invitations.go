package org

import (
	"context"
	"time"

	"github.com/google/uuid"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/handle"
	"signet/internal/outbox"
)

// Invitations is what can be done with invitations, and by whom. Whoever may
// change a member of a role may invite somebody to it.
type Invitations struct {
	store InvitationStore
	orgs  *Service
	guard InvitationGuard
	life  time.Duration
	now   func() time.Time
}

// NewInvitations returns the service on the store. An invitation is good for
// life after its last letter.
func NewInvitations(store InvitationStore, orgs *Service, guard InvitationGuard, life time.Duration, now func() time.Time) *Invitations {
	return &Invitations{store: store, orgs: orgs, guard: guard, life: life, now: now}
}

// Wish is whom somebody invites to what.
type Wish struct {
	OrgID    string // "": into the house, which operators may
	Role     Role
	ClientID string // the app that it is sent from, or ""
}

// Invite writes to each of the addresses that can be invited, or, without
// letters, makes their links, and reports on each. The error says that nobody can be: why by is refused, or that a store
// does not answer.
func (s *Invitations) Invite(ctx context.Context, by Actor, wish Wish, addresses []string, compose ComposeInvitation) ([]Report, error) {
	if err := s.mayInvite(ctx, by, wish.OrgID, wish.Role); err != nil {
		return nil, err
	}
	reports := make([]Report, 0, len(addresses))
	for _, a := range addresses {
		i, verdict, err := s.invite(ctx, by, wish, a, compose)
		if err != nil {
			return reports, err
		}
		reports = append(reports, Report{a, verdict, i})
	}
	return reports, nil
}

func (s *Invitations) invite(ctx context.Context, by Actor, wish Wish, typed string, compose ComposeInvitation) (*Invitation, Verdict, error) {
	address, key, err := account.NormalizeEmail(typed)
	if err != nil {
		return nil, NoAddress, nil
	}
	member, err := s.store.MemberByEmail(ctx, wish.OrgID, key)
	if err != nil {
		return nil, "", err
	}
	if member {
		return nil, AlreadyMember, nil
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, "", fault.Wrap(fault.Internal, err, "No id could be made.")
	}
	i := &Invitation{
		ID: id.String(), OrgID: wish.OrgID, Email: address, EmailKey: key, Role: wish.Role, ClientID: wish.ClientID, CreatedAt: s.now(),
	}
	err = s.send(ctx, by, i, compose, func(letter *outbox.Mail) error { return s.store.AddInvitation(ctx, i, letter) })
	switch {
	case fault.Is(err, fault.Conflict):
		return nil, AlreadyInvited, nil
	case fault.Is(err, fault.Limited):
		return nil, TooMany, nil
	case err != nil:
		return nil, "", err
	}
	if compose == nil {
		return i, Handed, nil
	}
	return i, Sent, nil
}

// send gives the invitation a link, for which by answers from now on, and stores
// it with its letter, if it gets one.
func (s *Invitations) send(ctx context.Context, by Actor, i *Invitation, compose ComposeInvitation, store func(*outbox.Mail) error) error {
	if !by.Operator {
		if err := s.guard.Invite(ctx, by.AccountID, i.OrgID, i.EmailKey); err != nil {
			return err
		}
	}
	i.InviterID, i.SentAt = by.AccountID, s.now()
	i.ExpiresAt = i.SentAt.Add(s.life)
	if compose == nil {
		i.Link = byHand + handle.New()
		i.LinkKey = linkKey(i.Link)
		return store(nil)
	}
	link := handle.New()
	i.LinkKey = linkKey(link)
	m, err := compose(i, link)
	if err != nil {
		return err
	}
	return store(m)
}

// mayInvite says why by may not invite somebody to the role.
func (s *Invitations) mayInvite(ctx context.Context, by Actor, orgID string, role Role) error {
	if orgID == "" {
		if !by.Operator {
			return forbidden("operators invite into the house")
		}
		return nil
	}
	if !role.Valid() {
		return fault.New(fault.Invalid, "a role is one of owner, admin, viewer").On("role")
	}
	as, err := s.roleIn(ctx, orgID, by)
	switch {
	case err != nil:
		return err
	case as == Viewer:
		return forbidden("owners and admins invite people")
	case !as.Manages(role):
		return forbidden("only an owner invites somebody to be an owner")
	}
	return nil
}

// roleIn is what by may do in the organization, if that lives.
func (s *Invitations) roleIn(ctx context.Context, orgID string, by Actor) (Role, error) {
	o, err := s.orgs.Get(ctx, orgID)
	if err != nil {
		return "", err
	}
	as, err := s.orgs.roleOf(ctx, o.ID, by)
	if err != nil {
		return "", err
	}
	return as, living(o)
}

// List returns up to limit invitations of the organization that are older than
// the one with the id before, the newest first, and the before of the next page,
// or "": all, or those whose address has each word of what was typed. Those who
// may invite see them; without an organization, operators do.
func (s *Invitations) List(ctx context.Context, by Actor, orgID, typed, before string, limit int) ([]*Invited, string, error) {
	if err := s.mayInvite(ctx, by, orgID, Viewer); err != nil {
		return nil, "", err
	}
	q := queryOf(typed)
	list, next, err := search(q, before, limit, func(before string, limit int) ([]*Invitation, error) {
		return s.store.Invitations(ctx, orgID, before, limit)
	}, func(i *Invitation) string { return i.ID }, func(i *Invitation) bool { return q.fits(i.Email) })
	if err != nil || len(list) == 0 {
		return nil, next, err
	}
	var o *Organization
	if orgID != "" {
		if o, err = s.orgs.Get(ctx, orgID); err != nil {
			return nil, "", err
		}
	}
	out, roles := make([]*Invited, 0, len(list)), map[string]Role{}
	for _, i := range list {
		seen, err := s.seenIn(ctx, o, i, roles)
		if err != nil {
			return nil, "", err
		}
		out = append(out, seen)
	}
	return out, next, nil
}

// Get returns an invitation of the organization.
func (s *Invitations) Get(ctx context.Context, by Actor, orgID, id string) (*Invitation, error) {
	if err := s.mayInvite(ctx, by, orgID, Viewer); err != nil {
		return nil, err
	}
	i, err := s.store.Invitation(ctx, id)
	if err == nil && i.OrgID != orgID {
		err = noInvitation()
	}
	if err != nil {
		return nil, err
	}
	return i, nil
}

// managed is Get for a change of the invitation.
func (s *Invitations) managed(ctx context.Context, by Actor, orgID, id string) (*Invitation, error) {
	i, err := s.Get(ctx, by, orgID, id)
	if err != nil {
		return nil, err
	}
	if err := s.mayInvite(ctx, by, orgID, i.Role); err != nil {
		return nil, err
	}
	return i, nil
}

// Resend sends another letter, for which by answers: with another link, good for
// as long as the first one was. Without letters the invitation has it. The old link leads nowhere from then on.
func (s *Invitations) Resend(ctx context.Context, by Actor, orgID, id string, compose ComposeInvitation) (*Invitation, error) {
	i, err := s.managed(ctx, by, orgID, id)
	if err != nil {
		return nil, err
	}
	err = s.send(ctx, by, i, compose, func(letter *outbox.Mail) error {
		renewed, err := s.store.RenewInvitation(ctx, i, letter)
		if err == nil && !renewed {
			err = errEnded()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return i, nil
}

// Revoke takes the invitation back.
func (s *Invitations) Revoke(ctx context.Context, by Actor, orgID, id string) (*Invitation, error) {
	i, err := s.managed(ctx, by, orgID, id)
	if err != nil {
		return nil, err
	}
	ended, err := s.store.EndInvitation(ctx, i.ID, Revoked, "", s.now())
	if err == nil && !ended {
		err = errEnded()
	}
	if err != nil {
		return nil, err
	}
	return i, nil
}

func noInvitation() error { return fault.New(fault.NotFound, "there is no such invitation") }

func errEnded() error {
	return fault.New(fault.Expired, "this invitation was accepted, declined or taken back, or its time is over")
}
