package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"signet/internal/account"
	"signet/internal/fault"
)

type userFlags struct {
	format
	account              account.New
	noPassword, unproven bool
}

func userCreate(p *Process) *cobra.Command {
	var f userFlags
	cmd := &cobra.Command{
		Use: "create ADDRESS", Short: "Make an account",
		Long: "Make an account for the e-mail address. The password is asked for, or taken from\n" +
			"the first line of standard input.",
		Example: "  signet user create ada@example.com --given-name Ada --family-name Lovelace\n" +
			"  signet user create ada@example.com < password-file",
		Args: oneArg("address"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			f.account.Email, f.account.Verified = args[0], !f.unproven
			if !f.noPassword {
				if f.account.Password, err = readPassword(p); err != nil {
					return err
				}
			}
			return inHouse(p, cmd, func(ctx context.Context, h *house) error { return f.create(ctx, h, p) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.account.Profile.Name, "name", "", "full `name`, where it is not given name and family name")
	flags.StringVar(&f.account.Profile.GivenName, "given-name", "", "first `name`")
	flags.StringVar(&f.account.Profile.FamilyName, "family-name", "", "last `name`")
	flags.StringVar(&f.account.Profile.Locale, "locale", "", "`language`, such as en-GB")
	flags.BoolVar(&f.noPassword, "no-password", false, "without a password: nobody can sign in with it yet")
	flags.BoolVar(&f.unproven, "unverified", false, "the address is not known to be the person's")
	return f.flag(cmd)
}

func (f *userFlags) create(ctx context.Context, h *house, p *Process) error {
	if err := h.accounts.CheckNew(f.account); err != nil {
		return err
	}
	a, err := h.accounts.Create(ctx, f.account)
	if fault.Is(err, fault.Conflict) {
		return fault.New(fault.Conflict, "%s has an account already: see signet user show", f.account.Email)
	}
	if err != nil {
		return err
	}
	if err := h.record(ctx, "account.create", a.ID); err != nil {
		return err
	}
	if f.account.Password != "" {
		h.advise(p, a, f.account.Password)
	}
	d, err := detailOf(ctx, h, a)
	if err != nil {
		return err
	}
	return f.print(p.Stdout, d.userView, d.text)
}

func userPassword(p *Process) *cobra.Command {
	var keep bool
	cmd := &cobra.Command{
		Use: "password USER", Short: "Set an account's password",
		Long: "Set an account's password: it is asked for, or taken from the first line of\n" +
			"standard input. The person is signed out everywhere, because who needs a new\n" +
			"password may have lost the old one to somebody. The rule for the passwords that\n" +
			"people choose (password.policy) is not enforced; what it has against the password\n" +
			"is said.",
		Example: "  signet user password ada@example.com\n  signet user password ada@example.com < password-file",
		Args:    oneArg("user"),
		RunE: func(cmd *cobra.Command, args []string) error {
			password, err := readPassword(p)
			if err != nil {
				return err
			}
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				return h.change(ctx, p, args[0], "account.password", "password set", func(a *account.Account) error {
					set := func() error { return h.accounts.SetPassword(ctx, a, password) }
					change := set
					if !keep {
						change = func() error { return h.shutOut(ctx, a.ID, set) }
					}
					if err := change(); err != nil {
						return err
					}
					h.advise(p, a, password)
					return nil
				})
			})
		},
	}
	cmd.Flags().BoolVar(&keep, "keep-sessions", false, "do not sign the person out")
	return cmd
}

// change does something to an account, notes it, and says so.
func (h *house) change(ctx context.Context, p *Process, who, action, done string, do func(*account.Account) error) error {
	a, err := h.accounts.Alter(ctx, who, do)
	if err != nil {
		return noUser(err, who)
	}
	if err := h.record(ctx, action, a.ID); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.Stdout, "%s: %s\n", printable(a.Email), done)
	return err
}

// deed is a command that does one thing to one account, without a flag.
type deed struct {
	name, short, long, action, done string
	do                              func(context.Context, *house, *account.Account) error
}

var disable = deed{
	name: "disable", short: "Keep an account from signing in",
	long:   "Keep an account from signing in, and end its sessions and refresh tokens. Access\ntokens that apps check by themselves stay good until they expire.",
	action: "account.disable", done: "disabled, and signed out everywhere",
	do: func(ctx context.Context, h *house, a *account.Account) error {
		return h.shutOut(ctx, a.ID, func() error { return h.accounts.SetStatus(ctx, a, account.Disabled) })
	},
}

var enable = deed{
	name: "enable", short: "Let a disabled account sign in again", long: "Let a disabled account sign in again.",
	action: "account.enable", done: "enabled",
	do: func(ctx context.Context, h *house, a *account.Account) error {
		return h.accounts.SetStatus(ctx, a, account.Active)
	},
}

var signout = deed{
	name: "signout", short: "Sign an account out everywhere",
	long:   "End all sessions and refresh tokens of an account. The person may sign in again.",
	action: "account.signout", done: "signed out everywhere",
	do: func(ctx context.Context, h *house, a *account.Account) error { return h.signOut(ctx, a.ID) },
}

func userAction(p *Process, d deed) *cobra.Command {
	return &cobra.Command{
		Use: d.name + " USER", Short: d.short, Long: d.long,
		Example: "  signet user " + d.name + " ada@example.com",
		Args:    oneArg("user"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				return h.change(ctx, p, args[0], d.action, d.done, func(a *account.Account) error { return d.do(ctx, h, a) })
			})
		},
	}
}

func userDelete(p *Process) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "delete USER --yes", Short: "Erase an account",
		Long: "Erase an account with its consents, sessions and refresh tokens. The address can\n" +
			"make a new account, which apps will not take for the old one. It cannot be undone,\nhence --yes. " +
			"Organizations that nobody else belongs to are deleted; while others belong to\n" +
			"one that nobody else owns, the account stays.",
		Example: "  signet user delete ada@example.com --yes",
		Args:    oneArg("user"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !yes {
				return usage("user delete: the account of %s is erased for good; add --yes if that is meant", args[0])
			}
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				return h.change(ctx, p, args[0], "account.delete", "deleted", func(a *account.Account) error {
					gone, err := h.erase(ctx, a)
					if fault.Is(err, fault.Conflict) {
						return fault.Wrap(fault.Conflict, err, "%s: signet org member ORG USER --role owner, or signet org delete ORG", fault.Public(err))
					}
					for _, o := range gone {
						err = errors.Join(err, h.record(ctx, "organization.delete", o.ID))
					}
					return err
				})
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do it")
	return cmd
}
