package cli

import (
	"crypto/x509"
	"errors"
	"os"

	"signet/config"
)

// outboundRoots are the authorities that the program trusts when it connects to
// others; nil: those of the system.
func outboundRoots(cfg *config.Config) (*x509.CertPool, error) {
	if cfg.Outbound.CA == "" {
		return nil, nil
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	pem, err := os.ReadFile(cfg.Outbound.CA)
	if err == nil && !roots.AppendCertsFromPEM(pem) {
		err = errors.New("outbound.ca: " + cfg.Outbound.CA + " holds no certificate")
	}
	return roots, err
}
