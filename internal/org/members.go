package org

import (
	"context"
	"time"

	"signet/internal/fault"
)

// attempts bound how often a decision is taken anew because somebody else
// changed the organization meanwhile.
const attempts = 50

// decision looks at the organization as it is, with the role of who asks, and
// says what is to become of it. It may change o.
type decision func(ctx context.Context, o *Organization, as Role) (Change, error)

// change is settle for a decision that depends on the role of who asks.
func (s *Service) change(ctx context.Context, orgID string, by Actor, decide decision) (*Organization, error) {
	return s.settle(ctx, orgID, func(ctx context.Context, o *Organization) (Change, error) {
		as, err := s.roleOf(ctx, o.ID, by)
		if err != nil {
			return Change{}, err
		}
		c, err := decide(ctx, o, as)
		if err != nil {
			return Change{}, err
		}
		return c, s.write(ctx, o, &c, by)
	})
}

// settle carries out a decision on what it was taken on.
func (s *Service) settle(ctx context.Context, orgID string, decide func(context.Context, *Organization) (Change, error)) (*Organization, error) {
	for range attempts {
		o, err := s.store.Organization(ctx, orgID)
		if err != nil {
			return nil, err
		}
		c, err := decide(ctx, o)
		if err != nil {
			return nil, err
		}
		o.UpdatedAt = s.now()
		done, err := s.store.UpdateOrganization(ctx, o, c)
		if fault.Is(err, fault.Conflict) {
			return nil, slugTaken(o.Slug)
		}
		if err != nil || done {
			return o, err
		}
	}
	return nil, fault.New(fault.Unavailable, "too many change this organization at this moment; try again")
}

func (s *Service) roleOf(ctx context.Context, orgID string, by Actor) (Role, error) {
	if by.Operator {
		return Owner, nil
	}
	m, err := s.store.Member(ctx, orgID, by.AccountID)
	switch {
	case err != nil:
		return "", err
	case m == nil:
		return "", NotFound()
	}
	return m.Role, nil
}

func forbidden(what string) error { return fault.New(fault.Forbidden, "%s", what) }

func errLastOwner() error {
	return fault.New(fault.Conflict, "an organization keeps at least one owner: make somebody else an owner first")
}

// living refuses to change what was deleted.
func living(o *Organization) error {
	if o.Deleted() {
		return NotFound()
	}
	return nil
}

// owned refuses to touch an organization that is not the actor's own, or is
// deleted.
func (s *Service) owned(ctx context.Context, orgID string, by Actor) error {
	o, err := s.store.Organization(ctx, orgID)
	if err != nil {
		return err
	}
	as, err := s.roleOf(ctx, o.ID, by)
	if err != nil {
		return err
	}
	if err := living(o); err != nil {
		return err
	}
	if as != Owner {
		return forbidden("an owner decides about the sign-in of an organization")
	}
	return nil
}

// Rename gives the organization another name; owners and admins may.
func (s *Service) Rename(ctx context.Context, orgID, name string, by Actor) (*Organization, error) {
	name, err := CheckName(name)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, orgID, by, func(_ context.Context, o *Organization, as Role) (Change, error) {
		if err := living(o); err != nil {
			return Change{}, err
		}
		if as == Viewer {
			return Change{}, forbidden("owners and admins rename an organization")
		}
		o.Name = name
		return Change{}, nil
	})
}

// SetSlug gives the organization another slug, or none; operators may.
func (s *Service) SetSlug(ctx context.Context, orgID, slug string) (*Organization, error) {
	if slug != "" {
		if err := CheckSlug(slug); err != nil {
			return nil, err
		}
	}
	return s.change(ctx, orgID, Operator, func(_ context.Context, o *Organization, _ Role) (Change, error) {
		o.Slug = slug
		return Change{}, nil
	})
}

// EraseAt is when an organization is erased that is deleted now.
func (s *Service) EraseAt() time.Time { return s.now().Add(s.rules.Grace) }

// Delete makes the organization wait for its erasure; owners may.
func (s *Service) Delete(ctx context.Context, orgID string, by Actor) (*Organization, error) {
	return s.change(ctx, orgID, by, func(ctx context.Context, o *Organization, as Role) (Change, error) {
		if err := living(o); err != nil {
			return Change{}, err
		}
		if as != Owner {
			return Change{}, forbidden("an owner deletes an organization")
		}
		told, err := s.tellOwners(ctx, o.ID, Notice{News: Deleted})
		if err != nil {
			return Change{}, err
		}
		o.EraseAt = s.EraseAt()
		return Change{tell: told}, nil
	})
}

// Restore takes a deletion back, while there is something to take back.
func (s *Service) Restore(ctx context.Context, orgID string, by Actor) (*Organization, error) {
	return s.change(ctx, orgID, by, func(_ context.Context, o *Organization, as Role) (Change, error) {
		if as != Owner {
			return Change{}, NotFound() // to others it is gone
		}
		o.EraseAt = time.Time{}
		return Change{SignOut: true}, nil
	})
}

