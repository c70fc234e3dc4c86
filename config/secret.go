package config

import (
	"fmt"
	"log/slog"
	"net/url"
	"strings"
)

const redacted = "[redacted]"

// Secret is a text that must not reach a log, a page or an error by accident.
// Every way of printing it (fmt with any verb, JSON, YAML, slog) gives
// "[redacted]", or nothing for the zero Secret, which means "not set".
type Secret struct {
	// A pointer, because fmt prints the raw content of an unexported struct
	// field without asking its methods. So held, it would print an address.
	text *string
}

// NewSecret wraps text. The empty text makes the zero Secret.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: &text}
}

// Reveal returns the text itself. The name is meant to be searched for.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.text == nil }

// String returns "[redacted]".
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return redacted
}

// Format prints "[redacted]" whatever the verb, %#v and %x included.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// MarshalText redacts the secret in JSON, YAML and any other encoding that asks.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue redacts the secret in structured logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Address returns what of a secret URL may be shown, so that a log line or a
// check can name the server meant: scheme, hosts and path, without user name,
// password and query. Anything that is not such a URL gives "[redacted]".
func (s Secret) Address() string {
	if s.IsZero() {
		return ""
	}
	u, ok := splitURL(s.Reveal())
	if !ok {
		return redacted
	}
	return u.scheme + "://" + strings.Join(u.hosts, ",") + u.path
}

// serviceURL is a URL that may name several hosts, as those of Postgres and
// Redis do. net/url refuses such an authority.
type serviceURL struct {
	scheme string
	hosts  []string // "host" or "host:port", in the order given
	path   string   // undecoded
	query  url.Values
}

// splitURL takes a scheme://[user[:password]@]host[:port][,host...][/path][?query]
// apart. It reports false when the text has no such shape. It returns no error,
// because those of net/url quote the text, password included.
func splitURL(text string) (serviceURL, bool) {
	var u serviceURL
	scheme, rest, found := strings.Cut(text, "://")
	if !found || scheme == "" || strings.ContainsAny(scheme, "/?#@:") || strings.Contains(rest, "#") {
		return u, false
	}
	rest, rawQuery, _ := strings.Cut(rest, "?")
	authority, path, slash := strings.Cut(rest, "/")
	query, err := url.ParseQuery(rawQuery)
	// An "@" further on is most likely that of a password with a "/" or "?" that
	// was not escaped: its beginning would be taken for the host, and shown.
	if err != nil || authority != "" && strings.Contains(path+rawQuery, "@") {
		return u, false
	}
	if slash {
		u.path = "/" + path
	}
	at := strings.LastIndexByte(authority, '@')
	for host := range strings.SplitSeq(authority[at+1:], ",") {
		if host != "" {
			u.hosts = append(u.hosts, host)
		}
	}
	u.scheme, u.query = scheme, query
	return u, true
}
