package config

import (
	"crypto/x509"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
)

// Values of MTLS.HeaderFormat.
const (
	CertificatePEM = "pem"
	CertificateDER = "der"
)

// MTLS is how apps prove who they are by a TLS client certificate, and bind their
// tokens to it (RFC 8705). Nobody is asked for one unless one of `mtls.listen`,
// `mtls.shared` and `mtls.header` is set.
type MTLS struct {
	// Address and port of a second listener that asks for a client certificate and
	// answers what apps call themselves (the token endpoint and such), but no page:
	// at the main one browsers would ask people for a certificate. Needs `tls.cert`.
	Listen string `yaml:"listen"`

	// Address at which apps reach that listener, or the proxy that asks for
	// certificates if it has a host name of its own: `https://mtls.example.com:8443`.
	// The discovery document tells it to apps as `mtls_endpoint_aliases`. When empty
	// and `mtls.listen` is set: the issuer's host with the port of the listener.
	URL string `yaml:"url"`

	// Whether the main listener asks for a client certificate, too. Browsers then ask
	// people who have any for one: only where no people sign in, or none has one.
	Shared bool `yaml:"shared" default:"false"`

	// File with the certificates (PEM) of the authorities that sign those of apps,
	// for `tls_client_auth`. When empty, apps can register their own certificates
	// only (`self_signed_tls_client_auth`).
	CA string `yaml:"ca"`

	// Header in which a proxy that ends TLS passes on the client's certificate, such
	// as `Client-Cert`. The proxy must remove what others send under that name.
	Header string `yaml:"header"`

	// How the header has the certificate: `pem`, percent-encoded, as nginx's
	// `$ssl_client_escaped_cert`; or `der`, base64, as RFC 9440 says.
	HeaderFormat string `yaml:"header_format" default:"pem" oneof:"pem|der"`

	// Networks of the proxies that may send that header. From anybody else it is
	// refused.
	Proxies []netip.Prefix `yaml:"proxies"`
}

// Asked reports whether apps are asked for a certificate.
func (m MTLS) Asked() bool { return m.Listen != "" || m.Shared || m.Header != "" }

// deriveMTLS fills the address of the second listener.
func (c *Config) deriveMTLS() {
	if _, port, err := net.SplitHostPort(c.MTLS.Listen); err == nil && port != "0" {
		c.BoundMTLS(port)
	}
}

// BoundMTLS fills an address for mtls.listen that was not set. A program that
// listened there on port 0 calls it with the port it was given.
func (c *Config) BoundMTLS(port string) {
	u, err := url.Parse(c.Issuer)
	if c.MTLS.URL != "" || err != nil || u.Host == "" {
		return
	}
	host := u.Hostname()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	c.MTLS.URL = "https://" + host
	if port != "443" {
		c.MTLS.URL += ":" + port
	}
}

func (m MTLS) check(r *report, c *Config) {
	if m.Listen != "" {
		m.checkListen(r, c)
	}
	if m.Shared && !c.TLS.Enabled() {
		r.fault("mtls.shared", "is true while tls.cert is not set", "set tls.cert and tls.key: certificates are asked for in the TLS handshake; or, behind a proxy, mtls.header")
	}
	m.checkHeader(r)
	for _, s := range []struct {
		path, value string
		check       func(MTLS, *report)
	}{{"mtls.ca", m.CA, MTLS.checkCA}, {"mtls.url", m.URL, MTLS.checkURL}} {
		switch {
		case s.value == "":
		case !m.Asked():
			r.fault(s.path, "is set, and nobody is asked for a certificate", "set mtls.listen, mtls.shared or mtls.header, too")
		default:
			s.check(m, r)
		}
	}
}

func (m MTLS) checkListen(r *report, c *Config) {
	switch problem := checkListen(m.Listen); {
	case problem != "":
		r.fault("mtls.listen", problem, "write address:port, such as 0.0.0.0:8443")
	case m.Listen == c.Listen && !isFreePort(m.Listen):
		r.fault("mtls.listen", m.Listen+" is the address of listen", "choose another port; or set mtls.shared to ask for certificates there")
	case m.Listen == c.Metrics.Listen && !isFreePort(m.Listen):
		r.fault("mtls.listen", m.Listen+" is the address of metrics.listen", "choose another port")
	case !c.TLS.Enabled():
		r.fault("mtls.listen", "is set while tls.cert is not", "set tls.cert and tls.key: certificates are asked for in the TLS handshake; or, behind a proxy, mtls.header")
	}
}

// reserved are headers that mean something else.
var reserved = []string{"Authorization", "Cookie", "Host", "DPoP", "X-Forwarded-For", "Content-Type", "Content-Length", "Origin"}

func (m MTLS) checkHeader(r *report) {
	switch {
	case m.Header == "" && len(m.Proxies) > 0:
		r.fault("mtls.proxies", "is set while mtls.header is not", "name the header in which they pass the certificate on, or leave this out")
	case m.Header == "":
	case !isToken(m.Header):
		r.fault("mtls.header", quote(m.Header)+" is not the name of a header", "write a name such as Client-Cert")
	case len(m.Proxies) == 0:
		r.fault("mtls.proxies", "is empty while mtls.header is set", "name the networks of the proxies that may send it: from anybody else it would let everybody in as anybody")
	}
	for _, name := range reserved {
		if strings.EqualFold(m.Header, name) {
			r.fault("mtls.header", name+" has another meaning", "write a name such as Client-Cert")
		}
	}
	for _, network := range m.Proxies {
		if network.Bits() == 0 {
			r.fault("mtls.proxies", network.String()+" names everyone, and then anyone can claim any certificate", "name the networks of the proxies only")
		}
	}
}

func isToken(name string) bool {
	return !strings.ContainsFunc(name, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_'
	})
}

func (m MTLS) checkCA(r *report) {
	pem, err := os.ReadFile(m.CA)
	switch {
	case err != nil:
		r.fault("mtls.ca", "cannot be read: "+oneLine(err), "name a readable file")
	case !x509.NewCertPool().AppendCertsFromPEM(pem):
		r.fault("mtls.ca", m.CA+" holds no certificate", "name a file with certificates in PEM")
	}
}

func (m MTLS) checkURL(r *report) {
	u, err := url.Parse(m.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || strings.ContainsAny(m.URL, "?#") || u.Path != "" || strings.ToLower(u.Host) != u.Host {
		r.fault("mtls.url", quote(m.URL)+" is not an https address without a path", "write an address such as https://mtls.example.com:8443")
	}
}
