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
)

// waitingView is a sign-up as commands print it.
type waitingView struct {
	ID        string    `json:"id"`
	Email     string    `json:"email"`
	ClientID  string    `json:"client_id,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

type waitingPage struct {
	Waiting []waitingView `json:"waiting"`
	Next    string        `json:"next,omitempty"` // for --after; absent: that was all
}

func userWaiting(p *Process) *cobra.Command {
	var f format
	var limit int
	var after, remove string
	cmd := &cobra.Command{
		Use: "waiting", Short: "List people who signed up and have not activated their account",
		Long: "List people who signed up and have not activated their account, the oldest first. There\n" +
			"can be several for one address: anybody can type it, and the mail goes to its owner.\n" +
			"They go by themselves when their time is over (sign_up.waiting); --delete removes one now.",
		Example: "  signet user waiting\n  signet user waiting --delete 019e6f6a-6e53-7c39-9d0c-2f6f6a3b1c55",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return usage("user waiting: --limit is 1 or more")
			}
			for _, id := range []string{after, remove} {
				if id != "" && uuid.Validate(id) != nil {
					return usage("user waiting: %q is not an id", id)
				}
			}
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				if remove != "" {
					return h.deny(ctx, p, remove)
				}
				page, err := waitingPageOf(ctx, h, after, limit)
				if err != nil {
					return err
				}
				return f.print(p.Stdout, page, page.text)
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 100, "at most so `many`")
	cmd.Flags().StringVar(&after, "after", "", "only those after the one with the `id`")
	cmd.Flags().StringVar(&remove, "delete", "", "remove the one with the `id`")
	return f.flag(cmd)
}

// deny removes a sign-up that waits.
func (h *house) deny(ctx context.Context, p *Process, id string) error {
	removed, err := h.signUps.Deny(ctx, &account.SignUp{ID: id})
	if err == nil && !removed {
		err = fault.New(fault.NotFound, "nobody waits with the id %q: signet user waiting shows all", id)
	}
	if err != nil {
		return err
	}
	if err := h.record(ctx, "account.sign_up_denied", id); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.Stdout, "%s: deleted\n", id)
	return err
}

func waitingPageOf(ctx context.Context, h *house, after string, limit int) (waitingPage, error) {
	page := waitingPage{Waiting: []waitingView{}}
	list, err := h.signUps.List(ctx, after, limit+1) // one more tells whether there are more
	for i, s := range list {
		if i == limit {
			page.Next = list[i-1].ID
			break
		}
		page.Waiting = append(page.Waiting, waitingView{s.ID, s.Email, s.ClientID, stored(s.CreatedAt), stored(s.ExpiresAt)})
	}
	return page, err
}

func (page waitingPage) text(w io.Writer) error {
	var rows [][]string
	for _, s := range page.Waiting {
		rows = append(rows, []string{s.ID, s.Email, moment(s.CreatedAt), moment(s.ExpiresAt)})
	}
	err := table(w, []string{"ID", "E-MAIL", "SIGNED UP", "UNTIL"}, rows)
	if page.Next != "" {
		_, more := fmt.Fprintf(w, "more: signet user waiting --after %s\n", page.Next)
		err = errors.Join(err, more)
	}
	return err
}
