package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
)

// certificate makes a pair of PEM files.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	privateDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "tls.crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))),
		write(t, "tls.key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: privateDER})))
}

func TestTLS(t *testing.T) {
	cert, key := certificate(t)
	c, err := Load("", env("SIGNET_TLS_CERT="+cert, "SIGNET_TLS_KEY="+key, "SIGNET_OUTBOUND_CA="+cert), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !c.TLS.Enabled() || c.Issuer != "https://localhost:8080" {
		t.Errorf("TLS %v, issuer %q", c.TLS.Enabled(), c.Issuer)
	}
	_, other := certificate(t)
	refuse(t, "", env("SIGNET_TLS_CERT="+cert, "SIGNET_TLS_KEY="+other), nil, "private key does not match public key")
	refuse(t, "", env("SIGNET_TLS_CERT="+cert, "SIGNET_TLS_KEY="+key, "SIGNET_ISSUER=http://localhost:8080"), nil,
		"begins with http:// while tls.cert is set; write https://localhost:8080")
}

// TestComplete is the way of a program that builds its configuration itself.
func TestComplete(t *testing.T) {
	c := Default()
	c.Data = t.TempDir()
	c.Listen = "127.0.0.1:0"
	c.Metrics.Listen = Off
	if err := c.Complete(); err != nil {
		t.Fatal(err)
	}
	if c.Issuer != "" || c.Database.SQLitePath() != c.Data+"/signet.db" {
		t.Errorf("issuer %q, database %q", c.Issuer, c.Database.SQLitePath())
	}
	if c.Bound("4711"); c.Issuer != "http://localhost:4711" {
		t.Errorf("issuer %q after the listener has a port", c.Issuer)
	}
	c.Data, c.Database.URL = "", Secret{}
	if err := c.Complete(); err == nil || err.Error() != "configuration: data (SIGNET_DATA): is empty; name a folder" {
		t.Errorf("error = %v", err)
	}
}

// TestDataFolderOfAnyName: the path in the database URL is escaped, so the file
// is where the folder is.
func TestDataFolderOfAnyName(t *testing.T) {
	c := Default()
	c.Data = "/var/my data?#%41/ü@x"
	if err := c.Complete(); err != nil {
		t.Fatal(err)
	}
	if got, want := c.Database.SQLitePath(), c.Data+"/signet.db"; got != want {
		t.Errorf("SQLitePath() = %q, want %q", got, want)
	}
}

func TestAcceptedIssuers(t *testing.T) {
	for _, issuer := range []string{
		"https://id.example.com", "https://id.example.com:8443", "https://id.example.com/a/b", "https://xn--exmple-cua.com",
		"https://10.0.0.1", "https://[2001:db8::1]:8443", "http://localhost", "http://id.localhost:8080", "http://127.0.0.2:1",
		"http://[::1]:8080/a", "https://id.example.com/caf%C3%A9",
	} {
		if _, err := Load("", env("SIGNET_ISSUER="+issuer, "SIGNET_LISTEN=:8080"), nil); err != nil {
			t.Error(err)
		}
	}
}

func TestAcceptedServers(t *testing.T) {
	for _, entry := range []string{
		"SIGNET_DATABASE_URL=postgres://u:p@a:5432,b:5433/x?sslmode=disable", "SIGNET_DATABASE_URL=postgresql:///x?host=/run/postgresql",
		"SIGNET_DATABASE_URL=postgres://u:p%40%2F@[::1]:5432/x", "SIGNET_REDIS_URL=redis://a:1,b:2,c?cluster=true",
		"SIGNET_REDIS_URL=rediss://u:p@s1:26379,s2:26379/0?master=m", "SIGNET_METRICS_LISTEN=:9464",
	} {
		if _, err := Load("", env(entry), nil); err != nil {
			t.Error(err)
		}
	}
}

func TestDecodeMasterKey(t *testing.T) {
	key := make([]byte, 32)
	for i := range key {
		key[i] = byte(255 - i)
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
		got, err := DecodeMasterKey(encoding.EncodeToString(key) + "\n")
		if err != nil || string(got) != string(key) {
			t.Errorf("DecodeMasterKey = %x, %v", got, err)
		}
	}
	for text, want := range map[string]string{"": "holds 0 bytes", "????": "not base64", strings.Repeat("A", 44): "holds 33 bytes"} {
		if _, err := DecodeMasterKey(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("DecodeMasterKey(%q): %v, want %s", text, err, want)
		}
	}
}
