package org

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"signet/internal/fault"
)

// Bounds of names, in characters.
const (
	longestName  = 80
	shortestSlug = 2
	longestSlug  = 40
)

// Rules are the settings of organizations.
type Rules struct {
	MostOwned int           // organizations that one person may own; 0: any number
	Grace     time.Duration // from deletion to erasure
}

// Service is what can be done with organizations, and by whom. Each method that
// changes one decides by what it reads and is heard only if that still holds, so
// that of two who change the same at the same moment each sees the other.
type Service struct {
	store   Store
	rules   Rules
	letters Letters // nil: people are told nothing
	now     func() time.Time
}

// NewService returns the service of the store.
func NewService(store Store, rules Rules, now func() time.Time) *Service {
	return &Service{store: store, rules: rules, now: now}
}

// Actor is who asks for a change: a member, or the operator.
type Actor struct {
	AccountID string
	Operator  bool // who may do what an owner may, in every organization
	// Delegate is the organization whose sign-in somebody without an account may
	// set up, by an owner's link; of the rest they may do nothing.
	Delegate string
}

// Operator is the actor of the command line and of what is declared.
var Operator = Actor{Operator: true}

// Create makes an organization whose owner is the account. Operators may make as
// many as they like.
func (s *Service) Create(ctx context.Context, name, slug, ownerID string, by Actor) (*Organization, error) {
	name, err := CheckName(name)
	if err != nil {
		return nil, err
	}
	if slug != "" {
		if err := CheckSlug(slug); err != nil {
			return nil, err
		}
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "No id could be made.")
	}
	now := s.now()
	o := &Organization{ID: id.String(), Name: name, Slug: slug, CreatedAt: now, UpdatedAt: now, Version: 1}
	owner := Member{OrgID: o.ID, AccountID: ownerID, Role: Owner, JoinedAt: now}
	most := s.rules.MostOwned
	if by.Operator {
		most = 0
	}
	if err := s.store.CreateOrganization(ctx, o, owner, most); err != nil {
		if fault.Is(err, fault.Conflict) {
			return nil, slugTaken(slug)
		}
		return nil, err
	}
	return o, nil
}

func slugTaken(slug string) error {
	return fault.New(fault.Conflict, "another organization has the slug %s", slug).On("slug")
}

// CheckName returns the name as it is kept, or says what is wrong with it.
func CheckName(name string) (string, error) {
	name = norm.NFC.String(strings.Join(strings.Fields(name), " "))
	switch {
	case name == "":
		return "", fault.New(fault.Invalid, "an organization needs a name").On("name")
	case utf8.RuneCountInString(name) > longestName:
		return "", fault.New(fault.Invalid, "a name has at most %d characters", longestName).On("name")
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unprintable):
		return "", fault.New(fault.Invalid, "a name has printable characters only").On("name")
	}
	return name, nil
}

// unprintable characters could make one name look like another, or turn the
// words around it about (UTS #39).
func unprintable(r rune) bool { return !unicode.IsGraphic(r) || unicode.Is(unicode.Cf, r) }

// CheckSlug says what is wrong with a slug. One that looks like an id is refused:
// a name must not lead to another organization than it did.
func CheckSlug(slug string) error {
	bad := func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-') }
	switch {
	case len(slug) < shortestSlug || len(slug) > longestSlug || strings.ContainsFunc(slug, bad) ||
		strings.HasPrefix(slug, "-") || strings.HasSuffix(slug, "-"):
		return fault.New(fault.Invalid, "a slug has %d to %d small letters, digits and hyphens, none of these at its ends", shortestSlug, longestSlug).On("slug")
	case uuid.Validate(slug) == nil:
		return fault.New(fault.Invalid, "a slug must not look like an id").On("slug")
	}
	return nil
}

// Get returns the organization by id or slug, deleted ones too.
func (s *Service) Get(ctx context.Context, idOrSlug string) (*Organization, error) {
	return s.store.Organization(ctx, idOrSlug)
}

// List returns a page of all organizations.
func (s *Service) List(ctx context.Context, after string, limit int) ([]*Organization, error) {
	return s.store.Organizations(ctx, after, limit)
}

// Of returns the organizations of the account, as many as a page has.
func (s *Service) Of(ctx context.Context, accountID, after string, limit int) ([]*Membership, error) {
	return s.store.MembershipsOf(ctx, accountID, false, after, limit)
}

// DeletedOf returns the organizations that the account owns and can have back, as
// many as a page has.
func (s *Service) DeletedOf(ctx context.Context, accountID, after string, limit int) ([]*Membership, error) {
	return s.store.MembershipsOf(ctx, accountID, true, after, limit)
}

// Seen returns the organization as the account sees it. To anybody but a member
// there is none.
func (s *Service) Seen(ctx context.Context, idOrSlug, accountID string) (*Membership, error) {
	o, err := s.store.Organization(ctx, idOrSlug)
	if err != nil {
		return nil, err
	}
	m, err := s.store.Member(ctx, o.ID, accountID)
	if err != nil {
		return nil, err
	}
	if m == nil || o.Deleted() && m.Role != Owner {
		return nil, NotFound()
	}
	return &Membership{Organization: *o, Role: m.Role}, nil
}

// Member returns the account's place in the organization, or nil.
func (s *Service) Member(ctx context.Context, orgID, accountID string) (*Member, error) {
	return s.store.Member(ctx, orgID, accountID)
}

// Owners returns the account ids of up to limit owners.
func (s *Service) Owners(ctx context.Context, orgID string, limit int) ([]string, error) {
	return s.store.Owners(ctx, orgID, limit)
}

// Members returns a page of the members.
func (s *Service) Members(ctx context.Context, orgID, after string, limit int) ([]*Person, error) {
	return s.store.Members(ctx, orgID, after, limit)
}

// Erase removes what was deleted long enough ago.
func (s *Service) Erase(ctx context.Context) error {
	_, err := s.store.EraseOrganizations(ctx, s.now(), 1000)
	return err
}

// NotFound is the answer about an organization that is not there, or not there
// for who asks.
func NotFound() error { return fault.New(fault.NotFound, "there is no such organization") }
