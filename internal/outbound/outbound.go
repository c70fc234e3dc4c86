// Package outbound is the one way in which the provider calls an address that
// somebody else registered: an app's keys, request objects, sector identifiers,
// where it is told of sign-outs.
// Whoever registers an app chooses the address, so a fetch must not reach what
// only this machine can, must not hang, and must not fill the memory.
//
// It knows what may be fetched, and nothing of what is.
package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"signet/internal/fault"
)

// Options say what a Client may do.
type Options struct {
	Roots        *x509.CertPool // authorities to trust; nil: those of the system
	AllowPrivate bool           // addresses that are not public, and plain http with them
	Timeout      time.Duration  // of a whole fetch; 0: 3 s
	AtOnce       int            // fetches at the same time; 0: 32
	PerHost      int            // of these, from one host; 0: 4

	resolver *net.Resolver // tests have their own
}

const (
	defaultTimeout = 3 * time.Second
	defaultAtOnce  = 32
	defaultPerHost = 4
	maxHeader      = 16 << 10
	maxURL         = 2048
)

// Client fetches what others registered.
type Client struct {
	http         *http.Client
	allowPrivate bool
	slots        chan struct{}
	perHost      int

	mu   sync.Mutex
	busy map[string]int // fetches under way, by host
}

// New returns a client.
func New(o Options) *Client {
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.AtOnce == 0 {
		o.AtOnce = defaultAtOnce
	}
	if o.PerHost == 0 {
		o.PerHost = defaultPerHost
	}
	// The address is looked at when the connection is made, after DNS: a name
	// that answers differently the next time gains nothing.
	dialer := &net.Dialer{Timeout: o.Timeout, Resolver: o.resolver, Control: func(_, address string, _ syscall.RawConn) error {
		if o.AllowPrivate {
			return nil
		}
		return checkAddress(address)
	}}
	return &Client{
		allowPrivate: o.AllowPrivate, slots: make(chan struct{}, o.AtOnce), perHost: o.PerHost, busy: map[string]int{},
		http: &http.Client{
			Timeout: o.Timeout,
			// No proxy of the environment: it would look up the name itself.
			Transport: &http.Transport{
				DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
				TLSHandshakeTimeout: o.Timeout, ResponseHeaderTimeout: o.Timeout, MaxResponseHeaderBytes: maxHeader,
				DisableKeepAlives: true, DisableCompression: true,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Resource is what is at an address.
type Resource struct {
	Body []byte
	Type string // its media type, without parameters
	// Age is for how long who publishes it allows it to be kept, less than 0 where
	// that is not said (RFC 9111 §5.2.2).
	Age time.Duration
}

// Get returns the body of what Fetch returns.
func (c *Client) Get(ctx context.Context, address string, limit int64, types ...string) ([]byte, error) {
	r, err := c.Fetch(ctx, address, limit, types...)
	if err != nil {
		return nil, err
	}
	return r.Body, nil
}

// Fetch returns what is at the address, of at most limit bytes, if it is of one
// of the media types (of any, if none are named; application/*+json is all of
// these). It follows no redirect. What goes wrong is a fault of kind Invalid that
// says so to who registered the address, without what the other side answered.
func (c *Client) Fetch(ctx context.Context, address string, limit int64, types ...string) (*Resource, error) {
	leave, err := c.enter(ctx, address)
	if err != nil {
		return nil, err
	}
	defer leave()
	header := http.Header{}
	if len(types) > 0 {
		header.Set("Accept", strings.Join(types, ", "))
	}
	resp, err := c.send(ctx, http.MethodGet, address, header, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fault.New(fault.Invalid, "the address answers with status %d and not 200; redirects are not followed", resp.StatusCode)
	}
	kind, err := checkType(resp.Header.Get("Content-Type"), types)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, unreachable(err)
	}
	if int64(len(body)) > limit {
		return nil, fault.New(fault.Invalid, "the address answers with more than %d bytes", limit)
	}
	return &Resource{Body: body, Type: kind, Age: ageOf(resp.Header)}, nil
}

// ageOf reads for how long an answer may be kept by who fetched it.
func ageOf(h http.Header) time.Duration {
	age := time.Duration(-1)
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "no-store", "no-cache":
			return 0
		case "max-age":
			if seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31); err == nil {
				age = time.Duration(seconds) * time.Second
			}
		}
	}
	return age
}

func (c *Client) send(ctx context.Context, method, address string, header http.Header, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the address cannot be fetched")
	}
	req.Header = header
	req.Header.Set("User-Agent", "Signet")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, unreachable(err)
	}
	return resp, nil
}

// enter checks the address and takes a place for it, waiting for one no longer
// than for an answer.
func (c *Client) enter(ctx context.Context, address string) (leave func(), err error) {
	if err := c.Check(address); err != nil {
		return nil, err
	}
	part, err := c.enterHost(address)
	if err != nil {
		return nil, err
	}
	// Who asks for many may do so without an end of its own.
	ctx, cancel := context.WithTimeout(ctx, c.http.Timeout)
	defer cancel()
	select {
	case c.slots <- struct{}{}:
		return func() { <-c.slots; part() }, nil
	case <-ctx.Done():
		part()
		return nil, fault.Wrap(fault.Unavailable, ctx.Err(), "too much is being fetched at the moment")
	}
}

// enterHost takes one of the few places that a host has, so that one that answers
// slowly cannot take them all.
func (c *Client) enterHost(address string) (leave func(), err error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err // Check has read it
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy[u.Host] >= c.perHost {
		return nil, fault.New(fault.Unavailable, "too much is being fetched from this host at the moment")
	}
	c.busy[u.Host]++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.busy[u.Host]--; c.busy[u.Host] == 0 {
			delete(c.busy, u.Host)
		}
	}, nil
}

// Check says what is wrong with an address, as far as can be seen without
// asking anybody.
func (c *Client) Check(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || len(address) > maxURL || u.Hostname() == "" || u.User != nil:
		return fault.New(fault.Invalid, "this is not an address that can be fetched")
	case u.Scheme != "https" && !(u.Scheme == "http" && c.allowPrivate):
		return fault.New(fault.Invalid, "only https addresses are fetched")
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !c.allowPrivate && !public(ip) {
		return errPrivate
	}
	return nil
}

func checkType(got string, types []string) (string, error) {
	kind, _, err := mime.ParseMediaType(got)
	if len(types) == 0 {
		return kind, nil
	}
	for _, t := range types {
		if fits, _ := path.Match(t, kind); err == nil && fits {
			return kind, nil
		}
	}
	return "", fault.New(fault.Invalid, "the address answers with another Content-Type than %s", strings.Join(types, " or "))
}

// errPrivate is the same for each kind of address that is not public: which it
// is, is nobody's business.
var errPrivate = fault.New(fault.Invalid, "the address leads to a host that is not public")

func unreachable(err error) error {
	if errors.Is(err, errPrivate) {
		return errPrivate
	}
	return fault.Wrap(fault.Invalid, err, "the address cannot be reached, or not in time, or its certificate is not trusted")
}

// checkAddress refuses an address of a connection that is not public.
func checkAddress(address string) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	if !public(ap.Addr()) {
		return errPrivate
	}
	return nil
}

// special are the networks that are not for everybody, beyond those that
// netip.Addr knows (IANA's registries of special-purpose addresses). Those that
// carry an IPv4 address inside are among them, whatever that address is.
var special = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10")

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// public reports whether the address is one that anybody can reach.
func public(ip netip.Addr) bool {
	ip = ip.Unmap()
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.Zone() != "" {
		return false
	}
	for _, p := range special {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}
