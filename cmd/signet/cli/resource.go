package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"signet/internal/fault"
	"signet/internal/resource"
)

func resourceCommand(p *Process) *cobra.Command {
	return group("resource", "See and remove the APIs that tokens are for",
		"See and remove the APIs that tokens can be made for (RFC 8707). They are declared\n"+
			"with signet apply, under resources.",
		resourceList(p), resourceDelete(p))
}

func resourceList(p *Process) *cobra.Command {
	var f format
	cmd := &cobra.Command{
		Use: "list", Short: "List all APIs", Long: "List all APIs, by identifier.",
		Example: "  signet resource list\n  signet resource list -o json | jq -r '.resources[].id'",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				all, err := h.resources.Servers(ctx)
				if err != nil {
					return err
				}
				all = append([]*resource.Server{}, all...) // [] in JSON, not null
				return f.print(p.Stdout, map[string][]*resource.Server{"resources": all}, func(w io.Writer) error {
					var rows [][]string
					for _, s := range all {
						rows = append(rows, []string{s.ID, s.Name, strings.Join(s.Scopes, " "), strings.Join(s.Clients, " "), moment(s.UpdatedAt)})
					}
					return table(w, []string{"ID", "NAME", "SCOPES", "CLIENTS", "CHANGED"}, rows)
				})
			})
		},
	}
	return f.flag(cmd)
}

func resourceDelete(p *Process) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "delete RESOURCE --yes", Short: "Remove an API",
		Long:    "Remove an API: no token is made for it any more, and what is out there ends by its\ntime. Hence --yes.",
		Example: "  signet resource delete https://api.example.com --yes",
		Args:    oneArg("resource"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !yes {
				return usage("resource delete: no app gets tokens for %s any more; add --yes if that is meant", args[0])
			}
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				err := h.resources.DeleteServer(ctx, args[0])
				if fault.Is(err, fault.NotFound) {
					return fault.New(fault.NotFound, "no API has the identifier %q: signet resource list shows all", args[0])
				}
				if err != nil {
					return err
				}
				if err := h.record(ctx, "resource.delete", args[0]); err != nil {
					return err
				}
				_, err = fmt.Fprintf(p.Stdout, "deleted resource %s\n", printable(args[0]))
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do it")
	return cmd
}
