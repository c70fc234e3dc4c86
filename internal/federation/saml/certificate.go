package saml

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"time"
)

// certificateLife is longer than any connection: providers keep the certificate
// for the key in it, and each change is work for each of them.
const certificateLife = 20 * 365 * 24 * time.Hour

// Certificate wraps our key as SAML wants it. The certificate follows from the
// key, the host and the day on which the key was made, so every node has the same
// one and nobody keeps it: an RSA signature of PKCS #1 v1.5 is not random.
func Certificate(key *rsa.PrivateKey, host string, made time.Time) (*x509.Certificate, error) {
	made = made.UTC().Truncate(24 * time.Hour)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Signet at " + host},
		NotBefore: made.Add(-24 * time.Hour), NotAfter: made.Add(certificateLife),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, SignatureAlgorithm: x509.SHA256WithRSA,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
