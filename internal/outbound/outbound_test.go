package outbound

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"signet/internal/fault"
)

// server answers on this machine and counts who got through.
func server(t *testing.T, do http.HandlerFunc) (*httptest.Server, *atomic.Int32) {
	t.Helper()
	var reached atomic.Int32
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached.Add(1)
		do(w, r)
	}))
	t.Cleanup(s.Close)
	return s, &reached
}

func roots(s *httptest.Server) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return pool
}

func wantRefused(t *testing.T, what string, err error, text string) {
	t.Helper()
	if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Public(err), text) {
		t.Errorf("%s: %v, want a refusal with %q", what, err, text)
	}
}

// TestGet fetches where private addresses are allowed, and holds every limit
// there, too.
func TestGet(t *testing.T) {
	s, reached := server(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, "/ok", http.StatusFound)
		case "/large":
			w.Write(make([]byte, 2000))
		case "/endless":
			w.Header().Set("Content-Type", "application/json")
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1000)); err != nil {
					return
				}
			}
		case "/slow":
			<-r.Context().Done()
		case "/missing":
			http.NotFound(w, r)
		case "/header":
			w.Header().Set("X-Long", strings.Repeat("x", 64<<10))
		default:
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			w.Write([]byte("{}"))
		}
	})
	c := New(Options{Roots: roots(s), AllowPrivate: true, Timeout: time.Second})
	body, err := c.Get(t.Context(), s.URL+"/ok", 1000, "application/json", "application/jwk-set+json")
	if err != nil || string(body) != "{}" {
		t.Fatalf("%q, %v", body, err)
	}
	before := reached.Load()
	_, err = c.Get(t.Context(), s.URL+"/redirect", 1000)
	wantRefused(t, "redirect", err, "status 302")
	if reached.Load() != before+1 {
		t.Error("the redirect was followed")
	}
	for path, text := range map[string]string{
		"/large": "more than 1000 bytes", "/endless": "more than 1000 bytes", "/slow": "cannot be reached", "/missing": "status 404", "/header": "cannot be reached",
	} {
		_, err := c.Get(t.Context(), s.URL+path, 1000)
		wantRefused(t, path, err, text)
	}
	_, err = c.Get(t.Context(), s.URL+"/ok", 1000, "application/jwt")
	wantRefused(t, "another type", err, "Content-Type")
	_, err = New(Options{AllowPrivate: true}).Get(t.Context(), s.URL, 1000)
	wantRefused(t, "a certificate of nobody", err, "certificate")
	plain := httptest.NewServer(s.Config.Handler)
	defer plain.Close()
	if _, err := c.Get(t.Context(), plain.URL, 1000); err != nil {
		t.Errorf("plain http where it is allowed: %v", err)
	}
}

// TestOneHostTakesFewPlaces: while a host does not answer, its further fetches
// are put off, and those of other hosts are not.
func TestOneHostTakesFewPlaces(t *testing.T) {
	arrived, release := make(chan struct{}, 10), make(chan struct{})
	slow, _ := server(t, func(http.ResponseWriter, *http.Request) { arrived <- struct{}{}; <-release })
	quick, _ := server(t, func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("x")) })
	pool := roots(slow)
	pool.AddCert(quick.Certificate())
	c := New(Options{Roots: pool, AllowPrivate: true, Timeout: 10 * time.Second, PerHost: 2})
	var waiting sync.WaitGroup
	for range 2 {
		waiting.Go(func() {
			if _, err := c.Get(t.Context(), slow.URL, 10); err != nil {
				t.Error(err)
			}
		})
		<-arrived
	}
	if _, err := c.Get(t.Context(), slow.URL, 10); !fault.Is(err, fault.Unavailable) {
		t.Errorf("one too many: %v", err)
	}
	if _, err := c.Get(t.Context(), quick.URL, 10); err != nil {
		t.Errorf("another host: %v", err)
	}
	close(release)
	waiting.Wait()
	if _, err := c.Get(t.Context(), slow.URL, 10); err != nil || len(c.busy) != 0 {
		t.Errorf("afterwards: %v, busy %v", err, c.busy)
	}
}

