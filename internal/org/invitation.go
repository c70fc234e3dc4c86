package org

import (
	"context"
	"strings"
	"time"

	"signet/internal/handle"
	"signet/internal/outbox"
)

// Invitation asks the owner of an address to join an organization, or, where an
// operator invites, only to make an account. Its letter has a link:
//
//	Invite ──letter──> the link ──> Accept, by the account of the address
//	  │                  │            (who has none makes one on the way)
//	  │ Revoke           │ Decline
//	  └ Resend: another link
//
// Where no mail is sent there is no letter: who invites hands the link over. It
// is for the account of the address all the same, but proves nobody the address.
type Invitation struct {
	ID        string // a UUIDv7 in its text form
	OrgID     string // "": into the house only
	Email     string // as mail goes there
	EmailKey  string // see account.NormalizeEmail
	Role      Role   // ""; where there is no organization
	InviterID string // the account that answers for it, or "": an operator
	ClientID  string // the app that it was sent from and leads to, or ""
	LinkKey   string // of the last link; see linkKey
	Link      string // that is to be handed over, once it was made; it is not stored
	CreatedAt time.Time
	SentAt    time.Time // the last letter
	ExpiresAt time.Time
	EndedAt   time.Time // zero: it did not
	Outcome   Standing  // how it ended: Accepted, Declined or Revoked; "": it did not
	AccountID string    // who accepted it
}

// byHand begins the links that are handed over, and their keys: a link that came
// by mail is not found with it, nor one that was handed over without it.
const byHand = "hand."

// linkKey is the key under which the invitation of the link is kept; "": it is no
// link.
func linkKey(link string) string {
	h, handed := strings.CutPrefix(link, byHand)
	switch {
	case !handle.Valid(h):
		return ""
	case handed:
		return byHand + handle.Sum(h)
	}
	return handle.Sum(h)
}

// ByHand reports whether the last link was handed over: whoever has it need not
// read the mail of the address.
func (i *Invitation) ByHand() bool { return strings.HasPrefix(i.LinkKey, byHand) }

// Standing is what has become of an invitation.
type Standing string

// The standings. Those after Open are good for nothing any more; an Expired and
// a Void one can be sent again.
const (
	Open     Standing = "open"
	Accepted Standing = "accepted"
	Declined Standing = "declined"
	Revoked  Standing = "revoked"
	Expired  Standing = "expired"
	Void     Standing = "void" // the organization was deleted, or who invited may not any more
)

// At is the standing at the time, as far as the invitation itself knows it: it
// may be void besides.
func (i *Invitation) At(now time.Time) Standing {
	switch {
	case i.Outcome != "":
		return i.Outcome
	case !now.Before(i.ExpiresAt):
		return Expired
	}
	return Open
}

// Verdict is what became of the wish to invite one address.
type Verdict string

// The verdicts. None of them tells whether the address has an account, but to
// operators.
const (
	Sent           Verdict = "sent"
	Handed         Verdict = "handed"          // no mail is sent: its link is to be handed over
	NoAddress      Verdict = "no_address"      // it is no e-mail address
	AlreadyInvited Verdict = "already_invited" // an invitation waits: it can be sent again
	AlreadyMember  Verdict = "already_member"  // of the organization; where there is none, of the house
	TooMany        Verdict = "too_many"        // by this person, to this organization or to this address
)

// Report is the verdict on one address.
type Report struct {
	Address    string // as it was given
	Verdict    Verdict
	Invitation *Invitation // that was sent, or is to be handed over; nil: none is
}

// ComposeInvitation writes the letter of the invitation, with its link. It is nil
// where no mail is sent.
type ComposeInvitation func(i *Invitation, link string) (*outbox.Mail, error)

// InvitationGuard bounds how many letters people can have sent to strangers.
type InvitationGuard interface {
	// Invite counts one letter by the account, of the organization, to the address
	// with the key; a fault of kind Limited when there were too many.
	Invite(ctx context.Context, accountID, orgID, emailKey string) error
}

// InvitationStore keeps invitations until long after they ended.
type InvitationStore interface {
	// AddInvitation stores the invitation and queues its letter, if it is not nil,
	// with the same commit. One that expired while it waited for the same address makes room.
	// A fault of kind Conflict: one waits that did not.
	AddInvitation(ctx context.Context, i *Invitation, letter *outbox.Mail) error
	// RenewInvitation replaces role, inviter, link and times of an invitation that
	// has not ended and queues the letter, if any, with the same commit; it reports whether
	// it did.
	RenewInvitation(ctx context.Context, i *Invitation, letter *outbox.Mail) (bool, error)
	// Invitation returns the invitation, or a fault of kind NotFound.
	Invitation(ctx context.Context, id string) (*Invitation, error)
	// InvitationByLink returns the invitation by its LinkKey, or a fault of kind
	// NotFound.
	InvitationByLink(ctx context.Context, key string) (*Invitation, error)
	// Invitations returns up to limit invitations to the organization, or into
	// the house where it is "", with ids less than before, the newest first.
	Invitations(ctx context.Context, orgID, before string, limit int) ([]*Invitation, error)
	// InvitationsFor returns up to limit invitations that wait for the address.
	InvitationsFor(ctx context.Context, emailKey string, now time.Time, limit int) ([]*Invitation, error)
	// EndInvitation gives an invitation that is open its outcome: true for exactly
	// one of several callers. One that expired can be revoked, and nothing else.
	EndInvitation(ctx context.Context, id string, how Standing, accountID string, now time.Time) (bool, error)
	// MemberByEmail reports whether the address is that of a member's account, or,
	// where orgID is "", of any account.
	MemberByEmail(ctx context.Context, orgID, emailKey string) (bool, error)
	// DeleteInvitations removes up to limit that expired before the time, however
	// they ended, and returns how many.
	DeleteInvitations(ctx context.Context, before time.Time, limit int) (int, error)
}

// KeepInvitations is how long an invitation is shown after it expired.
const KeepInvitations = 30 * 24 * time.Hour
