// Package keys makes, seals, rotates and publishes the keys: those that sign, and
// those that others encrypt to.
//
// A key is published before it signs and stays published until the last thing it
// signed is dead. Which key signs follows from the time alone, so that all nodes
// agree without talking. Of the keys that others encrypt to the newest is
// published, and older ones decrypt until nobody has them any more. Private keys
// are sealed under a master key and never stored in the clear. The package knows
// neither HTTP nor a store; the store it needs is the interface Store.
package keys

import (
	"context"
	"time"
)

// Sealed is a key as it is stored.
type Sealed struct {
	KID        string
	Alg        string // one of Algorithms or of EncryptionAlgorithms
	Seq        int64  // counts the keys of an algorithm from 1; (Alg, Seq) is unique
	Private    []byte // PKCS #8, sealed
	Public     []byte // PKIX DER
	CreatedAt  time.Time
	ActiveFrom time.Time  // used from here on, until the next one's ActiveFrom
	ExpiresAt  *time.Time // published until here; nil while it may still sign
}

// Store keeps sealed keys for good.
type Store interface {
	// SigningKeys returns all keys, by algorithm and Seq.
	SigningKeys(ctx context.Context) ([]*Sealed, error)
	// AddSigningKey stores the key, and sets the ExpiresAt of the one before
	// it (same algorithm, Seq-1) to retire, in one transaction. When another
	// node stored that (Alg, Seq) first, it changes nothing and reports false.
	AddSigningKey(ctx context.Context, k *Sealed, retire time.Time) (bool, error)
	// DeleteSigningKeys removes keys whose ExpiresAt is before the time.
	DeleteSigningKeys(ctx context.Context, before time.Time) (int, error)
}
