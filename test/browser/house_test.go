package browser

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"signet/cmd/signet/cli"
	"signet/internal/testenv"
)

// password is that of everybody here; the demo says it, too.
const password = "correct-Horse-9"

// ada is the person of the demo.
var ada = testenv.Person{Email: "ada@example.com", Password: password}

// demo is a running demo.
type demo struct{ issuer, console, frames string }

// startDemo runs `signet demo` on free ports until the test ends.
func startDemo(t *testing.T) demo {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended, out := make(chan cli.Ready, 1), make(chan int, 1), &output{}
	go func() {
		ended <- cli.Main(ctx, cli.Process{
			Args:  []string{"demo", "--port", "0", "--console-port", "0", "--frames-port", "0"},
			Stdin: strings.NewReader(""), Stdout: out, Stderr: out, Ready: func(r cli.Ready) { ready <- r },
		})
	}()
	select {
	case r := <-ready:
		t.Cleanup(func() {
			cancel()
			if code := <-ended; code != 0 {
				t.Errorf("signet demo ended with status %d:\n%s", code, out)
			}
		})
		return demo{r.Issuer, r.Apps[0], r.Apps[1]}
	case code := <-ended:
		cancel()
		t.Fatalf("signet demo ended with status %d:\n%s", code, out)
	case <-time.After(time.Minute):
		cancel()
		t.Fatalf("signet demo is not ready after a minute:\n%s", out)
	}
	return demo{}
}

// output is what a program wrote.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

// String returns what was written.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
