// Command refgen writes docs/errors.md. Run it by go generate ./internal/op,
// which starts it in the folder of package op.
package main

import (
	"fmt"
	"os"

	"signet/internal/op/internal/reference"
)

func main() {
	if err := os.WriteFile("../../docs/errors.md", reference.Markdown(), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "refgen:", err)
		os.Exit(1)
	}
}
