package config

import (
	"crypto/tls"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
)

// Config is everything an operator can set. Get one from [Load]; or from
// [Default], and call [Config.Complete] after the changes.
type Config struct {
	// Address at which browsers and apps reach the provider, the `iss` of every
	// token. Apps compare it letter by letter, so it has one spelling: lower case,
	// no default port, no trailing slash (also not after a path), no query. https,
	// unless the host is loopback. Every link is made from it and never from a
	// request header. When empty: http://localhost with the port of `listen`
	// (https when `tls` is set), as long as `listen` is loopback; anything else
	// must be said.
	Issuer string `yaml:"issuer"`

	// Address and port to listen on. Use `:8080` for all interfaces. With port 0
	// the system chooses a port, and an issuer that is not set stays empty until
	// the program knows it.
	Listen string `yaml:"listen" default:"127.0.0.1:8080"`

	// Folder for what the provider writes: the SQLite file and the master key.
	// Relative to the working folder, like every path here. The default is in
	// plain sight on purpose: a first try leaves nothing in the home folder (a
	// service or a container often has none), and deleting one folder begins anew.
	Data string `yaml:"data" default:"./signet-data"`

	// Key that seals the signing keys and every other secret in the database: 32
	// random bytes in base64, such as `openssl rand -base64 32` prints. All nodes
	// need the same. When empty: the file `master.key` in the data folder, made
	// at first start. A `master_key_file` that is named must exist: a secret that
	// was not mounted must not become a new key.
	MasterKey Secret `yaml:"master_key"`

	// Networks of the reverse proxies whose X-Forwarded-For is believed, to know
	// the address of a visitor. The issuer and the links never come from headers.
	TrustedProxies []netip.Prefix `yaml:"trusted_proxies"`

	TLS           TLS           `yaml:"tls"`
	MTLS          MTLS          `yaml:"mtls"`
	Database      Database      `yaml:"database"`
	Redis         Redis         `yaml:"redis"`
	SMTP          SMTP          `yaml:"smtp"`
	Brand         Brand         `yaml:"brand"`
	Languages     Languages     `yaml:"languages"`
	Account       Account       `yaml:"account"`
	SignUp        SignUp        `yaml:"sign_up"`
	Organizations Organizations `yaml:"organizations"`
	Lifetimes     Lifetimes     `yaml:"lifetimes"`
	Cookies       Cookies       `yaml:"cookies"`
	Keys          Keys          `yaml:"keys"`
	Tokens        Tokens        `yaml:"tokens"`
	DPoP          DPoP          `yaml:"dpop"`
	Registration  Registration  `yaml:"registration"`
	Password      Password      `yaml:"password"`
	Hashing       Hashing       `yaml:"hashing"`
	Limits        Limits        `yaml:"limits"`
	Challenge     Challenge     `yaml:"challenge"`
	Outbound      Outbound      `yaml:"outbound"`
	DNS           DNS           `yaml:"dns"`
	Metrics       Metrics       `yaml:"metrics"`
	Telemetry     Telemetry     `yaml:"telemetry"`
	Log           Log           `yaml:"log"`
	Shutdown      Shutdown      `yaml:"shutdown"`
}

// TLS is the provider's own certificate. Leave it empty behind a proxy that
// ends TLS.
type TLS struct {
	// File with the certificate and its chain, PEM. Set with `tls.key`.
	Cert string `yaml:"cert"`

	// File with the private key of the certificate, PEM.
	Key string `yaml:"key"`
}

// Enabled reports whether the provider itself speaks TLS.
func (t TLS) Enabled() bool { return t.Cert != "" }

// MasterKeyPath is the file that holds the master key when MasterKey is not
// set. It may not exist yet.
func (c *Config) MasterKeyPath() string { return filepath.Join(c.Data, "master.key") }

// derive fills what follows from other settings when it is not set itself.
func (c *Config) derive() {
	if abs, err := filepath.Abs(c.Data); err == nil && c.Data != "" {
		c.Data = abs
	}
	if c.Database.URL.IsZero() && c.Data != "" {
		file := url.URL{Scheme: "sqlite", Path: filepath.ToSlash(filepath.Join(c.Data, "signet.db"))}
		c.Database.URL = NewSecret(file.String())
	}
	host, port, err := net.SplitHostPort(c.Listen)
	if err == nil && checkListen(c.Listen) == "" && port != "0" && isLoopback(host) {
		c.Bound(port)
	}
	c.deriveMTLS()
}

// Bound fills an issuer that was not set, for a listener on that port of this
// machine. A program that listened on port 0 calls it with the port it was given.
func (c *Config) Bound(port string) {
	if c.Issuer != "" {
		return
	}
	scheme, implied := "http", "80"
	if c.TLS.Enabled() {
		scheme, implied = "https", "443"
	}
	c.Issuer = scheme + "://localhost"
	if port != implied {
		c.Issuer += ":" + port
	}
}

// checkServer checks the settings that stand in no section, and TLS.
func (c *Config) checkServer(r *report) {
	c.checkIssuer(r)
	if problem := checkListen(c.Listen); problem != "" {
		r.fault("listen", problem, "write address:port, such as 127.0.0.1:8080 or :8080")
	}
	if c.Data == "" {
		r.fault("data", "is empty", "name a folder")
	}
	if !c.MasterKey.IsZero() {
		if _, err := DecodeMasterKey(c.MasterKey.Reveal()); err != nil {
			r.fault("master_key", err.Error(), "make one with: openssl rand -base64 32")
		}
	}
	for _, network := range c.TrustedProxies {
		if network.Bits() == 0 {
			r.fault("trusted_proxies", network.String()+" names everyone, and then anyone can claim any address",
				"name the networks of the proxies only")
		}
	}
	c.checkTLS(r)
}

func (c *Config) checkTLS(r *report) {
	switch {
	case c.TLS.Cert == "" && c.TLS.Key == "":
	case c.TLS.Key == "":
		r.fault("tls.key", "is empty while tls.cert is set", "set both, or none behind a proxy that ends TLS")
	case c.TLS.Cert == "":
		r.fault("tls.cert", "is empty while tls.key is set", "set both, or none behind a proxy that ends TLS")
	default:
		if _, err := tls.LoadX509KeyPair(c.TLS.Cert, c.TLS.Key); err != nil {
			r.fault("tls.cert", "the certificate and tls.key cannot be used: "+oneLine(err),
				"name two readable PEM files that belong together")
		}
		if strings.HasPrefix(c.Issuer, "http://") {
			r.fault("issuer", "begins with http:// while tls.cert is set", "write https://"+strings.TrimPrefix(c.Issuer, "http://"))
		}
	}
}
