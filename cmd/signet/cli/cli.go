// Package cli is the program signet: its commands, one file each, and how they
// are put together from the parts of the house. It is a package, and not main
// itself, so that tests run the real program inside their own process.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"signet/config"
	"signet/internal/fault"
)

// Process is what a running program was given, and where it writes.
type Process struct {
	Args    []string // without the program's name
	Environ []string // NAME=value
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer

	// Ready is called when a server is listening; nil: nobody waits.
	Ready func(Ready)
}

// Ready says where a server is listening.
type Ready struct {
	Address string // host:port of the provider
	Metrics string // host:port of the metrics, or ""
	MTLS    string // host:port of the listener that asks for certificates, or ""
	Issuer  string
	Apps    []string // addresses of the demo's apps: the console, the frames
}

func (p *Process) getenv(name string) string {
	for _, e := range p.Environ {
		if k, v, ok := strings.Cut(e, "="); ok && k == name {
			return v
		}
	}
	return ""
}

// usageError is a mistake on the command line.
type usageError struct{ error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errReported ends a command that has said what is wrong already.
var errReported = errors.New("reported")

// Main runs the program and returns its exit status: 0, 1 for a failure, 2 for
// a mistake on the command line. A failure is one line: what is wrong and what
// to do.
func Main(ctx context.Context, p Process) int {
	err := run(ctx, &p)
	var wrong usageError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errReported):
		return 1
	case errors.As(err, &wrong):
		fmt.Fprintf(p.Stderr, "signet: %v\n", err)
		return 2
	}
	fmt.Fprintf(p.Stderr, "signet: %s\n", explain(err))
	return 1
}

// explain is an error as its operator reads it: what was being done, what is
// wrong, and, since operators may see it, why.
func explain(err error) string {
	text := err.Error()
	var f *fault.Error
	if errors.As(err, &f) && f.Kind != fault.Internal {
		told := f.Message
		if f.Kind == fault.Unavailable && f.Cause != nil {
			told = strings.TrimSuffix(strings.TrimSuffix(told, " Please try again shortly."), ".")
			told += " (" + strings.Join(strings.Fields(f.Cause.Error()), " ") + ")."
		}
		text = strings.Replace(text, f.Error(), told, 1)
	}
	return text
}

func run(ctx context.Context, p *Process) error { return Command(p).ExecuteContext(ctx) }

// Command returns the program with all its commands: to be run by Main, or to be
// described by the reference in docs/cli.md.
func Command(p *Process) *cobra.Command {
	root := &cobra.Command{
		Use:   "signet",
		Short: "One account that opens every app of a house",
		Long:  "Signet is an OpenID Connect single sign-on provider.",
		Example: "  signet demo                              # try it\n" +
			"  signet serve --config signet.yaml        # run it\n" +
			"  signet apply -f clients-and-users.yaml   # set it up",
		SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		Args:              noArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetArgs(p.Args)
	root.SetIn(p.Stdin)
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%v; see %s --help", err, cmd.CommandPath())
	})
	root.PersistentFlags().String("config", "", "YAML `file` with settings (also SIGNET_CONFIG); see docs/settings.md")
	root.AddCommand(commands(p)...)
	return root
}

// noArgs refuses arguments of a command that takes none, among them a
// misspelled subcommand.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	cmd.SuggestionsMinimumDistance = 2
	if s := cmd.SuggestionsFor(args[0]); len(s) > 0 {
		hint = fmt.Sprintf("; did you mean %s?", s[0])
	}
	return usage("%s has no command %q%s", cmd.CommandPath(), args[0], hint)
}

// load reads the configuration of a command.
func load(p *Process, cmd *cobra.Command) (*config.Config, error) {
	path, err := cmd.Flags().GetString("config")
	if err != nil {
		return nil, err
	}
	return config.Load(path, p.getenv, p.Environ)
}

// Version is the program's: the module's, or the commit it was built from.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return "devel"
}
