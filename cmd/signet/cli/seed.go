package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"signet/internal/account"
	sqlstore "signet/internal/store/sql"
)

type seedFlags struct {
	accounts        int
	email, password string
	yes             bool
}

func seedCommand(p *Process) *cobra.Command {
	var f seedFlags
	cmd := &cobra.Command{
		Use:   "seed --accounts N",
		Short: "Make accounts for load tests",
		Long: `Make accounts for load tests: user1@example.com, user2@example.com, and so on,
verified, all with the same password. Those that exist already stay as they are.

It is refused where the issuer is not loopback, because whoever knows the
password could sign in: --yes does it all the same.`,
		Example: `  signet seed --accounts 1000000
  signet seed --accounts 1000 --email load@example.com --password correct-Horse-9`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.accounts < 1 {
				return usage("seed: how many? say it with --accounts, such as --accounts 1000")
			}
			return inHouse(p, cmd, func(ctx context.Context, h *house) error { return f.run(ctx, h, p) })
		},
	}
	cmd.Flags().IntVar(&f.accounts, "accounts", 0, "`number` of accounts")
	cmd.Flags().StringVar(&f.email, "email", "user@example.com", "`address` that each gets, with its number before the @")
	cmd.Flags().StringVar(&f.password, "password", "correct-Horse-9", "`password` of all of them")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "also where the issuer is not loopback")
	return cmd
}

func (f seedFlags) run(ctx context.Context, h *house, p *Process) error {
	if !h.loopback() && !f.yes {
		return fmt.Errorf("seed: the issuer is %s, and accounts with a known password would be open to everybody there; add --yes if that is meant", h.cfg.Issuer)
	}
	template, err := f.template(ctx, h)
	if err != nil {
		return err
	}
	began, told := time.Now(), time.Now()
	err = h.db.SeedAccounts(ctx, f.accounts, template, func(done int) {
		if time.Since(told) >= time.Second {
			told = time.Now()
			fmt.Fprintf(p.Stderr, "%d of %d\n", done, f.accounts)
		}
	})
	if err != nil {
		return err
	}
	if err := h.record(ctx, "account.seed", "", "accounts", fmt.Sprint(f.accounts)); err != nil {
		return err
	}
	took := time.Since(began)
	_, err = fmt.Fprintf(p.Stdout, "%d accounts, %s to %s, in %s (%.0f a second)\n", f.accounts,
		sqlstore.SeedAddress(template.Email, 1), sqlstore.SeedAddress(template.Email, f.accounts),
		took.Round(time.Millisecond), float64(f.accounts)/took.Seconds())
	return err
}

// template is the account that all are copies of: the password is hashed once.
func (f seedFlags) template(ctx context.Context, h *house) (account.Account, error) {
	address, key, err := account.NormalizeEmail(f.email)
	if err != nil {
		return account.Account{}, usage("seed: --email %q is not an address such as user@example.com", f.email)
	}
	hash, err := h.hasher.Hash(ctx, f.password)
	if err != nil {
		return account.Account{}, err
	}
	now := time.Now()
	return account.Account{
		Email: address, EmailKey: key, EmailVerified: true, PasswordHash: hash, Status: account.Active,
		Profile: account.Profile{GivenName: "Load", FamilyName: "Test"}, CreatedAt: now, UpdatedAt: now,
	}, nil
}
