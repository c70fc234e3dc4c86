package config

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDefaults(t *testing.T) {
	c, err := Load("", noEnv, []string{"PATH=/bin"})
	if err != nil {
		t.Fatal(err)
	}
	if !filepath.IsAbs(c.Data) || filepath.Base(c.Data) != "signet-data" {
		t.Errorf("Data = %q", c.Data)
	}
	if got, want := c.Database.SQLitePath(), filepath.Join(c.Data, "signet.db"); got != want {
		t.Errorf("SQLitePath() = %q, want %q", got, want)
	}
	if got, want := c.MasterKeyPath(), filepath.Join(c.Data, "master.key"); got != want {
		t.Errorf("MasterKeyPath() = %q, want %q", got, want)
	}
	if c.Issuer != "http://localhost:8080" {
		t.Errorf("Issuer = %q", c.Issuer)
	}
	if c.Lifetimes.RefreshIdle != 30*24*time.Hour || c.Hashing.Memory != 19<<20 {
		t.Errorf("RefreshIdle = %v, Memory = %d", c.Lifetimes.RefreshIdle, c.Hashing.Memory)
	}
}

// TestSettingsAreWellFormed holds the tags, which no compiler reads.
func TestSettingsAreWellFormed(t *testing.T) {
	names := map[string]string{}
	for _, s := range settings() {
		for _, name := range []string{s.Path, s.Env} {
			if other, taken := names[name]; taken {
				t.Errorf("%s and %s have the same name %s", s.Path, other, name)
			}
			names[name] = s.Path
		}
		if strings.HasSuffix(s.Path, ".") || strings.HasSuffix(s.Path, "_file") || kubernetesName.MatchString(s.Env) {
			t.Errorf("%s cannot be told from something else", s.Path)
		}
		if (s.Min != "" || s.Max != "") && number(s.pointer(Default())) != number(s.pointer(Default())) {
			t.Errorf("%s has a range and is no number", s.Path)
		}
		if s.Min != "" && s.Max != "" && s.bound(s.Min) >= s.bound(s.Max) {
			t.Errorf("%s: the range from %s to %s is empty", s.Path, s.Min, s.Max)
		}
	}
}

// TestEverySettingFromEverySource writes the value of each setting back, as YAML
// and as a variable.
func TestEverySettingFromEverySource(t *testing.T) {
	full := Default()
	for path, text := range map[string]string{
		"issuer": "https://id.example.com", "master_key": "k", "trusted_proxies": "10.0.0.0/8,::1/128",
		"database.url": "postgres://db/x", "redis.url": "redis://r", "smtp.url": "smtp://m", "smtp.from": "a@example.com",
		"tls.cert": "c", "tls.key": "k", "mtls.listen": ":8443", "mtls.url": "https://m", "mtls.ca": "ca", "mtls.header": "Client-Cert", "mtls.proxies": "10.0.0.2/32", "brand.logo": "/logo.svg", "brand.accent": "#000000",
		"brand.privacy_url": "https://p", "brand.terms_url": "https://t",
		"brand.help_url": "https://h", "languages.offered": "en,de", "limits.exempt": "192.0.2.1/32",
		"outbound.ca": "ca", "outbound.allow_private": "true", "dns.server": "10.0.0.53:53", "telemetry.otlp_endpoint": "http://o",
		"telemetry.sample_ratio": "0.25", "registration.token": "t", "sign_up.domains": "example.com", "registration.client_id_metadata_hosts": "h",
		"registration.statement_issuer": "https://f", "registration.statement_jwks_uri": "https://f/k", "registration.statement_jwks": "{}", "log.level": "debug",
	} {
		if err := decode(find(t, path).pointer(full), text); err != nil {
			t.Fatal(path, err)
		}
	}
	for _, s := range settings() {
		text := s.Text(full)
		if s.Secret() {
			text = s.pointer(full).(*Secret).Reveal()
		}
		if text == "" {
			t.Errorf("%s has no value here", s.Path)
		}
		fromEnv, fromFile := newLoader(), newLoader()
		fromEnv.environment(env(s.Env + "=" + text))
		fromFile.file("f.yaml", []byte(yamlOf(s.Path, quote(text))))
		for source, l := range map[string]*loader{"environment": fromEnv, "file": fromFile} {
			if err := l.err(); err != nil {
				t.Errorf("%s from the %s: %v", s.Path, source, err)
			}
			if got, want := s.Text(l.config), s.Text(full); got != want {
				t.Errorf("%s from the %s = %q, want %q", s.Path, source, got, want)
			}
		}
	}
}

func newLoader() *loader {
	return &loader{config: Default(), report: report{from: map[string]string{}}}
}

func find(t *testing.T, path string) Setting {
	t.Helper()
	i := slices.IndexFunc(settings(), func(s Setting) bool { return s.Path == path })
	if i < 0 {
		t.Fatalf("no setting %s", path)
	}
	return settings()[i]
}

