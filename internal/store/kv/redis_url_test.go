package kv

import (
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"signet/internal/fault"
)

func TestParseRedisURL(t *testing.T) {
	cases := []struct {
		url  string
		want RedisURL
	}{
		{"redis://localhost", RedisURL{Addrs: []string{"localhost:6379"}}},
		{"redis://localhost/", RedisURL{Addrs: []string{"localhost:6379"}}},
		{"rediss://u%40x:p%3Aw%2F@redis.example:6380/3", RedisURL{TLS: true, Username: "u@x", Password: "p:w/", Addrs: []string{"redis.example:6380"}, DB: 3}},
		{"redis://:secret@127.0.0.1:6379", RedisURL{Password: "secret", Addrs: []string{"127.0.0.1:6379"}}},
		{"redis://:a@b@h", RedisURL{Password: "a@b", Addrs: []string{"h:6379"}}},
		{"redis://[::1]:7000,[2001:db8::1]/?cluster=true", RedisURL{Cluster: true, Addrs: []string{"[::1]:7000", "[2001:db8::1]:6379"}}},
		{"redis://a:1,b:2,c/?cluster=true&prefix=signet:", RedisURL{Cluster: true, Prefix: "signet:", Addrs: []string{"a:1", "b:2", "c:6379"}}},
		{"redis://u:p@a,b:2/1?master=mymaster&sentinel_username=s&sentinel_password=t", RedisURL{
			Username: "u", Password: "p", Addrs: []string{"a:26379", "b:2"}, DB: 1, Master: "mymaster", SentinelUsername: "s", SentinelPassword: "t"}},
	}
	for _, c := range cases {
		got, err := ParseRedisURL(c.url)
		if err != nil {
			t.Errorf("%s: %v", c.url, err)
			continue
		}
		if !reflect.DeepEqual(*got, c.want) {
			t.Errorf("%s = %+v, want %+v", c.url, *got, c.want)
		}
	}
}

func TestParseRedisURLRefuses(t *testing.T) {
	cases := []struct{ url, says string }{
		{"", "redis://"},
		{"localhost:6379", "redis://"},
		{"http://localhost", "redis://"},
		{"redis://", "not a host"},
		{"redis://a,,b?cluster=true", "not a host"},
		{"redis://a b", "not a host"},
		{"redis://[localhost]", "IPv6"},
		{"redis://h:0", "port"},
		{"redis://h:70000", "port"},
		{"redis://h:", "port"},
		{"redis://h/x", "number of a database"},
		{"redis://h/-1", "number of a database"},
		{"redis://a,b", "cluster=true"},
		{"redis://a,a?cluster=true", "twice"},
		{"redis://a,b/1?cluster=true", "database 0"},
		{"redis://a?cluster=true&master=m", "exclude"},
		{"redis://a?cluster=maybe", "true or false"},
		{"redis://a?sentinel_password=x", "master"},
		{"redis://a?pool_size=7", "pool_size"},
		{"redis://a?prefix={x}", "slot"},
		{"redis://a?db=1", `no option "db"`},
		{"redis://a?prefix=a&prefix=b", "twice"},
		{"redis://u:%zz@a", "hexadecimal"},
		{"redis://a?%zz", "cannot be read"},
		{"redis://:hunter2:x/y@h", ""},
	}
	for _, c := range cases {
		u, err := ParseRedisURL(c.url)
		if err == nil {
			t.Errorf("%q = %+v, want an error", c.url, u)
			continue
		}
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v, want %q", c.url, err, c.says)
		}
	}
}

func TestRedisURLErrorsKeepThePassword(t *testing.T) {
	for _, u := range []string{"redis://user:hunter2@h:x", "redis://user:hunter2@a,b", "redis://user:hunter2%@h", "redis://:hunter2@", "rediss://u:hunter2@h/db"} {
		_, err := ParseRedisURL(u)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", u, err)
		}
	}
}

// encode writes the URL that says the same.
func (u *RedisURL) encode() string {
	q := url.Values{}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	set("master", u.Master)
	set("prefix", u.Prefix)
	set("sentinel_username", u.SentinelUsername)
	set("sentinel_password", u.SentinelPassword)
	scheme, user := "redis", ""
	if u.TLS {
		scheme = "rediss"
	}
	if u.Cluster {
		q.Set("cluster", "true")
	}
	if u.Username != "" || u.Password != "" {
		user = url.UserPassword(u.Username, u.Password).String() + "@"
	}
	return scheme + "://" + user + strings.Join(u.Addrs, ",") + "/" + strconv.Itoa(u.DB) + "?" + q.Encode()
}

// FuzzParseRedisURL: nothing panics, and what is read means the same when it
// is written and read again.
func FuzzParseRedisURL(f *testing.F) {
	for _, u := range []string{
		"redis://localhost", "rediss://u%40x:p%3Aw@h:6380/3", "redis://[::1]:7000,b/?cluster=true&prefix=a:", "redis://:p@a,b/1?master=m&sentinel_password=t", "redis://0,00",
	} {
		f.Add(u)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := ParseRedisURL(s)
		if err != nil {
			if u != nil || !fault.Is(err, fault.Invalid) {
				t.Fatalf("%q: %+v, %v", s, u, err)
			}
			return
		}
		again, err := ParseRedisURL(u.encode())
		if err != nil || !reflect.DeepEqual(again, u) {
			t.Fatalf("%q = %+v, but %q = %+v, %v", s, u, u.encode(), again, err)
		}
		u.options(1, DefaultTimeout)
	})
}
