// Package testenv boots the real program for tests: the same run that an
// operator starts, on free ports and fresh stores. Only tests import it.
package testenv

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"signet/cmd/signet/cli"
	"signet/internal/handle"
	sqlstore "signet/internal/store/sql"
	"signet/internal/store/storetest"
)

// Backend is where the program keeps its state.
type Backend string

// The backends.
const (
	Embedded Backend = "embedded"       // SQLite alone
	Postgres Backend = "postgres"       // Postgres alone
	Full     Backend = "postgres+redis" // as a house with many nodes
)

// Backends are all of them, for tests that must hold on each.
var Backends = []Backend{Embedded, Postgres, Full}

// Options say what to boot.
type Options struct {
	Backend Backend           // "": Embedded
	Nodes   int               // 0: one
	Env     map[string]string // settings, as in docs/settings.md
	Declare string            // YAML for `signet apply`, before the first node
	Proxies bool              // put a Proxy before each store that is a server
	TLS     bool              // one node, without a load balancer, that speaks TLS itself
	Program string            // path of a built signet: nodes are processes of it, which can be killed; "": they run here
}

// Env is a running house.
type Env struct {
	Issuer string
	Nodes  []string // addresses of the nodes, without a slash at the end

	MTLS      string // where certificates of clients are asked for, "" unless the settings say so
	Authority string // file with the authority of the house's own certificate, of Options.TLS

	Database, Redis *Proxy // nil unless Options.Proxies asks for them

	t        testing.TB
	program  string
	database string // its address
	environ  []string
	metrics  []string
	log      *syncBuffer
	making   context.Context // in which it makes its keys
	stops    []func()
	moves    sync.RWMutex // held for Nodes while one is started again
}

// cheapHash keeps hashing out of the way of what is tested.
var cheapHash = map[string]string{"SIGNET_HASHING_MEMORY": "7MiB", "SIGNET_HASHING_ITERATIONS": "1"}

// ownHeap sets how the heap of the process grows, which all its houses share, and
// returns the setting by which each of them leaves it alone: to trim it at each
// start would cost the others more than the start itself.
func ownHeap() string {
	if percent := os.Getenv("GOGC"); percent != "" {
		return "GOGC=" + percent
	}
	const percent = 200
	debug.SetGCPercent(percent)
	return "GOGC=" + strconv.Itoa(percent)
}

// Start boots the house; it ends with the test.
func Start(t testing.TB, o Options) *Env {
	t.Helper()
	e := &Env{t: t, log: &syncBuffer{}, program: o.Program, making: fromStock()}
	dir := t.TempDir()
	settings := map[string]string{
		"SIGNET_DATA": filepath.Join(dir, "data"), "SIGNET_LISTEN": "127.0.0.1:0", "SIGNET_METRICS_LISTEN": "127.0.0.1:0",
		"SIGNET_LOG_LEVEL": "info",
		// Tests come from one address and are many.
		"SIGNET_LIMITS_FLOW_NETWORK": "100000/5m",
		// Tests of challenges ask for them.
		"SIGNET_CHALLENGE_SIGN_UP": "none", "SIGNET_CHALLENGE_RECOVER": "none",
	}
	e.stores(o.Backend, settings)
	if o.Proxies {
		e.proxies(settings)
	}
	for _, more := range []map[string]string{cheapHash, o.Env} {
		for k, v := range more {
			settings[k] = v
		}
	}
	n := max(1, o.Nodes)
	if o.TLS {
		maps.Copy(settings, e.ownTLS())
	} else if _, ok := settings["SIGNET_ISSUER"]; !ok {
		settings["SIGNET_ISSUER"] = e.balance(n)
	}
	e.Issuer = settings["SIGNET_ISSUER"]
	for k, v := range settings {
		e.environ = append(e.environ, k+"="+v)
	}
	if e.program == "" {
		e.environ = append(e.environ, ownHeap())
	}
	if o.Declare != "" {
		e.Apply(o.Declare)
	}
	for range n {
		if e.program == "" {
			e.StartNode()
		} else {
			e.startProcess()
		}
	}
	t.Cleanup(func() {
		for _, stop := range e.stops {
			stop()
		}
		if t.Failed() {
			t.Logf("the end of the program's log:\n%s", tail(e.log.String(), 40))
		}
	})
	return e
}

func (e *Env) stores(b Backend, settings map[string]string) {
	e.t.Helper()
	if b == Postgres || b == Full {
		settings["SIGNET_DATABASE_URL"] = storetest.PostgresURL(e.t)
	}
	e.database = cmp.Or(settings["SIGNET_DATABASE_URL"], "sqlite://"+filepath.Join(settings["SIGNET_DATA"], "signet.db"))
	if b == Full {
		u := os.Getenv("SIGNET_TEST_REDIS_URL")
		if u == "" {
			e.t.Fatal("run `make test`, which starts Redis, or set SIGNET_TEST_REDIS_URL")
		}
		separator := "?"
		if strings.Contains(u, "?") {
			separator = "&"
		}
		settings["SIGNET_REDIS_URL"] = u + separator + "prefix=" + handle.Short() + ":"
	}
}