// TestNobodyWaitsForEver: where all places are taken, who has no end of its own
// is told so in time, and takes none of its host's.
func TestNobodyWaitsForEver(t *testing.T) {
	s, reached := server(t, func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("x")) })
	c := New(Options{Roots: roots(s), AllowPrivate: true, Timeout: time.Millisecond, AtOnce: 1})
	c.slots <- struct{}{} // that of a host which does not answer
	for range defaultPerHost + 1 {
		_, err := c.Get(context.WithoutCancel(t.Context()), s.URL, 10)
		if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Public(err), "too much is being fetched at the moment") {
			t.Fatalf("no place is free: %v", err)
		}
	}
	if reached.Load() != 0 {
		t.Errorf("%d went through", reached.Load())
	}
}

// TestOnlyPublicHosts: nothing of this machine or network is reached, by address
// or by name, whatever DNS says the second time.
func TestOnlyPublicHosts(t *testing.T) {
	s, reached := server(t, func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("secret")) })
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	asked := &atomic.Int32{}
	c := New(Options{Roots: roots(s), Timeout: 2 * time.Second, resolver: rebinding(t, asked)})
	_, err = c.Get(t.Context(), s.URL, 1000)
	wantRefused(t, "an address", err, "not public")
	for _, host := range []string{"localhost", "rebind.example", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1"} {
		_, err := c.Get(t.Context(), "https://"+host+":"+u.Port(), 1000)
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", host, err)
		}
	}
	if asked.Load() == 0 {
		t.Error("the name server was not asked: nothing was proven")
	}
	if reached.Load() != 0 {
		t.Error("the server of this machine was reached")
	}
	for _, address := range []string{
		"http://example.com/", "ftp://example.com/", "https://", "https:///x", "https://user:password@example.com/", "https://10.0.0.1/", "//example.com",
		"file:///etc/passwd", "https://169.254.169.254/latest/meta-data", "https://example.com/" + strings.Repeat("x", 3000), "%",
	} {
		if err := c.Check(address); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if err := c.Check("https://example.com:8443/keys?a=b"); err != nil {
		t.Error(err)
	}
}

// rebinding is a name server that names another address the second time, and
// this machine each time.
func rebinding(t *testing.T, asked *atomic.Int32) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) == 0 {
				continue
			}
			m.Response = true
			m.Additionals = nil
			q := m.Questions[0]
			if q.Type == dnsmessage.TypeA {
				address := [4]byte{127, 0, 0, 1}
				if asked.Add(1) == 1 {
					address = [4]byte{127, 0, 0, 2}
				}
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, Type: q.Type}, Body: &dnsmessage.AResource{A: address},
				}}
			}
			if packed, err := m.Pack(); err == nil {
				conn.WriteTo(packed, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func TestPublic(t *testing.T) {
	for address, want := range map[string]bool{
		"93.184.216.34": true, "2606:4700::1111": true, "8.8.8.8": true,
		"127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.0.1": false, "169.254.169.254": false, "100.64.0.1": false,
		"0.0.0.0": false, "255.255.255.255": false, "224.0.0.1": false, "198.18.0.1": false, "240.0.0.1": false, "192.0.2.1": false,
		"::1": false, "::": false, "fe80::1": false, "fd00::1": false, "ff02::1": false, "::ffff:10.0.0.1": false, "::ffff:8.8.8.8": true,
		"64:ff9b::a00:1": false, "2002:a00:1::": false, "2001:0:1::": false, "2001:db8::1": false, "::7f00:1": false, "fec0::1": false,
	} {
		if got := public(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v, want %v", address, got, want)
		}
	}
}

// FuzzCheck: what is let through without asking has a host, no user, and the
// right scheme, and no host that is a private address as it is written.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{
		"https://example.com/keys", "http://example.com", "https://127.0.0.1", "https://[::1]:8443/", "https://a@b", "https://example.com#x",
		"https://0x7f000001", "https://2130706433", "https://example.com:99999", "https://[fe80::1%25en0]/", "HTTPS://EXAMPLE.com", "https:example.com",
	} {
		f.Add(seed)
	}
	c := New(Options{})
	f.Fuzz(func(t *testing.T, address string) {
		if c.Check(address) != nil {
			return
		}
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
			t.Fatalf("%q is let through", address)
		}
		if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !public(ip) {
			t.Fatalf("%q is let through", address)
		}
	})
}

