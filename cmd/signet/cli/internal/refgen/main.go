// Command refgen writes docs/cli.md. Run it by go generate ./cmd/signet/cli,
// which starts it in the folder of package cli.
package main

import (
	"fmt"
	"os"

	"signet/cmd/signet/cli/internal/reference"
)

func main() {
	text, err := reference.Markdown()
	if err == nil {
		err = os.WriteFile("../../../docs/cli.md", text, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "refgen:", err)
		os.Exit(1)
	}
}
