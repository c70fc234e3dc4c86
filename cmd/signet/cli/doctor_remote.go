package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// patience is how long a peer may take to answer a check.
const patience = 5 * time.Second

// issuer asks for the discovery document as an app does, at the address that
// apps know, and compares the issuer in it letter by letter (OpenID Connect
// Discovery §4.3).
func (d *doctor) issuer(ctx context.Context) {
	const name = "issuer"
	roots, err := outboundRoots(d.cfg)
	if err != nil {
		d.fail(name, "correct outbound.ca (SIGNET_OUTBOUND_CA)", "%v", err)
		return
	}
	answer, err := fetch(ctx, d.cfg.Issuer+"/.well-known/openid-configuration", &tls.Config{RootCAs: roots})
	switch {
	case errors.Is(err, syscall.ECONNREFUSED) && d.loopback():
		d.warn(name, "start signet serve", "nothing answers at %s", d.cfg.Issuer)
		return
	case err != nil:
		d.fail(name, issuerFix(err), "%v", err)
		return
	case answer.status != http.StatusOK:
		d.fail(name, "let the proxy hand every path of the issuer to a node; look into the node's log",
			"%s answers %d to /.well-known/openid-configuration", d.cfg.Issuer, answer.status)
		return
	}
	var document struct {
		Issuer string `json:"issuer"`
	}
	if err := json.Unmarshal(answer.body, &document); err != nil || document.Issuer != d.cfg.Issuer {
		d.fail(name, "set issuer (SIGNET_ISSUER) to one and the same address on all nodes, and let it lead to them",
			"what answers at %s says that it is %q", d.cfg.Issuer, document.Issuer)
		return
	}
	d.ok(name, "%s answers in %s, and says the same of itself", d.cfg.Issuer, answer.took.Round(10*time.Microsecond))
	if answer.leaf != nil {
		d.expiry("certificate", "that of "+d.cfg.Issuer, answer.leaf)
	}
}

// issuerFix says what to do about an issuer that cannot be reached.
func issuerFix(err error) string {
	var unknown x509.UnknownAuthorityError
	var wrongName x509.HostnameError
	var invalid x509.CertificateInvalidError
	var dns *net.DNSError
	switch {
	case errors.As(err, &unknown):
		return "serve the whole chain of the certificate; a private CA is named by outbound.ca (SIGNET_OUTBOUND_CA)"
	case errors.As(err, &wrongName):
		return "get a certificate for the issuer's host name"
	case errors.As(err, &invalid):
		return "renew the certificate, or correct the clock"
	case errors.As(err, &dns):
		return "give the issuer's host name an address in DNS, or correct issuer (SIGNET_ISSUER)"
	}
	return "start signet serve, and let the issuer's address lead to it; a firewall may keep this machine alone from it"
}

type answered struct {
	status int
	body   []byte
	took   time.Duration
	leaf   *x509.Certificate
}

// fetch gets a small document. It follows no redirect: what is asked for must
// be where it is said to be.
func fetch(ctx context.Context, address string, trust *tls.Config) (answered, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	transport := &http.Transport{TLSClientConfig: trust, DisableKeepAlives: true, Proxy: http.ProxyFromEnvironment}
	c := http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return answered{}, err
	}
	began := time.Now()
	res, err := c.Do(req)
	if err != nil {
		return answered{}, err
	}
	defer res.Body.Close()
	a := answered{status: res.StatusCode}
	a.body, err = io.ReadAll(io.LimitReader(res.Body, 1<<20))
	a.took = time.Since(began)
	if res.TLS != nil && len(res.TLS.PeerCertificates) > 0 {
		a.leaf = res.TLS.PeerCertificates[0]
	}
	return a, err
}

// mail begins a conversation with the mail server, signs in where the settings
// do, and ends it without a message.
func (d *doctor) mail(ctx context.Context) {
	const name = "mail"
	if d.cfg.SMTP.URL.IsZero() {
		d.warn(name, "set smtp.url and smtp.from (SIGNET_SMTP_URL, SIGNET_SMTP_FROM)", "no server is set, so no mail is sent")
		return
	}
	server, err := mailServer(d.cfg)
	if err == nil {
		server.Timeout = patience
		err = server.Check(ctx)
	}
	if err != nil {
		d.fail(name, "start the mail server, or correct smtp.url (SIGNET_SMTP_URL)", "%s: %v", d.cfg.SMTP.URL.Address(), err)
		return
	}
	d.ok(name, "%s answers", d.cfg.SMTP.URL.Address())
}

// askReady asks the node on this machine for its /readyz.
func askReady(ctx context.Context, p *Process, cmd *cobra.Command) error {
	cfg, err := load(p, cmd)
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	scheme := "http"
	if cfg.TLS.Enabled() {
		scheme = "https"
	}
	address := scheme + "://" + net.JoinHostPort(host, port) + "/readyz"
	// The certificate is for the issuer's name, and this is the way to itself.
	answer, err := fetch(ctx, address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		return err
	}
	if answer.status != http.StatusOK {
		return fmt.Errorf("%s is not ready: %s", address, strings.TrimSpace(string(answer.body)))
	}
	_, err = fmt.Fprintln(p.Stdout, "ready")
	return err
}
