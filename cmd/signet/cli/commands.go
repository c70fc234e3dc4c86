package cli

//go:generate go run ./internal/refgen

import "github.com/spf13/cobra"

// The order in which they are written is that in which they are learned. It is
// cobra's one global, so it is set once.
func init() { cobra.EnableCommandSorting = false }

// commands are all commands of the program, in the order of --help.
func commands(p *Process) []*cobra.Command {
	return []*cobra.Command{
		demoCommand(p),
		serveCommand(p),
		applyCommand(p),
		clientCommand(p),
		resourceCommand(p),
		userCommand(p),
		orgCommand(p),
		keysCommand(p),
		migrateCommand(p),
		doctorCommand(p),
		explainCommand(p),
		auditCommand(p),
		seedCommand(p),
		versionCommand(p),
	}
}
