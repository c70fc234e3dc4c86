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
	"signet/internal/federation"
	"signet/internal/org"
)

func orgConnection(p *Process) *cobra.Command {
	return group("connection", "See and change sign-in connections",
		"See and change the connections by which organizations' people sign in at a provider\n"+
			"of their own. signet apply makes them (docs/guides/federation.md). CONNECTION is a\n"+
			"connection's id.",
		connectionList(p), connectionShow(p), connectionSwitch(p, true), connectionSwitch(p, false), connectionRemove(p), connectionUnlink(p))
}

// connectionView is a connection as commands print it: nothing of what is secret.
type connectionView struct {
	ID       string       `json:"id"`
	Name     string       `json:"name"`
	Protocol org.Protocol `json:"protocol"`
	Enabled  bool         `json:"enabled"`
	TestedAt *time.Time   `json:"tested_at,omitempty"`
	Uses     []useView    `json:"organizations"`
	// Addresses are what the provider is told, by what providers call them.
	Addresses map[string]string `json:"addresses"`
	ClientID  string            `json:"client_id,omitempty"`
	Metadata  string            `json:"metadata_url,omitempty"`
}

type useView struct {
	ID       string `json:"id"`
	Enforced bool   `json:"enforced"`
}

func (h *house) connectionView(c *org.Connection) connectionView {
	base := h.cfg.Issuer + federation.PathFederation + c.ID
	v := connectionView{
		ID: c.ID, Name: c.Name, Protocol: c.Protocol, Enabled: c.Enabled, Uses: []useView{}, ClientID: c.OIDC.ClientID,
		Metadata: c.OIDC.MetadataURL + c.SAML.MetadataURL, Addresses: map[string]string{"redirect_uri": base + federation.PathCallback, "post_logout_redirect_uri": base + federation.PathSignedOut, "backchannel_logout_uri": base + federation.PathBackchannel, "jwks_uri": base + federation.PathKeys},
	}
	if c.Protocol == org.SAML {
		v.Addresses = map[string]string{"entity_id": base + federation.PathMetadata, "acs": base + federation.PathACS}
	}
	for _, u := range c.Uses {
		v.Uses = append(v.Uses, useView{u.OrgID, u.Enforced})
	}
	if !c.TestedAt.IsZero() {
		at := stored(c.TestedAt)
		v.TestedAt = &at
	}
	return v
}

func (v connectionView) state() string {
	state := "enabled"
	if !v.Enabled {
		state = "disabled"
	}
	if v.TestedAt == nil {
		return state + ", not tried"
	}
	return state + ", tried " + moment(*v.TestedAt)
}

func (v connectionView) text(w io.Writer) error {
	rows := [][2]string{{"ID", v.ID}, {"name", v.Name}, {"protocol", string(v.Protocol)}, {"state", v.state()}}
	if v.Metadata != "" {
		rows = append(rows, [2]string{"metadata", v.Metadata})
	}
	if v.ClientID != "" {
		rows = append(rows, [2]string{"client id", v.ClientID})
	}
	for _, name := range []string{"redirect_uri", "post_logout_redirect_uri", "backchannel_logout_uri", "jwks_uri", "entity_id", "acs"} {
		if address := v.Addresses[name]; address != "" {
			rows = append(rows, [2]string{name, address})
		}
	}
	for _, u := range v.Uses {
		use := u.ID
		if u.Enforced {
			use += " (enforced)"
		}
		rows = append(rows, [2]string{"organization", use})
	}
	return properties(w, rows)
}

// connection returns the connection of the id, or says how to find it.
func (h *house) connection(ctx context.Context, id string) (*org.Connection, error) {
	c, err := h.upstreams.Get(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.New(fault.NotFound, "no sign-in connection has the id %q: signet org connection list shows all", id)
	}
	return c, err
}

type connectionPage struct {
	Connections []connectionView `json:"connections"`
	Next        string           `json:"next,omitempty"` // for --after; absent: that was all
}

func connectionList(p *Process) *cobra.Command {
	var f format
	var limit int
	var after string
	cmd := &cobra.Command{
		Use: "list", Short: "List sign-in connections", Long: "List sign-in connections, the oldest first, one page at a time.",
		Example: "  signet org connection list",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return usage("org connection list: --limit is 1 or more")
			}
			if after != "" && uuid.Validate(after) != nil {
				return usage("org connection list: --after is the id of a connection, not %q", after)
			}
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				some, err := h.upstreams.List(ctx, after, limit+1) // one more tells whether there are more
				if err != nil {
					return err
				}
				page := connectionPage{Connections: []connectionView{}}
				for i, c := range some {
					if i == limit {
						page.Next = some[limit-1].ID
						break
					}
					page.Connections = append(page.Connections, h.connectionView(c))
				}
				return f.print(p.Stdout, page, page.text)
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 100, "at most so `many`")
	cmd.Flags().StringVar(&after, "after", "", "only those after the connection with the `id`")
	return f.flag(cmd)
}

