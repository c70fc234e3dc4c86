// Package org is about organizations: who belongs to one, and what each member
// may do there. At any time an organization has an owner.
//
// It knows neither HTTP nor a store; the store it needs is the interface Store.
package org

import (
	"context"
	"slices"
	"time"

	"signet/internal/outbox"
)

// Role is what a member may do in an organization.
type Role string

// The roles, from the one that may do everything to the one that only sees.
const (
	Owner  Role = "owner"  // all, other owners too
	Admin  Role = "admin"  // all but owners, and what becomes of the organization
	Viewer Role = "viewer" // sees
)

// Roles are all of them, the mightiest first.
var Roles = []Role{Owner, Admin, Viewer}

// Valid reports whether there is such a role.
func (r Role) Valid() bool { return slices.Contains(Roles, r) }

// Manages reports whether one of this role may invite, change and remove
// members of the other role: owners everybody, admins all but owners.
func (r Role) Manages(other Role) bool {
	return r == Owner || r == Admin && other != Owner
}

// Organization is a group of people whom an app knows under one name. ID is a
// UUIDv7 in its text form and is what apps get.
type Organization struct {
	ID   string
	Name string // for people; others may bear the same
	// Slug is the name by which operators and apps ask for it: small letters,
	// digits and hyphens, unique; or "".
	Slug      string
	CreatedAt time.Time
	UpdatedAt time.Time
	EraseAt   time.Time // it was deleted, and goes for good then; zero: it was not
	// Version grows with each change of the organization or its members: who
	// decided by one is not heard by another.
	Version int64
}

// Deleted reports whether the organization waits to be erased. Nobody is its
// member meanwhile, but its owners can have it back.
func (o *Organization) Deleted() bool { return !o.EraseAt.IsZero() }

// Member is one person's place in one organization.
type Member struct {
	OrgID     string
	AccountID string
	Role      Role
	JoinedAt  time.Time
}

// Person is a member with what the others see of the account.
type Person struct {
	Member
	Email string
	Name  string // "": not known
}

// Membership is an organization as one of its members sees it.
type Membership struct {
	Organization
	Role Role
}

// Change is what one operation does to the members of an organization, at once:
// who gets which role (joining where there was none), and who leaves.
type Change struct {
	Set    []Member
	Remove []string       // account ids
	Accept *Acceptance    // what it uses up; nil: nothing
	Mails  []*outbox.Mail // queued with the same commit
	// SignOut: an owner is one no more, or a deleted organization is back. Where its
	// provider is required, the people of its domains are signed out (SignOut).
	SignOut bool

	tell []Notice // what becomes of Mails
}

// Acceptance is an invitation that is used up, and by whom.
type Acceptance struct{ InvitationID, AccountID string }

// Store keeps organizations for good.
type Store interface {
	// CreateOrganization stores the organization with its first owner; a fault
	// of kind Conflict when the slug is taken, of kind NotFound when there is no
	// such account, of kind Limited when the account owns most already (0: no
	// limit; deleted ones count), however many callers ask at once.
	CreateOrganization(ctx context.Context, o *Organization, owner Member, most int) error
	// Organization returns the organization by its id or its slug, deleted ones
	// too, or a fault of kind NotFound.
	Organization(ctx context.Context, idOrSlug string) (*Organization, error)
	// Organizations returns up to limit organizations with an id greater than after.
	Organizations(ctx context.Context, after string, limit int) ([]*Organization, error)
	// UpdateOrganization replaces name, slug, UpdatedAt and EraseAt, makes the
	// change to its members and queues its mails, in one transaction, if the stored
	// version is still o.Version. It reports whether it was; o.Version is the next
	// one then. A fault of kind Expired, and nothing is changed: what is accepted is
	// not open.
	UpdateOrganization(ctx context.Context, o *Organization, c Change) (bool, error)
	// Member returns the person's place, or nil.
	Member(ctx context.Context, orgID, accountID string) (*Member, error)
	// Membership returns the organization of the id or slug as the account sees it;
	// nil, at the same cost, when there is none, it was deleted, or the account is
	// no member of it.
	Membership(ctx context.Context, idOrSlug, accountID string) (*Membership, error)
	// ActiveRole returns the role of a member whose account is active; "" of
	// anybody else.
	ActiveRole(ctx context.Context, orgID, accountID string) (Role, error)
	// CountOwners returns how many owners there are whose accounts are active.
	CountOwners(ctx context.Context, orgID string) (int, error)
	// Owners returns the account ids of up to limit owners.
	Owners(ctx context.Context, orgID string, limit int) ([]string, error)
	// SoleOwned returns up to limit organizations that are not deleted and whose
	// only owner with an active account is the account.
	SoleOwned(ctx context.Context, accountID string, limit int) ([]*Sole, error)
	// Members returns up to limit members whose account ids are greater than after.
	Members(ctx context.Context, orgID, after string, limit int) ([]*Person, error)
	// MembershipsOf returns up to limit organizations of the account that are not
	// deleted, by id, from after on; or those that are and that the account owns.
	MembershipsOf(ctx context.Context, accountID string, deleted bool, after string, limit int) ([]*Membership, error)
	// EraseOrganizations removes up to limit organizations whose EraseAt is not
	// after the time, with their members, and returns how many.
	EraseOrganizations(ctx context.Context, now time.Time, limit int) (int, error)
}
