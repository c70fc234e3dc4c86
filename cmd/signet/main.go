// Command signet is an OpenID Connect single sign-on provider. See README.md.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"signet/cmd/signet/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(cli.Main(ctx, cli.Process{
		Args: os.Args[1:], Environ: os.Environ(), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
	}))
}
