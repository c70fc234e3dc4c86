package httpd

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"sync"
)

// net/http writes to a connection through a buffer of 4 KB, so that a larger answer
// takes two system calls, and its reader wakes twice. For a document that thousands ask
// for each second that is a third of what it costs. WriteWhole sends such an answer at once,
// over the connections of a server that has Whole's listener and ConnContext.

// fits is what net/http sends at once by itself: its buffer, less what headers take, in bytes.
const fits = 3 << 10

// keptMost is the largest buffer that is kept for the next answer, in bytes.
const keptMost = 64 << 10

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Whole returns a listener whose connections WriteWhole can hold.
func Whole(l net.Listener) net.Listener { return wholeListener{l} }

type wholeListener struct{ net.Listener }

func (l wholeListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c}, nil
}

// conn is a connection that gathers what is written while it is held. Only the one
// who answers a request writes to it.
type conn struct {
	net.Conn
	held *bytes.Buffer // nil: what is written goes out
}

func (c *conn) Write(p []byte) (int, error) {
	if c.held != nil {
		return c.held.Write(p)
	}
	return c.Conn.Write(p)
}

// CloseWrite lets net/http end an answer before it closes the connection, so that a peer
// who is still sending reads the answer and no reset.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

func (c *conn) hold() { c.held = buffers.Get().(*bytes.Buffer) }

// release sends what was gathered. An error is met again by net/http's next read or write.
func (c *conn) release() {
	held := c.held
	c.held = nil
	c.Conn.Write(held.Bytes())
	if held.Cap() <= keptMost {
		held.Reset()
		buffers.Put(held)
	}
}

type connKey struct{}

// ConnContext is what http.Server.ConnContext must be, so that WriteWhole finds the
// connection; also that below TLS.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	if over, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = over.NetConn()
	}
	if c, ok := c.(*conn); ok {
		return context.WithValue(ctx, connKey{}, c)
	}
	return ctx
}

// WriteWhole writes the body as the whole answer, in one system call where it can. The
// header says its length already. That the reader went away is no error of ours.
func WriteWhole(w http.ResponseWriter, r *http.Request, body []byte) {
	c, ok := r.Context().Value(connKey{}).(*conn)
	if !ok || len(body) <= fits || r.ProtoMajor != 1 { // HTTP/2 has many writers on one connection
		w.Write(body)
		return
	}
	c.hold()
	defer c.release()
	w.Write(body)
	http.NewResponseController(w).Flush()
}
