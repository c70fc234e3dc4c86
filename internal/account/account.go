// Package account is about people: who they are, how they prove it, and what
// their account holds.
//
// It knows neither HTTP nor a store; the store it needs is the interface Store.
package account

import (
	"context"
	"strings"
	"time"
	"unicode"
)

// Status of an account.
type Status string

// An account waits until its address is proven, is active, is disabled by an
// operator, or is being closed by its owner: see Changes.
const (
	Waiting  Status = "waiting"
	Active   Status = "active"
	Disabled Status = "disabled"
	Closed   Status = "closing" // to be erased, unless it is kept
)

// Account is one person's account. ID is a UUIDv7 in its text form and is what
// relying apps get as the subject.
type Account struct {
	ID            string
	Email         string // as typed by its owner; mail goes here
	EmailKey      string // normalised, unique: see NormalizeEmail
	EmailVerified bool
	PasswordHash  string // PHC or MCF string; empty: no password is set
	Status        Status
	Profile       Profile
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// Profile holds the standard claims of OpenID Connect Core §5.1, under their
// own names. Empty: not known.
type Profile struct {
	Name              string   `json:"name,omitempty" yaml:"name,omitempty"`
	GivenName         string   `json:"given_name,omitempty" yaml:"given_name,omitempty"`
	FamilyName        string   `json:"family_name,omitempty" yaml:"family_name,omitempty"`
	MiddleName        string   `json:"middle_name,omitempty" yaml:"middle_name,omitempty"`
	Nickname          string   `json:"nickname,omitempty" yaml:"nickname,omitempty"`
	PreferredUsername string   `json:"preferred_username,omitempty" yaml:"preferred_username,omitempty"`
	ProfileURL        string   `json:"profile,omitempty" yaml:"profile,omitempty"`
	Picture           string   `json:"picture,omitempty" yaml:"picture,omitempty"`
	Website           string   `json:"website,omitempty" yaml:"website,omitempty"`
	Gender            string   `json:"gender,omitempty" yaml:"gender,omitempty"`
	Birthdate         string   `json:"birthdate,omitempty" yaml:"birthdate,omitempty"` // YYYY-MM-DD
	ZoneInfo          string   `json:"zoneinfo,omitempty" yaml:"zoneinfo,omitempty"`
	Locale            string   `json:"locale,omitempty" yaml:"locale,omitempty"`
	PhoneNumber       string   `json:"phone_number,omitempty" yaml:"phone_number,omitempty"`
	PhoneVerified     bool     `json:"phone_number_verified,omitempty" yaml:"phone_number_verified,omitempty"`
	Address           *Address `json:"address,omitempty" yaml:"address,omitempty"`

	// Localized holds claims in other languages and scripts, by names such as
	// family_name#ja-Kana-JP (§5.2): see LocalizedName.
	Localized map[string]string `json:"localized,omitempty" yaml:"-"`
}

// Address is the address claim (OpenID Connect Core §5.1.1).
type Address struct {
	Formatted     string `json:"formatted,omitempty" yaml:"formatted,omitempty"`
	StreetAddress string `json:"street_address,omitempty" yaml:"street_address,omitempty"`
	Locality      string `json:"locality,omitempty" yaml:"locality,omitempty"`
	Region        string `json:"region,omitempty" yaml:"region,omitempty"`
	PostalCode    string `json:"postal_code,omitempty" yaml:"postal_code,omitempty"`
	Country       string `json:"country,omitempty" yaml:"country,omitempty"`
}

// DisplayName is how the person is called: the name, else its parts in the order
// of the person's language, else the address.
func (a *Account) DisplayName() string {
	p := a.Profile
	language, _, _ := strings.Cut(p.Locale, "-")
	switch {
	case p.Name != "":
		return p.Name
	case p.GivenName != "" && p.FamilyName != "":
		switch language {
		case "zh":
			if inHan(p.FamilyName) && inHan(p.GivenName) {
				return p.FamilyName + p.GivenName
			}
			return p.FamilyName + " " + p.GivenName
		case "ja":
			return p.FamilyName + " " + p.GivenName
		}
		return p.GivenName + " " + p.FamilyName
	case p.GivenName+p.FamilyName != "":
		return p.GivenName + p.FamilyName
	default:
		return a.Email
	}
}

// inHan reports whether the name is written in Chinese characters alone.
func inHan(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool { return !unicode.Is(unicode.Han, r) })
}

// Store keeps accounts for good.
type Store interface {
	// Account returns the account by its id, or a fault of kind NotFound.
	Account(ctx context.Context, id string) (*Account, error)
	// AccountByEmailKey returns the account by its normalised address, or a
	// fault of kind NotFound.
	AccountByEmailKey(ctx context.Context, key string) (*Account, error)
	// Accounts returns up to limit accounts with an id greater than after.
	Accounts(ctx context.Context, after string, limit int) ([]*Account, error)
	// CreateAccount stores a new account; a fault of kind Conflict when the
	// EmailKey is taken.
	CreateAccount(ctx context.Context, a *Account) error
	// UpdateAccount replaces all but the id and the time of creation, if the
	// stored UpdatedAt is still prev; a fault of kind Conflict when not.
	UpdateAccount(ctx context.Context, a *Account, prev time.Time) error
	// SetPasswordHash replaces the hash if it is still old, and reports
	// whether it was. It is how a hash is renewed at sign-in.
	SetPasswordHash(ctx context.Context, id, old, hash string, now time.Time) (bool, error)
	// DeleteAccount erases the account with its consents and refresh-token
	// families, or returns a fault of kind NotFound. Organizations that nobody else
	// belongs to are deleted with it, to be erased at the time. A fault of kind
	// Conflict, and nothing is changed: it is the last owner of one that others
	// belong to.
	DeleteAccount(ctx context.Context, id string, organizationsAt, now time.Time) error
}
