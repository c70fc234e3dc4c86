package outbound

import (
	"io"
	"net/http"

	"signet/internal/fault"
)

// HTTP is the client as libraries take one: each of its requests is held to what
// is said of the others, and an answer is cut off after limit bytes, which is an
// error to who reads it.
func (c *Client) HTTP(limit int64) *http.Client {
	return &http.Client{Transport: &guarded{c, limit}, Timeout: c.http.Timeout, CheckRedirect: c.http.CheckRedirect}
}

type guarded struct {
	*Client
	limit int64
}

// RoundTrip implements http.RoundTripper.
func (g *guarded) RoundTrip(r *http.Request) (*http.Response, error) {
	leave, err := g.enter(r.Context(), r.URL.String())
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", "Signet")
	resp, err := g.http.Transport.RoundTrip(r)
	if err != nil {
		leave()
		return nil, unreachable(err)
	}
	resp.Body = &bounded{ReadCloser: resp.Body, left: g.limit, leave: leave}
	return resp, nil
}

// bounded is an answer that must not be larger than it may, and that gives back
// its place when it is closed.
type bounded struct {
	io.ReadCloser
	left  int64
	leave func()
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		// One byte more than allowed is what tells whether there is one.
		var one [1]byte
		n, err := b.ReadCloser.Read(one[:])
		if n > 0 {
			return 0, fault.New(fault.Invalid, "the address answers with more than is read")
		}
		return 0, err
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// Close implements io.Closer.
func (b *bounded) Close() error {
	if leave := b.leave; leave != nil {
		b.leave = nil
		leave()
	}
	return b.ReadCloser.Close()
}
