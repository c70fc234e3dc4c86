package view

import "time"

// What has just been done on the account pages.
const (
	NoticeSessionEnded  Message = "notice.session_ended"
	NoticeAccessRemoved Message = "notice.access_removed"
	NoticeProfileSaved  Message = "notice.profile_saved"
	NoticeWelcome       Message = "notice.welcome" // the demo's first visit
)

// AccountFrame is what the pages of an account have around their own content.
type AccountFrame struct {
	Frame
	Sections []AccountSection
	Back     *Link // to the app from which the person came here; nil: from none
}

// AccountSection is a page of the account, as the list of them names it.
type AccountSection struct {
	Label   Message
	URL     string
	Current bool
}

// The labels of the pages.
const (
	SectionHome     Message = "account.overview"
	SectionProfile  Message = "account.you"
	SectionEmail    Message = "account.email"
	SectionPassword Message = "password.label"
	SectionOrgs     Message = "orgs.title"
	SectionData     Message = "data.title"
	SectionClose    Message = "close.title"
)

// Account is the home of an account: who it is, which apps may see it, and
// where it is signed in.
type Account struct {
	AccountFrame
	Person   Person
	Verified bool // the address is proven
	Born     string
	Language Locale // of mails; the zero Locale: none was chosen
	News     bool   // the person agreed to be sent news
	Waiting  []WaitingApp
	Apps     []ConnectedApp
	Sessions []Session
	// Providers are those at which a sign-in opens the account; none: that is not
	// spoken of.
	Providers []Provider

	ProfileURL       string
	RevokeAction     string // posts the field "client_id"
	EndAction        string // posts the field "session"
	SignOutAction    string // ends this session
	EverywhereAction string // ends all of them; empty: not offered
}

func (*Account) template() string { return "account/home" }

// BornOn is the date of birth in the page's language: a day, in every time zone.
func (p *Account) BornOn() (Moment, error) {
	born, err := time.Parse(time.DateOnly, p.Born)
	if err != nil || born.Year() == 0 {
		return Moment{Text: p.Born}, nil // an operator may have declared a year alone, or none
	}
	m, err := p.Date(born)
	m.Machine = p.Born
	return m, err
}

// ConnectedApp is an app that the person let in.
type ConnectedApp struct {
	App
	Grants   []Grant
	Since    time.Time // zero: not known
	StartURL string    // where it begins a sign-in; empty: nowhere
}

// Session is one signed-in browser.
type Session struct {
	ID       string // value of the field "session"
	Browser  string // "Firefox"; empty: not known
	System   string // "Windows"; empty: not known
	Place    string // network address, or where it is
	SignedIn time.Time
	LastUsed time.Time
	Current  bool
}

// Device is what a session's browser is called.
func (p *Account) Device(s Session) (string, error) {
	return p.NameOf(Device{Browser: s.Browser, System: s.System})
}
