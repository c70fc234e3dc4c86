package config

import (
	"encoding/base64"
	"errors"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Database is where all that lasts is kept: accounts, clients, consents, keys.
type Database struct {
	// The database: `sqlite:///path/to/file.db`, or
	// `postgres://user:password@host:5432/name?sslmode=verify-full`. When empty:
	// SQLite, the file `signet.db` in the data folder. Several nodes need Postgres.
	URL Secret `yaml:"url"`

	// Connections of one node, at most. The same number stays open when idle:
	// opening one costs more than keeping it.
	PoolSize int `yaml:"pool_size" default:"16" min:"1" max:"1000"`

	// Time after which a call to the database is given up. The visitor is told to
	// try again; the next request tries anew.
	Deadline time.Duration `yaml:"deadline" default:"2s" min:"100ms" max:"1m"`
}

// IsSQLite reports whether the database is the embedded one.
func (d Database) IsSQLite() bool {
	return strings.HasPrefix(d.URL.Reveal(), "sqlite:")
}

// SQLitePath returns the file of an embedded database, or "".
func (d Database) SQLitePath() string {
	u, err := url.Parse(d.URL.Reveal())
	if err != nil || u.Scheme != "sqlite" {
		return ""
	}
	return u.Path
}

func (d Database) check(r *report) {
	const example = "write sqlite:///path/to/file.db or postgres://user:password@host:5432/name"
	if d.URL.IsZero() {
		return // only when the data folder is empty, which is reported itself
	}
	u, ok := splitURL(d.URL.Reveal())
	switch {
	case !ok:
		r.fault("database.url", "is not a URL", example+"; escape / ? # @ in a password as %2F %3F %23 %40")
	case u.scheme == "sqlite":
		switch {
		case len(u.hosts) > 0:
			r.fault("database.url", "the path of the SQLite file is not absolute", "write three slashes: sqlite:///path/to/file.db")
		case strings.Trim(u.path, "/") == "" || d.SQLitePath() == "":
			r.fault("database.url", "names no file", example)
		}
	case u.scheme != "postgres" && u.scheme != "postgresql":
		r.fault("database.url", "the scheme "+quote(u.scheme)+" is not known", example)
	case len(u.hosts) == 0 && !u.query.Has("host"):
		r.fault("database.url", "names no host", example)
	default:
		checkHosts(r, "database.url", u.hosts)
	}
}

// Redis is where all that is short-lived is kept: sessions, flows, codes, counters.
type Redis struct {
	// Redis or Valkey: `redis://user:password@host:6379/0`, or `rediss://` for
	// TLS. Several hosts are separated by commas: nodes of a Cluster with
	// `?cluster=true`, or Sentinels with `?master=NAME`. When empty: a table in the
	// database does the work, which is enough for a single node.
	URL Secret `yaml:"url"`

	// Connections of one node to one Redis server, at most. The same number stays
	// open when idle.
	PoolSize int `yaml:"pool_size" default:"32" min:"1" max:"10000"`

	// Time after which a call to Redis is given up.
	Deadline time.Duration `yaml:"deadline" default:"2s" min:"100ms" max:"1m"`
}

func (c Redis) check(r *report) {
	const example = "write redis://host:6379/0 or rediss://user:password@host:6379/0"
	if c.URL.IsZero() {
		return
	}
	u, ok := splitURL(c.URL.Reveal())
	switch {
	case !ok:
		r.fault("redis.url", "is not a URL", example+"; escape / ? # @ in a password as %2F %3F %23 %40")
	case u.scheme != "redis" && u.scheme != "rediss":
		r.fault("redis.url", "the scheme "+quote(u.scheme)+" is not known", example)
	case len(u.hosts) == 0:
		r.fault("redis.url", "names no host", example)
	case len(u.hosts) > 1 && !u.query.Has("cluster") && !u.query.Has("master"):
		r.fault("redis.url", "names several hosts and not what they are", "add ?cluster=true, or ?master=NAME if they are Sentinels")
	default:
		checkHosts(r, "redis.url", u.hosts)
	}
}

// SMTP is the server that takes the mail of the provider.
type SMTP struct {
	// The mail server: `smtp://user:password@host:587` or
	// `smtps://user:password@host:465`. With `smtp`, TLS begins by STARTTLS: always
	// where there is a user, else when it is offered; `?starttls=always`, `offered`
	// or `never` says otherwise. When empty, no mail is sent, and what needs mail is
	// refused.
	URL Secret `yaml:"url"`

	// Sender of every message, such as `Example ID <no-reply@example.com>`. Needed
	// when `smtp.url` is set.
	From string `yaml:"from"`

	// Time in which the mail server must have taken a connection, and then a message.
	// The message that a node had in hand when it was killed is sent again by another
	// after three times as long.
	Timeout time.Duration `yaml:"timeout" default:"20s" min:"1s" max:"5m"`
}

func (s SMTP) check(r *report) {
	const example = "write smtp://user:password@host:587 or smtps://host:465"
	if !s.URL.IsZero() {
		u, ok := splitURL(s.URL.Reveal())
		switch {
		case !ok:
			r.fault("smtp.url", "is not a URL", example+"; escape / ? # @ in a password as %2F %3F %23 %40")
		case u.scheme != "smtp" && u.scheme != "smtps":
			r.fault("smtp.url", "the scheme "+quote(u.scheme)+" is not known", example)
		case len(u.hosts) != 1:
			r.fault("smtp.url", "does not name one host", example)
		case !slices.Contains([]string{"", "always", "offered", "never"}, u.query.Get("starttls")):
			r.fault("smtp.url", "its starttls is not known", "write always, offered or never")
		default:
			checkHosts(r, "smtp.url", u.hosts)
		}
	}
	switch _, err := mail.ParseAddress(s.From); {
	case s.From == "" && s.URL.IsZero():
	case s.From == "":
		r.fault("smtp.from", "is empty while smtp.url is set", "write a sender such as Example ID <no-reply@example.com>")
	case err != nil:
		r.fault("smtp.from", quote(s.From)+" is not a mail address", "write a sender such as Example ID <no-reply@example.com>")
	}
}

// checkHosts checks each host[:port] of a service URL. It names only the host:
// what stands around it may be secret.
func checkHosts(r *report, setting string, hosts []string) {
	for _, host := range hosts {
		u, err := url.Parse("any://" + host)
		if err != nil || u.Hostname() == "" {
			r.fault(setting, quote(host)+" is not a host and a port", "write host or host:port")
			continue
		}
		if port := u.Port(); port != "" {
			if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
				r.fault(setting, quote(port)+" is not a port", "write a number from 1 to 65535")
			}
		}
	}
}

// DecodeMasterKey reads a master key as an operator writes it: base64, of either
// alphabet, padded or not, of exactly 32 bytes. The error never holds the text.
func DecodeMasterKey(text string) ([]byte, error) {
	text = strings.TrimRight(strings.TrimSpace(text), "=")
	text = strings.NewReplacer("-", "+", "_", "/").Replace(text)
	key, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("is not base64")
	}
	if len(key) != 32 {
		return nil, errors.New("holds " + strconv.Itoa(len(key)) + " bytes and not 32")
	}
	return key, nil
}
