package config

import (
	"crypto/x509"
	"log/slog"
	"net"
	"os"
	"time"
)

// Outbound is how the provider connects to others: to the mail server, and to what
// somebody else registered.
type Outbound struct {
	// File with certificates (PEM) to trust besides those of the system.
	CA string `yaml:"ca"`

	// Whether private, loopback and link-local addresses that an app registered may
	// be fetched (its `jwks_uri`, for one), and plain http with them. Only for a closed network or a test: otherwise whoever registers
	// an app can reach what only this machine should.
	AllowPrivate bool `yaml:"allow_private" default:"false"`
}

func (o Outbound) check(r *report) {
	if o.CA == "" {
		return
	}
	pem, err := os.ReadFile(o.CA)
	switch {
	case err != nil:
		r.fault("outbound.ca", "cannot be read: "+oneLine(err), "name a readable file")
	case !x509.NewCertPool().AppendCertsFromPEM(pem):
		r.fault("outbound.ca", o.CA+" holds no certificate", "name a file with certificates in PEM")
	}
}

// DNS is how the provider looks up the records by which organizations prove that
// a domain is theirs.
type DNS struct {
	// Server to ask, as address and port, such as `10.0.0.53:53`. When empty: those
	// of the system. Name one where the system's servers answer for your own domains
	// otherwise than the public ones do.
	Server string `yaml:"server"`
}

func (d DNS) check(r *report) {
	if d.Server == "" {
		return
	}
	const fix = "write address:port, such as 10.0.0.53:53"
	if problem := checkListen(d.Server); problem != "" {
		r.fault("dns.server", problem, fix)
		return
	}
	if host, _, _ := net.SplitHostPort(d.Server); net.ParseIP(host) == nil {
		r.fault("dns.server", quote(d.Server)+" does not begin with an IP address, and its name would have to be looked up", fix)
	}
}

// Metrics are for Prometheus.
type Metrics struct {
	// Address and port of the listener for `/metrics`, or `off`. It is apart from
	// `listen` so that the numbers are not public by mistake.
	Listen string `yaml:"listen" default:"127.0.0.1:9464"`

	// Whether `/debug/pprof/` is served beside them: what the program spends its time
	// and memory on, for `go tool pprof`. A profile tells nothing that is stored, but
	// costs time while it is taken.
	Profiles bool `yaml:"profiles" default:"false"`
}

// Off is what Metrics.Listen says when there is no such listener.
const Off = "off"

// Enabled reports whether there is a metrics listener.
func (m Metrics) Enabled() bool { return m.Listen != Off }

func (m Metrics) check(r *report, listen string) {
	const fix = "write address:port, such as 127.0.0.1:9464, or off"
	if !m.Enabled() {
		return
	}
	if problem := checkListen(m.Listen); problem != "" {
		r.fault("metrics.listen", problem, fix)
		return
	}
	if m.Listen == listen && !isFreePort(listen) {
		r.fault("metrics.listen", m.Listen+" is the address of listen", "choose another port, or off")
	}
}

// Telemetry is tracing by OpenTelemetry. The variables of OpenTelemetry itself
// (such as OTEL_EXPORTER_OTLP_HEADERS) hold too.
type Telemetry struct {
	// Collector that takes traces by OTLP over HTTP, such as
	// `http://localhost:4318`. When empty, nothing is traced.
	OTLPEndpoint string `yaml:"otlp_endpoint"`

	// Part of the requests to trace, from 0 to 1, when the caller has not decided.
	SampleRatio float64 `yaml:"sample_ratio" default:"1" min:"0" max:"1"`
}

func (t Telemetry) check(r *report) {
	if t.OTLPEndpoint == "" {
		return
	}
	u, ok := splitURL(t.OTLPEndpoint)
	if !ok || len(u.hosts) != 1 || (u.scheme != "http" && u.scheme != "https") {
		r.fault("telemetry.otlp_endpoint", "is not an http or https URL", "write an address such as http://localhost:4318")
		return
	}
	checkHosts(r, "telemetry.otlp_endpoint", u.hosts)
}

// Values of Log.Format.
const (
	LogText = "text"
	LogJSON = "json"
)

// Log is what the program writes to standard error.
type Log struct {
	// Least level that is written.
	Level slog.Level `yaml:"level" default:"info" oneof:"debug|info|warn|error"`

	// One line of `text` for people, or of `json` for machines.
	Format string `yaml:"format" default:"text" oneof:"json|text"`
}

// Shutdown is how a node leaves when it is told to stop.
type Shutdown struct {
	// How long `/readyz` says no before the listener closes, for load balancers
	// that look only now and then.
	ReadinessLead time.Duration `yaml:"readiness_lead" default:"0s" max:"5m"`

	// How long requests under way may take to end.
	Drain time.Duration `yaml:"drain" default:"10s" max:"10m"`
}
