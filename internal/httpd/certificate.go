package httpd

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"signet/internal/fault"
)

// CertificateHeader is how a proxy that ends TLS passes on the certificate with
// which a client's connection was made.
type CertificateHeader struct {
	Name    string         // of the header; "": none does
	DER     bool           // base64 of DER (RFC 9440), else PEM, percent-encoded
	Proxies []netip.Prefix // who may send it
}

// Certificates finds the certificate that a client proved to have when its
// connection was made (RFC 8705). Whether it is worth anything, the protocol
// knows.
type Certificates struct {
	header  CertificateHeader
	proxies Addresses
}

// NewCertificates returns the finder.
func NewCertificates(h CertificateHeader) *Certificates {
	return &Certificates{header: h, proxies: Addresses{h.Proxies}}
}

// maxCertificate bounds the header, in bytes.
const maxCertificate = 16 << 10

// Of returns the client's certificate and what it sent along with it to be
// verified, or nil where it sent none. A request of a proxy is its client's, and
// has the certificate that the header names: the proxy's own is nobody's. A
// header that anybody else sends is a fault.
func (c *Certificates) Of(r *http.Request) ([]*x509.Certificate, error) {
	var values []string
	if c.header.Name != "" {
		values = r.Header.Values(c.header.Name)
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if err == nil && c.proxies.trusts(host) {
			return c.passed(values)
		}
	}
	switch {
	case len(values) > 0:
		return nil, fault.New(fault.Forbidden, "the header %s is for the proxies of mtls.proxies, and %s is none of them", c.header.Name, r.RemoteAddr)
	case r.TLS == nil || len(r.TLS.PeerCertificates) == 0:
		return nil, nil
	}
	return r.TLS.PeerCertificates, nil
}

// passed reads what a proxy passed on; an empty header is that of a connection
// without a certificate.
func (c *Certificates) passed(values []string) ([]*x509.Certificate, error) {
	switch {
	case len(values) == 0 || len(values) == 1 && values[0] == "":
		return nil, nil
	case len(values) > 1:
		return nil, fault.New(fault.Invalid, "the header %s comes %d times", c.header.Name, len(values))
	}
	read := ReadPEM
	if c.header.DER {
		read = ReadDER
	}
	cert, err := read(values[0])
	if err != nil {
		return nil, err
	}
	return []*x509.Certificate{cert}, nil
}

// ReadPEM reads a certificate in PEM, percent-encoded, as nginx's
// $ssl_client_escaped_cert has it.
func ReadPEM(text string) (*x509.Certificate, error) {
	if len(text) > maxCertificate {
		return nil, badCertificate(nil)
	}
	plain, err := url.PathUnescape(text) // a plus is one of base64
	if err != nil {
		return nil, badCertificate(err)
	}
	block, rest := pem.Decode([]byte(plain))
	if block == nil || block.Type != "CERTIFICATE" || len(bytes.TrimSpace(rest)) > 0 {
		return nil, badCertificate(nil)
	}
	return parseCertificate(block.Bytes)
}

// ReadDER reads a certificate in base64 of DER, with colons around it, as RFC
// 9440 §2.1 has it, or without.
func ReadDER(text string) (*x509.Certificate, error) {
	if len(text) > maxCertificate {
		return nil, badCertificate(nil)
	}
	if inner, ok := strings.CutPrefix(text, ":"); ok {
		if text, ok = strings.CutSuffix(inner, ":"); !ok {
			return nil, badCertificate(nil)
		}
	}
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, badCertificate(err)
	}
	return parseCertificate(der)
}

func parseCertificate(der []byte) (*x509.Certificate, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, badCertificate(err)
	}
	return cert, nil
}

func badCertificate(cause error) error {
	return fault.Wrap(fault.Invalid, cause, "the header with the client's certificate cannot be read: see mtls.header_format")
}
