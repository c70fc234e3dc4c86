package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"signet/internal/account"
	"signet/internal/audit"
	"signet/internal/fault"
	"signet/internal/org"
)

// group is a command that only holds others.
func group(use, short, long string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(commands...)
	return cmd
}

// oneArg asks for exactly one argument, and names it when it is missing.
func oneArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return usage("%s: which %s? see %s --help", cmd.CommandPath(), what, cmd.CommandPath())
		case len(args) > 1:
			return usage("%s takes one %s, and %d were given", cmd.CommandPath(), what, len(args))
		}
		return nil
	}
}

// inHouse opens the stores of the configuration for the time of f.
func inHouse(p *Process, cmd *cobra.Command, f func(context.Context, *house) error) (err error) {
	cfg, err := load(p, cmd)
	if err != nil {
		return err
	}
	h, err := openHouse(cmd.Context(), cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	return f(cmd.Context(), h)
}

// operator is who acts when a command does.
const operator = "operator"

// record notes in the audit log what a command did. detail is pairs.
func (h *house) record(ctx context.Context, action, subject string, detail ...string) error {
	e := &audit.Entry{At: time.Now(), Actor: operator, Action: action, Subject: subject}
	for i := 0; i+1 < len(detail); i += 2 {
		if e.Detail == nil {
			e.Detail = map[string]string{}
		}
		e.Detail[detail[i]] = detail[i+1]
	}
	return h.db.AppendAudit(ctx, e)
}

// signOut ends what the account has open: first the sessions, which could get
// new refresh tokens, then the refresh tokens. The browser in which the account was
// made, if it has not gone on yet, would get a session without a password.
func (h *house) signOut(ctx context.Context, accountID string) error {
	if _, err := h.signUps.Finish(ctx, accountID); err != nil {
		return err
	}
	if _, err := h.sessions.EndAll(ctx, accountID, ""); err != nil {
		return err
	}
	return h.grants.RevokeAll(ctx, accountID, "")
}

// shutOut makes a change after which nobody is signed in to the account. What is
// open ends before it, so that a command that is killed after the commit leaves
// nothing open; and after it, for a sign-in that came between.
func (h *house) shutOut(ctx context.Context, accountID string, change func() error) error {
	if err := h.signOut(ctx, accountID); err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	return h.signOut(ctx, accountID)
}

// erase erases the account, and returns the organizations that were deleted with it
// because nobody else belongs to them. A fault of kind Conflict: it is the last owner
// of one that others belong to.
func (h *house) erase(ctx context.Context, a *account.Account) ([]*org.Sole, error) {
	owned, err := h.orgs.SoleOwned(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	for _, o := range owned {
		if o.Others {
			return nil, fault.New(fault.Conflict, "the account is the only owner of %s (%s), which others belong to: first make one of them an owner, or delete it", o.Name, o.ID)
		}
	}
	// Before, while its refresh tokens are known; and after, for a session that was
	// begun in between.
	if err := h.signOut(ctx, a.ID); err != nil {
		return nil, err
	}
	if err := h.accounts.Delete(ctx, a.ID, time.Now().Add(h.cfg.Organizations.Grace)); err != nil {
		return nil, err
	}
	_, err = h.sessions.EndAll(ctx, a.ID, "")
	return owned, err
}

// format is how a command prints: for people, or for scripts. It is a flag.
type format struct{ json bool }

func (f *format) String() string {
	if f.json {
		return "json"
	}
	return "text"
}

// Set implements pflag.Value.
func (f *format) Set(s string) error {
	if s != "text" && s != "json" {
		return errors.New("write text or json")
	}
	f.json = s == "json"
	return nil
}

// Type implements pflag.Value.
func (f *format) Type() string { return "text|json" }

func (f *format) flag(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().VarP(f, "output", "o", "print text for people, or json for scripts")
	return cmd
}

// print writes v as JSON, or has text write it for people.
func (f *format) print(w io.Writer, v any, text func(io.Writer) error) error {
	if !f.json {
		return text(w)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// table writes rows in columns. Control characters, which a name may hold, are
// shown and not sent to the terminal.
func table(w io.Writer, head []string, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{head}, rows...) {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = printable(cell)
		}
		fmt.Fprintln(t, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
	}
	return t.Flush()
}

// properties writes one thing, a line for each of its properties. Empty ones
// are left out.
func properties(w io.Writer, pairs [][2]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, p := range pairs {
		if p[1] != "" {
			fmt.Fprintf(t, "%s\t%s\n", p[0], printable(p[1]))
		}
	}
	return t.Flush()
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return '\ufffd'
		}
		return r
	}, s)
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
