package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"signet/internal/fault"
	"signet/internal/org"
	"signet/internal/web"
	"signet/internal/web/view"
)

// inviting are pages that nobody visits, which know how letters are written in the
// language, or that of the house where there is none; see invitationLetter.
func (h *house) inviting(language string) (*web.Web, view.Locale, error) {
	renderer, err := h.renderer()
	if err != nil {
		return nil, view.Locale{}, err
	}
	loc := renderer.Languages().Negotiate("", "", "")
	if language != "" {
		var known bool
		if loc, known = renderer.Languages().Of(language); !known {
			return nil, loc, usage("--language: %q is not offered here", language)
		}
	}
	return web.New(h.basePath(), web.Services{
		View: renderer, Letters: web.Letters{Send: !h.cfg.SMTP.URL.IsZero(), Home: h.cfg.Issuer}, Organizations: h.orgs, Accounts: h.accounts, Now: time.Now,
	}), loc, nil
}

// reportView is the verdict on one address as commands print it.
type reportView struct {
	Address    string      `json:"address"`
	Verdict    org.Verdict `json:"verdict"`
	Invitation string      `json:"invitation,omitempty"` // its id
	Link       string      `json:"link,omitempty"`       // to hand over, where no mail is sent
}

type reportPage struct {
	Reports []reportView `json:"reports"`
}

func (page reportPage) text(w io.Writer) error {
	var rows [][]string
	for _, r := range page.Reports {
		rows = append(rows, []string{r.Address, string(r.Verdict), r.Invitation})
	}
	err := table(w, []string{"ADDRESS", "VERDICT", "INVITATION"}, rows)
	for _, r := range page.Reports {
		if r.Link != "" {
			_, line := fmt.Fprintf(w, "\nfor %s:\n%s\n", printable(r.Address), r.Link)
			err = errors.Join(err, line)
		}
	}
	return err
}

// handOver is told with links that no letter holds.
const handOver = "signet: no mail server is set (smtp.url): hand each link over to its person; it is not shown again, and proves nobody the address"

// inviteFlags are those of the two commands that invite.
type inviteFlags struct {
	format
	role, app, language string
}

func (f *inviteFlags) add(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().StringVar(&f.app, "app", "", "the app that they end in, by its client `id`; it needs an initiate_login_uri")
	cmd.Flags().StringVar(&f.language, "language", "", "`tag` of the letter's language")
	return f.flag(cmd)
}

// invite invites the addresses and prints what became of each.
func (h *house) invite(ctx context.Context, p *Process, f *inviteFlags, wish org.Wish, list []string) error {
	if f.app != "" {
		c, err := h.clients.Get(ctx, f.app)
		if err != nil {
			return err
		}
		if c.Start(h.cfg.Issuer) == "" {
			return fault.New(fault.Invalid, "people cannot end in %s: it has no initiate_login_uri", f.app)
		}
		wish.ClientID = c.ID
	}
	pages, loc, err := h.inviting(f.language)
	if err != nil {
		return err
	}
	reports, err := h.invites.Invite(ctx, org.Operator, wish, list, pages.InvitationLetter(ctx, loc))
	page, sent := reportPage{Reports: []reportView{}}, 0
	for _, r := range reports {
		v := reportView{Address: r.Address, Verdict: r.Verdict}
		if r.Invitation != nil {
			sent++
			v.Invitation = r.Invitation.ID
			if r.Verdict == org.Handed {
				v.Link = pages.InvitationURL(r.Invitation.Link)
			}
			err = errors.Join(err, h.record(ctx, "invitation.send", wish.OrgID, "invitation", v.Invitation, "role", string(wish.Role)))
		}
		page.Reports = append(page.Reports, v)
	}
	if err := errors.Join(err, f.print(p.Stdout, page, page.text)); err != nil {
		return err
	}
	if sent > 0 && h.cfg.SMTP.URL.IsZero() {
		fmt.Fprintln(p.Stderr, handOver)
	}
	if sent < len(list) {
		return fault.New(fault.Conflict, "%d of %d were not invited", len(list)-sent, len(list))
	}
	return nil
}

