package org

import (
	"context"

	"github.com/google/uuid"

	"signet/internal/account"
)

// Realm is where people with an address in a domain sign in: by a connection of
// the organization that has proven the domain.
type Realm struct {
	Domain       string
	OrgID        string
	OrgName      string
	ConnectionID string
	Connection   string // its name, for people
	// Enforced: they sign in there and nowhere else, owners of the organization
	// excepted.
	Enforced bool
}

// RealmStore finds realms.
type RealmStore interface {
	// Realm returns the realm of the domain, or nil, by one statement: there is one
	// when an organization that is not deleted has proven the domain and people may
	// sign in by a connection of it. Of several connections it is the one that the
	// domain names, or else one that is enforced, or else the oldest.
	Realm(ctx context.Context, domain string) (*Realm, error)
	// RealmOfOrganization is Realm for an organization by its id or slug, whatever
	// the domain: its Domain is "".
	RealmOfOrganization(ctx context.Context, idOrSlug string) (*Realm, error)
}

// Realms say where people sign in.
type Realms struct {
	store   RealmStore
	members Store
}

// NewRealms returns the service of the stores.
func NewRealms(store RealmStore, members Store) *Realms { return &Realms{store, members} }

// Of returns the realm of the address, as it was typed, or nil: its people sign in
// here. It takes one statement whatever the address is, so that nobody learns from
// it who has an account.
func (s *Realms) Of(ctx context.Context, typed string) (*Realm, error) {
	_, key, err := account.NormalizeEmail(typed)
	if err != nil {
		key = "" // is nobody's, and takes as long as anybody's
	}
	return s.store.Realm(ctx, DomainOf(key))
}

// OfOrganization returns where the people of the organization sign in, or nil.
func (s *Realms) OfOrganization(ctx context.Context, idOrSlug string) (*Realm, error) {
	return s.store.RealmOfOrganization(ctx, idOrSlug)
}

// Bars reports whether the account must not be signed in to here, by a password,
// nor given one: its address is in a realm that is enforced, and it owns not the
// organization. Owners keep a way in for the day that the provider is down. An
// account of "" is nobody's, and takes as long.
func (s *Realms) Bars(ctx context.Context, r *Realm, accountID string) (bool, error) {
	if r == nil || !r.Enforced {
		return false, nil
	}
	if accountID == "" {
		accountID = uuid.Nil.String()
	}
	m, err := s.members.Member(ctx, r.OrgID, accountID)
	return err == nil && (m == nil || m.Role != Owner), err
}