// yamlOf writes a path such as database.url as nested keys.
func yamlOf(path, value string) string {
	section, key, nested := strings.Cut(path, ".")
	if !nested {
		return path + ": " + value + "\n"
	}
	return section + ":\n  " + key + ": " + value + "\n"
}

func TestSourcesOverrideEachOther(t *testing.T) {
	file := write(t, "signet.yaml", "issuer: https://file.example.com\nbrand:\n  name: File\nsmtp:\ndatabase:\n  url: postgres://file/x\n")
	secret := write(t, "url", "postgres://secret/x\n")
	c, err := Load("", env(
		"SIGNET_CONFIG="+file,
		"SIGNET_BRAND_NAME=Environment",
		"SIGNET_ISSUER=",
		"SIGNET_DATABASE_URL_FILE="+secret,
	), nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Issuer != "https://file.example.com" {
		t.Errorf("an empty variable counts as set: issuer %q", c.Issuer)
	}
	if c.Brand.Name != "Environment" {
		t.Errorf("the file wins over the environment: name %q", c.Brand.Name)
	}
	if got := c.Database.URL.Reveal(); got != "postgres://secret/x" {
		t.Errorf("database.url = %q", got)
	}
}

func TestSecretFromFileInYAML(t *testing.T) {
	secret := write(t, "url", "redis://:pw@r:6379\r\n")
	c, err := Load(write(t, "signet.yaml", "redis:\n  url_file: "+secret+"\n"), noEnv, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Redis.URL.Reveal(); got != "redis://:pw@r:6379" {
		t.Errorf("redis.url = %q", got)
	}
}

func TestIssuerFollowsListener(t *testing.T) {
	for listen, want := range map[string]string{
		"127.0.0.1:8080": "http://localhost:8080",
		"localhost:80":   "http://localhost",
		"[::1]:9000":     "http://localhost:9000",
		"127.0.0.1:0":    "",
	} {
		c, err := Load("", env("SIGNET_LISTEN="+listen), nil)
		if err != nil {
			t.Errorf("listen %s: %v", listen, err)
		} else if c.Issuer != want {
			t.Errorf("listen %s: issuer %q, want %q", listen, c.Issuer, want)
		}
	}
}

// TestKubernetesVariables: a Service named signet puts SIGNET_ variables into
// every pod of its namespace.
func TestKubernetesVariables(t *testing.T) {
	_, err := Load("", noEnv, []string{
		"SIGNET_SERVICE_HOST=10.0.0.1", "SIGNET_SERVICE_PORT=80", "SIGNET_SERVICE_PORT_HTTP=80",
		"SIGNET_PORT=tcp://10.0.0.1:80", "SIGNET_PORT_80_TCP=tcp://10.0.0.1:80", "SIGNET_PORT_80_TCP_PROTO=tcp",
		"SIGNET_PORT_80_TCP_PORT=80", "SIGNET_PORT_80_TCP_ADDR=10.0.0.1", "SIGNET_REDIS_PORT=tcp://10.0.0.2:6379",
	})
	if err != nil {
		t.Error(err)
	}
}

// TestTestVariables: the shell in which "make services" was run may start the
// provider, too.
func TestTestVariables(t *testing.T) {
	if _, err := Load("", noEnv, []string{"SIGNET_TEST_POSTGRES_URL=postgres://localhost/postgres"}); err != nil {
		t.Error(err)
	}
}

// TestFaultsAreReportedTogether: of a file, of the environment and of the checks.
func TestFaultsAreReportedTogether(t *testing.T) {
	file := write(t, "signet.yaml", "issuer: https://id.example.com/\nbrnd:\n  name: x\n")
	_, err := Load(file, env("SIGNET_LIFETIMES_FLOW=soon"), []string{"SIGNET_ISUER=x"})
	var faults *Faults
	if !errors.As(err, &faults) {
		t.Fatalf("error = %v", err)
	}
	want := []Fault{
		{Setting: "brnd", Where: file + ":2:1", Problem: "no such setting", Fix: "did you mean brand?"},
		{Setting: "lifetimes.flow", Env: "SIGNET_LIFETIMES_FLOW",
			Problem: `"soon" is not a duration: write a number and a unit (ms, s, m, h, d), such as 90s, 10m or 30d`},
		{Env: "SIGNET_ISUER", Problem: "no such setting", Fix: "did you mean SIGNET_ISSUER?"},
		{Setting: "issuer", Env: "SIGNET_ISSUER", Where: file + ":1:9",
			Problem: `"https://id.example.com/" is one of several spellings of the same address`, Fix: "write https://id.example.com"},
	}
	if !slices.Equal(faults.List, want) {
		t.Errorf("faults:\n%v\nwant:\n%v", faults.List, want)
	}
	if got := strings.Count(err.Error(), "\n"); got != len(want) {
		t.Errorf("the error has %d lines after the first, want %d:\n%v", got, len(want), err)
	}
}
