package view

import "time"

// InviteAs is who looks at an invitation.
type InviteAs string

// Who looks.
const (
	InviteNew   InviteAs = "new"   // nobody is signed in, and the address has no account
	InviteKnown InviteAs = "known" // nobody is signed in, and the address has one
	InviteMine  InviteAs = "mine"  // the owner of the address
	InviteOther InviteAs = "other" // somebody else
)

// Invitation asks who was invited whether to accept: its form does, or leads to
// where that can be done.
type Invitation struct {
	Frame
	Form
	Org     string // "": into the house only
	Role    Role
	Inviter Person // nobody: the operator
	Email   string // that was invited
	Until   time.Time
	As      InviteAs
	Other   string // the address of who is signed in, where that is somebody else
	Decline Form   // the zero Form: not offered
}

func (*Invitation) template() string { return "invite/ask" }

// Heading says what it is about.
func (p *Invitation) Heading() (string, error) {
	if p.Org == "" {
		return p.T("invite.house.title", "Brand", p.Brand().Name)
	}
	return p.T("invite.title", "Org", p.Org)
}

// Means is what the role may do.
func (p *Invitation) Means() Message { return p.Role.Means() }

// Submit is what the button says.
func (p *Invitation) Submit() Message {
	switch {
	case p.As == InviteOther:
		return "invite.switch"
	case p.As == InviteKnown:
		return "invite.sign_in"
	case p.As == InviteNew:
		return "invite.create"
	case p.Org == "":
		return "invite.go_on"
	}
	return "invite.join"
}

// InvitationEnd says why an invitation cannot be accepted, or that it was
// declined.
type InvitationEnd struct {
	Frame
	How     InviteEnding
	HomeURL string
}

func (*InvitationEnd) template() string { return "invite/end" }

// InviteEnding is how an invitation ended.
type InviteEnding string

// The endings.
const (
	InviteAccepted InviteEnding = "accepted"
	InviteDeclined InviteEnding = "declined"
	InviteRevoked  InviteEnding = "revoked"
	InviteExpired  InviteEnding = "expired"
	InviteVoid     InviteEnding = "void"    // who invited may not any more, or the organization is gone
	InviteForeign  InviteEnding = "foreign" // the address is in another organization's domain
	InviteUnknown  InviteEnding = "unknown" // the link is none, or there is a newer one
)

var inviteEndings = map[InviteEnding][2]Message{
	InviteAccepted: {"invite.accepted.title", "invite.accepted"},
	InviteDeclined: {"invite.declined.title", "invite.declined"},
	InviteRevoked:  {"invite.revoked.title", "invite.revoked"},
	InviteExpired:  {"invite.expired.title", "invite.expired"},
	InviteVoid:     {"invite.void.title", "invite.void"},
	InviteForeign:  {"invite.foreign.title", "invite.foreign"},
	InviteUnknown:  {"invite.unknown.title", "invite.unknown"},
}

func (p *InvitationEnd) words() [2]Message {
	if t, ok := inviteEndings[p.How]; ok {
		return t
	}
	return inviteEndings[InviteUnknown]
}

// Heading says what happened.
func (p *InvitationEnd) Heading() (string, error) { return p.T(p.words()[0]) }

// Sentence says what it means, and what to do.
func (p *InvitationEnd) Sentence() (string, error) { return p.T(p.words()[1]) }

// InvitationLetter invites somebody.
type InvitationLetter struct {
	LetterFrame
	Org     string // "": into the house only
	Role    Role
	Inviter Person // nobody: the operator
	LinkURL string
	Until   time.Time
}

func (*InvitationLetter) letter() string { return "invitation" }

// words are the subject and the first sentence, and what each fills in.
func (l *InvitationLetter) words() (subject, lead Message, values []string) {
	brand := l.Brand().Name
	switch {
	case l.Org == "":
		return "mail.invite.subject_house", "mail.invite.lead_house", []string{"Brand", brand}
	case l.Inviter.Email == "":
		return "mail.invite.subject_operator", "mail.invite.lead_operator", []string{"Org", l.Org, "Brand", brand}
	}
	return "mail.invite.subject", "mail.invite.lead", []string{"Inviter", l.Named(), "Org", l.Org, "Brand", brand}
}

func (l *InvitationLetter) subject() Message {
	subject, _, _ := l.words()
	return subject
}

func (l *InvitationLetter) values() []string {
	_, _, values := l.words()
	return values
}

// Named is the inviter by name or, where none is known, by address.
func (l *InvitationLetter) Named() string {
	if l.Inviter.Name != "" {
		return l.Inviter.Name
	}
	return l.Inviter.Email
}

// Subject is the subject, for the plain text.
func (l *InvitationLetter) Subject() (string, error) { return l.T(l.subject(), l.values()...) }

// Lead says what the letter is about.
func (l *InvitationLetter) Lead() (string, error) {
	_, lead, values := l.words()
	return l.T(lead, values...)
}

// Facts are the lines of the list.
func (l *InvitationLetter) Facts() ([]letterPart, error) {
	var parts []letterPart
	add := func(name Message, value string, err error) error {
		if err != nil {
			return err
		}
		p, err := l.Fact(name, value)
		parts = append(parts, p)
		return err
	}
	if l.Inviter.Email != "" {
		if err := add("invite.by", l.Inviter.Email, nil); err != nil {
			return nil, err
		}
	}
	if l.Org != "" {
		role, err := l.T(l.Role.Label())
		if err := add("org.col.role", role, err); err != nil {
			return nil, err
		}
	}
	until, err := l.When(l.Until)
	return parts, add("mail.account.until", until, err)
}

// Why says why the letter comes to somebody who may have no account.
func (l *InvitationLetter) Why() (string, error) {
	return l.T("mail.invite.why", "Brand", l.Brand().Name)
}
