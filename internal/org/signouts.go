package org

import (
	"context"
	"time"

	"signet/internal/outbox"
)

// SignOut is work that waits: the people with an address in a domain sign in at a
// provider and nowhere else from now on, and the sessions that they began otherwise
// end. It is written with what makes it so, and done by any node, in pages.
type SignOut struct {
	Domain string
	// After is the account that was looked at last, by id; "": none was.
	After   string
	BegunAt time.Time

	outbox.State // DueAt is when the claim of whoever works on it ends
}

// About is the domain, why it has to be done, and since when.
func (o *SignOut) About() (id, kind string, written time.Time) {
	return o.Domain, "required", o.BegunAt
}

// SignOutStore keeps what waits to be done. Each domain waits once: who begins anew
// begins at the first person, and whoever worked on it meanwhile is told that the
// claim is gone.
type SignOutStore interface {
	// ClaimSignOut returns the domain that has been due longest and keeps it from
	// other callers until the claim ends; nil when none is due. It counts as an attempt.
	ClaimSignOut(ctx context.Context, now, ends time.Time) (*SignOut, error)
	// SignOutReached notes o.After, and reports whether the claim still held.
	SignOutReached(ctx context.Context, o *SignOut) (bool, error)
	// SignOutDone removes what is done. A claim that is gone removes nothing.
	SignOutDone(ctx context.Context, o *SignOut) error
	// SignOutFailed records o.After, the attempts and when it is due again. A claim that is
	// gone records nothing.
	SignOutFailed(ctx context.Context, o *SignOut, claim time.Time) error
	// AccountsIn returns the ids of up to limit accounts with an address in the
	// domain and an id greater than after ("": from the first).
	AccountsIn(ctx context.Context, domain, after string, limit int) ([]string, error)
}

// EndElsewhere ends the sessions of the account that began otherwise than by one of
// the connections, and what apps were granted by them.
type EndElsewhere func(ctx context.Context, accountID string, own []*Connection) error

// SignOuts does what waits.
type SignOuts struct {
	store       SignOutStore
	realms      *Realms
	connections ConnectionStore
	end         EndElsewhere
}

// NewSignOuts returns the service of the stores.
func NewSignOuts(store SignOutStore, realms *Realms, connections ConnectionStore, end EndElsewhere) *SignOuts {
	return &SignOuts{store, realms, connections, end}
}

// signedOutAtOnce is how many people a page has: so many are looked at once more
// when a node dies between two pages.
const signedOutAtOnce = 100

// Work signs out whoever has an address in the domain and must sign in elsewhere:
// members or not, as at the sign-in itself. Owners keep their sessions, and so does
// who came by a connection of the organization. Doing it twice changes nothing more.
func (s *SignOuts) Work(ctx context.Context, o *SignOut) error {
	for {
		last, err := s.page(ctx, o)
		if err != nil || last {
			return err
		}
		if held, err := s.store.SignOutReached(ctx, o); err != nil || !held {
			return err
		}
	}
}

// settles is how long what began may take to be answered: no request takes longer.
const settles = time.Minute

// Done ends what was worked through. Whoever was just being signed in when it began may
// have got a session after they were looked at, so that it is all done once more when
// that is settled.
func (s *SignOuts) Done(ctx context.Context, o *SignOut, now time.Time) error {
	settled := o.BegunAt.Add(settles)
	if !now.Before(settled) {
		return s.store.SignOutDone(ctx, o)
	}
	again := &SignOut{Domain: o.Domain, BegunAt: o.BegunAt}
	again.DueAt = settled
	return s.store.SignOutFailed(ctx, again, o.DueAt)
}

// page does the next page, and reports whether it was the last one. What is required
// no more is over: that is asked for each page.
func (s *SignOuts) page(ctx context.Context, o *SignOut) (last bool, err error) {
	r, err := s.realms.store.Realm(ctx, o.Domain)
	if err != nil || r == nil || !r.Enforced {
		return true, err
	}
	own, err := s.connections.ConnectionsOf(ctx, r.OrgID)
	if err != nil {
		return false, err
	}
	people, err := s.store.AccountsIn(ctx, o.Domain, o.After, signedOutAtOnce)
	if err != nil {
		return false, err
	}
	for _, id := range people {
		barred, err := s.realms.Bars(ctx, r, id)
		if err != nil {
			return false, err
		}
		if barred {
			if err := s.end(ctx, id, own); err != nil {
				return false, err
			}
		}
		o.After = id
	}
	return len(people) < signedOutAtOnce, nil
}
