package api

import (
	"context"
	"net/http"
	"time"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/org"
	"signet/internal/resource"
)

// User is an account, as far as the operator manages it: never a password, or
// what people say of themselves besides their name.
type User struct {
	ID            string         `json:"id" format:"uuid" doc:"The sub of its tokens, but of apps with pairwise subjects."`
	Email         string         `json:"email"`
	EmailVerified bool           `json:"email_verified"`
	Status        account.Status `json:"status" doc:"active, or why it cannot be used."`
	Name          string         `json:"name,omitempty"`
	Locale        string         `json:"locale,omitempty"`
	CreatedAt     time.Time      `json:"created_at"`
	UpdatedAt     time.Time      `json:"updated_at"`
}

func userOf(u *account.Account) User {
	return User{
		ID: u.ID, Email: u.Email, EmailVerified: u.EmailVerified, Status: u.Status, Name: u.DisplayName(), Locale: u.Profile.Locale,
		CreatedAt: u.CreatedAt.UTC(), UpdatedAt: u.UpdatedAt.UTC(),
	}
}

type (
	usersInput struct {
		PageInput
		Email string `query:"email" maxLength:"320" doc:"Only the account with this address."`
	}

	// InUser names the account that an operation is about.
	InUser struct {
		User string `path:"user" maxLength:"320" doc:"The id or the address of an account."`
	}

	userConnectionInput struct {
		InUser
		Connection string `path:"connection" maxLength:"100" doc:"The id of a connection."`
	}

	userOutput struct{ Body User }
)

// UserConnection is a provider at which somebody signs in.
type UserConnection struct {
	Connection string    `json:"connection" format:"uuid" doc:"The id of the connection."`
	Subject    string    `json:"subject" doc:"The person's name there, which stays the same."`
	Email      string    `json:"email,omitempty" doc:"The address that the provider told last."`
	CreatedAt  time.Time `json:"created_at"`
	LastSignIn time.Time `json:"last_sign_in"`
}

func userConnectionOf(i *org.Identity) UserConnection {
	return UserConnection{Connection: i.ConnectionID, Subject: i.Subject, Email: i.Email, CreatedAt: i.CreatedAt.UTC(), LastSignIn: i.LastSignIn.UTC()}
}

// users declares the operations on accounts.
func (a *API) users() {
	const list, one = "/users", "/users/{user}"
	declare(a, operation{
		id: "list-users", method: http.MethodGet, path: list, scope: resource.UsersRead, tag: tagUsers,
		summary: "List accounts", about: "By id, which is the order in which they were made. For the operator.",
	}, a.listUsers)
	declare(a, operation{
		id: "get-user", method: http.MethodGet, path: one, scope: resource.UsersRead, tag: tagUsers,
		summary: "Get an account", about: "For the operator.",
	}, a.getUser)
	declare(a, operation{
		id: "delete-user", method: http.MethodDelete, path: one, scope: resource.UsersWrite, tag: tagUsers,
		summary: "Erase an account",
		about:   "At once and for good, signed out everywhere. Organizations that nobody else belongs to are deleted; while others belong to one that nobody else owns, the account stays (409). For the operator.",
	}, a.deleteUser)
	declare(a, operation{
		id: "disable-user", method: http.MethodPost, path: one + "/disable", scope: resource.UsersWrite, tag: tagUsers,
		summary: "Keep an account from signing in",
		about:   "It is signed out everywhere. Access tokens that apps check by themselves stay good until they expire. For the operator.",
	}, a.disableUser)
	declare(a, operation{
		id: "enable-user", method: http.MethodPost, path: one + "/enable", scope: resource.UsersWrite, tag: tagUsers,
		summary: "Let an account sign in again", about: "For the operator.",
	}, a.enableUser)
	declare(a, operation{
		id: "sign-out-user", method: http.MethodPost, path: one + "/sign-out", scope: resource.UsersWrite, tag: tagUsers,
		summary: "Sign an account out everywhere",
		about:   "Its sessions and refresh tokens end, and apps are told. The person may sign in again. For the operator.",
	}, a.signOutUser)
	declare(a, operation{
		id: "list-user-connections", method: http.MethodGet, path: one + "/connections", scope: resource.UsersRead, tag: tagUsers,
		summary: "List the providers at which an account signs in", about: "All in one page. For the operator.",
	}, a.listUserConnections)
	declare(a, operation{
		id: "disconnect-user", method: http.MethodDelete, path: one + "/connections/{connection}", scope: resource.UsersWrite, tag: tagUsers,
		summary: "Disconnect an account from a provider",
		about:   "The person signs in otherwise, or connects it again. Sessions that are open stay until they end. For the operator.",
	}, a.disconnectUser)
}

func (a *API) listUsers(ctx context.Context, _ *call, in *usersInput) (*pageOutput[User], error) {
	read := func(after string, limit int) ([]*account.Account, error) { return a.Accounts.List(ctx, after, limit) }
	if in.Email != "" {
		read = func(string, int) ([]*account.Account, error) {
			u, err := a.Accounts.ByEmail(ctx, in.Email)
			if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) {
				return nil, nil
			}
			return []*account.Account{u}, err
		}
	}
	return paged(in.PageInput, read, userOf, func(u *account.Account) string { return u.ID })
}

func (a *API) getUser(ctx context.Context, _ *call, in *InUser) (*userOutput, error) {
	u, err := a.user(ctx, in.User)
	if err != nil {
		return nil, err
	}
	return &userOutput{userOf(u)}, nil
}
