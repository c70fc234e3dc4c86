// Package telemetry counts and traces: Prometheus metrics on a listener of
// their own, and OpenTelemetry traces where a collector is configured. It knows
// what is counted and nothing of why.
package telemetry

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the program's counters.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	tokens   *prometheus.CounterVec
}

// NewMetrics returns counters at zero. version is the program's.
func NewMetrics(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "signet_http_requests_total", Help: "Requests by route and status.",
		}, []string{"route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "signet_http_request_seconds", Help: "Time to answer, by route.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5},
		}, []string{"route"}),
		tokens: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "signet_token_requests_total", Help: "Token requests by grant type and outcome (ok, or the error code).",
		}, []string{"grant", "outcome"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "signet_build_info", Help: "Always 1; the version is a label.", ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	m.registry.MustRegister(m.requests, m.seconds, m.tokens, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Route returns the counters of one route. The ones of a status are looked up
// at its first answer and kept.
func (m *Metrics) Route(name string) func(status int, took time.Duration) {
	seconds := m.seconds.WithLabelValues(name)
	var byStatus sync.Map // int -> prometheus.Counter: a handful of the hundreds there are
	return func(status int, took time.Duration) {
		seconds.Observe(took.Seconds())
		counter, ok := byStatus.Load(status)
		if !ok {
			counter, _ = byStatus.LoadOrStore(status, m.requests.WithLabelValues(name, strconv.Itoa(status)))
		}
		counter.(prometheus.Counter).Inc()
	}
}

// Token counts a token request.
func (m *Metrics) Token(grant, outcome string) { m.tokens.WithLabelValues(grant, outcome).Inc() }

// Gauge adds a figure that is read when somebody looks and may fall, such as
// the size of a pool. labels are pairs of name and value.
func (m *Metrics) Gauge(name, help string, read func() float64, labels ...string) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: constant(labels)}, read))
}

// Counter is Gauge for a figure that only grows; its name ends in _total.
func (m *Metrics) Counter(name, help string, read func() float64, labels ...string) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: constant(labels)}, read))
}

func constant(pairs []string) prometheus.Labels {
	labels := prometheus.Labels{}
	for i := 0; i+1 < len(pairs); i += 2 {
		labels[pairs[i]] = pairs[i+1]
	}
	return labels
}

// Handler serves the metrics to Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}
