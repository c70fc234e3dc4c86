package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/org"
)

func orgCommand(p *Process) *cobra.Command {
	return group("org", "See and change organizations and their members",
		"See and change organizations. ORG is an organization's id or its slug, USER an\n"+
			"e-mail address or an account's id, and a role is owner, admin or viewer.",
		orgList(p), orgShow(p), orgCreate(p), orgRename(p), orgMember(p), orgRemove(p), orgInvite(p), orgInvitations(p), orgDomain(p), orgConnection(p), orgDelete(p), orgRestore(p))
}

// orgView is an organization as commands print it.
type orgView struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Slug      string     `json:"slug,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
	EraseAt   *time.Time `json:"erase_at,omitempty"` // it was deleted
}

func orgViewOf(o *org.Organization) orgView {
	v := orgView{ID: o.ID, Name: o.Name, Slug: o.Slug, CreatedAt: stored(o.CreatedAt), UpdatedAt: stored(o.UpdatedAt)}
	if o.Deleted() {
		at := stored(o.EraseAt)
		v.EraseAt = &at
	}
	return v
}

func (v orgView) state() string {
	if v.EraseAt != nil {
		return "deleted, erased " + moment(*v.EraseAt)
	}
	return "active"
}

// org returns the organization of an id or a slug, or says how to find it.
func (h *house) org(ctx context.Context, which string) (*org.Organization, error) {
	o, err := h.orgs.Get(ctx, which)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.New(fault.NotFound, "no organization has the id or slug %q: signet org list shows all", which)
	}
	return o, err
}

type orgPage struct {
	Organizations []orgView `json:"organizations"`
	Next          string    `json:"next,omitempty"` // for --after; absent: that was all
}

func orgList(p *Process) *cobra.Command {
	var f format
	var limit int
	var after string
	cmd := &cobra.Command{
		Use: "list", Short: "List organizations", Long: "List organizations, the oldest first, one page at a time.",
		Example: "  signet org list --limit 1000\n  signet org list -o json | jq -r '.organizations[].name'",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return usage("org list: --limit is 1 or more")
			}
			if after != "" && uuid.Validate(after) != nil {
				return usage("org list: --after is the id of an organization, not %q", after)
			}
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				some, err := h.orgs.List(ctx, after, limit+1) // one more tells whether there are more
				if err != nil {
					return err
				}
				page := orgPage{Organizations: []orgView{}}
				for i, o := range some {
					if i == limit {
						page.Next = some[limit-1].ID
						break
					}
					page.Organizations = append(page.Organizations, orgViewOf(o))
				}
				return f.print(p.Stdout, page, page.text)
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 100, "at most so `many`")
	cmd.Flags().StringVar(&after, "after", "", "only those after the organization with the `id`")
	return f.flag(cmd)
}

func (page orgPage) text(w io.Writer) error {
	var rows [][]string
	for _, o := range page.Organizations {
		rows = append(rows, []string{o.ID, o.Slug, o.state(), o.Name})
	}
	err := table(w, []string{"ID", "SLUG", "STATE", "NAME"}, rows)
	if page.Next != "" {
		_, more := fmt.Fprintf(w, "more: signet org list --after %s\n", page.Next)
		err = errors.Join(err, more)
	}
	return err
}

// orgDetail is what org show prints.
type orgDetail struct {
	orgView
	Members []memberView `json:"members"`
}

type memberView struct {
	AccountID string    `json:"account_id"`
	Email     string    `json:"email"`
	Name      string    `json:"name"`
	Role      org.Role  `json:"role"`
	JoinedAt  time.Time `json:"joined_at"`
}

func (h *house) orgDetail(ctx context.Context, o *org.Organization) (*orgDetail, error) {
	d := &orgDetail{orgView: orgViewOf(o), Members: []memberView{}}
	for after := ""; ; after = d.Members[len(d.Members)-1].AccountID {
		some, err := h.orgs.Members(ctx, o.ID, after, pageSize)
		if err != nil {
			return nil, err
		}
		for _, m := range some {
			d.Members = append(d.Members, memberView{m.AccountID, m.Email, m.Name, m.Role, stored(m.JoinedAt)})
		}
		if len(some) < pageSize {
			return d, nil
		}
	}
}

func (d *orgDetail) text(w io.Writer) error {
	err := properties(w, [][2]string{
		{"ID", d.ID}, {"name", d.Name}, {"slug", d.Slug}, {"state", d.state()}, {"created", moment(d.CreatedAt)}, {"changed", moment(d.UpdatedAt)},
	})
	var rows [][]string
	for _, m := range d.Members {
		rows = append(rows, []string{m.AccountID, m.Email, string(m.Role), moment(m.JoinedAt), m.Name})
	}
	_, line := fmt.Fprintln(w)
	return errors.Join(err, line, table(w, []string{"MEMBER", "E-MAIL", "ROLE", "SINCE", "NAME"}, rows))
}

func orgShow(p *Process) *cobra.Command {
	var f format
	cmd := &cobra.Command{
		Use: "show ORG", Short: "Show an organization and its members", Long: "Show an organization and its members.",
		Example: "  signet org show engines\n  signet org show engines -o json | jq -r '.members[] | select(.role == \"owner\") | .email'",
		Args:    oneArg("organization"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				o, err := h.org(ctx, args[0])
				if err != nil {
					return err
				}
				d, err := h.orgDetail(ctx, o)
				if err != nil {
					return err
				}
				return f.print(p.Stdout, d, d.text)
			})
		},
	}
	return f.flag(cmd)
}

func orgCreate(p *Process) *cobra.Command {
	var f format
	var owner, slug string
	cmd := &cobra.Command{
		Use: "create NAME --owner USER", Short: "Make an organization",
		Long: "Make an organization with its first owner. The slug is a short name that is one\n" +
			"organization's alone, by which commands and apps can ask for it.",
		Example: "  signet org create 'Analytical Engines' --owner ada@example.com --slug engines",
		Args:    oneArg("name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if owner == "" {
				return usage("org create: whose is it? add --owner with an e-mail address or an account's id")
			}
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				a, err := h.user(ctx, owner)
				if err != nil {
					return err
				}
				o, err := h.orgs.Create(ctx, args[0], slug, a.ID, org.Operator)
				if err != nil {
					return err
				}
				if err := h.record(ctx, "organization.create", o.ID, "owner", a.ID); err != nil {
					return err
				}
				d, err := h.orgDetail(ctx, o)
				if err != nil {
					return err
				}
				return f.print(p.Stdout, d, d.text)
			})
		},
	}
	cmd.Flags().StringVar(&owner, "owner", "", "the first owner, a `user`")
	cmd.Flags().StringVar(&slug, "slug", "", "short `name`: small letters, digits and hyphens")
	return f.flag(cmd)
}

// orgDeed does something to an organization, notes it, and says so.
func (h *house) orgDeed(ctx context.Context, p *Process, which, action, done string, do func(*org.Organization) error, detail ...string) error {
	o, err := h.org(ctx, which)
	if err != nil {
		return err
	}
	if err := do(o); err != nil {
		return err
	}
	if err := h.record(ctx, action, o.ID, detail...); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.Stdout, "%s: %s\n", printable(o.Name), done)
	return err
}

func orgRename(p *Process) *cobra.Command {
	var slug string
	cmd := &cobra.Command{
		Use: "rename ORG [NAME]", Short: "Give an organization another name or slug",
		Long:    "Give an organization another name, or another slug. An empty slug takes it away.",
		Example: "  signet org rename engines 'Difference Engines'\n  signet org rename engines --slug difference",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && !cmd.Flags().Changed("slug") {
				return usage("org rename: to what? add a name, or --slug")
			}
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				return h.orgDeed(ctx, p, args[0], "organization.rename", "renamed", func(o *org.Organization) error {
					if len(args) == 2 {
						if _, err := h.orgs.Rename(ctx, o.ID, args[1], org.Operator); err != nil {
							return err
						}
					}
					if !cmd.Flags().Changed("slug") {
						return nil
					}
					_, err := h.orgs.SetSlug(ctx, o.ID, slug)
					return err
				})
			})
		},
	}
	cmd.Flags().StringVar(&slug, "slug", "", "short `name`: small letters, digits and hyphens")
	return cmd
}

// memberDeed is a command about one member of one organization.
func memberDeed(cmd *cobra.Command, p *Process, action, done string, do func(context.Context, *house, *org.Organization, *account.Account) error) *cobra.Command {
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) != 2 {
			return usage("%s takes an organization and a user: see %s --help", cmd.CommandPath(), cmd.CommandPath())
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return inHouse(p, cmd, func(ctx context.Context, h *house) error {
			a, err := h.user(ctx, args[1])
			if err != nil {
				return err
			}
			return h.orgDeed(ctx, p, args[0], action, printable(a.Email)+" "+done, func(o *org.Organization) error { return do(ctx, h, o, a) }, "account", a.ID)
		})
	}
	return cmd
}

func orgMember(p *Process) *cobra.Command {
	role := string(org.Viewer)
	cmd := memberDeed(&cobra.Command{
		Use: "member ORG USER", Short: "Make somebody a member, or give a member another role",
		Long:    "Make somebody a member of an organization without an invitation, or give a member\nanother role. The last owner stays one.",
		Example: "  signet org member engines bob@example.com\n  signet org member engines bob@example.com --role admin",
	}, p, "organization.member", "is a member", func(ctx context.Context, h *house, o *org.Organization, a *account.Account) error {
		return h.orgs.Put(ctx, o.ID, a.ID, org.Role(role))
	})
	cmd.Flags().StringVar(&role, "role", role, "`owner|admin|viewer`")
	return cmd
}

func orgRemove(p *Process) *cobra.Command {
	return memberDeed(&cobra.Command{
		Use: "remove ORG USER", Short: "Take a member out of an organization",
		Long:    "Take a member out of an organization. The account stays. The last owner stays, too.",
		Example: "  signet org remove engines bob@example.com",
	}, p, "organization.remove", "is no member any more", func(ctx context.Context, h *house, o *org.Organization, a *account.Account) error {
		return h.orgs.Remove(ctx, o.ID, a.ID, org.Operator)
	})
}

func orgDelete(p *Process) *cobra.Command {
	return &cobra.Command{
		Use: "delete ORG", Short: "Delete an organization",
		Long:    "Delete an organization. Nobody is its member from now on, and it is erased after\norganizations.grace; until then signet org restore and its owners bring it back.",
		Example: "  signet org delete engines",
		Args:    oneArg("organization"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				return h.orgDeed(ctx, p, args[0], "organization.delete", "deleted", func(o *org.Organization) error {
					_, err := h.orgs.Delete(ctx, o.ID, org.Operator)
					return err
				})
			})
		},
	}
}

func orgRestore(p *Process) *cobra.Command {
	return &cobra.Command{
		Use: "restore ORG", Short: "Bring a deleted organization back", Long: "Bring a deleted organization back, with the members it had.",
		Example: "  signet org restore engines",
		Args:    oneArg("organization"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				return h.orgDeed(ctx, p, args[0], "organization.restore", "restored", func(o *org.Organization) error {
					_, err := h.orgs.Restore(ctx, o.ID, org.Operator)
					return err
				})
			})
		},
	}
}
