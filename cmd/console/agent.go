package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"signet/cmd/console/agent"
)

const agentHelp = `console agent plays a device without a keyboard: it shows a code, which its owner
types in a browser, and then reports to the console with tokens of its own.

usage: console agent [flags]

It keeps its tokens in a file, so that it needs its owner once. Each flag can be
given as an environment variable instead: -console is CONSOLE_CONSOLE.

`

// providerPatience is how long the agent waits for one answer.
const providerPatience = 10 * time.Second

// runAgent is the program's other half.
func runAgent(ctx context.Context, args []string, getenv func(string) string, stdout io.Writer) error {
	c, err := parseAgent(args, getenv, stdout)
	if errors.Is(err, errHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	return agent.Run(ctx, c)
}

func parseAgent(args []string, getenv func(string) string, stdout io.Writer) (agent.Config, error) {
	c := agent.Config{Stdout: stdout, Client: &http.Client{
		Timeout:       providerPatience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	name, err := os.Hostname()
	if err != nil || name == "" {
		name = "Device"
	}
	folder, err := os.UserConfigDir()
	if err != nil {
		folder = "."
	}
	flags := flag.NewFlagSet("console agent", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&c.Issuer, "issuer", "http://localhost:8080", "the provider's `URL`, as it calls itself")
	flags.StringVar(&c.ClientID, "client-id", "agent", "`id` of the device's client at the provider")
	flags.StringVar(&c.ConsoleURL, "console", "http://localhost:8081", "the console's `URL`")
	flags.StringVar(&c.Name, "name", name, "what the device calls itself; by default the computer's `name`")
	flags.StringVar(&c.Organization, "organization", "", "connect it for an organization: its `id` or slug, or * to have its owner choose")
	flags.StringVar(&c.State, "state", filepath.Join(folder, "signet-agent", "tokens.json"), "`file` that keeps the device's tokens")
	flags.DurationVar(&c.Every, "every", 30*time.Second, "`time` between two reports")
	flags.BoolVar(&c.Once, "once", false, "report once and stop")
	flags.BoolVar(&c.QR, "qr", true, "show a QR code beside the address")
	err = flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, agentHelp)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return c, errHelp
	}
	if err != nil {
		return c, usageError{fmt.Errorf("%w; see console agent -help", err)}
	}
	if flags.NArg() > 0 {
		return c, usageError{fmt.Errorf("unexpected argument %q; see console agent -help", flags.Arg(0))}
	}
	if err := fromEnvironment(flags, getenv); err != nil {
		return c, err
	}
	if c.Every < time.Second {
		return c, usageError{errors.New("-every: at least a second must lie between two reports")}
	}
	return c, nil
}
