package org

import (
	"context"
	"time"

	"signet/internal/account"
	"signet/internal/outbox"
)

// Identity is an account's name at a provider: the pair of connection and
// subject is one account's.
type Identity struct {
	ConnectionID string
	// Issuer is the provider that named the person so, as it calls itself. The same
	// subject of another one is somebody else. "": it was not noted, which the next
	// sign-in does.
	Issuer     string
	Subject    string
	AccountID  string
	Email      string // as it last arrived
	CreatedAt  time.Time
	LastSignIn time.Time
}

// Newcomer is what becomes of somebody who signs in by a connection for the first
// time: all of it, or nothing.
type Newcomer struct {
	Identity Identity
	// Account is to be made; nil: the identity is linked to the account that it
	// names, which is there and whose owner signed in.
	Account *account.Account
	// Joins are the organizations that the person becomes a member of, with the
	// role there, unless it is a member already.
	Joins []Member
}

// IdentityStore keeps who is who at the providers for good.
type IdentityStore interface {
	// Identity returns the identity of the connection and the subject, or nil.
	Identity(ctx context.Context, connectionID, subject string) (*Identity, error)
	// Belongs reports whether the account is a member of an organization of the
	// connection that is not deleted.
	Belongs(ctx context.Context, connectionID, accountID string) (bool, error)
	// IdentitiesOf returns those of the account, by connection.
	IdentitiesOf(ctx context.Context, accountID string) ([]*Identity, error)
	// AddIdentity stores the newcomer in one transaction, in which identities on the
	// connection of another issuer end that have the subject or the account. A fault of kind Conflict
	// when the address has an account, the identity is somebody's, or the account
	// has one on this connection; of kind NotFound when the connection or the
	// account is gone. Organizations that are deleted are not joined.
	AddIdentity(ctx context.Context, n *Newcomer) error
	// SeeIdentity notes a sign-in with the issuer and the address that arrived, and gives the
	// account the roles of follow where it is a member, and no owner.
	SeeIdentity(ctx context.Context, i *Identity, follow []Member) error
	// RemoveIdentity takes the account's identity on the connection away, and
	// reports whether there was one.
	RemoveIdentity(ctx context.Context, connectionID, accountID string) (bool, error)
	// DisconnectIdentity is RemoveIdentity by the account's owner, whose notice (nil:
	// none) is queued with the same commit. A fault of kind Conflict when the account
	// has no password, and no identity on another connection that is enabled: under
	// any number of callers it keeps a way in.
	DisconnectIdentity(ctx context.Context, connectionID, accountID string, notice *outbox.Mail) (bool, error)
}
