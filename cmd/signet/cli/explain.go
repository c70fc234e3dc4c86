package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"signet/internal/refusal"
)

func explainCommand(p *Process) *cobra.Command {
	var f format
	cmd := &cobra.Command{
		Use: "explain REQUEST", Short: "Say why an app's request was refused",
		Long: "Say why a request of an app was refused: the rule that it broke, where the rule is\n" +
			"written, what arrived, and what to change. REQUEST is its name, which stands on the\n" +
			"error page, at the end of error_description, and in the log. Refusals are kept for\n" +
			"a day (lifetimes.refusal), without codes, tokens, secrets and what people typed.\n" +
			"All rules are in docs/errors.md.",
		Example: "  signet explain bXzF1Vw3tJ0Y3kqHc8m2dA\n  signet explain bXzF1Vw3tJ0Y3kqHc8m2dA -o json | jq -r .remedy",
		Args:    oneArg("request"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				r, err := h.refusals.Find(ctx, args[0])
				if err != nil {
					return err
				}
				return f.print(p.Stdout, r, func(w io.Writer) error { return refusalText(w, r) })
			})
		},
	}
	return f.flag(cmd)
}

func refusalText(w io.Writer, r *refusal.Record) error {
	pairs := [][2]string{
		{"request", r.Request}, {"at", moment(r.At)}, {"asked", r.Method + " " + r.Path}, {"client", r.ClientID},
		{"error", r.Code}, {"problem", r.Problem}, {"cause", r.Cause}, {"rule", r.Rule + " (docs/errors.md)"}, {"clause", r.Clause},
		{"what to change", r.Remedy},
	}
	for i, one := range r.Arrived {
		head := ""
		if i == 0 {
			head = "what arrived"
		}
		pairs = append(pairs, [2]string{head, strings.TrimSpace(one.Name + " " + arrivedText(one))})
	}
	if r.Unknown > 0 {
		pairs = append(pairs, [2]string{"", fmt.Sprintf("and %d more, which have no meaning here", r.Unknown)})
	}
	return properties(w, pairs)
}

func arrivedText(p refusal.Parameter) string {
	switch {
	case p.Meant != "":
		return "(not known; is " + p.Meant + " meant?)"
	case p.Value != "":
		return p.Value
	}
	return "(its value is not kept)"
}