// SetRole gives a member another role, by somebody who manages both the old and
// the new one: nobody makes himself mightier.
func (s *Service) SetRole(ctx context.Context, orgID, accountID string, role Role, by Actor) error {
	if !role.Valid() {
		return fault.New(fault.Invalid, "a role is one of owner, admin, viewer").On("role")
	}
	_, err := s.change(ctx, orgID, by, func(ctx context.Context, o *Organization, as Role) (Change, error) {
		m, err := s.managed(ctx, o, accountID, as)
		switch {
		case err != nil:
			return Change{}, err
		case !as.Manages(role):
			return Change{}, forbidden("only an owner makes somebody an owner")
		}
		return s.given(ctx, o, *m, role, by)
	})
	return err
}

// given is the change that gives the member another role; the organization keeps an
// owner.
func (s *Service) given(ctx context.Context, o *Organization, m Member, role Role, by Actor) (Change, error) {
	was := m.Role
	if was == role {
		return Change{}, nil
	}
	if was == Owner {
		if err := s.keepsOwner(ctx, o); err != nil {
			return Change{}, err
		}
	}
	m.Role = role
	return Change{Set: []Member{m}, SignOut: was == Owner, tell: tellRole(m, by)}, nil
}

// managed returns the member if one of the role may change it.
func (s *Service) managed(ctx context.Context, o *Organization, accountID string, as Role) (*Member, error) {
	if err := living(o); err != nil {
		return nil, err
	}
	m, err := s.store.Member(ctx, o.ID, accountID)
	switch {
	case err != nil:
		return nil, err
	case m == nil:
		return nil, fault.New(fault.NotFound, "there is no such member")
	case !as.Manages(m.Role):
		return nil, forbidden("your role does not let you change this member")
	}
	return m, nil
}

// keepsOwner refuses to take one owner away where there is no other.
func (s *Service) keepsOwner(ctx context.Context, o *Organization) error {
	owners, err := s.store.CountOwners(ctx, o.ID)
	if err != nil {
		return err
	}
	if owners < 2 {
		return errLastOwner()
	}
	return nil
}

// Remove takes a member out of the organization.
func (s *Service) Remove(ctx context.Context, orgID, accountID string, by Actor) error {
	_, err := s.change(ctx, orgID, by, func(ctx context.Context, o *Organization, as Role) (Change, error) {
		m, err := s.managed(ctx, o, accountID, as)
		if err != nil {
			return Change{}, err
		}
		c, err := s.without(ctx, o, m)
		if accountID != by.AccountID {
			c.tell = []Notice{{News: Removed, To: accountID}}
		}
		return c, err
	})
	return err
}

// Leave takes the account itself out of the organization, whatever its role.
func (s *Service) Leave(ctx context.Context, orgID, accountID string) error {
	_, err := s.change(ctx, orgID, Actor{AccountID: accountID}, func(ctx context.Context, o *Organization, as Role) (Change, error) {
		if err := living(o); err != nil {
			return Change{}, err
		}
		return s.without(ctx, o, &Member{AccountID: accountID, Role: as})
	})
	return err
}

func (s *Service) without(ctx context.Context, o *Organization, m *Member) (Change, error) {
	if m.Role == Owner {
		if err := s.keepsOwner(ctx, o); err != nil {
			return Change{}, err
		}
	}
	return Change{Remove: []string{m.AccountID}, SignOut: m.Role == Owner}, nil
}

// Transfer hands the organization over: the member becomes its owner, and who
// was one becomes an admin, both or neither.
func (s *Service) Transfer(ctx context.Context, orgID, from, to string) error {
	_, err := s.change(ctx, orgID, Actor{AccountID: from}, func(ctx context.Context, o *Organization, as Role) (Change, error) {
		if as != Owner {
			return Change{}, forbidden("an owner hands an organization over")
		}
		if from == to {
			return Change{}, fault.New(fault.Invalid, "choose another member to hand it over to").On("member")
		}
		next, err := s.managed(ctx, o, to, as)
		if err != nil {
			return Change{}, err
		}
		active, err := s.store.ActiveRole(ctx, o.ID, to)
		if err == nil && active == "" { // who cannot sign in is no owner to count on
			err = s.keepsOwner(ctx, o)
		}
		if err != nil {
			return Change{}, err
		}
		next.Role = Owner
		mine, err := s.store.Member(ctx, o.ID, from)
		if err != nil || mine == nil {
			return Change{}, err
		}
		mine.Role = Admin
		// Both are told: who hands over what is not theirs to keep may not be
		// who sits at the browser.
		told := []Notice{{News: RoleGiven, To: to, Role: Owner}, {News: RoleGiven, To: from, Role: Admin}}
		return Change{Set: []Member{*next, *mine}, SignOut: true, tell: told}, nil
	})
	return err
}

// Put makes the account a member with the role, whatever it was; operators may.
func (s *Service) Put(ctx context.Context, orgID, accountID string, role Role) error {
	if !role.Valid() {
		return fault.New(fault.Invalid, "a role is one of owner, admin, viewer").On("role")
	}
	_, err := s.change(ctx, orgID, Operator, func(ctx context.Context, o *Organization, _ Role) (Change, error) {
		m, err := s.store.Member(ctx, o.ID, accountID)
		if err != nil {
			return Change{}, err
		}
		if m == nil {
			m = &Member{OrgID: o.ID, AccountID: accountID, JoinedAt: s.now()}
		}
		return s.given(ctx, o, *m, role, Operator)
	})
	return err
}
