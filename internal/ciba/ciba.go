// Package ciba is about sign-ins that an app asks for away from the browser
// (OpenID Connect Client-Initiated Backchannel Authentication Core 1.0): the app
// names a person and waits, the person approves on a page of the house, and the
// app fetches its tokens.
//
//	Begin -> pending --Approve--> approved --Poll--> used
//	            |  \--Deny-----> denied
//	            \--time--------> expired
//
// It knows neither HTTP nor a store; the store it needs is the interface Store.
package ciba

import (
	"context"
	"time"

	"signet/internal/session"
)

// Request is one such request.
type Request struct {
	ID        string          `json:"-"`                 // its public name, by which pages speak of it
	AccountID string          `json:"account,omitempty"` // "": nobody's; it waits and expires as any other
	Request   session.Request `json:"request"`           // what is asked for
	Message   string          `json:"message,omitempty"` // what the app shows as well (binding_message)
	IP        string          `json:"ip,omitempty"`      // from where the app asked
	CreatedAt time.Time       `json:"created_at"`
	ExpiresAt time.Time       `json:"expires_at"`

	Interval time.Duration `json:"interval"`           // the least time between two polls
	PolledAt time.Time     `json:"polled_at,omitzero"` // the last one

	Denied   bool      `json:"denied,omitempty"`
	Approval *Approval `json:"approval,omitempty"`

	// Token is what the app wants to be told with when the person has decided
	// (client_notification_token); "": it polls.
	Token string `json:"token,omitempty"`
	Tries int    `json:"tries,omitempty"` // how often it was told in vain
}

// Approval is what the person's yes is worth: the grant that it began, and how
// they had signed in.
type Approval struct {
	GrantID  string    `json:"grant"`
	At       time.Time `json:"at"`
	AuthTime time.Time `json:"auth_time"`
	ACR      string    `json:"acr,omitempty"`
	AMR      []string  `json:"amr,omitempty"`
}

// decided reports whether the person said yes or no.
func (r *Request) decided() bool { return r.Denied || r.Approval != nil }

// Outcome is how a poll ends.
type Outcome int

// The outcomes.
const (
	Unknown  Outcome = iota // never was, of another client, or used before
	Pending                 // ask again later
	SlowDown                // ask again later, and less often
	Denied                  // the person refused
	Expired                 // nobody decided in time
	Granted                 // and now used up
)

// Store keeps requests for minutes. Losing it ends them.
type Store interface {
	// PutCIBA stores a new request for life, and lists it with its account. One
	// that is nobody's costs the same.
	PutCIBA(ctx context.Context, r *Request, life time.Duration) error
	// CIBA returns the request, or nil when there is none or it was used.
	CIBA(ctx context.Context, id string) (*Request, error)
	// UpdateCIBA changes a stored request by edit, which may be called more than
	// once, and returns it as stored; nil when there is none. An error of edit
	// changes nothing.
	UpdateCIBA(ctx context.Context, id string, edit func(*Request) error) (*Request, error)
	// UseCIBA returns the request to exactly one of any number of callers, and
	// remembers for keep that it was used.
	UseCIBA(ctx context.Context, id string, keep time.Duration) (*Request, error)
	// CIBAsOf returns the account's requests, in no order.
	CIBAsOf(ctx context.Context, accountID string) ([]*Request, error)

	// AddPing lists the request as one whose app is to be told, for life.
	AddPing(ctx context.Context, id string, life time.Duration) error
	// Pings returns the names of those that are listed.
	Pings(ctx context.Context) ([]string, error)
	// ClaimPing keeps the request from other callers for so long, and reports
	// whether it did: true for one of any number of callers.
	ClaimPing(ctx context.Context, id string, life time.Duration) (bool, error)
	// DropPing ends the listing.
	DropPing(ctx context.Context, id string) error
}
