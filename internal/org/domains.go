package org

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"signet/internal/fault"
	"signet/internal/handle"
)

const (
	mostDomains = 100             // of one organization
	checkPause  = 2 * time.Second // between two looks at one record
	// What one round of re-checks does, and how much of it at the same time.
	checksARound = 50
	checksAtOnce = 8
)

// DomainRules are the settings of domains.
type DomainRules struct {
	Recheck time.Duration // how often the record of a proven domain is looked for
	Grace   time.Duration // how long it may be gone before the domain is proven no more
}

// Domains is what can be done with the domains of organizations. Owners may.
type Domains struct {
	orgs     *Service
	store    DomainStore
	resolver Resolver
	rules    DomainRules
	now      func() time.Time
}

// NewDomains returns the service on the store.
func NewDomains(orgs *Service, store DomainStore, resolver Resolver, rules DomainRules, now func() time.Time) *Domains {
	return &Domains{orgs: orgs, store: store, resolver: resolver, rules: rules, now: now}
}

// DomainNotFound is the answer about a domain that the organization has not.
func DomainNotFound() error {
	return fault.New(fault.NotFound, "the organization has no such domain").On("domain")
}

// mayDecide refuses all but owners, and who was delegated to.
func (s *Domains) mayDecide(ctx context.Context, orgID string, by Actor) error {
	if by.Delegate == orgID && orgID != "" {
		by = Operator
	}
	return s.orgs.owned(ctx, orgID, by)
}

// Add returns the organization's domain of that name, which waits for its proof
// unless it was there already.
func (s *Domains) Add(ctx context.Context, orgID, typed string, by Actor) (*Domain, error) {
	if err := s.mayDecide(ctx, orgID, by); err != nil {
		return nil, err
	}
	name, err := CheckDomain(typed)
	if err != nil {
		return nil, err
	}
	d := &Domain{OrgID: orgID, Name: name, Token: handle.New(), CreatedAt: s.now()}
	if _, err := s.store.AddDomain(ctx, d, mostDomains); err != nil {
		return nil, err
	}
	return s.store.Domain(ctx, orgID, name)
}

// Vouch makes the domain the organization's without a record; operators may,
// for what they know themselves and for networks whose names are not public.
func (s *Domains) Vouch(ctx context.Context, orgID, name string) (*Domain, error) {
	err := s.store.ProveDomain(ctx, orgID, name, true, s.now())
	if fault.Is(err, fault.Conflict) {
		return nil, fault.Wrap(fault.Conflict, DomainTaken, "another organization has proven %s", name).On("domain")
	}
	if err != nil {
		return nil, err
	}
	return s.store.Domain(ctx, orgID, name)
}

// Get returns one domain of the organization.
func (s *Domains) Get(ctx context.Context, orgID, name string) (*Domain, error) {
	return s.store.Domain(ctx, orgID, name)
}

// List returns a page of the domains of the organization.
func (s *Domains) List(ctx context.Context, orgID, after string, limit int) ([]*Domain, error) {
	return s.store.Domains(ctx, orgID, after, limit)
}

// AnyProven reports whether the organization has proven a domain.
func (s *Domains) AnyProven(ctx context.Context, orgID string) (bool, error) {
	all, err := s.store.Domains(ctx, orgID, "", mostDomains)
	return slices.ContainsFunc(all, (*Domain).Proven), err
}

// Proven returns the domain of whoever has proven it, or nil: the one that
// decides about addresses in it.
func (s *Domains) Proven(ctx context.Context, name string) (*Domain, error) {
	return s.store.ProvenDomain(ctx, name)
}

// ProvenBy returns the id of the organization that has proven the domain, or "".
func (s *Domains) ProvenBy(ctx context.Context, name string) (string, error) {
	d, err := s.store.ProvenDomain(ctx, name)
	if err != nil || d == nil {
		return "", err
	}
	return d.OrgID, nil
}

// Lead makes the connection the one by which the domain's people sign in, of
// several that the organization has; "": none in particular.
func (s *Domains) Lead(ctx context.Context, orgID, name, connectionID string, by Actor) error {
	if err := s.mayDecide(ctx, orgID, by); err != nil {
		return err
	}
	done, err := s.store.LeadDomain(ctx, orgID, name, connectionID)
	if err == nil && !done {
		err = DomainNotFound()
	}
	return err
}

// Remove gives the domain up, proven or not.
func (s *Domains) Remove(ctx context.Context, orgID, name string, by Actor) error {
	if err := s.mayDecide(ctx, orgID, by); err != nil {
		return err
	}
	there, err := s.store.RemoveDomain(ctx, orgID, name)
	if err == nil && !there {
		err = DomainNotFound()
	}
	return err
}

// Check looks for the record of the domain, now, and says what it found; a fault
// of kind Limited when somebody just did. A domain that was proven stays so: that
// its record is gone is for Recheck to judge.
func (s *Domains) Check(ctx context.Context, orgID, name string, by Actor) (*Finding, error) {
	if err := s.mayDecide(ctx, orgID, by); err != nil {
		return nil, err
	}
	d, err := s.store.Domain(ctx, orgID, name)
	if err != nil {
		return nil, err
	}
	now := s.now()
	mine, err := s.store.BeginDomainCheck(ctx, orgID, name, now.Add(-checkPause), now)
	switch {
	case err != nil:
		return nil, err
	case !mine:
		return nil, fault.New(fault.Limited, "the record was looked for a moment ago; try again in a few seconds")
	}
	return s.check(ctx, d)
}

// Recheck looks for the records of proven domains again, some at a time. Lost is
// called for each that is proven no more. Nodes do it at the same time, and each
// domain is looked at by one of them.
func (s *Domains) Recheck(ctx context.Context, lost func(context.Context, *Domain) error) error {
	now := s.now()
	before := now.Add(-s.rules.Recheck)
	due, err := s.store.DomainsToCheck(ctx, before, checksARound)
	if err != nil {
		return err
	}
	var g errgroup.Group
	g.SetLimit(checksAtOnce)
	for _, d := range due {
		g.Go(func() error {
			mine, err := s.store.BeginDomainCheck(ctx, d.OrgID, d.Name, before, now)
			if err != nil || !mine {
				return err
			}
			found, err := s.check(ctx, d)
			if err != nil || found.Proven || found.Problem == RecordUnanswered {
				return err // who is not answered knows nothing
			}
			gone, err := s.store.MissDomain(ctx, d.OrgID, d.Name, now, now.Add(-s.rules.Grace))
			if err != nil || !gone {
				return err
			}
			return lost(ctx, d)
		})
	}
	return g.Wait()
}
