package account

import (
	"context"

	"signet/internal/fault"
)

// ProfileEdit is what people change of themselves on their account page.
type ProfileEdit struct {
	Person
	Locale string // BCP 47
}

// Edit makes the account's profile be as the person says. What is not on the
// page stays; a full name that an operator declared gives way to new parts of
// it. A fault of kind Conflict: somebody else changed the account meanwhile.
func (s *Service) Edit(ctx context.Context, a *Account, e ProfileEdit) (bool, error) {
	next := *a
	p := &next.Profile
	if p.GivenName != e.GivenName || p.FamilyName != e.FamilyName {
		p.Name = ""
	}
	p.GivenName, p.FamilyName, p.Birthdate, p.Locale = e.GivenName, e.FamilyName, e.Birthdate, e.Locale
	if next.Profile.Equal(a.Profile) {
		return false, nil
	}
	next.UpdatedAt = s.now()
	defer s.recent.forget(a.ID)
	return true, s.store.UpdateAccount(ctx, &next, a.UpdatedAt)
}

// Prove reports by a fault of kind Unauthenticated that the password is not the
// account's; it costs and counts what a sign-in does. It stands before whatever
// somebody must not do who found a browser left open.
func (s *Service) Prove(ctx context.Context, a *Account, c Credentials) error {
	browser, err := s.knownBrowser(ctx, a, c.Browser)
	if err != nil {
		return err
	}
	right, err := s.guard.Guess(ctx, a.EmailKey, browser, c.IP)
	if err != nil {
		return err
	}
	ok, _, err := s.hasher.Verify(ctx, a.PasswordHash, c.Password)
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.Unauthenticated, "This is not the current password.").On("current")
	}
	return right(ctx)
}
