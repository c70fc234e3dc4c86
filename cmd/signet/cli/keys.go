package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"signet/internal/keys"
)

func keysCommand(p *Process) *cobra.Command {
	return group("keys", "See and rotate the keys",
		"See and rotate the keys: those that sign, and those that apps encrypt to. They rotate by themselves (keys.rotate_every): a\n"+
			"key is published before it signs, and after, until all that it signed is over. Of those that apps\n"+
			"encrypt to the newest is published, and older ones decrypt for another keys.publish_ahead.",
		keysList(p), keysRotate(p))
}

// keyView is a key as commands print it.
type keyView struct {
	KID        string     `json:"kid"`
	Alg        string     `json:"alg"`
	Use        string     `json:"use"`   // sig, enc
	State      string     `json:"state"` // next, signing, encrypting, retired
	CreatedAt  time.Time  `json:"created_at"`
	ActiveFrom time.Time  `json:"active_from"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"` // of use until here
}

func (h *house) keyViews(list []*keys.Key) []keyView {
	now := time.Now()
	views := []keyView{}
	for _, k := range list {
		v := keyView{KID: k.KID, Alg: k.Alg, Use: k.JWK().Use, CreatedAt: k.CreatedAt, ActiveFrom: k.ActiveFrom, ExpiresAt: k.ExpiresAt}
		signs, err := h.keys.Set().Signer(k.Alg)
		switch {
		case k.ActiveFrom.After(now) && k.ExpiresAt == nil: // else another one overtook it
			v.State = "next"
		case err == nil && signs.KID == k.KID:
			v.State = "signing"
		case h.keys.Set().Box(k.Alg) == k:
			v.State = "encrypting"
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
		rows = append(rows, []string{v.KID, v.Use, v.Alg, v.State, moment(v.ActiveFrom), until})
	}
	return table(w, []string{"KEY", "USE", "ALGORITHM", "STATE", "USED FROM", "OF USE UNTIL"}, rows)
}

func keysList(p *Process) *cobra.Command {
	var f format
	cmd := &cobra.Command{
		Use: "list", Short: "List the keys",
		Long:    "List the keys of each algorithm: the one that signs or that apps encrypt to, the\nnext one, and retired ones that still verify or decrypt.",
		Example: "  signet keys list",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return inHouse(p, cmd, func(_ context.Context, h *house) error {
				views := h.keyViews(slices.Concat(h.keys.Set().Keys(), h.keys.Set().Boxes()))
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
		Use: "rotate", Short: "Make the next keys",
		Long: `Make the next key of each algorithm. One that signs is published at once and signs
after keys.publish_ahead (24 hours), when apps that keep keys have seen it; one that
apps encrypt to is published in two seconds.

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
