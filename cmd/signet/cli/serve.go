package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"signet/config"
	"signet/internal/api"
	"signet/internal/ciba"
	"signet/internal/federation"
	"signet/internal/httpd"
	"signet/internal/op"
	"signet/internal/telemetry"
	"signet/internal/web"
)

// gcPercent lets the heap grow to three times of what lives on it before it is
// collected. What lives is a few megabytes, so that the default would collect
// many times a second under load, to save memory that nobody misses. GOGC, if
// set, goes before. Starting makes more garbage than is kept, and what lies between
// stays in memory for good: there the heap is kept small.
const (
	gcPercent         = 200
	gcPercentStarting = 50
)

func serveCommand(p *Process) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run the provider",
		Long: "Run the provider until it is told to stop. Without settings it keeps everything in ./signet-data.\n" +
			"Settings come from a YAML file (--config, SIGNET_CONFIG) and the environment: see docs/settings.md.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := load(p, cmd)
			if err != nil {
				return err
			}
			if p.getenv("GOGC") == "" {
				debug.SetGCPercent(gcPercentStarting)
			}
			return serve(cmd.Context(), p, cfg, serveOptions{log: newLog(cfg, p.Stderr)})
		},
	}
}

// serveOptions are what the demo does differently.
type serveOptions struct {
	log     *slog.Logger
	before  func(context.Context, *house) error // after the stores are open, before the first request
	mailbox bool
}

