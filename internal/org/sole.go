package org

import "context"

// Sole is an organization that nobody but one person owns.
type Sole struct {
	ID     string
	Name   string
	Others bool // somebody else belongs to it
}

// mostSole bounds how many organizations one page lists that a person must see
// to before they can go.
const mostSole = 100

// SoleOwned returns the organizations that nobody but the account owns. It cannot
// be closed while others belong to one of them; the rest is deleted with it.
func (s *Service) SoleOwned(ctx context.Context, accountID string) ([]*Sole, error) {
	return s.store.SoleOwned(ctx, accountID, mostSole)
}
