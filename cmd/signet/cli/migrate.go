package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

func migrateCommand(p *Process) *cobra.Command {
	var m migration
	cmd := &cobra.Command{
		Use: "migrate", Short: "Bring the database up to date",
		Long: `Apply the migrations that the database still lacks. signet serve does it at its
start by itself; this is for doing it at another time. Several at once are safe:
one applies them and the others wait. The version before works on, so that nodes
can be replaced one by one.`,
		Example: "  signet migrate --dry-run\n  signet migrate",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return m.run(cmd.Context(), p, cmd) },
	}
	cmd.Flags().BoolVar(&m.dryRun, "dry-run", false, "print what is to be applied and change nothing")
	return m.flag(cmd)
}

type migration struct {
	format
	dryRun bool
}

// migrated is what migrate prints as JSON.
type migrated struct {
	DryRun  bool     `json:"dry_run"`
	Steps   []string `json:"steps"`   // that were, or are to be, applied
	Version int64    `json:"version"` // of the database afterwards
}

func (m *migration) run(ctx context.Context, p *Process, cmd *cobra.Command) (err error) {
	cfg, err := load(p, cmd)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return err
	}
	h := &house{cfg: cfg}
	if err := h.openDatabase(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	out := migrated{DryRun: m.dryRun, Steps: []string{}}
	pending, err := h.db.Pending(ctx)
	if err != nil {
		return err
	}
	out.Steps = append(out.Steps, pending...)
	if !m.dryRun {
		if err := h.db.Migrate(ctx); err != nil {
			return err
		}
	}
	if out.Version, err = h.db.Version(ctx); err != nil {
		return err
	}
	return m.print(p.Stdout, out, out.text)
}

func (out migrated) text(w io.Writer) error {
	verb := "applied"
	if out.DryRun {
		verb = "would apply"
	}
	for _, step := range out.Steps {
		if _, err := fmt.Fprintf(w, "%s %s\n", verb, step); err != nil {
			return err
		}
	}
	state := "the database is up to date"
	if out.DryRun && len(out.Steps) > 0 {
		state = "the database is"
	}
	_, err := fmt.Fprintf(w, "%s, at version %d\n", state, out.Version)
	return err
}
