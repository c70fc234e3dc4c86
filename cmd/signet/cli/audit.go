package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"signet/internal/audit"
	sqlstore "signet/internal/store/sql"
)

type auditFlags struct {
	format
	since time.Duration
	after string
	limit int
	user  string // address or id
	audit.Query
}

func auditCommand(p *Process) *cobra.Command {
	var f auditFlags
	cmd := &cobra.Command{
		Use: "audit", Short: "Read the audit log",
		Long: "Read the audit log: what was done to accounts, clients and keys, when, and by whom.\n" +
			"The oldest entry comes first. The actor is an account's id, operator (a command), app (one that\nregistered itself, about itself) or system.",
		Example: "  signet audit\n  signet audit --user ada@example.com --action account --since 720h\n  signet audit --since 1h -o json | jq -r '.entries[].action'",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case f.limit < 1:
				return usage("audit: --limit is 1 or more")
			case f.since <= 0:
				return usage("audit: --since is a duration such as 90m or 168h")
			case f.after != "" && uuid.Validate(f.after) != nil:
				return usage("audit: --after is the id of an entry, not %q", f.after)
			case f.after == "":
				f.after = sqlstore.FirstID(time.Now().Add(-f.since))
			}
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				if err := f.about(ctx, h); err != nil {
					return err
				}
				page, err := f.read(ctx, h)
				if err != nil {
					return err
				}
				return f.print(p.Stdout, page, page.text)
			})
		},
	}
	cmd.Flags().DurationVar(&f.since, "since", 24*time.Hour, "entries of the last `time`")
	cmd.Flags().StringVar(&f.after, "after", "", "only those after the entry with the `id`, in place of --since")
	cmd.Flags().StringVar(&f.user, "user", "", "only what was done to the account with the `address or id`")
	cmd.Flags().StringVar(&f.Action, "action", "", "only `what` was done: account.password, or account for all of that kind")
	cmd.Flags().IntVar(&f.limit, "limit", 1000, "at most so `many`")
	return f.flag(cmd)
}

// auditPage is what audit prints as JSON.
type auditPage struct {
	Entries []auditEntry `json:"entries"`
	Next    string       `json:"next,omitempty"` // for --after; absent: that was all
}

type auditEntry struct {
	ID       string            `json:"id"`
	At       time.Time         `json:"at"`
	Actor    string            `json:"actor"`
	Action   string            `json:"action"`
	Subject  string            `json:"subject,omitempty"`
	ClientID string            `json:"client_id,omitempty"`
	IP       string            `json:"ip,omitempty"`
	Detail   map[string]string `json:"detail,omitempty"`
}

// about finds the account of --user. An account that was erased is still in the
// record, by its id.
func (f *auditFlags) about(ctx context.Context, h *house) error {
	if f.user == "" || uuid.Validate(f.user) == nil {
		f.Subject = f.user
		return nil
	}
	a, err := h.user(ctx, f.user)
	if err == nil {
		f.Subject = a.ID
	}
	return err
}

func (f *auditFlags) read(ctx context.Context, h *house) (auditPage, error) {
	page := auditPage{Entries: []auditEntry{}}
	q := f.Query
	for q.After = f.after; ; {
		q.Limit = min(f.limit-len(page.Entries)+1, pageSize) // one more tells whether there are more
		some, err := h.db.Audit(ctx, q)
		if err != nil || len(some) == 0 {
			return page, err
		}
		for _, e := range some {
			if len(page.Entries) == f.limit {
				page.Next = page.Entries[f.limit-1].ID
				return page, nil
			}
			page.Entries = append(page.Entries, entryOf(e))
		}
		q.After = some[len(some)-1].ID
	}
}

func entryOf(e *audit.Entry) auditEntry {
	return auditEntry{
		ID: e.ID, At: e.At.UTC(), Actor: e.Actor, Action: e.Action, Subject: e.Subject,
		ClientID: e.ClientID, IP: e.IP, Detail: e.Detail,
	}
}

func (page auditPage) text(w io.Writer) error {
	var rows [][]string
	for _, e := range page.Entries {
		var detail []string
		for _, k := range slices.Sorted(maps.Keys(e.Detail)) {
			detail = append(detail, k+"="+e.Detail[k])
		}
		rows = append(rows, []string{moment(e.At), e.Actor, e.Action, e.Subject, e.IP, strings.Join(detail, " ")})
	}
	if err := table(w, []string{"AT", "ACTOR", "ACTION", "SUBJECT", "FROM", "DETAIL"}, rows); err != nil || page.Next == "" {
		return err
	}
	_, err := fmt.Fprintf(w, "more: signet audit --after %s\n", page.Next)
	return err
}
