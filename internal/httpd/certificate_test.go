package httpd_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/url"
	"strings"
	"testing"

	"signet/internal/httpd"
)

// FuzzCertificateHeader: what a header has is one certificate, or refused.
func FuzzCertificateHeader(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		f.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	plain := base64.StdEncoding.EncodeToString(der)
	for _, good := range []string{url.PathEscape(text), text, plain, ":" + plain + ":"} {
		f.Add(good)
	}
	for _, bad := range []string{
		"", "%zz", url.PathEscape(text + text), url.PathEscape(strings.ReplaceAll(text, "CERTIFICATE", "PRIVATE KEY")), url.PathEscape(text[:100]),
		":" + plain, plain + ":", "::", ":" + plain + ":, :" + plain + ":", plain[:40], strings.Repeat("A", 20_000),
	} {
		f.Add(bad)
		for name, read := range map[string]func(string) (*x509.Certificate, error){"PEM": httpd.ReadPEM, "DER": httpd.ReadDER} {
			if cert, err := read(bad); err == nil {
				f.Errorf("%s: %.60q is the certificate %s", name, bad, cert.Subject)
			}
		}
	}
	f.Fuzz(func(t *testing.T, value string) {
		for name, read := range map[string]func(string) (*x509.Certificate, error){"PEM": httpd.ReadPEM, "DER": httpd.ReadDER} {
			cert, err := read(value)
			if (cert == nil) == (err == nil) {
				t.Errorf("%s: %.60q: %v, %v", name, value, cert, err)
			}
		}
	})
}