// TestFetch tells the type of what is fetched and for how long it may be kept.
func TestFetch(t *testing.T) {
	s, _ := server(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.FormValue("type"))
		w.Header()["Cache-Control"] = r.Form["cache"]
		w.Write([]byte("{}"))
	})
	c := New(Options{Roots: roots(s), AllowPrivate: true})
	for cache, age := range map[string]time.Duration{
		"": -1, "public": -1, "max-age=60": time.Minute, "Public, Max-Age=60": time.Minute, `max-age="60"`: time.Minute, "max-age=-1": -1, "max-age=x": -1,
		"no-store": 0, "max-age=60, no-cache": 0, "max-age=99999999999999999999": -1,
	} {
		got, err := c.Fetch(t.Context(), s.URL+"/?"+url.Values{"type": {"Application/JSON; charset=utf-8"}, "cache": {cache}}.Encode(), 10, "application/json")
		if err != nil || got.Type != "application/json" || got.Age != age || string(got.Body) != "{}" {
			t.Errorf("%q: %+v, %v; want age %s", cache, got, err, age)
		}
	}
	for kind, good := range map[string]bool{"application/client+json": true, "application/json": true, "text/json": false, "application/xml": false, "": false, "application/+": false} {
		_, err := c.Fetch(t.Context(), s.URL+"/?"+url.Values{"type": {kind}}.Encode(), 10, "application/json", "application/*+json")
		if (err == nil) != good {
			t.Errorf("%q: %v", kind, err)
		}
	}
}

// TestPost: 200 and 204 say that it is done, and nothing else does; the body is the
// form. Private addresses are as far away as for a fetch.
func TestPost(t *testing.T) {
	s, reached := server(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.PostFormValue("token") != "a b&c" {
			t.Errorf("%s with %q", r.Method, r.PostFormValue("token"))
		}
		switch r.URL.Path {
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		case "/redirect":
			http.Redirect(w, r, "/ok", http.StatusTemporaryRedirect)
		case "/bad":
			w.WriteHeader(http.StatusBadRequest)
		case "/busy":
			w.WriteHeader(http.StatusTooManyRequests)
		case "/down":
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	form := url.Values{"token": {"a b&c"}}
	c := New(Options{Roots: roots(s), AllowPrivate: true})
	for path, want := range map[string]struct {
		kind fault.Kind
		says string
	}{
		"/ok": {}, "/none": {}, "/redirect": {fault.Forbidden, "307"}, "/bad": {fault.Forbidden, "400"},
		"/busy": {fault.Invalid, "429"}, "/down": {fault.Invalid, "502"},
	} {
		err := c.Post(t.Context(), s.URL+path, form)
		if (err == nil) != (want.says == "") || err != nil && (!fault.Is(err, want.kind) || !strings.Contains(fault.Public(err), want.says)) {
			t.Errorf("%s: %v, want %+v", path, err, want)
		}
	}
	before := reached.Load()
	wantRefused(t, "a private address", New(Options{Roots: roots(s)}).Post(t.Context(), s.URL+"/ok", form), "not public")
	if reached.Load() != before {
		t.Error("a private address was called")
	}
}