// addresses are those of the arguments or, for "-", of a list on the standard
// input, as people paste it.
func addresses(p *Process, args []string) ([]string, error) {
	const most, size = 1000, 1 << 20
	if len(args) != 1 || args[0] != "-" {
		return args, nil
	}
	pasted, err := io.ReadAll(io.LimitReader(p.Stdin, size))
	if err != nil {
		return nil, err
	}
	list, more := org.Addresses(string(pasted), most)
	switch {
	case more:
		return nil, usage("the list has more than %d addresses: invite them in parts", most)
	case len(list) == 0:
		return nil, usage("the list has no address")
	}
	return list, nil
}

func orgInvite(p *Process) *cobra.Command {
	f := inviteFlags{role: string(org.Viewer)}
	cmd := &cobra.Command{
		Use: "invite ORG ADDRESS...", Short: "Invite people into an organization",
		Long: "Write to people who are to join an organization. Who has no account makes one on the\n" +
			"way, whoever may sign up otherwise. Where no mail server is set (smtp.url) links are\n" +
			"printed, this once, to hand over yourself. For - the addresses are read from the standard\n" +
			"input: one on each line, or a list with names.",
		Example: "  signet org invite engines bob@example.com grace@example.com --role admin\n  signet org invite engines - < list.txt",
		Args:    cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := addresses(p, args[1:])
			if err != nil {
				return err
			}
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				o, err := h.org(ctx, args[0])
				if err != nil {
					return err
				}
				return h.invite(ctx, p, &f, org.Wish{OrgID: o.ID, Role: org.Role(f.role)}, list)
			})
		},
	}
	cmd.Flags().StringVar(&f.role, "role", f.role, "`owner|admin|viewer`")
	return f.add(cmd)
}

func userInvite(p *Process) *cobra.Command {
	var f inviteFlags
	cmd := &cobra.Command{
		Use: "invite ADDRESS...", Short: "Invite people to make an account",
		Long:    "Write to people who are to make an account, whoever may sign up otherwise\n(sign_up.who). For - the addresses are read from the standard input.",
		Example: "  signet user invite bob@example.com",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := addresses(p, args)
			if err != nil {
				return err
			}
			return inHouse(p, cmd, func(ctx context.Context, h *house) error { return h.invite(ctx, p, &f, org.Wish{}, list) })
		},
	}
	return f.add(cmd)
}

// invitationView is an invitation as commands print it.
type invitationView struct {
	ID        string       `json:"id"`
	Email     string       `json:"email"`
	Role      org.Role     `json:"role,omitempty"`
	Standing  org.Standing `json:"standing"`
	Inviter   string       `json:"inviter,omitempty"` // an account's id; absent: an operator
	ClientID  string       `json:"client_id,omitempty"`
	SentAt    time.Time    `json:"sent_at"`
	ExpiresAt time.Time    `json:"expires_at"`
}

type invitationPage struct {
	Invitations []invitationView `json:"invitations"`
	Next        string           `json:"next,omitempty"` // for --before; absent: that was all
}

func (page invitationPage) text(w io.Writer) error {
	var rows [][]string
	for _, i := range page.Invitations {
		rows = append(rows, []string{i.ID, i.Email, string(i.Role), string(i.Standing), moment(i.SentAt), moment(i.ExpiresAt)})
	}
	err := table(w, []string{"ID", "E-MAIL", "ROLE", "STATE", "SENT", "UNTIL"}, rows)
	if page.Next != "" {
		_, more := fmt.Fprintf(w, "more: --before %s\n", page.Next)
		err = errors.Join(err, more)
	}
	return err
}

// invitationsFlags are those of the two commands that list.
type invitationsFlags struct {
	format
	limit                  int
	before, revoke, resend string
	language               string
}

func (f *invitationsFlags) add(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().IntVar(&f.limit, "limit", 100, "at most so `many`")
	cmd.Flags().StringVar(&f.before, "before", "", "only those older than the one with the `id`")
	cmd.Flags().StringVar(&f.resend, "resend", "", "send the one with the `id` again, with another link")
	cmd.Flags().StringVar(&f.revoke, "revoke", "", "take the one with the `id` back")
	cmd.Flags().StringVar(&f.language, "language", "", "`tag` of the letter's language")
	return f.flag(cmd)
}

