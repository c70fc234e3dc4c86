// Command refgen writes docs/settings.md. Run it by go generate ./config, which
// starts it in the folder of package config.
package main

import (
	"fmt"
	"os"

	"signet/config/internal/reference"
)

func main() {
	text, err := reference.Markdown(".")
	if err == nil {
		err = os.WriteFile("../docs/settings.md", text, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "refgen:", err)
		os.Exit(1)
	}
}
