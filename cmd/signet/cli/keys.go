package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"signet/internal/keys"
)

func keysCommand(p *Process) *cobra.Command {
	return group("keys", "See and rotate the signing keys",
		"See and rotate the signing keys. They rotate by themselves (keys.rotate_every): a\n"+
			"key is published before it signs, and after, until all that it signed is over.",
		keysList(p), keysRotate(p))
}

// keyView is a signing key as commands print it.
type keyView struct {
	KID        string     `json:"kid"`
	Alg        string     `json:"alg"`
	State      string     `json:"state"` // next, signing, retired
	CreatedAt  time.Time  `json:"created_at"`
	ActiveFrom time.Time  `json:"active_from"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"` // published until here
}

func (h *house) keyViews(list []*keys.Key) []keyView {
	now := time.Now()
	views := []keyView{}
	for _, k := range list {
		v := keyView{KID: k.KID, Alg: k.Alg, CreatedAt: k.CreatedAt, ActiveFrom: k.ActiveFrom, ExpiresAt: k.ExpiresAt}
		signs, err := h.keys.Set().Signer(k.Alg)
		switch {
		case k.ActiveFrom.After(now) && k.ExpiresAt == nil: // else another one overtook it
			v.State = "next"
		case err == nil && signs.KID == k.KID:
			v.State = "signing"
		default:
			v.State = "retired"
		}
		views = append(views, v)
	}
	return views
}

func keyTable(w io.Writer, views []keyView) error {
	var rows [][]string
	for _, v := range views {
		until := ""
		if v.ExpiresAt != nil {
			until = moment(*v.ExpiresAt)
		}
		rows = append(rows, []string{v.KID, v.Alg, v.State, moment(v.ActiveFrom), until})
	}
	return table(w, []string{"KEY", "ALGORITHM", "STATE", "SIGNS FROM", "PUBLISHED UNTIL"}, rows)
}

func keysList(p *Process) *cobra.Command {
	var f format
	cmd := &cobra.Command{
		Use: "list", Short: "List the signing keys",
		Long:    "List the signing keys: the one that signs, the next one, and retired ones that\nare still published.",
		Example: "  signet keys list",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return inHouse(p, cmd, func(_ context.Context, h *house) error {
				views := h.keyViews(h.keys.Set().Keys())
				return f.print(p.Stdout, map[string][]keyView{"keys": views}, func(w io.Writer) error { return keyTable(w, views) })
			})
		},
	}
	return f.flag(cmd)
}

func keysRotate(p *Process) *cobra.Command {
	var f format
	var now bool
	cmd := &cobra.Command{
		Use: "rotate", Short: "Make the next signing keys",
		Long: `Make the next signing key of each algorithm. It is published at once and signs
after keys.publish_ahead (24 hours), when apps that keep keys have seen it.

With --now it signs two seconds later, when every node has it: for a key that may be in wrong hands. Apps that keep
keys for long and do not ask again for an unknown one refuse sign-ins until they do.`,
		Example: "  signet keys rotate\n  signet keys rotate --now",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				made, err := h.keys.Rotate(ctx, now)
				if err != nil {
					return err
				}
				for _, k := range made {
					if err := h.record(ctx, "key.rotate", k.KID, "alg", k.Alg, "now", fmt.Sprint(now)); err != nil {
						return err
					}
				}
				views := h.keyViews(made)
				return f.print(p.Stdout, map[string][]keyView{"keys": views}, func(w io.Writer) error { return keyTable(w, views) })
			})
		},
	}
	cmd.Flags().BoolVar(&now, "now", false, "let the new keys sign in two seconds")
	return f.flag(cmd)
}