func (f *invitationsFlags) check(cmd *cobra.Command) error {
	if f.limit < 1 {
		return usage("%s: --limit is 1 or more", cmd.CommandPath())
	}
	for _, id := range []string{f.before, f.revoke, f.resend} {
		if id != "" && uuid.Validate(id) != nil {
			return usage("%s: %q is not an id", cmd.CommandPath(), id)
		}
	}
	if f.revoke != "" && f.resend != "" {
		return usage("%s: either --resend or --revoke", cmd.CommandPath())
	}
	return nil
}

// invitations lists them, or does something to one.
func (h *house) invitations(ctx context.Context, p *Process, f *invitationsFlags, orgID string) error {
	switch {
	case f.revoke != "":
		i, err := h.invites.Revoke(ctx, org.Operator, orgID, f.revoke)
		return h.invitationDone(ctx, p, i, err, "invitation.revoke", "taken back")
	case f.resend != "":
		pages, loc, err := h.inviting(f.language)
		if err != nil {
			return err
		}
		i, err := h.invites.Resend(ctx, org.Operator, orgID, f.resend, pages.InvitationLetter(ctx, loc))
		if err != nil || i.Link == "" {
			return h.invitationDone(ctx, p, i, err, "invitation.resend", "sent again")
		}
		fmt.Fprintln(p.Stderr, handOver)
		return h.invitationDone(ctx, p, i, nil, "invitation.resend", "another link\n"+pages.InvitationURL(i.Link))
	}
	list, next, err := h.invites.List(ctx, org.Operator, orgID, "", f.before, f.limit)
	if err != nil {
		return err
	}
	page := invitationPage{Invitations: []invitationView{}, Next: next}
	for _, i := range list {
		page.Invitations = append(page.Invitations, invitationView{
			ID: i.ID, Email: i.Email, Role: i.Role, Standing: i.Standing, Inviter: i.InviterID, ClientID: i.ClientID,
			SentAt: stored(i.SentAt), ExpiresAt: stored(i.ExpiresAt),
		})
	}
	return f.print(p.Stdout, page, page.text)
}

func (h *house) invitationDone(ctx context.Context, p *Process, i *org.Invitation, err error, action, done string) error {
	if err != nil {
		return err
	}
	if err := h.record(ctx, action, i.OrgID, "invitation", i.ID); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.Stdout, "%s: %s\n", printable(i.Email), done)
	return err
}

func orgInvitations(p *Process) *cobra.Command {
	var f invitationsFlags
	cmd := &cobra.Command{
		Use: "invitations ORG", Short: "List an organization's invitations",
		Long: "List an organization's invitations with what became of each, the newest first; send one\n" +
			"again, or take it back. They are listed for a month after they expired.",
		Example: "  signet org invitations engines\n  signet org invitations engines --resend 019e6f6a-6e53-7c39-9d0c-2f6f6a3b1c55",
		Args:    oneArg("organization"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd); err != nil {
				return err
			}
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				o, err := h.org(ctx, args[0])
				if err != nil {
					return err
				}
				return h.invitations(ctx, p, &f, o.ID)
			})
		},
	}
	return f.add(cmd)
}

func userInvitations(p *Process) *cobra.Command {
	var f invitationsFlags
	cmd := &cobra.Command{
		Use: "invitations", Short: "List invitations to make an account",
		Long: "List invitations to make an account, without those into organizations, with what became\n" +
			"of each, the newest first; send one again, or take it back.",
		Example: "  signet user invitations\n  signet user invitations --revoke 019e6f6a-6e53-7c39-9d0c-2f6f6a3b1c55",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(cmd); err != nil {
				return err
			}
			return inHouse(p, cmd, func(ctx context.Context, h *house) error { return h.invitations(ctx, p, &f, "") })
		},
	}
	return f.add(cmd)
}
