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
		"See and remove the APIs that tokens can be made for (RFC 8707), and the types of\n"+
			"authorization details (RFC 9396). They are declared with signet apply, under\n"+
			"resources and authorization_details_types.",
		resourceList(p), resourceDelete(p), typeDelete(p))
}

func resourceList(p *Process) *cobra.Command {
	var f format
	cmd := &cobra.Command{
		Use: "list", Short: "List all APIs", Long: "List all APIs, and all types of authorization details.",
		Example: "  signet resource list\n  signet resource list -o json | jq -r '.resources[].id'",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				all, err := h.resources.Servers(ctx)
				if err != nil {
					return err
				}
				types, err := h.resources.Types(ctx)
				if err != nil {
					return err
				}
				out := registered{append([]*resource.Server{}, all...), append([]*resource.Type{}, types...)} // [] in JSON, not null
				return f.print(p.Stdout, out, func(w io.Writer) error {
					var rows [][]string
					for _, s := range all {
						rows = append(rows, []string{s.ID, s.Name, strings.Join(s.Scopes, " "), strings.Join(s.Clients, " "), moment(s.UpdatedAt)})
					}
					if err := table(w, []string{"ID", "NAME", "SCOPES", "CLIENTS", "CHANGED"}, rows); err != nil || len(types) == 0 {
						return err
					}
					rows = nil
					for _, t := range types {
						rows = append(rows, []string{t.ID, strings.Join(t.Fields, " "), t.Show[""], moment(t.UpdatedAt)})
					}
					fmt.Fprintln(w)
					return table(w, []string{"TYPE", "FIELDS", "SHOWN AS", "CHANGED"}, rows)
				})
			})
		},
	}
	return f.flag(cmd)
}

// registered is what list prints as JSON.
type registered struct {
	Servers []*resource.Server `json:"resources"`
	Types   []*resource.Type   `json:"authorization_details_types"`
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

func typeDelete(p *Process) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "delete-type TYPE --yes", Short: "Remove a type of authorization details",
		Long:    "Remove a type of authorization details: nobody can ask for it any more, and refreshed\ntokens leave it out. Hence --yes.",
		Example: "  signet resource delete-type payment_initiation --yes",
		Args:    oneArg("type"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !yes {
				return usage("resource delete-type: nobody can ask for %s any more; add --yes if that is meant", args[0])
			}
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				err := h.resources.DeleteType(ctx, args[0])
				if fault.Is(err, fault.NotFound) {
					return fault.New(fault.NotFound, "no type of authorization details is named %q: signet resource list shows all", args[0])
				}
				if err != nil {
					return err
				}
				if err := h.record(ctx, "authorization_details_type.delete", args[0]); err != nil {
					return err
				}
				_, err = fmt.Fprintf(p.Stdout, "deleted authorization details type %s\n", printable(args[0]))
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do it")
	return cmd
}
