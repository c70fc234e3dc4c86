package cli_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"signet/cmd/signet/cli"
	"signet/internal/store/storetest"
)

// TestMain lets scripts run the program itself: the test binary, started anew
// under the name signet.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"signet": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		code := cli.Main(ctx, cli.Process{
			Args: os.Args[1:], Environ: os.Environ(), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		})
		os.Exit(code)
	}})
}

// TestScripts runs testdata/script: each command, its success and its refusals.
func TestScripts(t *testing.T) { scripts(t, "testdata/script", nil) }

// TestApplyOnSQLite and TestApplyOnPostgres run the same scripts.
func TestApplyOnSQLite(t *testing.T) { scripts(t, "testdata/apply", nil) }

func TestApplyOnPostgres(t *testing.T) {
	scripts(t, "testdata/apply", func(e *testscript.Env) error {
		e.Setenv("SIGNET_DATABASE_URL", storetest.PostgresURL(e.T().(testing.TB)))
		return nil
	})
}

func scripts(t *testing.T, dir string, setup func(*testscript.Env) error) {
	testscript.Run(t, testscript.Params{
		Dir: dir, RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			address, err := freeAddress()
			if err != nil {
				return err
			}
			e.Setenv("SIGNET_DATA", e.WorkDir+"/data")
			e.Setenv("SIGNET_LISTEN", address)
			e.Setenv("SIGNET_METRICS_LISTEN", "off")
			e.Setenv("SIGNET_SHUTDOWN_READINESS_LEAD", "0s")
			e.Setenv("SIGNET_HASHING_MEMORY", "7MiB") // the least: what is tested is not the cost
			e.Setenv("SIGNET_HASHING_ITERATIONS", "1")
			e.Setenv("ISSUER", "http://localhost:"+address[strings.LastIndexByte(address, ':')+1:])
			if setup == nil {
				return nil
			}
			return setup(e)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"status": status, "post": post, "ready": ready},
	})
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// status N COMMAND... runs the command and expects it to end with the status.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command...")
	}
	err := ts.Exec(args[1], args[2:]...)
	var exit interface{ ExitCode() int }
	code := 0
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("status %d, want %s", code, args[0])
	}
}

// ready waits until the node that the script started answers, a minute at most.
func ready(ts *testscript.TestScript, neg bool, args []string) {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if res, err := http.Get(ts.Getenv("ISSUER") + "/readyz"); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
	}
	ts.Fatalf("no node answers at %s", ts.Getenv("ISSUER"))
}

// post CLIENT:SECRET PATH BODY sends a form as a client does, until the answer
// is a 200 (with !: is none): a command may take two seconds to be seen by a node
// that runs, and many more on a machine that is busy. The answer goes to standard
// output.
func post(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: post client:secret path body")
	}
	id, secret, _ := strings.Cut(args[0], ":")
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		req, err := http.NewRequest(http.MethodPost, ts.Getenv("ISSUER")+args[1], strings.NewReader(args[2]))
		ts.Check(err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
		res, err := http.DefaultClient.Do(req)
		ts.Check(err)
		body, err := io.ReadAll(res.Body)
		ts.Check(errors.Join(err, res.Body.Close()))
		if (res.StatusCode == http.StatusOK) != neg {
			fmt.Fprintf(ts.Stdout(), "%d %s\n", res.StatusCode, body)
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("after half a minute still %d %s", res.StatusCode, body)
		}
	}
}
