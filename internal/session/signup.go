package session

import "time"

// SignUp is what was given on the pages of a sign-up that is under way, so that
// no page trusts a form for what another one asked, and none asks twice.
type SignUp struct {
	ID           string `json:"id,omitempty"`   // of the account that is to wait; "": none was made yet
	Kept         bool   `json:"kept,omitempty"` // it was; false: it may be there, or a node died over it
	Email        string `json:"email,omitempty"`
	Invitation   string `json:"invitation,omitempty"`    // by whose link somebody makes the account; "": by none
	Handed       bool   `json:"handed,omitempty"`        // that link did not come by mail, and proves no address
	PasswordHash string `json:"password_hash,omitempty"` // of the password nothing else is kept
	News         *News  `json:"news,omitempty"`          // nil: not wanted
	GivenName    string `json:"given_name,omitempty"`
	FamilyName   string `json:"family_name,omitempty"`
	Birthdate    string `json:"birthdate,omitempty"` // YYYY-MM-DD
}

// News is a wish to be sent news, as it was expressed.
type News struct {
	Wording  string    `json:"wording"`
	Version  string    `json:"version"`
	Language string    `json:"language"`
	At       time.Time `json:"at"`
}
