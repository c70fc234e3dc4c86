package cli

//go:generate go run ./internal/refgen

import "github.com/spf13/cobra"

// commands are all commands of the program, in the order of --help.
func commands(p *Process) []*cobra.Command {
	cobra.EnableCommandSorting = false
	return []*cobra.Command{
		demoCommand(p),
		serveCommand(p),
		applyCommand(p),
		clientCommand(p),
		userCommand(p),
		keysCommand(p),
		migrateCommand(p),
		doctorCommand(p),
		auditCommand(p),
		seedCommand(p),
		versionCommand(p),
	}
}
