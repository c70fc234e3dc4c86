package org

import (
	"context"

	"github.com/google/uuid"
)

// Any is how an app asks for an organization that the person chooses. No slug
// looks like it.
const Any = "*"

// Askable reports whether an organization can be asked for so: by its id, by its
// slug, or by Any. Whether there is one is not looked at.
func Askable(asked string) bool {
	return asked == Any || len(asked) == len(uuid.Nil.String()) && uuid.Validate(asked) == nil || CheckSlug(asked) == nil
}

// Asked returns the organization that is asked for, as the account sees it: the
// one of that id or slug; for Any, the only one that the account belongs to. It
// returns nil where the account belongs to none, or must choose.
func (s *Service) Asked(ctx context.Context, asked, accountID string) (*Membership, error) {
	if asked != Any {
		return s.store.Membership(ctx, asked, accountID)
	}
	of, err := s.store.MembershipsOf(ctx, accountID, false, "", 2)
	if err != nil || len(of) != 1 {
		return nil, err
	}
	return of[0], nil
}
