package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"signet/internal/account"
	"signet/internal/fault"
)

func userCommand(p *Process) *cobra.Command {
	return group("user", "See and change people's accounts",
		"See and change people's accounts. USER is an e-mail address or the account's id,\nwhich is the subject that apps know.",
		userList(p), userShow(p), userCreate(p), userPassword(p),
		userConsents(p), userAction(p, disable), userAction(p, enable), userAction(p, signout), userDelete(p), userWaiting(p),
		userInvite(p), userInvitations(p))
}

// userView is an account as commands print it: never a password or its hash.
type userView struct {
	ID          string         `json:"id"`
	Email       string         `json:"email"`
	Verified    bool           `json:"email_verified"`
	Status      account.Status `json:"status"`
	HasPassword bool           `json:"has_password"`
	account.Profile
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

func viewOf(a *account.Account) userView {
	return userView{
		ID: a.ID, Email: a.Email, Verified: a.EmailVerified, Status: a.Status, HasPassword: a.PasswordHash != "",
		Profile: a.Profile, CreatedAt: stored(a.CreatedAt), UpdatedAt: stored(a.UpdatedAt),
	}
}

// stored is a time as the database gives it back.
func stored(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// user returns the account of an address or an id, or says how to find it.
func (h *house) user(ctx context.Context, who string) (*account.Account, error) {
	a, err := h.accounts.Find(ctx, who)
	return a, noUser(err, who)
}

func noUser(err error, who string) error {
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.NotFound, "no account has the address or id %q: signet user list shows all", who)
	}
	return err
}

type userPage struct {
	Users []userView `json:"users"`
	Next  string     `json:"next,omitempty"` // for --after; absent: that was all
}

func userList(p *Process) *cobra.Command {
	var f format
	var limit int
	var after string
	cmd := &cobra.Command{
		Use: "list", Short: "List accounts", Long: "List accounts, the oldest first, one page at a time.",
		Example: "  signet user list --limit 1000\n  signet user list -o json | jq -r '.users[].email'",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return usage("user list: --limit is 1 or more")
			}
			if after != "" && uuid.Validate(after) != nil {
				return usage("user list: --after is the id of an account, not %q", after)
			}
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				page, err := userPageOf(ctx, h, after, limit)
				if err != nil {
					return err
				}
				return f.print(p.Stdout, page, page.text)
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 100, "at most so `many`")
	cmd.Flags().StringVar(&after, "after", "", "only those after the account with the `id`")
	return f.flag(cmd)
}

func userPageOf(ctx context.Context, h *house, after string, limit int) (userPage, error) {
	page := userPage{Users: []userView{}}
	for {
		some, err := h.accounts.List(ctx, after, min(limit-len(page.Users)+1, pageSize)) // one more tells whether there are more
		if err != nil || len(some) == 0 {
			return page, err
		}
		for _, a := range some {
			if len(page.Users) == limit {
				page.Next = page.Users[limit-1].ID
				return page, nil
			}
			page.Users = append(page.Users, viewOf(a))
		}
		after = some[len(some)-1].ID
	}
}

func (page userPage) text(w io.Writer) error {
	var rows [][]string
	for _, u := range page.Users {
		name := strings.TrimSpace(u.GivenName + " " + u.FamilyName)
		if u.Name != "" {
			name = u.Name
		}
		rows = append(rows, []string{u.ID, u.Email, string(u.Status), yesNo(u.Verified), name})
	}
	err := table(w, []string{"ID", "E-MAIL", "STATUS", "VERIFIED", "NAME"}, rows)
	if page.Next != "" {
		_, more := fmt.Fprintf(w, "more: signet user list --after %s\n", page.Next)
		err = errors.Join(err, more)
	}
	return err
}

// userDetail is what user show prints.
type userDetail struct {
	userView
	Sessions int             `json:"sessions"` // that live
	Consents []consentOfUser `json:"consents"`
}

type consentOfUser struct {
	ClientID string   `json:"client_id"`
	Scopes   []string `json:"scopes"`
}

func userShow(p *Process) *cobra.Command {
	var f format
	cmd := &cobra.Command{
		Use: "show USER", Short: "Show an account", Long: "Show an account, how many sessions it has open, and which apps it allowed what.",
		Example: "  signet user show ada@example.com\n  signet user show 019e6f6a-6e53-7c39-9d0c-2f6f6a3b1c55 -o json",
		Args:    oneArg("user"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				a, err := h.user(ctx, args[0])
				if err != nil {
					return err
				}
				d, err := detailOf(ctx, h, a)
				if err != nil {
					return err
				}
				return f.print(p.Stdout, d, d.text)
			})
		},
	}
	return f.flag(cmd)
}

func detailOf(ctx context.Context, h *house, a *account.Account) (userDetail, error) {
	d := userDetail{userView: viewOf(a), Consents: []consentOfUser{}}
	sessions, err := h.sessions.Live(ctx, a.ID)
	if err != nil {
		return d, err
	}
	d.Sessions = len(sessions)
	consents, err := h.grants.Consents(ctx, a.ID)
	for _, c := range consents {
		d.Consents = append(d.Consents, consentOfUser{c.ClientID, c.Scopes})
	}
	return d, err
}

func (d userDetail) text(w io.Writer) error {
	pairs := [][2]string{
		{"id", d.ID}, {"e-mail", d.Email}, {"verified", yesNo(d.Verified)}, {"status", string(d.Status)},
		{"password", yesNo(d.HasPassword)}, {"name", d.Name}, {"given name", d.GivenName}, {"family name", d.FamilyName},
		{"born", d.Birthdate}, {"language", d.Locale}, {"created", moment(d.CreatedAt)}, {"changed", moment(d.UpdatedAt)},
		{"open sessions", fmt.Sprint(d.Sessions)},
	}
	for _, c := range d.Consents {
		pairs = append(pairs, [2]string{"allows " + c.ClientID, strings.Join(c.Scopes, " ")})
	}
	return properties(w, pairs)
}
