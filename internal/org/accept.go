package org

import (
	"context"

	"signet/internal/account"
	"signet/internal/fault"
)

// Invited is an invitation as the person sees it who is invited.
type Invited struct {
	*Invitation
	Organization *Organization // nil: there is none, or none any more
	Standing     Standing
}

// ByLink returns the invitation of the link, or a fault of kind NotFound. Who has
// a link that was not handed over reads the mail of the address.
func (s *Invitations) ByLink(ctx context.Context, link string) (*Invited, error) {
	key := linkKey(link)
	if key == "" {
		return nil, noInvitation()
	}
	i, err := s.store.InvitationByLink(ctx, key)
	if err != nil {
		return nil, err
	}
	return s.seen(ctx, i)
}

// ByID returns the invitation to who is not known to be invited: the caller
// makes sure of that.
func (s *Invitations) ByID(ctx context.Context, id string) (*Invited, error) {
	i, err := s.store.Invitation(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.seen(ctx, i)
}

// For returns the invitations that wait for the account, whose address must be
// proven, at most limit.
func (s *Invitations) For(ctx context.Context, a *account.Account, limit int) ([]*Invited, error) {
	if !a.EmailVerified {
		return nil, nil
	}
	waiting, err := s.store.InvitationsFor(ctx, a.EmailKey, s.now(), limit)
	if err != nil {
		return nil, err
	}
	var out []*Invited
	for _, i := range waiting {
		seen, err := s.seen(ctx, i)
		if err != nil {
			return nil, err
		}
		if seen.Standing == Open && seen.Organization != nil {
			out = append(out, seen)
		}
	}
	return out, nil
}

func (s *Invitations) seen(ctx context.Context, i *Invitation) (*Invited, error) {
	var o *Organization
	if i.OrgID != "" {
		var err error
		if o, err = s.orgs.Get(ctx, i.OrgID); err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
	}
	return s.seenIn(ctx, o, i, map[string]Role{})
}

// seenIn is seen in the organization; nil: there is none. roles are those of
// inviters that are known, and become more.
func (s *Invitations) seenIn(ctx context.Context, o *Organization, i *Invitation, roles map[string]Role) (*Invited, error) {
	seen := &Invited{Invitation: i, Standing: i.At(s.now())}
	if o != nil && !o.Deleted() {
		seen.Organization = o
	}
	if seen.Standing != Open || i.OrgID == "" {
		return seen, nil
	}
	good, err := s.stands(ctx, i, seen.Organization, roles)
	if err != nil {
		return nil, err
	}
	if !good {
		seen.Standing = Void
	}
	return seen, nil
}

// stands reports whether who invited may still invite to this role: the
// invitations of an admin who was sent away, or whose account was disabled, go
// with them, until somebody else sends them again.
func (s *Invitations) stands(ctx context.Context, i *Invitation, o *Organization, roles map[string]Role) (bool, error) {
	switch {
	case o == nil:
		return false, nil
	case i.InviterID == "":
		return true, nil
	}
	role, known := roles[i.InviterID]
	if !known {
		var err error
		if role, err = s.orgs.store.ActiveRole(ctx, o.ID, i.InviterID); err != nil {
			return false, err
		}
		roles[i.InviterID] = role
	}
	return role.Manages(i.Role), nil
}

// Mine reports whether the account is that of the invited address.
func (i *Invitation) Mine(a *account.Account) bool { return a.EmailKey == i.EmailKey }

// Accept uses the invitation up and makes the account a member; one that is a
// member already stays what it is. Of any number of callers, on any number of
// nodes, one accepts; the others get a fault of kind Expired, as for any that is
// not open. A fault of kind Forbidden: it is somebody else's.
func (s *Invitations) Accept(ctx context.Context, i *Invitation, a *account.Account) (*Organization, error) {
	if !i.Mine(a) {
		return nil, forbidden("this invitation is for another address")
	}
	if i.OrgID == "" {
		ended, err := s.store.EndInvitation(ctx, i.ID, Accepted, a.ID, s.now())
		if err == nil && !ended {
			err = errEnded()
		}
		return nil, err
	}
	return s.orgs.settle(ctx, i.OrgID, func(ctx context.Context, o *Organization) (Change, error) {
		now, err := s.store.Invitation(ctx, i.ID) // the role may be another one meanwhile
		if err != nil {
			return Change{}, err
		}
		seen, err := s.seen(ctx, now)
		switch {
		case err != nil:
			return Change{}, err
		case seen.Standing != Open:
			return Change{}, errEnded()
		}
		c := Change{Accept: &Acceptance{InvitationID: i.ID, AccountID: a.ID}}
		m, err := s.orgs.Member(ctx, o.ID, a.ID)
		if err != nil || m != nil {
			return c, err
		}
		c.Set = []Member{{OrgID: o.ID, AccountID: a.ID, Role: now.Role, JoinedAt: s.now()}}
		if now.InviterID != "" {
			c.tell = []Notice{{News: Joined, To: now.InviterID, Role: now.Role}}
		}
		return c, s.orgs.write(ctx, o, &c, Actor{AccountID: a.ID})
	})
}

// Decline ends the invitation by who was invited, and reports whether it was
// still open.
func (s *Invitations) Decline(ctx context.Context, i *Invitation) (bool, error) {
	return s.store.EndInvitation(ctx, i.ID, Declined, "", s.now())
}
