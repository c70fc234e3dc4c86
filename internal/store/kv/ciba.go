package kv

import (
	"context"
	"errors"
	"time"

	"signet/internal/ciba"
)

// CIBA implements ciba.Store.
//
//	ciba:{id}       the request, or cibaUsed once it was used
//	cibas:{account} set of the account's requests
//	pings:{all}     set of those whose apps are to be told
//	pinging:{id}    a node is telling
type CIBA struct {
	b Backend
}

var _ ciba.Store = CIBA{}

// NewCIBA returns the store of backchannel authentication requests on the backend.
func NewCIBA(b Backend) CIBA { return CIBA{b} }

func cibaKey(id string) string       { return "ciba:{" + id + "}" }
func cibasKey(account string) string { return "cibas:{" + account + "}" }

const pingsKey = "pings:{all}"

// PutCIBA stores a new request and lists it with its account; one that is
// nobody's, with nobody.
func (c CIBA) PutCIBA(ctx context.Context, r *ciba.Request, life time.Duration) error {
	raw, err := encode(r)
	if err != nil {
		return err
	}
	return c.b.Write(ctx, Put(cibaKey(r.ID), raw, life), Add(cibasKey(r.AccountID), r.ID, life))
}

// CIBA returns the request, or nil when there is none or it was used.
func (c CIBA) CIBA(ctx context.Context, id string) (*ciba.Request, error) {
	raw, err := c.b.Get(ctx, cibaKey(id))
	if err != nil {
		return nil, err
	}
	return decodeCIBA(id, raw[0])
}

// storedCIBA is a request, or the mark of one that was used. Both are of one form,
// because whoever changes a request may find that it was used meanwhile.
type storedCIBA struct {
	ciba.Request
	Used bool `json:"used,omitempty"`
}

var cibaUsed = []byte(`{"used":true}`)

// errUsed ends a change of what was used.
var errUsed = errors.New("used meanwhile")

func decodeCIBA(id string, raw []byte) (*ciba.Request, error) {
	s, err := decode[storedCIBA](raw)
	if err != nil || s == nil || s.Used {
		return nil, err
	}
	s.ID = id
	return &s.Request, nil
}

// UpdateCIBA changes a stored request that was not used by edit.
func (c CIBA) UpdateCIBA(ctx context.Context, id string, edit func(*ciba.Request) error) (*ciba.Request, error) {
	s, _, err := update(ctx, c.b, cibaKey(id), nil, func(s *storedCIBA) error {
		if s.Used {
			return errUsed
		}
		return edit(&s.Request)
	})
	if errors.Is(err, errUsed) {
		return nil, nil
	}
	if err != nil || s == nil {
		return nil, err
	}
	s.ID = id
	return &s.Request, nil
}

// UseCIBA returns the request to exactly one caller.
func (c CIBA) UseCIBA(ctx context.Context, id string, keep time.Duration) (*ciba.Request, error) {
	raw, err := c.b.Swap(ctx, cibaKey(id), cibaUsed, keep)
	if err != nil {
		return nil, err
	}
	return decodeCIBA(id, raw)
}

// CIBAsOf returns the account's requests, in two round trips.
func (c CIBA) CIBAsOf(ctx context.Context, accountID string) ([]*ciba.Request, error) {
	ids, err := c.b.Members(ctx, cibasKey(accountID))
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = cibaKey(id)
	}
	raw, err := c.b.Get(ctx, names...)
	if err != nil {
		return nil, err
	}
	var out []*ciba.Request
	for i, id := range ids {
		r, err := decodeCIBA(id, raw[i])
		if err != nil {
			return nil, err
		}
		if r != nil {
			out = append(out, r)
		}
	}
	return out, nil
}

// AddPing lists the request as one whose app is to be told.
func (c CIBA) AddPing(ctx context.Context, id string, life time.Duration) error {
	return c.b.Write(ctx, Add(pingsKey, id, life))
}

// Pings returns the names of those that are listed.
func (c CIBA) Pings(ctx context.Context) ([]string, error) { return c.b.Members(ctx, pingsKey) }

// ClaimPing keeps the request to one caller for so long.
func (c CIBA) ClaimPing(ctx context.Context, id string, life time.Duration) (bool, error) {
	return c.b.Create(ctx, "pinging:{"+id+"}", []byte("1"), life)
}

// DropPing ends the listing.
func (c CIBA) DropPing(ctx context.Context, id string) error {
	return c.b.Write(ctx, Remove(pingsKey, id))
}
