// Package resource is about what tokens are for: the APIs that accept them
// (resource servers, RFC 8707), and the types of authorization details that say
// finely what a token allows (RFC 9396).
//
// It knows neither HTTP nor a store; the store it needs is the interface Store.
package resource

import (
	"context"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"signet/internal/fault"
)

// Server is an API that tokens can be made for. The json names are those of
// signet apply.
type Server struct {
	ID     string   `json:"id"`     // its identifier, as in the aud of tokens: an absolute URI (RFC 8707 §2)
	Name   string   `json:"name"`   // that people see
	Scopes []string `json:"scopes"` // that mean something to it

	// How access tokens for it are made; "" and 0: as the client and the house
	// have it.
	TokenFormat string `json:"access_token_format,omitempty"`
	TokenLife   int    `json:"access_token_lifetime,omitempty"` // seconds

	// Clients are the API's own: they may introspect tokens that are for it.
	Clients []string `json:"clients,omitempty"`

	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Life returns how long an access token for the API lives, given that of the
// house.
func (s *Server) Life(house time.Duration) time.Duration {
	if own := time.Duration(s.TokenLife) * time.Second; own > 0 && own < house {
		return own
	}
	return house
}

// Store keeps servers and types for good.
type Store interface {
	// Servers returns all servers, by id.
	Servers(ctx context.Context) ([]*Server, error)
	// PutServer makes or replaces the server.
	PutServer(ctx context.Context, s *Server, now time.Time) error
	// DeleteServer removes the server, or returns a fault of kind NotFound.
	DeleteServer(ctx context.Context, id string) error

	// Types returns all types of authorization details, by id.
	Types(ctx context.Context) ([]*Type, error)
	// PutType makes or replaces the type.
	PutType(ctx context.Context, t *Type, now time.Time) error
	// DeleteType removes the type, or returns a fault of kind NotFound.
	DeleteType(ctx context.Context, id string) error
}

// Bounds.
const (
	maxID    = 300
	maxName  = 200
	maxItems = 100
	// MaxServers is how many APIs can be registered: all are kept in memory.
	MaxServers = 1000
)

var scopeForm = regexp.MustCompile(`^[\x21\x23-\x5b\x5d-\x7e]{1,100}$`) // RFC 6749 §3.3

// ValidID says what is wrong with the identifier of an API; "" nothing (RFC 8707
// §2: absolute, without a fragment).
func ValidID(id string) string {
	u, err := url.Parse(id)
	switch {
	case err != nil || !u.IsAbs() || u.Host == "" && u.Opaque == "":
		return "is not an absolute URI"
	case strings.Contains(id, "#"):
		return "has a fragment"
	case len(id) > maxID || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '"' || r == '\\' }):
		return "is longer than 300 characters, or has some that no URI has"
	}
	return ""
}

// Check returns what is wrong with the server: a fault of kind Invalid that
// names its field, or several of them joined.
func (s *Server) Check() error {
	var wrong []error
	when := func(is bool, field, format string, args ...any) {
		if is {
			wrong = append(wrong, fault.New(fault.Invalid, format, args...).On(field))
		}
	}
	problem := ValidID(s.ID)
	when(problem != "", "id", "the identifier %q %s; write an address such as https://api.example.com", s.ID, problem)
	when(len(s.Name) > maxName || strings.ContainsFunc(s.Name, func(r rune) bool { return !unicode.IsPrint(r) }),
		"name", "the name has at most %d bytes, on one line, without invisible characters", maxName)
	for _, scope := range s.Scopes {
		when(!scopeForm.MatchString(scope), "scopes", "scope %q has a character that RFC 6749 §3.3 does not allow", scope)
		when(slices.Contains(House, scope), "scopes", "scope %q is the provider's own", scope)
	}
	when(len(s.Scopes) > maxItems || len(s.Clients) > maxItems, "scopes", "scopes and clients have at most %d members", maxItems)
	when(s.TokenFormat != "" && s.TokenFormat != "jwt" && s.TokenFormat != "opaque",
		"access_token_format", "access_token_format is jwt or opaque, not %q", s.TokenFormat)
	when(s.TokenLife < 0 || s.TokenLife > 86400, "access_token_lifetime", "access_token_lifetime is a number of seconds up to a day, not %d", s.TokenLife)
	if len(wrong) == 1 {
		return wrong[0]
	}
	return errors.Join(wrong...)
}

// House are all scopes whose meaning is the provider's, and not that of the apps:
// tokens for the provider itself can have them.
var House = slices.Concat(Personal, Managing, Operating)

// Personal are those that are about a person.
var Personal = []string{"openid", "profile", "email", "phone", "address", "organizations", "offline_access"}

// The scopes of the management API.
const (
	OrganizationsRead  = "organizations:read"
	OrganizationsWrite = "organizations:write"
	UsersRead          = "users:read"
	UsersWrite         = "users:write"
	ClientsRead        = "clients:read"
	ClientsWrite       = "clients:write"
)

// Operating are those that are the operator's: an app of the house has them of its
// own, and nobody can allow an app what they may not do themselves.
var Operating = []string{UsersRead, UsersWrite, ClientsRead, ClientsWrite}

// Managing are the others: a person allows an app to do what they may do
// themselves, and an app of the house has them of its own, as the operator.
var Managing = []string{OrganizationsRead, OrganizationsWrite}

// OfAPI are all of the management API.
var OfAPI = slices.Concat(Managing, Operating)

// Fill sets what was left out.
func (s *Server) Fill() {
	if s.Name == "" {
		s.Name = s.ID
	}
}