func (page connectionPage) text(w io.Writer) error {
	var rows [][]string
	for _, v := range page.Connections {
		rows = append(rows, []string{v.ID, string(v.Protocol), v.state(), v.Name})
	}
	if err := table(w, []string{"ID", "PROTOCOL", "STATE", "NAME"}, rows); err != nil || page.Next == "" {
		return err
	}
	_, err := fmt.Fprintf(w, "more: signet org connection list --after %s\n", page.Next)
	return err
}

func connectionShow(p *Process) *cobra.Command {
	var f format
	cmd := &cobra.Command{
		Use: "show CONNECTION", Short: "Show a sign-in connection",
		Long:    "Show a sign-in connection, with the addresses that its provider is told.",
		Example: "  signet org connection show 0198c0de-0000-7000-8000-00000000c057",
		Args:    oneArg("connection"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				c, err := h.connection(ctx, args[0])
				if err != nil {
					return err
				}
				v := h.connectionView(c)
				return f.print(p.Stdout, v, v.text)
			})
		},
	}
	return f.flag(cmd)
}

func connectionSwitch(p *Process, on bool) *cobra.Command {
	use, short, to := "enable", "Let people sign in by a connection", org.PolicyOn
	long := "Let people sign in by a connection, once a trial sign-in by it has passed: an owner runs one\n" +
		"on the organization's pages."
	if !on {
		use, short, to = "disable", "Let nobody sign in by a connection", org.PolicyOff
		long = "Let nobody sign in by a connection. Who is signed in stays so; organizations that\nlet their people in by nothing else let them in by their passwords again."
	}
	var untried bool
	cmd := &cobra.Command{
		Use: use + " CONNECTION", Short: short, Long: long, Example: "  signet org connection " + use + " 0198c0de-0000-7000-8000-00000000c057",
		Args: oneArg("connection"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				c, err := h.connection(ctx, args[0])
				if err != nil {
					return err
				}
				if err := h.switchConnection(ctx, c, to, untried); err != nil {
					return err
				}
				_, err = fmt.Fprintf(p.Stdout, "%s: %sd\n", printable(c.Name), use)
				return err
			})
		},
	}
	if on {
		cmd.Flags().BoolVar(&untried, "untried", false, "although no trial has passed: you answer for what its provider says")
	}
	return cmd
}

// switchConnection switches the connection for all that use it, and notes it.
func (h *house) switchConnection(ctx context.Context, c *org.Connection, to org.Policy, untried bool) error {
	now, err := h.upstreams.Change(ctx, c.ID, org.ConnectionChange{By: org.Operator, To: to, Untried: untried})
	if problem, ok := errors.AsType[org.ConnectionProblem](err); ok && problem == org.Untried {
		return fault.Wrap(fault.Conflict, err, "no trial sign-in by %s has passed: an owner runs one on the organization's pages; or answer for it with --untried", printable(c.Name))
	}
	if err != nil {
		return err
	}
	details := []string{"to", string(to)}
	if now.Enabled && now.TestedAt.IsZero() {
		details = append(details, "untried", "true")
	}
	return h.record(ctx, "connection.switch", c.ID, details...)
}

func connectionRemove(p *Process) *cobra.Command {
	return &cobra.Command{
		Use: "remove CONNECTION", Short: "Remove a sign-in connection",
		Long:    "Remove a sign-in connection, and what it knew of people: who signed in by it keeps\nthe account, and signs in otherwise.",
		Example: "  signet org connection remove 0198c0de-0000-7000-8000-00000000c057",
		Args:    oneArg("connection"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				c, err := h.connection(ctx, args[0])
				if err != nil {
					return err
				}
				if err := h.upstreams.Remove(ctx, "", c.ID, org.Operator); err != nil {
					return err
				}
				if err := h.record(ctx, "connection.delete", c.ID, "name", c.Name); err != nil {
					return err
				}
				_, err = fmt.Fprintf(p.Stdout, "%s: removed\n", printable(c.Name))
				return err
			})
		},
	}
}

func connectionUnlink(p *Process) *cobra.Command {
	return &cobra.Command{
		Use: "unlink CONNECTION USER", Short: "Disconnect an account from a sign-in connection",
		Long: "Disconnect an account from a sign-in connection: its owner signs in otherwise, or connects\n" +
			"it again. Sessions that are open stay until they end.",
		Example: "  signet org connection unlink 0198c0de-0000-7000-8000-00000000c057 ada@example.com",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				c, err := h.connection(ctx, args[0])
				if err != nil {
					return err
				}
				a, err := h.user(ctx, args[1])
				if err != nil {
					return err
				}
				gone, err := h.arrivals.Unlink(ctx, c.ID, a.ID)
				if err != nil {
					return err
				}
				if !gone {
					return fault.New(fault.NotFound, "%s is not connected to %s", a.Email, printable(c.Name))
				}
				if err := h.record(ctx, "account.disconnect", a.ID, "connection", c.ID); err != nil {
					return err
				}
				_, err = fmt.Fprintf(p.Stdout, "%s: disconnected from %s\n", printable(a.Email), printable(c.Name))
				return err
			})
		},
	}
}
