package api

import (
	"context"

	"signet/internal/account"
	"signet/internal/fault"
)

// user returns the account that has the id or the address.
func (a *API) user(ctx context.Context, who string) (*account.Account, error) {
	u, err := a.Accounts.Find(ctx, who)
	return u, noUser(err)
}

// noUser says how to find the right account.
func noUser(err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(fault.NotFound, err, "no account has this address or id: list-users shows all")
	}
	return err
}

// alterUser does something to the account, notes it, and shows the account as it is
// then.
func (a *API) alterUser(ctx context.Context, c *call, in *InUser, action string, do func(*account.Account) error) (*userOutput, error) {
	was, err := a.Accounts.Alter(ctx, in.User, do)
	if err != nil {
		return nil, noUser(err)
	}
	if err := a.record(ctx, c, action, was.ID); err != nil {
		return nil, err
	}
	is, err := a.Accounts.Get(ctx, was.ID)
	if err != nil {
		return nil, err
	}
	return &userOutput{userOf(is)}, nil
}

func (a *API) disableUser(ctx context.Context, c *call, in *InUser) (*userOutput, error) {
	return a.alterUser(ctx, c, in, "account.disable", func(u *account.Account) error {
		return a.Operator.ShutOut(ctx, u.ID, func() error { return a.Accounts.SetStatus(ctx, u, account.Disabled) })
	})
}

func (a *API) enableUser(ctx context.Context, c *call, in *InUser) (*userOutput, error) {
	return a.alterUser(ctx, c, in, "account.enable", func(u *account.Account) error {
		return a.Accounts.SetStatus(ctx, u, account.Active)
	})
}

func (a *API) signOutUser(ctx context.Context, c *call, in *InUser) (*userOutput, error) {
	return a.alterUser(ctx, c, in, "account.signout", func(u *account.Account) error { return a.Operator.SignOut(ctx, u.ID) })
}

func (a *API) deleteUser(ctx context.Context, c *call, in *InUser) (*struct{}, error) {
	u, err := a.user(ctx, in.User)
	if err != nil {
		return nil, err
	}
	gone, err := a.Operator.Erase(ctx, u)
	if err != nil {
		return nil, err
	}
	for _, o := range gone {
		if err := a.record(ctx, c, "organization.delete", o.ID); err != nil {
			return nil, err
		}
	}
	return nil, a.record(ctx, c, "account.delete", u.ID)
}

func (a *API) listUserConnections(ctx context.Context, _ *call, in *InUser) (*pageOutput[UserConnection], error) {
	u, err := a.user(ctx, in.User)
	if err != nil {
		return nil, err
	}
	all, err := a.Arrivals.Of(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	out := &pageOutput[UserConnection]{Page[UserConnection]{Items: []UserConnection{}}}
	for _, i := range all {
		out.Body.Items = append(out.Body.Items, userConnectionOf(i))
	}
	return out, nil
}

func (a *API) disconnectUser(ctx context.Context, c *call, in *userConnectionInput) (*struct{}, error) {
	u, err := a.user(ctx, in.User)
	if err != nil {
		return nil, err
	}
	gone, err := a.Arrivals.Unlink(ctx, in.Connection, u.ID)
	if err != nil {
		return nil, err
	}
	if !gone {
		return nil, fault.New(fault.NotFound, "this account does not sign in by that connection: list-user-connections shows those by which it does")
	}
	return nil, a.record(ctx, c, "account.disconnect", u.ID, "connection", in.Connection)
}
