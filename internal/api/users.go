package api

import (
	"context"
	"net/http"
	"time"

	"signet/internal/account"
	"signet/internal/fault"
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

	userInput struct {
		User string `path:"user" maxLength:"100" doc:"The id of an account."`
	}

	userOutput struct{ Body User }
)

// users declares the operations on accounts.
func (a *API) users() {
	declare(a, operation{
		id: "list-users", method: http.MethodGet, path: "/users", scope: resource.UsersRead, tag: tagUsers,
		summary: "List accounts", about: "By id, which is the order in which they were made. For the operator.",
	}, a.listUsers)
	declare(a, operation{
		id: "get-user", method: http.MethodGet, path: "/users/{user}", scope: resource.UsersRead, tag: tagUsers,
		summary: "Get an account", about: "For the operator.",
	}, a.getUser)
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

func (a *API) getUser(ctx context.Context, _ *call, in *userInput) (*userOutput, error) {
	u, err := a.Accounts.Get(ctx, in.User)
	if err != nil {
		return nil, err
	}
	return &userOutput{userOf(u)}, nil
}
