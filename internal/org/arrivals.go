package org

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/outbox"
)

// ProvenBy tells which organization has proven the domain, "" when none has.
type ProvenBy func(ctx context.Context, domain string) (orgID string, err error)

// Accounts is the part of the accounts' store that arrivals need.
type Accounts interface {
	// Account and AccountByEmailKey are those of account.Store.
	Account(ctx context.Context, id string) (*account.Account, error)
	AccountByEmailKey(ctx context.Context, key string) (*account.Account, error)
}

// Arrivals says who the people are that arrive from the providers of connections.
//
// An identity of the connection is an account's, whatever else the provider says
// of the person, for as long as it is the provider that said so first. For somebody new an account is made if the address is in a domain
// that an organization of the connection has proven and nobody has it yet. All
// others must say which account is theirs by signing in to it.
type Arrivals struct {
	store    IdentityStore
	accounts Accounts
	provenBy ProvenBy
	now      func() time.Time
}

// NewArrivals returns the service of the stores.
func NewArrivals(store IdentityStore, accounts Accounts, provenBy ProvenBy, now func() time.Time) *Arrivals {
	return &Arrivals{store: store, accounts: accounts, provenBy: provenBy, now: now}
}

// Settled is what became of an arrival.
type Settled struct {
	Account *account.Account // whose it is; nil: the person has to say
	Made    bool             // the account was made just now
	Left    bool             // the connection has nothing to say about the account any more
	Outlook
}

// Outlook is what an arrival is, before anything is made of it.
type Outlook struct {
	AccountID string   // whose the identity is already, or ""
	Believed  bool     // the address is in a proven domain of an organization of the connection
	Taken     bool     // and has an account, which is not the identity's
	Joins     []Member // the organizations that somebody new would be a member of
	key       string   // of the address, normalised
	address   string
}

// Enters reports whether people like the one who arrived could sign in.
func (o *Outlook) Enters() bool { return o.AccountID != "" || o.Believed }

// Foresee says what would become of the arrival, and changes nothing.
func (s *Arrivals) Foresee(ctx context.Context, c *Connection, a *Arrival) (*Outlook, error) {
	out := &Outlook{}
	var err error
	if out.AccountID, err = s.Who(ctx, c, a.Issuer, a.Subject); err != nil {
		return nil, err
	}
	home, err := s.home(ctx, c, a, out)
	if err != nil {
		return nil, err
	}
	out.Joins = c.joins(a, home, s.now())
	if !out.Believed || out.AccountID != "" {
		return out, nil
	}
	_, err = s.accounts.AccountByEmailKey(ctx, out.key)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	out.Taken = err == nil
	return out, nil
}

// Who is the account of whom the issuer names so; "": nobody's. Where the connection
// had another provider when the identity was noted, that one named somebody else.
func (s *Arrivals) Who(ctx context.Context, c *Connection, issuer, subject string) (accountID string, err error) {
	known, err := s.store.Identity(ctx, c.ID, subject)
	if err != nil || known == nil || known.Issuer != "" && known.Issuer != issuer {
		return "", err
	}
	return known.AccountID, nil
}

// home is the organization of the connection that has proven the domain of the
// address, or "".
func (s *Arrivals) home(ctx context.Context, c *Connection, a *Arrival, out *Outlook) (string, error) {
	address, key, err := account.NormalizeEmail(a.Email)
	if err != nil {
		return "", nil // no address: nothing to believe
	}
	out.address, out.key = address, key
	if a.EmailRefused || s.provenBy == nil {
		return "", nil
	}
	by, err := s.provenBy(ctx, DomainOf(key))
	if err != nil || by == "" || !c.Serves(by) {
		return "", err
	}
	out.Believed = true
	return by, nil
}

// joins are the organizations that somebody new becomes a member of: the only one
// of the connection, or of several the one whose domain the address is in.
func (c *Connection) joins(a *Arrival, home string, now time.Time) []Member {
	if home == "" && len(c.Uses) == 1 {
		home = c.Uses[0].OrgID
	}
	if home == "" {
		return nil
	}
	return []Member{{OrgID: home, Role: c.Mapping.RoleFor(a.Groups), JoinedAt: now}}
}

// Settle says whose the arrival is, and makes an account where it may.
func (s *Arrivals) Settle(ctx context.Context, c *Connection, a *Arrival) (*Settled, error) {
	for range attempts {
		out, err := s.Foresee(ctx, c, a)
		if err != nil {
			return nil, err
		}
		switch {
		case out.AccountID != "":
			return s.seen(ctx, c, a, out)
		case !out.Believed || out.Taken:
			return &Settled{Outlook: *out}, nil
		}
		made, err := s.make(ctx, c, a, out)
		if fault.Is(err, fault.Conflict) {
			continue // somebody was faster: look again
		}
		return &Settled{Account: made, Made: true, Outlook: *out}, err
	}
	return nil, fault.New(fault.Unavailable, "too many sign in as this person at this moment; try again")
}

