package view

import "time"

// What has just been done on the account page.
const (
	NoticeSessionEnded  Message = "notice.session_ended"
	NoticeAccessRemoved Message = "notice.access_removed"
	NoticeWelcome       Message = "notice.welcome" // the demo's first visit
)

// Account is the home of an account: who it is, which apps may see it, and
// where it is signed in.
type Account struct {
	Frame
	Person   Person
	Verified bool // the address is proven
	Apps     []ConnectedApp
	Sessions []Session

	RevokeAction     string // posts the field "client_id"
	EndAction        string // posts the field "session"
	SignOutAction    string // ends this session
	EverywhereAction string // ends all of them; empty: not offered
}

func (*Account) template() string { return "account/home" }

// ConnectedApp is an app that the person let in.
type ConnectedApp struct {
	App
	Grants []Grant
	Since  time.Time // zero: not known
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
