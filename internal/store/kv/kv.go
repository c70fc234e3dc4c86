// Package kv keeps what lives for seconds to weeks: browser sessions, flows,
// authorization codes, living grants, rate counters. Losing all of it costs a
// new sign-in and nothing else.
//
// At the bottom is one small interface, Backend, with two implementations:
// Redis (one node, Sentinel or Cluster) and SQL (a few tables beside the
// lasting data, in SQLite or Postgres, for installations without Redis). Above
// it are the typed stores that the domain packages ask for. The package knows
// what is stored and for how long, never what it means: no HTTP, no protocol.
//
// Keys are "kind:{id}". The braces are Redis Cluster's hash tag: keys of one
// session or one code meet in one slot, so that what is used together is asked
// of one node.
package kv

import (
	"context"
	"time"

	"signet/internal/fault"
)

// DefaultTimeout is how long a backend waits for its store before it gives up.
const DefaultTimeout = 2 * time.Second

// Backend is a store of values that expire. What may be used once is used by
// one of its atomic operations (Create, Take, Swap, PutUnless, Replace): of any number of
// callers, on any number of nodes, one wins.
//
// Every method is one round trip (a Redis node that does not know a script yet
// costs one more, once), gives up after the backend's timeout, and reports a
// store that is away as a fault of kind Unavailable. After such a fault the
// operation may or may not have happened. Lifetimes are rounded up to whole
// milliseconds and are at least one, so that nothing is ever kept for good.
type Backend interface {
	// Get returns the values of the keys, in their order; nil for a missing one.
	Get(ctx context.Context, keys ...string) ([][]byte, error)
	// Write applies the operations, which must be on different keys. It is
	// atomic on SQL, and on Redis in order but not atomic; no two operations
	// have an order on Redis Cluster.
	Write(ctx context.Context, ops ...Op) error
	// Create stores the value unless the key exists, and reports whether it did.
	Create(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error)
	// Take removes the key and returns its value to exactly one of several
	// callers; nil to the others. The operations, which are best effort where
	// Write is not atomic, go along whether or not there was a value.
	Take(ctx context.Context, key string, also ...Op) ([]byte, error)
	// Swap replaces the value and the remaining life of a key that exists, and
	// returns the value before; nil where there was none, and then stores nothing.
	Swap(ctx context.Context, key string, value []byte, ttl time.Duration) ([]byte, error)
	// SwapBeside is Swap, and returns the value of another key as well, as it is
	// after that; nil for a missing one.
	SwapBeside(ctx context.Context, key string, value []byte, ttl time.Duration, other string) (before, beside []byte, err error)
	// PutUnless stores the value unless the key's value is mark, and reports
	// whether it did. The operations go along as they do with Take.
	PutUnless(ctx context.Context, mark []byte, key string, value []byte, ttl time.Duration, also ...Op) (bool, error)
	// Replace stores value where the key's value is still old, keeps the
	// remaining life, and reports whether it did. The operations go along as they
	// do with Take.
	Replace(ctx context.Context, key string, old, value []byte, also ...Op) (bool, error)
	// Count adds to the counters and returns their values after, in their
	// order. Counters are seen by Count alone and must be different ones.
	Count(ctx context.Context, tallies ...Tally) ([]int64, error)
	// Members returns the living members of the set, in no order.
	Members(ctx context.Context, set string) ([]string, error)

	// Ping asks the store for a sign of life.
	Ping(ctx context.Context) error
	// RoundTrips counts the requests made to the store since the start.
	RoundTrips() int64
	// Stats describes the connection pool, for metrics.
	Stats() Stats
	// Close ends background work and the connections that the backend opened.
	Close() error
}

// Tally is an addition to a counter. The counter ends TTL after the addition
// that made it, however often it is added to.
type Tally struct {
	Key string
	N   int64 // 0 reads the counter and makes none
	TTL time.Duration
}

// Stats describes a pool of connections at one moment.
type Stats struct {
	Open     int   // connections, busy or not
	Idle     int   // connections that wait for work
	Timeouts int64 // callers that waited for a connection in vain, since the start
}

// Op is one part of a Write.
type Op struct {
	kind   opKind
	key    string // of the value or the set
	member string
	value  []byte
	ttl    time.Duration
}

type opKind uint8

const (
	opPut opKind = iota
	opDelete
	opAdd
	opRemove
	opKinds
)

// Put stores the value for ttl, in place of any other.
func Put(key string, value []byte, ttl time.Duration) Op {
	return Op{kind: opPut, key: key, value: value, ttl: ttl}
}

// Delete removes the key.
func Delete(key string) Op { return Op{kind: opDelete, key: key} }

// Add makes member a member of the set for ttl from now.
func Add(set, member string, ttl time.Duration) Op {
	return Op{kind: opAdd, key: set, member: member, ttl: ttl}
}

// Remove ends the membership.
func Remove(set, member string) Op { return Op{kind: opRemove, key: set, member: member} }

// life rounds a lifetime up to whole milliseconds, at least one: to Redis, a
// lifetime of 0 means for ever.
func life(ttl time.Duration) time.Duration {
	ms := ttl.Truncate(time.Millisecond)
	if ms < ttl {
		ms += time.Millisecond
	}
	return max(ms, time.Millisecond)
}

// unavailable is the one fault for a store that is away, slow or broken. Which
// of them it is, only the log learns.
func unavailable(cause error) error {
	return fault.Wrap(fault.Unavailable, cause, "The service is not reachable at the moment. Please try again shortly.")
}
