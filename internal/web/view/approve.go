package view

import "time"

// Approve asks whether an app that waits elsewhere may sign the person in: the
// field "decision" is "allow" or "deny".
type Approve struct {
	Frame
	Form
	Person  Person
	Grants  []Grant
	Acts    bool      // the app asks to do single things, too
	Message string    // that the app shows as well; empty: none
	Asked   time.Time // when the app asked
	Address string    // and from which network address
	Until   time.Time
}

func (*Approve) template() string { return "approve" }

// ApproveEnd says how a request of an app ended.
type ApproveEnd struct {
	Frame
	How     ApproveHow
	HomeURL string
}

// ApproveHow is how a request ended.
type ApproveHow string

// The ways.
const (
	ApproveAllowed ApproveHow = "allowed"
	ApproveDenied  ApproveHow = "denied"
	ApproveOver    ApproveHow = "over" // it expired, was answered before, or is somebody else's
)

func (*ApproveEnd) template() string { return "approve/end" }

var (
	approveTitles = map[ApproveHow]Message{
		ApproveAllowed: "approve.allowed", ApproveDenied: "approve.denied", ApproveOver: "approve.over",
	}
	approveTexts = map[ApproveHow]Message{
		ApproveAllowed: "approve.allowed.text", ApproveDenied: "approve.denied.text", ApproveOver: "approve.over.text",
	}
)

// Heading says how it ended.
func (p *ApproveEnd) Heading() (string, error) { return p.T(approveTitles[p.how()]) }

// Sense says what that means.
func (p *ApproveEnd) Sense() (string, error) { return p.T(approveTexts[p.how()]) }

func (p *ApproveEnd) how() ApproveHow {
	if p.How == "" {
		return ApproveOver
	}
	return p.How
}

// WaitingApp is an app that waits for the person's approval.
type WaitingApp struct {
	App
	Asked time.Time
	URL   string // of the page that asks
}

// ApprovalAsked is what a letter tells of such a request.
type ApprovalAsked struct {
	App     string // empty: the app gave itself its name
	Domain  string
	Message string // empty: there is none, or it is a stranger's
	At      time.Time
	Until   time.Time
	URL     string
}

// NewApprovalAsked asks a person to look at the request of an app.
func NewApprovalAsked(f LetterFrame, about ApprovalAsked) *AccountLetter {
	l := &AccountLetter{
		LetterFrame: f, URL: about.URL,
		words: accountWords{"mail.approve.subject", "mail.approve.lead", "mail.approve.then", "mail.approve.button"},
	}
	for _, fact := range []LetterFact{
		{Name: "mail.approve.app", Value: about.App}, {Name: "mail.approve.domain", Value: about.Domain}, {Name: "mail.approve.message", Value: about.Message},
	} {
		if fact.Value != "" {
			l.Facts = append(l.Facts, fact)
		}
	}
	l.Facts = append(l.Facts, LetterFact{Name: "mail.sign_in.time", At: about.At}, LetterFact{Name: "mail.account.until", At: about.Until})
	return l
}
