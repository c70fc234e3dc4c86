package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"signet/config"
)

func doctorCommand(p *Process) *cobra.Command {
	var f format
	var quick bool
	cmd := &cobra.Command{
		Use: "doctor", Short: "Check the installation, and say how to mend it",
		Long: `Check settings, data folder, master key, stores, signing keys, clocks, mail, the
issuer's reachability and certificates, and say for each fault how to mend it.
Nothing is changed. The status is 1 when a check fails; a warning is no failure.

With --quick it only asks the node that runs with these settings on this machine
whether it is ready: the health check of a container.`,
		Example: "  signet doctor --config signet.yaml\n  signet doctor -o json | jq '.checks[] | select(.status != \"ok\")'\n  signet doctor --quick",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if quick {
				return askReady(cmd.Context(), p, cmd)
			}
			d := &doctor{}
			d.examine(cmd.Context(), p, cmd)
			if err := f.print(p.Stdout, d, d.text); err != nil {
				return err
			}
			if d.Status == failed {
				return errReported
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&quick, "quick", false, "only ask the running node whether it is ready")
	return f.flag(cmd)
}

// The outcomes of a check, from good to bad.
const (
	passed = "ok"
	warned = "warn"
	failed = "fail"
)

// doctor collects what the checks find. It is what doctor prints as JSON.
type doctor struct {
	Status string  `json:"status"` // the worst of all
	Checks []check `json:"checks"`

	*house `json:"-"`
}

type check struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"`
}

func (d *doctor) ok(name, format string, args ...any) {
	d.Checks = append(d.Checks, check{Name: name, Status: passed, Detail: fmt.Sprintf(format, args...)})
}

func (d *doctor) warn(name, fix, format string, args ...any) {
	d.Checks = append(d.Checks, check{name, warned, fmt.Sprintf(format, args...), fix})
}

func (d *doctor) fail(name, fix, format string, args ...any) {
	d.Checks = append(d.Checks, check{name, failed, fmt.Sprintf(format, args...), fix})
}

// examine makes all checks that can be made: one that fails does not keep the
// others from being made, unless they are about the same thing.
func (d *doctor) examine(ctx context.Context, p *Process, cmd *cobra.Command) {
	defer d.conclude()
	cfg, err := load(p, cmd)
	var faults *config.Faults
	switch {
	case errors.As(err, &faults):
		for _, f := range faults.List {
			fix := f.Fix
			f.Fix = ""
			d.fail("settings", fix, "%s", f)
		}
		return
	case err != nil:
		d.fail("settings", "", "%v", err)
		return
	}
	d.house = &house{cfg: cfg}
	defer d.house.close() // what it says at the end of a check-up helps nobody
	d.settings()
	d.dataFolder()
	master := d.masterKey()
	if d.database(ctx) {
		if master != nil {
			d.signingKeys(ctx, *master)
		} else if err := d.missesMasterKey(ctx); err != nil {
			d.fail("signing keys", "", "%s", explain(err))
		}
	}
	d.shortLived(ctx)
	d.certificate()
	d.clientCertificates()
	d.issuer(ctx)
	d.mail(ctx)
}

func (d *doctor) conclude() {
	d.Status = passed
	for _, c := range d.Checks {
		if c.Status == failed || c.Status == warned && d.Status == passed {
			d.Status = c.Status
		}
	}
}

func (d *doctor) text(w io.Writer) error {
	for _, c := range d.Checks {
		line := fmt.Sprintf("%-4s  %s: %s", c.Status, c.Name, printable(c.Detail))
		if c.Fix != "" {
			line += "\n      " + printable(c.Fix)
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}
