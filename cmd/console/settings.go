package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"signet/cmd/console/app"
)

// usageError is a mistake on the command line or in the environment.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// Error is one line, however many mistakes there are.
func (e usageError) Error() string { return strings.ReplaceAll(e.error.Error(), "\n", "; ") }

var errHelp = errors.New("help was asked for")

type settings struct {
	listen string
	app    app.Config
}

const help = `console is a sample app that signs people in with OpenID Connect.

usage: console [flags]
       console agent [flags]   a device that reports to it; see console agent -help

Each flag can be given as an environment variable instead: -client-id is
CONSOLE_CLIENT_ID. Two settings are secrets and have no flag:

  CONSOLE_CLIENT_SECRET  the client's secret; without one the client is public
  CONSOLE_COOKIE_KEY     base64 of 32 random bytes, as openssl rand -base64 32
                         prints; without one a restart signs everybody out

Each can come from a file: CONSOLE_CLIENT_SECRET_FILE, CONSOLE_COOKIE_KEY_FILE.

  console -issuer http://localhost:8080 -client-id console -client-secret-file secret

`

// parse reads flags, then the environment for what no flag gave, and fills in
// what depends on other settings.
func parse(args []string, getenv func(string) string, stdout io.Writer) (settings, error) {
	var s settings
	var cookieKey, secretFile, siblingName, siblingURL string
	flags := flag.NewFlagSet("console", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&s.listen, "listen", "127.0.0.1:8081", "`address` to listen on")
	flags.StringVar(&s.app.BaseURL, "base-url", "http://localhost:8081", "`URL` where browsers reach the app")
	flags.StringVar(&s.app.Flavor, "flavor", app.Console, "which app to be: `console or frames`")
	flags.StringVar(&s.app.Name, "name", "", "what the app calls itself, if not by the flavor's own `name`")
	flags.StringVar(&s.app.Issuer, "issuer", "http://localhost:8080", "the provider's `URL`, as it calls itself")
	flags.StringVar(&s.app.ClientID, "client-id", "", "`id` of the app at the provider; by default the flavor")
	flags.StringVar(&secretFile, "client-secret-file", "", "`file` with the client's secret")
	flags.Func("scopes", "`scopes` to ask for, with spaces between; offline_access adds a refresh token", func(v string) error {
		s.app.Scopes = strings.Fields(v)
		return nil
	})
	flags.BoolVar(&s.app.Organizations, "organizations", false, "belong to one organization of the person at a time; for the console, at Signet")
	flags.StringVar(&siblingName, "sibling-name", "", "`name` of the other flavor, to link to")
	flags.StringVar(&siblingURL, "sibling-url", "", "`URL` of the other flavor")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, help)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return s, errHelp
	}
	if err != nil {
		return s, usageError{fmt.Errorf("%w; see console -help", err)}
	}
	if flags.NArg() > 0 {
		return s, usageError{fmt.Errorf("unexpected argument %q; see console -help", flags.Arg(0))}
	}
	if err := fromEnvironment(flags, getenv); err != nil {
		return s, err
	}
	if s.app.ClientID == "" {
		s.app.ClientID = s.app.Flavor
	}
	s.app.Sibling = app.Link{Name: siblingName, URL: siblingURL}
	if s.app.ClientSecret, err = secret("CONSOLE_CLIENT_SECRET", secretFile, getenv); err != nil {
		return s, err
	}
	if cookieKey, err = secret("CONSOLE_COOKIE_KEY", "", getenv); err != nil {
		return s, err
	}
	s.app.CookieKey, err = decodeKey(cookieKey)
	return s, err
}

// fromEnvironment sets each flag that was not given from its variable.
func fromEnvironment(flags *flag.FlagSet, getenv func(string) string) error {
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	var faults []error
	flags.VisitAll(func(f *flag.Flag) {
		name := "CONSOLE_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if value := getenv(name); value != "" && !given[f.Name] {
			if err := f.Value.Set(value); err != nil {
				faults = append(faults, fmt.Errorf("%s: %w", name, err))
			}
		}
	})
	if err := errors.Join(faults...); err != nil {
		return usageError{err}
	}
	return nil
}

// secret reads a setting that may stand in the environment or in a file.
func secret(name, file string, getenv func(string) string) (string, error) {
	if value := getenv(name); value != "" {
		return value, nil
	}
	if file == "" {
		file = getenv(name + "_FILE")
	}
	if file == "" {
		return "", nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", usageError{fmt.Errorf("%s_FILE: %w", name, err)}
	}
	return strings.TrimSpace(string(text)), nil
}

// decodeKey accepts base64 of at least 32 bytes. Without a key a new one is
// made, and everybody signs in again after a restart.
func decodeKey(text string) ([]byte, error) {
	if text == "" {
		key := make([]byte, 32)
		rand.Read(key) // never fails (crypto/rand)
		return key, nil
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) < 32 {
		return nil, usageError{errors.New("CONSOLE_COOKIE_KEY: must be base64 of at least 32 bytes, as openssl rand -base64 32 prints")}
	}
	return key, nil
}
