package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// refuse loads and expects exactly one fault, whose line contains want.
func refuse(t *testing.T, path string, getenv func(string) string, environ []string, want string) {
	t.Helper()
	c, err := Load(path, getenv, environ)
	if err == nil {
		t.Fatalf("accepted: %+v", c)
	}
	line := err.Error()
	if strings.Contains(line, "\n") || !strings.Contains(line, want) {
		t.Errorf("error:\n  %s\nwant one line with:\n  %s", line, want)
	}
	for _, secret := range []string{"hunter2", "c2VjcmV0"} {
		if strings.Contains(line, secret) {
			t.Errorf("the error shows a secret: %s", line)
		}
	}
}

// refusedVariables are environments, with a space between the variables, and what
// the refusal says. An underscore as a whole value stands for a space.
var refusedVariables = []struct{ env, want string }{
	{"SIGNET_ISSUER=id.example.com", `issuer (SIGNET_ISSUER): "id.example.com" is not an absolute URL`},
	{"SIGNET_ISSUER=mailto:a@example.com", "is not an absolute URL"},
	{"SIGNET_ISSUER=https:///path", "is not an absolute URL"},
	{"SIGNET_ISSUER=ftp://id.example.com", `the scheme "ftp" is not https`},
	{"SIGNET_ISSUER=https://u:hunter2@id.example.com", "holds a user name"},
	{"SIGNET_ISSUER=https://id.example.com?a=b", "has a query or a fragment"},
	{"SIGNET_ISSUER=https://id.example.com#", "has a query or a fragment"},
	{"SIGNET_ISSUER=https://id.exämple.com", "is not ASCII"},
	{"SIGNET_ISSUER=http://id.example.com", "is http, and the host is not loopback"},
	{"SIGNET_ISSUER=http://localhost.example.com", "is http, and the host is not loopback"},
	{"SIGNET_ISSUER=https://id.example.com/", "write https://id.example.com"},
	{"SIGNET_ISSUER=https://id.example.com/a/", "write https://id.example.com/a"},
	{"SIGNET_ISSUER=https://ID.example.com/A", "write https://id.example.com/A"},
	{"SIGNET_ISSUER=https://id.example.com:443", "write https://id.example.com"},
	{"SIGNET_ISSUER=https://id.example.com/a/../b", "write https://id.example.com/b"},
	{"SIGNET_LISTEN=0.0.0.0:8080", "issuer (SIGNET_ISSUER): is not set while listen is not loopback"},
	{"SIGNET_LISTEN=:0", "is not set while listen is not loopback"},
	{"SIGNET_LISTEN=8080", `listen (SIGNET_LISTEN): "8080" is not an address and a port`},
	{"SIGNET_LISTEN=127.0.0.1:http", `"http" is not a port`},
	{"SIGNET_LISTEN=127.0.0.1:70000", `"70000" is not a port`},
	{"SIGNET_MASTER_KEY=hunter2!", "master_key (SIGNET_MASTER_KEY): is not base64"},
	{"SIGNET_MASTER_KEY=c2VjcmV0", "holds 6 bytes and not 32"},
	{"SIGNET_TRUSTED_PROXIES=0.0.0.0/0", "names everyone"},
	{"SIGNET_TRUSTED_PROXIES=proxy", `holds "proxy", which is not a network`},
	{"SIGNET_TRUSTED_PROXIES=10.0.0.1/8", "write 10.0.0.0/8"},
	{"SIGNET_TRUSTED_PROXIES=::ffff:10.0.0.0/104", "which is not a network"},
	{"SIGNET_TLS_CERT=a.crt", "tls.key (SIGNET_TLS_KEY): is empty while tls.cert is set"},
	{"SIGNET_TLS_KEY=a.key", "tls.cert (SIGNET_TLS_CERT): is empty while tls.key is set"},
	{"SIGNET_TLS_CERT=/none.crt SIGNET_TLS_KEY=/none.key", "/none.crt: no such file or directory"},
	{"SIGNET_MTLS_LISTEN=127.0.0.1:8443", "mtls.listen (SIGNET_MTLS_LISTEN): is set while tls.cert is not"},
	{"SIGNET_MTLS_LISTEN=8443", "is not an address and a port"},
	{"SIGNET_MTLS_LISTEN=127.0.0.1:8080", "is the address of listen; choose another port; or set mtls.shared"},
	{"SIGNET_MTLS_LISTEN=127.0.0.1:9464", "is the address of metrics.listen"},
	{"SIGNET_MTLS_SHARED=true", "mtls.shared (SIGNET_MTLS_SHARED): is true while tls.cert is not set"},
	{"SIGNET_MTLS_CA=/none.pem SIGNET_MTLS_HEADER=Client-Cert SIGNET_MTLS_PROXIES=10.0.0.2", "/none.pem: no such file or directory"},
	{"SIGNET_MTLS_CA=/dev/null SIGNET_MTLS_HEADER=Client-Cert SIGNET_MTLS_PROXIES=10.0.0.2", "holds no certificate"},
	{"SIGNET_MTLS_CA=/dev/null", "mtls.ca (SIGNET_MTLS_CA): is set, and nobody is asked for a certificate"},
	{"SIGNET_MTLS_URL=https://m.example", "mtls.url (SIGNET_MTLS_URL): is set, and nobody is asked"},
	{"SIGNET_MTLS_URL=https://m.example/path SIGNET_MTLS_HEADER=Client-Cert SIGNET_MTLS_PROXIES=10.0.0.2", "is not an https address without a path"},
	{"SIGNET_MTLS_HEADER=Client-Cert", "mtls.proxies (SIGNET_MTLS_PROXIES): is empty while mtls.header is set"},
	{"SIGNET_MTLS_PROXIES=10.0.0.2", "is set while mtls.header is not"},
	{"SIGNET_MTLS_HEADER=Client-Cert SIGNET_MTLS_PROXIES=0.0.0.0/0", "names everyone"},
	{"SIGNET_MTLS_HEADER=authorization SIGNET_MTLS_PROXIES=10.0.0.2", "Authorization has another meaning"},
	{"SIGNET_MTLS_HEADER=a:b SIGNET_MTLS_PROXIES=10.0.0.2", `"a:b" is not the name of a header`},
	{"SIGNET_DNS_SERVER=10.0.0.53", `dns.server (SIGNET_DNS_SERVER): "10.0.0.53" is not an address and a port`},
	{"SIGNET_DNS_SERVER=dns.example.com:53", "does not begin with an IP address"},
	{"SIGNET_DATABASE_URL=mysql://u:hunter2@h/x", `the scheme "mysql" is not known`},
	{"SIGNET_DATABASE_URL=hunter2", "database.url (SIGNET_DATABASE_URL): is not a URL"},
	{"SIGNET_DATABASE_URL=postgres://u:hunter2#x@h/x", "is not a URL"},
	{"SIGNET_DATABASE_URL=postgres:///x", "names no host"},
	{"SIGNET_DATABASE_URL=postgres://u:hunter2@h:99999/x", `"99999" is not a port`},
	{"SIGNET_DATABASE_URL=postgres://u:hunter2@a:1,b:x/x", `"b:x" is not a host and a port`},
	{"SIGNET_DATABASE_URL=sqlite://signet.db", "write three slashes"},
	{"SIGNET_DATABASE_URL=sqlite:///", "names no file"},
	{"SIGNET_DATABASE_POOL_SIZE=0", "0 is too small; write 1 or more"},
	{"SIGNET_DATABASE_POOL_SIZE=many", `"many" is not a whole number`},
	{"SIGNET_DATABASE_DEADLINE=1h", "1h is too large; write 1m or less"},
	{"SIGNET_DATABASE_DEADLINE=2", `"2" is not a duration`},
	{"SIGNET_DATABASE_DEADLINE=-2s", `"-2s" is not a duration`},
	{"SIGNET_DATABASE_URL=postgres://h/x SIGNET_DATABASE_URL_FILE=/x", "is set, and SIGNET_DATABASE_URL_FILE too"},
	{"SIGNET_DATABASE_URL_FILE=/none", "database.url (SIGNET_DATABASE_URL_FILE): the file cannot be read: /none: no such file"},
	{"SIGNET_DATABASE_URL_FILE=/dev/null", "the file /dev/null is empty"},
	{"SIGNET_REDIS_URL=http://h", `redis.url (SIGNET_REDIS_URL): the scheme "http" is not known`},
	{"SIGNET_REDIS_URL=redis://", "names no host"},
	{"SIGNET_REDIS_URL=localhost:6379", "redis.url (SIGNET_REDIS_URL): is not a URL"},
	{"SIGNET_REDIS_URL=redis://:hunter2@a:1,b:0?cluster=true", `"0" is not a port`},
	{"SIGNET_REDIS_URL=redis://:hunter2@a:1,b:1", "add ?cluster=true, or ?master=NAME"},
	{"SIGNET_SMTP_URL=smtp://u:hunter2@h", "smtp.from (SIGNET_SMTP_FROM): is empty while smtp.url is set"},
	{"SIGNET_SMTP_URL=imap://h SIGNET_SMTP_FROM=a@example.com", `the scheme "imap" is not known`},
	{"SIGNET_SMTP_URL=smtp://a,b SIGNET_SMTP_FROM=a@example.com", "does not name one host"},
	{"SIGNET_SMTP_URL=smtp://u:hunter2@h?starttls=perhaps SIGNET_SMTP_FROM=a@example.com", "its starttls is not known"},
	{"SIGNET_SMTP_URL=hunter2 SIGNET_SMTP_FROM=a@example.com", "smtp.url (SIGNET_SMTP_URL): is not a URL"},
	{"SIGNET_SMTP_FROM=Example", `"Example" is not a mail address`},
	{"SIGNET_BRAND_NAME=_", "brand.name (SIGNET_BRAND_NAME): is empty"},
	{"SIGNET_BRAND_ACCENT=red", `"red" is not a colour`},
	{"SIGNET_BRAND_LOGO=//evil.example.com/x", "is not an https URL or a path"},
	{`SIGNET_BRAND_LOGO=/\evil.example.com`, "is not an https URL or a path"},
	{"SIGNET_BRAND_LOGO=http://example.com/logo.svg", "is not an https URL or a path"},
	{"SIGNET_BRAND_PRIVACY_URL=javascript:alert(1)", "is not an https URL"},
	{"SIGNET_BRAND_HELP_URL=mailto:a@example.com", "is not an https URL"},
	{"SIGNET_LANGUAGES_DEFAULT=!", `"!" is not a language tag`},
	{"SIGNET_LANGUAGES_OFFERED=en,e_n_g_l_i_s_h", "is not a language tag"},
	{"SIGNET_LANGUAGES_OFFERED=de,fr", `"en" is not one of languages.offered`},
	{"SIGNET_LANGUAGES_OFFERED=en,de,en", `names "en" twice`},
	{"SIGNET_LIFETIMES_CODE=20m", "20m is too large; write 10m or less"},
	{"SIGNET_LIFETIMES_CODE=999999999d", "is not a duration"},
	{"SIGNET_LIFETIMES_REFRESH_IDLE=200d", "200d is longer than lifetimes.refresh_absolute, 180d"},
	{"SIGNET_LIFETIMES_SESSION_IDLE=8d", "8d is longer than lifetimes.session_absolute, 7d"},
	{"SIGNET_LIFETIMES_REMEMBERED_IDLE=91d", "91d is longer than lifetimes.remembered_absolute, 90d"},
	{"SIGNET_COOKIES_SAME_SITE=strict", `"strict" is not known; write lax or none`},
	{"SIGNET_COOKIES_SAME_SITE=none", "is none while the issuer is http"},
	{"SIGNET_KEYS_ALGORITHMS=RS256,ES256,HS256", `"HS256" is not known; write RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512 or EdDSA`},
	{"SIGNET_KEYS_ALGORITHMS=ES256", "RS256 is missing"},
	{"SIGNET_KEYS_ALGORITHMS=RS256", `"ES256" is not one of keys.algorithms`},
	{"SIGNET_KEYS_RSA_BITS=1024", `"1024" is not known; write 2048, 3072 or 4096`},
	{"SIGNET_KEYS_PUBLISH_AHEAD=2h SIGNET_KEYS_ROTATE_EVERY=1h", "2h is not shorter than keys.rotate_every, 1h"},
	{"SIGNET_TOKENS_ACCESS_TOKEN_FORMAT=paseto", "write jwt or opaque"},
	{"SIGNET_PASSWORD_POLICY=none", `"none" is not known; write lenovo, either or nist`},
	{"SIGNET_HASHING_MEMORY=1MiB", "1MiB is too small; write 7MiB or more"},
	{"SIGNET_HASHING_MEMORY=19MB", `"19MB" is not a size`},
	{"SIGNET_HASHING_MEMORY=18446744073709551615GiB", "is not a size"},
	{"SIGNET_LIMITS_SIGN_IN_ACCOUNT=10", `"10" is not a rate`},
	{"SIGNET_LIMITS_SIGN_IN_ACCOUNT=0/15m", "is not a rate"},
	{"SIGNET_LIMITS_SIGN_IN_ACCOUNT=10/0s", "is not a rate"},
	{"SIGNET_LIMITS_IPV4_PREFIX=33", "33 is too large"},
	{"SIGNET_LIMITS_EXEMPT=10.0.0.0/33", "limits.exempt (SIGNET_LIMITS_EXEMPT)"},
	{"SIGNET_REGISTRATION_MODE=token", "registration.token (SIGNET_REGISTRATION_TOKEN): has fewer than 32 characters"},
	{"SIGNET_REGISTRATION_TOKEN=0123456789012345678901234567890123456789", "is set, and registration.mode is off"},
	{"SIGNET_SIGN_UP_WHO=friends", "is not known; write open, invited or domains"},
	{"SIGNET_SIGN_UP_WHO=domains", "none is set, so that nobody can sign up"},
	{"SIGNET_SIGN_UP_DOMAINS=example.com", "they count only where sign_up.who is domains"},
	{"SIGNET_REGISTRATION_MODE=everybody", "is not known; write off, token or open"},
	{"SIGNET_OUTBOUND_CA=/none.pem", "/none.pem: no such file"},
	{"SIGNET_OUTBOUND_CA=/dev/null", "/dev/null holds no certificate"},
	{"SIGNET_OUTBOUND_ALLOW_PRIVATE=maybe", `"maybe" is not true or false`},
	{"SIGNET_METRICS_LISTEN=on", "write address:port, such as 127.0.0.1:9464, or off"},
	{"SIGNET_METRICS_LISTEN=127.0.0.1:8080", "is the address of listen"},
	{"SIGNET_TELEMETRY_OTLP_ENDPOINT=localhost:4318", "is not an http or https URL"},
	{"SIGNET_TELEMETRY_SAMPLE_RATIO=2", "2 is too large"},
	{"SIGNET_TELEMETRY_SAMPLE_RATIO=NaN", "telemetry.sample_ratio"},
	{"SIGNET_LOG_LEVEL=loud", `"loud" is not a level`},
	{"SIGNET_LOG_LEVEL=info+2", "write debug, info, warn or error"},
	{"SIGNET_LOG_FORMAT=xml", "write json or text"},
	{"SIGNET_SHUTDOWN_DRAIN=1h", "1h is too large"},
	{"SIGNET_CONFIG=/none.yaml", "SIGNET_CONFIG: /none.yaml: no such file or directory"},
	{"SIGNET_PORT=8080", "SIGNET_PORT: no such setting"},
	{"SIGNET_DATABSE_URL=x", "did you mean SIGNET_DATABASE_URL?"},
	{"SIGNET_SMTP_URL_FIEL=x", "did you mean SIGNET_SMTP_URL_FILE?"},
	{"SIGNET_TLS_KEY_FILE=x", "SIGNET_TLS_KEY_FILE: no such setting; did you mean SIGNET_TLS_KEY?"},
	{"SIGNET_=x", "SIGNET_: no such setting"},
}

