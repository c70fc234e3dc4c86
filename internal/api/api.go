// Package api is the management API: what people do on pages, and operators with
// commands, for programs. Its description (OpenAPI 3.1) is made of the same
// declarations that the routes are: each operation says its scope once.
//
// Who calls presents an access token that was issued here. A person's acts with
// what that person may do; the own token of an app of the house acts as the
// operator, each as far as its scopes go. The package knows no store, no page and
// no protocol: Tokens is what it needs of the latter.
package api

//go:generate go run ./internal/refgen

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"signet/internal/account"
	"signet/internal/audit"
	"signet/internal/client"
	"signet/internal/grant"
	"signet/internal/httpd"
	"signet/internal/org"
	"signet/internal/repeat"
)

// Prefix is the path that all operations share, below the issuer.
const Prefix = "/api/v1"

// PathDocument is where the description of the API is.
const PathDocument = Prefix + "/openapi.json"

// Tokens says what access tokens are worth.
type Tokens interface {
	// Access returns what the access token of the request stands for, if it is good
	// for the house itself and used by who has its key. Where it is not, how one is
	// asked for is in the header of the answer.
	Access(w http.ResponseWriter, r *http.Request) (*grant.Access, error)
}

// Gate counts a call of the caller; a fault of kind Limited when there were too
// many, with how long to wait.
type Gate func(ctx context.Context, by *grant.Access, ip string) (wait time.Duration, err error)

// Letter writes the letter of an invitation in the language, a BCP 47 tag, or in
// that of the house.
type Letter func(ctx context.Context, language string) org.ComposeInvitation

// Checker says what is wrong with the settings of a connection that a program gives.
type Checker interface {
	Check(c *org.Connection, secrets org.Secrets) error
}

// Operator is what who runs the house does to an account and to what hangs on it.
type Operator interface {
	// SignOut ends what the account has open: sessions, and what apps may do while
	// the person is away.
	SignOut(ctx context.Context, accountID string) error
	// ShutOut makes a change after which nobody is signed in to the account.
	ShutOut(ctx context.Context, accountID string, change func() error) error
	// Erase erases the account, and returns the organizations that were deleted with
	// it because nobody else belongs to them. A fault of kind Conflict: it is the last
	// owner of one that others belong to.
	Erase(ctx context.Context, a *account.Account) ([]*org.Sole, error)
}

// Services are the parts of the house that the API works with.
type Services struct {
	Issuer        string
	Tokens        Tokens
	Gate          Gate
	Accounts      *account.Service
	Operator      Operator // of accounts
	Arrivals      *org.Arrivals
	Clients       *client.Registry
	Organizations *org.Service
	Invitations   *org.Invitations
	Letter        Letter // of invitations
	Domains       *org.Domains
	Connections   *org.Connections
	Settings      Checker // of connections
	Repeats       *repeat.Service
	Audit         audit.Store
	Now           func() time.Time
}

// API answers programs that manage the house.
type API struct {
	Services
	huma   huma.API
	cross  *httpd.Cross
	routes []httpd.Route
}

// New returns the API.
func New(s Services) *API {
	a := &API{Services: s, cross: newCross(s.Clients.KnowsOrigin)}
	a.huma = huma.NewAPI(a.description(), adapter{a})
	a.organizations()
	a.members()
	a.invitations()
	a.domains()
	a.connections()
	a.users()
	a.clients()
	a.describe()
	a.elsewhere()
	return a
}

// Routes are those of the operations, that of the description, and those of all
// other addresses that are for programs.
func (a *API) Routes() []httpd.Route { return a.routes }
