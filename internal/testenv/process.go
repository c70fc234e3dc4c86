package testenv

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httputil"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"
)

// Build builds the program as `make build` does, and returns its path.
func Build(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "signet")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", path, "signet/cmd/signet")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// readyLine is where a node says that it listens, and where.
var readyLine = regexp.MustCompile(`msg=ready .*\blisten=(\S+) metrics=(\S+)`)

// startProcess starts one more node as a process of its own.
func (e *Env) startProcess() {
	e.t.Helper()
	address, metrics, stop := e.process()
	e.Nodes, e.metrics, e.stops = append(e.Nodes, address), append(e.metrics, metrics), append(e.stops, stop)
}

// process starts `signet serve` and waits until it listens. stop kills it.
func (e *Env) process() (address, metrics string, stop func()) {
	e.t.Helper()
	out := &watched{into: e.log, found: make(chan [2]string, 1)}
	cmd := exec.Command(e.program, "serve")
	cmd.Env, cmd.Stdout, cmd.Stderr = append(e.environ, "SIGNET_LOG_FORMAT=text"), out, out
	if err := cmd.Start(); err != nil {
		e.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	stop = sync.OnceFunc(func() {
		cmd.Process.Kill() // it may have ended by itself, and then the log says why
		<-ended
	})
	select {
	case at := <-out.found:
		return "http://" + at[0], "http://" + at[1] + "/metrics", stop
	case err := <-ended:
		ended <- err
		e.t.Fatalf("signet serve ended: %v\n%s", err, tail(e.log.String(), 40))
	case <-time.After(time.Minute):
		stop()
		e.t.Fatalf("signet serve is not ready after a minute:\n%s", tail(e.log.String(), 40))
	}
	return "", "", nil
}

// Kill ends the node, a process, as the want of memory would: with SIGKILL, in
// the middle of whatever it does.
func (e *Env) Kill(node int) { e.stops[node]() }

// Restart starts the node that was killed, at another address.
func (e *Env) Restart(node int) {
	e.t.Helper()
	address, metrics, stop := e.process()
	e.moves.Lock()
	defer e.moves.Unlock()
	e.Nodes[node], e.metrics[node], e.stops[node] = address, metrics, stop
}

// watched hands on what a node writes, and sends where it listens when it says so.
type watched struct {
	into  io.Writer
	found chan [2]string
	done  bool
	seen  bytes.Buffer // until then
}

// Write implements io.Writer.
func (w *watched) Write(p []byte) (int, error) {
	if !w.done {
		w.seen.Write(p)
		if m := readyLine.FindSubmatch(w.seen.Bytes()); m != nil {
			w.done = true
			w.found <- [2]string{string(m[1]), string(m[2])}
		}
	}
	return w.into.Write(p)
}

// untorn makes the load balancer answer 502 for a node that is not there, or
// that dies in the middle of its answer: never with a part of one.
func untorn(p *httputil.ReverseProxy) {
	p.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	p.ModifyResponse = func(r *http.Response) error {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		r.Body.Close()
		r.Body = io.NopCloser(bytes.NewReader(body))
		return nil
	}
}