func newLog(cfg *config.Config, w io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: cfg.Log.Level}
	if cfg.Log.Format == config.LogJSON {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// serve listens, opens the house, answers until ctx ends, and drains.
func serve(ctx context.Context, p *Process, cfg *config.Config, o serveOptions) error {
	listener, err := listen(cfg.Listen, "listen")
	if err != nil {
		return err
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	cfg.Bound(port)
	second, err := listenMTLS(cfg)
	if err != nil {
		return err
	}
	if second != nil {
		defer second.Close()
	}
	h, err := openHouse(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() {
		if err := h.close(); err != nil {
			o.log.Error("closing the stores", "cause", err)
		}
	}()
	if o.before != nil {
		if err := o.before(ctx, h); err != nil {
			return err
		}
	}
	s := &server{house: h, log: o.log, metrics: telemetry.NewMetrics(Version()), readiness: readiness{now: time.Now}}
	return s.run(ctx, p, listener, second, o)
}

// listen says which setting names an address that is taken.
func listen(address, setting string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is taken by another program: choose another address with %s (SIGNET_%s)", address, setting, envName(setting))
	}
	return l, err
}

func envName(setting string) string {
	out := []byte(setting)
	for i, c := range out {
		switch {
		case c == '.':
			out[i] = '_'
		case c >= 'a' && c <= 'z':
			out[i] = c - 'a' + 'A'
		}
	}
	return string(out)
}

// server is the running provider.
type server struct {
	*house
	log      *slog.Logger
	metrics  *telemetry.Metrics
	pages    *web.Web
	provider *op.Provider
	managed  *api.API
	pinger   *ciba.Pinger
	// samlDocuments are what SAML providers say of themselves.
	samlDocuments *federation.Documents
	leaving       atomic.Bool

	readiness readiness
}

func (s *server) run(ctx context.Context, p *Process, listener, second net.Listener, o serveOptions) error {
	handler, err := s.handler(o)
	if err != nil {
		return err
	}
	s.spareProcessor(p)
	mail, err := s.mailWorker(o)
	if err != nil {
		return err
	}
	if t := s.cfg.Telemetry; t.OTLPEndpoint != "" {
		tracer, err := telemetry.NewTracer(ctx, t.OTLPEndpoint, t.SampleRatio, Version())
		if err != nil {
			return fmt.Errorf("telemetry.otlp_endpoint: %w", err)
		}
		defer tracer.Close(context.WithoutCancel(ctx))
		handler = tracer.Wrap(handler)
	}
	main := &http.Server{
		Handler: handler, ConnContext: httpd.ConnContext, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second, IdleTimeout: 120 * time.Second,
		MaxHeaderBytes: 64 << 10,
	}
	ready := Ready{Address: listener.Addr().String(), Issuer: s.cfg.Issuer}
	listener = httpd.Whole(listener)
	if s.cfg.TLS.Enabled() {
		certificate := &reloading{cert: s.cfg.TLS.Cert, key: s.cfg.TLS.Key}
		main.TLSConfig = &tls.Config{GetCertificate: certificate.get, MinVersion: tls.VersionTLS12}
		if s.cfg.MTLS.Shared {
			main.TLSConfig = asking(main.TLSConfig)
		}
		listener = tls.NewListener(listener, main.TLSConfig)
	}
	group, ctx := errgroup.WithContext(ctx)
	if err := s.serveMetrics(ctx, group, &ready); err != nil {
		return err
	}
	group.Go(func() error { return notClosed(main.Serve(listener)) })
	if second != nil {
		ready.MTLS = second.Addr().String()
		s.serveMTLS(ctx, group, main, second)
	}
	group.Go(func() error { return s.stop(ctx, main) })
	work := []func(context.Context){s.watch, s.warnOfRedis, s.logoutWorker().Run, s.signOutWorker().Run, s.pinger.Run, s.maintain}
	if mail != nil {
		work = append(work, mail.Run)
	}
	for _, run := range work {
		group.Go(func() error { run(ctx); return nil })
	}
	s.log.Info("ready", "issuer", s.cfg.Issuer, "listen", ready.Address, "metrics", ready.Metrics,
		"database", s.cfg.Database.URL.Address(), "redis", s.cfg.Redis.URL.Address(), "version", Version())
	if p.Ready != nil {
		p.Ready(ready)
	}
	group.Go(func() error { settle(p); return nil })
	return group.Wait()
}

// spareProcessor lets Go code run on one core while the embedded database waits for
// the disk: the runtime takes the only processor away from a thread in a system call no sooner
// than a tenth of a millisecond later, which is about what the disk takes. What is bounded by
// processors (hashing) has counted them before. GOMAXPROCS, if set, goes before.
func (s *server) spareProcessor(p *Process) {
	if s.cfg.Database.IsSQLite() && p.getenv("GOMAXPROCS") == "" && runtime.GOMAXPROCS(0) == 1 {
		runtime.GOMAXPROCS(2)
	}
}

// settle ends the start: what it took goes back to the system now, and not at some
// collection in the next minutes.
func settle(p *Process) {
	if p.getenv("GOGC") == "" {
		giveBack()
		debug.SetGCPercent(gcPercent)
	}
}

func notClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// stop waits for the end of ctx, says so to load balancers first, and then
// lets the requests under way end.
func (s *server) stop(ctx context.Context, main *http.Server) error {
	<-ctx.Done()
	s.leaving.Store(true)
	s.log.Info("stopping")
	ctx = context.WithoutCancel(ctx)
	time.Sleep(s.cfg.Shutdown.ReadinessLead)
	drain, cancel := context.WithTimeout(ctx, s.cfg.Shutdown.Drain)
	defer cancel()
	if err := main.Shutdown(drain); err != nil {
		s.log.Warn("requests were cut off after the drain time (shutdown.drain)", "cause", err)
		return main.Close()
	}
	return nil
}

// serveMetrics serves Prometheus on a listener of its own, so that a proxy in
// front never shows the figures to the world.
func (s *server) serveMetrics(ctx context.Context, group *errgroup.Group, ready *Ready) error {
	if !s.cfg.Metrics.Enabled() {
		return nil
	}
	l, err := listen(s.cfg.Metrics.Listen, "metrics.listen")
	if err != nil {
		return err
	}
	s.describe()
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.metrics.Handler())
	if s.cfg.Metrics.Profiles {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	}
	m := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	ready.Metrics = l.Addr().String()
	group.Go(func() error { return notClosed(m.Serve(l)) })
	group.Go(func() error { <-ctx.Done(); return m.Close() })
	return nil
}

// describe adds the figures of the pools.
func (s *server) describe() {
	for i, p := range s.db.Stats() {
		read := func(f func(int) float64) func() float64 { return func() float64 { return f(i) } }
		s.metrics.Gauge("signet_database_connections", "Open connections.", read(func(i int) float64 { return float64(s.db.Stats()[i].OpenConnections) }), "pool", p.Pool)
		s.metrics.Gauge("signet_database_connections_in_use", "Connections that are in use.", read(func(i int) float64 { return float64(s.db.Stats()[i].InUse) }), "pool", p.Pool)
		s.metrics.Counter("signet_database_waits_total", "How often a caller waited for a connection.", read(func(i int) float64 { return float64(s.db.Stats()[i].WaitCount) }), "pool", p.Pool)
	}
	s.metrics.Counter("signet_database_statements_total", "SQL statements sent.", func() float64 { return float64(s.db.Statements()) })
	s.metrics.Gauge("signet_kv_connections", "Open connections to the store of short-lived state.", func() float64 { return float64(s.kv.Stats().Open) })
	s.metrics.Gauge("signet_kv_connections_idle", "Of those, the idle ones.", func() float64 { return float64(s.kv.Stats().Idle) })
	s.metrics.Counter("signet_kv_round_trips_total", "Requests to the store of short-lived state.", func() float64 { return float64(s.kv.RoundTrips()) })
	s.metrics.Counter("signet_pings_sent_total", "Apps told that a person has decided about their request.", func() float64 { sent, _ := s.pinger.Stats(); return float64(sent) })
	s.metrics.Counter("signet_pings_failed_total", "Tries to tell an app so that failed.", func() float64 { _, failed := s.pinger.Stats(); return float64(failed) })
}
