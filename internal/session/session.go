// Package session holds browser sessions and flows: a flow is a sign-in that
// is under way, with the app's request in it. The protocol (package op) and the
// pages (package web) both work on flows and never on each other.
//
//	authorize ──> Next ──nothing──────────────────────────> answer the app
//	                │  ▲
//	   sign-in, account, organization, device, consent
//	                ▼  │
//	              a page: posts, records Progress, goes back to the flow
//
// It knows neither HTTP nor a store; the store it needs is the interface Store.
package session

import (
	"context"
	"time"
)

// Session is one browser's signed-in session.
type Session struct {
	Key       string              `json:"-"`   // handle.Sum of the cookie's value
	SID       string              `json:"sid"` // the public name, as in the sid claim
	AccountID string              `json:"account"`
	AuthTime  time.Time           `json:"auth_time"`
	AMR       []string            `json:"amr"` // RFC 8176
	ACR       string              `json:"acr"`
	CreatedAt time.Time           `json:"created_at"`
	ExpiresAt time.Time           `json:"expires_at"`
	Remember  bool                `json:"remember,omitempty"` // outlives the browser window
	UserAgent string              `json:"user_agent,omitempty"`
	IP        string              `json:"ip,omitempty"`
	Clients   []string            `json:"clients,omitempty"`  // apps that were signed in to
	Upstream  *Upstream           `json:"upstream,omitempty"` // where the person signed in, if not here
	Consents  map[string][]string `json:"consents,omitempty"` // client id -> scopes: a copy of what SQL holds, so that the silent path reads no SQL; empty, not nil, once withdrawn

	// LastSeen is kept apart from the rest, so that noting it never undoes a
	// change made at the same time.
	LastSeen time.Time `json:"-"`

	Stored []byte `json:"-"` // what the store read, so that a change need not read it again
}

// Store keeps sessions and flows for as long as they live. Losing it costs a
// new sign-in and nothing else.
type Store interface {
	// Session returns the session with its LastSeen, or nil when there is none.
	Session(ctx context.Context, key string) (*Session, error)
	// PutSession stores a new session until its ExpiresAt, lists it with its
	// account and by the name that a provider has for it, and changes the flow in which it begins as UpdateFlow does, in one
	// round trip. Where the flow is gone, the session may be stored all the same.
	PutSession(ctx context.Context, s *Session, flow string, last []byte, edit func(*Flow) error) (*Flow, error)
	// UpdateSession changes a stored session by edit, which may be called more
	// than once when others change it at the same time; it does nothing, and
	// returns false, when the session is gone, so that an ended session never
	// comes back. last is the session's Stored, or nil: a change of what was just
	// read reads it once.
	UpdateSession(ctx context.Context, key string, last []byte, edit func(*Session)) (bool, error)
	// SeeSession notes when the session was last used.
	SeeSession(ctx context.Context, s *Session, now time.Time) error
	// DeleteSession ends a session and returns it, as it was at its end, to
	// exactly one of several callers; nil to the others.
	DeleteSession(ctx context.Context, s *Session) (*Session, error)
	// SessionsOf returns the sessions of the account, in no order.
	SessionsOf(ctx context.Context, accountID string) ([]*Session, error)

	// PutFlow stores a new flow until its ExpiresAt.
	PutFlow(ctx context.Context, key string, f *Flow) error
	// Flow returns the flow, or nil when there is none.
	Flow(ctx context.Context, key string) (*Flow, error)
	// FlowAndSession is Flow and Session in one round trip.
	FlowAndSession(ctx context.Context, flow, session string) (*Flow, *Session, error)
	// UpdateFlow changes a stored flow by edit, which may be called more than
	// once, and returns it as stored; nil when the flow is gone. last is the
	// flow's Stored, or nil.
	UpdateFlow(ctx context.Context, key string, last []byte, edit func(*Flow) error) (*Flow, error)
	// PutPushed stores a pushed request, or puts it back, for life.
	PutPushed(ctx context.Context, key string, r *Request, life time.Duration) error
	// TakePushed removes the pushed request and returns it to exactly one of
	// several callers; nil to the others.
	TakePushed(ctx context.Context, key string) (*Request, error)
	// UsePushed removes the pushed request, if it is there, and remembers for keep
	// that it was used: true for exactly one of several callers.
	UsePushed(ctx context.Context, key string, keep time.Duration) (bool, error)
	// TakeFlow removes the flow and returns it to exactly one of several
	// callers; nil to the others.
	TakeFlow(ctx context.Context, key string) (*Flow, error)

	UpstreamStore
}
