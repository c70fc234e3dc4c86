// Package audit is the record of what was done to accounts, clients and keys:
// who did it, to what, from where. Entries are added and read, never changed.
//
// It knows neither HTTP nor a store; the store it needs is the interface Store.
package audit

import (
	"context"
	"time"
)

// Entry is one thing that was done.
type Entry struct {
	ID       string    // a UUIDv7 in its text form; the store gives one if it is empty
	At       time.Time // when
	Actor    string    // who: an account's id, "link:" and the id of a delegated link, "operator" for a command, "app" for one about itself, "system"
	Action   string    // what, as thing.verb: "client.create", "account.password"
	Subject  string    // to what: the id of the thing: of an account, a client, an organization, a connection
	ClientID string    // through which app, or ""
	IP       string    // from which address, or ""
	// Detail is what else a reader will ask. Never a secret, a token, or what
	// was typed as a user name.
	Detail map[string]string
}

// Query says which entries are read.
type Query struct {
	After   string // an entry's id: only those with a greater one
	Limit   int    // at most so many
	Subject string // only what was done to it
	Action  string // only this one, or, "account", all that begin so: "account.password"
}

// Store keeps the record for good.
type Store interface {
	// AppendAudit adds the entry, and sets its ID if that is empty.
	AppendAudit(ctx context.Context, e *Entry) error
	// Audit returns entries by id, which is the order in which they were made, to
	// the clocks of the nodes.
	Audit(ctx context.Context, q Query) ([]*Entry, error)
}
