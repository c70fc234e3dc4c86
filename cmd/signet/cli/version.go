package cli

import (
	"fmt"
	"io"
	"runtime"

	"github.com/spf13/cobra"
)

func versionCommand(p *Process) *cobra.Command {
	var f format
	cmd := &cobra.Command{
		Use: "version", Short: "Print the version",
		Long:    "Print the version of this program, and what it was built with and for.",
		Example: "  signet version\n  signet version -o json",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			v := struct {
				Version string `json:"version"`
				Go      string `json:"go"`
				OS      string `json:"os"`
				Arch    string `json:"arch"`
			}{Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH}
			return f.print(p.Stdout, v, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "signet %s (%s, %s/%s)\n", v.Version, v.Go, v.OS, v.Arch)
				return err
			})
		},
	}
	return f.flag(cmd)
}
