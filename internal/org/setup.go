package org

import (
	"context"
	"time"

	"github.com/google/uuid"

	"signet/internal/fault"
	"signet/internal/handle"
)

// SetupLink lets somebody who is no member move an organization to its own
// sign-in: the administrator of its provider. It is good once, in the browser that
// opens it, and there for a while, as long as who made it is an owner.
type SetupLink struct {
	ID        string // a UUIDv7 in its text form; no secret
	OrgID     string
	Key       string // handle.Sum of the secret in the link
	CreatedBy string // the owner's account
	CreatedAt time.Time
	ExpiresAt time.Time
	// Browser is handle.Sum of the secret name of the browser that opened it; "":
	// it waits.
	Browser   string
	ClaimedAt time.Time
}

// SetupStore keeps delegated links.
type SetupStore interface {
	// AddSetupLink stores the link, if the organization has fewer than most that
	// are not over by the link's CreatedAt; else a fault of kind Limited.
	AddSetupLink(ctx context.Context, l *SetupLink, most int) error
	// SetupLink returns the link that is not over, or nil.
	SetupLink(ctx context.Context, id string, now time.Time) (*SetupLink, error)
	// SetupLinks returns those of the organization that are not over, the newest
	// first, at most so many.
	SetupLinks(ctx context.Context, orgID string, now time.Time, limit int) ([]*SetupLink, error)
	// ClaimSetupLink gives the link with the key to the browser, if it waits and is
	// not over: of any number of callers one is told so.
	ClaimSetupLink(ctx context.Context, id, key, browser string, now time.Time) (bool, error)
	// RevokeSetupLink removes the organization's link, and reports whether there
	// was one.
	RevokeSetupLink(ctx context.Context, orgID, id string) (bool, error)
	// DeleteSetupLinks removes up to limit links that were over before the time.
	DeleteSetupLinks(ctx context.Context, before time.Time, limit int) (int, error)
}

// mostLinks bounds those of one organization that are open at a time.
const mostLinks = 10

// Setups are the delegated links.
type Setups struct {
	orgs  *Service
	store SetupStore
	life  time.Duration
	now   func() time.Time
}

// NewSetups returns the service on the store; a link is good for life.
func NewSetups(orgs *Service, store SetupStore, life time.Duration, now func() time.Time) *Setups {
	return &Setups{orgs: orgs, store: store, life: life, now: now}
}

// Make makes a link and returns it with its secret, which is told nobody again.
// Owners may.
func (s *Setups) Make(ctx context.Context, orgID string, by Actor) (*SetupLink, string, error) {
	if err := s.orgs.owned(ctx, orgID, by); err != nil {
		return nil, "", err
	}
	secret, now := handle.New(), s.now()
	l := &SetupLink{
		ID: uuid.Must(uuid.NewV7()).String(), OrgID: orgID, Key: handle.Sum(secret), CreatedBy: by.AccountID, CreatedAt: now, ExpiresAt: now.Add(s.life),
	}
	return l, secret, s.store.AddSetupLink(ctx, l, mostLinks)
}

// Of returns the organization's links that are not over.
func (s *Setups) Of(ctx context.Context, orgID string) ([]*SetupLink, error) {
	return s.store.SetupLinks(ctx, orgID, s.now(), mostLinks)
}

// errLinkOver is the one answer for a link that never was, is over, or was opened
// in another browser.
func errLinkOver() error {
	return fault.New(fault.Expired, "This link is over, or was opened before. Ask for a new one.")
}

// Waiting returns the link of the secret, if it waits to be opened.
func (s *Setups) Waiting(ctx context.Context, id, secret string) (*SetupLink, error) {
	l, err := s.store.SetupLink(ctx, id, s.now())
	if err == nil && (l == nil || l.Key != handle.Sum(secret) || l.Browser != "") {
		err = errLinkOver()
	}
	if err != nil {
		return nil, err
	}
	return l, s.stands(ctx, l)
}

// stands refuses a link whose maker is no owner any more: who was sent away would
// keep a hand on how everybody signs in.
func (s *Setups) stands(ctx context.Context, l *SetupLink) error {
	as, err := s.orgs.roleOf(ctx, l.OrgID, Actor{AccountID: l.CreatedBy})
	if fault.Is(err, fault.NotFound) || err == nil && as != Owner {
		return errLinkOver()
	}
	return err
}

// Claim opens the link in the browser, once.
func (s *Setups) Claim(ctx context.Context, id, secret, browser string) error {
	mine, err := s.store.ClaimSetupLink(ctx, id, handle.Sum(secret), handle.Sum(browser), s.now())
	if err == nil && !mine {
		err = errLinkOver()
	}
	return err
}

// Held returns the link that was opened in the browser.
func (s *Setups) Held(ctx context.Context, id, browser string) (*SetupLink, error) {
	if !handle.Valid(browser) {
		return nil, errLinkOver()
	}
	l, err := s.store.SetupLink(ctx, id, s.now())
	if err == nil && (l == nil || l.Browser == "" || l.Browser != handle.Sum(browser)) {
		err = errLinkOver()
	}
	if err != nil {
		return nil, err
	}
	return l, s.stands(ctx, l)
}

// Revoke ends the link, opened or not. Owners may.
func (s *Setups) Revoke(ctx context.Context, orgID, id string, by Actor) error {
	if err := s.orgs.owned(ctx, orgID, by); err != nil {
		return err
	}
	there, err := s.store.RevokeSetupLink(ctx, orgID, id)
	if err == nil && !there {
		err = fault.New(fault.NotFound, "there is no such link")
	}
	return err
}