func (e *Env) proxies(settings map[string]string) {
	e.t.Helper()
	for name, proxy := range map[string]**Proxy{"SIGNET_DATABASE_URL": &e.Database, "SIGNET_REDIS_URL": &e.Redis} {
		if address := settings[name]; address != "" {
			*proxy, settings[name] = through(e.t, address)
		}
	}
}

// balance starts a load balancer for n nodes that are not there yet, which
// sends each request to the next node, and returns its address: the issuer.
func (e *Env) balance(n int) string {
	var next atomic.Int64
	proxy := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			node, err := url.Parse(e.node(int(next.Add(1)) % n))
			if err != nil {
				e.t.Errorf("node address: %v", err)
				return
			}
			r.SetURL(node)
			r.Out.Host = r.In.Host
			r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"] // as a test says; nil: nobody is named
		},
	}
	if e.program != "" {
		untorn(proxy)
	}
	s := httptest.NewServer(whole(proxy))
	e.t.Cleanup(s.Close)
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		e.t.Fatal(err)
	}
	return "http://localhost:" + port
}

// node is the address of the node as it is now.
func (e *Env) node(i int) string {
	e.moves.RLock()
	defer e.moves.RUnlock()
	return e.Nodes[i]
}

// whole reads a request's body before it hands the request on. Otherwise the
// server may close the body, once the answer begins, under the hands of the
// proxy that is still looking for its end, and the answer is cut off.
func whole(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

// StartNode starts one more node and waits until it listens.
func (e *Env) StartNode() {
	e.t.Helper()
	ctx, cancel := context.WithCancel(e.making)
	ready, ended := make(chan cli.Ready, 1), make(chan int, 1)
	go func() {
		ended <- cli.Main(ctx, cli.Process{
			Args: []string{"serve"}, Environ: e.environ, Stdin: strings.NewReader(""), Stdout: e.log, Stderr: e.log,
			Ready: func(r cli.Ready) { ready <- r },
		})
	}()
	stop := sync.OnceFunc(func() {
		cancel()
		<-ended
	})
	e.stops = append(e.stops, stop)
	select {
	case r := <-ready:
		e.Nodes = append(e.Nodes, "http://"+r.Address)
		if e.Issuer == "" { // which follows from the port
			e.Issuer, e.Nodes = r.Issuer, []string{r.Issuer}
			e.environ = append(e.environ, "SIGNET_ISSUER="+r.Issuer)
		}
		if _, port, err := net.SplitHostPort(r.MTLS); err == nil {
			e.MTLS = "https://localhost:" + port
		}
		e.metrics = append(e.metrics, "http://"+r.Metrics+"/metrics")
	case code := <-ended:
		ended <- code
		e.t.Fatalf("signet serve ended with status %d:\n%s", code, e.log)
	case <-time.After(time.Minute):
		e.t.Fatalf("signet serve is not ready after a minute:\n%s", e.log)
	}
}

// tail is the last n lines.
func tail(s string, n int) string {
	lines := strings.SplitAfter(s, "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "")
}

// Stop stops the node as an operator does.
func (e *Env) Stop(node int) { e.stops[node]() }

// Run runs another command of the program with the house's settings, and
// returns its exit status and what it wrote.
func (e *Env) Run(stdin string, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = cli.Main(e.making, cli.Process{
		Args: args, Environ: e.environ, Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs,
	})
	return code, out.String(), errs.String()
}

// Apply declares the YAML, as `signet apply -f -` does.
func (e *Env) Apply(yaml string) {
	e.t.Helper()
	if code, _, errs := e.Run(yaml, "apply", "-f", "-"); code != 0 {
		e.t.Fatalf("signet apply: %s", errs)
	}
}

// OpenDatabase opens the house's database, for what a test brings about in it that
// takes people or another house otherwise.
func (e *Env) OpenDatabase() *sqlstore.DB {
	e.t.Helper()
	return storetest.OpenSQL(e.t, e.database)
}

// Log is what the nodes have logged so far.
func (e *Env) Log() string { return e.log.String() }

var metricLine = regexp.MustCompile(`^([a-z_]+)(?:\{[^}]*\})? ([0-9.e+]+)$`)

// Metric returns the sum of the metric over all labels and nodes.
func (e *Env) Metric(name string) float64 {
	e.t.Helper()
	sum := 0.0
	for _, u := range e.metrics {
		resp, err := http.Get(u)
		if err != nil {
			e.t.Fatal(err)
		}
		var body bytes.Buffer
		_, err = body.ReadFrom(resp.Body)
		resp.Body.Close()
		if err != nil {
			e.t.Fatal(err)
		}
		for line := range strings.Lines(body.String()) {
			if m := metricLine.FindStringSubmatch(strings.TrimSpace(line)); m != nil && m[1] == name {
				v, err := strconv.ParseFloat(m[2], 64)
				if err != nil {
					e.t.Fatal(fmt.Errorf("metric %s: %w", name, err))
				}
				sum += v
			}
		}
	}
	return sum
}

// syncBuffer is a buffer that several nodes write to.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String returns what was written.
func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
