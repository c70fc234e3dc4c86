package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"

	"golang.org/x/sync/errgroup"

	"signet/config"
	"signet/internal/httpd"
	"signet/internal/op"
)

// mtls is what the protocol is told about certificates of clients.
func (s *server) mtls() (op.MTLS, error) {
	c := s.cfg.MTLS
	out := op.MTLS{Asked: c.Asked(), Certificates: httpd.NewCertificates(httpd.CertificateHeader{
		Name: c.Header, DER: c.HeaderFormat == config.CertificateDER, Proxies: c.Proxies,
	})}
	if c.URL != "" {
		out.Base = c.URL + s.basePath()
	}
	if c.CA == "" {
		return out, nil
	}
	pem, err := os.ReadFile(c.CA)
	if err != nil {
		return out, fmt.Errorf("mtls.ca: %w", err)
	}
	out.Roots = x509.NewCertPool()
	if !out.Roots.AppendCertsFromPEM(pem) {
		return out, fmt.Errorf("mtls.ca: %s holds no certificate", c.CA)
	}
	return out, nil
}

// asking is the TLS of a listener that asks for the certificates of clients. It
// takes any: whether one is worth something depends on the client, which the
// handshake does not know.
func asking(c *tls.Config) *tls.Config {
	c = c.Clone()
	c.ClientAuth = tls.RequestClientCert
	return c
}

// listenMTLS listens where certificates are asked for; nil where there is no such
// listener.
func listenMTLS(cfg *config.Config) (net.Listener, error) {
	if cfg.MTLS.Listen == "" {
		return nil, nil
	}
	l, err := listen(cfg.MTLS.Listen, "mtls.listen")
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	cfg.BoundMTLS(port)
	return l, nil
}

// serveMTLS answers there what apps call themselves.
func (s *server) serveMTLS(ctx context.Context, group *errgroup.Group, main *http.Server, listener net.Listener) {
	routes := slices.DeleteFunc(slices.Concat(s.provider.Routes(), s.managed.Routes()), func(r httpd.Route) bool {
		return r.Kind != httpd.Protocol && r.Kind != httpd.API
	})
	m := &http.Server{
		Handler: s.mount(routes), ConnContext: main.ConnContext, ErrorLog: main.ErrorLog, MaxHeaderBytes: main.MaxHeaderBytes,
		ReadHeaderTimeout: main.ReadHeaderTimeout, ReadTimeout: main.ReadTimeout, WriteTimeout: main.WriteTimeout, IdleTimeout: main.IdleTimeout,
	}
	group.Go(func() error {
		return notClosed(m.Serve(tls.NewListener(httpd.Whole(listener), asking(main.TLSConfig))))
	})
	group.Go(func() error {
		<-ctx.Done()
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.Shutdown.ReadinessLead+s.cfg.Shutdown.Drain)
		defer cancel()
		if m.Shutdown(drain) != nil {
			return m.Close()
		}
		return nil
	})
}
