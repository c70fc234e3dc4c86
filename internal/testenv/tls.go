package testenv

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Authority signs certificates, for a test.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority returns an authority that nobody knows yet.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	a, err := newAuthority()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// HouseAuthority writes the certificate of the authority of the house's own
// certificates, and of the providers', in PEM.
func HouseAuthority(t testing.TB) string {
	t.Helper()
	a, err := house()
	if err != nil {
		t.Fatal(err)
	}
	return a.File(t)
}

func newAuthority() (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Authority of a test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &Authority{cert, key}, err
}

// house is the authority of the provider's own certificates, which the browsers
// and apps of a test's process trust.
var house = sync.OnceValues(newAuthority)

// File writes the authority's certificate, in PEM.
func (a *Authority) File(t testing.TB) string {
	t.Helper()
	return writePEM(t, "authority.pem", "CERTIFICATE", a.cert.Raw)
}

// Issue signs a certificate of the template with a new key; a nil authority: its
// own. The template's times are set where they are not.
func (a *Authority) Issue(t testing.TB, template x509.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if template.SerialNumber == nil {
		template.SerialNumber = big.NewInt(time.Now().UnixNano())
	}
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	}
	parent, signer := &template, key
	if a != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// trusted is the TLS of a client that trusts the house, and has the certificate
// if one is given.
func trusted(certificate *tls.Certificate) (*tls.Config, error) {
	a, err := house()
	if err != nil {
		return nil, err
	}
	c := &tls.Config{RootCAs: x509.NewCertPool()}
	c.RootCAs.AddCert(a.cert)
	if certificate != nil {
		// Whatever authorities the server names.
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil }
	}
	return c, nil
}

// ownTLS gives the house a certificate for localhost, and returns its settings.
func (e *Env) ownTLS() map[string]string {
	e.t.Helper()
	a, err := house()
	if err != nil {
		e.t.Fatal(err)
	}
	c := a.Issue(e.t, x509.Certificate{Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}})
	e.Authority = a.File(e.t)
	return map[string]string{"SIGNET_TLS_CERT": CertificateFile(e.t, c), "SIGNET_TLS_KEY": KeyFile(e.t, c)}
}

// KeyFile writes the key of a certificate that Issue made, in PEM.
func KeyFile(t testing.TB, c tls.Certificate) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return writePEM(t, "tls.key", "PRIVATE KEY", der)
}

// CertificateFile writes a certificate that Issue made, in PEM.
func CertificateFile(t testing.TB, c tls.Certificate) string {
	t.Helper()
	return writePEM(t, "tls.crt", "CERTIFICATE", c.Certificate[0])
}

func writePEM(t testing.TB, name, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
