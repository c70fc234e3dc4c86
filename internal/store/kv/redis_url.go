package kv

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"signet/internal/fault"
)

// RedisURL is what a Redis URL says.
//
//	redis://[user:password@]host[:port][/db][?options]      one server
//	redis://h1:6379,h2:6379,h3:6379/?cluster=true           Cluster: any of its nodes
//	redis://h1:26379,h2:26379,h3:26379/[db]?master=NAME     Sentinels and the master's name
//	rediss://...                                            the same over TLS
//
// Options, besides cluster and master: prefix (put before every key),
// sentinel_username and sentinel_password. The size of the pool is a setting.
// Several hosts without cluster or master are refused rather than guessed at.
type RedisURL struct {
	TLS                bool
	Addrs              []string // host:port
	Username, Password string
	DB                 int
	Cluster            bool
	Master             string // the Sentinels' name for it
	SentinelUsername   string
	SentinelPassword   string
	Prefix             string
}

// ParseRedisURL reads a Redis URL. A fault of kind Invalid says what is wrong
// with it and never repeats its password.
func ParseRedisURL(s string) (*RedisURL, error) {
	u := &RedisURL{}
	scheme, rest, ok := strings.Cut(s, "://")
	switch {
	case ok && scheme == "redis":
	case ok && scheme == "rediss":
		u.TLS = true
	default:
		return nil, invalidURL("it must begin with redis:// or rediss://")
	}
	rest, query, _ := strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(rest, "/")
	if err := u.readOptions(query); err != nil {
		return nil, err
	}
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		if err := u.readUser(authority[:at]); err != nil {
			return nil, err
		}
		authority = authority[at+1:]
	}
	if err := u.readHosts(authority); err != nil {
		return nil, err
	}
	if err := u.readDB(path); err != nil {
		return nil, err
	}
	if err := u.check(); err != nil {
		return nil, err
	}
	return u, nil
}

func invalidURL(format string, args ...any) error {
	return fault.New(fault.Invalid, "The Redis URL is not usable: %s.", fmt.Sprintf(format, args...))
}

func (u *RedisURL) readUser(s string) error {
	name, password, _ := strings.Cut(s, ":")
	var err1, err2 error
	u.Username, err1 = url.PathUnescape(name)
	u.Password, err2 = url.PathUnescape(password)
	if cmp.Or(err1, err2) != nil {
		return invalidURL("its user name or password has a %% that is not followed by two hexadecimal digits")
	}
	return nil
}

func (u *RedisURL) readHosts(s string) error {
	port := "6379"
	if u.Master != "" {
		port = "26379"
	}
	for hostport := range strings.SplitSeq(s, ",") {
		addr, err := address(hostport, port)
		if err != nil {
			return err
		}
		if slices.Contains(u.Addrs, addr) {
			return invalidURL("the host %s is there twice", addr)
		}
		u.Addrs = append(u.Addrs, addr)
	}
	return nil
}

// address completes host, host:port, [v6] or [v6]:port with the default port.
func address(hostport, port string) (string, error) {
	host := hostport
	if i := strings.LastIndexByte(hostport, ':'); i >= 0 && !strings.HasSuffix(hostport, "]") {
		host, port = hostport[:i], hostport[i+1:]
	}
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		host = host[1 : len(host)-1]
		if net.ParseIP(host) == nil {
			return "", invalidURL("%q is not an IPv6 address", host)
		}
	} else if host == "" || strings.ContainsAny(host, ":[]@%# \t\r\n\\") {
		return "", invalidURL("%q is not a host (is a special character of the password not percent-encoded?)", host)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", invalidURL("%q is not a port", port)
	} else {
		port = strconv.FormatUint(n, 10)
	}
	return net.JoinHostPort(host, port), nil
}

func (u *RedisURL) readDB(path string) error {
	if path == "" {
		return nil
	}
	n, err := strconv.ParseUint(path, 10, 16)
	if err != nil {
		return invalidURL("%q after the host is not the number of a database", path)
	}
	u.DB = int(n)
	return nil
}

func (u *RedisURL) readOptions(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return invalidURL("what follows the ? cannot be read")
	}
	text := map[string]*string{
		"master": &u.Master, "prefix": &u.Prefix,
		"sentinel_username": &u.SentinelUsername, "sentinel_password": &u.SentinelPassword,
	}
	for name, given := range values {
		value := given[0]
		if len(given) > 1 {
			return invalidURL("the option %q is there twice", name)
		}
		switch {
		case text[name] != nil:
			*text[name] = value
		case name == "cluster":
			if u.Cluster, err = strconv.ParseBool(value); err != nil {
				return invalidURL("the option cluster is true or false")
			}
		default:
			return invalidURL("there is no option %q; there are cluster, master, prefix, sentinel_password and sentinel_username", name)
		}
	}
	return nil
}

func (u *RedisURL) check() error {
	switch {
	case u.Cluster && u.Master != "":
		return invalidURL("cluster and master exclude each other")
	case u.Cluster && u.DB != 0:
		return invalidURL("a Cluster has database 0 only")
	case len(u.Addrs) > 1 && !u.Cluster && u.Master == "":
		return invalidURL("several hosts need the option cluster=true, or master=NAME if they are Sentinels")
	case u.Master == "" && (u.SentinelUsername != "" || u.SentinelPassword != ""):
		return invalidURL("sentinel_username and sentinel_password need master=NAME")
	case strings.ContainsAny(u.Prefix, "{}"):
		return invalidURL("the prefix must not contain { or }, which choose the Cluster's slot")
	}
	return nil
}

// tlsConfig trusts what the machine trusts.
func (u *RedisURL) tlsConfig() *tls.Config {
	if !u.TLS {
		return nil
	}
	return &tls.Config{MinVersion: tls.VersionTLS12}
}
