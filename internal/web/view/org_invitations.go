package view

import (
	"slices"
	"time"
)

// TabInvitations is the label of the page.
const TabInvitations Message = "invite.tab"

// What has just been done with an invitation.
const (
	NoticeInvitedAgain  Message = "invite.notice.again"
	NoticeUninvited     Message = "invite.notice.revoked"
	NoticeInviteOver    Message = "invite.notice.over"     // it ended meanwhile
	NoticeInvitesLimit  Message = "invite.notice.too_many" // nothing was sent
	NoticeOrgJoined     Message = "invite.notice.joined"
	NoticeHouseJoined   Message = "invite.notice.welcome"
	FaultInviteNobody   Message = "invite.fault.nobody"
	FaultInviteTooLong  Message = "invite.fault.too_long" // the list, of which nothing was sent
	FaultInviteRole     Message = "invite.fault.role"
	FaultSignUpStranger Message = "invite.fault.domain" // the address is of no domain that may sign up
)

// OrgInvitations lists the invitations to an organization and invites: the
// fields are "addresses", a list, and "role".
type OrgInvitations struct {
	OrgFrame
	Search
	Pages
	Form
	ByHand       bool // no mail is sent: who invites hands the links over
	Addresses    string
	Role         Role
	Roles        []Role // that may be given
	Fault        Message
	Reports      []InviteReport
	Invitations  []OrgInvitation
	ResendAction string // both take the field "invitation"
	RevokeAction string
}

func (*OrgInvitations) template() string { return "invite/org" }

// Verdict is what became of one address of a list.
type Verdict string

// The verdicts.
const (
	VerdictSent    Verdict = "sent"
	VerdictHanded  Verdict = "handed"
	VerdictNoMail  Verdict = "no_address"
	VerdictInvited Verdict = "already_invited"
	VerdictMember  Verdict = "already_member"
	VerdictTooMany Verdict = "too_many"
)

var verdictLabels = map[Verdict]Message{
	VerdictSent: "invite.verdict.sent", VerdictHanded: "invite.verdict.handed", VerdictNoMail: "invite.verdict.no_address", VerdictInvited: "invite.verdict.already_invited",
	VerdictMember: "invite.verdict.already_member", VerdictTooMany: "invite.verdict.too_many",
}

// Label says it.
func (v Verdict) Label() Message { return verdictLabels[v] }

// Good reports whether somebody is invited now.
func (v Verdict) Good() bool { return v == VerdictSent || v == VerdictHanded }

// InviteReport is the verdict on one address.
type InviteReport struct {
	Address string
	Verdict Verdict
	LinkURL string // to hand over, shown this once; empty: it is in a letter, or there is none
}

// Standing is what has become of an invitation.
type Standing string

// The standings.
const (
	StandingOpen     Standing = "open"
	StandingAccepted Standing = "accepted"
	StandingDeclined Standing = "declined"
	StandingRevoked  Standing = "revoked"
	StandingExpired  Standing = "expired"
	StandingVoid     Standing = "void"
)

var standingLabels = map[Standing]Message{
	StandingOpen: "invite.standing.open", StandingAccepted: "invite.standing.accepted", StandingDeclined: "invite.standing.declined",
	StandingRevoked: "invite.standing.revoked", StandingExpired: "invite.standing.expired", StandingVoid: "invite.standing.void",
}

// Label says it.
func (s Standing) Label() Message { return standingLabels[s] }

// Good reports whether it was accepted.
func (s Standing) Good() bool { return s == StandingAccepted }

// OrgInvitation is one line of the list.
type OrgInvitation struct {
	ID       string
	Email    string
	Role     Role
	Standing Standing
	Sent     time.Time
	Until    time.Time
	Waits    bool // it can be sent again and taken back by who looks
}

// Open reports whether it can be accepted.
func (i OrgInvitation) Open() bool { return i.Standing == StandingOpen }

// Sending reports whether anything was just sent.
func (p *OrgInvitations) Sending() bool { return len(p.Reports) > 0 }

// Linking reports whether there are links to hand over.
func (p *OrgInvitations) Linking() bool {
	return slices.ContainsFunc(p.Reports, func(r InviteReport) bool { return r.LinkURL != "" })
}

// Words are what the page says of how an invitation travels.
func (p *OrgInvitations) Words() InviteWords {
	if p.ByHand {
		return InviteWords{Hint: "invite.people.hand", Send: "invite.make", Report: "invite.report.hand", Again: "invite.again.hand", AgainTo: "invite.again_to.hand"}
	}
	return InviteWords{Hint: "invite.people.hint", Send: "invite.send", Report: "invite.report", Again: "invite.again", AgainTo: "invite.again_to"}
}

// InviteWords are those that differ where no mail is sent.
type InviteWords struct{ Hint, Send, Report, Again, AgainTo Message }
