package org

import (
	"context"

	"signet/internal/outbox"
)

// News is what somebody did to a person's place in an organization.
type News string

// The news that people are told.
const (
	RoleGiven News = "role"    // the person has another role, or joined with it
	Removed   News = "removed" // the person belongs to it no more
	Joined    News = "joined"  // By, whom the person invited
	Deleted   News = "deleted" // the organization; its owners are told, who can have it back
	// SignInRequired: its people sign in by Connection and nowhere else from now on;
	// its owners are told, who keep a way in.
	SignInRequired News = "sign_in_required"
)

// Notice is one piece of news for one person.
type Notice struct {
	News News
	Org  Organization // as it is now
	To   string       // account id
	Role Role         // of RoleGiven and Joined
	By   Actor
	// Connection is the name of that of SignInRequired.
	Connection string
}

// Letters write to people what was done to their place in an organization.
type Letters interface {
	// OrganizationLetter returns the letter, or nil where the person cannot be
	// written to. It is queued with the commit of what it tells.
	OrganizationLetter(ctx context.Context, n Notice) (*outbox.Mail, error)
}

// UseLetters has the service tell people what it does to their place. Without
// it, nobody is told. It is called before the service is used.
func (s *Service) UseLetters(l Letters) { s.letters = l }

// mostTold bounds how many owners are told of one thing.
const mostTold = 50

// write puts what the decision tells into letters.
func (s *Service) write(ctx context.Context, o *Organization, c *Change, by Actor) error {
	if s.letters == nil {
		return nil
	}
	for _, n := range c.tell {
		n.Org, n.By = *o, by
		m, err := s.letters.OrganizationLetter(ctx, n)
		if err != nil {
			return err
		}
		if m != nil {
			c.Mails = append(c.Mails, m)
		}
	}
	return nil
}

// tellRole is the news of a role for whoever did not take it themselves.
func tellRole(m Member, by Actor) []Notice {
	if m.AccountID == by.AccountID {
		return nil
	}
	return []Notice{{News: RoleGiven, To: m.AccountID, Role: m.Role}}
}

// tellOwners is the news for all owners, whoever it was.
func (s *Service) tellOwners(ctx context.Context, orgID string, n Notice) ([]Notice, error) {
	owners, err := s.store.Owners(ctx, orgID, mostTold)
	if err != nil {
		return nil, err
	}
	var told []Notice
	for _, id := range owners {
		n.To = id
		told = append(told, n)
	}
	return told, nil
}

// tellRequired returns the letters that tell the organization's owners that the
// connection is required from now on.
func (s *Service) tellRequired(ctx context.Context, orgID string, c *Connection, by Actor) ([]*outbox.Mail, error) {
	if s.letters == nil {
		return nil, nil
	}
	o, err := s.store.Organization(ctx, orgID)
	if err != nil {
		return nil, err
	}
	told, err := s.tellOwners(ctx, orgID, Notice{News: SignInRequired, Connection: c.Name})
	if err != nil {
		return nil, err
	}
	letters := Change{tell: told}
	err = s.write(ctx, o, &letters, by)
	return letters.Mails, err
}