func TestRefusedVariables(t *testing.T) {
	for _, test := range refusedVariables {
		t.Run(test.env, func(t *testing.T) {
			environ := strings.Fields(test.env)
			for i := range environ {
				environ[i] = strings.ReplaceAll(environ[i], "=_", "= ")
			}
			refuse(t, "", env(environ...), environ, test.want)
		})
	}
}

var refusedFiles = []struct{ name, yaml, want string }{
	{"unknown key", "issuerr: https://id.example.com", "signet.yaml:1:1: issuerr: no such setting; did you mean issuer?"},
	{"unknown key below a section", "log:\n  levle: info", "signet.yaml:2:3: log.levle: no such setting; did you mean log.level?"},
	{"unknown section, one fault for all of it", "lifetime:\n  cod: 60s\n  x: y", "signet.yaml:1:1: lifetime: no such setting; did you mean lifetimes?"},
	{"the name of a variable", "database_url: x", "did you mean database.url?"},
	{"a setting of another section", "server:\n  rsa_bits: 2048", "signet.yaml:1:1: server: no such setting"},
	{"a setting in the wrong section", "tokens:\n  rsa_bits: 2048", "did you mean keys.rsa_bits?"},
	{"nothing near", "quux: 1", "the settings are listed in docs/settings.md"},
	{"merge key", "<<: {a: b}", "no such setting"},
	{"section without settings", "log: info", "signet.yaml:1:1: log: is not a section"},
	{"list instead of settings", "- issuer", "is not a section"},
	{"setting instead of a value", "issuer:\n  url: x", "issuer (SIGNET_ISSUER): cannot be read as text"},
	{"list instead of a value", "issuer: [a, b]", "is a list, and one value is wanted"},
	{"nested list", "languages:\n  offered: [[en]]", "cannot be read as list"},
	{"alias", "languages: {default: &a en}", "anchors, aliases and tags are not for this file"},
	{"wrong value", "log:\n  level: loud", `signet.yaml:2:10: log.level (SIGNET_LOG_LEVEL): "loud" is not a level`},
	{"wrong value found by a check", "log:\n\n  format: xml", "signet.yaml:3:11: log.format"},
	{"key twice", "issuer: https://a\nissuer: https://b", "signet.yaml:2:1: not YAML: mapping key \"issuer\" already defined"},
	{"two documents", "log:\n  level: info\n---\nlog:\n  level: warn\n", "signet.yaml:3:1: a second document begins"},
	{"not YAML", "issuer: [", "signet.yaml:1:9: not YAML: "},
	{"tab", "log:\n\tlevel: info", "signet.yaml:2:1: not YAML: "},
	{"secret and file", "redis:\n  url: redis://h\n  url_file: /x", "redis.url_file (SIGNET_REDIS_URL_FILE): is set, and redis.url too"},
	{"secret file that is missing", "master_key_file: /none", "signet.yaml:1:1: master_key_file (SIGNET_MASTER_KEY_FILE): the file cannot be read: /none"},
	{"secret file that is a list", "master_key_file: [a, b]", "cannot be read as the name of a file"},
	{"secret that is not a value", "master_key: {hunter2: hunter2}", "master_key (SIGNET_MASTER_KEY): cannot be read as secret"},
}

func TestRefusedFiles(t *testing.T) {
	for _, test := range refusedFiles {
		t.Run(test.name, func(t *testing.T) {
			refuse(t, write(t, "signet.yaml", test.yaml), noEnv, nil, test.want)
		})
	}
}

func TestRefusedFileNames(t *testing.T) {
	refuse(t, "/none.yaml", noEnv, nil, "--config: /none.yaml: no such file or directory; name a readable YAML file")
	refuse(t, t.TempDir(), noEnv, nil, "is a directory")
	large := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(large, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	refuse(t, large, noEnv, nil, "the file is too large")
	refuse(t, "", env("SIGNET_MASTER_KEY_FILE="+large), nil, "the file is too large")
}
