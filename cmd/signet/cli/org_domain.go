package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"signet/internal/fault"
	"signet/internal/org"
)

func orgDomain(p *Process) *cobra.Command {
	return group("domain", "See and change the e-mail domains of organizations",
		"See and change the e-mail domains of organizations. A domain is proven by a TXT\n"+
			"record in its DNS, which is looked for again each organizations.domain_recheck.",
		domainList(p), domainAdd(p), domainCheck(p), domainRemove(p))
}

// domainView is a domain as commands print it.
type domainView struct {
	Name     string     `json:"name"`
	Record   string     `json:"record"` // the name of the TXT record
	Text     string     `json:"text"`   // and its text
	ProvenAt *time.Time `json:"proven_at,omitempty"`
	MissedAt *time.Time `json:"missed_at,omitempty"` // the record has not been seen since
	Vouched  bool       `json:"vouched,omitempty"`
}

func domainViewOf(d *org.Domain) domainView {
	v := domainView{Name: d.Name, Vouched: d.Vouched}
	v.Record, v.Text = d.Record()
	if d.Proven() {
		at := stored(d.ProvenAt)
		v.ProvenAt = &at
	}
	if !d.MissedAt.IsZero() {
		at := stored(d.MissedAt)
		v.MissedAt = &at
	}
	return v
}

func (v domainView) state() string {
	switch {
	case v.ProvenAt == nil:
		return "waits for its record"
	case v.MissedAt != nil:
		return "proven, record missing since " + moment(*v.MissedAt)
	case v.Vouched:
		return "vouched for"
	}
	return "proven"
}

func (v domainView) text(w io.Writer) error {
	rows := [][2]string{{"domain", v.Name}, {"state", v.state()}}
	if v.ProvenAt == nil {
		rows = append(rows, [2]string{"record", v.Record + "  TXT  " + v.Text})
	}
	return properties(w, rows)
}

type domainPage struct {
	Domains []domainView `json:"domains"`
}

func domainList(p *Process) *cobra.Command {
	var f format
	cmd := &cobra.Command{
		Use: "list ORG", Short: "List the domains of an organization", Long: "List the domains of an organization.",
		Example: "  signet org domain list engines",
		Args:    oneArg("organization"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				o, err := h.org(ctx, args[0])
				if err != nil {
					return err
				}
				some, err := h.domains.List(ctx, o.ID, "", pageSize) // an organization has fewer
				if err != nil {
					return err
				}
				page := domainPage{Domains: []domainView{}}
				for _, d := range some {
					page.Domains = append(page.Domains, domainViewOf(d))
				}
				return f.print(p.Stdout, page, func(w io.Writer) error {
					var rows [][]string
					for _, v := range page.Domains {
						rows = append(rows, []string{v.Name, v.state(), v.Record, v.Text})
					}
					return table(w, []string{"DOMAIN", "STATE", "TXT RECORD", "TEXT"}, rows)
				})
			})
		},
	}
	return f.flag(cmd)
}

// domainArgs asks for an organization and a domain.
func domainArgs(cmd *cobra.Command, args []string) error {
	if len(args) != 2 {
		return usage("%s takes an organization and a domain: see %s --help", cmd.CommandPath(), cmd.CommandPath())
	}
	return nil
}

func domainAdd(p *Process) *cobra.Command {
	var f format
	var proven bool
	cmd := &cobra.Command{
		Use: "add ORG DOMAIN", Short: "Add a domain, which waits for its record",
		Long: "Add a domain to an organization, and print the TXT record that proves it. With\n" +
			"--proven your word stands for the record, and nobody looks for one: for names that\n" +
			"are not in the public DNS.",
		Example: "  signet org domain add engines engines.example\n  signet org domain add engines engines.corp --proven",
		Args:    domainArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				o, err := h.org(ctx, args[0])
				if err != nil {
					return err
				}
				d, err := h.domains.Add(ctx, o.ID, args[1], org.Operator)
				if err == nil && proven {
					d, err = h.domains.Vouch(ctx, o.ID, d.Name)
				}
				if err != nil {
					return err
				}
				if err := h.record(ctx, "organization.domain_add", o.ID, "domain", d.Name); err != nil {
					return err
				}
				v := domainViewOf(d)
				return f.print(p.Stdout, v, v.text)
			})
		},
	}
	cmd.Flags().BoolVar(&proven, "proven", false, "take it as proven, without a record")
	return f.flag(cmd)
}

func domainCheck(p *Process) *cobra.Command {
	return &cobra.Command{
		Use: "check ORG DOMAIN", Short: "Look for the record of a domain, now",
		Long:    "Look for the record of a domain, now, and say what was found and what to change.",
		Example: "  signet org domain check engines engines.example",
		Args:    domainArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				o, d, err := h.domain(ctx, args[0], args[1])
				if err != nil {
					return err
				}
				found, err := h.domains.Check(ctx, o.ID, d.Name, org.Operator)
				if err != nil {
					return err
				}
				if !found.Proven {
					return errors.New(found.Sentence(d))
				}
				if err := h.record(ctx, "organization.domain_prove", o.ID, "domain", d.Name); err != nil {
					return err
				}
				_, err = fmt.Fprintf(p.Stdout, "%s: %s is proven\n", printable(o.Name), d.Name)
				return err
			})
		},
	}
}

// domain returns the organization and its domain, or says how to find them.
func (h *house) domain(ctx context.Context, which, typed string) (*org.Organization, *org.Domain, error) {
	o, err := h.org(ctx, which)
	if err != nil {
		return nil, nil, err
	}
	name, err := org.CheckDomain(typed)
	if err != nil {
		return nil, nil, err
	}
	d, err := h.domains.Get(ctx, o.ID, name)
	if fault.Is(err, fault.NotFound) {
		err = fault.New(fault.NotFound, "the organization has no domain %s: signet org domain list shows all", name)
	}
	return o, d, err
}

func domainRemove(p *Process) *cobra.Command {
	return &cobra.Command{
		Use: "remove ORG DOMAIN", Short: "Take a domain away from an organization",
		Long:    "Take a domain away from an organization: its people sign in here, and nothing is\nenforced by it any more.",
		Example: "  signet org domain remove engines engines.example",
		Args:    domainArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				_, d, err := h.domain(ctx, args[0], args[1])
				if err != nil {
					return err
				}
				return h.orgDeed(ctx, p, args[0], "organization.domain_remove", "has no domain "+d.Name+" any more", func(o *org.Organization) error {
					return h.domains.Remove(ctx, o.ID, d.Name, org.Operator)
				}, "domain", d.Name)
			})
		},
	}
}