// seen notes the sign-in of somebody who is known.
func (s *Arrivals) seen(ctx context.Context, c *Connection, a *Arrival, out *Outlook) (*Settled, error) {
	known, err := s.accounts.Account(ctx, out.AccountID)
	if err != nil {
		return nil, err
	}
	settled := &Settled{Account: known, Outlook: *out}
	if known.Status != account.Active {
		return settled, nil // who stays out
	}
	if settled.Left, err = s.left(ctx, c, known); err != nil || settled.Left {
		return settled, err
	}
	i := &Identity{ConnectionID: c.ID, Issuer: a.Issuer, Subject: a.Subject, AccountID: known.ID, Email: clip(a.Email), LastSignIn: s.now()}
	return settled, s.store.SeeIdentity(ctx, i, c.follow(a))
}

// left reports whether the account was one of the organization's and is no more: it
// is no member, and its address is in no domain of the organization. It is its
// owner's alone then, and what the organization's provider says opens it no longer.
// A connection of several organizations is the operator's, whose people need not
// be members of any.
func (s *Arrivals) left(ctx context.Context, c *Connection, known *account.Account) (bool, error) {
	if len(c.Uses) > 1 {
		return false, nil
	}
	if there, err := s.store.Belongs(ctx, c.ID, known.ID); err != nil || there || s.provenBy == nil {
		return !there, err
	}
	by, err := s.provenBy(ctx, DomainOf(known.EmailKey))
	return err == nil && (by == "" || !c.Serves(by)), err
}

// follow are the roles that a member has by the groups it is in. Where the provider
// says nothing of groups they stay as they are.
func (c *Connection) follow(a *Arrival) []Member {
	if len(c.Mapping.Roles) == 0 || a.Groups == nil {
		return nil
	}
	out := make([]Member, len(c.Uses))
	for i, u := range c.Uses {
		out[i] = Member{OrgID: u.OrgID, Role: c.Mapping.RoleFor(a.Groups)}
	}
	return out
}

func (s *Arrivals) identity(c *Connection, a *Arrival, accountID string) Identity {
	now := s.now()
	return Identity{ConnectionID: c.ID, Issuer: a.Issuer, Subject: a.Subject, AccountID: accountID, Email: clip(a.Email), CreatedAt: now, LastSignIn: now}
}

func (s *Arrivals) make(ctx context.Context, c *Connection, a *Arrival, out *Outlook) (*account.Account, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "No id could be made.")
	}
	now := s.now()
	made := &account.Account{
		ID: id.String(), Email: out.address, EmailKey: out.key, EmailVerified: true, Status: account.Active, CreatedAt: now, UpdatedAt: now,
		Profile: account.Profile{Name: called(a.Name), GivenName: called(a.GivenName), FamilyName: called(a.FamilyName)},
	}
	if made.Profile.GivenName+made.Profile.FamilyName != "" {
		made.Profile.Name = "" // it follows from these, in the order of the person's language
	}
	return made, s.store.AddIdentity(ctx, &Newcomer{Account: made, Identity: s.identity(c, a, made.ID), Joins: out.Joins})
}

// Link makes the arrival the account's, whose owner has just signed in to it and
// wants that. A fault of kind Conflict: the identity is another account's, or the
// account has another one on this connection.
func (s *Arrivals) Link(ctx context.Context, c *Connection, a *Arrival, accountID string) error {
	out, err := s.Foresee(ctx, c, a)
	if err != nil {
		return err
	}
	if out.AccountID == accountID {
		return nil // another tab was faster
	}
	err = s.store.AddIdentity(ctx, &Newcomer{Identity: s.identity(c, a, accountID), Joins: out.Joins})
	if fault.Is(err, fault.Conflict) {
		return fault.Wrap(fault.Conflict, err, "This account is connected to another person there, or this person to another account.")
	}
	return err
}

// Unlink takes what Link made away again.
func (s *Arrivals) Unlink(ctx context.Context, connectionID, accountID string) (bool, error) {
	return s.store.RemoveIdentity(ctx, connectionID, accountID)
}

// Disconnect is Unlink by the account's owner. Sessions are the caller's to end. A
// fault of kind Conflict: nothing else opens the account.
func (s *Arrivals) Disconnect(ctx context.Context, connectionID, accountID string, notice *outbox.Mail) (bool, error) {
	return s.store.DisconnectIdentity(ctx, connectionID, accountID, notice)
}

// Of returns the identities of the account.
func (s *Arrivals) Of(ctx context.Context, accountID string) ([]*Identity, error) {
	return s.store.IdentitiesOf(ctx, accountID)
}

// longestCalled bounds a name that a provider tells, in characters.
const longestCalled = 64

// called is a name that a provider tells, as far as it is one.
func called(name string) string {
	name = norm.NFC.String(strings.Join(strings.Fields(strings.ToValidUTF8(name, "")), " "))
	if utf8.RuneCountInString(name) > longestCalled || strings.ContainsFunc(name, unprintable) {
		return ""
	}
	return name
}

// clip bounds an address that is kept to be looked at.
func clip(address string) string {
	const most = 254
	address = strings.ToValidUTF8(strings.ReplaceAll(address, "\x00", ""), "")
	if len(address) > most {
		return strings.ToValidUTF8(address[:most], "")
	}
	return address
}

// Offered are the connections of the list that people may sign in by.
func Offered(list []*Connection) []*Connection {
	return slices.DeleteFunc(slices.Clone(list), func(c *Connection) bool { return !c.Enabled })
}
